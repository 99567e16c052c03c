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
//! `ROLE#<role>`), and whoever is suspended (`gsi2`: `SUSPENDED`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    api_key::KeyOwner,
    digest::sha256,
    id::{InvitationId, OrganizationId, PasskeyId, SessionId, UserId},
    principal::PlatformRole,
    table::{Entity, Indexes, Key},
};

use crate::model::{
    account::{Account, Credential},
    administration::{Administration, ExternalId, Status},
    challenge::Challenge,
    email::Email,
    factors::Factors,
    flow::Flow,
    identity::{Identity, subject_fingerprint},
    invitation::{Invitation, Invited},
    mailed::{Link, LinkUse},
    organization::{Headcount, Member, Organization, TOMBSTONE_LIFE},
    passkey::Passkey,
    program::{Program, ProgramId},
    provider::ProviderName,
    refresh::Fingerprint,
    session::Session,
};

/// How long it is remembered after a pause how often somebody was invited in vain.
const PAUSES_REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an invitation is shown after it ceased to be open.
const CLOSED_INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn user(id: UserId) -> String {
    format!("USER#{id}")
}

pub(super) fn account(id: UserId) -> Key {
    Key::new(user(id), "ACCOUNT")
}

pub(super) fn credential(id: UserId) -> Key {
    Key::new(user(id), "CREDENTIAL")
}

pub(super) fn membership_count(id: UserId) -> Key {
    Key::new(user(id), "MEMBERSHIPS")
}

pub(super) fn administration(id: UserId) -> Key {
    Key::new(user(id), "ADMINISTRATION")
}

pub(super) fn external(id: &ExternalId) -> Key {
    // Hashed, so that no identity is too long or too odd for a key.
    let hash = sha256(&[id.id.as_bytes()]);
    Key::new(format!("EXTERNAL#{}#{hash}", id.provider), "CLAIM")
}

pub(super) const USERS: &str = "USERS";
pub(super) const SUSPENDED: &str = "SUSPENDED";

pub(super) fn role(role: PlatformRole) -> String {
    let name = match role {
        PlatformRole::User => "user",
        PlatformRole::Moderator => "moderator",
        PlatformRole::Admin => "admin",
        PlatformRole::Owner => "owner",
    };
    format!("ROLE#{name}")
}

pub(super) const SESSION: &str = "SESSION#";

pub(super) fn session(user_id: UserId, id: SessionId) -> Key {
    Key::new(user(user_id), format!("{SESSION}{id}"))
}

pub(super) fn link(user_id: UserId, purpose: LinkUse) -> Key {
    Key::new(user(user_id), format!("LINK#{}", purpose.name()))
}

pub(super) fn factors(id: UserId) -> Key {
    Key::new(user(id), "FACTORS")
}

pub(super) const PASSKEY: &str = "PASSKEY#";

pub(super) fn passkey(user_id: UserId, id: PasskeyId) -> Key {
    Key::new(user(user_id), format!("{PASSKEY}{id}"))
}

/// Keys are short; credential ids need not be.
pub(super) fn credential_claim(credential_id: &str) -> Key {
    let fingerprint = Fingerprint::of(credential_id.as_bytes());
    Key::new(format!("{PASSKEY}{}", fingerprint.as_str()), "CLAIM")
}

pub(super) fn challenge(token: &Fingerprint) -> Key {
    Key::new(format!("CHALLENGE#{}", token.as_str()), "CHALLENGE")
}

pub(super) fn code_tries(user_id: UserId, now: Timestamp) -> Key {
    let day = now.strftime("%Y-%m-%d");
    Key::new(user(user_id), format!("CODE-TRIES#{day}"))
}

pub(super) const IDENTITY: &str = "IDENTITY#";

pub(super) fn identity(user_id: UserId, provider: ProviderName) -> Key {
    Key::new(user(user_id), format!("{IDENTITY}{provider}"))
}

pub(super) fn subject(provider: ProviderName, subject: &str) -> Key {
    let fingerprint = subject_fingerprint(provider, subject);
    Key::new(format!("{IDENTITY}{fingerprint}"), "CLAIM")
}

pub(super) fn flow(id: &str) -> Key {
    Key::new(format!("OAUTH#{id}"), "FLOW")
}

pub(super) fn email(email: &Email) -> Key {
    Key::new(format!("EMAIL#{}", email.fingerprint()), "CLAIM")
}

pub(super) fn username(name: &str) -> Key {
    Key::new(format!("USERNAME#{name}"), "CLAIM")
}

pub(super) fn slug(slug: &str) -> Key {
    Key::new(format!("SLUG#{slug}"), "CLAIM")
}

pub(super) fn organization_partition(id: OrganizationId) -> String {
    format!("ORG#{id}")
}

pub(super) fn organization(id: OrganizationId) -> Key {
    Key::new(organization_partition(id), "ORGANIZATION")
}

pub(super) fn headcount(id: OrganizationId) -> Key {
    Key::new(organization_partition(id), "HEADCOUNT")
}

pub(super) const MEMBER: &str = "MEMBER#";

pub(super) fn member(organization: OrganizationId, user: UserId) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{MEMBER}{user}"),
    )
}

pub(super) const INVITATION: &str = "INVITE#";

pub(super) fn invitation(organization: OrganizationId, id: InvitationId) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{INVITATION}{id}"),
    )
}

pub(super) const INVITEE: &str = "INVITEE#";
pub(super) const SENT: &str = "INVITES#";
/// All kinds of items about invitations.
pub(super) const INVITATIONS: &str = "INVITE";

pub(super) fn invited(organization: OrganizationId, whom: &str) -> Key {
    Key::new(
        organization_partition(organization),
        format!("{INVITEE}{whom}"),
    )
}

/// How many invitations an organisation or a person sent on the day of `now`.
pub(super) fn invitations_sent(partition: String, now: Timestamp) -> Key {
    let day = now.strftime("%Y-%m-%d");
    Key::new(partition, format!("{SENT}{day}"))
}

/// Whose programs: a person's or an organisation's partition.
pub(super) fn owner(owner: KeyOwner) -> String {
    match owner {
        KeyOwner::User { user_id } => user(user_id),
        KeyOwner::Organization {
            organization_id, ..
        } => organization_partition(organization_id),
    }
}

pub(super) const API_KEY: &str = "APIKEY#";
pub(super) const SERVICE_ACCOUNT: &str = "SERVICE#";

pub(super) fn program(of: KeyOwner, id: ProgramId) -> Key {
    let prefix = match id {
        ProgramId::ApiKey(_) => API_KEY,
        ProgramId::ServiceAccount(_) => SERVICE_ACCOUNT,
    };
    Key::new(owner(of), format!("{prefix}{id}"))
}

pub(super) fn program_count(of: KeyOwner) -> Key {
    Key::new(owner(of), "PROGRAMS")
}

pub(super) fn program_owner(id: ProgramId) -> Key {
    Key::new(format!("PROGRAM#{id}"), "OWNER")
}

pub(super) fn signing() -> Key {
    Key::new("SIGNING", "CURRENT")
}

pub(super) fn next_signing() -> Key {
    Key::new("SIGNING", "NEXT")
}

impl Entity for Account {
    const KIND: &'static str = "account";

    fn key(&self) -> Key {
        account(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: Some(Key::new(USERS, self.id.to_string())),
            gsi2: None,
        }
    }
}

impl Entity for Administration {
    const KIND: &'static str = "administration";

    fn key(&self) -> Key {
        administration(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn indexes(&self) -> Indexes {
        let id = self.user_id.to_string();
        let ranked = self.role > PlatformRole::User;
        Indexes {
            gsi1: ranked.then(|| Key::new(role(self.role), id.clone())),
            gsi2: (self.status() == Status::Suspended).then(|| Key::new(SUSPENDED, id)),
        }
    }
}

impl Entity for Credential {
    const KIND: &'static str = "credential";

    fn key(&self) -> Key {
        credential(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Session {
    const KIND: &'static str = "session";

    fn key(&self) -> Key {
        session(self.user_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Link {
    const KIND: &'static str = "link";

    fn key(&self) -> Key {
        link(self.user_id, self.purpose)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Factors {
    const KIND: &'static str = "factors";

    fn key(&self) -> Key {
        factors(self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Passkey {
    const KIND: &'static str = "passkey";

    fn key(&self) -> Key {
        passkey(self.user_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Challenge {
    const KIND: &'static str = "challenge";

    fn key(&self) -> Key {
        challenge(&self.token)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Identity {
    const KIND: &'static str = "identity";

    fn key(&self) -> Key {
        identity(self.user_id, self.provider)
    }
}

impl Entity for Flow {
    const KIND: &'static str = "oauth-flow";

    fn key(&self) -> Key {
        flow(&self.id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Entity for Organization {
    const KIND: &'static str = "organization";

    fn key(&self) -> Key {
        organization(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for Headcount {
    const KIND: &'static str = "headcount";

    fn key(&self) -> Key {
        headcount(self.organization_id)
    }
}

impl Entity for Member {
    const KIND: &'static str = "member";

    fn key(&self) -> Key {
        member(self.organization_id, self.user_id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        (!self.is_active()).then(|| self.since + TOMBSTONE_LIFE)
    }
}

impl Entity for Invitation {
    const KIND: &'static str = "invitation";

    fn key(&self) -> Key {
        invitation(self.organization_id, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        // Kept beyond its end, so that a late click is told what happened.
        Some(self.expires_at + CLOSED_INVITATION_LIFE)
    }
}

impl Entity for Invited {
    const KIND: &'static str = "invited";

    fn key(&self) -> Key {
        invited(self.organization_id, &self.whom)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn expires_at(&self) -> Option<Timestamp> {
        // Who invites again after a pause waits longer the next time.
        Some(self.until + PAUSES_REMEMBERED)
    }
}

impl Entity for Program {
    const KIND: &'static str = "program";

    fn key(&self) -> Key {
        program(self.owner, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Finds a program by its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ProgramOwner {
    pub(super) id: ProgramId,
    pub(super) owner: KeyOwner,
}

impl Entity for ProgramOwner {
    const KIND: &'static str = "program-owner";

    fn key(&self) -> Key {
        program_owner(self.id)
    }
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

/// Weighs as much as the event of a letter and says nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Padding {
    #[serde(skip, default = "nowhere")]
    key: Key,
    text: String,
    #[serde(skip)]
    until: Option<Timestamp>,
}

impl Padding {
    pub(super) fn new(link: &Link, text: &str) -> Self {
        Self {
            key: Key::new(user(link.user_id), "PADDING"),
            text: text.to_owned(),
            until: Some(link.expires_at),
        }
    }
}

impl Entity for Padding {
    const KIND: &'static str = "padding";

    fn key(&self) -> Key {
        self.key.clone()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}

/// An item of which only the key matters: for removing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AnyItem {
    pk: String,
    sk: String,
}

impl Entity for AnyItem {
    const KIND: &'static str = "any";

    fn key(&self) -> Key {
        Key::new(self.pk.clone(), self.sk.clone())
    }
}

/// The private key of the access tokens, sealed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecret {
    /// The key's id: its thumbprint (RFC 7638).
    pub kid: String,
    /// Counts rotations.
    pub version: u64,
    /// PKCS#8, sealed for [`Purpose::SigningKey`](crate::sealer::Purpose), base64url.
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The private key that follows, published before it signs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NextSecret {
    /// The key's id.
    pub kid: String,
    /// As [`SigningSecret::sealed`].
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When everybody who verifies tokens must have seen its public half.
    pub signs_from: Timestamp,
}

impl std::fmt::Debug for NextSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextSecret")
            .field("kid", &self.kid)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}

impl Entity for NextSecret {
    const KIND: &'static str = "next-signing-secret";

    fn key(&self) -> Key {
        next_signing()
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningSecret")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Entity for SigningSecret {
    const KIND: &'static str = "signing-secret";

    fn key(&self) -> Key {
        signing()
    }

    fn version(&self) -> u64 {
        self.version
    }
}
