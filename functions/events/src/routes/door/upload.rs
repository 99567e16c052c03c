//! `POST /v1/events/{id}/check-ins/upload`

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use super::scan::{Door, Shown, Told};
use super::{list, mark};
use crate::model::{Admission, Direction, Verdict};
use crate::problems::NONCE_TAKEN;

/// The most scans of one upload.
const MOST: usize = 200;
/// How many tickets are worked on at once.
const AT_ONCE: usize = 8;
/// How far a clock may be out that counts as right.
const CLOSE: SignedDuration = SignedDuration::from_secs(10);
/// What must be left of a request's time for one more scan.
const A_SCAN: Duration = Duration::from_millis(1500);

/// What a device scanned while it had no network.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Upload {
    /// The device's own name, the same in each of its uploads.
    #[schema(min_length = 1, max_length = 64, example = "door-3")]
    device: String,
    /// When this is sent, by the device's clock. With it the scans' times are put
    /// right where that clock is wrong.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// At most 200, in any order; what was sent before may be among them.
    scans: Vec<OfflineScan>,
}

/// One scan.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OfflineScan {
    /// The device's mark of this scan, unlike that of every other: a UUID.
    #[schema(min_length = 1, max_length = 64)]
    nonce: String,
    /// When, by the device's clock.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The text of the ticket's QR code.
    #[serde(default)]
    #[schema(max_length = 256)]
    ticket: Option<String>,
    /// Or the person, looked up in the pack.
    #[serde(default)]
    user_id: Option<UserId>,
    /// Which of the registration's places; with `userId` only, 1 unless given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 20)]
    number: Option<u8>,
    /// The check-in list; the first unless given.
    #[serde(default)]
    list: Option<String>,
    /// Which way.
    #[serde(default)]
    direction: Direction,
}

/// What came of one scan.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanResult {
    /// Its mark.
    nonce: String,
    /// Whether the person was rightly let in; not by a second use.
    admitted: bool,
    /// Why, or why not.
    reason: Verdict,
    /// It was known already, and counted once.
    duplicate: bool,
}

/// What came of an upload.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadResult {
    /// What was kept, in no order. The device may forget these scans.
    results: Vec<ScanResult>,
    /// Marks that could not be kept now: send them again.
    again: Vec<String>,
    /// Marks that another scan has already, of a device of the same name: send
    /// these scans again with fresh ones.
    taken: Vec<String>,
}

/// Takes what a device scanned without a network.
///
/// Each scan counts once, however often and in whatever order it is sent, and
/// is kept also where it was a refusal. Needs the right `event.checkin`.
#[utoipa::path(
    post,
    path = "/v1/events/{id}/check-ins/upload",
    tag = TAG,
    operation_id = "uploadCheckIns",
    params(("id" = EventId, Path, description = "The event.")),
    request_body = Upload,
    responses(
        (status = 200, description = "What came of each scan.", body = UploadResult),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn upload_check_ins(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
    Json(body): Json<Upload>,
) -> Result<Reply, Problem> {
    let (event, counts) = app
        .editable(id, &principal, Permission::EventCheckIn)
        .await?;
    let admission = app.store.admission(id).await?;
    let door = Door {
        event,
        counts,
        list: list(&admission, None)?,
        told_by: principal.user_id,
    };
    let groups = grouped(body, &admission, &door, app.store.now())?;
    app.stands_at(&cx, &door).await?;
    let done: Vec<Vec<(String, Done)>> = futures::stream::iter(groups)
        .map(|group| one_after_the_other(&app, &cx, group))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut result = UploadResult {
        results: Vec::new(),
        again: Vec::new(),
        taken: Vec::new(),
    };
    for (nonce, done) in done.into_iter().flatten() {
        match done {
            Done::Kept(done) => result.results.push(done),
            Done::Again => result.again.push(nonce),
            Done::Taken => result.taken.push(nonce),
        }
    }
    app.store.commit(&cx).finish(Reply::ok(&result)?).await
}

/// What became of a scan.
enum Done {
    /// It is known now, or was before.
    Kept(ScanResult),
    /// It could not be kept now.
    Again,
    /// Another scan has its mark.
    Taken,
}

/// Scans of one ticket one after the other, for they change the same item.
async fn one_after_the_other(
    app: &App,
    cx: &Context,
    group: Vec<(Door, Told)>,
) -> Vec<(String, Done)> {
    let mut done = Vec::new();
    for (door, told) in group {
        let nonce = told.nonce.clone();
        if cx.remaining() < A_SCAN {
            done.push((nonce, Done::Again));
            continue;
        }
        let result = match app.uploaded(cx, &door, &told).await {
            Ok(outcome) => Done::Kept(ScanResult {
                nonce: nonce.clone(),
                admitted: outcome.verdict.admitted(),
                reason: outcome.verdict,
                duplicate: outcome.before,
            }),
            Err(problem) if problem.kind() == &NONCE_TAKEN => Done::Taken,
            Err(problem) => {
                let causes = problem.causes().unwrap_or_default();
                tracing::warn!(scan.nonce = nonce, error = causes, "a scan was not kept");
                Done::Again
            }
        };
        done.push((nonce, result));
    }
    done
}

/// The scans by what was shown, in the order of their time; a fault in any is
/// a fault of the upload, before anything changes.
fn grouped(
    body: Upload,
    admission: &Admission,
    door: &Door,
    now: Timestamp,
) -> Result<Vec<Vec<(Door, Told)>>, Problem> {
    mark("/device", &body.device)?;
    if body.scans.len() > MOST {
        let detail = format!("may have at most {MOST} entries");
        return Err(Problem::invalid("/scans", "too-many", detail));
    }
    let wrong = wrong_by(body.sent_at, now);
    let mut groups: BTreeMap<String, Vec<(Door, Told)>> = BTreeMap::new();
    for (i, scan) in body.scans.into_iter().enumerate() {
        mark(&format!("/scans/{i}/nonce"), &scan.nonce)?;
        let Some(list) = admission.list(scan.list.as_deref()) else {
            let pointer = format!("/scans/{i}/list");
            let detail = "is no check-in list of the event";
            return Err(Problem::invalid(pointer, "unknown", detail));
        };
        let (group, shown) = match (scan.ticket, scan.user_id) {
            (Some(ticket), None) if scan.number.is_none() => {
                (ticket.clone(), Shown::Ticket(ticket))
            }
            (None, Some(user)) => {
                let number = scan.number.unwrap_or(1);
                (format!("{user}#{number}"), Shown::Person(user, number))
            }
            _ => {
                let detail = "give ticket, or userId and perhaps number";
                return Err(Problem::invalid(format!("/scans/{i}"), "ambiguous", detail));
            }
        };
        let told = Told {
            shown,
            direction: scan.direction,
            device: body.device.clone(),
            nonce: scan.nonce,
            // A clock that is ahead must not decide over all that comes later.
            at: scan.at.checked_add(wrong).unwrap_or(scan.at).min(now),
            live: false,
            keep: true,
        };
        let door = Door {
            list,
            ..door.clone()
        };
        groups.entry(group).or_default().push((door, told));
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_key(|(_, told)| told.at);
    }
    Ok(groups)
}

/// What a device's clock lacks, by the time at which it says to send; nothing
/// where that is no more than an answer takes.
fn wrong_by(sent_at: Option<Timestamp>, now: Timestamp) -> SignedDuration {
    let wrong = sent_at.map_or(SignedDuration::ZERO, |sent| now.duration_since(sent));
    if wrong.abs() < CLOSE {
        SignedDuration::ZERO
    } else {
        wrong
    }
}
