//! Short texts that people enter.

use unicode_normalization::UnicodeNormalization;

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("must not be blank")]
    Blank,
    /// It has more characters than allowed.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// It holds control characters.
    #[error("must not contain control characters")]
    Control,
    /// It does not have the shape of a username or slug.
    #[error("must be {0}")]
    Shape(&'static str),
    /// The name is kept for the product itself.
    #[error("this name is reserved")]
    Reserved,
}

impl TextError {
    /// The code that a client can branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::TooLong(_) => "too-long",
            Self::Control => "control-characters",
            Self::Shape(_) => "malformed",
            Self::Reserved => "reserved",
        }
    }
}

/// A single line for people: trimmed, NFC, without control characters.
///
/// # Errors
/// If it is blank, longer than `max` characters or holds control characters.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(TextError::Blank);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(text)
}

const RESERVED: &[&str] = &[
    "about",
    "admin",
    "administrator",
    "api",
    "auth",
    "billing",
    "help",
    "mail",
    "me",
    "moderator",
    "null",
    "owner",
    "plenary",
    "root",
    "security",
    "settings",
    "staff",
    "support",
    "system",
    "undefined",
    "www",
];

/// A username in the lower-case spelling that is unique: 3 to 30 of `a–z 0–9 _ . -`.
///
/// # Errors
/// If the text has another shape or is reserved.
pub fn username(text: &str) -> Result<String, TextError> {
    const SHAPE: &str =
        "3 to 30 letters a–z, digits, '_', '.' or '-', beginning and ending with a letter or digit";
    named(text, 3..=30, "_.-", SHAPE)
}

/// An organisation's slug: 2 to 60 of `a–z 0–9 -`.
///
/// # Errors
/// If the text has another shape or is reserved.
pub fn slug(text: &str) -> Result<String, TextError> {
    const SHAPE: &str =
        "2 to 60 letters a–z, digits or '-', beginning and ending with a letter or digit";
    named(text, 2..=60, "-", SHAPE)
}

fn named(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    marks: &str,
    shape: &'static str,
) -> Result<String, TextError> {
    let text = text.trim().to_ascii_lowercase();
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let fits = length.contains(&text.len())
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
    if !fits {
        return Err(TextError::Shape(shape));
    }
    if RESERVED.contains(&text.as_str()) {
        return Err(TextError::Reserved);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_bounded() {
        assert_eq!(line("  Ada  ", 10).as_deref(), Ok("Ada"));
        assert_eq!(line("   ", 10), Err(TextError::Blank));
        assert_eq!(line("abc", 2), Err(TextError::TooLong(2)));
        assert_eq!(line("a\nb", 10), Err(TextError::Control));
    }

    #[test]
    fn names_have_one_spelling() {
        assert_eq!(username("Ada.L").as_deref(), Ok("ada.l"));
        assert_eq!(slug("Rust-Conf").as_deref(), Ok("rust-conf"));
        assert!(matches!(username("ab"), Err(TextError::Shape(_))));
        assert!(matches!(username("-ada"), Err(TextError::Shape(_))));
        assert!(matches!(username("adä"), Err(TextError::Shape(_))));
        assert!(matches!(slug("a_b"), Err(TextError::Shape(_))));
        assert_eq!(username("ADMIN"), Err(TextError::Reserved));
        assert_eq!(slug("api"), Err(TextError::Reserved));
    }
}
