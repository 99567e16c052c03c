//! The unhappy side: tokens, tenants, keys.

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::json;
use shared::Timestamp;
use shared::clock::Clock;
use shared::digest;
use shared::id::{SessionId, UserId};
use shared::token::{Claims, Signer};

use crate::stack::{Stack, draft, eventually, send, somewhere, text};

/// GW-23: without, tampered and malformed tokens, on every group.
#[tokio::test]
async fn gw_23_no_token_and_tampered_tokens() {
    let stack = Stack::up();
    let person = stack.person("tom").await;
    let mut tampered = person.token.clone();
    let middle = tampered.len() / 2;
    let other = if tampered.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    tampered.replace_range(middle..=middle, other);
    for path in [
        "/v1/auth/sessions",
        "/v1/users/me",
        "/v1/organizations",
        "/v1/events/saved",
        "/v1/matchmaking/profile",
        "/v1/notifications",
        "/v1/media/media_01h2xcejqtf2nbrexx3vqjhp41",
    ] {
        let bare = stack.get(path).await.expect(401).problem("unauthenticated");
        assert_eq!(
            bare.header("www-authenticate"),
            "Bearer realm=\"plenary\"",
            "{path}"
        );
        for token in [tampered.as_str(), "nonsense", "a.b.c"] {
            let request = stack
                .request(&somewhere(), Method::GET, path)
                .bearer_auth(token);
            let answer = send(request).await.expect(401);
            assert!(
                answer
                    .header("www-authenticate")
                    .contains("error=\"invalid_token\""),
                "{path}"
            );
        }
    }
}

/// AU-08, AU-09: a token signed by our own key, but too old.
#[tokio::test]
async fn au_09_an_expired_token() {
    let stack = Stack::up();
    // The first token makes the key.
    let person = stack.person("otto").await;
    let signer = stack.signer().await;
    let now = Clock::system().now().as_second();
    let token = |exp: i64| {
        let claims = Claims {
            iss: stack.issuer(),
            aud: stack.issuer(),
            sub: person.id.parse::<UserId>().unwrap().into(),
            sid: SessionId::new(),
            org: None,
            scope: String::new(),
            jti: "e2e".into(),
            client_id: "plenary".into(),
            iat: exp - 900,
            exp,
        };
        signer.sign(&claims).unwrap()
    };
    let ask = |token: String| {
        send(
            stack
                .request(&somewhere(), Method::GET, "/v1/events/saved")
                .bearer_auth(token),
        )
    };
    ask(token(now + 60)).await.expect(200);
    let answer = ask(token(now - 1)).await.expect(401);
    assert!(answer.header("www-authenticate").contains("expired"));
}

/// AU-06, AU-10: signed out is signed out everywhere within five seconds.
#[tokio::test]
async fn au_10_a_revoked_token_is_refused_by_every_group() {
    let stack = Stack::up();
    let person = stack.person("rita").await;
    for path in ["/v1/events/saved", "/v1/notifications", "/v1/users/me"] {
        person.get(path).await.expect(200);
    }
    let began = Timestamp::from_millisecond(Clock::system().now().as_millisecond()).unwrap();
    person.post("/v1/auth/logout", &json!({})).await.expect(204);
    for path in ["/v1/events/saved", "/v1/notifications", "/v1/users/me"] {
        eventually("the revocation", || async {
            (person.get(path).await.status == 401).then_some(())
        })
        .await;
    }
    let took = Clock::system().now().duration_since(began);
    assert!(took.as_secs() < 5, "{took}");
    let refresh = json!({"refreshToken": person.refresh});
    let request = stack
        .request(&somewhere(), Method::POST, "/v1/auth/refresh")
        .json(&refresh);
    send(request).await.expect(401);
}

/// OR-04, SC-06: another tenant sees nothing and changes nothing.
#[tokio::test]
async fn or_04_the_other_tenant() {
    let stack = Stack::up();
    let (owner, other) = (stack.person("ines").await, stack.person("otis").await);
    let org = json!({"name": "Inside", "slug": format!("in-{}", &owner.id[20..])});
    let org = owner.post("/v1/organizations", &org).await.expect(201).body;
    let org_path = format!("/v1/organizations/{}", text(&org, "id"));
    let event = draft(json!({"organizationId": org["id"]}));
    let event = eventually("the owner's role reaches events", || async {
        let answer = owner.post("/v1/events", &event).await;
        (answer.status == 201).then_some(answer.body)
    })
    .await;
    let path = format!("/v1/events/{}", text(&event, "id"));
    for (method, path) in [
        (Method::GET, org_path.clone()),
        (Method::DELETE, org_path.clone()),
        (Method::GET, format!("{org_path}/members")),
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/submit")),
        (Method::POST, format!("{path}/publish")),
        (Method::POST, format!("{path}/registrations")),
        (Method::GET, format!("{path}/registrations")),
    ] {
        send(other.request(method.clone(), &path)).await.expect(404);
    }
    let intrude = json!({"userId": other.id, "role": "owner"});
    other
        .post(&format!("{org_path}/members"), &intrude)
        .await
        .expect(404);
    owner.get(&path).await.expect(200);
}

/// XC-05, EV-10: one key is one effect; another body is refused; another
/// person's same key is another request.
#[tokio::test]
async fn xc_05_duplicate_keys() {
    let stack = Stack::up();
    let (person, other) = (stack.person("kim").await, stack.person("kai").await);
    let body = draft(json!({}));
    let first = person.keyed("/v1/events", "same", &body).await.expect(201);
    let again = person.keyed("/v1/events", "same", &body).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let changed = draft(json!({"title": "Another"}));
    person
        .keyed("/v1/events", "same", &changed)
        .await
        .expect(422)
        .problem("idempotency-key-reused");
    let others = other.keyed("/v1/events", "same", &body).await.expect(201);
    assert_ne!(others.body["id"], first.body["id"]);
}

/// GW-06, B1-10: anonymous routes are limited per address, whatever account they
/// name, and say so.
#[tokio::test]
async fn gw_06_a_flood_of_sign_ins_is_stopped() {
    let stack = Stack::up();
    let client = somewhere();
    let body = |who: usize| json!({"email": format!("nobody{who}@example.org"), "password": "wrong wrong wrong"});
    let mut last = None;
    for who in 0..120 {
        let answer = send(
            stack
                .request(&client, Method::POST, "/v1/auth/login")
                .json(&body(who)),
        )
        .await;
        let status = answer.status.as_u16();
        assert!(
            answer
                .header("ratelimit-policy")
                .contains("\"ip-auth\";q=100;w=900")
        );
        last = Some(answer);
        if status == 429 {
            break;
        }
        assert_eq!(status, 401);
    }
    let stopped = last.unwrap().expect(429).problem("quota-exceeded");
    assert!(
        stopped
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|after| after >= 1)
    );
    assert_eq!(stopped.body["detail"], "Too many requests from this IP.");
    send(
        stack
            .request(&somewhere(), Method::POST, "/v1/auth/login")
            .json(&body(0)),
    )
    .await
    .expect(401);
}

impl Stack {
    fn issuer(&self) -> String {
        self.url.clone()
    }

    /// The stack's own signing key, by the administrator's rights.
    async fn signer(&self) -> Signer {
        let aws = self.aws();
        let table = self.outputs["tables"]["auth"].as_str().unwrap();
        let item = aws
            .dynamodb()
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S("SIGNING".into()))
            .key("sk", AttributeValue::S("CURRENT".into()))
            .send()
            .await
            .unwrap()
            .item
            .expect("there is a signing key");
        let text = |name: &str| item[name].as_s().unwrap().clone();
        let kms = aws_sdk_kms::Client::from_conf(shared::client_config!(aws_sdk_kms, &aws).build());
        let sealed = digest::from_base64url(&text("sealed")).unwrap();
        let opened = kms
            .decrypt()
            .ciphertext_blob(aws_sdk_kms::primitives::Blob::new(sealed))
            .encryption_context("purpose", "signing-key")
            .send()
            .await
            .unwrap();
        Signer::new(text("kid"), opened.plaintext.unwrap().as_ref())
    }

    /// The administrator's clients.
    pub fn aws(&self) -> shared::aws::Aws {
        let credentials =
            aws_credential_types::Credentials::new("local", "local", None, None, "test");
        let endpoint = self.outputs["awsEndpointUrl"].as_str().map(str::to_owned);
        shared::aws::Aws::new("us-east-1".into(), endpoint, credentials)
    }
}
