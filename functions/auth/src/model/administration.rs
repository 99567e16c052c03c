//! What administrators of the platform decide about an account, and who may
//! decide what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{access::UserAccess, id::UserId, principal::PlatformRole};
use utoipa::ToSchema;

use super::{
    deletion::Deletion,
    text::{TextError, line},
};

/// How many identities elsewhere one account can have.
pub const MAX_EXTERNAL_IDS: usize = 10;
/// The longest identity elsewhere, in characters.
const MAX_EXTERNAL_ID: usize = 128;
/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It may.
    Active,
    /// An administrator suspended it: no token of it is valid, and nobody signs in to it.
    Suspended,
    /// Its person wants it deleted: no token of it is valid, and who signs in can
    /// only undo that.
    Deleting,
}

/// Who somebody is in another user base (AU-27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalId {
    /// The user base: 1 to 30 of `a–z 0–9 -`.
    #[schema(min_length = 1, max_length = 30, example = "firebase")]
    pub provider: String,
    /// The identity there.
    #[schema(
        min_length = 1,
        max_length = 128,
        example = "Zq3vYd1cVfR7b0kJ2mXw9pLt4sA2"
    )]
    pub id: String,
}

impl ExternalId {
    /// Reads `provider:id`.
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, id) = text.split_once(':')?;
        Self {
            provider: provider.to_owned(),
            id: id.to_owned(),
        }
        .checked()
        .ok()
    }

    /// The same, in the spelling that is kept.
    ///
    /// # Errors
    /// If the provider is no name of one, or the identity is blank or too long.
    pub fn checked(self) -> Result<Self, TextError> {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=30).contains(&self.provider.len()) || !self.provider.chars().all(named) {
            return Err(TextError::Shape("1 to 30 of a–z 0–9 -"));
        }
        Ok(Self {
            id: line(&self.id, MAX_EXTERNAL_ID)?,
            ..self
        })
    }
}

/// Why an account is suspended, since when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suspension {
    /// What the administrator wrote.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The administrator.
    pub by: UserId,
}

/// What administrators decided about an account. There is none for an account
/// that nobody touched; the table `access` repeats what every function must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Administration {
    /// Whose account.
    pub user_id: UserId,
    /// Counts the decisions.
    pub version: u64,
    /// What the person is on the platform.
    pub role: PlatformRole,
    /// Whether and why the account is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// Who the person is elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalId>,
    /// That the person wants the account deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
}

impl Administration {
    /// Nothing was decided yet.
    pub fn none(user_id: UserId) -> Self {
        Self {
            user_id,
            version: 0,
            role: PlatformRole::User,
            suspension: None,
            external_ids: Vec::new(),
            deletion: None,
        }
    }

    /// Whether the account may be used.
    pub fn status(&self) -> Status {
        match (&self.deletion, &self.suspension) {
            (Some(_), _) => Status::Deleting,
            (None, Some(_)) => Status::Suspended,
            (None, None) => Status::Active,
        }
    }

    /// What every function must know of it.
    pub fn access(&self) -> UserAccess {
        UserAccess {
            user_id: self.user_id,
            platform_role: self.role,
            suspended: self.status() != Status::Active,
            leaving: self.deletion.is_some() && self.suspension.is_none(),
        }
    }
}

/// Who decides: a platform administrator or owner, as the access token says and
/// the commit checks once more.
#[derive(Debug, Clone, Copy)]
pub struct Administrator {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: PlatformRole,
}

/// Why a decision is not theirs to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It concerns an administrator or an owner.
    #[error("Only an owner of the platform makes, changes or suspends administrators and owners.")]
    NoOwner,
    /// It would lock them out.
    #[error(
        "Nobody changes their own role, suspends themselves or resets their own password here. \
         Another owner can."
    )]
    Oneself,
}

impl Administrator {
    /// Whether they may turn `before` into `after`; `reset` says that the
    /// password is to be reset, or no longer.
    ///
    /// Since the commit checks that whoever decides still is what they were,
    /// and nobody decides about themselves, an owner of the platform is left
    /// after every decision: whoever took it.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub fn may(
        self,
        before: &Administration,
        after: &Administration,
        reset: bool,
    ) -> Result<(), Refusal> {
        let standing = before.role != after.role || before.suspension != after.suspension || reset;
        if before.user_id == self.user_id && standing {
            return Err(Refusal::Oneself);
        }
        let highest = before.role.max(after.role);
        let own = before.user_id == self.user_id;
        if highest >= PlatformRole::Admin && self.role < PlatformRole::Owner && !own {
            return Err(Refusal::NoOwner);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [PlatformRole; 4] = [
        PlatformRole::User,
        PlatformRole::Moderator,
        PlatformRole::Admin,
        PlatformRole::Owner,
    ];

    fn with(role: PlatformRole) -> Administration {
        Administration {
            role,
            ..Administration::none(UserId::new())
        }
    }

    fn administrator(user_id: UserId, role: PlatformRole) -> Administrator {
        Administrator { user_id, role }
    }

    fn suspended(before: &Administration) -> Administration {
        Administration {
            suspension: Some(Suspension {
                reason: "Spam".into(),
                at: Timestamp::UNIX_EPOCH,
                by: UserId::new(),
            }),
            ..before.clone()
        }
    }

    /// Every pair of roles, for both kinds of administrators.
    #[test]
    fn au_26_administrators_and_owners_are_made_and_unmade_by_owners_alone() {
        for own in [PlatformRole::Admin, PlatformRole::Owner] {
            let actor = administrator(UserId::new(), own);
            for from in ROLES {
                for to in ROLES {
                    let before = with(from);
                    let after = Administration {
                        role: to,
                        ..before.clone()
                    };
                    let high = from >= PlatformRole::Admin || to >= PlatformRole::Admin;
                    let allowed = own == PlatformRole::Owner || !high;
                    let may = actor.may(&before, &after, false);
                    assert_eq!(may.is_ok(), allowed, "{own:?}: {from:?} to {to:?}");
                }
                let before = with(from);
                let may = actor.may(&before, &suspended(&before), false);
                let allowed = own == PlatformRole::Owner || from < PlatformRole::Admin;
                assert_eq!(may.is_ok(), allowed, "{own:?} suspends {from:?}");
            }
        }
    }

    #[test]
    fn au_33_nobody_locks_themselves_out() {
        let before = with(PlatformRole::Owner);
        let actor = administrator(before.user_id, PlatformRole::Owner);
        let lower = Administration {
            role: PlatformRole::Admin,
            ..before.clone()
        };
        for (after, reset) in [
            (lower, false),
            (suspended(&before), false),
            (before.clone(), true),
        ] {
            assert_eq!(actor.may(&before, &after, reset), Err(Refusal::Oneself));
        }
        let harmless = Administration {
            external_ids: vec![ExternalId::parse("firebase:x").unwrap()],
            ..before.clone()
        };
        assert_eq!(actor.may(&before, &harmless, false), Ok(()));
    }

    #[test]
    fn au_27_an_external_id_has_a_provider_and_an_identity() {
        let id = ExternalId::parse("firebase: a:b ").unwrap();
        assert_eq!((id.provider.as_str(), id.id.as_str()), ("firebase", "a:b"));
        for bad in ["", "firebase", "firebase:", ":x", "Fire:x", "fire_base:x"] {
            assert_eq!(ExternalId::parse(bad), None, "{bad}");
        }
        assert_eq!(ExternalId::parse(&format!("x:{}", "a".repeat(129))), None);
    }
}
