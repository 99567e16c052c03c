//! Networking profiles, vectors of meaning, and who should meet whom.
pub mod model;
