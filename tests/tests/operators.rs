//! What operators do by invoking functions themselves, on the deployed stack.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::clock::Clock;
use shared::token::key_id;

use crate::stack::{Stack, eventually, send, somewhere, text};

/// One route of each group that looks at tokens.
const EVERYWHERE: [&str; 5] = [
    "/v1/users/me",
    "/v1/events/saved",
    "/v1/matchmaking/profile",
    "/v1/notifications",
    "/v1/media/media_01h2xcejqtf2nbrexx3vqjhp41",
];

/// AU-33: as `cargo xtask owner` does it. Whoever did not prove the address, or
/// has no account, is refused in a sentence, and nothing is counted as a failure.
#[tokio::test]
async fn au_33_an_operator_makes_the_first_owner() {
    let stack = Stack::up();
    let (ada, other) = (stack.person("ada").await, stack.person("otto").await);
    let worker = stack.function("authWorkerFunction");
    let make = async |email: &str| {
        let command = json!({"owner": {"email": email}});
        stack.invoke(worker, &command).await
    };
    let early = make(&ada.email).await;
    let why = "the address is not verified yet: use the link that was mailed to it first";
    assert_eq!(early, json!({"refused": why}));
    let unknown = make(&format!("nobody-{}", ada.email)).await;
    let why = "no account has this address: register it first";
    assert_eq!(unknown, json!({"refused": why}));
    let malformed = make("nobody").await;
    assert_eq!(malformed, json!({"refused": "this is no e-mail address"}));
    ada.get("/v1/auth/users")
        .await
        .expect(403)
        .problem("forbidden");

    let token = json!({"token": stack.mailed(&ada, "/v1/auth/verify-email#").await});
    // On her session: without it, it would end as somebody else's.
    let verify = ada.post("/v1/auth/verify-email", &token).await;
    verify.expect(204);
    let first = make(&ada.email).await;
    assert_eq!(first, json!({"userId": ada.id, "changed": true}));
    let again = make(&ada.email).await;
    assert_eq!(again, json!({"userId": ada.id, "changed": false}));

    let search = format!("/v1/auth/users?email={}", other.email);
    let found = ada.get(&search).await.expect(200).body;
    assert_eq!(found["items"][0]["id"], other.id.as_str());
    let own = ada.get(&format!("/v1/auth/users/{}", ada.id)).await;
    assert_eq!(own.expect(200).body["role"], "owner");
    ada.get("/v1/audit-log?limit=1").await.expect(200);
    for path in ["/v1/auth/users", search.as_str(), "/v1/audit-log"] {
        other.get(path).await.expect(403).problem("forbidden");
    }
}

/// B1-13, AU-08: as `cargo xtask rotate-keys` does it, and no other test notices.
/// The wait of ten minutes between its steps is cut short in the table.
#[tokio::test]
async fn b1_13_the_signing_key_is_rotated_while_everybody_works() {
    let stack = Stack::up();
    let person = stack.person("rita").await;
    let old = key_id(&person.token).unwrap();
    let function = stack
        .function("authWorkerFunction")
        .replace("-worker", "-api");
    let command = json!({"rotateSigningKey": {"immediately": false}});
    let rotation = stack.invoke(&function, &command).await;
    let new = text(&rotation, "kid").to_owned();
    // On a stack that was tested a moment ago, the key is new already.
    if rotation["state"] == "published" {
        assert_ne!(new, old);
        let again = stack.invoke(&function, &command).await;
        assert_eq!(again, rotation, "the command again is no second rotation");
        // Published first, and signed with later.
        assert_eq!(stack.published(&[&old, &new]).await, 2);
        assert_eq!(key_id(&stack.login(&person).await).unwrap(), old);
        stack.hasten().await;
    }
    let signed = stack.signed_by(&person, &new).await;
    // What the old key signed stays good, and is as good as what the new one signs.
    assert_eq!(stack.published(&[&old, &new]).await, 2);
    for path in EVERYWHERE {
        for token in [&person.token, &signed] {
            let request = stack.request(&somewhere(), reqwest::Method::GET, path);
            let status = send(request.bearer_auth(token)).await.status.as_u16();
            assert!([200, 404].contains(&status), "{path}: {status}");
        }
    }
    let body = json!({"refreshToken": person.refresh});
    let refresh = stack.request(&somewhere(), reqwest::Method::POST, "/v1/auth/refresh");
    let refreshed = send(refresh.json(&body)).await.expect(200).body;
    assert!(refreshed["accessToken"].is_string());
}

impl Stack {
    /// How many of these keys the published set has, once a kept copy is over.
    async fn published(&self, kids: &[&str]) -> usize {
        eventually("the key set", || async {
            let set = self.get("/.well-known/jwks.json").await.expect(200).body;
            let keys = set["keys"].as_array()?;
            let known = |kid: &&&str| keys.iter().any(|key| key["kid"] == **kid);
            let found = kids.iter().filter(known).count();
            (found == kids.len()).then_some(found)
        })
        .await
    }

    /// As if the ten minutes were over in which everybody reads the key set.
    async fn hasten(&self) {
        let now = Clock::system().now();
        let past = AttributeValue::S(now.to_string());
        let aws = self.aws();
        let update = aws.dynamodb().update_item();
        update
            .table_name(self.outputs["tables"]["auth"].as_str().unwrap())
            .key("pk", AttributeValue::S("SIGNING".into()))
            .key("sk", AttributeValue::S("NEXT".into()))
            .update_expression("SET signsFrom = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", past)
            .send()
            .await
            .unwrap();
    }

    /// A token by a key: every instance looks for a new one once a minute.
    async fn signed_by(&self, person: &crate::stack::Person, kid: &str) -> String {
        let began = Instant::now();
        loop {
            let token = self.login(person).await;
            if key_id(&token).unwrap() == kid {
                return token;
            }
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "{kid} does not sign"
            );
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}
