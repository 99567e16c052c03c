//! One file per endpoint: its request and response types, its handler, its
//! description.

mod account_of;
pub mod auth;
pub mod identities;
pub mod invitations;
pub mod me;
pub mod members;
pub mod mfa;
pub mod oauth;
pub mod organizations;
pub mod passkeys;
pub mod programs;
pub mod providers;
mod token_of;
pub mod users;
pub mod well_known;

use std::fmt::Display;

use axum::middleware::from_fn_with_state;
use shared::{
    http::deprecated,
    id::{ApiKeyId, ServiceAccountId},
    problem::FieldError,
};
use utoipa::openapi::{ComponentsBuilder, Deprecated, OpenApi, OpenApiBuilder, Paths};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::state::App;

pub use account_of::account_of;
pub use token_of::token_of;

/// The routes with a principal, and those that everybody may call.
pub fn ordinary() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(parameters())
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::session::session))
        .routes(alias(
            routes!(auth::session::session),
            "/v1/auth/validate",
            "/v1/auth/session",
        ))
        .routes(alias(
            routes!(auth::session::session),
            "/v1/auth/validate-token",
            "/v1/auth/session",
        ))
        .routes(routes!(
            auth::sessions::list,
            auth::revoke_others::revoke_others
        ))
        .routes(routes!(auth::revoke_session::revoke))
        .routes(routes!(auth::verify_email::resend))
        .routes(routes!(mfa::overview::overview))
        .routes(routes!(mfa::remove::remove))
        .routes(routes!(mfa::reset::reset))
        .routes(routes!(passkeys::list::list))
        .routes(routes!(passkeys::change::change, passkeys::remove::remove))
        .routes(routes!(identities::list::list))
        .routes(routes!(me::me, me::delete::delete))
        .routes(routes!(me::consents::list))
        .routes(routes!(me::consents::decide))
        .routes(routes!(me::export::export))
        .routes(alias(routes!(me::me), "/v1/auth/profile", "/v1/users/me"))
        .routes(routes!(
            organizations::create::create,
            organizations::list::list
        ))
        .routes(routes!(
            organizations::get::get,
            organizations::update::update,
            organizations::delete::delete
        ))
        .routes(routes!(members::add::add, members::list::list))
        .routes(routes!(members::change::change, members::remove::remove))
        .routes(routes!(
            invitations::create::create,
            invitations::list::list
        ))
        .routes(routes!(
            invitations::answer::show,
            invitations::revoke::revoke
        ))
        .routes(routes!(invitations::answer::accept))
        .routes(routes!(users::list::list))
        .routes(routes!(users::get::get, users::change::change))
        .routes(routes!(programs::api_keys::list))
        .routes(routes!(
            programs::api_keys::get,
            programs::api_keys::update,
            programs::api_keys::delete
        ))
        .routes(routes!(programs::service_accounts::list))
        .routes(routes!(
            programs::service_accounts::get,
            programs::service_accounts::update,
            programs::service_accounts::delete
        ))
        .routes(routes!(well_known::jwks::jwks))
        .routes(routes!(
            well_known::openid_configuration::openid_configuration
        ))
        .routes(routes!(
            well_known::openid_configuration::oauth_authorization_server
        ))
        .routes(routes!(well_known::security_txt::security_txt))
}

/// What only parameters refer to: utoipa collects the schemas of bodies alone.
fn parameters() -> OpenApi {
    let schemas = ComponentsBuilder::new()
        .schema_from::<ApiKeyId>()
        .schema_from::<ServiceAccountId>();
    OpenApiBuilder::new()
        .components(Some(schemas.build()))
        .build()
}

/// The routes that take or give what nobody guesses: a refresh token, or the
/// credentials of a client.
pub fn tokens() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(oauth::token::token))
        .routes(routes!(oauth::introspect::introspect))
        .routes(routes!(oauth::revoke::revoke))
}

/// The routes that take or give a password, a code or a new secret.
pub fn credentials() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::register::register))
        .routes(alias(
            routes!(auth::register::register),
            "/v1/auth/signup",
            "/v1/auth/register",
        ))
        .routes(routes!(auth::login::login))
        .routes(routes!(
            auth::forgot_password::show,
            auth::forgot_password::forgot_password
        ))
        .routes(routes!(
            auth::reset_password::show,
            auth::reset_password::reset_password
        ))
        .routes(routes!(auth::magic_link::magic_link))
        .routes(routes!(
            auth::verify_magic_link::show,
            auth::verify_magic_link::verify_magic_link
        ))
        .routes(routes!(providers::start::start))
        .routes(routes!(
            providers::callback::back,
            providers::callback::complete
        ))
        .routes(routes!(identities::start::start))
        .routes(routes!(
            identities::link::link,
            identities::get::get,
            identities::unlink::unlink
        ))
        .routes(routes!(auth::change_password::change_password))
        .routes(routes!(
            auth::verify_email::show,
            auth::verify_email::verify_email
        ))
        .routes(routes!(auth::change_email::change_email))
        .routes(routes!(
            auth::change_email::show,
            auth::change_email::confirm
        ))
        .routes(routes!(
            me::cancel_deletion::show,
            me::cancel_deletion::cancel
        ))
        .routes(routes!(me::export::link))
        .routes(routes!(auth::step_up::step_up))
        .routes(routes!(auth::step_up::options))
        .routes(routes!(passkeys::add::add))
        .routes(routes!(passkeys::registration_options::options))
        .routes(routes!(passkeys::sign_in::sign_in))
        .routes(routes!(passkeys::sign_in::options))
        .routes(routes!(mfa::enrol::enrol))
        .routes(routes!(mfa::confirm::confirm))
        .routes(routes!(mfa::recovery_codes::renew))
        .routes(routes!(mfa::verify::verify))
        .routes(routes!(programs::api_keys::create))
        .routes(routes!(programs::api_keys::rotate_key))
        .routes(routes!(programs::service_accounts::create))
        .routes(routes!(programs::service_accounts::rotate_secret))
        .routes(routes!(invitations::preview::preview))
        .routes(routes!(invitations::accept::accept))
}

/// The same endpoint under a path of the reference designs, marked as deprecated.
fn alias(
    (schemas, paths, methods): UtoipaMethodRouter<App>,
    path: &str,
    successor: &'static str,
) -> UtoipaMethodRouter<App> {
    let mut renamed = Paths::new();
    for (_, mut item) in paths.paths {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            operation.deprecated = Some(Deprecated::True);
            let name = path.rsplit('/').next().unwrap_or_default().replace('-', "");
            operation.operation_id = operation
                .operation_id
                .take()
                .map(|id| format!("{id}_{name}"));
        }
        renamed.paths.insert(path.to_owned(), item);
    }
    (
        schemas,
        renamed,
        methods.layer(from_fn_with_state(successor, deprecated)),
    )
}

/// A fault of one field of the body.
fn field(pointer: &str, code: &str, detail: impl Display) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        detail: detail.to_string(),
    }
}
