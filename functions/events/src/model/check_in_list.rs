//! The lists at the door.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admission::Admission;

/// A list at the door: which tickets it admits, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CheckInList {
    /// Its short name, which the door refers to.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,30}$", example = "day_1")]
    pub id: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The ticket types that it admits; empty means all.
    #[serde(default)]
    pub ticket_types: Vec<String>,
    /// From when it admits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Timestamp>,
    /// Until when, exclusively.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closes_at: Option<Timestamp>,
    /// Whether one ticket may enter again after having left.
    #[serde(default)]
    pub multi_entry: bool,
}

impl CheckInList {
    /// The short names of an event's lists.
    pub fn ids_of(admission: &Admission) -> Vec<String> {
        let lists = admission.check_in_lists.iter();
        let ids: Vec<String> = lists.map(|list| list.id.clone()).collect();
        if ids.is_empty() {
            vec![Self::standard().id]
        } else {
            ids
        }
    }

    /// The list of an event that names none: everybody, once.
    pub fn standard() -> Self {
        Self {
            id: "main".to_owned(),
            name: "Main".to_owned(),
            ticket_types: Vec::new(),
            opens_at: None,
            closes_at: None,
            multi_entry: false,
        }
    }
}
