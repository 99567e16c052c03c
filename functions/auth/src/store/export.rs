//! What this group keeps of a person, as they get it: everything but what would
//! open something, such as hashes and secrets.

use serde_json::{Value, json};
use shared::{
    cx::Context, event::Event, objects::Objects, personal::Export, table::Query,
    worker::WorkerError,
};

use super::{Store, Subject, items};
use crate::model::{
    consent::Consent, factors::Factors, identity::Identity, passkey::Passkey, program::Program,
    session::Session,
};

impl Store {
    /// Writes this group's part of an export.
    ///
    /// # Errors
    /// Those of the table and of the bucket.
    pub async fn export_person(
        &self,
        cx: &Context,
        event: &Event,
        objects: &dyn Objects,
    ) -> Result<(), WorkerError> {
        let mut export = Export::begin("auth", event)?;
        let user = export.user();
        let mine = |prefix| {
            Query::partition(items::user(user))
                .begins_with(prefix)
                .consistent()
        };
        let subject = self.subject(user).await?;
        export.one("account", subject.as_ref().map(account))?;
        let sessions: Vec<Session> = self.table.query_all(mine(items::SESSION)).await?;
        export.list("sessions", sessions.iter().map(session))?;
        let identities = self.identities(user).await?;
        export.list("identities", identities.iter().map(identity))?;
        export.one("secondFactors", Some(factors(&self.factors(user).await?)))?;
        let passkeys = self.passkeys(user).await?;
        export.list("passkeys", passkeys.iter().map(passkey))?;
        let keys: Vec<Program> = self.table.query_all(mine(items::API_KEY)).await?;
        export.list("apiKeys", keys.iter().map(api_key))?;
        export.list("memberships", self.all_memberships(user).await?)?;
        let consents = self.consents(user).await?;
        export.list("consents", consents.iter().map(consent))?;
        export.finish(objects, &self.table, cx, event).await
    }
}

fn account(subject: &Subject) -> Value {
    let (account, record) = (&subject.account, &subject.record);
    json!({
        "id": account.id,
        "email": account.email,
        "emailVerified": account.email_verified,
        "name": account.name,
        "username": account.username,
        "company": account.company,
        "createdAt": account.created_at,
        "lastLoginAt": account.last_login_at,
        "defaultOrganizationId": account.default_organization_id,
        "passwordChangedAt": subject.credential.as_ref().map(|credential| credential.changed_at),
        "platformRole": record.role,
        "status": record.status(),
        "suspension": record.suspension,
        "externalIds": record.external_ids,
        "deletion": record.deletion,
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id,
        "createdAt": session.created_at,
        "lastSeenAt": session.last_seen_at,
        "expiresAt": session.expires_at,
        "methods": session.methods,
        "device": session.device,
        "address": session.address,
        "country": session.country,
    })
}

fn identity(identity: &Identity) -> Value {
    json!({
        "provider": identity.provider,
        "subject": identity.subject,
        "email": identity.email,
        "linkedAt": identity.linked_at,
        "usedAt": identity.used_at,
    })
}

fn factors(factors: &Factors) -> Value {
    json!({
        "authenticatorApp": factors.totp.is_some(),
        "recoveryCodes": factors.recovery.is_some(),
        "passkeys": factors.passkeys,
    })
}

fn passkey(passkey: &Passkey) -> Value {
    json!({
        "id": passkey.id,
        "name": passkey.name,
        "createdAt": passkey.created_at,
        "lastUsedAt": passkey.last_used_at,
        "transports": passkey.transports,
        "authenticator": passkey.aaguid,
        "backedUp": passkey.backed_up,
    })
}

fn api_key(key: &Program) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
    })
}

fn consent(consent: &Consent) -> Value {
    json!({"purpose": consent.purpose, "history": consent.history})
}
