//! The domains that make up the system.

/// A domain: one endpoint group with its path prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain {
    /// The group's name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// The path prefixes that it answers. A prefix has one owner.
    pub prefixes: &'static [&'static str],
}

/// Every domain, in the order in which the description shows them.
pub const DOMAINS: &[Domain] = &[
    Domain {
        name: "auth",
        description: "Accounts, sign-in, sessions, organisations, roles and invitations.",
        // The account itself answers /v1/users/me as long as profiles have no group.
        prefixes: &[
            "/v1/auth",
            "/v1/organizations",
            "/v1/invitations",
            "/v1/api-keys",
            "/v1/users",
            "/.well-known",
        ],
    },
    Domain {
        name: "events",
        description: "Events with approval, registrations, saved events and recommendations.",
        prefixes: &[
            "/v1/events",
            "/v1/events.ics",
            "/v1/search/events",
            "/v1/venues",
        ],
    },
    Domain {
        name: "matchmaking",
        description: "Networking profiles and matches with their reasons.",
        prefixes: &["/v1/matchmaking"],
    },
    Domain {
        name: "media",
        description: "Uploads straight to storage, image variants and metadata.",
        prefixes: &["/v1/media"],
    },
    Domain {
        name: "notifications",
        description: "The inbox, e-mail and preferences.",
        prefixes: &["/v1/notifications"],
    },
    Domain {
        name: "platform",
        description: "Health, this description, problem types, the catalogue of events, the audit log and the ledger of operations.",
        prefixes: &[
            "/v1/health",
            "/v1/openapi.json",
            "/v1/docs",
            "/v1/problems",
            "/v1/meta",
            "/v1/audit-log",
            "/v1/operations",
        ],
    },
];

/// The domain that answers `path`: the one with a prefix of it, whole
/// segments only.
pub fn owner(path: &str) -> Option<&'static Domain> {
    DOMAINS.iter().find(|domain| {
        domain.prefixes.iter().any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gw_02_a_prefix_has_one_owner_and_ends_at_a_segment() {
        let mut prefixes: Vec<&str> = DOMAINS.iter().flat_map(|d| d.prefixes).copied().collect();
        let all = prefixes.len();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), all);
        assert_eq!(owner("/v1/events/{id}").map(|d| d.name), Some("events"));
        assert_eq!(owner("/v1/eventsource"), None);
        let search = owner("/v1/search/events").map(|domain| domain.name);
        assert_eq!(search, Some("events"));
        assert_eq!(owner("/v1/search/posts"), None);
    }
}
