//! What a person agreed to, and the export that they asked for.

use jiff::Timestamp;
use shared::{
    id::UserId,
    personal::ARCHIVE_KEPT,
    table::{Entity, Key},
};

use super::user;
use crate::model::{
    consent::{Consent, Purpose},
    deletion::ExportRequest,
};

pub(in crate::store) const CONSENT: &str = "CONSENT#";

pub(in crate::store) fn consent(id: UserId, purpose: &Purpose) -> Key {
    Key::new(user(id), format!("{CONSENT}{}", purpose.as_str()))
}

pub(in crate::store) fn export(id: UserId) -> Key {
    Key::new(user(id), "EXPORT")
}

impl Entity for Consent {
    const KIND: &'static str = "consent";

    fn key(&self) -> Key {
        consent(self.user_id, &self.purpose)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Entity for ExportRequest {
    const KIND: &'static str = "export";

    fn key(&self) -> Key {
        export(self.user_id)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        // Longer than its file, however slow the groups were.
        Some(self.requested_at + ARCHIVE_KEPT + ARCHIVE_KEPT)
    }
}
