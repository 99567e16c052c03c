//! iCalendar (RFC 5545; METHOD as in RFC 5546), as far as several groups write
//! it: the feeds and the calendars in letters come from one pen, so that the
//! same event is the same entry wherever a calendar program meets it.
//!
//! All times are UTC: an instant needs no VTIMEZONE, and a reader's calendar
//! shows it in the reader's own zone.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

/// The longest content line, in octets without its line break (§3.1).
const LONGEST_LINE: usize = 75;

/// What a calendar is to do with what it is given (RFC 5546 §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Show it: nobody is asked.
    Publish,
    /// Keep it: the reader attends.
    Request,
    /// Strike it out.
    Cancel,
}

impl Method {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// What every entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The event's id; it never changes.
    pub uid: &'a str,
    /// DTSTAMP: when this state came to be; of two with the same SEQUENCE the
    /// later one holds (RFC 5546 §2.1.5).
    pub stamp: Timestamp,
    /// Counts what a calendar must hear of (§3.8.7.4).
    pub sequence: u32,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; written as a second after the beginning if it is not later.
    pub ends_at: Timestamp,
    /// Its title.
    pub summary: &'a str,
    /// Where, in words; left out if empty.
    pub location: &'a str,
    /// Where more is to be read.
    pub url: &'a str,
}

/// A calendar in the making.
#[derive(Debug)]
pub struct Calendar {
    text: String,
}

impl Calendar {
    /// An empty one.
    pub fn begin(method: Method) -> Self {
        let mut calendar = Self {
            text: String::new(),
        };
        calendar.line("BEGIN", "VCALENDAR");
        calendar.line("VERSION", "2.0");
        calendar.line("PRODID", "-//Plenary//Plenary//EN");
        calendar.line("CALSCALE", "GREGORIAN");
        calendar.line("METHOD", method.name());
        calendar
    }

    /// Adds an event; `more` writes the properties that only its caller has.
    pub fn event(&mut self, entry: &Entry<'_>, more: impl FnOnce(&mut Self)) {
        self.line("BEGIN", "VEVENT");
        self.line("UID", entry.uid);
        self.time("DTSTAMP", entry.stamp);
        self.line("SEQUENCE", &entry.sequence.to_string());
        self.time("DTSTART", entry.starts_at);
        let shortest = entry.starts_at.checked_add(SignedDuration::from_secs(1));
        let shortest = shortest.unwrap_or(Timestamp::MAX);
        self.time("DTEND", entry.ends_at.max(shortest));
        self.text("SUMMARY", entry.summary);
        if !entry.location.is_empty() {
            self.text("LOCATION", entry.location);
        }
        self.line("URL", entry.url);
        more(self);
        self.line("END", "VEVENT");
    }

    /// The text, with CRLF behind every line.
    pub fn finish(mut self) -> String {
        self.line("END", "VCALENDAR");
        self.text
    }

    /// A property of type DATE-TIME, in form 2 (§3.3.5).
    pub fn time(&mut self, name: &str, at: Timestamp) {
        self.line(name, &at.strftime("%Y%m%dT%H%M%SZ").to_string());
    }

    /// A property of type TEXT.
    pub fn text(&mut self, name: &str, text: &str) {
        self.line(name, &escape(text));
    }

    /// One content line, folded (§3.1): never within a character, although the
    /// standard would allow it, because readers stumble over that. Control
    /// characters have no place in it.
    pub fn line(&mut self, name: &str, value: &str) {
        let mut used = 0;
        let all = name.chars().chain([':']).chain(value.chars());
        for c in all.filter(|c| *c == '\t' || !c.is_control()) {
            if used + c.len_utf8() > LONGEST_LINE {
                self.text.push_str("\r\n ");
                used = 1;
            }
            self.text.push(c);
            used += c.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

/// TEXT (§3.3.11), which a property may be a list of.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\r' => {
                chars.next_if_eq(&'\n');
                escaped.push_str("\\n");
            }
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The `mailto:` URI of an address (§3.3.3, RFC 6068 §2). What is usual in an
/// address stays as it is: calendar programs find their owner by comparing.
pub fn mailto(address: &str) -> String {
    let mut uri = String::from("mailto:");
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"!$'*+-._~@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(value: &str) -> String {
        let mut calendar = Calendar {
            text: String::new(),
        };
        calendar.line("SUMMARY", value);
        calendar.text
    }

    #[test]
    fn b3_04_text_is_escaped() {
        let mut calendar = Calendar {
            text: String::new(),
        };
        calendar.text("X", "a\\b;c,d\r\ne\nf\rg\u{7}h\ti:\"j\"");
        assert_eq!(calendar.text, "X:a\\\\b\\;c\\,d\\ne\\nf\\ngh\ti:\"j\"\r\n");
    }

    #[test]
    fn b3_04_a_line_of_75_octets_is_not_folded_and_76_are() {
        let exact = "x".repeat(75 - "SUMMARY:".len());
        assert_eq!(folded(&exact), format!("SUMMARY:{exact}\r\n"));
        assert_eq!(
            folded(&format!("{exact}y")),
            format!("SUMMARY:{exact}\r\n y\r\n")
        );
    }

    /// B3-05: nothing from outside begins a line or a parameter of its own.
    #[test]
    fn b3_05_an_address_is_an_address_and_nothing_else() {
        assert_eq!(mailto("ada.l+c@example.org"), "mailto:ada.l+c@example.org");
        assert_eq!(
            mailto("a%b?c\"d\r\nX:y@example.org"),
            "mailto:a%25b%3Fc%22d%0D%0AX%3Ay@example.org"
        );
        assert_eq!(folded("a\r\nX-EVIL:1"), "SUMMARY:aX-EVIL:1\r\n");
    }

    proptest! {
        /// Whatever is said, no line is too long, none breaks a character, and
        /// unfolding gives it back.
        #[test]
        fn b3_04_folding_is_undone_by_unfolding(text in "\\PC{0,300}") {
            let folded = folded(&text);
            for line in folded.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= LONGEST_LINE, "{}", line.len());
            }
            prop_assert_eq!(folded.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
        }
    }
}
