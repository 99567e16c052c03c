//! What of which event goes into the log. No address, no secret and no free text:
//! entries can never be erased.

use plenary_audit::Draft;
use serde_json::{Map, Value};
use shared::digest::sha256;
use shared::event::Event;
use uuid::Uuid;

/// The chain of what happens outside organisations.
pub const PLATFORM: &str = "platform";

/// Where an event is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// In the platform's chain.
    Platform,
    /// In that of its organisation; not at all without one.
    Organization,
    /// In that of its organisation, or in the platform's if it is a person's.
    Owner,
}

/// How one type of event becomes an entry.
#[derive(Debug)]
pub struct Rule {
    /// The event's type: the entry's action.
    pub kind: &'static str,
    chain: Chain,
    /// Whether the person it is about did it, when nobody was signed in yet.
    own: bool,
    /// The members of the data that are kept.
    details: &'static [&'static str],
}

const fn account(kind: &'static str, own: bool, details: &'static [&'static str]) -> Rule {
    Rule {
        kind,
        chain: Chain::Platform,
        own,
        details,
    }
}

const fn tenant(kind: &'static str, details: &'static [&'static str]) -> Rule {
    Rule {
        kind,
        chain: Chain::Organization,
        own: false,
        details,
    }
}

const fn credential(kind: &'static str, details: &'static [&'static str]) -> Rule {
    Rule {
        kind,
        chain: Chain::Owner,
        own: true,
        details,
    }
}

/// Every type that is written down. The worker's subscription in the template
/// names the same; a test compares them.
pub const AUDITED: &[Rule] = &[
    account("user.registered", true, &[]),
    account("user.login", true, &["sessionId"]),
    account("user.logout", true, &["sessionId"]),
    account("session.revoked", false, &["userId"]),
    account("user.password.changed", true, &["by"]),
    account("user.password.reset_required", false, &["required"]),
    account("user.email.changed", true, &[]),
    account(
        "user.second_factors.changed",
        true,
        &["authenticatorApp", "passkeys"],
    ),
    account("user.identity.changed", true, &["provider", "linked"]),
    account(
        "user.consent.changed",
        true,
        &["purpose", "version", "granted"],
    ),
    account("user.suspended", false, &[]),
    account("user.reinstated", false, &[]),
    account("user.role.changed", false, &["role", "previousRole"]),
    account("user.external_ids.changed", false, &["providers"]),
    account("user.deletion.requested", true, &["operationId", "eraseAt"]),
    account("user.deletion.cancelled", true, &["operationId"]),
    account("user.deleted", true, &["operationId"]),
    account("user.export.requested", true, &["operationId"]),
    credential(
        "credential.changed",
        &["kind", "change", "userId", "role", "scopes"],
    ),
    tenant("organization.created", &["slug", "eventApproval"]),
    tenant("organization.updated", &["slug", "eventApproval"]),
    tenant("organization.deleted", &[]),
    tenant("organization.member.added", &["userId", "role"]),
    tenant("organization.member.changed", &["userId", "role"]),
    tenant("organization.member.removed", &["userId"]),
    tenant("organization.invitation.created", &["userId", "role"]),
    tenant("organization.invitation.accepted", &["userId", "role"]),
    tenant("organization.invitation.revoked", &[]),
    tenant("organization.invitation.declined", &[]),
    tenant("event.created", &[]),
    tenant("event.submitted", &[]),
    tenant("event.approved", &[]),
    tenant("event.rejected", &[]),
    tenant("event.published", &[]),
    tenant("event.cancelled", &[]),
    tenant("event.deleted", &[]),
];

/// The types that are not written down, and why: a new type is in one list or
/// the other, or a test fails.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "auth.mail.requested",
        "a letter; what it is about has an event",
    ),
    (
        "user.contact.changed",
        "an address; user.email.changed says that it changed",
    ),
    ("user.profile.updated", "what people say of themselves"),
    (
        "user.export.completed",
        "it follows from user.export.requested",
    ),
    ("saga.step.completed", "the operation holds it"),
    ("connection.accepted", "between two people"),
    ("connection.removed", "between two people"),
    ("event.updated", "content, not rights"),
    ("venue.updated", "content, not rights"),
    ("event.change.noticed", "it follows from another's"),
    ("event.recommendations.welcome", "it follows from another's"),
    ("event.completed", "time passed"),
    ("event.saved", "a person's own taste"),
    ("event.unsaved", "a person's own taste"),
    ("event.admission.updated", "content, not rights"),
    ("event.feedback.given", "an attendee's own act"),
    ("event.registration.offered", "it follows from another's"),
    (
        "event.registration.transfer.offered",
        "an attendee's own act",
    ),
    (
        "event.registration.answers.shared",
        "an attendee's own answers",
    ),
    (
        "event.guest.noticed",
        "a letter; what it tells has an event",
    ),
    ("event.registration.created", "an attendee's own act"),
    ("event.registration.cancelled", "an attendee's own act"),
    ("event.registration.promoted", "it follows from another's"),
    (
        "event.registration.checked_in",
        "the registration itself holds it",
    ),
    (
        "event.registration.check_in.undone",
        "the scans hold it, with who and why",
    ),
    ("matchmaking.run.requested", "it changes no right"),
    ("media.uploaded", "content, not rights"),
    ("media.processed", "content, not rights"),
    ("media.deleted", "content, not rights"),
    (
        "notification.created",
        "it tells of something that has an event",
    ),
    (
        "notification.delivered",
        "it tells of something that has an event",
    ),
    (
        "notification.failed",
        "it tells of something that has an event",
    ),
];

/// The chain of an event and what is written down of it; nothing for types that
/// are left out, and for what concerns no organisation.
pub fn draft(event: &Event) -> Option<(String, Draft)> {
    let rule = AUDITED.iter().find(|rule| rule.kind == event.kind)?;
    let text = |pointer: &str| event.data.pointer(pointer)?.as_str().map(str::to_owned);
    let organization_id = text("/organizationId").or_else(|| text("/event/organizationId"));
    let chain = match rule.chain {
        Chain::Platform => PLATFORM.to_owned(),
        Chain::Organization => organization_id.clone()?,
        Chain::Owner => organization_id
            .clone()
            .unwrap_or_else(|| PLATFORM.to_owned()),
    };
    let own = || text("/userId").filter(|_| rule.own);
    let details: Map<String, Value> = rule
        .details
        .iter()
        .filter_map(|name| {
            let value = event.data.get(name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        })
        .collect();
    let draft = Draft {
        event_id: event.id.to_string(),
        at: event.time,
        actor: event.actor.clone().or_else(own),
        actor_by: event.actorby.clone(),
        action: event.kind.clone(),
        subject: event.subject.clone(),
        organization_id,
        correlation_id: correlation_id(&event.correlationid),
        details,
    };
    Some((chain, draft))
}

/// The id as it is if it is one of ours; a caller's own text by its hash, so
/// that it still binds what one request set off.
fn correlation_id(id: &str) -> String {
    let own = Uuid::try_parse(id).is_ok_and(|uuid| uuid.to_string() == id);
    if own {
        id.to_owned()
    } else {
        format!("sha256:{}", sha256(&[id.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::event::CATALOGUE;

    use super::*;

    fn sample(kind: &str) -> Event {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/contracts");
        let text = std::fs::read_to_string(format!("{folder}/{kind}.v1.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn sc_07_every_type_of_event_is_written_down_or_left_out_for_a_reason() {
        let known: BTreeSet<&str> = CATALOGUE.iter().map(|published| published.kind).collect();
        let mut listed: Vec<&str> = AUDITED.iter().map(|rule| rule.kind).collect();
        listed.extend(LEFT_OUT.iter().map(|(kind, _)| *kind));
        let count = listed.len();
        let listed: BTreeSet<&str> = listed.into_iter().collect();
        assert_eq!(listed.len(), count, "a type is listed twice");
        assert_eq!(listed, known);
        assert!(LEFT_OUT.iter().all(|(_, why)| why.len() > 10));
    }

    /// The subscription in the template is held to the rules.
    #[test]
    fn sc_07_the_worker_hears_what_the_rules_name() {
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
        let text = std::fs::read_to_string(template).unwrap();
        let at = text.find("  PlatformWorkerSubscription:").unwrap();
        let heard: BTreeSet<&str> = text[at..]
            .lines()
            .skip_while(|line| line.trim() != "type:")
            .skip(1)
            .map_while(|line| line.trim().strip_prefix("- "))
            .collect();
        let wanted: BTreeSet<&str> = AUDITED.iter().map(|rule| rule.kind).collect();
        assert_eq!(heard, wanted);
    }

    /// Of the samples of all contracts: nothing that identifies a person beside
    /// ids, nothing that opens anything, nothing that somebody wrote.
    #[test]
    fn sc_07_no_address_no_secret_and_no_free_text_is_written_down() {
        for rule in AUDITED {
            let event = sample(rule.kind);
            let Some((_, draft)) = draft(&event) else {
                panic!("{} becomes no entry", rule.kind);
            };
            for member in [
                "email",
                "sealedToken",
                "reason",
                "title",
                "description",
                "name",
            ] {
                assert!(!draft.details.contains_key(member), "{}", rule.kind);
            }
            let text = format!("{draft:?}");
            assert!(!text.contains('@'), "{text}");
            assert!(draft.actor.is_some(), "{} has no actor", rule.kind);
        }
    }

    /// A correlation id can be a caller's own text, up to 128 characters.
    #[test]
    fn sc_07_a_correlation_id_that_a_caller_wrote_is_kept_by_its_hash() {
        let kept = |id: &str| {
            let mut event = sample("user.login");
            event.correlationid = id.to_owned();
            draft(&event).unwrap().1.correlation_id
        };
        let ours = "01991234-5678-7000-8000-000000000001";
        assert_eq!(kept(ours), ours);
        for text in [
            "ada@example.org",
            "URN:uuid:01991234-5678-7000-8000-000000000001",
            "",
        ] {
            let hashed = kept(text);
            assert!(
                hashed.starts_with("sha256:") && hashed.len() == 50,
                "{hashed}"
            );
            assert_eq!(hashed, kept(text));
        }
    }

    /// What a key did is told from what its person did.
    #[test]
    fn or_07_the_key_by_which_somebody_acted_is_written_down() {
        let mut event = sample("organization.updated");
        assert_eq!(draft(&event).unwrap().1.actor_by, None);
        event.actorby = Some("key_01k3mzv8x2e9vtt3qq1h1cwf4b".to_owned());
        assert_eq!(draft(&event).unwrap().1.actor_by, event.actorby);
    }

    #[test]
    fn or_07_what_concerns_an_organisation_is_in_its_chain() {
        let event = sample("organization.member.changed");
        let (chain, kept) = draft(&event).unwrap();
        assert_eq!(Some(&chain), kept.organization_id.as_ref());
        assert_eq!(chain, event.data["organizationId"]);
        assert_eq!(kept.details["role"], event.data["role"]);
        let published = sample("event.published");
        let (chain, _) = draft(&published).unwrap();
        assert_eq!(chain, published.data["event"]["organizationId"]);
        // A person's own event is nobody else's business.
        let mut own = published;
        own.data["event"]
            .as_object_mut()
            .unwrap()
            .remove("organizationId");
        assert_eq!(draft(&own), None);
        let mut key = sample("credential.changed");
        assert_eq!(draft(&key).unwrap().0, key.data["organizationId"]);
        key.data.as_object_mut().unwrap().remove("organizationId");
        assert_eq!(draft(&key).unwrap().0, PLATFORM);
        assert_eq!(draft(&sample("user.login")).unwrap().0, PLATFORM);
    }

    /// Who signs in is not signed in yet, but it is they who do it; a session
    /// that the service revoked has nobody.
    #[test]
    fn sc_07_who_acts_on_themselves_is_the_actor() {
        let mut login = sample("user.login");
        login.actor = None;
        let (_, kept) = draft(&login).unwrap();
        assert_eq!(kept.actor.as_deref(), login.data["userId"].as_str());
        let mut revoked = sample("session.revoked");
        revoked.actor = None;
        assert_eq!(draft(&revoked).unwrap().1.actor, None);
    }
}
