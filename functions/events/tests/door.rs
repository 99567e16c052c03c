use std::task::Poll;

use jiff::SignedDuration;
use plenary_events::model::{KeyId, Ticket};
use serde_json::{Value, json};
use shared::digest::from_base64url;
use shared::principal::Role;
use shared::testing::TestUser;

use crate::support::{Stage, draft, path};

pub struct Gate {
    pub stage: Stage,
    pub author: TestUser,
    pub door: TestUser,
    pub event: Value,
}

impl Gate {
    pub async fn open(changes: Value, admission: Value) -> Self {
        let stage = Stage::new().await;
        let org = stage.organization(false).await;
        let author = stage.member(org, Role::Organizer).await;
        let door = stage.member(org, Role::Checkin).await;
        let mut body = draft(changes);
        body["organizationId"] = json!(org);
        let event = stage.create(&author, body).await;
        stage
            .act(&author, &event, "publish", json!({}))
            .await
            .expect(200);
        stage.admit(&author, &event, admission).await.expect(200);
        Self {
            stage,
            author,
            door,
            event,
        }
    }

    pub async fn guest(&self, wish: Value) -> TestUser {
        let user = self.stage.world.user();
        self.stage.wish(&user, &self.event, wish).await.expect(201);
        user
    }

    pub async fn tickets(&self, user: &TestUser) -> Vec<String> {
        let path = format!("{}/registrations/me/tickets", path(&self.event));
        let reply = self
            .stage
            .api
            .get(&path)
            .bearer(user)
            .send()
            .await
            .expect(200);
        let items = reply.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["ticket"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn scan(&self, body: Value) -> String {
        let reply = self
            .stage
            .act(&self.door, &self.event, "check-ins", body)
            .await
            .expect(200);
        reply.body["reason"].as_str().unwrap().to_owned()
    }

    pub async fn attendance(&self, query: &str) -> Value {
        let path = format!("{}/check-ins?{query}", path(&self.event));
        self.stage
            .api
            .get(&path)
            .bearer(&self.door)
            .send()
            .await
            .expect(200)
            .body
    }

    async fn keys(&self) -> Vec<Vec<u8>> {
        let reply = self
            .stage
            .api
            .get("/v1/events/ticket-keys")
            .send()
            .await
            .expect(200);
        let keys = reply.body["keys"].as_array().unwrap().iter();
        keys.map(|key| from_base64url(key["x"].as_str().unwrap()).unwrap())
            .collect()
    }
}

/// B3-06: a ticket is verified by the published key alone.
#[tokio::test]
async fn ev_20_a_device_verifies_tickets_without_a_network() {
    let gate = Gate::open(json!({}), json!({"maxPerRegistration": 3})).await;
    assert!(gate.keys().await.is_empty(), "made on first use");
    let guest = gate.guest(json!({"quantity": 3})).await;
    let tickets = gate.tickets(&guest).await;
    assert_eq!(tickets.len(), 3);
    let keys = gate.keys().await;
    let by_id = |id: KeyId| keys.iter().find(|key| KeyId::of(key) == id).cloned();
    for (ticket, number) in tickets.iter().zip(1..) {
        let ticket = Ticket::verified(ticket, by_id).unwrap();
        assert_eq!((ticket.user_id, ticket.number), (guest.id, number));
        assert_eq!(ticket.event_id.to_string(), gate.event["id"]);
    }
    // Another instance, which has to read and open the stored key.
    let core = &gate.stage.world.core;
    let app = plenary_events::App::new(core, gate.stage.sealer.clone());
    let again = gate
        .stage
        .world
        .api(plenary_events::api(core.clone()).build(app));
    let mine = format!("{}/registrations/me/tickets", path(&gate.event));
    let reply = again.get(&mine).bearer(&guest).send().await.expect(200);
    assert_eq!(
        reply.body["items"][0]["ticket"], tickets[0],
        "Ed25519 signs the same alike"
    );
    assert_eq!(gate.keys().await.len(), 1);
    let none = gate.stage.world.user();
    gate.stage
        .api
        .get(&mine)
        .bearer(&none)
        .send()
        .await
        .expect(404);
    gate.stage.api.get(&mine).send().await.expect(401);
}

/// B3-06: the QR code is a picture that holds the ticket.
#[tokio::test]
async fn ev_20_tickets_are_pictures() {
    let gate = Gate::open(json!({}), json!({})).await;
    let guest = gate.guest(json!({})).await;
    let ticket = gate.tickets(&guest).await.remove(0);
    let at = |number: u8, kind: &str| {
        let path = format!(
            "{}/registrations/me/tickets/{number}/qr.{kind}",
            path(&gate.event)
        );
        gate.stage.api.get(&path).bearer(&guest).send()
    };
    let svg = at(1, "svg").await.expect(200);
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert_eq!(svg.header("cache-control"), "private, no-store");
    assert!(svg.text.contains("<svg"), "{}", svg.text);
    let png = at(1, "png").await.expect(200);
    assert_eq!(png.header("content-type"), "image/png");
    at(2, "png").await.expect(404);
    at(0, "svg").await.expect(404);
    // The picture's modules are those of the ticket's code.
    let code = qrcode::QrCode::with_error_correction_level(&ticket, qrcode::EcLevel::M).unwrap();
    let path = format!("{}/registrations/me/tickets/1/qr.png", path(&gate.event));
    let bytes = gate.stage.bytes(&path, &guest).await;
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let side = (code.width() + 8) * 8;
    assert_eq!((info.width as usize, info.height as usize), (side, side));
    for y in 0..code.width() {
        for x in 0..code.width() {
            let (px, py) = ((x + 4) * 8 + 3, (y + 4) * 8 + 3);
            let bit = pixels[py * info.line_size + px / 8] >> (7 - px % 8) & 1;
            let dark = code[(x, y)] == qrcode::Color::Dark;
            assert_eq!(bit == 0, dark, "module {x}, {y}");
        }
    }
}

async fn only_the_door_may(gate: &Gate, guest: &TestUser) {
    for (what, body) in [
        ("check-ins", json!({"userId": guest.id})),
        ("check-ins/upload", json!({"device": "d", "scans": []})),
    ] {
        let reply = gate.stage.act(guest, &gate.event, what, body).await;
        reply.expect(403);
    }
    for what in ["check-ins", "check-in-pack"] {
        let path = format!("{}/{what}", path(&gate.event));
        gate.stage
            .api
            .get(&path)
            .bearer(guest)
            .send()
            .await
            .expect(403);
        gate.stage.api.get(&path).send().await.expect(401);
    }
}

/// B3-06: reasons, lists by ticket type and day, several entries, the way out.
#[tokio::test]
async fn ev_20_the_door_knows_lists_and_reasons() {
    let types = json!([
        {"id": "vip", "name": "VIP", "maxPerRegistration": 2},
        {"id": "standard", "name": "Standard"},
    ]);
    let lists = json!([
        {"id": "main", "name": "Main entrance"},
        {"id": "lounge", "name": "Lounge", "ticketTypes": ["vip"], "multiEntry": true},
        {"id": "day_2", "name": "Day 2", "opensAt": "2026-10-13T06:00:00Z"},
    ]);
    let admission = json!({"ticketTypes": types, "checkInLists": lists});
    let gate = Gate::open(json!({"capacity": 3}), admission).await;
    let vip = gate
        .guest(json!({"ticketType": "vip", "quantity": 2}))
        .await;
    let std = gate.guest(json!({"ticketType": "standard"})).await;
    let waits = gate.guest(json!({"ticketType": "standard"})).await;
    let [first, second]: [String; 2] = gate.tickets(&vip).await.try_into().unwrap();
    let plain = gate.tickets(&std).await.remove(0);
    let other = Gate::open(json!({}), json!({})).await;
    let elsewhere = other.guest(json!({})).await;
    let elsewhere = other.tickets(&elsewhere).await.remove(0);
    let on = |ticket: &str, list: &str| json!({"ticket": ticket, "list": list});
    for (body, reason) in [
        (on(&first, "main"), "admitted"),
        (on(&first, "main"), "already-checked-in"),
        (on(&second, "main"), "admitted"),
        (on(&first, "lounge"), "admitted"),
        (on(&first, "lounge"), "already-checked-in"),
        (
            json!({"ticket": first, "list": "lounge", "direction": "exit"}),
            "left",
        ),
        (
            json!({"ticket": first, "list": "lounge", "direction": "exit"}),
            "not-inside",
        ),
        (on(&first, "lounge"), "admitted"),
        (on(&plain, "lounge"), "wrong-ticket-type"),
        (on(&plain, "day_2"), "list-closed"),
        (on(&elsewhere, "main"), "invalid-ticket"),
        (json!({"ticket": "nonsense"}), "invalid-ticket"),
        (json!({"userId": waits.id}), "waitlisted"),
        (json!({"userId": std.id, "number": 2}), "no-such-place"),
        (json!({"userId": gate.author.id}), "not-registered"),
    ] {
        gate.stage
            .world
            .clock
            .advance(SignedDuration::from_millis(5));
        assert_eq!(gate.scan(body.clone()).await, reason, "{body}");
    }
    let seen = gate.attendance("list=lounge").await;
    assert_eq!((&seen["admitted"], &seen["inside"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&seen["items"][0]["entries"], &seen["items"][0]["exits"]),
        (&json!(2), &json!(1))
    );
    let seen = gate.attendance("").await;
    assert_eq!(
        (&seen["list"], &seen["admitted"]),
        (&json!("main"), &json!(2))
    );
    for bad in [
        json!({}),
        json!({"ticket": first, "userId": vip.id}),
        json!({"ticket": first, "list": "x"}),
    ] {
        gate.stage
            .act(&gate.door, &gate.event, "check-ins", bad)
            .await
            .expect(400);
    }
    let told = gate.stage.kinds().await;
    let came = told
        .iter()
        .filter(|kind| *kind == "event.registration.checked_in");
    assert_eq!(came.count(), 1, "once for the registration");
    only_the_door_may(&gate, &vip).await;
}

/// B3-06: what was handed over or given up no longer opens the door.
#[tokio::test]
async fn ev_20_old_tickets_are_void() {
    let gate = Gate::open(json!({}), json!({})).await;
    let (giver, leaver) = (gate.guest(json!({})).await, gate.guest(json!({})).await);
    let old = gate.tickets(&giver).await.remove(0);
    let left = gate.tickets(&leaver).await.remove(0);
    let taker = gate.stage.world.user();
    let to = json!({"userId": taker.id});
    gate.stage
        .act(&giver, &gate.event, "registrations/me/transfer", to)
        .await
        .expect(202);
    let from = json!({"fromUserId": giver.id});
    gate.stage
        .act(&taker, &gate.event, "registrations/take-over", from)
        .await
        .expect(201);
    gate.stage.withdraw(&leaver, &gate.event).await.expect(204);
    let fresh = gate.tickets(&taker).await.remove(0);
    for (ticket, reason) in [
        (&old, "cancelled"),
        (&left, "cancelled"),
        (&fresh, "admitted"),
    ] {
        assert_eq!(gate.scan(json!({"ticket": ticket})).await, reason);
    }
    // Handed back: the same person again, and the ticket of before still void.
    let mine = format!("{}/registrations/me/tickets", path(&gate.event));
    gate.stage
        .api
        .get(&mine)
        .bearer(&giver)
        .send()
        .await
        .expect(404);
    let next = gate.guest(json!({})).await;
    let to = json!({"userId": giver.id});
    gate.stage
        .act(&next, &gate.event, "registrations/me/transfer", to)
        .await
        .expect(202);
    let from = json!({"fromUserId": next.id});
    gate.stage
        .act(&giver, &gate.event, "registrations/take-over", from)
        .await
        .expect(201);
    assert_eq!(gate.scan(json!({"ticket": old})).await, "void-ticket");
    let org = &gate.event["organizationId"];
    let second = gate
        .stage
        .create(&gate.author, draft(json!({"organizationId": org})))
        .await;
    gate.stage
        .act(&gate.author, &second, "publish", json!({}))
        .await
        .expect(200);
    let body = json!({"ticket": fresh});
    let other = gate.stage.act(&gate.door, &second, "check-ins", body).await;
    assert_eq!(other.expect(200).body["reason"], "wrong-event");
    let pack = format!("{}/check-in-pack?limit=2", path(&gate.event));
    let pack = gate
        .stage
        .api
        .get(&pack)
        .bearer(&gate.door)
        .send()
        .await
        .expect(200)
        .body;
    assert_eq!(pack["items"].as_array().unwrap().len(), 2);
    assert!(pack["nextCursor"].is_string());
    assert_eq!(pack["keys"][0]["crv"], "Ed25519");
    assert_eq!(pack["lists"][0]["id"], "main");
}

impl Gate {
    /// What the door is told by a device with a mark of its own.
    async fn marked(&self, ticket: &str, device: &str, nonce: &str) -> Value {
        let body = json!({"ticket": ticket, "device": device, "nonce": nonce});
        let reply = self
            .stage
            .act(&self.door, &self.event, "check-ins", body)
            .await;
        reply.expect(200).body
    }

    async fn scans(&self) -> Vec<plenary_events::model::Scan> {
        let id = crate::crowd::id(&self.event);
        self.stage.store.scans(id, 100, None).await.unwrap().items
    }
}

/// B3-06: the second use of a ticket that admits once lets nobody in, is kept
/// and counted; the same scan told again is not a second use.
#[tokio::test]
async fn ev_20_a_copied_ticket_does_not_open_the_door() {
    let gate = Gate::open(json!({}), json!({})).await;
    let guest = gate.guest(json!({})).await;
    let ticket = gate.tickets(&guest).await.remove(0);
    let told = |reply: &Value| (reply["admitted"].clone(), reply["reason"].clone());
    let first = gate.marked(&ticket, "door-1", "a").await;
    assert_eq!(told(&first), (json!(true), json!("admitted")));
    let again = gate.marked(&ticket, "door-1", "a").await;
    assert_eq!(told(&again), told(&first), "the answer was lost");
    assert_eq!(again["registration"]["id"], first["registration"]["id"]);
    let seen = gate.attendance("").await;
    assert_eq!(seen["items"][0]["usedTwice"], false);
    let copy = gate.marked(&ticket, "door-2", "a").await;
    assert_eq!(told(&copy), (json!(false), json!("already-checked-in")));
    let unmarked = json!({"ticket": ticket});
    let unmarked = gate
        .stage
        .act(&gate.door, &gate.event, "check-ins", unmarked)
        .await
        .expect(200)
        .body;
    assert_eq!(told(&unmarked), (json!(false), json!("already-checked-in")));
    let seen = gate.attendance("").await;
    let item = &seen["items"][0];
    let counts = (&seen["admitted"], &item["entries"], &item["refused"]);
    assert_eq!(counts, (&json!(1), &json!(1), &json!(2)));
    assert_eq!(item["usedTwice"], true);
    assert_eq!(gate.scans().await.len(), 3, "second uses are kept");
    // The mark of one scan is not that of another.
    let other = gate.guest(json!({})).await;
    let other = json!({"ticket": gate.tickets(&other).await[0], "device": "door-1", "nonce": "a"});
    let taken = gate.stage.act(&gate.door, &gate.event, "check-ins", other);
    taken.await.expect(409).problem("nonce-taken");
    for bad in [
        json!({"device": "d"}),
        json!({"device": "a b", "nonce": "1"}),
    ] {
        let mut body = bad;
        body["ticket"] = json!(ticket);
        let refused = gate.stage.act(&gate.door, &gate.event, "check-ins", body);
        refused.await.expect(400);
    }
    // Out, and not in again: who is inside is known.
    let out = json!({"ticket": ticket, "direction": "exit"});
    assert_eq!(gate.scan(out).await, "left");
    gate.stage.world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(
        gate.scan(json!({"ticket": ticket})).await,
        "already-checked-in"
    );
    assert_eq!(gate.attendance("").await["inside"], 0);
}

/// B3-06: what a device without a network told of a second use was no rightful
/// entry.
#[tokio::test]
async fn ev_20_an_uploaded_second_use_was_not_rightful() {
    let gate = Gate::open(json!({}), json!({})).await;
    let guest = gate.guest(json!({})).await;
    let ticket = gate.tickets(&guest).await.remove(0);
    let upload = |device: &str| {
        let scans = json!([{"nonce": "1", "at": shared::testing::now(), "ticket": ticket}]);
        let body = json!({"device": device, "scans": scans});
        let (stage, door, event) = (&gate.stage, &gate.door, &gate.event);
        async move {
            let reply = stage.act(door, event, "check-ins/upload", body).await;
            reply.expect(200).body["results"][0]["admitted"].clone()
        }
    };
    assert_eq!(upload("d1").await, true);
    assert_eq!(upload("d2").await, false);
    assert_eq!(upload("d1").await, true, "the first answer, again");
    let seen = gate.attendance("").await;
    let item = &seen["items"][0];
    let counts = (&item["entries"], &item["usedTwice"]);
    assert_eq!(counts, (&json!(2), &json!(true)));
}

/// B3-06: a check-in of the wrong person is taken back, with a reason that
/// stays; the ticket admits again, and the place can be given up.
#[tokio::test]
async fn ev_20_a_check_in_is_taken_back() {
    let lists = json!([{"id": "main", "name": "Main"}, {"id": "lounge", "name": "Lounge"}]);
    let gate = Gate::open(json!({}), json!({"checkInLists": lists})).await;
    let guest = gate.guest(json!({})).await;
    let undo = |by: &TestUser, list: &str, reason: &str| {
        let body = json!({"userId": guest.id, "list": list, "reason": reason});
        let (stage, event, by) = (&gate.stage, &gate.event, by.clone());
        async move { stage.act(&by, event, "check-ins/undo", body).await }
    };
    undo(&gate.door, "main", "Wrong.").await.expect(409);
    for list in ["main", "lounge"] {
        let body = json!({"userId": guest.id, "list": list});
        assert_eq!(gate.scan(body).await, "admitted");
    }
    undo(&guest, "main", "Wrong.").await.expect(403);
    undo(&gate.door, "main", " ").await.expect(400);
    undo(&gate.door, "x", "Wrong.").await.expect(400);
    let status = async || gate.stage.mine(&guest, &gate.event).await;
    let undone = undo(&gate.door, "main", "It was Bob.").await.expect(200);
    assert_eq!(undone.body["status"], "checked_in", "came to the lounge");
    let seen = gate.attendance("").await;
    assert_eq!((&seen["admitted"], &seen["inside"]), (&json!(0), &json!(0)));
    undo(&gate.door, "lounge", "It was Bob.").await.expect(200);
    let now = status().await;
    let is = (&now["status"], &now["checkedInAt"]);
    assert_eq!(is, (&json!("confirmed"), &Value::Null));
    undo(&gate.door, "lounge", "Again.").await.expect(409);
    let told = crate::worker::last(&gate.stage, "event.registration.check_in.undone").await;
    assert_eq!(told.data["reason"], "It was Bob.");
    let kept = gate.scans().await;
    let back = kept.iter().filter(|scan| scan.reason.is_some());
    let back: Vec<_> = back.map(|scan| scan.told_by).collect();
    assert_eq!(back, [gate.door.id, gate.door.id]);
    assert_eq!(kept.len(), 4, "what was scanned stays");
    assert_eq!(gate.scan(json!({"userId": guest.id})).await, "admitted");
    undo(&gate.door, "main", "No.").await.expect(200);
    gate.stage.withdraw(&guest, &gate.event).await.expect(204);
}

/// Stops `first` after so many polls, lets `second` happen, and goes on.
async fn interleaved<A, B>(
    polls: usize,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B, bool) {
    let mut first = std::pin::pin!(first);
    let mut left = polls;
    let done = std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        first.as_mut().poll(cx).map(Some)
    })
    .await;
    let in_between = done.is_none();
    let second = second.await;
    match done {
        Some(first) => (first, second, false),
        None => (first.await, second, in_between),
    }
}

/// B3-06: whoever takes a check-in back while another list lets the person in,
/// at whatever moment: they came.
#[tokio::test]
async fn ev_20_a_check_in_taken_back_sees_the_one_on_another_list() {
    let lists = json!([{"id": "main", "name": "Main"}, {"id": "lounge", "name": "Lounge"}]);
    let gate = Gate::open(json!({}), json!({"checkInLists": lists})).await;
    for polls in 0..500 {
        let guest = gate.guest(json!({})).await;
        let undo = |list: &str| {
            let body = json!({"userId": guest.id, "list": list, "reason": "It was Bob."});
            let (stage, event, by) = (&gate.stage, &gate.event, &gate.door);
            async move { stage.act(by, event, "check-ins/undo", body).await }
        };
        let enters = |list: &str| gate.scan(json!({"userId": guest.id, "list": list}));
        assert_eq!(enters("main").await, "admitted");
        let (undone, entered, in_between) =
            interleaved(polls, undo("main"), enters("lounge")).await;
        undone.expect(200);
        assert_eq!(entered, "admitted");
        let status = gate.stage.mine(&guest, &gate.event).await["status"].clone();
        assert_eq!(status, "checked_in", "after {polls} polls");
        assert_eq!(enters("main").await, "admitted");
        let (main, lounge, between) = interleaved(polls, undo("main"), undo("lounge")).await;
        main.expect(200);
        lounge.expect(200);
        let status = gate.stage.mine(&guest, &gate.event).await["status"].clone();
        assert_eq!(status, "confirmed", "after {polls} polls");
        if !in_between && !between {
            assert!(polls > 3, "{polls} polls");
            return;
        }
    }
    panic!("it never completed by itself");
}
