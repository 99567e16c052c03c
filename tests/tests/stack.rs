//! The running stack as a client sees it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long the bus may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two questions: a person may ask a hundred times a minute.
const PAUSE: Duration = Duration::from_millis(700);
pub const PASSWORD: &str = "see you at the coffee bar";

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Stack {
    pub url: String,
    pub outputs: Value,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self
    }

    #[track_caller]
    pub fn problem(self, slug: &str) -> Self {
        assert_eq!(
            self.body["type"],
            json!(format!("/v1/problems/{slug}")),
            "{}",
            self.body
        );
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Somebody with an account, at an address of their own: limits are per address.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub token: String,
    pub refresh: String,
    client: Client,
    url: String,
}

/// A client that connects from a random address of the loopback network.
pub fn somewhere() -> Client {
    let bytes = *Uuid::new_v4().as_bytes();
    let address = IpAddr::V4(Ipv4Addr::new(
        127,
        bytes[0].max(1),
        bytes[1],
        bytes[2].clamp(2, 250),
    ));
    Client::builder()
        .local_address(address)
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

pub async fn send(request: RequestBuilder) -> Answer {
    // The emulator closes a connection after a thousand requests; a request
    // that never reached it may be sent again.
    let again = request.try_clone();
    let response = match (request.send().await, again) {
        (Ok(response), _) => response,
        (Err(err), Some(again)) if err.is_connect() => again.send().await.unwrap(),
        (Err(err), _) => panic!("{err:?}"),
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap().to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer {
        status,
        headers,
        body,
        bytes,
    }
}

impl Stack {
    pub fn up() -> Self {
        #[allow(clippy::disallowed_methods)]
        let path = std::env::var("PLENARY_OUTPUTS")
            .expect("PLENARY_OUTPUTS names the outputs of the stack; cargo xtask test sets it");
        let outputs: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let url = outputs["httpUrl"]
            .as_str()
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        Self { url, outputs }
    }

    pub fn request(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(&somewhere(), Method::GET, path)).await
    }

    /// A new account.
    pub async fn person(&self, name: &str) -> Person {
        let email = format!("{name}-{}@example.org", Uuid::new_v4().simple());
        let client = somewhere();
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        let request = self
            .request(&client, Method::POST, "/v1/auth/register")
            .json(&body);
        let answer = send(request).await.expect(201);
        Person {
            id: answer.body["user"]["id"].as_str().unwrap().to_owned(),
            email,
            token: answer.body["accessToken"].as_str().unwrap().to_owned(),
            refresh: answer.body["refreshToken"].as_str().unwrap().to_owned(),
            client,
            url: self.url.clone(),
        }
    }

    /// The e-mails to an address.
    pub async fn mail_to(&self, email: &str) -> Vec<Value> {
        let endpoint = self.outputs["awsEndpointUrl"].as_str().unwrap();
        let all = send(somewhere().get(format!("{endpoint}/_ministack/ses/messages")))
            .await
            .body;
        let accounts = all["messages"].as_object().cloned().unwrap_or_default();
        accounts
            .values()
            .flat_map(|messages| messages.as_array().cloned().unwrap_or_default())
            .filter(|message| message["To"].to_string().contains(email))
            .collect()
    }

    /// The token behind a link in a person's mail.
    pub async fn mailed(&self, person: &Person, link: &str) -> String {
        eventually(link, || async {
            let mail = self.mail_to(&person.email).await;
            mail.iter().find_map(|mail| {
                let mail = mail.to_string();
                let after = mail.split(link).nth(1)?;
                let other = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
                Some(after[..after.find(other)?].to_owned())
            })
        })
        .await
    }

    /// Signs in and returns the access token.
    pub async fn login(&self, person: &Person) -> String {
        let body = json!({"email": person.email, "password": PASSWORD});
        let request = self
            .request(&somewhere(), Method::POST, "/v1/auth/login")
            .json(&body);
        text(&send(request).await.expect(200).body, "accessToken").to_owned()
    }

    /// Invokes a function, as the operators' commands do.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Value {
        let endpoint = self.outputs["awsEndpointUrl"].as_str().unwrap();
        let url = format!("{endpoint}/2015-03-31/functions/{function}/invocations");
        // The emulator knows whom it speaks to by the key alone.
        let credential = "Credential=local/20260101/us-east-1/lambda/aws4_request";
        let signed = format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0");
        let request = somewhere().post(url).header("authorization", signed);
        let answer = send(request.json(payload)).await.expect(200);
        assert_eq!(answer.header("x-amz-function-error"), "", "{}", answer.body);
        answer.body
    }

    /// The function of an output.
    pub fn function(&self, output: &str) -> &str {
        text(&self.outputs, output)
    }
}

impl Person {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(
            self.request(Method::POST, path)
                .header("idempotency-key", key)
                .json(body),
        )
        .await
    }

    /// Waits for the notification of a kind.
    pub async fn told(&self, kind: &str) -> Value {
        eventually(&format!("{kind} for {}", self.email), || async {
            let inbox = self
                .get("/v1/notifications?limit=50")
                .await
                .expect(200)
                .body;
            inbox["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|item| item["type"] == kind)
                .cloned()
        })
        .await
    }

    /// Asks somebody into an organisation, who accepts.
    pub async fn takes_in(&self, who: &Self, organization: &str, role: &str) {
        let path = format!("/v1/organizations/{organization}");
        let body = json!({"userId": who.id, "role": role});
        let asked = self.post(&format!("{path}/members"), &body).await;
        let asked = asked.expect(201).body;
        let accept = format!("{path}/invitations/{}/accept", text(&asked, "id"));
        who.post(&accept, &json!({})).await.expect(200);
    }

    /// Publishes a personal event.
    pub async fn publishes(&self, changes: Value) -> Value {
        let event = self
            .post("/v1/events", &draft(changes))
            .await
            .expect(201)
            .body;
        let publish = format!("/v1/events/{}/publish", text(&event, "id"));
        self.post(&publish, &json!({})).await.expect(200).body
    }
}

/// Asks again until there is an answer; fails when it takes too long.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// A valid draft with some fields changed.
pub fn draft(changes: Value) -> Value {
    let mut body = json!({
        "title": "Rust for conferences",
        "description": "A day on serverless backends.",
        "startsAt": "2027-10-12T07:00:00Z",
        "endsAt": "2027-10-12T15:00:00Z",
        "timeZone": "Europe/Berlin",
        "tags": ["rust", "serverless"],
        "venue": {"name": "Kongresshalle", "city": "Berlin", "country": "DE"},
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
