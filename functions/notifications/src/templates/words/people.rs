//! Of accounts, organisations and who is new.

use jiff::Timestamp;
use shared::event::auth::Letter;
use shared::id::{InvitationId, OperationId, OrganizationId};
use shared::principal::Role;

use super::{Action, Words, local};
use crate::model::Occasion;

pub(super) fn member_added(id: OrganizationId, name: &str, role: Role) -> Words {
    organization(
        id,
        format!("You are now a member of {name}"),
        format!("Your role: {}.", role_name(role)),
    )
}

pub(super) fn see_invitation(organization: OrganizationId, invitation: InvitationId) -> Action {
    Action {
        label: "See the invitation",
        path: format!("/v1/organizations/{organization}/invitations/{invitation}"),
    }
}

pub(super) fn invitation(
    id: OrganizationId,
    name: &str,
    role: Role,
    expires_at: Timestamp,
) -> Words {
    let (role, until) = (role_name(role), local(expires_at, "UTC"));
    organization(
        id,
        format!("{name} invites you"),
        format!("You are invited to join {name} as {role}. The invitation is valid until {until}."),
    )
}

/// The letters about an account. The secret of a link is added when it is sent.
pub(super) fn account(
    letter: Letter,
    expires_at: Option<Timestamp>,
    operation: Option<OperationId>,
) -> Words {
    let until = expires_at.map_or_else(String::new, |at| {
        format!(" The link works once, until {}.", local(at, "UTC"))
    });
    let (title, body, label) = match letter {
        Letter::VerifyEmail => (
            "Confirm your e-mail address",
            format!("Please confirm that this address is yours.{until}"),
            "Confirm the address",
        ),
        Letter::ResetPassword => (
            "Choose a new password",
            format!(
                "Somebody, hopefully you, forgot the password of your account. If it was not you, \
                 ignore this: nothing has changed.{until}"
            ),
            "Choose a new password",
        ),
        Letter::ChangeEmail => (
            "Confirm your new e-mail address",
            format!(
                "Your account is to have this address. If you did not ask for it, ignore this.{until}"
            ),
            "Confirm the address",
        ),
        Letter::SignIn => (
            "Sign in to Plenary",
            format!(
                "Open the link on this device, or type the code where you asked for it. If you did \
                 not ask, ignore this, and give the code to nobody.{until}"
            ),
            "Sign in",
        ),
        Letter::PasswordRemoved => (
            "Your old password works no more",
            "A mail to this address was used, which proves that the address is yours. A password \
             that was chosen before could be somebody else's: it was removed, and every device was \
             signed out. Choose a new one if you like; signing in by e-mail goes on working."
                .to_owned(),
            "Choose a new password",
        ),
        Letter::PasswordChanged => (
            "Your password was changed",
            "The password of your account was changed, and other devices were signed out. If it was \
             not you, choose another one now."
                .to_owned(),
            "Choose a new password",
        ),
        Letter::SignInAdded => (
            "Your account has another way to sign in",
            "An account at a provider was linked to yours: who is signed in there can sign in here. \
             If it was not you, choose another password now, which signs everybody out, and unlink it."
                .to_owned(),
            "Choose a new password",
        ),
        Letter::EmailChanged => (
            "Your account has another e-mail address",
            "From now on you sign in with the new address, and mails go there. If it was not you, \
             answer to this mail."
                .to_owned(),
            "Open Plenary",
        ),
        Letter::DeletionRequested => (
            "Your account will be deleted",
            // The link works until then.
            format!(
                "You asked for it, so your account is deactivated, and everything that is kept of you \
                 will be erased {}. Until then you can keep the account by the link. If it was not you \
                 who asked, do so, and choose another password.{}",
                expires_at.map_or_else(
                    || "soon".to_owned(),
                    |at| format!("from {} on", local(at, "UTC"))
                ),
                operation.map_or_else(String::new, |id| format!(
                    " Keep this number, {id}: it shows what was erased when the account is gone."
                ))
            ),
            "Keep my account",
        ),
        Letter::SecondFactorsChanged => (
            "What protects your account was changed",
            "An authenticator app, a passkey or the recovery codes of your account were added, \
             replaced or removed. If it was not you, choose another password now."
                .to_owned(),
            "Choose a new password",
        ),
    };
    Words {
        title: title.to_owned(),
        body,
        action: Action {
            label,
            path: link(letter, ""),
        },
    }
}

/// The file is behind the operation, for who is signed in.
pub(super) fn export_ready(operation: OperationId, expires_at: Timestamp) -> Words {
    let until = local(expires_at, "UTC");
    Words {
        title: "Your data are ready".to_owned(),
        body: format!(
            "The copy of everything that is kept of you can be fetched until {until}; sign in for it. \
             If you did not ask for it, choose another password now."
        ),
        action: Action {
            label: "Fetch your data",
            path: format!("/v1/operations/{operation}"),
        },
    }
}

pub(super) fn account_kept() -> Words {
    Words {
        title: "Your account is back".to_owned(),
        body:
            "It will not be deleted, and everything is as it was. Sign in again wherever you need \
               it. If it was not you who kept it, choose another password now."
                .to_owned(),
        action: Action {
            label: "Choose a new password",
            path: link(Letter::PasswordChanged, ""),
        },
    }
}

/// A code as it is easily read and typed: in groups of four.
pub fn grouped(code: &str) -> String {
    let digits: Vec<char> = code.chars().collect();
    let groups = digits.chunks(4).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join(" ")
}

/// Where a letter leads. The token is a fragment, which browsers send to nobody.
pub fn link(letter: Letter, token: &str) -> String {
    let path = match letter {
        Letter::VerifyEmail => "/v1/auth/verify-email",
        Letter::ResetPassword => "/v1/auth/reset-password",
        Letter::ChangeEmail => "/v1/auth/change-email/confirm",
        Letter::SignIn => "/v1/auth/magic-link/verify",
        Letter::PasswordChanged
        | Letter::PasswordRemoved
        | Letter::SignInAdded
        | Letter::SecondFactorsChanged => "/v1/auth/forgot-password",
        Letter::DeletionRequested => "/v1/users/me/deletion/cancel",
        Letter::EmailChanged => "/v1/docs",
    };
    if token.is_empty() {
        path.to_owned()
    } else {
        format!("{path}#{token}")
    }
}

pub(super) fn welcome(name: Option<&str>) -> Words {
    Words {
        title: name.map_or_else(
            || "Welcome to Plenary".to_owned(),
            |name| format!("Welcome to Plenary, {name}"),
        ),
        body: "Your account is ready. Find an event, register, and meet the people there."
            .to_owned(),
        action: Action {
            label: "Browse events",
            path: "/v1/events".to_owned(),
        },
    }
}

pub(super) fn welcome_events(events: &[Occasion]) -> Words {
    let lines: Vec<String> = events
        .iter()
        .map(|event| {
            let when = local(event.starts_at, &event.time_zone);
            format!("“{}” on {when}", event.title)
        })
        .collect();
    Words {
        title: "Events that you may like".to_owned(),
        body: format!("Ahead: {}.", lines.join("; ")),
        action: Action {
            label: "See more events",
            path: "/v1/events/recommended".to_owned(),
        },
    }
}

pub(super) fn organization(organization: OrganizationId, title: String, body: String) -> Words {
    let path = format!("/v1/organizations/{organization}");
    let action = Action {
        label: "Open the organisation",
        path,
    };
    Words {
        title,
        body,
        action,
    }
}

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "administrator",
        Role::Approver => "approver",
        Role::Organizer => "organiser",
        Role::Moderator => "moderator",
        Role::Checkin => "check-in staff",
        Role::Member => "member",
    }
}
