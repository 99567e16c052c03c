//! Sessions: a sign-in on one device, continued by rotating refresh tokens.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{SessionId, UserId};
use utoipa::ToSchema;

use super::refresh::{Fingerprint, RefreshToken};

/// How long tokens live.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of an access token.
    pub access: SignedDuration,
    /// Of a session since its last refresh.
    pub refresh: SignedDuration,
    /// After a rotation: how long the token before it still gets the same pair.
    pub grace: SignedDuration,
}

/// How many minutes an operator can let an access token live at most. What must
/// outlive every token counts with it: the setting may have been another when a
/// token was signed.
pub const MAX_ACCESS_MINUTES: i64 = 60;
/// Beyond the life of the last token: clocks may differ a little.
pub const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How many sessions a person has at most; one more ends the oldest.
pub const MAX_SESSIONS: u32 = 50;

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: SignedDuration::from_mins(15),
            refresh: SignedDuration::from_hours(30 * 24),
            grace: SignedDuration::from_secs(30),
        }
    }
}

/// How somebody proved to be the owner of an account, by the names of RFC 8176.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A password (`pwd`).
    #[serde(rename = "pwd")]
    Password,
    /// A code of an authenticator app (`otp`).
    #[serde(rename = "otp")]
    Totp,
    /// A recovery code; the RFC has no name for it.
    RecoveryCode,
    /// A passkey, which verified the person itself (`pop`).
    #[serde(rename = "pop")]
    Passkey,
    /// A link or a code that was mailed (`email`). RFC 8176 has no name for it:
    /// `otp` is a device's and `mca` would claim a second channel.
    Email,
    /// A provider vouched (`fed`), which RFC 8176 does not name either.
    #[serde(rename = "fed")]
    Federated,
}

impl Method {
    /// Whether it is more than a password, or what stands in for one.
    pub const fn is_second_factor(self) -> bool {
        matches!(self, Self::Totp | Self::RecoveryCode | Self::Passkey)
    }
}

/// How long a proof is good for what is sensitive.
pub const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// A session as kept: hashes only, nothing in it signs anybody in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Whose it is.
    pub user_id: UserId,
    /// Its id, the `sid` of its access tokens.
    pub id: SessionId,
    /// Counts its rotations.
    pub version: u64,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// By what the user signed in.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// When the user last proved to be the owner of the account.
    #[serde(default)]
    pub authenticated_at: Timestamp,
    /// When they last did so by a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_at: Option<Timestamp>,
    /// When a token was last issued for it.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// A name for the device.
    pub device: String,
    /// The network that the last refresh came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The country of that network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of the secret that all generations share.
    pub family: Fingerprint,
    /// Of the generation that may be used now.
    pub current: Fingerprint,
    /// Of the generation before, and what its holder may have once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Rotated>,
}

/// The generation that was rotated away last.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// Of the old token.
    pub token: Fingerprint,
    /// When it was used.
    pub at: Timestamp,
    /// The pair it was exchanged for, sealed under the old token itself.
    pub sealed: String,
}

/// Where a request comes from, as far as a session shows it.
#[derive(Debug, Clone)]
pub struct Place {
    /// A name for the device.
    pub device: String,
    /// The network.
    pub address: Option<String>,
    /// Its country.
    pub country: Option<String>,
}

/// What a presented refresh token amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The current one: exchange it.
    Rotate,
    /// The one before, within the grace: the sealed pair once more.
    Replay(String),
    /// Genuine, but spent: somebody has a copy. The session must end.
    Reused,
    /// Never issued.
    Unknown,
}

impl Session {
    /// A new session and its first token's place in it.
    pub fn begin(
        token: &RefreshToken,
        methods: &[Method],
        place: Place,
        now: Timestamp,
        lives: &Lifetimes,
    ) -> Self {
        Self {
            user_id: token.user(),
            id: token.session(),
            version: 0,
            created_at: now,
            methods: methods.to_vec(),
            authenticated_at: now,
            second_factor_at: methods
                .iter()
                .any(|method| method.is_second_factor())
                .then_some(now),
            last_seen_at: now,
            expires_at: now + lives.refresh,
            device: place.device,
            address: place.address,
            country: place.country,
            family: token.family_hash(),
            current: token.generation_hash(),
            previous: None,
        }
    }

    /// The session after another proof.
    pub fn proved(mut self, method: Method, now: Timestamp) -> Self {
        if !self.methods.contains(&method) {
            self.methods.push(method);
        }
        self.authenticated_at = now;
        if method.is_second_factor() {
            self.second_factor_at = Some(now);
        }
        self
    }

    /// Whether the last proof is recent, and as strong as the account allows.
    pub fn is_fresh(&self, second_factor: bool, now: Timestamp) -> bool {
        let proof = if second_factor {
            self.second_factor_at
        } else {
            Some(self.authenticated_at)
        };
        proof.is_some_and(|at| now.duration_since(at) < FRESH)
    }

    /// Judges a presented token.
    pub fn judge(&self, token: &RefreshToken, now: Timestamp, lives: &Lifetimes) -> Verdict {
        if !self.family.matches(&token.family_hash()) {
            return Verdict::Unknown;
        }
        let presented = token.generation_hash();
        if self.current.matches(&presented) {
            return Verdict::Rotate;
        }
        match &self.previous {
            Some(previous)
                if previous.token.matches(&presented)
                    && now.duration_since(previous.at) <= lives.grace =>
            {
                Verdict::Replay(previous.sealed.clone())
            }
            _ => Verdict::Reused,
        }
    }

    /// The session after `old` was exchanged for `new`.
    pub fn rotated(
        &self,
        old: &RefreshToken,
        new: &RefreshToken,
        sealed: String,
        place: Place,
        now: Timestamp,
        lives: &Lifetimes,
    ) -> Self {
        let (address, country) = match place.address {
            Some(address) => (Some(address), place.country),
            None => (self.address.clone(), self.country.clone()),
        };
        Self {
            last_seen_at: now,
            expires_at: now + lives.refresh,
            device: place.device,
            address,
            country,
            current: new.generation_hash(),
            previous: Some(Rotated {
                token: old.generation_hash(),
                at: now,
                sealed,
            }),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIVES: fn() -> Lifetimes = Lifetimes::default;

    fn place() -> Place {
        Place {
            device: "Firefox on Linux".into(),
            address: Some("203.0.113.0/24".into()),
            country: None,
        }
    }

    fn rotate(session: &Session, old: &RefreshToken, now: Timestamp) -> (Session, RefreshToken) {
        let new = old.next().unwrap();
        let sealed = old.seal(b"pair").unwrap();
        (
            session.rotated(old, &new, sealed, place(), now, &LIVES()),
            new,
        )
    }

    fn begin() -> (Session, RefreshToken) {
        let token = RefreshToken::first(UserId::new(), SessionId::new()).unwrap();
        (
            Session::begin(
                &token,
                &[Method::Password],
                place(),
                Timestamp::UNIX_EPOCH,
                &LIVES(),
            ),
            token,
        )
    }

    #[test]
    fn au_07_the_grace_ends_to_the_second() {
        let (session, first) = begin();
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(10);
        let (session, second) = rotate(&session, &first, at);
        let after = |seconds| at + SignedDuration::from_secs(seconds);
        assert_eq!(session.judge(&second, after(0), &LIVES()), Verdict::Rotate);
        assert!(matches!(
            session.judge(&first, after(30), &LIVES()),
            Verdict::Replay(_)
        ));
        assert_eq!(session.judge(&first, after(31), &LIVES()), Verdict::Reused);
    }

    #[test]
    fn b1_07_a_proof_is_good_for_ten_minutes_and_not_for_what_needs_more() {
        let (session, _) = begin();
        let after = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        assert!(session.is_fresh(false, after(599)) && !session.is_fresh(false, after(600)));
        assert!(!session.is_fresh(true, after(0)));
        let session = session.proved(Method::Totp, after(1000));
        assert!(session.is_fresh(true, after(1599)) && !session.is_fresh(true, after(1600)));
        let session = session.proved(Method::Password, after(5000));
        assert!(session.is_fresh(false, after(5001)) && !session.is_fresh(true, after(5001)));
        assert_eq!(session.methods, [Method::Password, Method::Totp]);
    }

    #[test]
    fn au_07_a_stranger_who_knows_the_identifiers_is_no_reuse() {
        let (session, first) = begin();
        let forged = RefreshToken::first(first.user(), first.session()).unwrap();
        assert_eq!(
            session.judge(&forged, Timestamp::UNIX_EPOCH, &LIVES()),
            Verdict::Unknown
        );
    }

    proptest! {
        /// Whatever the history, exactly the last token rotates, and of the
        /// spent ones at most the last but one is answered.
        #[test]
        fn au_07_only_the_last_generation_rotates(pauses in prop::collection::vec(0_i64..120, 1..8)) {
            let (mut session, first) = begin();
            let mut tokens = vec![first];
            let mut now = Timestamp::UNIX_EPOCH;
            for pause in &pauses {
                now += SignedDuration::from_secs(*pause);
                let (next, token) = rotate(&session, tokens.last().unwrap(), now);
                session = next;
                tokens.push(token);
            }
            let last = tokens.len() - 1;
            for (age, token) in tokens.iter().enumerate() {
                let verdict = session.judge(token, now, &LIVES());
                match last - age {
                    0 => prop_assert_eq!(verdict, Verdict::Rotate),
                    1 => prop_assert!(matches!(verdict, Verdict::Replay(_))),
                    _ => prop_assert_eq!(verdict, Verdict::Reused),
                }
            }
        }
    }
}
