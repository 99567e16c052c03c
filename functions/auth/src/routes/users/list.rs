//! `GET /v1/auth/users`

use axum::extract::State;
use serde::Deserialize;
use shared::{
    http::{Query, Reply},
    page::{Binding, Listing, PageRequest, Paging},
    principal::{PlatformRole, Principal},
    problem::Problem,
    table::Found,
};
use utoipa::IntoParams;

use super::{UserSummary, administrator};
use crate::{
    model::{
        account::Account,
        administration::{Administration, ExternalId, Status},
        email::Email,
    },
    state::App,
    store::Crowd,
};

/// Which accounts.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ListUsers {
    /// The account with this address.
    #[serde(default)]
    #[param(format = Email, example = "ada@example.org")]
    email: Option<String>,
    /// The account with this identity elsewhere: `provider:id`.
    #[serde(default)]
    #[param(example = "firebase:Zq3vYd1cVfR7b0kJ2mXw9pLt4sA2")]
    external_id: Option<String>,
    /// Only accounts that may be used, only suspended ones, or only those whose
    /// deletion waits.
    #[serde(default)]
    status: Option<Status>,
    /// Only accounts with this role on the platform.
    #[serde(default)]
    role: Option<PlatformRole>,
    /// How many at most; larger values are cut to 100.
    #[serde(default)]
    #[param(minimum = 1)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl ListUsers {
    /// The smallest index partition that holds all of them.
    fn crowd(&self) -> Crowd {
        match (self.role, self.status) {
            (Some(role), _) if role > PlatformRole::User => Crowd::Role(role),
            (_, Some(Status::Suspended)) => Crowd::Suspended,
            (_, Some(Status::Deleting)) => Crowd::Deleting,
            _ => Crowd::Everybody,
        }
    }

    fn admits(&self, record: &Administration) -> bool {
        self.role.is_none_or(|role| role == record.role)
            && self.status.is_none_or(|status| status == record.status())
    }

    /// The one account that an address or an identity names, if either is given.
    async fn named(&self, app: &App) -> Result<Option<Option<Account>>, Problem> {
        let by_email = match &self.email {
            Some(email) => {
                let email = Email::parse(email)
                    .map_err(|err| Problem::invalid("?email", "malformed", err.to_string()))?;
                Some(app.store.account_of(&email).await?)
            }
            None => None,
        };
        let Some(external) = &self.external_id else {
            return Ok(by_email);
        };
        let external = ExternalId::parse(external)
            .ok_or_else(|| Problem::invalid("?externalId", "malformed", "must be provider:id"))?;
        let found = app.store.account_of_external(&external).await?;
        // With both, they must name the same account.
        Ok(Some(match by_email {
            Some(by_email) => found.filter(|one| by_email.is_some_and(|other| other.id == one.id)),
            None => found,
        }))
    }
}

/// List accounts
///
/// The newest first; for administrators of the platform. A page may come back
/// short, even empty, with a `nextCursor`.
#[utoipa::path(
    get, path = "/v1/auth/users", tag = "auth", operation_id = "listUsers",
    params(ListUsers),
    responses(
        (status = 200, description = "A page of accounts", body = Listing<UserSummary>),
        (status = 401, description = "`unauthenticated`"),
        (status = 403, description = "`forbidden`, `administrator-address-not-allowed`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ListUsers>,
) -> Result<Reply, Problem> {
    administrator(&principal)?;
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let filter = format!(
        "{:?}",
        (&query.email, &query.external_id, query.status, query.role)
    );
    let binding = Binding::new("/v1/auth/users")
        .caller(principal.user_id)
        .filter("query", filter);
    let page = PageRequest::new(&paging, binding, 50, 100)?;
    let found = match query.named(&app).await? {
        Some(account) => only(&app, account).await?,
        None => app.store.crowd(query.crowd(), &page).await?,
    };
    let items = found
        .items
        .iter()
        .filter(|(_, record)| query.admits(record))
        .map(|(account, record)| UserSummary::new(account, record))
        .collect();
    Reply::ok(&page.listing(items, found.next))
}

async fn only(
    app: &App,
    account: Option<Account>,
) -> Result<Found<(Account, Administration)>, Problem> {
    let mut items = Vec::new();
    if let Some(account) = account {
        let records = app.store.administrations(&[account.id]).await?;
        let none = || Administration::none(account.id);
        let record = records.into_iter().next().unwrap_or_else(none);
        items.push((account, record));
    }
    Ok(Found { items, next: None })
}
