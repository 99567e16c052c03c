//! The media group: uploads straight into S3, and the pictures made of them.
//!
//! A client asks for a permit and uploads by it; the object's arrival wakes the
//! processor, which checks the bytes, removes what they tell of the
//! photographer, and makes the fixed sizes. Until then nobody can read anything.

pub mod form;
pub mod model;
pub mod problems;
pub mod processor;
pub mod routes;
pub mod store;

pub use problems::PROBLEMS;
pub use routes::{App, api, openapi};
