//! Project Wycheproof's vectors for JSON Web Signatures and Keys, as far as they
//! are about ES256. They are not part of this repository: `WYCHEPROOF` says
//! where they are, otherwise `shared/data/wycheproof` beside it is looked at.

use std::path::PathBuf;

use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    comment: String,
    private: Option<Value>,
    public: Option<Value>,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    comment: String,
    #[serde(default)]
    jws: Value,
    result: String,
}

#[allow(clippy::disallowed_methods)]
fn folder() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/wycheproof");
    std::env::var_os("WYCHEPROOF").map_or_else(|| beside.into(), PathBuf::from)
}

fn read(name: &str) -> Option<File> {
    let path = folder().join(name);
    if !path.exists() {
        eprintln!(
            "LEFT OUT: no Wycheproof vectors at {}; set WYCHEPROOF to their folder",
            path.display()
        );
        return None;
    }
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// The keys of a group: one, or a set.
fn keys(group: &Group) -> Vec<Value> {
    let key = group.public.as_ref().or(group.private.as_ref()).unwrap();
    match key["keys"].as_array() {
        Some(keys) => keys.clone(),
        None => vec![key.clone()],
    }
}

/// What a group's keys are to us.
fn verifiers(group: &Group) -> Vec<(String, Verifier)> {
    let usable = |key: Value| {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let key = jwk.signing_key(Timestamp::UNIX_EPOCH).ok()?;
        Some((key.kid.clone(), Verifier::new(&key)?))
    };
    keys(group).into_iter().filter_map(usable).collect()
}

/// Whether our key, our provider and our rules accept a signature. The payloads
/// are no claims, so what is wrong with those does not count here: the library
/// looks at them after the signature.
fn accepts(verifiers: &[(String, Verifier)], jws: &str) -> bool {
    let Ok(header) = jsonwebtoken::decode_header(jws) else {
        return false;
    };
    let key = verifiers
        .iter()
        .find(|(kid, _)| Some(kid) == header.kid.as_ref());
    let Some((_, verifier)) = key else {
        return false;
    };
    match jsonwebtoken::decode::<IgnoredAny>(jws, &verifier.0, &rules("i")) {
        Ok(_) => true,
        Err(err) => matches!(
            err.kind(),
            ErrorKind::Json(_)
                | ErrorKind::Utf8(_)
                | ErrorKind::InvalidIssuer
                | ErrorKind::MissingRequiredClaim(_)
        ),
    }
}

/// Runs the groups whose keys are on an elliptic curve; of the rest nothing can
/// be valid for us, and nothing may be accepted.
fn run(file: &File) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for group in &file.test_groups {
        let verifiers = verifiers(group);
        let p256 = keys(group).iter().any(|key| key["crv"] == "P-256");
        for vector in &group.tests {
            let name = format!("{} {}: {}", vector.tc_id, group.comment, vector.comment);
            let text = match &vector.jws {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let wanted = p256 && vector.result == "valid";
            assert_eq!(accepts(&verifiers, &text), wanted, "{name}");
            // Whatever its signature, none is an access token of ours.
            for (_, verifier) in &verifiers {
                let claims = verifier.verify(&text, "i", Timestamp::UNIX_EPOCH);
                assert!(claims.is_err(), "{name}");
            }
            if wanted {
                valid += 1;
            } else {
                invalid += 1;
            }
        }
    }
    (valid, invalid)
}

#[test]
fn au_08_wycheproof_signatures() {
    let Some(file) = read("json_web_signature_test.json") else {
        return;
    };
    let (valid, invalid) = run(&file);
    println!("Wycheproof: {valid} signatures accepted, {invalid} refused");
    assert!(valid >= 2 && invalid >= 390, "{valid} and {invalid}");
}

#[test]
fn au_08_wycheproof_keys() {
    let Some(file) = read("json_web_key_test.json") else {
        return;
    };
    let (_, refused) = run(&file);
    println!("Wycheproof: {refused} keys and their signatures refused");
    assert!(refused >= 20, "{refused}");
}
