//! What the group does with events of its own: jobs that one request began and
//! may not have finished. And the command by which an operator makes an owner.
//!
//! Everything here may come twice and late: each step looks at the state and
//! does what is left to do.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    commit::CommitError,
    cx::Context,
    event::{
        Contract, Event,
        accounts::{PasswordChange, UserPasswordChanged, UserPasswordResetRequired, UserSuspended},
        auth::OrganizationDeleted,
    },
    id::{OrganizationId, UserId},
    worker::{WorkerError, run_batch},
};

use crate::{
    model::{email::Email, session::Session},
    store::{Removal, Store},
};

/// How long one message may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(25);

/// What is left for the last commit.
const RESERVE: Duration = Duration::from_millis(1500);

/// The worker's state.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The tables.
    pub store: Store,
}

/// What wakes the function: the queue, or an operator who may invoke it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    /// A command.
    Command(Command),
    /// A batch of events.
    Batch(SqsEvent),
}

/// What an operator may have done; IAM decides who is one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Makes the account of an address an owner of the platform.
    Owner {
        /// The address, which its account has proved.
        email: String,
    },
}

/// What came of [`Command::Owner`].
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Who is an owner now.
    pub user_id: UserId,
    /// Whether they were not before.
    pub changed: bool,
}

/// The answer to a [`Command`].
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What came of it.
    Done(Owner),
    /// Nothing came of it: no failure of the function, so none is counted.
    Refused {
        /// Why, in a sentence for whoever gave the command.
        refused: String,
    },
}

/// Why there is no new owner.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The text is no address.
    #[error("this is no e-mail address")]
    Malformed,
    /// Nobody registered with it.
    #[error("no account has this address: register it first")]
    Unknown,
    /// Whoever registered may not be whoever reads its mail.
    #[error("the address is not verified yet: use the link that was mailed to it first")]
    Unverified,
    /// The tables.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Worker {
    /// Handles a batch of messages.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        run_batch(batch, PATIENCE, |event, cx| async move {
            self.dispatch(&event, &cx).await
        })
        .await
    }

    async fn dispatch(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        match event.kind.as_str() {
            OrganizationDeleted::TYPE => {
                let data: OrganizationDeleted = event.data()?;
                self.remove(cx, data.organization_id).await
            }
            UserSuspended::TYPE => {
                let data: UserSuspended = event.data()?;
                self.end_sessions(cx, data.user_id, event.time).await
            }
            UserPasswordResetRequired::TYPE => {
                let data: UserPasswordResetRequired = event.data()?;
                if !data.required {
                    return Ok(());
                }
                self.end_sessions(cx, data.user_id, event.time).await
            }
            UserPasswordChanged::TYPE => {
                let data: UserPasswordChanged = event.data()?;
                self.finish_change(cx, &data, event.time).await
            }
            // A filter policy that changed takes minutes to hold.
            _ => Ok(()),
        }
    }

    /// Removes what is left of an organisation that its owner deleted, when the
    /// request could not. Should it be too much for one delivery, the next goes on.
    async fn remove(&self, cx: &Context, id: OrganizationId) -> Result<(), WorkerError> {
        loop {
            match self.store.remove_hidden(cx, id, RESERVE).await {
                Ok(Removal::Done) => return Ok(()),
                Ok(Removal::OutOfTime) => {
                    return Err(WorkerError::transient("the next delivery goes on"));
                }
                // The owner repeats the request at the same time, or another
                // took over: look again.
                Err(CommitError::Condition(_)) if cx.remaining() > RESERVE => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What a request did not come to that took an account back, or that changed
    /// a password. Only what began before: the event may come days later.
    async fn finish_change(
        &self,
        cx: &Context,
        data: &UserPasswordChanged,
        until: Timestamp,
    ) -> Result<(), WorkerError> {
        let user = data.user_id;
        match (data.by, data.session_id) {
            (PasswordChange::Reset | PasswordChange::Removed, _) => {
                Ok(self.store.evict(cx, user, until).await?)
            }
            (PasswordChange::Change, Some(keep)) => {
                let others = |session: &Session| session.id != keep && session.created_at <= until;
                Ok(self.store.end_sessions(cx, user, others).await?)
            }
            // Published before the session was named.
            (PasswordChange::Change, None) => Ok(()),
        }
    }

    /// Only what began before: the event may come days later, after a reset.
    async fn end_sessions(
        &self,
        cx: &Context,
        user: UserId,
        until: Timestamp,
    ) -> Result<(), WorkerError> {
        let begun = |session: &Session| session.created_at <= until;
        Ok(self.store.end_sessions(cx, user, begun).await?)
    }

    /// Does what an operator commands.
    ///
    /// # Errors
    /// The tables do not answer; the same command may be given again.
    pub async fn obey(&self, cx: &Context, command: Command) -> Result<Answer, CommitError> {
        let Command::Owner { email } = command;
        match self.make_owner(cx, &email).await {
            Ok(owner) => Ok(Answer::Done(owner)),
            Err(OwnerError::Store(error)) => Err(error),
            Err(refusal) => Ok(Answer::Refused {
                refused: refusal.to_string(),
            }),
        }
    }

    /// Makes the account of a proven address an owner of the platform. Doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// Why there is no new owner.
    pub async fn make_owner(&self, cx: &Context, email: &str) -> Result<Owner, OwnerError> {
        let email = Email::parse(email).map_err(|_| OwnerError::Malformed)?;
        let found = self.store.subject_of(&email).await;
        let subject = found
            .map_err(CommitError::from)?
            .ok_or(OwnerError::Unknown)?;
        if !subject.account.email_verified {
            return Err(OwnerError::Unverified);
        }
        let changed = self.store.make_owner(cx, &subject).await?.is_some();
        let user_id = subject.account.id;
        tracing::warn!(user.id = %user_id, changed, "an operator made an owner of the platform");
        Ok(Owner { user_id, changed })
    }
}
