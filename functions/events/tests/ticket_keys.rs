//! B3-06, B1-13: the keys of the tickets are rotated by command, and no ticket
//! that people hold turns bad by it.

use jiff::SignedDuration;
use plenary_events::keyring::KeyRing;
use serde_json::json;
use shared::rotation::{Operation, RotationState, operate};
use shared::testing::{TestUser, cx};

use crate::door::Gate;
use crate::support::Stage;

impl Stage {
    /// The ids of the published keys.
    async fn published_keys(&self) -> Vec<String> {
        let request = self.api.get("/v1/events/ticket-keys");
        let body = request.send().await.expect(200).body;
        let keys = body["keys"].as_array().unwrap().iter();
        let mut ids: Vec<String> = keys
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Another instance of the function.
    fn another(&self) -> KeyRing {
        KeyRing::new(self.store.clone(), self.sealer.clone())
    }
}

fn operation(immediately: bool) -> Operation {
    serde_json::from_value(json!({"rotateSigningKey": {"immediately": immediately}})).unwrap()
}

fn pass(gate: &Gate, hours: i64) {
    gate.stage
        .world
        .clock
        .advance(SignedDuration::from_hours(hours));
}

async fn ticket(gate: &Gate, user: &TestUser) -> String {
    gate.tickets(user).await.remove(0)
}

/// Whether an instance takes a ticket for one of ours.
async fn good(ring: &KeyRing, ticket: &str) -> bool {
    ring.verify(ticket).await.unwrap().is_ok()
}

/// The next key is published a day ahead and then signs by itself; what the old
/// one signed stays good. A repeated command is no second rotation.
#[tokio::test]
async fn b3_06_a_rotation_leaves_every_ticket_good() {
    let gate = Gate::open(json!({}), json!({})).await;
    let ring = gate.stage.another();
    let holder = gate.guest(json!({})).await;
    let old = ticket(&gate, &holder).await;
    let begun = operate(&ring, operation(false)).await.unwrap();
    assert_eq!(begun.state, RotationState::Published);
    let again = operate(&gate.stage.another(), operation(false))
        .await
        .unwrap();
    assert_eq!(again, begun);
    assert_eq!(gate.stage.published_keys().await.len(), 2);
    assert_eq!(ticket(&gate, &holder).await, old, "not signed by it yet");
    pass(&gate, 24);
    // Of racing instances, one makes the step and all sign with the same key.
    let rings = [(); 4].map(|()| gate.stage.another());
    let user = gate.guest(json!({})).await;
    let new = ticket(&gate, &user).await;
    for ring in &rings {
        ring.sign(&cx(), &[]).await.unwrap();
        assert!(good(ring, &old).await && good(ring, &new).await);
    }
    let again = operate(&ring, operation(false)).await.unwrap();
    assert_eq!(
        (again.kid, again.state),
        (begun.kid, RotationState::Signing)
    );
    assert_eq!(gate.stage.published_keys().await.len(), 2);
}

/// A stolen key is withdrawn in one commit: within a minute every instance
/// refuses what it signed, and people fetch their tickets anew.
#[tokio::test]
async fn b3_06_a_withdrawn_key_is_refused_within_a_minute() {
    let gate = Gate::open(json!({}), json!({})).await;
    let holder = gate.guest(json!({})).await;
    let old = ticket(&gate, &holder).await;
    let warm = gate.stage.another();
    assert!(good(&warm, &old).await);
    operate(&warm, operation(false)).await.unwrap();
    let ring = gate.stage.another();
    let replaced = operate(&ring, operation(true)).await.unwrap();
    assert_eq!(replaced.state, RotationState::Signing);
    assert_eq!(gate.stage.published_keys().await, [replaced.kid]);
    assert!(!good(&ring, &old).await);
    gate.stage
        .world
        .clock
        .advance(SignedDuration::from_secs(61));
    assert!(!good(&warm, &old).await);
    let new = ticket(&gate, &holder).await;
    assert_ne!(new, old);
    assert!(good(&warm, &new).await && good(&ring, &new).await);
    assert_eq!(gate.scan(json!({"ticket": old})).await, "invalid-ticket");
}
