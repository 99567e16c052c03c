//! A real provider (`tests/oidc-provider`), certified by the OpenID Foundation,
//! over real HTTP, with its own pages for signing in and consenting.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use plenary_auth::model::provider::ProviderName;
use shared::{
    clock::Clock,
    testing::{ISSUER, World},
};

use super::{Begun, CLIENT, PLACE, SECRET, parameters, stack_of};
use crate::support::{Person, Stack};

struct Real {
    child: Child,
    /// Open as long as it may have something to say.
    _out: Box<dyn Read + Send>,
    issuer: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc-provider")
}

impl Real {
    /// Starts it, unless this machine cannot.
    fn start() -> Option<Self> {
        let installed = directory().join("node_modules/oidc-provider").exists();
        let node = Command::new("node").arg("--version").output().is_ok();
        if !installed || !node {
            eprintln!("left out: this needs Node, and `npm ci` in tests/oidc-provider");
            return None;
        }
        let callback = |name| format!("{ISSUER}/v1/auth/oauth/{name}/callback");
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .args([CLIENT, SECRET, &callback("google"), &callback("linkedin")])
            .current_dir(directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.by_ref().lines().map_while(Result::ok);
        let issuer = lines
            .find_map(|line| line.strip_prefix("issuer ").map(str::to_owned))
            .expect("the provider says where it listens");
        Some(Self {
            child,
            _out: Box::new(out),
            issuer,
        })
    }

    /// A stack that has it for both providers; the clock tells the real time,
    /// which the provider goes by.
    async fn stack(&self) -> Stack {
        let world = World::of("auth").await;
        let ahead = Clock::system().now().duration_since(world.clock.now());
        world.clock.advance(ahead);
        let es256 = format!("{CLIENT}-es256");
        let issuers = [
            (ProviderName::Google, self.issuer.as_str(), CLIENT),
            (ProviderName::LinkedIn, self.issuer.as_str(), es256.as_str()),
        ];
        stack_of(world, &issuers).await
    }

    /// Does what a person does in a browser, until they are sent back to us.
    async fn visit(&self, begun: &Begun, login: &str) -> String {
        let mut browser = Browser::default();
        let mut url = begun.url.clone();
        for _ in 0..12 {
            let (location, page) = browser.get(&url).await;
            url = match location {
                Some(location) => self.absolute(&location),
                None if page.contains("value=\"login\"") => {
                    let form = format!("prompt=login&login={login}&password=any");
                    let next = browser.post(&url, &form).await;
                    self.absolute(&next)
                }
                None => self.absolute(&browser.post(&url, "prompt=consent").await),
            };
            if url.starts_with(ISSUER) {
                return url;
            }
        }
        panic!("the provider sends in circles: {url}");
    }

    fn absolute(&self, location: &str) -> String {
        match location.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.issuer),
            None => location.to_owned(),
        }
    }

    /// From leaving to the code that the app finds behind the `#`.
    async fn code(&self, stack: &Stack, begun: &Begun, login: &str) -> String {
        let back = self.visit(begun, login).await;
        let path = back.strip_prefix(ISSUER).unwrap();
        let sent = stack.api.get(path).send().await.expect(302);
        let (place, fragment) = sent.header("location").split_once('#').unwrap();
        assert_eq!(place, PLACE);
        let fragment = parameters(fragment);
        assert_eq!(fragment["state"], begun.state);
        fragment["code"].clone()
    }
}

/// Keeps cookies, follows nothing.
#[derive(Default)]
struct Browser(HashMap<String, String>);

impl Browser {
    async fn get(&mut self, url: &str) -> (Option<String>, String) {
        self.send(Request::get(url), String::new()).await
    }

    async fn post(&mut self, url: &str, form: &str) -> String {
        let request =
            Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (location, page) = self.send(request, form.to_owned()).await;
        location.unwrap_or_else(|| panic!("no redirect after {form}: {page}"))
    }

    async fn send(
        &mut self,
        request: http::request::Builder,
        body: String,
    ) -> (Option<String>, String) {
        let cookies: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let reply = client.request(request).await.unwrap();
        for cookie in reply.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = reply.headers().get(header::LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let page = reply.into_body().collect().await.unwrap().to_bytes();
        (location, String::from_utf8_lossy(&page).into_owned())
    }
}

#[tokio::test]
async fn au_17_18_b1_02_a_real_provider_signs_people_up_and_in() {
    let Some(real) = Real::start() else { return };
    let stack = real.stack().await;
    // RS256 with PKCE, which this client must use; ES256 without.
    for (provider, login) in [("google", "ada"), ("linkedin", "eve")] {
        let begun = stack.begin(provider).await;
        let code = real.code(&stack, &begun, login).await;
        let first = Person::of(&stack.finish(&begun, &code).await.expect(200));
        assert_eq!(first.email, format!("{login}@example.org"));
        let me = stack.get("/v1/users/me", &first).await.expect(200);
        assert_eq!(me.body["emailVerified"], true);
        assert_eq!(me.body["name"], format!("The {login}"));
        let begun = stack.begin(provider).await;
        let code = real.code(&stack, &begun, login).await;
        let again = Person::of(&stack.finish(&begun, &code).await.expect(200));
        assert_eq!(again.id, first.id);
        let identity = format!("/v1/auth/identities/{provider}");
        stack.get(&identity, &again).await.expect(200);
        // A code works once, also in a flow of its own.
        let begun = stack.begin(provider).await;
        let replayed = stack.finish(&begun, &code).await.expect(400);
        replayed.problem("provider-refused");
    }
    let begun = stack.begin("google").await;
    let code = real.code(&stack, &begun, "unverified-bob").await;
    let refused = stack.finish(&begun, &code).await.expect(403);
    refused.problem("address-unverified");
}

/// The code of one sign-in in another's flow: the provider holds the challenge
/// of the first.
#[tokio::test]
async fn au_17_a_real_provider_refuses_a_code_that_was_slipped_into_another_flow() {
    let Some(real) = Real::start() else { return };
    let stack = real.stack().await;
    let (victim, attacker) = (stack.begin("google").await, stack.begin("google").await);
    let stolen = real.code(&stack, &victim, "ada").await;
    let refused = stack.finish(&attacker, &stolen).await.expect(400);
    refused.problem("provider-refused");
}

/// AU-19: linked while signed in, used, and unlinked; the real revocation
/// end-point takes the token back.
#[tokio::test]
async fn au_19_a_real_provider_is_linked_and_unlinked() {
    let Some(real) = Real::start() else { return };
    let stack = real.stack().await;
    let ada = stack.verified_person("ada").await;
    let begun = stack.begin_linking(&ada, "google").await;
    let code = real.code(&stack, &begun, "work").await;
    let linked = stack.finish_linking(&ada, &begun, &code).await.expect(201);
    assert_eq!(linked.body["email"], "work@example.org");
    let begun = stack.begin("google").await;
    let code = real.code(&stack, &begun, "work").await;
    let signed = Person::of(&stack.finish(&begun, &code).await.expect(200));
    assert_eq!(signed.id, ada.id);
    let request = stack.api.delete("/v1/auth/identities/google");
    request.token(&ada.access).send().await.expect(204);
    stack
        .get("/v1/auth/identities/google", &ada)
        .await
        .expect(404);
}
