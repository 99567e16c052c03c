//! Types and rules of matchmaking: no HTTP, no AWS.
//!
//! A [`profile::Profile`] and what its owner saved become a [`card::Card`]: a
//! packed, comparable form without any text. [`roster::Roster`] holds the cards
//! of one event and ranks them; [`scoring`] is the formula, [`explain`] the words.

pub mod card;
pub mod embedding;
pub mod explain;
pub mod profile;
pub mod roster;
pub mod scoring;
pub mod spot;
pub mod terms;
pub mod tokenizer;
pub mod vector;
pub mod weights;
