//! The rules of the domain; no HTTP and no AWS.

mod admission;
mod answers;
mod counts;
mod csv;
mod details;
mod door;
mod event;
mod faults;
mod feedback;
mod filter;
mod organization;
mod place;
mod queue;
mod registration;
mod saved;
mod status;
mod ticket;
mod transfer;

pub use admission::{Admission, CheckInList, MAX_QUANTITY, TicketType};
pub use answers::{Answers, Question, QuestionKind};
pub use counts::{Counts, KindCounts, Kinds};
pub use csv::{Row, Sheet, cell};
pub use details::{Details, Draft, Price, When};
pub use door::{Attendance, Direction, Presence, Scan, Verdict, refusal};
pub use event::{Event, MAX_CAPACITY};
pub use feedback::{Feedback, Ratings};
pub use filter::Filter;
pub use organization::Organization;
pub use place::{Coordinates, Venue, distance_km};
pub use queue::{Fate, Queues};
pub use registration::{Guest, Registration, RegistrationStatus, Waiting, address};
pub use saved::Saved;
pub use status::{Move, Status};
pub use ticket::{KeyId, Ticket, TicketError};
pub use transfer::Transfer;
