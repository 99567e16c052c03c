//! AU-33: accounts that are suspended, or whose password is to be reset.

use jiff::SignedDuration;
use plenary_auth::store::Spent;
use serde_json::json;
use shared::testing::cx;

use crate::administration::{decide, deliver, last, login, owner};
use crate::support::{PASSWORD, Person, Stack};

/// AU-33: a suspension refuses every token and ends every session for good.
#[tokio::test]
async fn au_33_a_suspended_account_is_out_and_its_sessions_stay_ended() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let eve = stack.register("eve").await;
    let other = stack.login(&eve).await;
    let spam = json!({"status": "suspended", "reason": "Spam."});
    let view = decide(&stack, &ada, &eve, spam.clone())
        .await
        .expect(200)
        .body;
    assert_eq!(view["suspension"]["reason"], "Spam.");
    assert_eq!(view["suspension"]["by"], ada.id.to_string());
    for person in [&eve, &other] {
        stack.get("/v1/users/me", person).await.expect(401);
        stack.refresh(&person.refresh).await.expect(401);
    }
    login(&stack, &eve, PASSWORD)
        .await
        .expect(403)
        .problem("account-suspended");
    login(&stack, &eve, "wrong wrong wrong wrong")
        .await
        .expect(401);
    let event = last(&stack, "user.suspended").await;
    assert_eq!(event.data, json!({"userId": eve.id, "reason": "Spam."}));
    assert_eq!(event.actor, Some(ada.id.to_string()));
    // Again is nothing new.
    let before = stack.event_types().await.len();
    decide(&stack, &ada, &eve, spam).await.expect(200);
    assert_eq!(stack.event_types().await.len(), before);
    let sorry = json!({"status": "active", "reason": "A mistake."});
    decide(&stack, &ada, &eve, sorry).await.expect(200);
    last(&stack, "user.reinstated").await;
    for person in [&eve, &other] {
        stack.get("/v1/users/me", person).await.expect(401);
        stack.refresh(&person.refresh).await.expect(401);
    }
    login(&stack, &eve, PASSWORD).await.expect(200);
}

/// AU-33: a request that stopped after its commit is finished by the worker, and
/// an event that comes days later ends nothing that began after it.
#[tokio::test]
async fn au_33_the_worker_ends_the_sessions_that_a_request_left() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let eve = stack.register("eve").await;
    let leak = json!({"passwordResetRequired": true, "reason": "A leak."});
    decide(&stack, &ada, &eve, leak).await.expect(200);
    let event = last(&stack, "user.password.reset_required").await;
    // As if the request had left it.
    let (session, tokens) = {
        let account = stack.app.store.account(eve.id).await.unwrap().unwrap();
        let methods = [plenary_auth::model::session::Method::Password];
        stack
            .app
            .begin_session(&cx(), &account, &methods)
            .await
            .unwrap()
    };
    stack
        .app
        .store
        .login(&cx(), &session, &Spent::default())
        .await
        .unwrap();
    stack.refresh(&tokens.refresh_token).await.expect(200);
    assert_eq!(deliver(&stack, &[event.clone(), event.clone()]).await, 0);
    stack.refresh(&tokens.refresh_token).await.expect(401);
    stack.world.clock.advance(SignedDuration::from_hours(24));
    reset(&stack, &eve, "another teapot marches south").await;
    let signed_in = login(&stack, &eve, "another teapot marches south").await;
    let later = Person::of(&signed_in.expect(200));
    assert_eq!(deliver(&stack, &[event]).await, 0);
    stack.get("/v1/users/me", &later).await.expect(200);
}

async fn reset(stack: &Stack, person: &Person, password: &str) {
    let forgot = json!({"email": person.email});
    let forgot = stack.api.post("/v1/auth/forgot-password").json(forgot);
    forgot.send().await.expect(202);
    let body = json!({"token": stack.mailed("reset-password").await, "newPassword": password});
    let reset = stack.api.post("/v1/auth/reset-password").json(body);
    reset.send().await.expect(204);
}

/// AU-33: a password that is to be reset proves nothing, and says so to whoever
/// has it and to nobody else.
#[tokio::test]
async fn au_33_a_forced_reset_makes_the_password_worthless() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let eve = stack.register("eve").await;
    let forced = json!({"passwordResetRequired": true});
    let view = decide(&stack, &ada, &eve, forced).await.expect(200).body;
    assert_eq!(view["passwordResetRequired"], true);
    stack.get("/v1/users/me", &eve).await.expect(401);
    stack.refresh(&eve.refresh).await.expect(401);
    login(&stack, &eve, PASSWORD)
        .await
        .expect(403)
        .problem("password-reset-required");
    login(&stack, &eve, "wrong wrong wrong wrong")
        .await
        .expect(401)
        .problem("invalid-credentials");
    reset(&stack, &eve, "another teapot marches south").await;
    login(&stack, &eve, PASSWORD).await.expect(401);
    login(&stack, &eve, "another teapot marches south")
        .await
        .expect(200);
    let path = format!("/v1/auth/users/{}", eve.id);
    let view = stack.get(&path, &ada).await.expect(200).body;
    assert_eq!(view["passwordResetRequired"], false);
    let changed = last(&stack, "user.password.changed").await.data;
    assert_eq!(changed, json!({"userId": eve.id, "by": "reset"}));
}

/// AU-33: whoever is still signed in by something else cannot keep the password
/// that is to go, and a mistake can be taken back.
#[tokio::test]
async fn au_33_a_forced_reset_also_stops_a_change_by_the_old_password() {
    let stack = Stack::new().await;
    let ada = owner(&stack, "ada").await;
    let eve = stack.register("eve").await;
    decide(&stack, &ada, &eve, json!({"passwordResetRequired": true}))
        .await
        .expect(200);
    let account = stack.app.store.account(eve.id).await.unwrap().unwrap();
    let methods = [plenary_auth::model::session::Method::Password];
    let (session, tokens) = stack
        .app
        .begin_session(&cx(), &account, &methods)
        .await
        .unwrap();
    stack
        .app
        .store
        .login(&cx(), &session, &Spent::default())
        .await
        .unwrap();
    let change = stack
        .api
        .post("/v1/auth/change-password")
        .token(&tokens.access_token)
        .json(json!({"currentPassword": PASSWORD, "newPassword": "another teapot marches"}));
    change
        .send()
        .await
        .expect(403)
        .problem("password-reset-required");
    decide(&stack, &ada, &eve, json!({"passwordResetRequired": false}))
        .await
        .expect(200);
    login(&stack, &eve, PASSWORD).await.expect(200);
}
