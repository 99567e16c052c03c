//! What keys and narrowed tokens are held to before a handler sees them.

use axum::extract::Request;
use http::header::WWW_AUTHENTICATE;

use crate::cx::Context;
use crate::http::guard::Caller;
use crate::principal::{Means, Principal};
use crate::problem::{ADDRESS_NOT_ALLOWED, INSUFFICIENT_SCOPE, Problem, SIGN_IN_REQUIRED};
use crate::scope::{self, Needs};

/// Whether a key or token may be used here, and from where it is.
pub(super) fn admitted(principal: &Principal, request: &Request) -> Result<(), Problem> {
    if let Means::ApiKey { terms, .. } | Means::ServiceAccount { terms, .. } = &principal.by {
        let cx = request.extensions().get::<Context>();
        if !terms
            .networks
            .admit(cx.and_then(|cx| cx.client_ip.as_deref()))
        {
            return Err(Problem::new(&ADDRESS_NOT_ALLOWED));
        }
    }
    if !principal.narrowed() {
        return Ok(());
    }
    match scope::needed(request.method(), request.uri().path()) {
        Needs::Nothing => Ok(()),
        Needs::SignIn => Err(sign_in_required()),
        Needs::Scope(wanted) if principal.has_scope(&wanted) => Ok(()),
        Needs::Scope(wanted) => Err(insufficient(&wanted)),
    }
}

/// 403 for a token without a scope (RFC 6750 §3.1).
pub fn insufficient(wanted: &str) -> Problem {
    Problem::new(&INSUFFICIENT_SCOPE)
        .detail(format!("This needs the scope {wanted}."))
        .with("requiredScope", wanted)
        .header(
            WWW_AUTHENTICATE,
            &format!("Bearer realm=\"plenary\", error=\"insufficient_scope\", scope=\"{wanted}\""),
        )
}

fn sign_in_required() -> Problem {
    Problem::new(&SIGN_IN_REQUIRED).header(
        WWW_AUTHENTICATE,
        "Bearer realm=\"plenary\", error=\"insufficient_scope\"",
    )
}

/// What handles credentials is for people who signed in, but for the routes
/// that authenticate clients by themselves.
pub(super) fn refuse_narrowed(request: &mut Request) {
    let needs = scope::needed(request.method(), request.uri().path());
    let caller = request.extensions().get::<Caller>();
    // No scope would help here, so none is asked for.
    let narrowed = caller.is_some_and(|caller| match &caller.0 {
        Ok(principal) => principal.as_ref().is_some_and(|one| one.narrowed()),
        Err(problem) => *problem.kind() == INSUFFICIENT_SCOPE,
    });
    if narrowed && needs != Needs::Nothing {
        let refused = Caller(Err(sign_in_required()));
        request.extensions_mut().insert(refused);
    }
}
