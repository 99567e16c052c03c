//! From data to words, and from words to e-mail: plain text and HTML, in which
//! everything that came from outside is escaped.

pub mod words;

use std::fmt::Write;

pub use words::Words;

/// How the paths of calendars end.
const CALENDAR: &str = ".ics";

/// Where e-mails lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    api: String,
    app: Option<String>,
}

impl Links {
    /// Below the API's public base URL.
    pub fn below(public_url: &str) -> Self {
        Self {
            api: public_url.trim_end_matches('/').to_owned(),
            app: None,
        }
    }

    /// To an app for people instead, whose paths are the API's without the
    /// version: `/events/…`, `/invitations/…`.
    pub fn in_app(mut self, url: Option<&str>) -> Self {
        self.app = url.map(|url| url.trim_end_matches('/').to_owned());
        self
    }

    /// The whole URL of a path of the API. Calendars are for programs, and come
    /// from the API in any case.
    pub fn to(&self, path: &str) -> String {
        match &self.app {
            Some(app) if !path.ends_with(CALENDAR) => {
                format!("{app}{}", path.strip_prefix("/v1").unwrap_or(path))
            }
            _ => format!("{}{path}", self.api),
        }
    }

    /// Where one type of e-mail is stopped; that is the API's own page.
    pub fn unsubscribe(&self, token: &str) -> String {
        format!("{}/v1/notifications/unsubscribe/{token}", self.api)
    }
}

/// The parts of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// An e-mail about one thing.
pub fn single(words: &Words, links: &Links, unsubscribe: Option<&str>) -> Rendered {
    let part = Part::of(words, links);
    render(line(&words.title), &[part], unsubscribe)
}

/// An e-mail about several things that waited for the same hour.
pub fn digest(all: &[Words], links: &Links, unsubscribe: Option<&str>) -> Rendered {
    let parts: Vec<Part> = all.iter().map(|words| Part::of(words, links)).collect();
    render(
        format!("{} updates for you", all.len()),
        &parts,
        unsubscribe,
    )
}

struct Part<'a> {
    words: &'a Words,
    url: String,
}

impl<'a> Part<'a> {
    fn of(words: &'a Words, links: &Links) -> Self {
        let url = links.to(&words.action.path);
        Self { words, url }
    }

    fn text(&self, out: &mut String) {
        let Words {
            title,
            body,
            action,
        } = self.words;
        let _ = write!(
            out,
            "{title}\n\n{body}\n\n{}: {}\n\n",
            action.label, self.url
        );
    }

    fn html(&self, out: &mut String) {
        let (title, body) = (escape(&self.words.title), escape(&self.words.body));
        let (label, url) = (escape(self.words.action.label), escape(&self.url));
        let _ = write!(
            out,
            "<h1 style=\"font-size:20px;margin:0 0 8px\">{title}</h1>\
             <p style=\"margin:0 0 16px;white-space:pre-line\">{body}</p>\
             <p style=\"margin:0 0 32px\"><a href=\"{url}\" style=\"display:inline-block;padding:10px 18px;\
             border-radius:6px;background:#1f4ed8;color:#ffffff;text-decoration:none\">{label}</a></p>"
        );
    }
}

const WHY: &str = "You get this e-mail because you have an account at Plenary or were invited.";

fn render(subject: String, parts: &[Part<'_>], unsubscribe: Option<&str>) -> Rendered {
    let mut text = String::new();
    let mut inner = String::new();
    for part in parts {
        part.text(&mut text);
        part.html(&mut inner);
    }
    text.push_str("-- \n");
    text.push_str(WHY);
    let mut foot = escape(WHY);
    if let Some(url) = unsubscribe {
        let _ = write!(text, "\nNo more e-mails like this: {url}");
        let url = escape(url);
        let _ = write!(
            foot,
            " <a href=\"{url}\" style=\"color:#667085\">No more e-mails like this</a>"
        );
    }
    text.push('\n');
    let html = page(
        &subject,
        &format!("{inner}<p style=\"margin:0;font-size:12px;color:#667085\">{foot}</p>"),
    );
    Rendered {
        subject,
        text,
        html,
    }
}

/// A small HTML page; `title` is escaped here, `body` must be.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title></head>\
         <body style=\"margin:0;padding:24px;background:#f4f5f7;color:#101828;\
         font:16px/1.5 system-ui,sans-serif\">\
         <div style=\"max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px\">{body}</div>\
         </body></html>",
        escape(title)
    )
}

/// Text for HTML, also inside quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// One line without control characters: what a header may hold.
fn line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_app_where_there_is_one() {
        let api = Links::below("https://api.example/");
        assert_eq!(api.to("/v1/events/e"), "https://api.example/v1/events/e");
        let app = api.in_app(Some("https://app.example/"));
        assert_eq!(app.to("/v1/events/e"), "https://app.example/events/e");
        assert_eq!(
            app.to("/v1/events/e.ics"),
            "https://api.example/v1/events/e.ics"
        );
        let stop = "https://api.example/v1/notifications/unsubscribe/t";
        assert_eq!(app.unsubscribe("t"), stop);
    }

    use crate::model::Message;

    /// NO-06: what people wrote is text and nothing else.
    #[test]
    fn no_06_words_from_outside_are_escaped() {
        let words = Words::of(
            &Message::EventRejected {
                event_id: shared::id::EventId::new(),
                title: "<script>alert(1)</script>\r\nBcc: all@example.com".into(),
                reason: Some("a < b & \"c\"".into()),
                changed: Vec::new(),
            },
            None,
            1,
        );
        let links = Links::below("https://plenary.example/");
        let mail = single(&words, &links, Some("https://plenary.example/u?a=1&b=2"));
        assert!(!mail.html.contains("<script>"));
        assert!(mail.html.contains("a &lt; b &amp; &quot;c&quot;"));
        assert!(mail.html.contains("u?a=1&amp;b=2"));
        assert!(mail.text.contains("Reason: a < b & \"c\""));
        assert!(
            mail.text
                .contains("No more e-mails like this: https://plenary.example/u?a=1&b=2")
        );
        assert!(
            mail.text
                .contains("https://plenary.example/v1/events/event_")
        );
        assert!(!mail.subject.contains(['\r', '\n']));
    }

    #[test]
    fn a_digest_has_every_part() {
        let welcome = Words::of(
            &Message::Welcome {
                name: Some("Ada".into()),
            },
            None,
            1,
        );
        let links = Links::below("https://plenary.example");
        let mail = digest(&[welcome.clone(), welcome], &links, None);
        assert_eq!(mail.subject, "2 updates for you");
        assert_eq!(mail.text.matches("Welcome to Plenary, Ada").count(), 2);
        assert!(!mail.text.contains("No more e-mails"));
    }
}
