//! `/v1/users/me/consents`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    cx::Context,
    http::{Json, Path, Reply},
    principal::Principal,
    problem::{CONFLICT, Problem},
};
use utoipa::ToSchema;

use crate::{
    model::consent::{Consent, Decided, Documents, MAX_PURPOSES, Purpose, is_version},
    state::App,
};

/// What you decided about one purpose.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentView {
    purpose: Purpose,
    /// Whether you agree, to whichever version.
    granted: bool,
    /// The version that you decided about last.
    version: Option<String>,
    /// The version of today, of a document that everybody must agree to.
    current_version: Option<String>,
    /// Whether you are to be asked: you do not agree to the version of today.
    due: bool,
    /// Your decisions, the latest last; at most 50.
    history: Vec<Decided>,
}

impl ConsentView {
    fn new(consent: &Consent, documents: &Documents) -> Self {
        let current_version = documents.version(&consent.purpose);
        let last = consent.current();
        Self {
            purpose: consent.purpose.clone(),
            granted: last.is_some_and(|last| last.granted),
            version: last.map(|last| last.version.clone()),
            due: current_version.is_some_and(|version| !consent.is(true, version)),
            current_version: current_version.map(str::to_owned),
            history: consent.history.clone(),
        }
    }
}

/// Everything that you decided.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consents {
    /// By purpose.
    items: Vec<ConsentView>,
    /// Always `null`: this is all.
    next_cursor: Option<String>,
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// Whether you agree.
    granted: bool,
    /// The version of the text that you saw: of a document that everybody must
    /// agree to, the one of today.
    #[schema(min_length = 1, max_length = 40, example = "2026-09")]
    version: String,
}

/// What you agreed to
///
/// Every purpose that you decided about, and every document that must be agreed
/// to. Those that are `due` are to be shown.
#[utoipa::path(
    get, path = "/v1/users/me/consents", tag = "users", operation_id = "listConsents",
    responses(
        (status = 200, description = "Your consents", body = Consents),
        (status = 401, description = "`unauthenticated`"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Reply, Problem> {
    let documents = &app.settings.documents;
    let decided = app.store.consents(principal.user_id).await?;
    let none = documents.0.keys().map(|purpose| {
        let consent = Consent::none(principal.user_id, purpose.clone());
        (purpose.clone(), consent)
    });
    let mut all: BTreeMap<Purpose, Consent> = none.collect();
    for consent in decided {
        all.insert(consent.purpose.clone(), consent);
    }
    Reply::ok(&Consents {
        items: all
            .values()
            .map(|consent| ConsentView::new(consent, documents))
            .collect(),
        next_cursor: None,
    })
}

/// Agree, or no longer
///
/// Kept with its time; the same again changes nothing.
#[utoipa::path(
    put, path = "/v1/users/me/consents/{purpose}", tag = "users", operation_id = "decideConsent",
    params(("purpose" = Purpose, Path, description = "What it is for: 1 to 40 of `a–z 0–9 -`")),
    request_body = Decision,
    responses(
        (status = 200, description = "What you decided", body = ConsentView),
        (status = 400, description = "`invalid-request`"),
        (status = 401, description = "`unauthenticated`"),
        (status = 409, description = "`conflict`: it was decided at the same time, or about too many \
                                      purposes"),
    )
)]
pub async fn decide(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(purpose): Path<Purpose>,
    Json(body): Json<Decision>,
) -> Result<Reply, Problem> {
    let documents = &app.settings.documents;
    let current = documents.version(&purpose);
    if !is_version(&body.version) {
        let detail = "must be 1 to 40 visible characters";
        return Err(Problem::invalid("/version", "malformed", detail));
    }
    if let Some(current) = current.filter(|current| body.granted && *current != body.version) {
        let detail = format!("the version of today is {current}");
        return Err(Problem::invalid("/version", "outdated", detail));
    }
    let before = app.store.consent(principal.user_id, &purpose).await?;
    if before.is(body.granted, &body.version) {
        return Reply::ok(&ConsentView::new(&before, documents));
    }
    if before.version == 0
        && app.store.consents(principal.user_id).await?.len() >= MAX_PURPOSES + documents.0.len()
    {
        return Err(Problem::new(&CONFLICT).detail("You decided about too many purposes already."));
    }
    let after = before.with(Decided {
        granted: body.granted,
        version: body.version,
        at: app.clock.now(),
    });
    let reply = Reply::ok(&ConsentView::new(&after, documents))?;
    app.store.decide_consent(&cx, &after, reply).await
}
