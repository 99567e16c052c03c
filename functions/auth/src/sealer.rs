//! What seals the few secrets that must be kept readable: [`shared::sealer`].

pub use shared::sealer::{Kms, Purpose, SealError, Sealer, Sealing};
