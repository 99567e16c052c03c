//! What an operator decides about signing in with providers.

use http::Uri;
use shared::{config::Env, digest::from_base64url, outward::is_secure};

use crate::model::provider::ProviderName;

/// Which providers there are, and where sign-ins with them may lead.
#[derive(Debug, Clone, Default)]
pub struct ProvidersSettings {
    /// The providers that are set up.
    pub providers: Vec<ProviderSettings>,
    /// Where an app may wait for its users: compared whole (RFC 9700 §4.1.3).
    pub redirect_uris: Vec<String>,
}

/// One provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Which.
    pub name: ProviderName,
    /// Its issuer, without a slash at its end.
    pub issuer: String,
    /// As what it knows this deployment.
    pub client_id: String,
    /// How it recognises it: sealed by KMS for `oauth-client`.
    pub sealed_secret: Vec<u8>,
}

impl ProvidersSettings {
    /// Reads `OAUTH_REDIRECT_URIS`, and of each provider `…_CLIENT_ID`,
    /// `…_CLIENT_SEALED` (base64 of the sealed secret) and `…_ISSUER`. A
    /// provider without a client id is off.
    pub fn read(env: &mut Env) -> Self {
        let RedirectUris(redirect_uris) = env.or("OAUTH_REDIRECT_URIS", RedirectUris::default());
        let providers = ProviderName::ALL
            .into_iter()
            .filter_map(|name| ProviderSettings::read(env, name))
            .collect();
        Self {
            providers,
            redirect_uris,
        }
    }
}

impl ProviderSettings {
    fn read(env: &mut Env, name: ProviderName) -> Option<Self> {
        let prefix = name.name().to_uppercase();
        let client_id = env.optional(&format!("{prefix}_CLIENT_ID"))?;
        let secret = format!("{prefix}_CLIENT_SEALED");
        env.required(&secret);
        let Sealed(sealed_secret) = env.or(&secret, Sealed::default());
        let default = Issuer(name.dialect().issuer.to_owned());
        let Issuer(issuer) = env.or(&format!("{prefix}_ISSUER"), default);
        Some(Self {
            name,
            issuer,
            client_id,
            sealed_secret,
        })
    }
}

#[derive(Default)]
struct RedirectUris(Vec<String>);

impl std::str::FromStr for RedirectUris {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uris: Vec<String> = text
            .split(',')
            .map(|uri| uri.trim().to_owned())
            .filter(|uri| !uri.is_empty())
            .collect();
        match uris.iter().find(|uri| !leads_to_an_app(uri)) {
            Some(wrong) => Err(format!(
                "{wrong:?} is neither https, nor http on loopback, nor an app's own scheme, or has a fragment"
            )),
            None => Ok(Self(uris)),
        }
    }
}

/// https, loopback, or a private-use scheme (RFC 8252 §7.1): a domain name in
/// reverse, so that it holds a dot.
fn leads_to_an_app(uri: &str) -> bool {
    let plain = uri
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&b));
    let own_scheme = uri
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.contains('.') && is_scheme(scheme));
    plain && (is_secure(uri) || own_scheme)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

#[derive(Default)]
struct Sealed(Vec<u8>);

impl std::str::FromStr for Sealed {
    type Err = &'static str;

    /// As `aws kms encrypt --query CiphertextBlob --output text` prints it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_end_matches('=');
        let url = text.replace('+', "-").replace('/', "_");
        from_base64url(&url)
            .map(Self)
            .ok_or("must be the base64 text that KMS gave")
    }
}

struct Issuer(String);

impl std::str::FromStr for Issuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let issuer = text.trim().trim_end_matches('/');
        let bare = issuer.parse::<Uri>().is_ok_and(|uri| uri.query().is_none());
        if bare && is_secure(issuer) {
            Ok(Self(issuer.to_owned()))
        } else {
            Err("must be an https URL without a query, or http on loopback")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<ProvidersSettings, String> {
        let mut env = Env::of(vars);
        let settings = ProvidersSettings::read(&mut env);
        env.check().map_err(|err| err.to_string())?;
        Ok(settings)
    }

    #[test]
    fn au_17_18_a_provider_is_off_until_it_has_a_client_and_then_needs_its_secret() {
        assert!(read(&[]).unwrap().providers.is_empty());
        let fault = read(&[("GOOGLE_CLIENT_ID", "c")]).unwrap_err();
        assert!(fault.contains("GOOGLE_CLIENT_SEALED"), "{fault}");
        let settings = read(&[
            ("LINKEDIN_CLIENT_ID", "c"),
            ("LINKEDIN_CLIENT_SEALED", "+/8="),
        ])
        .unwrap();
        let linkedin = &settings.providers[0];
        assert_eq!(linkedin.name, ProviderName::LinkedIn);
        assert_eq!(linkedin.issuer, "https://www.linkedin.com/oauth");
        assert_eq!(linkedin.sealed_secret, [0xfb, 0xff]);
        let insecure = read(&[
            ("GOOGLE_CLIENT_ID", "c"),
            ("GOOGLE_CLIENT_SEALED", "c2VhbGVk"),
            ("GOOGLE_ISSUER", "http://accounts.example.org"),
        ]);
        assert!(insecure.unwrap_err().contains("GOOGLE_ISSUER"));
    }

    #[test]
    fn au_17_a_sign_in_leads_only_where_an_app_can_be() {
        let uris = |text| read(&[("OAUTH_REDIRECT_URIS", text)]).map(|all| all.redirect_uris);
        let good =
            "https://app.example.org/signed-in, http://localhost:3000/cb,org.example.app:/cb";
        assert_eq!(uris(good).unwrap().len(), 3);
        for bad in [
            "http://app.example.org/",
            "https://app.example.org/#x",
            "javascript:alert(1)",
            "app:/cb",
            "/cb",
        ] {
            assert!(uris(bad).is_err(), "{bad}");
        }
    }
}
