//! The rules of the domain; no HTTP and no AWS.

mod area;
mod card;
mod change;
mod details;
mod event;
mod feed;
mod filter;
mod history;
mod ical;
mod jsonld;
mod life;
mod organization;
mod place;
mod registration;
mod saved;
mod session;
mod status;
mod venue;

pub use area::around;
pub use card::{Card, Stretch, shelf_of_parent, shelf_of_venue, stretches};
pub use change::{FieldChange, PendingChange, changed};
pub use details::{Details, Draft, Price, When};
pub use event::{Counts, Event, MAX_CAPACITY};
pub use feed::{Feed, FeedDoor, Include, MOST_FEEDS, Secret, distinct, standing};
pub use filter::Filter;
pub use history::{HistoryEntry, Step};
pub use ical::{Calendar, Standing};
pub use jsonld::json_ld;
pub use organization::Organization;
pub use place::{Coordinates, Venue, distance_km};
pub use registration::{Registration, RegistrationStatus, Waiting};
pub use saved::Saved;
pub use session::{DoubleBooking, Speaker, double_bookings, overlaps, within};
pub use status::{Move, Status};
pub use venue::{KnownVenue, VenueCard};
