//! Every item of the table `auth` and its key.
//!
//! | partition | sort | item |
//! |---|---|---|
//! | `USER#<user>` | `ACCOUNT`, `CREDENTIAL`, `MEMBERSHIPS` | account, password hash, count of organisations |
//! | `USER#<user>` | `ADMINISTRATION` | what administrators decided about the account |
//! | `USER#<user>` | `SESSION#<session>` | session, with TTL |
//! | `USER#<user>` | `LINK#<use>` | a link sent by mail, with TTL |
//! | `USER#<user>` | `FACTORS` | authenticator app, recovery codes, count of passkeys |
//! | `USER#<user>` | `PASSKEY#<passkey>` | passkey |
//! | `USER#<user>` | `CONSENT#<purpose>` | what the person decided about a purpose, with its history |
//! | `USER#<user>` | `EXPORT` | the last export that was asked for, with TTL |
//! | `PASSKEY#<fingerprint>` | `CLAIM` | whose a credential id is |
//! | `CHALLENGE#<fingerprint>` | `CHALLENGE` | what a proof in two steps is bound to, with TTL |
//! | `USER#<user>` | `CODE-TRIES#<day>` | how often mailed codes were tried, with TTL |
//! | `USER#<user>` | `IDENTITY#<provider>` | who the person is at a provider, its tokens sealed |
//! | `OAUTH#<fingerprint>` | `FLOW` | a sign-in with a provider on its way, by the hash of its state, with TTL |
//! | `IDENTITY#<fingerprint>`, `EMAIL#<fingerprint>`, `USERNAME#<name>`, `SLUG#<slug>` | `CLAIM` | whom the unique name belongs to |
//! | `EXTERNAL#<provider>#<hash>` | `CLAIM` | whose the identity elsewhere is |
//! | `ORG#<organization>` | `ORGANIZATION`, `HEADCOUNT` | organisation, count of members and owners |
//! | `ORG#<organization>` | `MEMBER#<user>` | membership |
//! | `ORG#<organization>` | `INVITE#<invitation>` | invitation, with TTL |
//! | `ORG#<organization>` | `INVITEE#<fingerprint or user>` | the open invitation of an address or a user, and the pause after it, with TTL |
//! | `ORG#<organization>`, `USER#<user>` | `INVITES#<day>` | how many invitations were sent, with TTL |
//! | `USER#<user>`, `ORG#<organization>` | `APIKEY#<key>`, `SERVICE#<account>` | API key, service account |
//! | `USER#<user>`, `ORG#<organization>` | `PROGRAMS` | count of both |
//! | `PROGRAM#<key or account>` | `OWNER` | whose it is |
//! | `SIGNING` | `CURRENT`, `NEXT` | sealed private key of the access tokens, and the one that follows |
//!
//! In the indexes stand, each by user and so by the time of registration: every
//! account (`gsi1`: `USERS`), whoever has a role on the platform (`gsi1`:
//! `ROLE#<role>`), and whoever is suspended (`gsi2`: `SUSPENDED`); and by the time
//! at which they are erased, the accounts to be deleted (`gsi2`: `DELETING`).
//!
//! What deleting an account leaves: the claim of its address, which names nobody,
//! for some weeks, against registering again at once; the mark of
//! [`shared::personal`], until nothing can come late; invitations of organisations
//! to the person, and what is left of memberships that ended, until their TTL.
//! Those that the person made name an id behind which nobody is.

mod accounts;
mod factors;
mod organizations;
mod personal;
mod programs;
mod sign_in;
mod signing;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    id::UserId,
    table::{Entity, Key},
};

pub(super) use accounts::{
    DELETING, SUSPENDED, USERS, account, administration, credential, due, email, external,
    membership_count, role, username,
};
pub(super) use factors::{PASSKEY, challenge, credential_claim, factors, passkey};
pub(super) use organizations::{
    INVITATION, INVITATIONS, MEMBER, headcount, invitation, invitations_sent, invited, member,
    organization, organization_partition, slug,
};
pub(super) use personal::{CONSENT, consent, export};
pub(super) use programs::{
    API_KEY, ProgramOwner, SERVICE_ACCOUNT, owner, program, program_count, program_owner,
};
pub(super) use sign_in::{
    IDENTITY, Padding, SESSION, code_tries, flow, identity, link, session, subject,
};
pub use signing::{NextSecret, SigningSecret};
pub(super) use signing::{next_signing, signing};

pub(super) fn user(id: UserId) -> String {
    format!("USER#{id}")
}

/// Whom a unique name belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claim<T> {
    #[serde(skip, default = "nowhere")]
    pub(super) key: Key,
    pub(super) owner: T,
    #[serde(skip)]
    pub(super) until: Option<Timestamp>,
}

fn nowhere() -> Key {
    Key::new("", "")
}

impl<T> Claim<T> {
    pub(super) fn new(key: Key, owner: T) -> Self {
        Self {
            key,
            owner,
            until: None,
        }
    }
}

impl<T: Serialize + serde::de::DeserializeOwned> Entity for Claim<T> {
    const KIND: &'static str = "claim";

    fn key(&self) -> Key {
        self.key.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}
