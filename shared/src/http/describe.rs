//! What the layers around a group's routes add to their description, so that
//! no handler has to repeat it.

use std::collections::HashSet;

use http::Method;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Required, ResponseBuilder, SecurityRequirement};

use crate::idempotency;
use crate::scope::{self, Needs};

/// How a group's routes are guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guarded {
    /// Limited, and POST and PATCH may be repeated with an Idempotency-Key.
    Ordinarily,
    /// Limited more strictly, and never stored.
    AsCredentials,
    /// By nothing.
    Not,
}

/// Completes the description of routes. An operation that names no security
/// needs a token; one for everybody says `security(())`.
pub(super) fn complete(openapi: &mut OpenApi, guarded: Guarded) {
    for (path, item) in &mut openapi.paths.paths {
        let shared = item.parameters.is_some();
        for (method, operation) in operations(item) {
            let writes = matches!(method, Method::POST | Method::PATCH);
            complete_operation(operation, guarded, writes, shared);
            require_scope(operation, guarded, scope::needed(&method, path));
        }
    }
}

/// The operations that say `security(())` and nothing else.
pub(super) fn open(openapi: &mut OpenApi) -> HashSet<(Method, String)> {
    let mut open = HashSet::new();
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in operations(item) {
            let security = operation.security.as_deref().unwrap_or_default();
            if security == [SecurityRequirement::default()] {
                open.insert((method, path.clone()));
            }
        }
    }
    open
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::DELETE, &mut item.delete),
        (Method::POST, &mut item.post),
        (Method::PATCH, &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Says what an API key needs here. `OpenAPI` 3.1 lets the requirement of any
/// scheme list what the caller must have.
fn require_scope(operation: &mut Operation, guarded: Guarded, needs: Needs) {
    let Some(security) = &mut operation.security else {
        return;
    };
    let bearer = SecurityRequirement::new("bearer", [] as [&str; 0]);
    let Some(at) = security.iter().position(|one| *one == bearer) else {
        return;
    };
    let description = match needs {
        Needs::Nothing => return,
        Needs::Scope(scope) if guarded != Guarded::AsCredentials => {
            security[at] = SecurityRequirement::new("bearer", [&scope]);
            "`insufficient-scope`"
        }
        Needs::Scope(_) | Needs::SignIn => "`sign-in-required`",
    };
    append(operation, "403", description);
}

/// Adds a problem to those that a status stands for.
fn append(operation: &mut Operation, status: &str, problem: &str) {
    match operation.responses.responses.get_mut(status) {
        Some(RefOr::T(response)) => {
            response.description = format!("{}, {problem}", response.description);
        }
        Some(RefOr::Ref(_)) => {}
        None => respond(operation, status, problem),
    }
}

fn complete_operation(operation: &mut Operation, guarded: Guarded, writes: bool, shared: bool) {
    let security = operation
        .security
        .get_or_insert_with(|| vec![SecurityRequirement::new("bearer", [] as [&str; 0])]);
    let anonymous = security.contains(&SecurityRequirement::default());
    if !anonymous {
        respond(operation, "401", "`unauthenticated`");
    }
    let keyed = guarded == Guarded::Ordinarily && writes;
    if keyed {
        take_key(operation);
        respond(operation, "422", "`idempotency-key-reused`");
    }
    let takes_input = shared || operation.parameters.is_some() || operation.request_body.is_some();
    if takes_input {
        respond(operation, "400", "`invalid-request`");
    }
    if guarded != Guarded::Not {
        respond(operation, "429", "`quota-exceeded`");
    }
}

fn respond(operation: &mut Operation, status: &str, description: &str) {
    let responses = &mut operation.responses.responses;
    if !responses.contains_key(status) {
        let response = ResponseBuilder::new().description(description).build();
        responses.insert(status.to_owned(), response.into());
    }
}

fn take_key(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(idempotency::MAX_KEY));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Makes a repetition safe for 24 hours."))
        .schema(Some(schema))
        .build();
    parameters.push(RefOr::T(parameter));
}
