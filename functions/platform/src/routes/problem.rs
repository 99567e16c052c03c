//! `GET /v1/problems/{slug}` (B1-11): where the `type` of a problem leads.

use shared::http::{Path, Reply};
use shared::problem::Problem;

use super::problems::{ProblemKind, all};

/// One type of problem
#[utoipa::path(
    get, path = "/v1/problems/{slug}", operation_id = "getProblem", tag = "platform", security(()),
    params(("slug" = String, Path, description = "The last part of a problem's `type`")),
    responses(
        (status = 200, description = "What it means and what to do", body = ProblemKind),
        (status = 404, description = "There is no such type"),
        (status = 429, description = "Too many requests"),
    ),
)]
pub(super) async fn read(Path(slug): Path<String>) -> Result<Reply, Problem> {
    let found = all()?.into_iter().find(|kind| kind.slug == slug);
    let kind = found.ok_or_else(|| Problem::not_found("The problem type"))?;
    Ok(Reply::ok(&kind)?.hashed().public(300))
}
