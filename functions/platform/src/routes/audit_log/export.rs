//! `GET /v1/audit-log/export`

use axum::extract::State;
use http::header::{CONTENT_DISPOSITION, LINK};
use plenary_audit::{Entry, FormatError, Trailer, canonical};
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::id::OrganizationId;
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::Principal;
use shared::problem::Problem;
use shared::table::{Key, Position};
use utoipa::{IntoParams, ToSchema};

use super::chain;
use crate::app::App;
use crate::audit::PAGE;

/// The form of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One canonical JSON text a line: what `cargo xtask audit verify` checks.
    #[default]
    Ndjson,
    /// A table (RFC 4180), for people.
    Csv,
}

/// Which log, in which form.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// Whose log; without one, the platform's own.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// How many entries at most; larger values are cut to 1000.
    #[serde(default)]
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// From the `Link` of the part before.
    #[serde(default)]
    cursor: Option<String>,
}

/// Export the audit log
///
/// The oldest entry first, at most 1000 a part. `Link: <…>; rel="next"` leads to
/// the next part; the parts behind one another are the whole. As NDJSON the last
/// part ends with the head of the chain, so that nothing can be left off unseen.
#[utoipa::path(
    get, path = "/v1/audit-log/export", operation_id = "exportAuditLog", tag = "platform",
    params(Export),
    responses(
        (status = 200, description = "A part of the export", body = String, content_type = "application/x-ndjson"),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`"),
        (status = 404, description = "No such organisation, or you are no member"),
    ),
)]
pub async fn export(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<Export>,
) -> Result<Reply, Problem> {
    let chain = chain(&principal, query.organization_id)?;
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let binding = Binding::new("/v1/audit-log/export")
        .caller(principal.user_id)
        .filter("chain", &chain)
        .filter("format", format!("{:?}", query.format));
    let page = PageRequest::new(&paging, binding, PAGE, PAGE)?;
    // A cursor names the first entry of its part.
    let first = page.position().and_then(|at| at.key.sk.parse().ok());
    let first: u64 = first.unwrap_or(1);
    let head = app.audit.head(&chain).await?;
    let entries = app
        .audit
        .span(&chain, first, head.sequence, page.limit)
        .await?;
    let next = entries.last().map(|entry| entry.sequence + 1);
    let next = next.filter(|next| *next <= head.sequence);
    let text = match query.format {
        Format::Ndjson => ndjson(&entries, next.is_none().then_some(Trailer { head })),
        Format::Csv => csv(&entries, first == 1),
    };
    let text = text.map_err(Problem::internal)?;
    let cursor: Listing<()> = page.listing(Vec::new(), next.map(|next| position(&chain, next)));
    Ok(reply(&query, &chain, text, cursor.next_cursor))
}

fn position(chain: &str, next: u64) -> Position {
    Position {
        key: Key::new(chain, next.to_string()),
        index_sk: None,
    }
}

fn reply(query: &Export, chain: &str, text: String, cursor: Option<String>) -> Reply {
    let (content_type, name) = match query.format {
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
    };
    let file = format!("attachment; filename=\"audit-{chain}.{name}\"");
    let reply = Reply::text(content_type, text).header(CONTENT_DISPOSITION, &file);
    let Some(cursor) = cursor else { return reply };
    let organization = query.organization_id;
    let organization = organization.map_or_else(String::new, |id| format!("organizationId={id}&"));
    let limit = query
        .limit
        .map_or_else(String::new, |limit| format!("limit={limit}&"));
    let target = format!("/v1/audit-log/export?{organization}format={name}&{limit}cursor={cursor}");
    reply.header(LINK, &format!("<{target}>; rel=\"next\""))
}

fn ndjson(entries: &[Entry], trailer: Option<Trailer>) -> Result<String, FormatError> {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&canonical(entry)?);
        text.push('\n');
    }
    if let Some(trailer) = trailer {
        text.push_str(&canonical(&trailer)?);
        text.push('\n');
    }
    Ok(text)
}

const COLUMNS: [&str; 14] = [
    "chain",
    "sequence",
    "eventId",
    "at",
    "recordedAt",
    "actor",
    "actorBy",
    "action",
    "subject",
    "organizationId",
    "correlationId",
    "details",
    "previousHash",
    "hash",
];

fn csv(entries: &[Entry], with_header: bool) -> Result<String, FormatError> {
    let mut text = String::new();
    if with_header {
        text.push_str(&COLUMNS.join(","));
        text.push_str("\r\n");
    }
    for entry in entries {
        let cells = [
            entry.chain.clone(),
            entry.sequence.to_string(),
            entry.event_id.clone(),
            entry.at.to_string(),
            entry.recorded_at.to_string(),
            entry.actor.clone().unwrap_or_default(),
            entry.actor_by.clone().unwrap_or_default(),
            entry.action.clone(),
            entry.subject.clone(),
            entry.organization_id.clone().unwrap_or_default(),
            entry.correlation_id.clone(),
            canonical(&entry.details)?,
            entry.previous_hash.clone(),
            entry.hash.clone(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// A cell (RFC 4180 §2). What a spreadsheet would take for a formula gets an
/// apostrophe.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn or_07_a_cell_neither_breaks_the_table_nor_computes() {
        assert_eq!(quoted("a"), "a");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("@x\r\n"), "\"'@x\r\n\"");
    }
}
