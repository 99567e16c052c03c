use super::*;
use crate::id::UserId;

const ISSUER: &str = "https://api.example.org";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: ISSUER.into(),
        sub: UserId::new().into(),
        sid: SessionId::new(),
        org: None,
        scope: String::new(),
        jti: "j".into(),
        client_id: "plenary".into(),
        iat: now().as_second(),
        exp: now().as_second() + 900,
    }
}

fn pair() -> (Signer, Verifier) {
    let (pkcs8, key) = new_key(now()).unwrap();
    (Signer::new(&key.kid, &pkcs8), Verifier::new(&key).unwrap())
}

#[test]
fn au_08_what_we_sign_we_accept() {
    let (signer, verifier) = pair();
    let claims = claims();
    let token = signer.sign(&claims).unwrap();
    assert!(key_id(&token).is_ok());
    assert_eq!(verifier.verify(&token, ISSUER, now()), Ok(claims));
}

#[test]
fn au_08_every_tampered_byte_is_noticed() {
    let (signer, verifier) = pair();
    let token = signer.sign(&claims()).unwrap();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        // The last character of base64url carries unused bits; a lenient
        // decoder would accept a twin of the same signature.
        assert!(
            verifier.verify(&tampered, ISSUER, now()).is_err(),
            "byte {at} of {}",
            token.len()
        );
    }
}

#[test]
fn au_08_times_issuer_and_audience_are_checked() {
    let (signer, verifier) = pair();
    let check = |change: fn(&mut Claims), wanted| {
        let mut claims = claims();
        change(&mut claims);
        let token = signer.sign(&claims).unwrap();
        assert_eq!(verifier.verify(&token, ISSUER, now()), Err(wanted));
    };
    check(|c| c.exp = c.iat, TokenError::Expired);
    check(|c| c.iat += 61, TokenError::Misdirected);
    check(
        |c| c.iss = "https://other.example.org".into(),
        TokenError::Misdirected,
    );
    check(
        |c| c.aud = "https://other.example.org".into(),
        TokenError::Misdirected,
    );
}

#[test]
fn au_08_other_algorithms_and_types_are_refused() {
    // RFC 8725 §3.1 and §3.11: `none`, HMAC with the public key, other types.
    let body = digest::base64url(serde_json::to_vec(&claims()).unwrap());
    for header in [
        r#"{"alg":"none","typ":"at+jwt","kid":"k"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":"k"}"#,
        r#"{"alg":"ES256","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","typ":"at+jwt","kid":"k","crit":["b64"],"b64":false}"#,
        r#"{"alg":"ES256","typ":"at+jwt","kid":"k","jwk":{}}"#,
    ] {
        let token = format!("{}.{body}.", digest::base64url(header));
        assert_eq!(key_id(&token), Err(TokenError::Malformed), "{header}");
    }
    let long = "a".repeat(5000);
    assert_eq!(key_id(&format!("{long}.b.c")), Err(TokenError::Malformed));
}

#[test]
fn au_08_another_keys_signature_is_refused() {
    let (signer, _) = pair();
    let (_, verifier) = pair();
    let token = signer.sign(&claims()).unwrap();
    assert_eq!(
        verifier.verify(&token, ISSUER, now()),
        Err(TokenError::Signature)
    );
}
