//! The English words of every type.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::event::auth::Letter;
use shared::id::{EventId, InvitationId, OrganizationId};
use shared::principal::Role;

use crate::model::{Message, Occasion};

/// A message in words, as the inbox shows it and an e-mail begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// A sentence or two.
    pub body: String,
    /// What to press.
    pub action: Action,
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What the button says.
    pub label: &'static str,
    /// The path of the thing, below the public URL.
    pub path: String,
}

impl Words {
    /// Says `message`; `actor` and `count` as in
    /// [`crate::model::Notification`].
    pub fn of(message: &Message, actor: Option<&str>, count: u32) -> Self {
        match message {
            Message::Welcome { name } => welcome(name.as_deref()),
            Message::WelcomeEvents { events } => welcome_events(events),
            Message::EventSubmitted {
                event_id,
                title,
                changed,
            } => submitted(*event_id, title, actor, changed),
            Message::EventApproved {
                event_id,
                title,
                note,
                changed,
            } => decided(*event_id, title, changed, true, note.as_deref()),
            Message::EventRejected {
                event_id,
                title,
                reason,
                changed,
            } => decided(*event_id, title, changed, false, reason.as_deref()),
            Message::EventUpdated {
                event_id,
                title,
                changed,
            } => updated(*event_id, title, actor, changed),
            Message::EventCancelled {
                event_id,
                title,
                reason,
            } => cancelled(*event_id, title, reason.as_deref()),
            Message::EventChanged {
                occasion,
                cancelled,
                changed,
                venue_name,
                ..
            } => changed_for_attendees(occasion, *cancelled, changed, venue_name.as_deref()),
            Message::EventRegistrations { event_id, title } => {
                registrations(*event_id, title, actor, count)
            }
            Message::RegistrationConfirmed(at) => {
                place(at, "You are registered for", "Your place is confirmed.")
            }
            Message::RegistrationWaitlisted(at) => {
                place(at, "You are on the waitlist for", WAITLISTED)
            }
            Message::RegistrationPromoted(at) => {
                place(at, "You have a place at", "A place became free for you.")
            }
            Message::RegistrationOffered {
                occasion,
                offered_until,
            } => offered(occasion, *offered_until),
            Message::RegistrationTransferLetter {
                occasion,
                by_organizer: true,
                expires_at,
                ..
            } => registered_as_guest(occasion, *expires_at),
            Message::RegistrationTransfer {
                occasion,
                expires_at,
            }
            | Message::RegistrationTransferLetter {
                occasion,
                expires_at,
                ..
            } => handed_over(occasion, actor, *expires_at),
            Message::RegistrationCancelled { occasion, reason } => place(
                occasion,
                "Your registration was cancelled:",
                &with("Your place was released.", "Reason", reason.as_deref()),
            ),
            Message::OrganizationMemberAdded {
                organization_id,
                name,
                role,
            } => member_added(*organization_id, name, *role),
            Message::OrganizationInvitationReceived {
                invitation_id,
                organization_id,
                name,
                role,
                expires_at,
            } => Self {
                action: see_invitation(*organization_id, *invitation_id),
                ..invitation(*organization_id, name, *role, *expires_at)
            },
            Message::OrganizationInvitation {
                organization_id,
                name,
                role,
                expires_at,
                ..
            } => invitation(*organization_id, name, *role, *expires_at),
            Message::Account {
                letter, expires_at, ..
            } => account(*letter, *expires_at),
        }
    }
}

const WAITLISTED: &str = "All places are taken. You move up by yourself when one becomes free.";

fn member_added(id: OrganizationId, name: &str, role: Role) -> Words {
    organization(
        id,
        format!("You are now a member of {name}"),
        format!("Your role: {}.", role_name(role)),
    )
}

fn see_invitation(organization: OrganizationId, invitation: InvitationId) -> Action {
    Action {
        label: "See the invitation",
        path: format!("/v1/organizations/{organization}/invitations/{invitation}"),
    }
}

fn invitation(id: OrganizationId, name: &str, role: Role, expires_at: Timestamp) -> Words {
    let (role, until) = (role_name(role), local(expires_at, "UTC"));
    organization(
        id,
        format!("{name} invites you"),
        format!("You are invited to join {name} as {role}. The invitation is valid until {until}."),
    )
}

/// The letters about an account. The secret of a link is added when it is sent.
fn account(letter: Letter, expires_at: Option<Timestamp>) -> Words {
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
        Letter::EmailChanged => "/v1/docs",
    };
    if token.is_empty() {
        path.to_owned()
    } else {
        format!("{path}#{token}")
    }
}

fn welcome(name: Option<&str>) -> Words {
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

fn welcome_events(events: &[Occasion]) -> Words {
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

fn submitted(event: EventId, title: &str, actor: Option<&str>, changed: &[String]) -> Words {
    let who = actor.unwrap_or("An organiser");
    let mut words = if changed.is_empty() {
        about(
            event,
            format!("“{title}” waits for your approval"),
            format!("{who} submitted “{title}” for approval."),
        )
    } else {
        let fields = changed.join(", ");
        about(
            event,
            format!("A change of “{title}” waits for your approval"),
            format!("{who} proposes to change {fields}. Until you decide, it stays as approved."),
        )
    };
    words.action.label = "Review the event";
    words
}

fn decided(
    event: EventId,
    title: &str,
    changed: &[String],
    approved: bool,
    reason: Option<&str>,
) -> Words {
    if !changed.is_empty() {
        return change_decided(event, title, changed, approved, reason);
    }
    if approved {
        let body = with(
            "Your event was approved and can be published.",
            "Note",
            reason,
        );
        about(event, format!("“{title}” was approved"), body)
    } else {
        let body = with(
            "You can change your event and submit it again.",
            "Reason",
            reason,
        );
        about(event, format!("“{title}” was not approved"), body)
    }
}

fn change_decided(
    event: EventId,
    title: &str,
    changed: &[String],
    approved: bool,
    reason: Option<&str>,
) -> Words {
    let fields = changed.join(", ");
    if approved {
        let body = with(&format!("Changed: {fields}."), "Note", reason);
        about(event, format!("The change of “{title}” was approved"), body)
    } else {
        let body = format!("The event stays as it was approved. Declined: {fields}.");
        let body = with(&body, "Reason", reason);
        about(
            event,
            format!("The change of “{title}” was not approved"),
            body,
        )
    }
}

fn updated(event: EventId, title: &str, actor: Option<&str>, changed: &[String]) -> Words {
    let who = actor.unwrap_or("Somebody");
    about(
        event,
        format!("“{title}” was changed"),
        format!("{who} changed your event: {}.", changed.join(", ")),
    )
}

fn changed_for_attendees(
    occasion: &Occasion,
    cancelled: bool,
    changed: &[String],
    venue: Option<&str>,
) -> Words {
    let (id, title) = (occasion.event_id, &occasion.title);
    if cancelled {
        let body = "An event that you saved will not take place.".to_owned();
        return about(id, format!("“{title}” was cancelled"), body);
    }
    let time = changed.iter().any(|field| field.ends_with("At"));
    let place = changed.iter().any(|field| !field.ends_with("At"));
    let what = match (time, place) {
        (true, true) => "another time and place",
        (false, true) => "another place",
        _ => "another time",
    };
    let when = local(occasion.starts_at, &occasion.time_zone);
    let at = venue.map_or_else(String::new, |venue| format!(", {venue}"));
    let body = format!("It begins on {when}{at}. Subscribed calendars follow by themselves.");
    let mut words = about(id, format!("“{title}” has {what}"), body);
    words.action = Action {
        label: "Update your calendar",
        path: format!("/v1/events/{id}.ics"),
    };
    words
}

fn cancelled(event: EventId, title: &str, reason: Option<&str>) -> Words {
    let body = with(
        "Your event was cancelled; everybody registered is told.",
        "Reason",
        reason,
    );
    about(event, format!("“{title}” was cancelled"), body)
}

fn registrations(event: EventId, title: &str, actor: Option<&str>, count: u32) -> Words {
    let first = actor.unwrap_or("Somebody");
    let who = match count {
        0 | 1 => first.to_owned(),
        2 => format!("{first} and 1 other"),
        more => format!("{first} and {} others", more - 1),
    };
    about(
        event,
        format!("{who} registered for “{title}”"),
        "Registrations for your event are coming in.".to_owned(),
    )
}

/// The place is held, and must be taken.
fn offered(occasion: &Occasion, until: Timestamp) -> Words {
    let until = local(until, &occasion.time_zone);
    let body = format!(
        "A place became free and is held for you until {until}. Take it, or it goes to the next."
    );
    let mut words = place(occasion, "A place is held for you at", &body);
    words.action.label = "Take the place";
    words
}

/// A registration that the recipient may take over.
fn handed_over(occasion: &Occasion, actor: Option<&str>, until: Timestamp) -> Words {
    let who = actor.unwrap_or("Somebody");
    let until = local(until, &occasion.time_zone);
    let body = format!("{who} has a registration for you. You can take it until {until}.");
    let mut words = place(occasion, "A registration for you:", &body);
    words.action.label = "Take the registration";
    words
}

/// What confirms a registration to somebody who has no account.
fn registered_as_guest(occasion: &Occasion, until: Timestamp) -> Words {
    let until = local(until, &occasion.time_zone);
    let body = format!(
        "The organiser registered you; your place is confirmed. For your ticket and your calendar, \
         take the registration into an account, until {until}. We write to you here if time or \
         place change."
    );
    let mut words = place(occasion, "You are registered for", &body);
    words.action.label = "Take the registration";
    words
}

/// Where the letter with a hand-over's code leads: the code is a fragment,
/// which browsers send to nobody.
pub fn take_over(event: EventId, code: &str) -> String {
    format!("/v1/events/{event}/registrations/take-over#{code}")
}

fn place(occasion: &Occasion, what: &str, body: &str) -> Words {
    let when = local(occasion.starts_at, &occasion.time_zone);
    about(
        occasion.event_id,
        format!("{what} “{}”", occasion.title),
        format!("{body} The event begins on {when}."),
    )
}

fn about(event: EventId, title: String, body: String) -> Words {
    let path = format!("/v1/events/{event}");
    let action = Action {
        label: "Open the event",
        path,
    };
    Words {
        title,
        body,
        action,
    }
}

fn organization(organization: OrganizationId, title: String, body: String) -> Words {
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

const fn role_name(role: Role) -> &'static str {
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

fn with(sentence: &str, label: &str, reason: Option<&str>) -> String {
    match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{sentence} {label}: {reason}"),
        None => sentence.to_owned(),
    }
}

/// An instant as people in `zone` say it; in UTC where the zone is unknown.
fn local(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone)
        .strftime("%A, %-d %B %Y at %H:%M (%Z)")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_one_line() {
        let message = Message::EventRegistrations {
            event_id: EventId::new(),
            title: "RustConf".into(),
        };
        let title = |actor, count| Words::of(&message, actor, count).title;
        assert_eq!(title(Some("Ada"), 1), "Ada registered for “RustConf”");
        assert_eq!(
            title(Some("Ada"), 2),
            "Ada and 1 other registered for “RustConf”"
        );
        assert_eq!(
            title(None, 5),
            "Somebody and 4 others registered for “RustConf”"
        );
    }

    #[test]
    fn times_are_local() {
        let message = Message::RegistrationConfirmed(Occasion {
            event_id: EventId::new(),
            title: "RustConf".into(),
            starts_at: "2026-07-10T16:30:00Z".parse().unwrap(),
            time_zone: "Europe/Berlin".into(),
        });
        let body = Words::of(&message, None, 1).body;
        assert!(
            body.contains("Friday, 10 July 2026 at 18:30 (CEST)"),
            "{body}"
        );
    }
}
