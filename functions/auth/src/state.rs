//! What the routes work with.

use std::sync::Arc;

use shared::{access::AccessReader, clock::Clock, config::Env, objects::Bucket, table::Table};

use crate::{
    keyring::KeyRing,
    model::{
        consent::Documents,
        session::{Lifetimes, MAX_ACCESS_MINUTES},
    },
    providers::{Providers, ProvidersSettings},
    relying_party::RelyingParty,
    sealer::Sealer,
    store::Store,
};

/// Where a finder of a weakness can turn to, unless the operator names a contact.
const SECURITY_CONTACT: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/security/advisories/new");

/// What an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public base URL without a slash at its end; also the issuer.
    pub public_url: String,
    /// Whether registration keeps silent about addresses that are taken (AU-02).
    pub enumeration_protection: bool,
    /// How long tokens live.
    pub lifetimes: Lifetimes,
    /// A URI for reports of weaknesses (RFC 9116 §2.5.3).
    pub security_contact: String,
    /// For whom passkeys are made; authenticator apps show its domain.
    pub relying_party: RelyingParty,
    /// The providers that somebody can sign in with.
    pub oauth: ProvidersSettings,
    /// What everybody must agree to.
    pub documents: Documents,
}

impl Settings {
    /// The defaults at a public URL.
    pub fn new(public_url: impl Into<String>) -> Self {
        let public_url = public_url.into();
        Self {
            relying_party: RelyingParty::of(&public_url, None),
            public_url,
            enumeration_protection: false,
            lifetimes: Lifetimes::default(),
            security_contact: SECURITY_CONTACT.to_owned(),
            oauth: ProvidersSettings::default(),
            documents: Documents::default(),
        }
    }

    /// Reads `PUBLIC_URL`, `ENUMERATION_PROTECTION`, `ACCESS_TOKEN_MINUTES`
    /// (5 to 60), `REFRESH_TOKEN_DAYS` (1 to 365), `REFRESH_GRACE_SECONDS`
    /// (10 to 60), `SECURITY_CONTACT`, `CONSENT_DOCUMENTS` (see [`Documents`]), and what [`RelyingParty::read`] and
    /// [`ProvidersSettings::read`] do.
    pub fn read(env: &mut Env) -> Self {
        let defaults = Lifetimes::default();
        let mut settings = Self::new(env.required("PUBLIC_URL").trim_end_matches('/'));
        settings.enumeration_protection = env.or("ENUMERATION_PROTECTION", false);
        let Bounded(minutes) = env.or(
            "ACCESS_TOKEN_MINUTES",
            Bounded::<5, MAX_ACCESS_MINUTES>(defaults.access.as_mins()),
        );
        let Bounded(days) = env.or("REFRESH_TOKEN_DAYS", Bounded::<1, 365>(30));
        let Bounded(seconds) = env.or(
            "REFRESH_GRACE_SECONDS",
            Bounded::<10, 60>(defaults.grace.as_secs()),
        );
        settings.lifetimes = Lifetimes {
            access: jiff::SignedDuration::from_mins(minutes),
            refresh: jiff::SignedDuration::from_hours(days * 24),
            grace: jiff::SignedDuration::from_secs(seconds),
        };
        settings.relying_party = RelyingParty::read(env, &settings.public_url);
        if let Some(contact) = env.optional("SECURITY_CONTACT") {
            settings.security_contact = contact;
        }
        settings.oauth = ProvidersSettings::read(env);
        settings.documents = env.or("CONSENT_DOCUMENTS", Documents::default());
        settings
    }
}

/// A number within bounds, both included.
struct Bounded<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> std::str::FromStr for Bounded<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(format!("must be a number from {MIN} to {MAX}")),
        }
    }
}

/// The state of the routes; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The tables.
    pub store: Store,
    /// What every function reads of them.
    pub access: AccessReader,
    /// Signs access tokens.
    pub keyring: Arc<KeyRing>,
    /// Seals what leaves by mail.
    pub sealer: Arc<dyn Sealer>,
    /// The providers that somebody can sign in with.
    pub providers: Arc<Providers>,
    /// The time.
    pub clock: Clock,
    /// Where the files of exports lie.
    pub exports: Bucket,
    /// What the operator decided.
    pub settings: Arc<Settings>,
}

impl App {
    /// Over the group's table and the table that `access` reads.
    pub fn new(
        table: Table,
        access: AccessReader,
        sealer: Arc<dyn Sealer>,
        exports: Bucket,
        settings: Settings,
    ) -> Self {
        let clock = table.clock().clone();
        let providers = Providers::new(&settings.oauth, &settings.public_url, &table, &sealer);
        let store = Store::new(table, access.table().clone());
        let keyring = KeyRing::new(store.clone(), sealer.clone(), clock.clone());
        Self {
            store,
            access,
            keyring: Arc::new(keyring),
            sealer,
            providers: Arc::new(providers),
            clock,
            exports,
            settings: Arc::new(settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_09_lifetimes_are_configurable_within_bounds() {
        let read = |minutes: &str| {
            let mut env = Env::of(&[
                ("PUBLIC_URL", "https://api.example.org/"),
                ("ACCESS_TOKEN_MINUTES", minutes),
            ]);
            let settings = Settings::read(&mut env);
            (settings, env.check())
        };
        let (settings, check) = read("60");
        assert!(check.is_ok());
        assert_eq!(settings.public_url, "https://api.example.org");
        assert_eq!(
            settings.lifetimes.access,
            jiff::SignedDuration::from_mins(60)
        );
        assert_eq!(
            settings.lifetimes.refresh,
            jiff::SignedDuration::from_hours(720)
        );
        assert!(read("61").1.is_err() && read("4").1.is_err() && read("x").1.is_err());
    }
}
