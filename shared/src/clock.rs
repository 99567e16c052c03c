//! The only source of the current time, so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time; clones tell the same.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `at` until it is advanced (microsecond precision).
    pub fn fixed(at: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.as_microsecond()))))
    }

    /// Now, to the millisecond: what is stored and shown carries no more.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> Timestamp {
        let millis = match &self.0 {
            None => Timestamp::now().as_millisecond(),
            Some(fixed) => fixed.load(Ordering::SeqCst).div_euclid(1000),
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Moves a fixed clock; the machine's clock goes on by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(fixed) = &self.0 {
            let micros = i64::try_from(by.as_micros()).unwrap_or(0);
            fixed.fetch_add(micros, Ordering::SeqCst);
        }
    }
}
