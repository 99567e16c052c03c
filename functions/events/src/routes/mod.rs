//! The HTTP interface of the group: one file per endpoint.

mod admission;
mod approve;
mod calendar;
mod cancel;
mod change;
mod create;
mod delete;
mod door;
mod export;
mod feedback;
mod feeds;
mod format;
mod get;
mod history;
mod list;
mod looks;
mod programme;
mod publish;
mod recommend;
mod registrations;
mod reject;
mod save;
mod schedule;
mod search;
mod submit;
mod update;
mod venues;
mod view;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use jiff::Timestamp;
use shared::commit::Commit;
use shared::cx::Context;
use shared::http::{Api, Core, deprecated};
use shared::id::{EventId, OrganizationId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use shared::sealer::Sealer;
use shared::table::Table;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::keyring::KeyRing;
use crate::model::{Counts, Details, Event, Move};
use crate::store::shelves::shelve;
use crate::store::{Store, chronicle};

pub use feeds::FeedView;
pub use view::{EventView, RegistrationView};

/// The tag of all operations.
pub const TAG: &str = "events";

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// What seals the codes of letters and the key of the tickets.
    pub sealer: Arc<dyn Sealer>,
    /// Signs and verifies tickets.
    pub keyring: KeyRing,
    /// The table of access, for who has no token but a secret address.
    access: Table,
    /// The API's own address, without a slash at the end.
    public_url: Arc<str>,
}

impl App {
    /// On top of the group's table.
    pub fn new(core: &Core, sealer: Arc<dyn Sealer>) -> Self {
        let store = Store::new(core.table.clone());
        Self {
            keyring: KeyRing::new(store.clone(), sealer.clone()),
            store,
            sealer,
            access: core.access.table().clone(),
            public_url: Arc::from(core.config.public_url.as_str()),
        }
    }

    /// An event that `actor` may change as `permission` says.
    async fn editable(
        &self,
        id: EventId,
        actor: &Principal,
        permission: Permission,
    ) -> Result<(Event, Counts), Problem> {
        let (event, counts) = self.store.event(id).await?;
        event.authorise(actor, permission)?;
        Ok((event, counts))
    }

    /// An event after one move of its life, in a commit that makes it. What is
    /// `said` stays with a decision.
    fn step(
        &self,
        cx: &Context,
        event: &Event,
        counts: &Counts,
        step: Move,
        said: Option<String>,
    ) -> Result<(Event, Counts, Commit), Problem> {
        let mut commit = self.store.commit(cx);
        let mut next = event.moved(step, commit.now())?;
        if matches!(step, Move::Approve | Move::Reject | Move::Cancel) {
            next.decision_note.clone_from(&said);
        }
        commit.replace(&next);
        shelve(&mut commit, Some(event), Some(&next));
        let open = next.status == crate::model::Status::Published;
        if open != counts.open {
            commit
                .update(Counts::key_of(event.id))
                .set("open", open)
                .when("attribute_exists(#pk)");
        }
        let next = Event {
            version: event.version + 1,
            ..next
        };
        let counts = Counts {
            open,
            ..counts.clone()
        };
        let entry = next.entry(commit.now(), step.into(), actor(cx), said, Vec::new());
        chronicle(&mut commit, &entry);
        Ok((next, counts, commit))
    }

    /// The details with a copy of the known venue that they name.
    ///
    /// # Errors
    /// 400 for a venue that is not the owner's.
    async fn placed(
        &self,
        details: Details,
        organization: Option<OrganizationId>,
        person: UserId,
    ) -> Result<Details, Problem> {
        let Some(id) = details.venue_id else {
            return Ok(details);
        };
        let known = self.store.venue(id).await?;
        let known = known
            .filter(|known| known.usable_by(organization, person))
            .ok_or_else(|| {
                let detail = "is not a venue of the event's owner";
                Problem::invalid("/venueId", "unknown", detail)
            })?;
        Ok(Details {
            venue: Some(known.venue),
            ..details
        })
    }

    /// Whether the event's organisation wants it approved.
    async fn needs_approval(&self, event: &Event) -> Result<bool, Problem> {
        match event.organization_id {
            None => Ok(false),
            Some(id) => Ok(self.store.organization(id).await?.event_approval),
        }
    }
}

/// Who does it.
fn actor(cx: &Context) -> Option<UserId> {
    cx.actor.as_deref()?.parse().ok()
}

/// Whether an event is over.
fn over(event: &Event, now: Timestamp) -> bool {
    event.details.ends_at <= now
}

#[allow(deprecated)] // the aliases are meant to be so described
fn routes() -> OpenApiRouter<App> {
    let aliases = OpenApiRouter::new()
        .routes(routes!(save::save_alias))
        .route_layer(from_fn_with_state("/v1/events/{id}/save", deprecated));
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(search::search))
        .routes(routes!(calendar::list_as_calendar))
        .routes(routes!(save::list_saved))
        .routes(routes!(schedule::schedule))
        .routes(routes!(recommend::recommend))
        .routes(routes!(programme::list::programme))
        .routes(routes!(programme::clashes::clashes))
        .routes(routes!(feeds::list::list_feeds))
        .routes(routes!(feeds::revoke::revoke_feed))
        .routes(routes!(feeds::read::read_feed))
        .routes(routes!(registrations::mine::list_mine))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(submit::submit))
        .routes(routes!(approve::approve))
        .routes(routes!(reject::reject))
        .routes(routes!(publish::publish))
        .routes(routes!(history::history))
        .routes(routes!(
            change::get::get_change,
            change::withdraw::withdraw_change
        ))
        .routes(routes!(change::approve::approve_change))
        .routes(routes!(change::reject::reject_change))
        .routes(routes!(cancel::cancel))
        .routes(routes!(save::save, save::unsave))
        .routes(routes!(
            registrations::register::register,
            registrations::list::list_registrations,
            registrations::withdraw::withdraw
        ))
        .routes(routes!(
            registrations::mine::my_registration,
            registrations::consent::update_consent
        ))
        .routes(routes!(registrations::accept::accept_offer))
        .routes(routes!(
            registrations::transfer::offer_transfer,
            registrations::transfer::withdraw_transfer
        ))
        .routes(routes!(registrations::add::add_attendee))
        .routes(routes!(registrations::import::import_attendees))
        .routes(routes!(registrations::remove::remove_attendee))
        .merge(at_the_door())
        .merge(venues())
        .merge(aliases)
}

/// Who gets in, who came, and what they thought of it.
fn at_the_door() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            admission::get::get_admission,
            admission::set::set_admission
        ))
        .routes(routes!(
            door::check_in::check_in,
            door::attendance::get_attendance
        ))
        .routes(routes!(door::upload::upload_check_ins))
        .routes(routes!(door::undo::undo_check_in))
        .routes(routes!(door::pack::check_in_pack))
        .routes(routes!(
            feedback::give::give_feedback,
            feedback::results::get_feedback
        ))
        .routes(routes!(feedback::give::my_feedback))
        .routes(routes!(export::export))
        .routes(routes!(door::keys::list_ticket_keys))
        .routes(routes!(door::tickets::list_my_tickets))
        .routes(routes!(door::tickets::ticket_svg))
        .routes(routes!(door::tickets::ticket_png))
        .routes(routes!(door::tickets::list_attendee_tickets))
}

/// The places that events name.
fn venues() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            venues::create::create_venue,
            venues::list::list_venues
        ))
        .routes(routes!(
            venues::get::get_venue,
            venues::update::update_venue,
            venues::delete::delete_venue
        ))
}

/// What takes or gives secrets, codes and tickets: never stored for repetition.
fn credentials() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            registrations::take_over::take_over,
            registrations::claim_page::take_over_page
        ))
        .routes(routes!(feeds::create::create_feed))
}

/// The group's API.
pub fn api(core: Core) -> Api<App> {
    Api::new(core)
        .routes(routes())
        // An address or a code of 256 bits is not guessed, whoever's it is.
        .credential_routes(credentials(), |_, _| None)
}

/// The description of the group's API, without anything behind it.
pub fn openapi() -> OpenApi {
    api(Core::detached("events")).describe()
}
