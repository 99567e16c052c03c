//! AU-08: a library that knows nothing of us accepts our tokens by discovery
//! alone, and refuses what it should.

use std::{
    io::Write as _,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
};

use jiff::{SignedDuration, Timestamp};
use plenary_auth::{App, Settings, api};
use serde_json::{Value, json};
use shared::{clock::Clock, rotation::Rotate, testing::World};
use tokio::net::TcpListener;

use crate::support::Stack;

/// Why the library cannot be asked here.
fn missing(folder: &Path) -> Option<String> {
    if Command::new("node").arg("--version").output().is_err() {
        return Some("there is no node".to_owned());
    }
    if folder.join("node_modules/jose/package.json").exists() {
        return None;
    }
    let installed = Command::new("npm")
        .args(["ci", "--silent", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .status();
    match installed {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("npm ci ended with {status}")),
        Err(error) => Some(format!("npm: {error}")),
    }
}

/// Serves the API on a free port, for as long as the test runs.
fn serve(listener: TcpListener, router: axum::Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn judged(folder: &Path, issuer: &str, tokens: Value) -> Value {
    let (folder, issuer) = (folder.to_owned(), issuer.to_owned());
    let output = tokio::task::spawn_blocking(move || {
        let mut node = Command::new("node")
            .args(["verify.mjs", &issuer])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = node.stdin.take().unwrap();
        stdin.write_all(tokens.to_string().as_bytes()).unwrap();
        drop(stdin);
        node.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `jose` (npm, pinned in `tests/relying-party`), before and after a rotation.
#[tokio::test]
async fn au_08_a_standard_library_accepts_our_tokens_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relying-party");
    if let Some(why) = missing(&folder) {
        eprintln!("LEFT OUT: jose could not be asked: {why}");
        return;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    // The library's clock is the machine's, so ours goes with it.
    let world = World::of("auth").await;
    let real = Clock::system().now();
    world.clock.advance(real.duration_since(world.clock.now()));
    let stack = Stack::with(world, |settings: &mut Settings| {
        settings.public_url.clone_from(&issuer);
    });
    serve(
        listener,
        api(stack.world.core.clone()).build(stack.app.clone()),
    );
    let ada = stack.person("ada").await;
    let [head, _, signature] = ada.access.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let eve = stack.person("eve").await;
    let other = eve.access.split('.').nth(1).unwrap();
    let foreign = Stack::with(World::of("auth").await, |settings| {
        settings.public_url.clone_from(&issuer);
    });
    let before = json!({
        "ours": ada.access,
        "mixed": format!("{head}.{other}.{signature}"),
        "foreign": impostor(&foreign.app, &stack, real).await,
    });
    let verdicts = judged(&folder, &issuer, before).await;
    assert_eq!(
        verdicts["ours"]["payload"]["sub"],
        ada.id.to_string(),
        "{verdicts}"
    );
    assert_eq!(verdicts["ours"]["alg"], "ES256");
    assert_eq!(
        verdicts["mixed"]["refused"],
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
    );
    assert_eq!(verdicts["foreign"]["refused"], "ERR_JWKS_NO_MATCHING_KEY");
    // The keys change, and nothing that was good becomes bad.
    stack
        .app
        .keyring
        .rotate(&shared::testing::cx())
        .await
        .unwrap();
    stack.world.clock.advance(SignedDuration::from_mins(11));
    let late = stack.person("late").await;
    assert_ne!(late.access.split('.').next(), Some(head), "another key");
    let verdicts = judged(
        &folder,
        &issuer,
        json!({"old": ada.access, "new": late.access}),
    )
    .await;
    for name in ["old", "new"] {
        assert!(
            verdicts[name]["payload"]["sub"].is_string(),
            "{name}: {verdicts}"
        );
    }
}

/// A token of another deployment that claims to be this one.
async fn impostor(foreign: &App, stack: &Stack, real: Timestamp) -> String {
    foreign
        .clock
        .advance(real.duration_since(foreign.clock.now()));
    let account = stack.person("twin").await;
    let account = stack.app.store.account(account.id).await.unwrap().unwrap();
    let methods = [plenary_auth::model::session::Method::Password];
    let cx = shared::testing::cx();
    let session = foreign.begin_session(&cx, &account, &methods);
    session.await.unwrap().1.access_token
}
