//! `/v1/notifications/unsubscribe/{token}`: one-click unsubscription (RFC 8058).
//!
//! The link in an e-mail needs no sign-in: its token is signed for one person
//! and one type, and can do nothing else. `GET` only shows a page, because
//! scanners of mail follow every link; `POST` does it.

pub mod page;
pub mod stop;

use shared::http::Reply;
use shared::problem::Problem;

use crate::model::UnsubscribeClaim;
use crate::problems::INVALID_UNSUBSCRIBE_LINK;
use crate::routes::App;
use crate::templates::{self, escape};

/// What the token is good for, once its signature was checked.
async fn verified(app: &App, token: &str) -> Result<UnsubscribeClaim, Problem> {
    let invalid = || Problem::new(&INVALID_UNSUBSCRIBE_LINK);
    let claim = UnsubscribeClaim::of(token).ok_or_else(invalid)?;
    let recipient = app
        .store
        .recipient(claim.user_id)
        .await?
        .ok_or_else(invalid)?;
    if !recipient.issued(&claim, token) {
        return Err(invalid());
    }
    Ok(claim)
}

fn subject(claim: &UnsubscribeClaim) -> String {
    claim.kind.map_or_else(
        || "all e-mails that can be stopped".to_owned(),
        |kind| format!("e-mails of the type “{kind}”"),
    )
}

fn html(title: &str, body: &str) -> Reply {
    let body = format!("<h1 style=\"font-size:20px\">{}</h1>{body}", escape(title));
    Reply::text("text/html; charset=utf-8", templates::page(title, &body))
}
