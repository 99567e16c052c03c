//! `GET /v1/audit-log`

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use plenary_audit::Entry;
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::id::{OrganizationId, UserId};
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::IntoParams;

use super::{EntryView, chain};
use crate::app::App;

/// How far the clock of whoever published may be ahead of the log's.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Which entries.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ListEntries {
    /// Whose log; without one, the platform's own.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// Only what this user did.
    #[serde(default)]
    actor: Option<UserId>,
    /// Only this action, or with a `*` at its end all that begin so.
    #[serde(default)]
    #[param(example = "organization.member.*")]
    action: Option<String>,
    /// Only what happened at or after this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only what happened before this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many at most; larger values are cut to 100.
    #[serde(default)]
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl ListEntries {
    fn admits(&self, entry: &Entry) -> bool {
        let action = self.action.as_deref().is_none_or(|wanted| {
            wanted
                .strip_suffix('*')
                .map_or(entry.action == wanted, |start| {
                    entry.action.starts_with(start)
                })
        });
        action
            && self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
    }

    /// Entries stand in the order of writing: nothing before one that was written
    /// before `from` can have happened after it.
    fn is_past(&self, entry: &Entry) -> bool {
        self.from
            .is_some_and(|from| entry.recorded_at + SKEW < from)
    }
}

/// Read the audit log
///
/// The newest first. An organisation's needs `audit.view`: owners and
/// administrators have it; the platform's own is for its administrators. A page
/// may come back short, even empty, with a `nextCursor`.
#[utoipa::path(
    get, path = "/v1/audit-log", operation_id = "listAuditLog", tag = "platform",
    params(ListEntries),
    responses(
        (status = 200, description = "A page of entries", body = Listing<EntryView>),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`"),
        (status = 404, description = "No such organisation, or you are no member"),
    ),
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ListEntries>,
) -> Result<Reply, Problem> {
    let chain = chain(&principal, query.organization_id)?;
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let filter = (&query.actor, &query.action, query.from, query.to);
    let binding = Binding::new("/v1/audit-log")
        .caller(principal.user_id)
        .filter("chain", &chain)
        .filter("query", format!("{filter:?}"));
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let actor = query.actor.map(|actor| actor.to_string());
    let which = (
        |entry: &Entry| query.admits(entry),
        |entry: &Entry| query.is_past(entry),
    );
    let found = app
        .audit
        .page(&chain, actor.as_deref(), which, page.limit, page.position())
        .await?;
    let items: Vec<EntryView> = found.items.into_iter().map(EntryView::from).collect();
    Reply::ok(&page.listing(items, found.next))
}
