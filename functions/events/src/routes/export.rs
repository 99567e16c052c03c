//! `GET /v1/events/{id}/exports/{what}`

use axum::extract::State;
use http::HeaderName;
use http::header::LINK;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::http::{Path, Query, Reply};
use shared::id::EventId;
use shared::page::{Binding, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use shared::table::Position;
use utoipa::{IntoParams, ToSchema};

use super::feedback::FeedbackView;
use super::view::RegistrationView;
use super::{App, TAG};
use crate::model::{Admission, Registration, Scan, cell};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Registrations with their answers.
    Registrations,
    /// Every scan at the door.
    CheckIns,
    /// Feedback, without names.
    Feedback,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Registrations => "registrations",
            Self::CheckIns => "check-ins",
            Self::Feedback => "feedback",
        }
    }
}

/// In which form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180), for spreadsheets.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Which page in which form.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Form {
    /// `csv` unless given.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// How many rows at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `Next-Cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// Rows of a table: the names of the columns, and the cells.
struct Rows {
    columns: Vec<String>,
    cells: Vec<Vec<String>>,
    objects: Vec<Value>,
    next: Option<Position>,
}

/// Exports what an event has gathered, for its organisers.
///
/// Page by page: the header `Next-Cursor`, and `Link` with `rel="next"`, lead to
/// the next. The columns are named on the first. No cell of a CSV is taken for
/// a formula. Needs the right `event.edit`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/exports/{what}",
    tag = TAG,
    operation_id = "exportEvent",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("what" = inline(What), Path, description = "What to export."),
        Form,
    ),
    responses(
        (status = 200, description = "A page, as `text/csv` or `application/x-ndjson`.", body = String, content_type = "text/csv"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn export(
    State(app): State<App>,
    principal: Principal,
    Path((id, what)): Path<(EventId, What)>,
    Query(form): Query<Form>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    let path = format!("/v1/events/{id}/exports/{}", what.name());
    let paging = Paging {
        limit: form.limit,
        cursor: form.cursor.clone(),
    };
    let binding = Binding::new("/v1/events/{id}/exports")
        .caller(principal.user_id)
        .filter("path", &path);
    let page = PageRequest::new(&paging, binding, 200, 1000)?;
    let rows = match what {
        What::Registrations => registrations(&app, id, &page).await?,
        What::CheckIns => scans(&app, id, &page).await?,
        What::Feedback => feedback(&app, id, &page).await?,
    };
    let first = form.cursor.is_none();
    let reply = match form.format {
        Format::Csv => Reply::text("text/csv; charset=utf-8", csv(&rows, first)?),
        Format::Ndjson => Reply::text("application/x-ndjson", ndjson(&rows)?),
    };
    let next = page.listing(Vec::<()>::new(), rows.next).next_cursor;
    let Some(next) = next else {
        return Ok(reply);
    };
    let format = if form.format == Format::Csv {
        "csv"
    } else {
        "ndjson"
    };
    let limit = page.limit;
    let link = format!("<{path}?format={format}&limit={limit}&cursor={next}>; rel=\"next\"");
    Ok(reply
        .header(LINK, &link)
        .header(HeaderName::from_static("next-cursor"), &next))
}

async fn registrations(app: &App, id: EventId, page: &PageRequest) -> Result<Rows, Problem> {
    let (admission, found) = Box::pin(futures::future::try_join(
        app.store.admission(id),
        app.store.registrations(id, page.limit, page.position()),
    ))
    .await?;
    let fixed = [
        "registrationId",
        "userId",
        "guestName",
        "guestEmail",
        "status",
        "ticketType",
        "quantity",
        "createdAt",
        "checkedInAt",
        "matchmakingConsent",
    ];
    let mut columns: Vec<String> = fixed.map(str::to_owned).to_vec();
    columns.extend(
        admission
            .questions
            .iter()
            .map(|question| question.label.clone()),
    );
    let cells = found
        .items
        .iter()
        .map(|item| registration_cells(item, &admission));
    Ok(Rows {
        columns,
        cells: cells.collect(),
        objects: objects(found.items.iter().map(RegistrationView::new))?,
        next: found.next,
    })
}

fn registration_cells(registration: &Registration, admission: &Admission) -> Vec<String> {
    let guest = registration.guest.as_ref();
    let mut cells = vec![
        registration.id.to_string(),
        registration.user_id.to_string(),
        guest
            .and_then(|guest| guest.name.clone())
            .unwrap_or_default(),
        guest.map(|guest| guest.email.clone()).unwrap_or_default(),
        registration.status.name().to_owned(),
        registration.ticket_type.clone(),
        registration.quantity.to_string(),
        registration.created_at.to_string(),
        registration
            .checked_in_at
            .map(|at| at.to_string())
            .unwrap_or_default(),
        registration.matchmaking_consent.to_string(),
    ];
    let answers = admission.questions.iter();
    cells.extend(answers.map(|question| answer(registration.answers.get(&question.id))));
    cells
}

/// An answer as an import reads it.
fn answer(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(all)) => {
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            all.join(";")
        }
        Some(other) => other.to_string(),
    }
}

/// A scan as it is exported.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScanRow<'a> {
    #[serde(flatten)]
    scan: &'a Scan,
}

async fn scans(app: &App, id: EventId, page: &PageRequest) -> Result<Rows, Problem> {
    let found = app.store.scans(id, page.limit, page.position()).await?;
    let columns = [
        "registrationId",
        "userId",
        "number",
        "list",
        "direction",
        "verdict",
        "at",
        "receivedAt",
        "device",
        "nonce",
        "toldBy",
        "reason",
    ];
    table(
        columns,
        found.items.iter().map(|scan| ScanRow { scan }),
        found.next,
    )
}

async fn feedback(app: &App, id: EventId, page: &PageRequest) -> Result<Rows, Problem> {
    let found = app.store.feedbacks(id, page.limit, page.position()).await?;
    let columns = ["rating", "comment", "date"];
    table(
        columns,
        found.items.iter().map(FeedbackView::new),
        found.next,
    )
}

/// Rows whose cells are members of the objects.
fn table<const N: usize, T: Serialize>(
    columns: [&str; N],
    items: impl Iterator<Item = T>,
    next: Option<Position>,
) -> Result<Rows, Problem> {
    let objects = objects(items)?;
    let row = |object: &Value| {
        columns
            .iter()
            .map(|name| answer(object.get(name)))
            .collect()
    };
    Ok(Rows {
        cells: objects.iter().map(row).collect(),
        columns: columns.map(str::to_owned).to_vec(),
        objects,
        next,
    })
}

fn objects<T: Serialize>(items: impl Iterator<Item = T>) -> Result<Vec<Value>, Problem> {
    items
        .map(|item| serde_json::to_value(item).map_err(Problem::internal))
        .collect()
}

fn csv(rows: &Rows, named: bool) -> Result<String, Problem> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let heads = named.then_some(&rows.columns).into_iter();
    for row in heads.chain(&rows.cells) {
        let safe = row.iter().map(|text| cell(text));
        writer.write_record(safe).map_err(Problem::internal)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|err| Problem::internal(err.to_string()))?;
    String::from_utf8(bytes).map_err(Problem::internal)
}

fn ndjson(rows: &Rows) -> Result<String, Problem> {
    rows.objects
        .iter()
        .try_fold(String::new(), |mut text, object| {
            text.push_str(&serde_json::to_string(object).map_err(Problem::internal)?);
            text.push('\n');
            Ok(text)
        })
}
