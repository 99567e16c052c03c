//! AU-26, AU-27, AU-33: accounts in the hands of administrators.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures::future::join;
use plenary_auth::worker::Disobedience;
use serde_json::{Value, json};
use shared::{
    event::Event,
    testing::{TestReply, cx},
};

use crate::support::{Person, Stack};

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

pub async fn deliver(stack: &Stack, events: &[Event]) -> usize {
    let response = stack.worker().handle(batch(events)).await;
    response.batch_item_failures.len()
}

pub async fn last(stack: &Stack, kind: &str) -> Event {
    let told = stack.world.outbox(stack.world.table()).await;
    told.into_iter().rfind(|event| event.kind == kind).unwrap()
}

/// An owner of the platform, as an operator makes the first one.
pub async fn owner(stack: &Stack, name: &str) -> Person {
    let person = stack.person(name).await;
    stack.prove(&person).await;
    stack
        .worker()
        .make_owner(&cx(), &person.email)
        .await
        .unwrap();
    person
}

async fn with_role(stack: &Stack, by: &Person, role: &str) -> Person {
    let person = stack.person(&format!("{role}-{}", uuid())).await;
    decide(stack, by, &person, json!({"role": role}))
        .await
        .expect(200);
    person
}

fn uuid() -> shared::id::UserId {
    shared::id::UserId::new()
}

pub async fn decide(stack: &Stack, by: &Person, about: &Person, change: Value) -> TestReply {
    stack
        .api
        .patch(&format!("/v1/auth/users/{}", about.id))
        .token(&by.access)
        .json(change)
        .send()
        .await
}

async fn list(stack: &Stack, by: &Person, query: &str) -> Vec<String> {
    let reply = stack.get(&format!("/v1/auth/users?{query}"), by).await;
    let items = reply.expect(200).body["items"].clone();
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

pub async fn login(stack: &Stack, person: &Person, password: &str) -> TestReply {
    let body = json!({"email": person.email, "password": password});
    stack.api.post("/v1/auth/login").json(body).send().await
}

/// AU-33: the first owner needs an account whose address is proved; doing it
/// again changes nothing.
#[tokio::test]
async fn au_33_the_first_owner_comes_by_the_operators_command_once() {
    let stack = Stack::new().await;
    let ada = stack.person("ada").await;
    let worker = stack.worker();
    let make = |email: String| {
        let worker = worker.clone();
        async move { worker.make_owner(&cx(), &email).await }
    };
    assert!(matches!(
        make("x".into()).await,
        Err(Disobedience::Malformed)
    ));
    let unknown = make("who@example.org".into()).await;
    assert!(matches!(unknown, Err(Disobedience::Unknown)));
    // Whoever registers first with somebody's address is not them.
    let early = make(ada.email.clone()).await;
    assert!(matches!(early, Err(Disobedience::Unverified)));
    stack.get("/v1/auth/users", &ada).await.expect(403);
    stack.prove(&ada).await;
    let first = make(ada.email.to_uppercase()).await.unwrap();
    assert_eq!((first.user_id, first.changed), (ada.id, true));
    let again = make(ada.email.clone()).await.unwrap();
    assert!(!again.changed);
    assert_eq!(list(&stack, &ada, "").await, [ada.id.to_string()]);
    let told = stack.event_types().await;
    let told = told.iter().filter(|kind| *kind == "user.role.changed");
    assert_eq!(told.count(), 1);
    let event = last(&stack, "user.role.changed").await;
    assert_eq!(event.actor, None);
    let wanted = json!({"userId": ada.id, "role": "owner", "previousRole": "user"});
    assert_eq!(event.data, wanted);
}

/// AU-33: an operator can let an owner in again who was suspended.
#[tokio::test]
async fn au_33_the_command_lifts_a_suspension() {
    let stack = Stack::new().await;
    let (ada, bob) = (owner(&stack, "ada").await, owner(&stack, "bob").await);
    let reason = json!({"status": "suspended", "reason": "A quarrel."});
    decide(&stack, &ada, &bob, reason).await.expect(200);
    stack.get("/v1/users/me", &bob).await.expect(401);
    assert!(
        stack
            .worker()
            .make_owner(&cx(), &bob.email)
            .await
            .unwrap()
            .changed
    );
    last(&stack, "user.reinstated").await;
    let bob = json!({"status": "active", "role": "owner"});
    let found = stack
        .get("/v1/auth/users?email=bob@example.org", &ada)
        .await;
    let found = &found.expect(200).body["items"][0];
    assert_eq!(
        json!({"status": found["status"], "role": found["role"]}),
        bob
    );
}

#[tokio::test]
async fn au_33_accounts_are_found_by_address_role_status_and_page() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let admin = with_role(&stack, &ada, "admin").await;
    let moderator = with_role(&stack, &ada, "moderator").await;
    let mut plain = Vec::new();
    for name in ["eve", "finn", "gus"] {
        plain.push(stack.person(name).await);
    }
    let spam = json!({"status": "suspended", "reason": "Spam."});
    decide(&stack, &admin, &plain[0], spam).await.expect(200);
    let id = |person: &Person| person.id.to_string();
    let all = [&plain[2], &plain[1], &plain[0], &moderator, &admin, &ada].map(id);
    assert_eq!(list(&stack, &admin, "").await, all);
    assert_eq!(
        list(&stack, &admin, "email=FINN@example.org").await,
        [id(&plain[1])]
    );
    assert!(
        list(&stack, &admin, "email=no@example.org")
            .await
            .is_empty()
    );
    assert_eq!(list(&stack, &admin, "role=admin").await, [id(&admin)]);
    assert_eq!(list(&stack, &admin, "role=owner").await, [id(&ada)]);
    assert_eq!(
        list(&stack, &admin, "status=suspended").await,
        [id(&plain[0])]
    );
    assert!(
        list(&stack, &admin, "role=moderator&status=suspended")
            .await
            .is_empty()
    );
    assert_eq!(
        list(&stack, &admin, "role=user&status=active").await,
        [id(&plain[2]), id(&plain[1])]
    );
    let mut walked = Vec::new();
    let mut next = String::new();
    loop {
        let page = stack
            .get(&format!("/v1/auth/users?limit=4{next}"), &admin)
            .await;
        let page = page.expect(200).body;
        let items = page["items"].as_array().unwrap();
        walked.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(walked, all);
    for bad in [
        "email=x",
        "externalId=x",
        "role=king",
        "status=x",
        "limit=0",
        "cursor=x",
    ] {
        stack
            .get(&format!("/v1/auth/users?{bad}"), &admin)
            .await
            .expect(400)
            .problem("invalid-request");
    }
    // What hashes passwords is nobody's to read.
    let everything = stack.get("/v1/auth/users", &admin).await.text;
    assert!(!everything.contains("argon2") && !everything.contains("hash"));
}

/// AU-26, AU-33: whoever is no administrator, and what even they may not.
#[tokio::test]
async fn au_33_only_administrators_decide_and_only_owners_about_administrators() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let admin = with_role(&stack, &ada, "admin").await;
    let moderator = with_role(&stack, &ada, "moderator").await;
    let eve = stack.person("eve").await;
    let path = format!("/v1/auth/users/{}", eve.id);
    for person in [&moderator, &eve] {
        stack
            .get("/v1/auth/users", person)
            .await
            .expect(403)
            .problem("forbidden");
        stack
            .get(&path, person)
            .await
            .expect(403)
            .problem("forbidden");
        decide(&stack, person, &eve, json!({"role": "admin"}))
            .await
            .expect(403);
    }
    for change in [json!({"role": "admin"}), json!({"role": "owner"})] {
        decide(&stack, &admin, &eve, change)
            .await
            .expect(403)
            .problem("forbidden");
    }
    for change in [
        json!({"role": "user"}),
        json!({"status": "suspended", "reason": "x"}),
        json!({"passwordResetRequired": true}),
        json!({"externalIds": [{"provider": "firebase", "id": "x"}]}),
    ] {
        decide(&stack, &admin, &ada, change.clone())
            .await
            .expect(403);
        decide(&stack, &moderator, &admin, change).await.expect(403);
    }
    // Nobody locks themselves out.
    for change in [
        json!({"role": "user"}),
        json!({"status": "suspended", "reason": "x"}),
        json!({"passwordResetRequired": true}),
    ] {
        decide(&stack, &ada, &ada, change)
            .await
            .expect(403)
            .problem("forbidden");
    }
    let before = stack.event_types().await.len();
    decide(&stack, &ada, &eve, json!({})).await.expect(200);
    assert_eq!(stack.event_types().await.len(), before);
    let nobody = Person {
        id: uuid(),
        ..eve.clone()
    };
    decide(&stack, &ada, &nobody, json!({"role": "admin"}))
        .await
        .expect(404);
    for (change, pointer) in [
        (json!({"role": "king"}), "/role"),
        (json!({"status": "suspended"}), "/reason"),
        (json!({"status": "suspended", "reason": " "}), "/reason"),
        (json!({"colour": 1}), "/colour"),
        (
            json!({"externalIds": [{"provider": "F!", "id": "x"}]}),
            "/externalIds/0",
        ),
        (
            json!({"externalIds": [{"provider": "f", "id": "x"}, {"provider": "f", "id": "y"}]}),
            "/externalIds/1",
        ),
    ] {
        let refused = decide(&stack, &ada, &eve, change).await.expect(400);
        assert_eq!(
            refused.body["errors"][0]["pointer"], pointer,
            "{}",
            refused.text
        );
    }
    assert_eq!(stack.event_types().await.len(), before);
}

/// AU-33: of two owners who demote each other at the same moment, one is left.
#[tokio::test]
async fn au_33_two_owners_who_demote_each_other_leave_one() {
    let stack = Stack::new().await;
    let (ada, bob) = (owner(&stack, "ada").await, owner(&stack, "bob").await);
    let demote = json!({"role": "user"});
    let (one, other) = join(
        decide(&stack, &ada, &bob, demote.clone()),
        decide(&stack, &bob, &ada, demote),
    )
    .await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403], "{} {}", one.text, other.text);
    let left = if one.status == 200 { &ada } else { &bob };
    assert_eq!(
        list(&stack, left, "role=owner").await,
        [left.id.to_string()]
    );
}

/// AU-27: an identity elsewhere belongs to one account, also when two are given
/// it at the same moment.
#[tokio::test]
async fn au_27_an_external_id_belongs_to_one_account() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let (eve, finn) = (stack.person("eve").await, stack.person("finn").await);
    let ids = |id: &str| json!({"externalIds": [{"provider": "firebase", "id": id}]});
    let view = decide(&stack, &ada, &eve, ids("uid-1"))
        .await
        .expect(200)
        .body;
    assert_eq!(view["externalIds"], ids("uid-1")["externalIds"]);
    let found = list(&stack, &ada, "externalId=firebase:uid-1").await;
    assert_eq!(found, [eve.id.to_string()]);
    let taken = decide(&stack, &ada, &finn, ids("uid-1")).await.expect(409);
    let taken = taken.problem("external-id-taken");
    assert_eq!(taken.body["errors"][0]["pointer"], "/externalIds/0");
    // Another provider's identity of the same name is another identity.
    let google = json!({"externalIds": [{"provider": "google", "id": "uid-1"}]});
    decide(&stack, &ada, &finn, google).await.expect(200);
    // One that is given up is free.
    decide(&stack, &ada, &eve, ids("uid-2")).await.expect(200);
    assert!(
        list(&stack, &ada, "externalId=firebase:uid-1")
            .await
            .is_empty()
    );
    decide(&stack, &ada, &finn, ids("uid-1")).await.expect(200);
    let (one, other) = join(
        decide(&stack, &ada, &eve, ids("uid-3")),
        decide(&stack, &ada, &finn, ids("uid-3")),
    )
    .await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(
        list(&stack, &ada, "externalId=firebase:uid-3").await.len(),
        1
    );
    let event = last(&stack, "user.external_ids.changed").await;
    assert_eq!(event.data["providers"], json!(["firebase"]));
    assert!(!event.data.to_string().contains("uid-"));
}

/// AU-33, XC-05: a repeated decision is one decision.
#[tokio::test]
async fn au_33_a_key_belongs_to_one_decision() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let eve = stack.person("eve").await;
    let send = || {
        let path = format!("/v1/auth/users/{}", eve.id);
        let body = json!({"role": "moderator"});
        stack
            .api
            .patch(&path)
            .token(&ada.access)
            .key("k")
            .json(body)
            .send()
    };
    let first = send().await.expect(200);
    let again = send().await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let told = stack.event_types().await;
    let told = told.iter().filter(|kind| *kind == "user.role.changed");
    // Ada's own and this one.
    assert_eq!(told.count(), 2);
}
