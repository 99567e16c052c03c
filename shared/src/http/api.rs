//! How a group's routes become its API.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::describe::{self, Guarded};
use super::limits::{AccountOf, TokenOf};
use super::{frame, guard, limits};
use crate::access::AccessReader;
use crate::aws::Aws;
use crate::config::{ConfigError, Env};
use crate::limit::{Limiter, Policies};
use crate::network::Networks;
use crate::problem::Problem;
use crate::table::Table;

/// How long what was read of a person is believed. With the gateway's and the
/// client's own delays, a revocation holds everywhere within 5 seconds.
const REMEMBER_ACCESS: Duration = Duration::from_secs(3);
/// JSON bodies; pictures go straight to S3.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the layers need to know.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The group's name.
    pub group: String,
    /// Public base URL, without a trailing slash; the issuer of tokens.
    pub public_url: String,
    /// The rate limits.
    pub policies: Policies,
    /// Where administrators of the platform may work from.
    pub admin_networks: Networks,
    /// The largest body, in bytes.
    pub body_limit: usize,
}

impl HttpConfig {
    /// With defaults for everything else.
    pub fn new(group: &str, public_url: &str) -> Self {
        Self {
            group: group.to_owned(),
            public_url: public_url.trim_end_matches('/').to_owned(),
            policies: Policies::default(),
            admin_networks: Networks::default(),
            body_limit: BODY_LIMIT,
        }
    }

    fn read(env: &mut Env) -> Self {
        let mut config = Self::new(&env.required("GROUP"), &env.required("PUBLIC_URL"));
        config.policies = env.or("RATE_LIMITS", Policies::default());
        config.admin_networks = env.or("ADMIN_NETWORKS", Networks::default());
        config
    }
}

/// What every route of a function shares; cheap to clone.
#[derive(Debug, Clone)]
pub struct Core {
    /// The group's own table; stored replies stand there too.
    pub table: Table,
    /// Turns tokens into principals.
    pub access: AccessReader,
    /// Counts requests.
    pub limiter: Limiter,
    /// Settings.
    pub config: Arc<HttpConfig>,
}

impl Core {
    /// From the environment.
    ///
    /// # Errors
    /// What is missing or malformed.
    pub fn from_env(aws: &Aws) -> Result<Self, ConfigError> {
        let mut env = Env::read();
        let config = HttpConfig::read(&mut env);
        let names = ["TABLE_NAME", "ACCESS_TABLE", "LIMITS_TABLE"].map(|name| env.required(name));
        env.check()?;
        let [table, access, limits] = names.map(|name| aws.table(name));
        Ok(Self {
            access: AccessReader::new(access, &config.public_url, REMEMBER_ACCESS),
            limiter: Limiter::new(limits),
            table,
            config: Arc::new(config),
        })
    }
}

impl Core {
    /// A core with nothing behind it: for describing a group's routes, not for
    /// serving them.
    pub fn detached(group: &str) -> Self {
        let table = Aws::detached().table("none");
        Self {
            access: AccessReader::new(table.clone(), "", REMEMBER_ACCESS),
            limiter: Limiter::new(table.clone()),
            table,
            config: Arc::new(HttpConfig::new(group, "")),
        }
    }
}

/// Collects a group's routes by class and puts the layers around them.
pub struct Api<S = ()> {
    core: Core,
    router: OpenApiRouter<S>,
}

impl<S> std::fmt::Debug for Api<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// No routes yet.
    pub fn new(core: Core) -> Self {
        Self {
            core,
            router: OpenApiRouter::new(),
        }
    }

    /// Routes with a rate limit per principal (per address without one), and
    /// an Idempotency-Key on POST and PATCH.
    pub fn routes(mut self, mut routes: OpenApiRouter<S>) -> Self {
        describe::complete(routes.get_openapi_mut(), Guarded::Ordinarily);
        let layered = routes
            .route_layer(from_fn_with_state(self.core.clone(), guard::idempotency))
            .route_layer(from_fn_with_state(self.core.clone(), limits::limit));
        self.router = self.router.merge(layered);
        self
    }

    /// Routes that give or take what can be guessed: counted exactly per address and
    /// per account that `account_of` finds, and never with an Idempotency-Key,
    /// for a stored reply must not hold a secret.
    pub fn credential_routes(
        mut self,
        mut routes: OpenApiRouter<S>,
        account_of: AccountOf,
    ) -> Self {
        describe::complete(routes.get_openapi_mut(), Guarded::AsCredentials);
        let open = Arc::new(describe::open(routes.get_openapi_mut()));
        let layered = routes
            .route_layer(from_fn_with_state(open, guard::forget_actor))
            .route_layer(from_fn_with_state(
                (self.core.clone(), account_of),
                limits::limit_credentials,
            ));
        self.router = self.router.merge(layered);
        self
    }

    /// Routes that take or give tokens which nobody guesses: counted per address,
    /// generously, and per token that `token_of` finds (per principal where
    /// there is one); no reply is stored.
    pub fn token_routes(mut self, mut routes: OpenApiRouter<S>, token_of: TokenOf) -> Self {
        describe::complete(routes.get_openapi_mut(), Guarded::AsCredentials);
        let open = Arc::new(describe::open(routes.get_openapi_mut()));
        let layered = routes
            .route_layer(from_fn_with_state(open, guard::forget_actor))
            .route_layer(from_fn_with_state(
                (self.core.clone(), token_of),
                limits::limit_tokens,
            ));
        self.router = self.router.merge(layered);
        self
    }

    /// Routes without a limit: probes.
    pub fn unlimited_routes(mut self, mut routes: OpenApiRouter<S>) -> Self {
        describe::complete(routes.get_openapi_mut(), Guarded::Not);
        self.router = self.router.merge(routes);
        self
    }

    /// The description of the routes and of what the layers do to them.
    pub fn describe(self) -> OpenApi {
        let mut openapi = self.router.into_openapi();
        openapi.info = InfoBuilder::new()
            .title(self.core.config.group.clone())
            .version(env!("CARGO_PKG_VERSION"))
            .build();
        openapi
    }

    /// The router with all its layers, over what its handlers work with.
    pub fn build(self, state: S) -> Router {
        let (router, _) = self.router.split_for_parts();
        router
            .with_state(state)
            .fallback(|| async { Problem::not_found("The path") })
            .layer(from_fn_with_state(self.core.clone(), guard::authenticate))
            .layer(from_fn_with_state(self.core.clone(), frame::frame))
            .layer(from_fn(head))
    }
}

/// `HEAD` has the headers of `GET` and no body (RFC 9110 §9.3.2); axum answers
/// it by the GET handler, and this drops what a host might send of the body.
async fn head(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let head = request.method() == http::Method::HEAD;
    let response = next.run(request).await;
    if !head {
        return response;
    }
    let (parts, _) = response.into_parts();
    axum::response::Response::from_parts(parts, axum::body::Body::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(networks: &str) -> (HttpConfig, Result<(), ConfigError>) {
        let mut env = Env::of(&[
            ("GROUP", "auth"),
            ("PUBLIC_URL", "https://plenary.test/"),
            ("ADMIN_NETWORKS", networks),
        ]);
        let config = HttpConfig::read(&mut env);
        (config, env.check())
    }

    /// GW-10: a list that is wrong lets nobody start; none means everywhere.
    #[test]
    fn gw_10_a_wrong_list_of_networks_stops_the_function_at_its_start() {
        let (config, checked) = read("");
        assert!(checked.is_ok() && config.admin_networks.admit(Some("198.51.100.1")));
        let (config, checked) = read("203.0.113.0/24, 2001:db8::/32");
        assert!(checked.is_ok() && config.admin_networks.admit(Some("2001:db8::1")));
        assert!(!config.admin_networks.admit(Some("198.51.100.1")));
        let text = read("203.0.113.0/24,10.1.2.3/8").1.unwrap_err().to_string();
        let wanted = "ADMIN_NETWORKS: \"10.1.2.3/8\" has bits behind its prefix";
        assert!(text.contains(wanted), "{text}");
    }
}
