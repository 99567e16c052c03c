//! What the group does with events of its own: jobs that one request began and
//! may not have finished. And the command by which an operator makes an owner.
//!
//! Everything here may come twice and late: each step looks at the state and
//! does what is left to do.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    commit::CommitError,
    cx::Context,
    event::{
        Contract, Event,
        accounts::{PasswordChange, UserPasswordChanged, UserPasswordResetRequired, UserSuspended},
        auth::OrganizationDeleted,
        operations::{UserDeleted, UserDeletionRequested, UserExportRequested},
    },
    id::{OperationId, OrganizationId, UserId},
    objects::Objects,
    table::StoreError,
    worker::{WorkerError, run_batch},
};

use crate::{
    model::{email::Email, session::Session},
    store::{RESERVE, Removal, Store, Subject},
};

/// How long one message may take; below the function's time-out.
const PATIENCE: Duration = Duration::from_secs(25);

/// How many accounts one run of the schedule gives up at most.
const DUE: u32 = 500;

/// The worker's state.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The tables.
    pub store: Store,
    /// Where exports are collected.
    pub exports: Arc<dyn Objects>,
    /// How long nobody can register with the address of an erased account.
    pub hold: SignedDuration,
}

/// What wakes the function: the queue, or an operator who may invoke it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    /// A command.
    Command(Command),
    /// The schedule.
    Sweep {
        /// Of what.
        sweep: Sweep,
    },
    /// A batch of events.
    Batch(SqsEvent),
}

/// What the schedule wants.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sweep {
    /// To give up the accounts whose time has come.
    Deletions,
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
    /// Erases an account whose deletion waits, without waiting any longer.
    Erase {
        /// Its address.
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

/// What came of [`Command::Erase`].
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenUp {
    /// Whose account is being erased.
    pub user_id: UserId,
    /// The operation that shows how far that is.
    pub operation_id: OperationId,
}

/// The answer to a [`Command`].
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// There is an owner.
    Owner(Owner),
    /// An account is being erased.
    GivenUp(GivenUp),
    /// Nothing came of it: no failure of the function, so none is counted.
    Refused {
        /// Why, in a sentence for whoever gave the command.
        refused: String,
    },
}

/// Why a command is not obeyed.
#[derive(Debug, thiserror::Error)]
pub enum Disobedience {
    /// The text is no address.
    #[error("this is no e-mail address")]
    Malformed,
    /// Nobody registered with it.
    #[error("no account has this address: register it first")]
    Unknown,
    /// Whoever registered may not be whoever reads its mail.
    #[error("the address is not verified yet: use the link that was mailed to it first")]
    Unverified,
    /// Its person goes.
    #[error("its person wants the account deleted: they must undo that first")]
    Leaving,
    /// Its person did not ask for it.
    #[error("no deletion of this account waits: its person asks for it, and nobody else")]
    Staying,
    /// The tables.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl From<StoreError> for Disobedience {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
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
            UserDeletionRequested::TYPE => {
                let data: UserDeletionRequested = event.data()?;
                self.end_sessions(cx, data.user_id, event.time).await
            }
            UserDeleted::TYPE => {
                let data: UserDeleted = event.data()?;
                Ok(self.store.erase(cx, &data, event.time, self.hold).await?)
            }
            UserExportRequested::TYPE => {
                self.store
                    .export_person(cx, event, self.exports.as_ref())
                    .await
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

    /// Gives up every account whose time has come; how many they were.
    ///
    /// # Errors
    /// The tables do not answer; the next run goes on.
    pub async fn sweep(&self, cx: &Context) -> Result<usize, CommitError> {
        let (mut given_up, now) = (0, self.store.now());
        for user in self.store.due_deletions(now, DUE).await? {
            if cx.remaining() < RESERVE {
                break;
            }
            let subject = self.store.subject(user).await?;
            let Some(subject) = subject.filter(|one| is_due(one, now)) else {
                continue;
            };
            match self.give_up(cx, &subject).await {
                Ok(done) => given_up += usize::from(done.is_some()),
                // Its person changed their mind in this moment.
                Err(CommitError::Condition(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(given_up)
    }

    async fn give_up(
        &self,
        cx: &Context,
        subject: &Subject,
    ) -> Result<Option<GivenUp>, CommitError> {
        let record = &subject.record;
        let Some(deletion) = record.deletion.as_ref().filter(|one| !one.begun) else {
            return Ok(None);
        };
        self.store.give_up(cx, record, deletion).await?;
        Ok(Some(GivenUp {
            user_id: subject.account.id,
            operation_id: deletion.operation_id,
        }))
    }

    /// Does what an operator commands.
    ///
    /// # Errors
    /// The tables do not answer; the same command may be given again.
    pub async fn obey(&self, cx: &Context, command: Command) -> Result<Answer, CommitError> {
        let answer = match command {
            Command::Owner { email } => self.make_owner(cx, &email).await.map(Answer::Owner),
            Command::Erase { email } => self.erase_now(cx, &email).await.map(Answer::GivenUp),
        };
        match answer {
            Err(Disobedience::Store(error)) => Err(error),
            Err(refusal) => Ok(Answer::Refused {
                refused: refusal.to_string(),
            }),
            Ok(answer) => Ok(answer),
        }
    }

    /// Makes the account of a proven address an owner of the platform. Doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// Why there is no new owner.
    pub async fn make_owner(&self, cx: &Context, email: &str) -> Result<Owner, Disobedience> {
        let subject = self.subject_of(email).await?;
        if !subject.account.email_verified {
            return Err(Disobedience::Unverified);
        }
        if subject.record.deletion.is_some() {
            return Err(Disobedience::Leaving);
        }
        let changed = self.store.make_owner(cx, &subject).await?.is_some();
        let user_id = subject.account.id;
        tracing::warn!(user.id = %user_id, changed, "an operator made an owner of the platform");
        Ok(Owner { user_id, changed })
    }

    /// Erases an account whose deletion waits, at once.
    ///
    /// # Errors
    /// Why it is not erased.
    pub async fn erase_now(&self, cx: &Context, email: &str) -> Result<GivenUp, Disobedience> {
        let subject = self.subject_of(email).await?;
        let given_up = self.give_up(cx, &subject).await?;
        let given_up = given_up.ok_or(Disobedience::Staying)?;
        tracing::warn!(user.id = %given_up.user_id, "an operator erases an account without waiting");
        Ok(given_up)
    }

    async fn subject_of(&self, email: &str) -> Result<Subject, Disobedience> {
        let email = Email::parse(email).map_err(|_| Disobedience::Malformed)?;
        let found = self.store.subject_of(&email).await?;
        found.ok_or(Disobedience::Unknown)
    }
}

fn is_due(subject: &Subject, now: Timestamp) -> bool {
    let deletion = subject.record.deletion.as_ref();
    deletion.is_some_and(|deletion| deletion.erase_at <= now)
}
