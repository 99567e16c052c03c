//! The end-points of OAuth 2.0 that programs use: tokens for client credentials
//! (RFC 6749 §4.4), introspection (RFC 7662), revocation (RFC 7009).
//!
//! They speak as those standards want: forms come in, `error` goes out. An
//! error is a problem document as everywhere, sent as plain JSON and with the
//! members `error` and `error_description` (docs/adr/0014).

pub mod introspect;
pub mod revoke;
pub mod token;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use shared::{
    api_key::Kind,
    cx::Context,
    id::ServiceAccountId,
    problem::{ADDRESS_NOT_ALLOWED, INVALID_REQUEST, Problem, ProblemType},
};
use zeroize::Zeroizing;

use crate::{
    model::program::{Program, ProgramId},
    problems::INVALID_CLIENT,
    state::App,
};

/// What clients may send at most, in parameters: more is no request of theirs.
const MAX_PARAMETERS: usize = 32;

/// An error as RFC 6749 §5.2 has it.
fn error(kind: &'static ProblemType, code: &str, description: &str) -> Problem {
    Problem::new(kind)
        .detail(description)
        .with("error", code)
        .with("error_description", description)
        .as_plain_json()
}

fn invalid_request(description: &str) -> Problem {
    error(&INVALID_REQUEST, "invalid_request", description)
}

/// The same whatever is wrong with the credentials.
fn invalid_client() -> Problem {
    let description = "Client authentication failed.";
    error(&INVALID_CLIENT, "invalid_client", description).header(
        WWW_AUTHENTICATE,
        "Basic realm=\"plenary\", charset=\"UTF-8\"",
    )
}

/// The parameters of a form; unknown ones are ignored (RFC 6749 §3.2).
struct Form(BTreeMap<String, Zeroizing<String>>);

impl Form {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request` for another content type and for a parameter that
    /// stands twice.
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let given = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = given
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if !essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            let detail = "Send the parameters as application/x-www-form-urlencoded.";
            return Err(invalid_request(detail));
        }
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body).take(MAX_PARAMETERS) {
            // A parameter without a value counts as left out.
            if value.is_empty() {
                continue;
            }
            let value = Zeroizing::new(value.into_owned());
            if form.insert(name.into_owned(), value).is_some() {
                return Err(invalid_request("A parameter stands twice."));
            }
        }
        Ok(Self(form))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, Problem> {
        self.get(name)
            .ok_or_else(|| invalid_request(&format!("The parameter {name} is missing.")))
    }
}

/// The id and the secret of a client.
type Credentials = (String, Zeroizing<String>);

/// The client that a request names, with its secret: in one text.
pub(super) fn client_of(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let form = Form::read(headers, body).ok();
    let (id, secret) = presented(headers, form.as_ref()).ok()??;
    Some(format!("client {id} {}", *secret))
}

/// The token that a form is about.
pub(super) fn token_in(headers: &HeaderMap, body: &[u8]) -> Option<Zeroizing<String>> {
    Form::read(headers, body).ok()?.0.remove("token")
}

/// What a client authenticates by, if it does (RFC 6749 §2.3).
///
/// # Errors
/// `invalid_request` for two ways at once, `invalid_client` for a broken header.
fn presented(headers: &HeaderMap, form: Option<&Form>) -> Result<Option<Credentials>, Problem> {
    let basic = basic(headers)?;
    let secret = form.and_then(|form| form.get("client_secret"));
    let id = form.and_then(|form| form.get("client_id"));
    match (basic, id, secret) {
        (Some(_), _, Some(_)) => Err(invalid_request("Authenticate in one way only.")),
        (Some((name, _)), Some(id), None) if name != id => {
            Err(invalid_request("Two clients are named."))
        }
        (Some(basic), ..) => Ok(Some(basic)),
        (None, Some(id), Some(secret)) => {
            Ok(Some((id.to_owned(), Zeroizing::new(secret.to_owned()))))
        }
        (None, None, Some(_)) => Err(invalid_request("The parameter client_id is missing.")),
        (None, _, None) => Ok(None),
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let value = value.to_str().map_err(|_| invalid_client())?;
    let Some((scheme, encoded)) = value.split_once(' ') else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim());
    let decoded = Zeroizing::new(decoded.map_err(|_| invalid_client())?);
    let text = std::str::from_utf8(&decoded).map_err(|_| invalid_client())?;
    let (id, secret) = text.split_once(':').ok_or_else(invalid_client)?;
    Ok(Some((
        form_decoded(id),
        Zeroizing::new(form_decoded(secret)),
    )))
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
fn form_decoded(text: &str) -> String {
    form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

/// The service account that proved to be one.
///
/// # Errors
/// `invalid_client`, or 403 from an address that it may not come from.
async fn client(
    app: &App,
    cx: &Context,
    (id, secret): Credentials,
) -> Result<(ServiceAccountId, Program), Problem> {
    let id: ServiceAccountId = id.parse().map_err(|_| invalid_client())?;
    let hash = Kind::ClientSecret
        .hash(&secret)
        .ok_or_else(invalid_client)?;
    let found = app.store.program(ProgramId::ServiceAccount(id)).await?;
    let now = app.clock.now();
    let program = found
        .filter(|program| program.secret(&hash, now).is_some())
        .ok_or_else(invalid_client)?;
    if program.terms.networks.admit(cx.client_ip.as_deref()) {
        Ok((id, program))
    } else {
        let description = "The service account may not be used from this address.";
        Err(error(
            &ADDRESS_NOT_ALLOWED,
            "unauthorized_client",
            description,
        ))
    }
}
