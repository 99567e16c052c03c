//! Attacks by what the claims say.

use serde_json::{Value, json};

use super::*;

/// RFC 8725 §3.8, §3.9.
#[test]
fn au_08_attack_another_issuer_or_audience() {
    let lab = Lab::new();
    let others = [
        "https://evil.example.org",
        "",
        "https://api.example.org/",
        "HTTPS://API.EXAMPLE.ORG",
    ];
    for name in ["iss", "aud"] {
        for other in others {
            lab.refuses(
                &lab.token(|_, claims| claims[name] = json!(other)),
                TokenError::Misdirected,
            );
        }
        for odd in [json!(null), json!(1), json!([]), json!({"a": ISSUER})] {
            assert!(
                lab.verdict(&lab.token(|_, claims| claims[name] = odd))
                    .is_err()
            );
        }
    }
    // We address one audience; a token for several is not one of ours.
    let two = json!([ISSUER, "https://evil.example.org"]);
    lab.refuses(
        &lab.token(|_, claims| claims["aud"] = two),
        TokenError::Malformed,
    );
}

/// RFC 8725 §3.10, RFC 9068 §2.2: what must be there is.
#[test]
fn au_08_attack_missing_and_mistyped_claims() {
    let lab = Lab::new();
    for name in ["iss", "aud", "sub", "sid", "jti", "client_id", "iat", "exp"] {
        let token = lab.token(|_, claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert!(lab.verdict(&token).is_err(), "{name}");
        for odd in [json!(null), json!([]), json!({}), json!(true)] {
            let token = lab.token(|_, claims| claims[name] = odd);
            assert!(lab.verdict(&token).is_err(), "{name}");
        }
    }
    for sub in [
        "",
        "admin",
        "user_",
        "org_01h2xcejqtf2nbrexx3vqjhp41",
        "user_01H2XCEJQTF2NBREXX3VQJHP41",
    ] {
        lab.refuses(
            &lab.token(|_, claims| claims["sub"] = json!(sub)),
            TokenError::Malformed,
        );
    }
    for payload in ["", "null", "[]", "\"x\"", "{}", "{\"exp\":", "\u{feff}{}"] {
        let token = lab.signed(&lab.header().to_string(), payload);
        assert!(lab.verdict(&token).is_err(), "{payload}");
    }
}

/// RFC 7519 §4.1.4–4.1.6.
#[test]
fn au_08_attack_times() {
    let lab = Lab::new();
    let at = now().as_second();
    let with = |name: &str, value: Value| lab.verdict(&lab.token(|_, claims| claims[name] = value));
    assert_eq!(with("exp", json!(at)), Err(TokenError::Expired));
    assert_eq!(with("exp", json!(0)), Err(TokenError::Expired));
    assert_eq!(with("exp", json!(-1)), Err(TokenError::Expired));
    assert!(with("exp", json!(at + 1)).is_ok());
    for odd in [
        json!("1900000000"),
        json!(1.9e9),
        json!(1e300),
        json!(u64::MAX),
    ] {
        assert_eq!(with("exp", odd), Err(TokenError::Malformed));
    }
    for name in ["iat", "nbf"] {
        assert!(
            with(name, json!(at + 60)).is_ok(),
            "{name}: clocks differ a little"
        );
        assert_eq!(
            with(name, json!(at + 61)),
            Err(TokenError::Misdirected),
            "{name}"
        );
        assert!(with(name, json!("now")).is_err());
    }
}

/// RFC 8725 §3.10, RFC 7515 §4: no member twice.
#[test]
fn au_08_attack_members_that_stand_twice() {
    let lab = Lab::new();
    let (header, body) = (lab.header().to_string(), claims().to_string());
    for twice in [
        "\"alg\":\"none\"",
        "\"typ\":\"at+jwt\"",
        "\"kid\":\"other\"",
    ] {
        let token = lab.signed(&header.replacen('{', &format!("{{{twice},"), 1), &body);
        lab.refuses(&token, TokenError::Malformed);
    }
    for twice in [
        "\"sub\":\"user_01h2xcejqtf2nbrexx3vqjhp41\"",
        "\"exp\":9999999999",
        "\"scope\":\"\"",
        "\"aud\":\"x\"",
        "\"iss\":\"x\"",
    ] {
        let front = lab.signed(&header, &body.replacen('{', &format!("{{{twice},"), 1));
        let back = lab.signed(&header, &format!("{},{twice}}}", &body[..body.len() - 1]));
        assert!(
            lab.verdict(&front).is_err() && lab.verdict(&back).is_err(),
            "{twice}"
        );
    }
}

/// A token is at most 4 KiB; longer ones are not even decoded.
#[test]
fn au_08_attack_by_size() {
    let lab = Lab::new();
    let padded = |length: usize| lab.token(|_, claims| claims["jti"] = json!("j".repeat(length)));
    let fits = padded(2_500);
    assert!(fits.len() <= MAX_TOKEN && lab.verdict(&fits).is_ok());
    let long = padded(3_000);
    assert!(long.len() > MAX_TOKEN);
    lab.refuses(&long, TokenError::Malformed);
    lab.refuses(&"a.".repeat(1_000_000), TokenError::Malformed);
    let deep = format!("{}{}", "[".repeat(1_500), "]".repeat(1_500));
    assert!(
        lab.verdict(&lab.signed(&lab.header().to_string(), &deep))
            .is_err()
    );
}
