//! Whose account a request with credentials is about.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};
use shared::{digest::sha256, principal::Principal};

use crate::model::email::Email;

/// What names an account in the bodies of this group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Naming<'a> {
    #[serde(borrow, default)]
    email: Option<Cow<'a, str>>,
    #[serde(default)]
    current_password: Option<IgnoredAny>,
    #[serde(default)]
    password: Option<IgnoredAny>,
    #[serde(borrow, default)]
    token: Option<Cow<'a, str>>,
}

/// The account that attempts are counted for: of the `email` in the body, in
/// its one spelling and whether or not there is such an account, or the
/// caller's own where the password is asked for again.
///
/// Bodies with a token alone name none: nobody guesses 256 random bits, and a
/// count would let a stranger who knows an id stop its owner. With a password
/// beside it, attempts count for the token, which no stranger has.
pub fn account_of(caller: Option<&Principal>, body: &[u8]) -> Option<String> {
    let naming: Naming = serde_json::from_slice(body).ok()?;
    if let Some(email) = naming.email {
        let email = Email::parse(&email).ok()?;
        return Some(email.as_str().to_owned());
    }
    if let (Some(token), Some(_)) = (&naming.token, &naming.password) {
        return Some(sha256(&[token.as_bytes()]));
    }
    let asked_again = naming.current_password.or(naming.password).is_some();
    let caller = caller.filter(|_| asked_again)?;
    Some(caller.user_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b1_10_spellings_of_one_address_count_together() {
        let of = |body: &str| account_of(None, body.as_bytes());
        let ada = Some("ada@example.org".to_owned());
        assert_eq!(of(r#"{"email":"ada@example.org"}"#), ada);
        assert_eq!(of(r#"{"password":"x","email":" ADA@Example.org"}"#), ada);
        assert_eq!(of(r#"{"email":"\u0061da@example.org"}"#), ada);
        for none in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"email":1}"#,
            r#"{"email":"ada"}"#,
            r#"{"token":"x"}"#,
            r#"{"currentPassword":"x"}"#,
        ] {
            assert_eq!(of(none), None, "{none}");
        }
        let tried = |token: &str| of(&format!(r#"{{"token":"{token}","password":"x"}}"#));
        assert!(tried("a").is_some() && tried("a") == tried("a") && tried("a") != tried("b"));
    }
}
