//! Links sent by mail, and what using them changes. A link is removed by the
//! commit that uses it, so it works once, whoever races whom.

use jiff::SignedDuration;
use shared::{
    commit::Commit,
    cx::Context,
    event::{
        accounts::{PasswordChange, UserEmailChanged, UserPasswordChanged},
        auth::{AuthMailRequested, Letter, UserContactChanged},
    },
    http::Reply,
    id::{OperationId, SessionId, UserId},
    problem::Problem,
    table::StoreError,
};

use super::{
    Store, Unproven,
    factors::unchanged,
    items::{self, Claim},
    sessions::still_signed_in,
};
use crate::{
    model::{
        account::{Account, Address, Credential, SeenPassword},
        email::Email,
        mailed::{Link, LinkUse},
        organization::next_sequence,
    },
    problems::{EMAIL_TAKEN, LINK_GONE},
};

/// A link and the secret of it, sealed for the letter.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// As it is kept.
    pub link: Link,
    /// What only the notifications group can open.
    pub token: String,
}

/// By what somebody shows that it was them who registered.
#[derive(Debug)]
pub enum Registrant {
    /// They are signed in.
    Session(SessionId),
    /// They know the password.
    Password(SeenPassword),
}

impl Store {
    /// The link for a purpose that a person was sent last.
    pub async fn link(&self, user: UserId, purpose: LinkUse) -> Result<Option<Link>, StoreError> {
        self.read(&items::link(user, purpose)).await
    }

    /// Sends a link; the one before it for the same purpose works no more.
    pub async fn send(
        &self,
        cx: &Context,
        sealed: &Sealed,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        send(&mut commit, sealed);
        commit.finish(reply).await
    }

    /// Does the work of [`Store::send`] for somebody who has no account, or
    /// gets no further letter: two items that nobody reads.
    pub async fn send_nothing(
        &self,
        cx: &Context,
        sealed: &Sealed,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        commit.put(&sealed.link);
        let padding = items::Padding::new(&sealed.link, &sealed.token);
        commit.put(&padding);
        commit.finish(reply).await
    }

    /// Sends the link to another address, if the session and the password are
    /// there that asked for it. Where the address is `taken` the link is kept all
    /// the same and nobody gets it: which of both it was shows nowhere.
    pub async fn send_to_new_address(
        &self,
        cx: &Context,
        sealed: &Sealed,
        taken: bool,
        (session, seen): (SessionId, &SeenPassword),
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        still_signed_in(&mut commit, seen.user_id, session);
        unchanged(&mut commit, seen);
        if taken {
            commit.put(&sealed.link);
            commit.put(&items::Padding::new(&sealed.link, &sealed.token));
        } else {
            send(&mut commit, sealed);
        }
        commit.finish(reply).await
    }

    /// The address is that of who registered with it: the mail was read by
    /// whoever has a session of the account, or its password.
    pub async fn verify_email(
        &self,
        cx: &Context,
        link: &Link,
        by: &Registrant,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        match by {
            Registrant::Session(id) => still_signed_in(&mut commit, link.user_id, *id),
            Registrant::Password(seen) => unchanged(&mut commit, seen),
        }
        spend(&mut commit, link);
        verified(&mut commit, link);
        commit.finish(reply).await
    }

    /// Another password, by a link: who reads the mail of the address owns it.
    pub async fn reset_password(
        &self,
        cx: &Context,
        link: &Link,
        credential: &Credential,
        unproven: Option<&Unproven>,
    ) -> Result<(), Problem> {
        let mut commit = Commit::new(&self.table, cx);
        spend(&mut commit, link);
        verified(&mut commit, link);
        if let Some(unproven) = unproven {
            unproven.disown(&mut commit);
        }
        forget_pending(&mut commit, link.user_id);
        if credential.version == 0 {
            commit.create(credential);
        } else {
            commit.replace(credential);
        }
        password_changed(&mut commit, link.user_id, PasswordChange::Reset, None);
        tell(
            &mut commit,
            link.user_id,
            &link.email,
            Letter::PasswordChanged,
        );
        Ok(commit.execute().await?)
    }

    /// Another password, by who knows the old one on a session that goes on.
    pub async fn change_password(
        &self,
        cx: &Context,
        account: &Account,
        credential: &Credential,
        session: SessionId,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let mut commit = Commit::new(&self.table, cx);
        still_signed_in(&mut commit, account.id, session);
        forget_pending(&mut commit, account.id);
        commit.replace(credential);
        password_changed(
            &mut commit,
            account.id,
            PasswordChange::Change,
            Some(session),
        );
        tell(
            &mut commit,
            account.id,
            &account.email,
            Letter::PasswordChanged,
        );
        commit.finish(reply).await
    }

    /// Another address: the claims change hands, and the old address is told.
    pub async fn change_email(
        &self,
        cx: &Context,
        link: &Link,
        account: &Account,
        addresses: (&Email, &Email),
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let (old, new) = addresses;
        let mut commit = Commit::new(&self.table, cx);
        spend(&mut commit, link);
        commit
            .create(&Claim::new(items::email(new), account.id))
            .or(Problem::new(&EMAIL_TAKEN));
        commit.delete(items::email(old));
        forget_sign_in(&mut commit, account.id);
        commit
            .update(items::account(account.id))
            .set("email", &link.email)
            .set("emailVerified", true)
            .when("#email = :old")
            .bind(":old", &account.email)
            .or(Problem::new(&LINK_GONE));
        contact(&mut commit, link);
        let sequence = next_sequence(None, commit.now());
        commit.publish(
            &UserEmailChanged {
                user_id: account.id,
            },
            sequence,
        );
        tell(
            &mut commit,
            account.id,
            &account.email,
            Letter::EmailChanged,
        );
        commit.finish(reply).await
    }
}

/// Puts a link and asks for its letter.
pub(super) fn send(commit: &mut Commit, sealed: &Sealed) {
    send_about(commit, sealed, None);
}

/// As [`send`], in a letter that names an operation.
pub(super) fn send_about(commit: &mut Commit, sealed: &Sealed, operation_id: Option<OperationId>) {
    let link = &sealed.link;
    commit.put(link);
    commit.publish(
        &AuthMailRequested {
            user_id: link.user_id,
            email: link.email.0.clone(),
            template: link.purpose.letter(),
            sealed_token: Some(sealed.token.clone()),
            expires_at: Some(link.expires_at),
            operation_id,
        },
        next_sequence(None, link.sent_at),
    );
}

/// What was mailed to sign in by dies with the address or the password that it
/// was mailed under.
fn forget_sign_in(commit: &mut Commit, user: UserId) {
    commit.delete(items::link(user, LinkUse::SignIn));
}

/// So does a change of address that somebody asked for who may have been a
/// thief: it would move the account away from who has it now.
pub(super) fn forget_pending(commit: &mut Commit, user: UserId) {
    forget_sign_in(commit, user);
    commit.delete(items::link(user, LinkUse::ChangeEmail));
}

pub(super) fn spend(commit: &mut Commit, link: &Link) {
    commit
        .delete(items::link(link.user_id, link.purpose))
        .when("#token = :token")
        .bind(":token", &link.token)
        .or(Problem::new(&LINK_GONE));
}

/// The account's address is still the one of the link.
pub(super) fn still_of(commit: &mut Commit, link: &Link) {
    commit
        .check(items::account(link.user_id))
        .when("#email = :address")
        .bind(":address", &link.email)
        .or(Problem::new(&LINK_GONE));
}

/// The account's address is verified, if it is still the one of the link.
pub(super) fn verified(commit: &mut Commit, link: &Link) {
    commit
        .update(items::account(link.user_id))
        .set("emailVerified", true)
        .when("#email = :address")
        .bind(":address", &link.email)
        .or(Problem::new(&LINK_GONE));
    contact(commit, link);
}

pub(super) fn password_changed(
    commit: &mut Commit,
    user_id: UserId,
    by: PasswordChange,
    session_id: Option<SessionId>,
) {
    let changed = UserPasswordChanged {
        user_id,
        by,
        session_id,
    };
    commit.publish(&changed, next_sequence(None, commit.now()));
}

fn contact(commit: &mut Commit, link: &Link) {
    let sequence = next_sequence(None, commit.now());
    commit.publish(
        &UserContactChanged {
            user_id: link.user_id,
            email: link.email.0.clone(),
            verified: true,
        },
        sequence,
    );
}

pub(super) fn tell(commit: &mut Commit, user_id: UserId, email: &Address, template: Letter) {
    // After whatever else this commit says of the person.
    let sequence = next_sequence(None, commit.now() + SignedDuration::from_millis(1));
    commit.publish(
        &AuthMailRequested {
            user_id,
            email: email.0.clone(),
            template,
            sealed_token: None,
            expires_at: None,
            operation_id: None,
        },
        sequence,
    );
}
