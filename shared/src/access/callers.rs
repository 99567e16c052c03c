//! What makes a principal of a token or a key and of what the table says.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Entry;
use crate::api_key::{KeyOwner, KeyVerifier};
use crate::id::SessionId;
use crate::principal::{Means, PlatformRole, Principal};
use crate::scope;
use crate::token::{Claims, Subject, TokenError};

/// A key acts for a person with what their roles in organisations allow, never
/// with a role on the platform.
pub(super) fn key_principal(
    key: &KeyVerifier,
    entries: &[Entry],
    now: Timestamp,
) -> Result<Principal, TokenError> {
    let mut principal = Principal {
        user_id: key.acting(),
        // No sign-in has this id.
        session_id: SessionId::from_uuid(key.key_id.uuid()),
        by: Means::ApiKey {
            id: key.key_id,
            owner: key.owner,
            terms: key.terms.clone(),
        },
        scope: key.scopes.clone(),
        platform_role: PlatformRole::User,
        away: false,
        memberships: BTreeMap::default(),
    };
    match key.owner {
        KeyOwner::Organization {
            organization_id,
            role,
        } => {
            principal.memberships.insert(organization_id, role);
        }
        KeyOwner::User { .. } => {
            apply(&mut principal, entries, now)?;
            principal.platform_role = PlatformRole::User;
        }
    }
    Ok(principal)
}

/// Whom an access token is about, with what the table says of them.
pub(super) fn principal(
    claims: &Claims,
    entries: &[Entry],
    now: Timestamp,
) -> Result<Principal, TokenError> {
    let mut principal = Principal {
        user_id: claims.sub.acting(),
        session_id: claims.sid,
        by: Means::SignIn,
        scope: claims.scope.split_whitespace().map(str::to_owned).collect(),
        platform_role: PlatformRole::User,
        away: false,
        memberships: BTreeMap::default(),
    };
    if let Subject::ServiceAccount(id) = claims.sub {
        let granted = entries.iter().find_map(|entry| match entry {
            Entry::ServiceAccess(access) => Some(access),
            _ => None,
        });
        let granted = granted.ok_or(TokenError::Revoked)?;
        principal
            .scope
            .retain(|wanted| scope::include(&granted.scopes, wanted));
        principal.by = Means::ServiceAccount {
            id,
            terms: granted.terms.clone(),
        };
    }
    apply(&mut principal, entries, now)?;
    Ok(principal)
}

/// Adds what the table says of the caller.
fn apply(principal: &mut Principal, entries: &[Entry], now: Timestamp) -> Result<(), TokenError> {
    for entry in entries {
        match entry {
            Entry::UserAccess(access) if access.suspended => return Err(TokenError::Revoked),
            Entry::UserAccess(access) => principal.platform_role = access.platform_role,
            Entry::Membership(member) => {
                principal
                    .memberships
                    .insert(member.organization_id, member.role);
            }
            Entry::RevokedSession(revoked) => {
                if revoked.session_id == principal.session_id && revoked.until > now {
                    return Err(TokenError::Revoked);
                }
            }
            Entry::ServiceAccess(_) => {}
        }
    }
    Ok(())
}
