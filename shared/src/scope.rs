//! What API keys and narrowed tokens may do: the one table of scopes, and which
//! of them a route needs.
//!
//! A scope is an area and `read` or `write`; `write` includes `read`. The area
//! follows from the path and the right from the method, so a new route falls
//! under a scope by itself, and one outside every area is closed to them.

use std::collections::BTreeSet;

use http::Method;

/// A part of the API that scopes open.
#[derive(Debug)]
pub struct Area {
    /// The first part of its scopes.
    pub name: &'static str,
    /// The path prefixes behind `/v1` that belong to it, whole segments.
    pub prefixes: &'static [&'static str],
    /// What its `read` scope lets do.
    pub read: &'static str,
    /// What its `write` scope lets do besides.
    pub write: &'static str,
}

impl Area {
    /// Whether a path behind `/v1/` is of this area.
    fn owns(&self, path: &str) -> bool {
        self.prefixes.iter().any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// Every area, in the order of the guide.
pub const AREAS: &[Area] = &[
    Area {
        name: "audit",
        prefixes: &["audit-log"],
        read: "read and export the audit log",
        write: "nothing besides: the log is never changed",
    },
    Area {
        name: "events",
        prefixes: &["events", "events.ics", "search/events", "venues"],
        read: "read and search events, read registrations and saved events",
        write: "create, change, decide on and publish events; register, check in, save",
    },
    Area {
        name: "matchmaking",
        prefixes: &["matchmaking"],
        read: "read networking profiles and matches",
        write: "change profiles and weights, start runs",
    },
    Area {
        name: "media",
        prefixes: &["media"],
        read: "read media",
        write: "upload and delete media",
    },
    Area {
        name: "notifications",
        prefixes: &["notifications"],
        read: "read the inbox and its preferences",
        write: "mark and remove notifications, change preferences",
    },
    Area {
        name: "organizations",
        prefixes: &["organizations", "invitations"],
        read: "read organisations, members and invitations",
        write: "create and change organisations",
    },
    Area {
        name: "users",
        prefixes: &["users"],
        read: "read the own profile and its organisations",
        write: "change the own profile",
    },
];

/// Lets a client ask what any token stands for (RFC 7662).
pub const INTROSPECT: &str = "tokens:introspect";

/// Prefixes behind `/v1` that need no rights, or decide by themselves.
const FREE: &[&str] = &["health", "docs", "openapi.json", "problems", "meta"];
/// Routes of `auth` that authenticate clients by themselves.
const CLIENTS: &[&str] = &["token", "introspect", "revoke"];

/// What a route asks of a caller who is not simply a person signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A scope.
    Scope(String),
    /// A sign-in that nothing narrows: no scope opens it.
    SignIn,
}

/// Every scope with what it lets do.
pub fn all() -> impl Iterator<Item = (String, &'static str)> {
    AREAS
        .iter()
        .flat_map(|area| {
            [
                (format!("{}:read", area.name), area.read),
                (format!("{}:write", area.name), area.write),
            ]
        })
        .chain([(
            INTROSPECT.to_owned(),
            "ask what any token stands for (`POST /v1/auth/introspect`)",
        )])
}

/// Whether there is such a scope.
pub fn exists(scope: &str) -> bool {
    all().any(|(name, _)| name == scope)
}

/// Whether the scopes `held` include `wanted`.
pub fn include(held: &BTreeSet<String>, wanted: &str) -> bool {
    held.contains(wanted)
        || wanted
            .strip_suffix(":read")
            .is_some_and(|area| held.contains(&format!("{area}:write")))
}

/// What `method path` needs.
pub fn needed(method: &Method, path: &str) -> Needs {
    let mut parts = path.trim_start_matches('/').split('/');
    let (first, second) = (parts.next(), parts.next().unwrap_or_default());
    let rest: Vec<&str> = parts.collect();
    match first {
        Some(".well-known") => return Needs::Nothing,
        Some("v1") => {}
        _ => return Needs::SignIn,
    }
    if FREE.contains(&second)
        || (second == "auth" && matches!(rest[..], [route] if CLIENTS.contains(&route)))
    {
        return Needs::Nothing;
    }
    let of_people = match second {
        "organizations" => of_people_there(method, &rest),
        "users" => of_oneself(method, &rest),
        _ => false,
    };
    if of_people {
        return Needs::SignIn;
    }
    let behind = path.trim_start_matches('/').strip_prefix("v1/");
    let Some(area) = AREAS
        .iter()
        .find(|area| behind.is_some_and(|path| area.owns(path)))
    else {
        return Needs::SignIn;
    };
    let right = if method.is_safe() { "read" } else { "write" };
    Needs::Scope(format!("{}:{right}", area.name))
}

/// What only people do in an organisation: a key makes no further ones, gives
/// nobody a role, and deletes nothing as a whole.
fn of_people_there(method: &Method, rest: &[&str]) -> bool {
    match rest.get(1) {
        Some(&"service-accounts") => true,
        Some(&("members" | "invitations")) => !method.is_safe(),
        None => *method == Method::DELETE,
        Some(_) => false,
    }
}

/// What people only do with their account: leave with everything, and agree.
fn of_oneself(method: &Method, rest: &[&str]) -> bool {
    match rest {
        ["me"] => *method == Method::DELETE,
        ["me", "deletion" | "export", ..] => true,
        ["me", "consents", ..] => !method.is_safe(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_25_a_route_finds_its_scope_by_path_and_method() {
        let scope = |text: &str| Needs::Scope(text.to_owned());
        let check = |method: Method, path: &str, wanted: Needs| {
            assert_eq!(needed(&method, path), wanted, "{method} {path}");
        };
        check(Method::GET, "/v1/events", scope("events:read"));
        check(Method::HEAD, "/v1/events/x", scope("events:read"));
        check(Method::POST, "/v1/events/x/publish", scope("events:write"));
        check(Method::GET, "/v1/search/events", scope("events:read"));
        check(Method::DELETE, "/v1/media/x", scope("media:write"));
        check(Method::GET, "/v1/users/me", scope("users:read"));
        check(Method::DELETE, "/v1/users/me", Needs::SignIn);
        check(Method::POST, "/v1/users/me/export", Needs::SignIn);
        check(Method::PUT, "/v1/users/me/consents/x", Needs::SignIn);
        check(Method::GET, "/v1/users/me/consents", scope("users:read"));
        check(
            Method::POST,
            "/v1/invitations/x/accept",
            scope("organizations:write"),
        );
        check(
            Method::PATCH,
            "/v1/organizations/x",
            scope("organizations:write"),
        );
        check(
            Method::GET,
            "/v1/organizations/x/members",
            scope("organizations:read"),
        );
        check(Method::GET, "/v1/problems/x", Needs::Nothing);
        check(Method::GET, "/.well-known/jwks.json", Needs::Nothing);
        check(Method::POST, "/v1/auth/introspect", Needs::Nothing);
    }

    /// What no area names is closed, also under other spellings of a path.
    #[test]
    fn au_25_what_is_in_no_area_is_closed() {
        for path in [
            "/v1/auth/sessions",
            "/v1/auth/token/x",
            "/v1/auth/change-password",
            "/v1/api-keys",
            "/v1/organizations/x/service-accounts",
            "/v1/organizations/x/service-accounts/y",
            "/v1/new-group",
            "/v1/search",
            "/v1/search/posts",
            "/v1/search/eventsource",
            "/v1/v1/events",
            "/v1/%65vents",
            "/v1//events",
            "/v2/events",
            "/",
            "",
        ] {
            assert_eq!(needed(&Method::GET, path), Needs::SignIn, "{path}");
        }
    }

    /// A key that leaked hands nobody the organisation.
    #[test]
    fn au_25_who_belongs_to_an_organisation_is_for_people_to_say() {
        for (method, path) in [
            (Method::POST, "/v1/organizations/x/members"),
            (Method::PATCH, "/v1/organizations/x/members/y"),
            (Method::DELETE, "/v1/organizations/x/members/y"),
            (Method::POST, "/v1/organizations/x/invitations"),
            (Method::POST, "/v1/organizations/x/invitations/y/accept"),
            (Method::DELETE, "/v1/organizations/x/invitations/y"),
            (Method::DELETE, "/v1/organizations/x"),
        ] {
            assert_eq!(needed(&method, path), Needs::SignIn, "{method} {path}");
        }
    }

    #[test]
    fn au_25_write_includes_read_and_nothing_else() {
        let held = BTreeSet::from(["events:write".to_owned()]);
        assert!(include(&held, "events:write") && include(&held, "events:read"));
        assert!(!include(&held, "media:read"));
        let held = BTreeSet::from(["events:read".to_owned()]);
        assert!(include(&held, "events:read") && !include(&held, "events:write"));
        assert!(!include(&BTreeSet::new(), "events:read"));
        let mut names: Vec<String> = all().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| exists(name)) && !exists("events:delete"));
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
