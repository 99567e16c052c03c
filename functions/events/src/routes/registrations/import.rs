//! `POST /v1/events/{id}/attendees/import`

use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, RegistrationId};
use shared::principal::{Permission, Principal};
use shared::problem::{INVALID_REQUEST, Problem};
use utoipa::ToSchema;

use super::super::looks::looking_again;
use super::super::{App, TAG};
use super::add::{Added, NewAttendee, enrol};
use crate::model::{Question, Registration, Row, Sheet};

/// What must be left of a request's time for one more line.
const A_LINE: Duration = Duration::from_millis(1500);

/// A list of people.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Import {
    /// Comma-separated values (RFC 4180), at most 200 rows below the header.
    /// Columns: `userId` or `email`, and if wanted `name`, `ticketType`,
    /// `quantity` and the ids of questions.
    csv: String,
    /// Only says what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What became of a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Where it stands, from 1; the header is line 1.
    #[serde(rename = "line")]
    number: u64,
    /// What became of it; absent for a line that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Added>,
    /// The registration, unless it would only be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_id: Option<RegistrationId>,
    /// What is wrong with it, as a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

/// What became of every line.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether nothing was changed.
    dry_run: bool,
    /// How many were registered, or would be.
    registered: usize,
    /// How many were registered already.
    unchanged: usize,
    /// How many failed.
    failed: usize,
    /// Lines that time did not suffice for, from the first; send the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    go_on_at_line: Option<u64>,
    /// Every line that was looked at.
    lines: Vec<Line>,
}

/// Registers a list of people, for the event's organisers.
///
/// Each line is registered by itself or not at all, and reported. Sending a
/// list again changes nothing for the lines that succeeded.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/attendees/import",
    tag = TAG,
    operation_id = "importAttendees",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = Import,
    responses(
        (status = 200, description = "What became of every line.", body = Report),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn import_attendees(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<Import>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    let sheet = Sheet::read(&body.csv)?;
    let admission = app.store.admission(id).await?;
    known(&sheet, &admission.questions)?;
    let mut report = Report {
        dry_run: body.dry_run,
        registered: 0,
        unchanged: 0,
        failed: 0,
        go_on_at_line: None,
        lines: Vec::new(),
    };
    let mut supposed = Vec::new();
    for row in &sheet.rows {
        if cx.remaining() < A_LINE {
            report.go_on_at_line = Some(row.line);
            break;
        }
        let read = attendee(&sheet.columns, row, &admission.questions);
        let done = match read {
            Ok(new) => {
                let supposed = body.dry_run.then_some(&mut supposed);
                one(&app, &cx, id, &new, supposed).await
            }
            Err(problem) => Err(problem),
        };
        report.add(row.line, done, &cx);
    }
    app.store.commit(&cx).finish(Reply::ok(&report)?).await
}

impl Report {
    fn add(
        &mut self,
        line: u64,
        done: Result<(Added, Option<RegistrationId>), Problem>,
        cx: &Context,
    ) {
        let line = match done {
            Ok((added, registration_id)) => {
                match added {
                    Added::Registered => self.registered += 1,
                    Added::Unchanged => self.unchanged += 1,
                }
                Line {
                    number: line,
                    result: Some(added),
                    registration_id,
                    problem: None,
                }
            }
            Err(problem) => {
                self.failed += 1;
                Line {
                    number: line,
                    result: None,
                    registration_id: None,
                    problem: Some(problem.body(&format!("line {line}"), &cx.correlation_id)),
                }
            }
        };
        self.lines.push(line);
    }
}

/// Registers one person; in a dry run it adds to what is supposed to be there.
async fn one(
    app: &App,
    cx: &Context,
    id: EventId,
    new: &NewAttendee,
    mut supposed: Option<&mut Vec<Registration>>,
) -> Result<(Added, Option<RegistrationId>), Problem> {
    if let Some(supposed) = &mut supposed {
        let enrolled = enrol(app, cx, id, new, supposed).await?;
        if enrolled.added == Added::Registered {
            supposed.push(enrolled.registration);
            return Ok((Added::Registered, None));
        }
        let id = enrolled.registration.id;
        let stands = !supposed.iter().any(|made| made.id == id);
        return Ok((Added::Unchanged, stands.then_some(id)));
    }
    looking_again(cx, || async {
        let enrolled = enrol(app, cx, id, new, &[]).await?;
        if enrolled.added == Added::Registered {
            enrolled.commit.execute().await?;
        }
        Ok((enrolled.added, Some(enrolled.registration.id)))
    })
    .await
}

/// The columns that are not questions.
const COLUMNS: [&str; 5] = ["userId", "email", "name", "ticketType", "quantity"];

fn known(sheet: &Sheet, questions: &[Question]) -> Result<(), Problem> {
    for column in &sheet.columns {
        let asked = questions.iter().any(|question| question.id == *column);
        if !asked && !COLUMNS.contains(&column.as_str()) {
            let detail = format!(
                "{column:?} is no column: {} or a question's id",
                COLUMNS.join(", ")
            );
            return Err(Problem::invalid("/csv", "unknown-column", detail));
        }
    }
    Ok(())
}

/// The person of a row. A name that is a column's wins over a question's id.
fn attendee(columns: &[String], row: &Row, questions: &[Question]) -> Result<NewAttendee, Problem> {
    let cells = row
        .cells
        .as_ref()
        .map_err(|why| Problem::new(&INVALID_REQUEST).detail(format!("The line {why}.")))?;
    let mut new = NewAttendee::default();
    let fault =
        |column: &str, detail: &str| Problem::invalid(format!("/{column}"), "invalid", detail);
    for (column, cell) in columns
        .iter()
        .zip(cells)
        .filter(|(_, cell)| !cell.is_empty())
    {
        match column.as_str() {
            "userId" => {
                let id = cell.parse();
                new.user_id = Some(id.map_err(|_| fault("userId", "is no user's id"))?);
            }
            "email" => new.email = Some(cell.clone()),
            "name" => new.name = Some(cell.clone()),
            "ticketType" => new.ticket_type = Some(cell.clone()),
            "quantity" => {
                let number = cell.parse();
                new.quantity = Some(number.map_err(|_| fault("quantity", "is no number"))?);
            }
            id => {
                let question = questions.iter().find(|question| question.id == id);
                if let Some(answer) = question.and_then(|question| question.parse(cell)) {
                    new.answers.insert(id.to_owned(), answer);
                }
            }
        }
    }
    Ok(new)
}
