//! Letters as Internet messages (RFC 5322, RFC 2045 to 2047).
//!
//! A letter with a calendar has it twice, as the calendar industry recommends:
//! beside text and HTML as `text/calendar` with its method (RFC 6047 §2.4), which
//! Outlook and Gmail act on, and attached as a file for programs that know files
//! alone. A letter about several events has the files only: one message can ask
//! for one thing.

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::outgoing::{Letter, Page};

/// Base64 knows neither of the characters that boundaries begin with.
const MIXED: &str = "=_mixed";
const ALTERNATIVE: &str = "=_alternative";
/// The longest line of base64 (RFC 2045 §6.8).
const LONGEST_LINE: usize = 76;
/// So many octets fit into an encoded word beside the name of the header, in a
/// line of 76 characters (RFC 2047 §2).
const ENCODED_WORD: usize = 39;

/// The whole message, with CRLF line ends.
pub fn message(from: &str, letter: &Letter) -> String {
    let content = &letter.content;
    let mut text = String::new();
    header(&mut text, "From", from);
    header(&mut text, "To", &letter.to);
    header(&mut text, "Subject", &encoded(&content.subject));
    header(&mut text, "MIME-Version", "1.0");
    if let Some(url) = &letter.unsubscribe {
        // RFC 8058 §3.1; both must be covered by the DKIM signature, which SES
        // makes over all headers that it is given.
        header(&mut text, "List-Unsubscribe", &format!("<{url}>"));
        let click = "List-Unsubscribe=One-Click";
        header(&mut text, "List-Unsubscribe-Post", click);
    }
    let pages = letter.calendars.as_slice();
    let attached = !pages.is_empty();
    if attached {
        header(&mut text, "Content-Type", &multipart("mixed", MIXED));
        open(&mut text, MIXED);
    }
    header(
        &mut text,
        "Content-Type",
        &multipart("alternative", ALTERNATIVE),
    );
    let mut part = |kind: &str, body: &str| {
        open(&mut text, ALTERNATIVE);
        header(&mut text, "Content-Type", kind);
        encode(&mut text, &canonical(body));
    };
    part("text/plain; charset=utf-8", &content.text);
    part("text/html; charset=utf-8", &content.html);
    if let [page] = pages {
        let method = page.method.name();
        let kind = format!("text/calendar; method={method}; charset=utf-8");
        part(&kind, &page.text);
    }
    close(&mut text, ALTERNATIVE);
    for (at, page) in pages.iter().enumerate() {
        open(&mut text, MIXED);
        attach(&mut text, page, at, pages.len());
    }
    if attached {
        close(&mut text, MIXED);
    }
    text
}

fn attach(text: &mut String, page: &Page, at: usize, of: usize) {
    let name = match of {
        1 => "invite.ics".to_owned(),
        _ => format!("invite-{}.ics", at + 1),
    };
    let kind = format!("application/ics; name=\"{name}\"");
    header(text, "Content-Type", &kind);
    let disposition = format!("attachment; filename=\"{name}\"");
    header(text, "Content-Disposition", &disposition);
    encode(text, &page.text);
}

/// What came from outside cannot begin a header of its own.
fn header(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    let folded = value.split("\r\n ").map(|line| {
        let plain = line.chars().filter(|c| !c.is_control());
        plain.collect::<String>()
    });
    text.push_str(&folded.collect::<Vec<_>>().join("\r\n "));
    text.push_str("\r\n");
}

fn multipart(kind: &str, boundary: &str) -> String {
    format!("multipart/{kind}; boundary=\"{boundary}\"")
}

fn open(text: &mut String, boundary: &str) {
    text.push_str("\r\n--");
    text.push_str(boundary);
    text.push_str("\r\n");
}

fn close(text: &mut String, boundary: &str) {
    text.push_str("\r\n--");
    text.push_str(boundary);
    text.push_str("--\r\n");
}

/// The last header of a part, and its body.
fn encode(text: &mut String, body: &str) {
    text.push_str("Content-Transfer-Encoding: base64\r\n");
    let encoded = BASE64_STANDARD.encode(body);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LONGEST_LINE));
        text.push_str("\r\n");
        text.push_str(line);
        rest = more;
    }
}

/// Text with the line ends of the network (RFC 2046 §4.1.1).
fn canonical(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// A header's text: as it is, or as encoded words (RFC 2047), none of which
/// ends within a character.
fn encoded(text: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    if text.len() <= ENCODED_WORD && text.chars().all(plain) && !text.contains("=?") {
        return text.to_owned();
    }
    let (mut words, mut word) = (Vec::new(), String::new());
    let finish = |word: &str| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word));
    for c in text.chars() {
        if word.len() + c.len_utf8() > ENCODED_WORD {
            words.push(finish(&word));
            word.clear();
        }
        word.push(c);
    }
    words.push(finish(&word));
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders, PartType};
    use proptest::prelude::*;
    use shared::ical::Method;

    use super::*;
    use crate::templates::Rendered;

    fn letter(subject: &str, body: &str, calendars: Vec<Page>) -> Letter {
        Letter {
            to: "ada@example.org".into(),
            content: Rendered {
                subject: subject.into(),
                text: body.into(),
                html: format!("<p>{body}</p>"),
            },
            unsubscribe: Some("https://plenary.test/u".into()),
            calendars,
        }
    }

    fn page(text: &str) -> Page {
        Page {
            method: Method::Cancel,
            text: text.into(),
        }
    }

    /// RFC 8058 §3.1: both headers, or none.
    #[test]
    fn no_06_list_unsubscribe_headers() {
        let mut letter = letter("s", "t", Vec::new());
        let headers = |letter: &Letter| {
            let text = message("p@plenary.test", letter);
            let parsed = MessageParser::default().parse(&text).unwrap();
            let raw = |name: &str| parsed.header_raw(name).map(|raw| raw.trim().to_owned());
            (raw("List-Unsubscribe"), raw("List-Unsubscribe-Post"))
        };
        let (url, click) = ("<https://plenary.test/u>", "List-Unsubscribe=One-Click");
        assert_eq!(
            headers(&letter),
            (Some(url.to_owned()), Some(click.to_owned()))
        );
        letter.unsubscribe = None;
        assert_eq!(headers(&letter), (None, None));
    }

    /// B3-05: one calendar stands beside text and HTML, and is attached; several
    /// are attached.
    #[test]
    fn b3_05_calendars_in_a_message() {
        let shape = |pages: Vec<Page>| {
            let text = message("p@plenary.test", &letter("s", "t", pages));
            let parsed = MessageParser::default().parse(&text).unwrap();
            let kind = |at: &u32| {
                let part = parsed.part(*at).unwrap();
                let kind = part.content_type().unwrap();
                let method = kind.attribute("method").unwrap_or_default();
                let name = part.attachment_name().unwrap_or_default();
                format!(
                    "{}/{} {method}{name}",
                    kind.ctype(),
                    kind.subtype().unwrap()
                )
            };
            let top = kind(&0);
            let PartType::Multipart(parts) = &parsed.part(0).unwrap().body else {
                panic!("{top}");
            };
            let inner: Vec<String> = match &parsed.part(parts[0]).unwrap().body {
                PartType::Multipart(inner) => inner.iter().map(kind).collect(),
                _ => Vec::new(),
            };
            (top, parts.iter().map(kind).collect::<Vec<_>>(), inner)
        };
        let (top, parts, _) = shape(Vec::new());
        assert_eq!(top, "multipart/alternative ");
        assert_eq!(parts, ["text/plain ", "text/html "]);
        let (top, parts, inner) = shape(vec![page("X")]);
        assert_eq!(top, "multipart/mixed ");
        assert_eq!(
            parts,
            ["multipart/alternative ", "application/ics invite.ics"]
        );
        assert_eq!(inner, ["text/plain ", "text/html ", "text/calendar CANCEL"]);
        let (_, parts, inner) = shape(vec![page("X"), page("Y")]);
        assert_eq!(
            parts[1..],
            [
                "application/ics invite-1.ics",
                "application/ics invite-2.ics"
            ]
        );
        assert_eq!(inner, ["text/plain ", "text/html "]);
    }

    /// NO-06: nothing that people wrote is a header.
    #[test]
    fn no_06_no_header_from_outside() {
        let mut letter = letter("Hi\r\nBcc: all@example.org", "t", Vec::new());
        letter.to = "ada@example.org\r\nBcc: all@example.org".into();
        let text = message("p@plenary.test", &letter);
        let parsed = MessageParser::default().parse(&text).unwrap();
        assert!(parsed.bcc().is_none());
        assert!(!text.contains("\nBcc"));
    }

    proptest! {
        /// Whatever a letter says, another's parser reads the same, and no line
        /// is longer than mail servers take (RFC 5322 §2.1.1).
        #[test]
        fn no_06_a_message_says_what_the_letter_says(
            subject in "\\PC{0,200}", body in "[\\PC\n]{0,400}", calendar in "[\\PC\n]{1,400}"
        ) {
            let pages = vec![page(&calendar.replace('\n', "\r\n"))];
            let text = message("p@plenary.test", &letter(&subject, &body, pages));
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 78 || line.starts_with("List-")));
            let parsed = MessageParser::default().parse(&text).unwrap();
            prop_assert_eq!(parsed.subject().unwrap_or_default().trim(), subject.trim());
            prop_assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), body);
            let attached = parsed.attachment(0).unwrap().contents().to_vec();
            prop_assert_eq!(String::from_utf8(attached).unwrap(), calendar.replace('\n', "\r\n"));
        }
    }
}
