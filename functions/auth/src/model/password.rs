//! Passwords: what is accepted (NIST SP 800-63B-4 §3.1.1.2) and how they are kept.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    guesses,
    kept::{self, HashError, Kept, Match},
};

/// Fewest characters of a password that stands alone, without a second factor.
pub const MIN_CHARACTERS: usize = 15;
/// Most characters: far beyond any passphrase, bounds the work.
pub const MAX_CHARACTERS: usize = 256;

/// A hash that no password has, checked when the account does not exist, so
/// that an unknown address costs what a known one does.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cGxlbmFyeS1ub2JvZHk\
                      $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("must have at least {MIN_CHARACTERS} characters; a few unrelated words do well")]
    TooShort,
    /// More than [`MAX_CHARACTERS`].
    #[error("must have at most {MAX_CHARACTERS} characters")]
    TooLong,
    /// Little more than one pattern again and again, or a row of keys.
    #[error("repeats one pattern; choose something less regular")]
    Repetitive,
    /// Stolen elsewhere, or made of one or two words that are tried first or known of the account.
    #[error(
        "is among the passwords that were stolen elsewhere, or made of one or two words that \
         are tried first, or of your own name or address; a few unrelated words do well"
    )]
    Common,
}

impl WeakPassword {
    /// The code that a client can branch on.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::Repetitive => "repetitive",
            Self::Common => "too-common",
        }
    }
}

/// A password in the clear, NFKC-normalised so that every keyboard types the
/// same one, and as it was typed; wiped from memory when dropped.
pub struct Password {
    normal: Zeroizing<String>,
    typed: Zeroizing<String>,
}

impl Password {
    /// What somebody typed to sign in: any text.
    pub fn presented(text: &str) -> Self {
        Self {
            normal: Zeroizing::new(text.nfkc().collect()),
            typed: Zeroizing::new(text.to_owned()),
        }
    }

    /// What somebody chose; `context` are words known of the account.
    ///
    /// # Errors
    /// If it is too short, too long or too easily guessed.
    pub fn chosen(text: &str, context: &[&str]) -> Result<Self, WeakPassword> {
        let password = Self::presented(text);
        password.check(context)?;
        Ok(password)
    }

    fn check(&self, context: &[&str]) -> Result<(), WeakPassword> {
        let characters = self.normal.chars().count();
        if characters < MIN_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        if characters > MAX_CHARACTERS {
            return Err(WeakPassword::TooLong);
        }
        let lower = Zeroizing::new(self.normal.to_lowercase());
        let folded: Zeroizing<Vec<char>> = Zeroizing::new(lower.chars().collect());
        if is_repetitive(&folded) || is_sequence(&folded) {
            return Err(WeakPassword::Repetitive);
        }
        if guesses::bits(&folded, context) < guesses::ENOUGH {
            return Err(WeakPassword::Common);
        }
        Ok(())
    }

    /// The PHC string to keep. 14 ms of one core and 19 MiB for its while: a
    /// function instance serves one request at a time, so it is done in place.
    ///
    /// # Errors
    /// If the system gives no random salt.
    pub fn hash(&self) -> Result<String, HashError> {
        kept::hash(&self.normal)
    }

    /// Compares it with a kept hash, ours or one that was imported.
    ///
    /// # Errors
    /// If the kept text is no hash that we can check.
    pub fn compare(&self, kept: &str) -> Result<Match, HashError> {
        Kept::parse(kept)?.compare(&self.normal, &self.typed)
    }

    /// Whether it is the password of the kept hash.
    ///
    /// # Errors
    /// As [`compare`](Self::compare).
    pub fn matches(&self, kept: &str) -> Result<bool, HashError> {
        Ok(self.compare(kept)? != Match::Wrong)
    }

    /// Checks the password of nobody: the same work, never a match.
    ///
    /// # Errors
    /// As [`matches`](Self::matches).
    pub fn matches_nobody(&self) -> Result<bool, HashError> {
        self.matches(NOBODY).map(|_| false)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// One short piece over and over, or hardly any different characters.
fn is_repetitive(text: &[char]) -> bool {
    let mut seen = text.to_vec();
    seen.sort_unstable();
    seen.dedup();
    let few = seen.len() < 5;
    let periodic =
        (1..=text.len() / 3).any(|period| text.iter().zip(&text[period..]).all(|(a, b)| a == b));
    few || periodic
}

/// Mostly neighbours in the alphabet or among the digits.
fn is_sequence(text: &[char]) -> bool {
    let steps = text
        .windows(2)
        .filter(|pair| (u32::from(pair[0])).abs_diff(u32::from(pair[1])) <= 1)
        .count();
    steps * 5 >= (text.len() - 1) * 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> Result<(), WeakPassword> {
        Password::chosen(text, &["ada.lovelace@analytical.example", "Ada Lovelace"]).map(|_| ())
    }

    #[test]
    fn au_01_long_and_unpredictable_passwords_pass_without_composition_rules() {
        for good in [
            "violet teapot marches north",
            "kein umlaut ist böse genug",
            "a7f3-99b1-0ce4-55d2",
            "правильно лошадь батарея",
            "日本語のパスワードは長い方がいいですね",
            "{[<(;:,.|+-=~^%&*)>]}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn au_01_short_common_and_regular_passwords_are_refused() {
        for (bad, why) in [
            ("correct horse", WeakPassword::TooShort),
            ("aaaaaaaaaaaaaaaaaaaa", WeakPassword::Repetitive),
            ("abcabcabcabcabcabc", WeakPassword::Repetitive),
            ("123456789012345", WeakPassword::Repetitive),
            ("abcdefghijklmnop", WeakPassword::Repetitive),
            ("Password12345678!", WeakPassword::Common),
            ("P@ssw0rdP@55w0rd2024", WeakPassword::Common),
            ("correct horse battery staple", WeakPassword::Common),
            ("qwertyuiopasdfghjkl", WeakPassword::Common),
            ("plenary-password-1", WeakPassword::Common),
            ("ada.lovelace.2026", WeakPassword::Common),
            ("Analytical-Lovelace", WeakPassword::Common),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
        assert_eq!(check(&"a1b2c3d4 ".repeat(40)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn b1_15_stolen_passwords_are_refused_also_repeated_joined_and_decorated() {
        for bad in [
            "manchesterunited",
            "ManchesterUnited!",
            "M4nch3st3rUn1t3d",
            "manchester.united.1878",
            "123456789987654321",
            "password1234567",
            "passwordpassword",
            "Password-Password-2026",
            "elephantgiraffe",
            "Jennifer & Michael 2019",
            "adalovelaceadalovelace",
            "plenaryconference26",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in [
            "elephant giraffe kitchen",
            "password8362917460538",
            "!)~(;&[%:}>^{=?<",
            "!)~(;&[%:}>^{=?<a",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_kept_hash_has_the_parameters_and_tells_right_from_wrong() {
        let password = Password::presented("violet teapot marches north");
        let kept = password.hash().unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(password.matches(&kept).unwrap());
        assert!(
            !Password::presented("violet teapot marches south")
                .matches(&kept)
                .unwrap()
        );
        assert!(password.matches("$2b$10$nonsense").is_err());
        assert!(password.matches("none").is_err());
    }

    #[test]
    fn keyboards_that_compose_differently_type_one_password() {
        let kept = Password::presented("caf\u{e9} und viele Worte")
            .hash()
            .unwrap();
        assert!(
            Password::presented("cafe\u{301} und viele Worte")
                .matches(&kept)
                .unwrap()
        );
    }

    #[test]
    fn au_04_nobody_has_the_same_parameters_and_no_password() {
        let kept = Password::presented("x").hash().unwrap();
        let head = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(head(NOBODY), head(&kept));
        assert!(!Password::presented("").matches_nobody().unwrap());
    }

    #[test]
    fn au_29_a_password_stays_out_of_debug_output() {
        assert_eq!(
            format!("{:?}", Password::presented("secret")),
            "Password(…)"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,300}", word in "\\PC{0,20}") {
            let _ = Password::chosen(&text, &[&word]);
        }
    }
}
