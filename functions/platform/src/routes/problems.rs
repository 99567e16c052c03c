//! `GET /v1/problems` (B1-11)

use serde::{Deserialize, Serialize};
use shared::http::Reply;
use shared::page::Listing;
use shared::problem::Problem;
use utoipa::ToSchema;

/// Every group's problem types, written by `cargo xtask generate`.
const ALL: &str = include_str!("../../assets/problems.json");

/// A kind of problem.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct ProblemKind {
    /// The URI that problems of this kind have as `type`.
    #[serde(rename = "type")]
    kind: String,
    /// Its last part.
    pub(super) slug: String,
    /// What it is called.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What a caller should know and do about it.
    description: String,
    /// The groups that answer with it, or `all`.
    groups: Vec<String>,
}

pub(super) fn all() -> Result<Vec<ProblemKind>, Problem> {
    serde_json::from_str(ALL).map_err(Problem::internal)
}

/// All types of problems
#[utoipa::path(
    get, path = "/v1/problems", operation_id = "listProblems", tag = "platform", security(()),
    responses(
        (status = 200, description = "All there are, by slug", body = Listing<ProblemKind>),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn list() -> Result<Reply, Problem> {
    let listing = Listing {
        items: all()?,
        next_cursor: None,
    };
    Ok(Reply::ok(&listing)?.hashed().public(300))
}
