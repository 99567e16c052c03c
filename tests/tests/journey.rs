//! The real journey, and the pictures.

use std::io::Cursor;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack, draft, eventually, send, somewhere, text};

/// S0, S3, OP-04: register, have an event approved, another registers, both are
/// told through SNS and SQS, and matches come back with reasons.
#[tokio::test]
async fn op_04_from_registration_to_matches_with_reasons() {
    let stack = Stack::up();
    let (organiser, approver) = (stack.person("olga").await, stack.person("ada").await);
    let (first, second) = (stack.person("fred").await, stack.person("sina").await);

    let org = json!({"name": "Rust Berlin", "slug": format!("rust-{}", &organiser.id[20..]), "eventApproval": true});
    let org = organiser
        .post("/v1/organizations", &org)
        .await
        .expect(201)
        .body;
    let body = json!({"userId": approver.id, "role": "approver"});
    let members = format!("/v1/organizations/{}/members", text(&org, "id"));
    organiser.post(&members, &body).await.expect(201);
    let asked = approver.told("organization.invitation.received").await;
    let accept = format!("{}/accept", text(&asked, "link"));
    approver.post(&accept, &json!({})).await.expect(200);

    let body =
        draft(json!({"organizationId": org["id"], "title": "From draft to door", "capacity": 50}));
    let event = organiser.post("/v1/events", &body).await.expect(201).body;
    let path = format!("/v1/events/{}", text(&event, "id"));
    eventually("the organisation's settings reach events", || async {
        let answer = organiser.post(&format!("{path}/submit"), &json!({})).await;
        (answer.status == 200).then_some(())
    })
    .await;
    // A role reaches every function within five seconds.
    approver.told("event.submitted").await;
    eventually("the approver's role holds", || async {
        let answer = approver
            .post(&format!("{path}/approve"), &json!({"note": "Yes."}))
            .await;
        (answer.status == 200).then_some(())
    })
    .await;
    organiser.told("event.approved").await;
    organiser
        .post(&format!("{path}/publish"), &json!({}))
        .await
        .expect(200);

    for (person, offers, wants) in [
        (&first, "databases", "design"),
        (&second, "design", "databases"),
    ] {
        let profile = json!({"headline": "Building serverless software", "roles": ["engineer"],
            "offers": [offers], "lookingFor": [wants], "industries": ["software"],
            "preferences": {"openToMatch": true}});
        person
            .put("/v1/matchmaking/profile", &profile)
            .await
            .expect(200);
        let registration = person
            .post(&format!("{path}/registrations"), &json!({}))
            .await
            .expect(201)
            .body;
        assert_eq!(registration["status"], "confirmed");
        person.told("registration.confirmed").await;
    }
    organiser.told("event.registrations").await;

    let matches = format!("/v1/matchmaking/matches?eventId={}", text(&event, "id"));
    let found = eventually("matches", || async {
        let list = first.get(&matches).await.expect(200).body;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["userId"] == json!(second.id))
            .cloned()
    })
    .await;
    assert!(
        found["score"]
            .as_f64()
            .is_some_and(|score| score > 0.0 && score <= 1.0),
        "{found}"
    );
    assert!(!found["reasons"].as_array().unwrap().is_empty(), "{found}");

    let mail = eventually("the confirmation by e-mail", || async {
        let mail = stack.mail_to(&first.email).await;
        (mail
            .iter()
            .any(|mail| mail.to_string().contains("From draft to door")))
        .then_some(mail)
    })
    .await;
    // NO-15: the welcome came too.
    assert!(mail.len() >= 2, "{mail:?}");
}

/// GW-16, OB-05: the correlation id of a request reaches what it sets off.
#[tokio::test]
async fn gw_16_the_correlation_id_goes_through_the_bus() {
    let stack = Stack::up();
    let person = stack.person("cora").await;
    let event = person.publishes(json!({})).await;
    let path = format!("/v1/events/{}/registrations", text(&event, "id"));
    let request = person
        .request(Method::POST, &path)
        .header("x-correlation-id", "e2e-correlation");
    let answer = send(request.json(&json!({}))).await.expect(201);
    assert_eq!(answer.header("x-correlation-id"), "e2e-correlation");
    assert_ne!(answer.header("x-request-id"), "e2e-correlation");
}

/// OR-06: an invitation arrives by e-mail and works once, for its address.
#[tokio::test]
async fn or_06_an_invitation_by_mail() {
    let stack = Stack::up();
    let (owner, guest, stranger) = (
        stack.person("owen").await,
        stack.person("gina").await,
        stack.person("stan").await,
    );
    let token = stack.mailed(&owner, "/v1/auth/verify-email#").await;
    owner
        .post("/v1/auth/verify-email", &json!({"token": token}))
        .await
        .expect(204);
    let org = json!({"name": "Invited", "slug": format!("inv-{}", &owner.id[20..])});
    let org = owner.post("/v1/organizations", &org).await.expect(201).body;
    let invitations = format!("/v1/organizations/{}/invitations", text(&org, "id"));
    let body = json!({"email": guest.email, "role": "organizer"});
    let made = owner.post(&invitations, &body).await.expect(201);
    assert!(
        !String::from_utf8_lossy(&made.bytes).contains("token"),
        "the token is for the invited alone"
    );
    let token = eventually("the invitation", || async {
        let mail = stack.mail_to(&guest.email).await;
        mail.iter().find_map(|mail| token_of(&mail.to_string()))
    })
    .await;
    // The link can be opened by anybody who has it, as a mail scanner does.
    let preview = stack
        .get(&format!("/v1/invitations/{token}"))
        .await
        .expect(200);
    assert_eq!(preview.body["organizationName"], "Invited");
    assert_eq!(preview.body["state"], "pending");
    let accept = format!("/v1/invitations/{token}/accept");
    let refused = stranger.post(&accept, &json!({})).await;
    assert!(refused.status.is_client_error(), "{}", refused.body);
    // Whoever was passed the link can register with the address, and no more.
    guest.post(&accept, &json!({})).await.expect(403);
    let proof = json!({"token": stack.mailed(&guest, "/v1/auth/verify-email#").await});
    let proof = guest.post("/v1/auth/verify-email", &proof).await;
    proof.expect(204);
    let accepted = guest.post(&accept, &json!({})).await;
    assert!(accepted.status.is_success(), "{}", accepted.body);
    let again = stranger.post(&accept, &json!({})).await;
    assert!(again.status.is_client_error());
    let members = format!("/v1/organizations/{}/members", text(&org, "id"));
    eventually("the membership holds", || async {
        (guest.get(&members).await.status == 200).then_some(())
    })
    .await;
}

fn token_of(mail: &str) -> Option<String> {
    let after = mail.split("/invitations/").nth(1)?;
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')?;
    Some(after[..end].to_owned())
}

/// AU-14, AU-15, AU-16: the letters of an account arrive, and their links work.
#[tokio::test]
async fn au_15_16_an_address_is_proved_and_a_forgotten_password_replaced() {
    let stack = Stack::up();
    let person = stack.person("flo").await;
    let submit = async |path: &str, body: Value| {
        let request = stack.request(&somewhere(), Method::POST, path);
        send(request.json(&body)).await
    };
    let token = stack.mailed(&person, "/v1/auth/verify-email#").await;
    let body = json!({"token": token});
    let proof = person.post("/v1/auth/verify-email", &body).await;
    proof.expect(204);
    let me = person.get("/v1/users/me").await.expect(200);
    assert_eq!(me.body["emailVerified"], true);

    let body = json!({"email": person.email});
    submit("/v1/auth/forgot-password", body).await.expect(202);
    let token = stack.mailed(&person, "/v1/auth/reset-password#").await;
    let body = json!({"token": token, "newPassword": "seven quiet lanterns above"});
    submit("/v1/auth/reset-password", body).await.expect(204);
    let old = json!({"email": person.email, "password": crate::stack::PASSWORD});
    submit("/v1/auth/login", old).await.expect(401);
    let new = json!({"email": person.email, "password": "seven quiet lanterns above"});
    submit("/v1/auth/login", new).await.expect(200);
    eventually("the end of the old session", || async {
        (person.get("/v1/events/saved").await.status == 401).then_some(())
    })
    .await;
    eventually("word of the change", || async {
        let mail = stack.mail_to(&person.email).await;
        let told = |mail: &Value| mail.to_string().contains("Your password was changed");
        mail.iter().any(told).then_some(())
    })
    .await;
}

async fn upload(person: &Person, content_type: &str, file: Vec<u8>) -> Value {
    let body = json!({"contentType": content_type, "bytes": file.len(), "fileName": "picture"});
    let permit = person
        .post("/v1/media/uploads", &body)
        .await
        .expect(201)
        .body;
    let answer = put_form(&permit, content_type, file).await;
    assert!(
        answer.status.is_success(),
        "{}",
        String::from_utf8_lossy(&answer.bytes)
    );
    permit
}

async fn put_form(permit: &Value, content_type: &str, file: Vec<u8>) -> Answer {
    let mut form = Form::new();
    for (name, value) in permit["upload"]["fields"].as_object().unwrap() {
        form = form.text(name.clone(), value.as_str().unwrap().to_owned());
    }
    let part = Part::bytes(file)
        .file_name("picture")
        .mime_str(content_type)
        .unwrap();
    let url = permit["upload"]["url"].as_str().unwrap();
    send(somewhere().post(url).multipart(form.part("file", part))).await
}

async fn processed(person: &Person, permit: &Value) -> Value {
    let path = format!("/v1/media/{}", text(permit, "mediaId"));
    eventually("the processed picture", || async {
        let medium = person.get(&path).await.expect(200).body;
        matches!(medium["status"].as_str(), Some("ready" | "rejected")).then_some(medium)
    })
    .await
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let [red, ..] = x.to_le_bytes();
        let [green, ..] = y.to_le_bytes();
        image::Rgb([red, green, 120])
    });
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
        .unwrap();
    bytes
}

/// ME-01, ME-03, ME-06, ME-09: uploaded straight to S3, resized by its trigger.
#[tokio::test]
async fn me_01_03_06_09_a_picture_is_uploaded_and_resized() {
    let stack = Stack::up();
    let (owner, other) = (stack.person("pia").await, stack.person("nosy").await);
    let permit = upload(&owner, "image/jpeg", picture(900, 600)).await;
    let medium = processed(&owner, &permit).await;
    assert_eq!(medium["status"], "ready", "{medium}");
    assert_eq!(
        (&medium["width"], &medium["height"]),
        (&json!(900), &json!(600))
    );
    let path = format!("/v1/media/{}", text(&permit, "mediaId"));
    let content = owner
        .get(&format!("{path}/content?variant=thumb"))
        .await
        .expect(302);
    let file = send(somewhere().get(content.header("location")))
        .await
        .expect(200);
    let thumb = image::load_from_memory(&file.bytes).unwrap();
    assert!(
        thumb.width() <= 400 && thumb.width() < 900,
        "{}",
        thumb.width()
    );
    other.get(&path).await.expect(404);
    other
        .get(&format!("{path}/content?variant=thumb"))
        .await
        .expect(404);
    other.delete(&path).await.expect(404);
    // ME-04
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.expect(404);
}

/// B10-04: what is no picture is rejected, whatever it calls itself.
#[tokio::test]
async fn me_06_a_picture_that_is_none() {
    let stack = Stack::up();
    let owner = stack.person("mal").await;
    let permit = upload(
        &owner,
        "image/jpeg",
        b"#!/bin/sh\necho no picture at all\n".to_vec(),
    )
    .await;
    let medium = processed(&owner, &permit).await;
    assert_eq!(medium["status"], "rejected", "{medium}");
    let content = format!(
        "/v1/media/{}/content?variant=thumb",
        text(&permit, "mediaId")
    );
    assert!(owner.get(&content).await.status.is_client_error());
}

/// B10-01: S3 itself refuses another size or type than was permitted.
#[tokio::test]
async fn me_01_the_permit_binds_size_and_type() {
    let stack = Stack::up();
    let owner = stack.person("liz").await;
    let body = json!({"contentType": "image/jpeg", "bytes": 100, "fileName": "small"});
    let permit = owner
        .post("/v1/media/uploads", &body)
        .await
        .expect(201)
        .body;
    let large = put_form(&permit, "image/jpeg", vec![0; 5_000]).await;
    assert!(large.status.is_client_error(), "{}", large.status);
    let huge = json!({"contentType": "image/jpeg", "bytes": 10_000_000_000_u64, "fileName": "x"});
    assert!(
        owner
            .post("/v1/media/uploads", &huge)
            .await
            .status
            .is_client_error()
    );
    let program = json!({"contentType": "application/x-sh", "bytes": 10, "fileName": "x"});
    assert!(
        owner
            .post("/v1/media/uploads", &program)
            .await
            .status
            .is_client_error()
    );
}
