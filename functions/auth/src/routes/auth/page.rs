//! The pages that links in mails open where there is no app.
//!
//! The token stands in the URL's fragment, which browsers send to nobody: it is
//! in no log, and a mail scanner that follows the link uses nothing up.

use http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use shared::http::Reply;

/// A page with a button, and perhaps a field.
#[derive(Debug)]
pub(in crate::routes) struct Page {
    title: &'static str,
    /// Where the form goes; the answer to success.
    post: &'static str,
    done: &'static str,
    /// The field's name in the body, its label and its input type; and what to
    /// tick to leave it out, if it may be.
    field: Option<(
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
    )>,
    /// Whether the body carries the token of the link.
    token: bool,
    button: &'static str,
}

pub(in crate::routes) const FORGOT_PASSWORD: Page = Page {
    title: "Forgot your password?",
    post: "/v1/auth/forgot-password",
    done: "If there is such an account, a mail is on its way.",
    field: Some(("email", "Your e-mail address", "email", None)),
    token: false,
    button: "Send me a link",
};

pub(in crate::routes) const RESET_PASSWORD: Page = Page {
    title: "Choose a new password",
    post: "/v1/auth/reset-password",
    done: "Your password was changed. Sign in with it.",
    field: Some((
        "newPassword",
        "New password, at least 15 characters",
        "password",
        None,
    )),
    token: true,
    button: "Change the password",
};

/// Nobody is signed in to this page. Who did not register themselves leaves the
/// password out, and whoever did is out.
pub(in crate::routes) const VERIFY_EMAIL: Page = Page {
    title: "Confirm your e-mail address",
    post: "/v1/auth/verify-email",
    done: "Thank you, your address is confirmed.",
    field: Some((
        "password",
        "The password that you chose",
        "password",
        Some("I chose none: remove whatever password the account has"),
    )),
    token: true,
    button: "Confirm",
};

pub(in crate::routes) const CONFIRM_EMAIL: Page = Page {
    title: "Confirm your new e-mail address",
    post: "/v1/auth/change-email/confirm",
    done: "Your account has the new address.",
    field: None,
    token: true,
    button: "Confirm",
};

pub(in crate::routes) const CANCEL_DELETION: Page = Page {
    title: "Keep your account?",
    post: "/v1/users/me/deletion/cancel",
    done: "Your account is back. Sign in to it.",
    field: None,
    token: true,
    button: "Keep my account",
};

/// What the link of a sign-in shows where there is no app that could take the
/// tokens: nobody is signed in to this page.
pub(in crate::routes) fn sign_in() -> Reply {
    let html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width\"><title>Sign in</title></head>\
        <body style=\"margin:10vh auto;max-width:26rem;padding:0 1rem;font:16px/1.5 system-ui\">\
        <h1 style=\"font-size:1.3rem\">Almost there</h1>\
        <p>Go back to where you asked to sign in, and type the code of the same mail.</p>\
        <script>history.replaceState(null,'',location.pathname)</script></body></html>";
    guarded(html)
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

fn guarded(html: impl Into<String>) -> Reply {
    Reply::text("text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(REFERRER_POLICY, "no-referrer")
        .header(HeaderName::from_static("x-robots-tag"), "noindex")
}

impl Page {
    pub(in crate::routes) fn reply(&self) -> Reply {
        guarded(self.html())
    }

    /// Every part of it is ours: there is nothing to escape.
    fn html(&self) -> String {
        let Self {
            title,
            post,
            done,
            button,
            ..
        } = self;
        let (name, input) = self
            .field
            .map_or(("", String::new()), |(name, label, kind, without)| {
                let complete = match (kind, without) {
                    ("password", None) => "new-password",
                    ("password", Some(_)) => "current-password",
                    _ => kind,
                };
                let without = without.map_or_else(String::new, |label| {
                    format!(
                        "<p><label><input id=\"without\" type=\"checkbox\" \
                         onchange=\"field.disabled=checked\"> {label}</label></p>"
                    )
                });
                let input = format!(
                    "<p><label>{label}<br><input id=\"field\" type=\"{kind}\" required \
                 autocomplete=\"{complete}\" style=\"width:100%;font:inherit\"></label></p>{without}"
                );
                (name, input)
            });
        let token = self.token;
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
             <body style=\"margin:10vh auto;max-width:26rem;padding:0 1rem;font:16px/1.5 system-ui\">\
             <h1 style=\"font-size:1.3rem\">{title}</h1><form id=\"form\">{input}\
             <button style=\"font:inherit;padding:.5rem 1rem\">{button}</button></form>\
             <p id=\"answer\" role=\"status\"></p><noscript>This page needs JavaScript.</noscript>\
             <script>const token=location.hash.slice(1);history.replaceState(null,'',location.pathname);\
             document.getElementById('form').addEventListener('submit',async event=>{{\
             event.preventDefault();const body={{}};if({token})body.token=token;\
             const field=document.getElementById('field');if(field&&!field.disabled)body['{name}']=field.value;\
             const answer=document.getElementById('answer');try{{\
             const reply=await fetch('{post}',{{method:'POST',body:JSON.stringify(body),\
             headers:{{'content-type':'application/json'}}}});\
             if(reply.ok){{event.target.remove();answer.textContent='{done}';return}}\
             const problem=await reply.json();answer.textContent=(problem.errors||[])\
             .map(fault=>'It '+fault.detail+'.').join(' ')||problem.detail||problem.title;\
             }}catch{{answer.textContent='The server cannot be reached. Try again.'}}}});</script></body></html>"
        )
    }
}
