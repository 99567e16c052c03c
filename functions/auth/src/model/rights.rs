//! What can be chosen of a key's or service account's rights, checked.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::Timestamp;
use shared::{
    api_key::{OwnLimit, Terms},
    id::OrganizationId,
    network,
    principal::Role,
    problem::FieldError,
    scope,
};

use super::text;

/// How many networks a list can have.
const MAX_NETWORKS: usize = 50;

/// Collects the faults of a body.
#[derive(Debug, Default)]
pub struct Checks(pub Vec<FieldError>);

impl Checks {
    fn fault(&mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.into(),
            code: code.to_owned(),
            detail: detail.into(),
        });
    }

    /// A name.
    pub fn name(&mut self, name: &str) -> String {
        text::line(name, 100).unwrap_or_else(|error| {
            self.fault("/name", error.code(), error.to_string());
            String::new()
        })
    }

    /// At least one scope, each of which exists.
    pub fn scopes(&mut self, scopes: &[String]) -> BTreeSet<String> {
        if scopes.is_empty() {
            self.fault("/scopes", "too-few", "must name at least one scope");
        }
        for (at, scope) in scopes.iter().enumerate() {
            if !scope::exists(scope) {
                self.fault(format!("/scopes/{at}"), "unknown-scope", "is no scope");
            }
        }
        scopes.iter().cloned().collect()
    }

    /// Networks in CIDR notation, or single addresses, and the own limit.
    pub fn terms(&mut self, networks: &[String], limit: Option<OwnLimit>) -> Terms {
        if networks.len() > MAX_NETWORKS {
            self.fault("/networks", "too-many", format!("at most {MAX_NETWORKS}"));
        }
        if let Some(limit) = limit {
            if !(1..=1_000_000).contains(&limit.requests) {
                let detail = "must be from 1 to 1000000";
                self.fault("/rateLimit/requests", "out-of-range", detail);
            }
            if !(1..=86_400).contains(&limit.seconds) {
                let detail = "must be from 1 to 86400";
                self.fault("/rateLimit/seconds", "out-of-range", detail);
            }
        }
        let networks = networks.iter().take(MAX_NETWORKS).enumerate();
        let networks = networks.filter_map(|(at, text)| self.network(at, text));
        Terms {
            networks: networks.collect(),
            limit,
        }
    }

    fn network(&mut self, at: usize, text: &str) -> Option<IpNet> {
        network::parse(text)
            .map_err(|error| {
                self.fault(format!("/networks/{at}"), "malformed", error.to_string());
            })
            .ok()
    }

    /// An end that is still to come.
    pub fn expiry(&mut self, at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        if at.is_some_and(|at| at <= now) {
            self.fault("/expiresAt", "in-the-past", "must be in the future");
        }
        at
    }

    /// An organisation and a role in it go together; a program owns nothing.
    pub fn place(
        &mut self,
        organization: Option<OrganizationId>,
        role: Option<Role>,
    ) -> Option<(OrganizationId, Role)> {
        match (organization, role) {
            (_, Some(Role::Owner)) => {
                self.fault("/role", "not-for-programs", "an owner is a person");
                None
            }
            (Some(organization), Some(role)) => Some((organization, role)),
            (Some(_), None) => {
                self.fault("/role", "missing", "as what it acts in the organisation");
                None
            }
            (None, Some(_)) => {
                self.fault(
                    "/organizationId",
                    "missing",
                    "a role is one in an organisation",
                );
                None
            }
            (None, None) => None,
        }
    }
}
