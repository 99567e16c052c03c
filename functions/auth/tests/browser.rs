//! Passkeys in a real browser: Chromium with a virtual authenticator (WebAuthn
//! §11), driven over the protocol of its developer tools, on a page of the router itself.
//!
//! `cargo xtask test` runs this where Chromium is installed, and says so where
//! it is not.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use plenary_auth::relying_party::RelyingParty;
use serde_json::{Value, json};
use shared::{digest::random, testing::World};
use tungstenite::{Message, WebSocket, client};

use crate::support::{PASSWORD, Stack};

/// As Debian, other distributions and Google name it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const PATIENCE: Duration = Duration::from_mins(1);

/// A headless browser with a profile of its own; it ends with the test.
struct Browser {
    process: Child,
    profile: std::path::PathBuf,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    last: u64,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.profile).ok();
    }
}

fn launch(profile: &std::path::Path) -> Child {
    NAMES
        .iter()
        .find_map(|name| {
            Command::new(name)
                .args([
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--no-first-run",
                    "--no-proxy-server",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--remote-debugging-port=0",
                ])
                .arg(format!("--user-data-dir={}", profile.display()))
                .arg("about:blank")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .ok()
        })
        .expect("Chromium is not installed: apt-get install chromium")
}

impl Browser {
    fn start() -> Self {
        let unique = u64::from_ne_bytes(random().unwrap());
        let profile = std::env::temp_dir().join(format!("plenary-browser-{unique:x}"));
        let mut process = launch(&profile);
        let errors = BufReader::new(process.stderr.take().unwrap());
        let mut lines = errors.lines().map_while(Result::ok);
        let url = lines
            .find_map(|line| Some(line.strip_prefix("DevTools listening on ")?.to_owned()))
            .expect("Chromium ended before it listened");
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let host = url["ws://".len()..].split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = client(&url, stream).unwrap();
        Self {
            process,
            profile,
            socket,
            session: None,
            last: 0,
        }
    }

    /// Calls a method of the protocol and waits for its answer.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut call = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).unwrap();
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let message = self.socket.read().unwrap();
            let Ok(text) = message.to_text() else {
                continue;
            };
            let answer: Value = serde_json::from_str(text).unwrap_or_default();
            if answer["id"] == json!(self.last) {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].clone();
            }
        }
        panic!("{method} was not answered");
    }

    /// Opens a page, with an authenticator that verifies its user.
    fn open(&mut self, url: &str) -> String {
        let target = self.call("Target.createTarget", json!({"url": url}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", attach);
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        self.call("WebAuthn.enable", json!({}));
        let options = json!({
            "protocol": "ctap2", "transport": "internal",
            "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        let added = self.call(
            "WebAuthn.addVirtualAuthenticator",
            json!({"options": options}),
        );
        let until = Instant::now() + PATIENCE;
        while self.run("location.href + document.readyState") != json!(format!("{url}complete")) {
            assert!(Instant::now() < until, "{url} was not loaded");
        }
        added["authenticatorId"].as_str().unwrap().to_owned()
    }

    /// Runs a script on the page and waits for what it gives.
    fn run(&mut self, script: &str) -> Value {
        let params = json!({
            "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let outcome = self.call("Runtime.evaluate", params);
        assert_eq!(outcome["exceptionDetails"], Value::Null, "{script}");
        outcome["result"]["value"].clone()
    }
}

/// What an app would have: a call of the API, and the two ceremonies.
const APP: &str = r"
const call = async (path, body, token) => {
  const headers = {'content-type': 'application/json'};
  if (token) headers.authorization = 'Bearer ' + token;
  const reply = await fetch('/v1/auth/' + path,
    {method: 'POST', headers, body: body ? JSON.stringify(body) : undefined});
  return {status: reply.status, body: reply.status === 204 ? null : await reply.json()};
};
const create = async json => (await navigator.credentials.create(
  {publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json)})).toJSON();
const get = async json => (await navigator.credentials.get(
  {publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json)})).toJSON();
";

fn script(body: &str) -> String {
    format!("(async () => {{ {APP} {body} }})()")
}

/// Registers, adds a passkey, and uses it in each of the ways there are.
fn journey(url: &str) {
    let mut browser = Browser::start();
    let authenticator = browser.open(&format!("{url}/v1/auth/forgot-password"));
    let registered = browser.run(&script(&format!(
        "return await call('register', {{email: 'ada@example.org', password: '{PASSWORD}'}});"
    )));
    assert_eq!(registered["status"], 201, "{registered}");
    let token = registered["body"]["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let added = browser.run(&script(&format!(
        "const asked = (await call('passkeys/registration/options', null, '{token}')).body;
         const credential = await create(asked.publicKey);
         return await call('passkeys', {{challengeId: asked.challengeId, credential}}, '{token}');"
    )));
    assert_eq!(added["status"], 201, "{added}");
    let kept = browser.call(
        "WebAuthn.getCredentials",
        json!({"authenticatorId": authenticator}),
    );
    let credential = &kept["credentials"][0];
    assert_eq!(credential["isResidentCredential"], true);
    assert_eq!(credential["rpId"], "localhost");

    // A sign-in without a name or a password; and that it works once.
    let signed_in = browser.run(&script(
        "const asked = (await call('passkeys/sign-in/options')).body;
         const credential = await get(asked.publicKey);
         const body = {challengeId: asked.challengeId, credential};
         return [await call('passkeys/sign-in', body), await call('passkeys/sign-in', body)];",
    ));
    assert_eq!(signed_in[0]["status"], 200, "{signed_in}");
    assert_eq!(signed_in[0]["body"]["user"]["email"], "ada@example.org");
    assert_eq!(signed_in[1]["status"], 410, "{signed_in}");

    // The second factor after a password, and another proof on the session.
    let both = browser.run(&script(&format!(
        "const asked = (await call('login', {{email: 'ada@example.org', password: '{PASSWORD}'}})).body;
         const passkey = await get(asked.publicKey);
         return [asked, await call('mfa/verify', {{challengeId: asked.challengeId, passkey}})];"
    )));
    assert_eq!(both[0]["mfaRequired"], true, "{both}");
    assert_eq!(both[1]["status"], 200, "{both}");
    let stepped = browser.run(&script(&format!(
        "const asked = (await call('step-up/options', null, '{token}')).body;
         const passkey = await get(asked.publicKey);
         return await call('step-up', {{challengeId: asked.challengeId, passkey}}, '{token}');"
    )));
    assert_eq!(stepped["status"], 200, "{stepped}");

    // An authenticator that does not know its user is not enough.
    let unverified = json!({"authenticatorId": authenticator, "isUserVerified": false});
    browser.call("WebAuthn.setUserVerified", unverified);
    let refused = browser.run(&script(
        "const asked = (await call('passkeys/sign-in/options')).body;
         try { await get(asked.publicKey); return 'signed' } catch (error) { return error.name }",
    ));
    assert_eq!(refused, "NotAllowedError");
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask test runs it where it is installed"]
async fn b1_07_a_browser_makes_a_passkey_and_signs_in_with_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let stack = Stack::with(World::of("auth").await, |settings| {
        settings.relying_party = RelyingParty::of(&url, None);
    });
    let router = plenary_auth::api(stack.world.core.clone()).build(stack.app.clone());
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    tokio::task::spawn_blocking(move || journey(&url))
        .await
        .unwrap();
    server.abort();
}
