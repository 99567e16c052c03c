//! OR-07, SC-07: the audit log, from the queue to the verified export.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use plenary_audit::{Break, Entry, Verified, Verifier, canonical};
use plenary_platform::audit::worker::part;
use serde_json::{Value, json};
use shared::{
    event::{
        Event,
        accounts::UserRoleChanged,
        auth::{OrganizationMemberAdded, UserLogin},
    },
    id::{OrganizationId, SessionId, UserId},
    principal::{PlatformRole, Role},
    testing::{TestUser, event},
};

use crate::health::Setup;

pub fn batch(events: &[Event]) -> SqsEvent {
    let mut batch = SqsEvent::default();
    for (at, event) in events.iter().enumerate() {
        let mut message = SqsMessage::default();
        message.message_id = Some(at.to_string());
        message.body = Some(serde_json::to_string(event).unwrap());
        batch.records.push(message);
    }
    batch
}

async fn deliver(setup: &Setup, events: &[Event]) -> usize {
    setup
        .worker
        .handle(batch(events))
        .await
        .batch_item_failures
        .len()
}

fn login(user_id: UserId, at: Timestamp) -> Event {
    let payload = UserLogin {
        user_id,
        session_id: SessionId::new(),
        timestamp: at,
    };
    Event {
        time: at,
        ..event(&payload, 1)
    }
}

fn logins(count: usize) -> Vec<Event> {
    let now = shared::testing::now();
    (0..count).map(|_| login(UserId::new(), now)).collect()
}

fn added(organization_id: OrganizationId, user_id: UserId, by: UserId) -> Event {
    let payload = OrganizationMemberAdded {
        organization_id,
        organization_name: "Rust Berlin".into(),
        user_id,
        role: Role::Organizer,
    };
    Event {
        actor: Some(by.to_string()),
        ..event(&payload, 1)
    }
}

/// The lines of a whole chain, as the operator's command reads them.
async fn lines(setup: &Setup, chain: &str) -> Vec<String> {
    let (mut lines, mut next) = (Vec::new(), Some(1));
    while let Some(from) = next {
        let part = part(&setup.audit, chain, from).await.unwrap();
        lines.extend(part.lines);
        next = part.next;
    }
    lines
}

fn verify<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Verified, Break> {
    let mut verifier = Verifier::new();
    for line in lines {
        verifier.line(line)?;
    }
    verifier.finish()
}

async fn verified(setup: &Setup, chain: &str) -> u64 {
    let lines = lines(setup, chain).await;
    let verified = verify(lines.iter().map(String::as_str)).unwrap();
    assert_eq!(verified.head.chain, chain);
    verified.head.sequence
}

async fn read(setup: &Setup, who: &TestUser, query: &str) -> Vec<Value> {
    let path = format!("/v1/audit-log?{query}");
    let reply = setup.api.get(&path).bearer(who).send().await.expect(200);
    reply.body["items"].as_array().unwrap().clone()
}

/// SC-07: an event is one entry, however often and in whatever company it comes.
#[tokio::test]
async fn sc_07_an_event_is_written_down_once() {
    let setup = Setup::start().await;
    let events = logins(3);
    let twice: Vec<Event> = events.iter().chain(&events).cloned().collect();
    assert_eq!(deliver(&setup, &twice).await, 0);
    assert_eq!(deliver(&setup, &events[1..]).await, 0);
    assert_eq!(verified(&setup, "platform").await, 3);
    let more = logins(1);
    let mixed = [events[0].clone(), more[0].clone(), events[2].clone()];
    assert_eq!(deliver(&setup, &mixed).await, 0);
    assert_eq!(verified(&setup, "platform").await, 4);
}

/// SC-07: many batches at once, duplicates among them, make one whole chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sc_07_batches_that_race_make_one_chain() {
    let setup = Setup::start().await;
    let events = logins(40);
    let batches = events
        .chunks(10)
        .chain(events.chunks(8))
        .map(<[Event]>::to_vec);
    let setup = &setup;
    let results = join_all(batches.map(|events| async move {
        let mut left = deliver(setup, &events).await;
        // As the queue would bring them again.
        while left > 0 {
            left = deliver(setup, &events).await;
        }
    }));
    results.await;
    assert_eq!(verified(setup, "platform").await, 40);
}

/// SC-07: the order is that of arrival, the time that of the event.
#[tokio::test]
async fn sc_07_late_events_keep_their_own_time() {
    let setup = Setup::start().await;
    let now = setup.world.clock.now();
    let (early, late) = (now - SignedDuration::from_hours(5), now);
    let user = UserId::new();
    deliver(&setup, &[login(user, late)]).await;
    setup.world.clock.advance(SignedDuration::from_hours(1));
    deliver(&setup, &[login(user, early)]).await;
    let admin = setup.world.platform(PlatformRole::Admin).await;
    let items = read(&setup, &admin, "").await;
    let times: Vec<&str> = items
        .iter()
        .map(|item| item["at"].as_str().unwrap())
        .collect();
    assert_eq!(times, [early.to_string(), late.to_string()]);
    assert!(items[0]["recordedAt"].as_str() > items[1]["recordedAt"].as_str());
    assert_eq!(items[0]["sequence"], 2);
}

/// XC-01: what is no event, and what nobody asked for, harm nothing.
#[tokio::test]
async fn sc_07_poison_is_reported_alone() {
    let setup = Setup::start().await;
    let mut batch = batch(&logins(3));
    batch.records[1].body = Some("{no json".into());
    let failed = setup.worker.handle(batch).await.batch_item_failures;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].item_identifier, "1");
    let mut other = logins(1);
    other[0].kind = "event.saved".into();
    assert_eq!(deliver(&setup, &other).await, 0);
    assert_eq!(verified(&setup, "platform").await, 2);
}

/// OR-07: each organisation has a chain of its own, which the platform's does not
/// show, and which others do not see.
#[tokio::test]
async fn or_07_an_organisation_reads_its_own_log() {
    let setup = Setup::start().await;
    let (org, other) = (OrganizationId::new(), OrganizationId::new());
    let owner = setup.world.member(org, Role::Owner).await;
    let stranger = setup.world.member(other, Role::Owner).await;
    let new = UserId::new();
    let mut events = vec![added(org, new, owner.id), added(other, new, stranger.id)];
    events[0].actorby = Some("key_01k3mzv8x2e9vtt3qq1h1cwf4b".to_owned());
    events.extend(logins(1));
    assert_eq!(deliver(&setup, &events).await, 0);
    let mine = format!("organizationId={org}");
    let items = read(&setup, &owner, &mine).await;
    assert_eq!(items.len(), 1);
    let entry = &items[0];
    assert_eq!(entry["action"], "organization.member.added");
    assert_eq!(entry["actor"], owner.id.to_string());
    assert_eq!(entry["actorBy"], "key_01k3mzv8x2e9vtt3qq1h1cwf4b");
    assert_eq!(
        entry["details"],
        json!({"userId": new, "role": "organizer"})
    );
    assert_eq!(entry["correlationId"], events[0].correlationid);
    assert_eq!(entry["sequence"], 1);
    let path = |query: &str| format!("/v1/audit-log?{query}");
    let hidden = setup.api.get(&path(&mine)).bearer(&stranger).send().await;
    hidden.expect(404).problem("not-found");
    for role in Role::ALL {
        let member = setup.world.member(org, *role).await;
        let status = if *role <= Role::Admin { 200 } else { 403 };
        for route in [path(&mine), format!("/v1/audit-log/export?{mine}")] {
            setup
                .api
                .get(&route)
                .bearer(&member)
                .send()
                .await
                .expect(status);
        }
    }
    // The platform's own is for its administrators, who also see the others.
    for route in [path(""), "/v1/audit-log/export".to_owned()] {
        let refused = setup.api.get(&route).bearer(&owner).send().await;
        refused.expect(403).problem("forbidden");
        setup.api.get(&route).send().await.expect(401);
    }
    let moderator = setup.world.platform(PlatformRole::Moderator).await;
    setup
        .api
        .get(&path(""))
        .bearer(&moderator)
        .send()
        .await
        .expect(403);
    let admin = setup.world.platform(PlatformRole::Admin).await;
    assert_eq!(read(&setup, &admin, "").await.len(), 1);
    assert_eq!(read(&setup, &admin, &mine).await.len(), 1);
}

/// OR-07: by actor, action and time, page by page.
#[tokio::test]
async fn or_07_entries_are_found_by_actor_action_and_time() {
    let setup = Setup::start().await;
    let (ada, bob) = (UserId::new(), UserId::new());
    let start = setup.world.clock.now();
    for hour in 0..6 {
        let at = start + SignedDuration::from_hours(hour);
        setup
            .world
            .clock
            .advance(SignedDuration::from_hours(i64::from(hour > 0)));
        let user = if hour % 2 == 0 { ada } else { bob };
        deliver(&setup, &[login(user, at)]).await;
    }
    let role = UserRoleChanged {
        user_id: bob,
        role: PlatformRole::Moderator,
        previous_role: PlatformRole::User,
        reason: Some("Because.".into()),
    };
    let role = Event {
        actor: Some(ada.to_string()),
        ..event(&role, 1)
    };
    deliver(&setup, &[role]).await;
    // Last: a token lives a quarter of an hour.
    let admin = setup.world.platform(PlatformRole::Owner).await;
    let sequences = |items: Vec<Value>| -> Vec<u64> {
        items
            .iter()
            .map(|item| item["sequence"].as_u64().unwrap())
            .collect()
    };
    let (on, by) = (&setup, &admin);
    let find = |query: String| async move { sequences(read(on, by, &query).await) };
    assert_eq!(find(String::new()).await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(find(format!("actor={ada}")).await, [7, 5, 3, 1]);
    assert_eq!(
        find(format!("actor={ada}&action=user.login")).await,
        [5, 3, 1]
    );
    assert_eq!(find("action=user.role.*".into()).await, [7]);
    assert!(find("action=user".into()).await.is_empty());
    let hour = |hour: i64| start + SignedDuration::from_hours(hour);
    let span = format!("action=user.login&from={}&to={}", hour(1), hour(4));
    assert_eq!(find(span).await, [4, 3, 2]);
    let (mut walked, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/audit-log?limit=2&actor={ada}{next}");
        let page = setup
            .api
            .get(&path)
            .bearer(&admin)
            .send()
            .await
            .expect(200)
            .body;
        walked.extend(sequences(page["items"].as_array().unwrap().clone()));
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(walked, [7, 5, 3, 1]);
    for bad in [
        "actor=x",
        "from=yesterday",
        "limit=0",
        "cursor=x",
        "organizationId=x",
    ] {
        let path = format!("/v1/audit-log?{bad}");
        let refused = setup.api.get(&path).bearer(&admin).send().await;
        refused.expect(400).problem("invalid-request");
    }
}

/// OR-07: what a rare filter does not find in 500 entries is no end of the list.
#[tokio::test]
async fn or_07_a_page_reads_a_bounded_number_of_entries() {
    let setup = Setup::start().await;
    let admin = setup.world.platform(PlatformRole::Admin).await;
    for chunk in logins(520).chunks(40) {
        assert_eq!(deliver(&setup, chunk).await, 0);
    }
    let path = "/v1/audit-log?action=none";
    let page = setup
        .api
        .get(path)
        .bearer(&admin)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(page["items"], json!([]));
    let cursor = page["nextCursor"].as_str().unwrap();
    let path = format!("{path}&cursor={cursor}");
    let page = setup
        .api
        .get(&path)
        .bearer(&admin)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(page["nextCursor"], Value::Null);
}

async fn export(setup: &Setup, who: &TestUser, query: &str) -> (String, usize) {
    let (mut text, mut parts) = (String::new(), 0);
    let mut next = Some(format!("/v1/audit-log/export?{query}"));
    while let Some(path) = next.take() {
        let reply = setup.api.get(&path).bearer(who).send().await.expect(200);
        text.push_str(&reply.text);
        parts += 1;
        next = reply
            .header("link")
            .strip_prefix('<')
            .and_then(|link| Some(link.split_once(">; rel=\"next\"")?.0.to_owned()));
    }
    (text, parts)
}

/// OR-07: the parts of an export behind one another are a chain that holds.
#[tokio::test]
async fn or_07_an_export_is_verified_and_every_tampering_with_it_noticed() {
    let setup = Setup::start().await;
    let admin = setup.world.platform(PlatformRole::Admin).await;
    deliver(&setup, &logins(7)).await;
    let (text, parts) = export(&setup, &admin, "format=ndjson&limit=3").await;
    assert_eq!(parts, 3);
    let good: Vec<&str> = text.lines().collect();
    assert_eq!(good.len(), 8);
    assert_eq!(verify(good.iter().copied()).unwrap().head.sequence, 7);
    // The same text as the operator's command reads.
    assert_eq!(good, lines(&setup, "platform").await);
    let changed = good[3].replace("user.login", "user.logout");
    let tampered: Vec<(Vec<&str>, u64)> = vec![
        ([&good[..3], &[changed.as_str()], &good[4..]].concat(), 4),
        ([&good[..3], &good[4..]].concat(), 4),
        ([&good[..3], &[good[4], good[3]], &good[5..]].concat(), 4),
        ([&good[..6], &good[7..]].concat(), 7),
        (good[..7].to_vec(), 8),
    ];
    for (lines, sequence) in tampered {
        assert_eq!(verify(lines).unwrap_err().sequence, sequence);
    }
    let first = setup
        .api
        .get("/v1/audit-log/export?limit=3")
        .bearer(&admin)
        .send()
        .await;
    let first = first.expect(200);
    assert_eq!(first.header("content-type"), "application/x-ndjson");
    let link = first.header("link").to_owned();
    let cursor = link
        .split("cursor=")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    // A cursor is good for its reader and its list.
    let other = setup.world.platform(PlatformRole::Admin).await;
    let path = format!("/v1/audit-log/export?cursor={cursor}");
    setup.api.get(&path).bearer(&other).send().await.expect(400);
}

/// OR-07: as a table, with one heading over all parts.
#[tokio::test]
async fn or_07_the_log_is_exported_as_a_table() {
    let setup = Setup::start().await;
    let admin = setup.world.platform(PlatformRole::Admin).await;
    let mut events = logins(4);
    events[2].correlationid = "=cmd|' /C calc'!A0,\"x\"".into();
    deliver(&setup, &events).await;
    let (text, parts) = export(&setup, &admin, "format=csv&limit=2").await;
    assert_eq!(parts, 2);
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 5);
    assert!(rows[0].starts_with("chain,sequence,eventId,at,"));
    assert!(rows[1].starts_with("platform,1,"));
    // What a caller wrote is not in the log, so nothing computes.
    assert!(
        rows[3].contains(",sha256:") && !text.contains("calc"),
        "{text}"
    );
    assert!(rows[0].contains(",actor,actorBy,action,"));
}

/// OR-07: an empty chain has a head too.
#[tokio::test]
async fn or_07_an_empty_log_is_a_log() {
    let setup = Setup::start().await;
    let org = OrganizationId::new();
    let owner = setup.world.member(org, Role::Owner).await;
    assert!(
        read(&setup, &owner, &format!("organizationId={org}"))
            .await
            .is_empty()
    );
    let (text, _) = export(&setup, &owner, &format!("organizationId={org}")).await;
    assert_eq!(verify(text.lines()).unwrap().head.sequence, 0);
}

/// SC-07: whoever writes the table itself is found out: what is kept is what the
/// chain was made of, and nothing in it expires.
#[tokio::test]
async fn sc_07_a_table_that_was_tampered_with_breaks_the_chain() {
    let setup = Setup::start().await;
    deliver(&setup, &logins(3)).await;
    let table = setup.audit.table();
    let items = setup.world.db.items(table).await;
    let entries: Vec<_> = items
        .iter()
        .filter(|item| {
            let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
            kind.is_some_and(|kind| kind == "audit-entry")
        })
        .collect();
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|item| !item.contains_key("ttl")));
    let put = |item: shared::table::Item| async move {
        let put = table.client().put_item().table_name(table.name());
        put.set_item(Some(item)).send().await.unwrap();
    };
    let second = entries
        .iter()
        .find(|item| item["sk"].as_s().unwrap().ends_with("02"))
        .unwrap();
    let mut forged = (*second).clone();
    let somebody = aws_sdk_dynamodb::types::AttributeValue::S(UserId::new().to_string());
    forged.insert("actor".into(), somebody);
    put(forged).await;
    let found = lines(&setup, "platform").await;
    let broken = verify(found.iter().map(String::as_str)).unwrap_err();
    assert_eq!(broken.sequence, 2);
    put((*second).clone()).await;
    assert_eq!(verified(&setup, "platform").await, 3);
    let last = entries
        .iter()
        .find(|item| item["sk"].as_s().unwrap().ends_with("03"))
        .unwrap();
    let delete = table.client().delete_item().table_name(table.name());
    let delete = delete
        .key("pk", last["pk"].clone())
        .key("sk", last["sk"].clone());
    delete.send().await.unwrap();
    let found = lines(&setup, "platform").await;
    let broken = verify(found.iter().map(String::as_str)).unwrap_err();
    assert!(broken.what.contains("ends after entry 2"), "{broken}");
}

/// OR-07: an entry weighs little, so that a part of an export stays below 6 MB.
#[tokio::test]
async fn or_07_a_part_of_an_export_fits_into_an_answer() {
    let setup = Setup::start().await;
    let mut events = logins(2);
    events[1].correlationid = "\"".repeat(128);
    deliver(&setup, &events).await;
    let lines = lines(&setup, "platform").await;
    let longest = lines.iter().map(String::len).max().unwrap();
    let part = usize::try_from(plenary_platform::audit::PAGE).unwrap();
    assert!(longest * part < 4 * 1024 * 1024, "{longest}");
    let entry: Entry = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(canonical(&entry).unwrap(), lines[0]);
}
