//! B1-13: the signing key is rotated by command, and nobody is signed out.

use std::sync::Arc;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use plenary_auth::{App, Settings, keyring::KeyRing, model::session::Method};
use serde_json::{Value, json};
use shared::{
    commit::Commit,
    rotation::{Operation, Rotate, RotationState, operate},
    testing::{Fault, Faults, ISSUER, cx},
    token::key_id,
};

use crate::support::{MemorySealer, Person, Stack};

impl Stack {
    fn wait(&self, minutes: i64) {
        self.world.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// The ids of the published keys that the stack made itself.
    async fn published(&self) -> Vec<String> {
        let set = self
            .api
            .get("/.well-known/jwks.json")
            .send()
            .await
            .expect(200);
        let keys = set.body["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Another instance of the function, with nothing in its memory.
    fn instance(&self) -> App {
        let (table, access) = (self.app.store.clone(), self.world.core.access.clone());
        let keyring = KeyRing::new(table, self.sealer.clone(), self.world.clock.clone());
        App {
            keyring: Arc::new(keyring),
            access,
            ..self.app.clone()
        }
    }

    async fn operate(&self, payload: Value) -> Value {
        let operation: Operation = serde_json::from_value(payload).unwrap();
        let rotation = operate(&*self.app.keyring, operation).await.unwrap();
        serde_json::to_value(rotation).unwrap()
    }

    async fn rotate_keys(&self) -> String {
        let rotation = self.operate(json!({"rotateSigningKey": {}})).await;
        rotation["kid"].as_str().unwrap().to_owned()
    }
}

/// A stack whose only key is its own, and somebody signed in with it.
async fn fresh() -> (Stack, Person) {
    let stack = Stack::new().await;
    let mut commit = Commit::new(stack.world.access(), &cx());
    for key in stack.app.access.keys().await.unwrap() {
        commit.delete(shared::access::SigningKey::key_of(&key.kid));
    }
    commit.execute().await.unwrap();
    let ada = stack.person("ada").await;
    (stack, ada)
}

#[tokio::test]
async fn b1_13_a_new_key_is_published_first_signs_then_and_the_old_one_goes_last() {
    let (stack, ada) = fresh().await;
    let old = key_id(&ada.access).unwrap();
    let new = stack.rotate_keys().await;
    assert_ne!(new, old);
    let mut both = vec![old.clone(), new.clone()];
    both.sort();
    let published = async || {
        let mut kids = stack.published().await;
        kids.sort();
        kids
    };
    assert_eq!(published().await, both);
    // Longer than anybody may keep the key set, nothing is signed with it.
    let set = stack.api.get("/.well-known/jwks.json").send().await;
    let kept: i64 = set
        .header("cache-control")
        .rsplit('=')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    stack
        .world
        .clock
        .advance(SignedDuration::from_secs(2 * kept - 1));
    let bob = stack.person("bob").await;
    assert_eq!(key_id(&bob.access).unwrap(), old);
    stack.wait(2);
    let eve = stack.person("eve").await;
    assert_eq!(
        key_id(&eve.access).unwrap(),
        new,
        "the first instance that looks"
    );
    for who in [&bob, &eve] {
        stack.get("/v1/users/me", who).await.expect(200);
    }
    // A token of the last moment is good to its end.
    stack.wait(12);
    stack.get("/v1/users/me", &bob).await.expect(200);
    assert_eq!(published().await, both);
    stack.wait(60);
    assert_eq!(published().await, [new]);
    let bob = Person {
        access: stack.refresh(&bob.refresh).await.expect(200).body["accessToken"]
            .as_str()
            .unwrap()
            .to_owned(),
        ..bob
    };
    stack.get("/v1/users/me", &bob).await.expect(200);
}

/// The longest life that tokens can be given, signed by an instance that had
/// looked just before the key changed.
#[tokio::test]
async fn b1_13_the_last_token_of_the_slowest_instance_is_good_to_its_end() {
    let (stack, ada) = fresh().await;
    let old = key_id(&ada.access).unwrap();
    let mut settings = Settings::new(ISSUER);
    settings.lifetimes.access = SignedDuration::from_mins(60);
    let slow = App {
        settings: Arc::new(settings),
        ..stack.instance()
    };
    let seconds = |count| stack.world.clock.advance(SignedDuration::from_secs(count));
    let new = stack.rotate_keys().await;
    seconds(599);
    slow.keyring.signer(&cx()).await.unwrap();
    seconds(1);
    stack.instance().keyring.signer(&cx()).await.unwrap();
    assert_eq!(
        stack.app.store.signing_secret().await.unwrap().unwrap().kid,
        new
    );
    seconds(58);
    let account = stack.app.store.account(ada.id).await.unwrap().unwrap();
    let (_, late) = slow
        .begin_session(&cx(), &account, &[Method::Password])
        .await
        .unwrap();
    assert_eq!(key_id(&late.access_token).unwrap(), old);
    seconds(60 * 60 - 1);
    stack
        .app
        .access
        .authenticate(&late.access_token)
        .await
        .unwrap();
}

#[tokio::test]
async fn b1_13_the_command_again_is_no_second_rotation() {
    let (stack, ada) = fresh().await;
    let first = stack.operate(json!({"rotateSigningKey": {}})).await;
    assert_eq!(first["state"], "published");
    let from: Timestamp = first["signsFrom"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        from,
        stack.world.clock.now() + SignedDuration::from_mins(10)
    );
    stack.wait(5);
    assert_eq!(stack.operate(json!({"rotateSigningKey": {}})).await, first);
    stack.wait(6);
    // Nobody signed in meanwhile: the command makes the step itself.
    let done = stack.operate(json!({"rotateSigningKey": {}})).await;
    assert_eq!(
        (&done["kid"], &done["state"]),
        (&first["kid"], &json!("signing"))
    );
    assert_eq!(stack.published().await.len(), 2);
    stack.refresh(&ada.refresh).await.expect(200);
    // Much later it is a rotation of its own.
    stack.wait(24 * 60);
    let next = stack.rotate_keys().await;
    assert_ne!(json!(next), first["kid"]);
}

#[tokio::test]
async fn b1_13_racing_commands_and_instances_agree() {
    let (stack, _) = fresh().await;
    let instances: Vec<App> = (0..8).map(|_| stack.instance()).collect();
    let cx = cx();
    let rotations = join_all(instances.iter().map(|app| app.keyring.rotate(&cx))).await;
    let kids: Vec<String> = rotations.into_iter().map(|one| one.unwrap().kid).collect();
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    stack.wait(11);
    let signers = join_all(instances.iter().map(|app| app.keyring.signer(&cx))).await;
    assert!(signers.iter().all(Result::is_ok));
    assert_eq!(key_id(&stack.person("eve").await.access).unwrap(), kids[0]);
    assert_eq!(stack.published().await.len(), 2);
}

/// Between any two writes: what fails is done by the next who looks.
#[tokio::test]
async fn b1_13_a_step_that_fails_is_made_later_and_nothing_is_half_done() {
    let (stack, ada) = fresh().await;
    let faults = Faults::before(&stack.world.db);
    let table = faults.bare_table(stack.world.table());
    let access = faults.bare_table(stack.world.access());
    let store = plenary_auth::store::Store::new(table, access);
    let shaky = KeyRing::new(store, stack.sealer.clone(), stack.world.clock.clone());
    shaky.signer(&cx()).await.unwrap();
    let denied = || Fault::error(400, "AccessDeniedException");
    faults.calls();
    faults.always(Some(denied()));
    assert!(shaky.rotate(&cx()).await.is_err());
    faults.always(None);
    assert_eq!(stack.published().await.len(), 1);
    let rotation = shaky.rotate(&cx()).await.unwrap();
    assert_eq!(rotation.state, RotationState::Published);
    stack.wait(11);
    // Reading works, the promotion does not: it signs with the new key all the same.
    let another = KeyRing::new(
        plenary_auth::store::Store::new(
            faults.bare_table(stack.world.table()),
            faults.bare_table(stack.world.access()),
        ),
        stack.sealer.clone(),
        stack.world.clock.clone(),
    );
    faults.next([Fault::Pass, denied()]);
    another.signer(&cx()).await.unwrap();
    assert_eq!(
        stack
            .app
            .store
            .signing_secrets()
            .await
            .unwrap()
            .1
            .unwrap()
            .kid,
        rotation.kid
    );
    let eve = stack.person("eve").await;
    assert_eq!(key_id(&eve.access).unwrap(), rotation.kid);
    assert!(stack.app.store.signing_secrets().await.unwrap().1.is_none());
    stack.get("/v1/users/me", &ada).await.expect(200);
}

/// The key that was to follow was withdrawn after an instance had read it.
#[tokio::test]
async fn b1_13_where_the_place_is_taken_what_is_there_signs() {
    let (stack, ada) = fresh().await;
    let old = key_id(&ada.access).unwrap();
    stack.rotate_keys().await;
    stack.wait(11);
    let faults = Faults::before(&stack.world.db);
    let table = faults.bare_table(stack.world.table());
    let access = faults.bare_table(stack.world.access());
    let store = plenary_auth::store::Store::new(table, access);
    let late = KeyRing::new(store, stack.sealer.clone(), stack.world.clock.clone());
    let taken = Fault::cancelled(&["ConditionalCheckFailed", "None", "None"]);
    faults.next([Fault::Pass, taken]);
    late.signer(&cx()).await.unwrap();
    let late = App {
        keyring: Arc::new(late),
        ..stack.app.clone()
    };
    let account = stack.app.store.account(ada.id).await.unwrap().unwrap();
    let methods = [Method::Password];
    let begun = late.begin_session(&cx(), &account, &methods).await;
    let (_, tokens) = begun.unwrap();
    assert_eq!(key_id(&tokens.access_token).unwrap(), old);
}

#[tokio::test]
async fn b1_13_a_stolen_key_is_withdrawn_at_once() {
    let (stack, ada) = fresh().await;
    let stolen = key_id(&ada.access).unwrap();
    let pending = stack.rotate_keys().await;
    let rotation = stack
        .operate(json!({"rotateSigningKey": {"immediately": true}}))
        .await;
    assert_eq!(rotation["state"], "signing");
    let new = rotation["kid"].as_str().unwrap();
    assert!(new != stolen && new != pending);
    assert_eq!(stack.published().await, [new]);
    stack.get("/v1/users/me", &ada).await.expect(401);
    // Sessions live on: only the key was bad.
    let renewed = stack.refresh(&ada.refresh).await.expect(200);
    let token = renewed.body["accessToken"].as_str().unwrap();
    assert_eq!(key_id(token).unwrap(), new);
    stack
        .api
        .get("/v1/users/me")
        .token(token)
        .send()
        .await
        .expect(200);
    let again = stack.operate(json!({"rotateSigningKey": {}})).await;
    assert_eq!(
        (&again["kid"], &again["state"]),
        (&json!(new), &json!("signing"))
    );
}

#[tokio::test]
async fn b1_13_without_the_keeper_of_keys_nothing_changes() {
    let (stack, _) = fresh().await;
    let keyring = KeyRing::new(
        stack.app.store.clone(),
        Arc::new(MemorySealer::new()),
        stack.world.clock.clone(),
    );
    assert_eq!(keyring.rotate(&cx()).await.unwrap_err().status(), 503);
    assert_eq!(keyring.replace(&cx()).await.unwrap_err().status(), 503);
    assert_eq!(stack.published().await.len(), 1);
    assert!(stack.app.store.signing_secrets().await.unwrap().1.is_none());
}
