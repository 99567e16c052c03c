//! The second factors of an account.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{SessionId, UserId};
use utoipa::ToSchema;

use super::recovery::Recovery;

/// How long an enrolment waits for its first code.
pub const ENROLMENT_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Wrong codes in a row that cost nothing: fingers slip.
const FREE_FAILURES: u32 = 5;
/// What the one after those costs; each further one costs twice as much.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(15);
/// The longest wait: at this pace, guessing six digits takes years.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// After how long wrong codes are forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// What somebody can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The password.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
}

/// An authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totp {
    /// The secret, sealed, base64url.
    pub sealed: String,
    /// When its first code was given.
    pub confirmed_at: Timestamp,
    /// The last step whose code was accepted: neither it nor an earlier one
    /// is accepted again.
    pub last_step: i64,
}

/// An authenticator app that has not given a code yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolment {
    /// The secret, sealed, base64url.
    pub sealed: String,
    /// The session that began it, and that must end it.
    pub session_id: SessionId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What an account has besides its password; one item, so that no two changes
/// of it pass each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Factors {
    /// Whose.
    pub user_id: UserId,
    /// Counts its changes.
    pub version: u64,
    /// The authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// The one that is to be it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<Enrolment>,
    /// The recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// How many passkeys there are.
    #[serde(default)]
    pub passkeys: u32,
    /// Wrong codes in a row.
    #[serde(default)]
    pub failures: u32,
    /// When the last of them was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
}

impl Factors {
    /// Of an account without any.
    pub fn none(user_id: UserId) -> Self {
        Self {
            user_id,
            version: 0,
            totp: None,
            enrolment: None,
            recovery: None,
            passkeys: 0,
            failures: 0,
            failed_at: None,
        }
    }

    /// Whether a password alone is not enough.
    pub fn is_active(&self) -> bool {
        self.totp.is_some() || self.passkeys > 0
    }

    /// How many recovery codes are left.
    pub fn codes_left(&self) -> usize {
        self.recovery.as_ref().map_or(0, |codes| codes.left.len())
    }

    /// By what its owner can be asked to prove themselves.
    pub fn ways(&self) -> Vec<Way> {
        [
            (self.totp.is_some(), Way::Totp),
            (self.passkeys > 0, Way::Passkey),
            (self.codes_left() > 0, Way::RecoveryCode),
        ]
        .into_iter()
        .filter_map(|(there, way)| there.then_some(way))
        .collect()
    }

    /// The enrolment of this session, if it can still be confirmed.
    pub fn enrolment_of(&self, session: SessionId, now: Timestamp) -> Option<&Enrolment> {
        self.enrolment
            .as_ref()
            .filter(|enrolment| enrolment.session_id == session && now < enrolment.expires_at)
    }

    /// Without what makes no sense without a second factor.
    pub fn tidied(mut self) -> Self {
        if !self.is_active() {
            self.recovery = None;
            (self.failures, self.failed_at) = (0, None);
        }
        self
    }

    /// After a wrong code.
    pub fn failed(mut self, now: Timestamp) -> Self {
        let forgotten = self
            .failed_at
            .is_some_and(|at| now.duration_since(at) >= FORGOTTEN);
        self.failures = if forgotten {
            1
        } else {
            self.failures.saturating_add(1)
        };
        self.failed_at = Some(now);
        self
    }

    /// After a right one.
    pub fn proved(mut self) -> Self {
        (self.failures, self.failed_at) = (0, None);
        self
    }

    /// How long no code is looked at, after too many wrong ones.
    pub fn wait(&self, now: Timestamp) -> Option<SignedDuration> {
        let beyond = self.failures.checked_sub(FREE_FAILURES)?;
        let doubled = 2_i32.saturating_pow(beyond);
        let wait = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
        let left = wait - now.duration_since(self.failed_at?);
        left.is_positive().then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(failures: u32, now: Timestamp) -> Factors {
        (0..failures).fold(Factors::none(UserId::new()), |factors, _| {
            factors.failed(now)
        })
    }

    #[test]
    fn au_21_slips_are_free_and_guessing_gets_slow_but_never_locks_out() {
        let now = Timestamp::UNIX_EPOCH;
        let wait = |failures| after(failures, now).wait(now);
        assert_eq!(wait(4), None);
        assert_eq!(wait(5), Some(FIRST_WAIT));
        assert_eq!(wait(6), Some(FIRST_WAIT * 2));
        assert_eq!(wait(400), Some(LONGEST_WAIT));
        assert_eq!(after(400, now).wait(now + LONGEST_WAIT), None);
        assert_eq!(after(400, now).proved().wait(now), None);
        assert_eq!(after(400, now).failed(now + FORGOTTEN).failures, 1);
    }

    #[test]
    fn au_21_recovery_codes_go_with_the_last_factor() {
        let mut factors = Factors::none(UserId::new());
        factors.recovery = Some(Recovery {
            sealed_key: String::new(),
            left: vec![String::new()],
            made_at: Timestamp::UNIX_EPOCH,
        });
        factors.passkeys = 1;
        assert_eq!(factors.ways(), [Way::Passkey, Way::RecoveryCode]);
        assert_eq!(factors.clone().tidied().codes_left(), 1);
        factors.passkeys = 0;
        assert_eq!(factors.tidied().codes_left(), 0);
    }

    proptest! {
        /// Whoever guesses as fast as they may gets fewer than 120 tries a day.
        #[test]
        fn au_21_a_day_holds_few_guesses(pause in 1_i64..900) {
            let start = Timestamp::UNIX_EPOCH;
            let mut factors = Factors::none(UserId::new());
            let (mut second, mut tries) = (0, 0);
            while second < 86_400 {
                let now = start + SignedDuration::from_secs(second);
                if factors.wait(now).is_none() {
                    factors = factors.failed(now);
                    tries += 1;
                }
                second += pause;
            }
            prop_assert!(tries < 120, "{}", tries);
        }
    }
}
