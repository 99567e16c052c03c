//! Why a commit did not happen, or may not have.

use crate::problem::{CONFLICT, Problem, TIMEOUT, UNAVAILABLE};
use crate::table::StoreError;
use crate::worker::WorkerError;

/// Why a commit did not happen, or may not have.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold; this is what its action declared.
    #[error("a condition did not hold: {0}")]
    Condition(Problem),
    /// The event was handled before.
    #[error("the event was handled before")]
    Duplicate,
    /// A later state is already projected.
    #[error("a later state is already projected")]
    Stale,
    /// The Idempotency-Key is taken: a twin of this request was faster.
    #[error("the Idempotency-Key is taken")]
    KeyTaken,
    /// Others changed the same items again and again until the deadline.
    #[error("too much contention: {0}")]
    Contention(String),
    /// The deadline passed; it may have happened.
    #[error("the deadline passed during a commit")]
    Deadline,
    /// The service failed; it may have happened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit is malformed: a fault of this program.
    #[error("malformed commit: {0}")]
    Invalid(String),
}

impl CommitError {
    /// Whether the same commit may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Contention(_) | Self::Deadline | Self::Store(StoreError::Service(_)) => true,
            Self::Condition(_)
            | Self::Duplicate
            | Self::Stale
            | Self::KeyTaken
            | Self::Store(StoreError::Corrupt { .. } | StoreError::Position)
            | Self::Invalid(_) => false,
        }
    }
}

impl From<CommitError> for Problem {
    fn from(err: CommitError) -> Self {
        match err {
            CommitError::Condition(problem) => problem,
            // The idempotency layer finds the twin's reply and sends that.
            CommitError::KeyTaken | CommitError::Duplicate | CommitError::Stale => {
                Self::new(&CONFLICT).caused_by(err)
            }
            CommitError::Contention(_) => Self::new(&UNAVAILABLE)
                .detail("Too many others are changing this right now.")
                .header(http::header::RETRY_AFTER, "1")
                .caused_by(err),
            CommitError::Deadline => Self::new(&TIMEOUT).caused_by(err),
            CommitError::Store(err) => err.into(),
            CommitError::Invalid(_) => Self::internal(err),
        }
    }
}

/// For workers: what is done already is done.
pub trait Settled {
    /// `Ok` when it happened now, before, or later state made it moot.
    ///
    /// # Errors
    /// Everything else, as the worker loop wants it.
    fn settled(self) -> Result<(), WorkerError>;
}

impl Settled for Result<(), CommitError> {
    fn settled(self) -> Result<(), WorkerError> {
        match self {
            Ok(()) | Err(CommitError::Duplicate | CommitError::Stale) => Ok(()),
            Err(err) => Err(err.into()),
        }
    }
}

impl From<CommitError> for WorkerError {
    fn from(err: CommitError) -> Self {
        if err.retryable() {
            Self::transient(err)
        } else {
            Self::permanent(err)
        }
    }
}

impl From<StoreError> for WorkerError {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Service(_) => Self::transient(err),
            StoreError::Corrupt { .. } | StoreError::Position => Self::permanent(err),
        }
    }
}
