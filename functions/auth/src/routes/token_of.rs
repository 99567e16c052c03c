//! Which token a request is about.

use http::HeaderMap;
use serde::Deserialize;

use super::oauth;
use crate::model::refresh::RefreshToken;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refreshing<'a> {
    #[serde(borrow)]
    refresh_token: &'a str,
}

/// The session of a refresh token, through all its generations; the client
/// with its secret; or else the token that a form names. Each contains what
/// only its holder knows, so that nobody fills the bucket of somebody else.
pub fn token_of(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Some(client) = oauth::client_of(headers, body) {
        return Some(client);
    }
    if let Ok(body) = serde_json::from_slice::<Refreshing>(body) {
        return RefreshToken::parse(body.refresh_token).map(|token| session(&token));
    }
    let token = oauth::token_in(headers, body)?;
    let refresh = RefreshToken::parse(&token);
    Some(refresh.map_or_else(|| format!("token {}", *token), |token| session(&token)))
}

fn session(token: &RefreshToken) -> String {
    format!(
        "session {} {}",
        token.session(),
        token.family_hash().as_str()
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::CONTENT_TYPE};
    use shared::id::{SessionId, UserId};

    use super::*;

    fn form(body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, value);
        token_of(&headers, body.as_bytes())
    }

    #[test]
    fn gw_06_a_session_counts_as_one_through_its_generations_and_for_its_holder_alone() {
        let (user, session) = (UserId::new(), SessionId::new());
        let token = RefreshToken::first(user, session).unwrap();
        let of = |token: &RefreshToken| {
            let body = format!(r#"{{"refreshToken":"{}"}}"#, *token.reveal());
            token_of(&HeaderMap::new(), body.as_bytes()).unwrap()
        };
        assert_eq!(of(&token), of(&token.next().unwrap()));
        assert_eq!(
            Some(of(&token)),
            form(&format!("token={}", *token.reveal()))
        );
        // Who knows the ids alone has another bucket.
        let invented = RefreshToken::first(user, session).unwrap();
        assert_ne!(of(&token), of(&invented));
    }

    #[test]
    fn gw_06_a_client_counts_with_its_secret() {
        let client = form("client_id=svc_1&client_secret=x&token=a");
        assert!(client.is_some());
        assert_eq!(client, form("client_id=svc_1&client_secret=x&grant_type=y"));
        assert_ne!(client, form("client_id=svc_1&client_secret=y"));
        assert_eq!(form("client_id=svc_1"), None);
        assert_eq!(token_of(&HeaderMap::new(), b"{}"), None);
    }
}
