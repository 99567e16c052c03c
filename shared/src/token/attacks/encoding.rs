//! Attacks by how it is written.

use serde_json::json;

use super::*;

/// RFC 7515 §7.2, RFC 7519 §1: the compact serialisation alone.
#[test]
fn au_08_attack_other_serialisations_and_nesting() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let flat = json!({"protected": header, "payload": payload, "signature": signature});
    let general =
        json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]});
    for other in [
        flat.to_string(),
        general.to_string(),
        format!("{header}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}..{payload}.{signature}.x"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        "..".to_owned(),
        String::new(),
    ] {
        assert!(lab.verdict(&other).is_err(), "{other}");
    }
    // A token in a token (§5.2, `cty`), with and without saying so.
    let nested = lab.signed(&lab.header().to_string(), &token);
    lab.refuses(&nested, TokenError::Malformed);
    let quoted = lab.signed(&lab.header().to_string(), &json!(token).to_string());
    lab.refuses(&quoted, TokenError::Malformed);
}

/// RFC 7515 §2, RFC 4648 §3: base64url without padding, one text per token.
#[test]
fn au_08_attack_the_encoding() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let parts: Vec<&str> = token.split('.').collect();
    for at in 0..3 {
        for spoil in [
            |part: &str| format!("{part}="),
            |part: &str| format!("{part}=="),
            |part: &str| format!(" {part}"),
            |part: &str| format!("{part}\n"),
            |part: &str| format!("{}\r\n{}", &part[..4], &part[4..]),
            |part: &str| format!("{}+{}", &part[..4], &part[5..]),
            |part: &str| format!("{}%2E", &part[..part.len() - 3]),
            |part: &str| format!("{part}\u{0}"),
            |part: &str| format!("{part}A"),
        ] {
            let mut other: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            other[at] = spoil(parts[at]);
            let other = other.join(".");
            assert!(lab.verdict(&other).is_err(), "{other}");
        }
    }
    // 86 characters hold 516 bits for 512: the last four must be zero.
    let last = token.chars().last().unwrap();
    for letter in ('A'..='Z').chain('a'..='z').chain('0'..='9') {
        if letter != last {
            let twin = format!("{}{letter}", &token[..token.len() - 1]);
            lab.refuses_somehow(&twin);
        }
    }
    // The same bytes in the other alphabet.
    let standard = token.replace('-', "+").replace('_', "/");
    if standard != token {
        lab.refuses_somehow(&standard);
    }
    // No text in another encoding than UTF-8 (RFC 8725 §3.7).
    let utf16: Vec<u8> = lab
        .header()
        .to_string()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let message = format!("{}.{}", base64url(utf16), base64url(claims().to_string()));
    let signature = base64url(lab.signature(&message));
    lab.refuses(&format!("{message}.{signature}"), TokenError::Malformed);
}
