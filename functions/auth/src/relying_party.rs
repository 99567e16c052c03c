//! For whom passkeys are made: the relying party of WebAuthn.

use http::Uri;
use shared::config::Env;

/// A domain, and the origins that may use its passkeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The RP ID: a domain without scheme and port (WebAuthn §4). It can never
    /// be changed without losing every passkey.
    pub id: String,
    /// What `origin` may be in a ceremony: web origins, or what an app sends.
    pub origins: Vec<String>,
}

impl RelyingParty {
    /// Of the app at `app_url`, or of the API itself where there is none.
    pub fn of(public_url: &str, app_url: Option<&str>) -> Self {
        let urls = [app_url, Some(public_url)];
        let mut origins: Vec<String> = urls.into_iter().flatten().filter_map(origin).collect();
        origins.dedup();
        Self {
            id: host(app_url.unwrap_or(public_url)).unwrap_or_default(),
            origins,
        }
    }

    /// Reads `APP_URL`, and what overrides it: `WEBAUTHN_RP_ID` and
    /// `WEBAUTHN_ORIGINS`, comma-separated.
    pub fn read(env: &mut Env, public_url: &str) -> Self {
        let app_url = env.optional("APP_URL");
        let mut party = Self::of(public_url, app_url.as_deref());
        if let Some(id) = env.optional("WEBAUTHN_RP_ID") {
            party.id = id.trim().to_ascii_lowercase();
        }
        if let Some(list) = env.optional("WEBAUTHN_ORIGINS") {
            let named = list.split(',').map(str::trim);
            party.origins = named
                .filter(|origin| !origin.is_empty())
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect();
        }
        party
    }
}

fn host(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(uri.host()?.to_ascii_lowercase())
}

/// The origin of a URL as browsers write it (RFC 6454 §6.2): without the port
/// that the scheme implies.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_ascii_lowercase());
    let port = match (scheme, uri.port_u16()) {
        (_, None) | ("https", Some(443)) | ("http", Some(80)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    Some(format!("{scheme}://{host}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_21_passkeys_belong_to_the_app_or_to_what_the_operator_names() {
        let read = |variables: &[(&str, &str)]| {
            RelyingParty::read(&mut Env::of(variables), "https://API.example.org:443/v1")
        };
        let own = read(&[]);
        assert_eq!(own.id, "api.example.org");
        assert_eq!(own.origins, ["https://api.example.org"]);
        let app = read(&[("APP_URL", "http://localhost:5173")]);
        assert_eq!(app.id, "localhost");
        assert_eq!(
            app.origins,
            ["http://localhost:5173", "https://api.example.org"]
        );
        let named = read(&[
            ("APP_URL", "https://app.example.org"),
            ("WEBAUTHN_RP_ID", "Example.org"),
            (
                "WEBAUTHN_ORIGINS",
                "https://app.example.org/, android:apk-key-hash:abc",
            ),
        ]);
        assert_eq!(named.id, "example.org");
        assert_eq!(
            named.origins,
            ["https://app.example.org", "android:apk-key-hash:abc"]
        );
    }
}
