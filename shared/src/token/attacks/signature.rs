//! Attacks on the signature and the key.

use super::*;

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `n - s`: the other signature that every ECDSA signature has.
fn mirrored(signature: &[u8]) -> Vec<u8> {
    let mut s = [0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i32::from(ORDER[at]) - i32::from(signature[32 + at]) - borrow;
        borrow = i32::from(difference < 0);
        s[at] = u8::try_from(difference & 0xff).unwrap();
    }
    [&signature[..32], &s[..]].concat()
}

fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let bytes: Vec<u8> = bytes
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        let zero = bytes.first().is_some_and(|first| *first >= 0x80);
        let bytes = [if zero { vec![0] } else { vec![] }, bytes].concat();
        [vec![2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}

/// RFC 7518 §3.4: 64 bytes, two numbers in range.
#[test]
fn au_08_attack_the_signature() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = from_base64url(signature).unwrap();
    let with = |bytes: &[u8]| lab.verdict(&format!("{message}.{}", base64url(bytes)));
    let (zero, one) = ([0; 32], {
        let mut one = [0; 32];
        one[31] = 1;
        one
    });
    let (r, s) = signature.split_at(32);
    for pair in [
        [&zero[..], &zero],
        [&zero, s],
        [r, &zero],
        [&one, &one],
        [&ORDER, s],
        [r, &ORDER],
        [&ORDER, &ORDER],
        [s, r],
        [&[0xff; 32], &[0xff; 32]],
    ] {
        assert_eq!(with(&pair.concat()), Err(TokenError::Signature));
    }
    for other in [
        vec![],
        vec![0; 63],
        vec![0; 65],
        signature[..63].to_vec(),
        [&signature[..], &[0]].concat(),
        [&[0][..], &signature].concat(),
        der(&signature),
        [&signature[..], &signature].concat(),
    ] {
        assert_eq!(with(&other), Err(TokenError::Signature));
    }
}

/// ECDSA signatures can be mirrored by anybody. The twin says the same, and it
/// is the session that is revoked, not the text; so a twin gains nothing.
#[test]
fn au_08_a_mirrored_signature_is_the_same_token() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let twin = mirrored(&from_base64url(signature).unwrap());
    let twin = format!("{message}.{}", base64url(twin));
    assert_ne!(twin, token);
    assert_eq!(lab.verdict(&twin), lab.verdict(&token));
    assert!(lab.verdict(&token).is_ok());
}

/// RFC 8725 §3.4, §3.5: a key that is no point of the curve verifies nothing.
#[test]
fn au_08_attack_a_key_that_is_no_point() {
    let lab = Lab::new();
    let token = lab.token(|_, _| ());
    let flipped = {
        let mut y = from_base64url(&lab.public.y).unwrap();
        y[31] ^= 1;
        base64url(y)
    };
    let zero = base64url([0; 32]);
    for (x, y) in [
        (lab.public.x.clone(), flipped),
        (zero.clone(), zero.clone()),
        (lab.public.y.clone(), lab.public.x.clone()),
        (lab.public.x.clone(), String::new()),
        (String::new(), String::new()),
        (format!("{zero}A"), zero),
    ] {
        let key = SigningKey {
            x,
            y,
            ..lab.public.clone()
        };
        let verdict = Verifier::new(&key).map(|verifier| verifier.verify(&token, ISSUER, now()));
        assert!(verdict.is_none_or(|verdict| verdict.is_err()));
    }
}
