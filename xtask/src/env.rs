//! The environment of this process. Functions read theirs through `shared::config`;
//! this tool has no such start-up.

use std::path::PathBuf;

/// A variable that is set and not empty.
#[allow(clippy::disallowed_methods)]
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The root of the checkout that this runs for. Cargo names it when it runs us;
/// where we were built may be another checkout with the same target directory.
pub fn root() -> PathBuf {
    let manifest = var("CARGO_MANIFEST_DIR");
    let manifest = PathBuf::from(manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned()));
    manifest.parent().map_or(manifest.clone(), PathBuf::from)
}
