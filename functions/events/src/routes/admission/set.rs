//! `PUT /v1/events/{id}/admission`

use axum::extract::State;
use shared::commit::Commit;
use shared::cx::Context;
use shared::event::events::AdmissionUpdated;
use shared::http::{IfMatch, Json, Path, Reply};
use shared::id::EventId;
use shared::principal::{Permission, Principal};
use shared::problem::{Problem, VERSION_CONFLICT};

use super::super::{App, TAG};
use super::{AdmissionView, NewAdmission};
use crate::model::{Admission, Counts, Event, Kinds, Status};
use crate::problems::{CAPACITY_TOO_SMALL, TICKET_TYPE_IN_USE, WRONG_TRANSITION};

/// Sets ticket types, questions, and the rules of the waitlist and the door.
///
/// The whole of it: what is left out is gone. A ticket type that somebody has
/// stays, and its quota holds everybody who has one. Larger quotas go to those
/// who wait. Needs the right `event.edit`.
#[utoipa::path(
    put,
    path = "/v1/events/{id}/admission",
    tag = TAG,
    operation_id = "setAdmission",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("If-Match" = String, Header, description = "The ETag that was read."),
    ),
    request_body = NewAdmission,
    responses(
        (status = 200, description = "How people get in now.", body = AdmissionView),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`"),
        (status = 409, description = "`capacity-too-small`, `ticket-type-in-use`, `wrong-transition`"),
        (status = 412, description = "`version-conflict`"),
        (status = 428, description = "`precondition-required`"),
    ),
    security(("bearer" = []))
)]
pub async fn set_admission(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    if_match: IfMatch,
    Path(id): Path<EventId>,
    Json(body): Json<NewAdmission>,
) -> Result<Reply, Problem> {
    let (event, counts) = app.editable(id, &principal, Permission::EventEdit).await?;
    let before = app.store.admission(id).await?;
    if_match.require(before.version)?;
    alterable(&event)?;
    let next = Admission {
        event_id: id,
        ticket_types: body.ticket_types,
        questions: body.questions,
        max_per_registration: body.max_per_registration,
        offer_minutes: body.offer_minutes,
        check_in_lists: body.check_in_lists,
        version: before.version,
    }
    .checked()?;
    let mut commit = app.store.commit(&cx);
    if before.version == 0 {
        let taken = Problem::new(&VERSION_CONFLICT).detail("It was changed by somebody else.");
        commit.create(&next).or(taken);
    } else {
        commit.replace(&next);
    }
    let counts = restrict(&mut commit, &before, &next, counts)?;
    commit.publish(&AdmissionUpdated { event_id: id }, before.version + 1);
    let next = Admission {
        version: before.version + 1,
        ..next
    };
    let view = AdmissionView::new(&next, &counts);
    commit.finish(Reply::ok(&view)?.tag(&view.tag())).await
}

fn alterable(event: &Event) -> Result<(), Problem> {
    match event.status {
        Status::Cancelled | Status::Completed => Err(Problem::new(&WRONG_TRANSITION)
            .detail(format!("The event is {}.", event.status.name()))
            .with("currentStatus", event.status.name())
            .with("allowedTransitions", Vec::<&str>::new())),
        _ => Ok(()),
    }
}

/// Keeps the guard's quotas in step. What is certain to fail is refused before
/// the transaction, with a pointer; the conditions hold against races.
fn restrict(
    commit: &mut Commit,
    before: &Admission,
    next: &Admission,
    mut counts: Counts,
) -> Result<Counts, Problem> {
    let action = commit.update(Counts::key_of(next.event_id));
    action
        .when("attribute_exists(#pk)")
        .or(Problem::new(&CAPACITY_TOO_SMALL).detail("Somebody registered in this moment."));
    for (i, kind) in next.ticket_types.iter().enumerate() {
        let [quota, taken] = ["quota", "taken"].map(|what| Kinds::attribute(&kind.id, what));
        let share = counts.kinds.0.entry(kind.id.clone()).or_default();
        share.quota = kind.quota;
        // Every type stands there, taken or not: whoever reads the counts alone
        // knows which there are.
        action.add(&taken, 0);
        match kind.quota {
            None => action.remove(&quota),
            Some(most) if share.taken > most => {
                let detail = format!("is below the {} places that are taken", share.taken);
                return Err(Problem::new(&CAPACITY_TOO_SMALL).error(
                    format!("/ticketTypes/{i}/quota"),
                    "out-of-range",
                    &detail,
                ));
            }
            Some(most) => {
                let bound = format!(":most_{}", kind.id);
                action
                    .set(&quota, most)
                    .when(&format!(
                        "(attribute_not_exists(#{taken}) OR #{taken} <= {bound})"
                    ))
                    .bind(&bound, most)
            }
        };
    }
    let kept = |id: &str| next.ticket_types.iter().any(|kind| kind.id == id);
    for kind in before.ticket_types.iter().filter(|kind| !kept(&kind.id)) {
        let share = counts.kinds.0.remove(&kind.id).unwrap_or_default();
        if share.taken + share.waiting > 0 {
            return Err(Problem::new(&TICKET_TYPE_IN_USE)
                .detail(format!("{} has registrations.", kind.name)));
        }
        for what in ["taken", "waiting"] {
            let name = Kinds::attribute(&kind.id, what);
            action
                .when(&format!(
                    "(attribute_not_exists(#{name}) OR #{name} = :unused)"
                ))
                .bind(":unused", 0)
                .remove(&name);
        }
        action.remove(&Kinds::attribute(&kind.id, "quota"));
    }
    Ok(counts)
}
