//! A sign-in with a second factor, with the real sealing behind it.

use plenary_auth::model::totp::{TotpSecret, step};
use serde_json::json;
use shared::clock::Clock;

use crate::stack::{PASSWORD, Stack, somewhere, text};

fn base32(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.chars() {
        let five = u32::try_from(ALPHABET.find(c).unwrap()).unwrap();
        bits = ((bits << 5) | five) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    bytes
}

/// AU-21: the role of auth-api may seal and open second factors.
#[tokio::test]
async fn au_21_an_app_and_a_recovery_code_on_the_deployed_stack() {
    let stack = Stack::up();
    let ada = stack.person("ada").await;
    let enrolment = ada.post("/v1/auth/mfa/totp", &json!({})).await.expect(200);
    let secret = TotpSecret::from_bytes(&base32(text(&enrolment.body, "secret"))).unwrap();
    let code = json!({"code": secret.code(step(Clock::system().now()))});
    let confirmed = ada.post("/v1/auth/mfa/totp/confirm", &code).await;
    let codes = confirmed.expect(200).body["recoveryCodes"].clone();
    let client = somewhere();
    let send = async |path: &str, body: serde_json::Value| {
        let request = stack.request(&client, reqwest::Method::POST, path);
        crate::stack::send(request.json(&body)).await
    };
    let login = json!({"email": ada.email, "password": PASSWORD});
    let asked = send("/v1/auth/login", login).await.expect(200).body;
    assert_eq!(asked["mfaRequired"], true);
    let answer = json!({"challengeId": asked["challengeId"], "recoveryCode": codes[0]});
    let verify = "/v1/auth/mfa/verify";
    send(verify, answer.clone()).await.expect(200);
    let again = send(verify, answer).await;
    again.expect(410).problem("challenge-gone");
}
