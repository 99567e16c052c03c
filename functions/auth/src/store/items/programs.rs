//! API keys and service accounts.

use serde::{Deserialize, Serialize};
use shared::{
    api_key::KeyOwner,
    table::{Entity, Key},
};

use super::{organization_partition, user};
use crate::model::program::{Program, ProgramId};

/// Whose programs: a person's or an organisation's partition.
pub(in crate::store) fn owner(owner: KeyOwner) -> String {
    match owner {
        KeyOwner::User { user_id } => user(user_id),
        KeyOwner::Organization {
            organization_id, ..
        } => organization_partition(organization_id),
    }
}

pub(in crate::store) const API_KEY: &str = "APIKEY#";
pub(in crate::store) const SERVICE_ACCOUNT: &str = "SERVICE#";

pub(in crate::store) fn program(of: KeyOwner, id: ProgramId) -> Key {
    let prefix = match id {
        ProgramId::ApiKey(_) => API_KEY,
        ProgramId::ServiceAccount(_) => SERVICE_ACCOUNT,
    };
    Key::new(owner(of), format!("{prefix}{id}"))
}

pub(in crate::store) fn program_count(of: KeyOwner) -> Key {
    Key::new(owner(of), "PROGRAMS")
}

pub(in crate::store) fn program_owner(id: ProgramId) -> Key {
    Key::new(format!("PROGRAM#{id}"), "OWNER")
}

impl Entity for Program {
    const KIND: &'static str = "program";

    fn key(&self) -> Key {
        program(self.owner, self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Finds a program by its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::store) struct ProgramOwner {
    pub(in crate::store) id: ProgramId,
    pub(in crate::store) owner: KeyOwner,
}

impl Entity for ProgramOwner {
    const KIND: &'static str = "program-owner";

    fn key(&self) -> Key {
        program_owner(self.id)
    }
}
