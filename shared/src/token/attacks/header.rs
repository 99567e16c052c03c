//! Attacks by what the header says.

use ring::hmac;
use serde_json::{Value, json};

use super::*;

/// RFC 8725 §2.1, §3.1, §3.2.
#[test]
fn au_08_attack_the_algorithm_none() {
    let lab = Lab::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = lab.token(|header, _| header["alg"] = json!(alg));
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        lab.refuses(&token, TokenError::Malformed);
        lab.refuses(&unsigned, TokenError::Malformed);
    }
    // Our algorithm, and no signature.
    let token = lab.token(|_, _| ());
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    lab.refuses(&unsigned, TokenError::Signature);
}

/// RFC 8725 §2.1, §3.1: HMAC keyed with what everybody knows.
#[test]
fn au_08_attack_hmac_with_the_public_key() {
    let lab = Lab::new();
    let (x, y) = (
        from_base64url(&lab.public.x).unwrap(),
        from_base64url(&lab.public.y).unwrap(),
    );
    let point = [vec![4], x.clone(), y.clone()].concat();
    let jwk = serde_json::to_vec(&Jwk::from(&lab.public)).unwrap();
    for secret in [
        point,
        [x, y].concat(),
        jwk,
        lab.public.x.clone().into_bytes(),
        vec![],
    ] {
        for alg in ["HS256", "ES256"] {
            let mut header = lab.header();
            header["alg"] = json!(alg);
            let message = format!(
                "{}.{}",
                base64url(header.to_string()),
                base64url(claims().to_string())
            );
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let tag = hmac::sign(&key, message.as_bytes());
            assert!(
                lab.verdict(&format!("{message}.{}", base64url(tag)))
                    .is_err()
            );
        }
    }
}

/// RFC 8725 §3.1: the algorithm is ours to choose, not the header's.
#[test]
fn au_08_attack_another_algorithm() {
    let lab = Lab::new();
    let all = [
        "ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "HS512", "es256", "ES256 ", "dir",
    ];
    for alg in all
        .map(Value::from)
        .into_iter()
        .chain([json!(null), json!(["ES256"]), json!(1)])
    {
        lab.refuses(
            &lab.token(|header, _| header["alg"] = alg),
            TokenError::Malformed,
        );
    }
    let token = lab.token(|header, _| drop(header.as_object_mut().unwrap().remove("alg")));
    lab.refuses(&token, TokenError::Malformed);
}

/// RFC 8725 §3.11, RFC 9068 §4: no other kind of token passes for this one.
#[test]
fn au_08_attack_another_type() {
    let lab = Lab::new();
    for typ in [
        "JWT",
        "",
        "at+jwt ",
        "rt+jwt",
        "logout+jwt",
        "dpop+jwt",
        "JOSE",
    ] {
        lab.refuses(
            &lab.token(|header, _| header["typ"] = json!(typ)),
            TokenError::Malformed,
        );
    }
    let token = lab.token(|header, _| drop(header.as_object_mut().unwrap().remove("typ")));
    lab.refuses(&token, TokenError::Malformed);
}

/// RFC 8725 §3.10: a key id is looked up among ours and is nothing else.
#[test]
fn au_08_attack_the_key_id() {
    let lab = Lab::new();
    for kid in [json!(null), json!(1), json!(["a"]), json!({})] {
        lab.refuses(
            &lab.token(|header, _| header["kid"] = kid),
            TokenError::Malformed,
        );
    }
    let token = lab.token(|header, _| drop(header.as_object_mut().unwrap().remove("kid")));
    lab.refuses(&token, TokenError::Malformed);
    for kid in [
        "../../../../dev/null",
        "' OR '1'='1",
        "a\u{0}b",
        "",
        "KEYS#",
        "http://evil.example.org/k",
    ] {
        let token = lab.token(|header, _| header["kid"] = json!(kid));
        assert_eq!(
            key_id(&token).as_deref(),
            Ok(kid),
            "as it is, for the look-up to miss"
        );
    }
}

/// RFC 8725 §3.10, RFC 7515 §4.1: nothing in the header brings a key along or
/// changes how it is read.
#[test]
fn au_08_attack_headers_that_bring_a_key_or_a_rule() {
    let lab = Lab::new();
    let own = Lab::new();
    let url = json!("https://evil.example.org/jwks.json");
    let extra = [
        ("jku", url.clone()),
        ("x5u", url),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("jwk", serde_json::to_value(Jwk::from(&own.public)).unwrap()),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
        ("p2c", json!(1_000_000_000)),
        ("anything", json!(1)),
    ];
    for (name, value) in extra {
        // Signed by the real key, and by the one that the header brings.
        for lab_of in [&lab, &own] {
            let mut header = lab.header();
            header[name] = value.clone();
            let token = lab_of.signed(&header.to_string(), &claims().to_string());
            lab.refuses(&token, TokenError::Malformed);
        }
    }
}
