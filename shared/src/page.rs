//! Pages: opaque cursors (Google AIP-158), bound to the route, the caller and
//! the filter that they were made for. A made-up one opens nothing: the
//! partition is the query's own, and a place outside it is refused.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::digest;
use crate::problem::Problem;
use crate::table::{Key, Position};

/// Longer is no cursor of ours.
const MAX_CURSOR: usize = 1024;
const VERSION: u8 = 1;

/// The query parameters of every list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many at most; larger values are cut to the route's maximum.
    #[serde(default)]
    #[param(minimum = 1)]
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listing<T> {
    /// The page's items; it may be short, even empty, with more to come.
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// What a cursor is good for.
#[derive(Debug, Clone)]
pub struct Binding(Vec<String>);

impl Binding {
    /// A list at a route.
    pub fn new(route: &str) -> Self {
        Self(vec![route.to_owned()])
    }

    /// As this caller sees it.
    pub fn caller(mut self, caller: impl ToString) -> Self {
        self.0.push(format!("caller={}", caller.to_string()));
        self
    }

    /// With this filter or order.
    pub fn filter(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push(format!("{name}={}", value.to_string()));
        self
    }

    fn hash(&self) -> String {
        let parts: Vec<&[u8]> = self.0.iter().map(String::as_bytes).collect();
        digest::sha256(&parts)[..16].to_owned()
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    v: u8,
    b: String,
    pk: String,
    sk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<String>,
}

/// A page that somebody asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// How many at most.
    pub limit: u32,
    binding: String,
    position: Option<Position>,
}

impl PageRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 400 for a limit of 0, or a cursor that is none or was made for another list.
    pub fn new(paging: &Paging, binding: Binding, default: u32, max: u32) -> Result<Self, Problem> {
        let limit = match paging.limit {
            Some(0) => {
                return Err(Problem::invalid(
                    "?limit",
                    "out-of-range",
                    "must be at least 1",
                ));
            }
            Some(limit) => limit.min(max),
            None => default,
        };
        let binding = binding.hash();
        let position = match &paging.cursor {
            None => None,
            Some(text) => Some(read(text, &binding).ok_or_else(invalid_cursor)?),
        };
        Ok(Self {
            limit,
            binding,
            position,
        })
    }

    /// Where to go on.
    pub fn position(&self) -> Option<Position> {
        self.position.clone()
    }

    /// The page.
    pub fn listing<T>(&self, items: Vec<T>, next: Option<Position>) -> Listing<T> {
        let next_cursor = next.and_then(|position| {
            let cursor = Cursor {
                v: VERSION,
                b: self.binding.clone(),
                pk: position.key.pk,
                sk: position.key.sk,
                i: position.index_sk,
            };
            Some(digest::base64url(serde_json::to_vec(&cursor).ok()?))
        });
        Listing { items, next_cursor }
    }
}

/// A cursor that is none, or of another list.
pub(crate) fn invalid_cursor() -> Problem {
    Problem::invalid("?cursor", "invalid-cursor", "is not a cursor of this list")
}

fn read(text: &str, binding: &str) -> Option<Position> {
    if text.len() > MAX_CURSOR {
        return None;
    }
    let cursor: Cursor = serde_json::from_slice(&digest::from_base64url(text)?).ok()?;
    (cursor.v == VERSION && cursor.b == binding).then(|| Position {
        key: Key::new(cursor.pk, cursor.sk),
        index_sk: cursor.i,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            key: Key::new("ORG#1", "EVENT#2"),
            index_sk: Some("2026".into()),
        }
    }

    #[test]
    fn ev_12_a_cursor_serves_its_own_list_only() {
        let binding = || {
            Binding::new("/v1/events")
                .caller("user_a")
                .filter("tag", "rust")
        };
        let first = PageRequest::new(&Paging::default(), binding(), 20, 100).unwrap();
        let cursor = first.listing(vec![1], Some(position())).next_cursor;
        assert!(cursor.is_some());
        let paging = Paging {
            limit: Some(500),
            cursor,
        };
        let next = PageRequest::new(&paging, binding(), 20, 100).unwrap();
        assert_eq!((next.limit, next.position()), (100, Some(position())));
        for other in [
            Binding::new("/v1/events")
                .caller("user_b")
                .filter("tag", "rust"),
            Binding::new("/v1/events")
                .caller("user_a")
                .filter("tag", "go"),
            Binding::new("/v1/saved")
                .caller("user_a")
                .filter("tag", "rust"),
        ] {
            assert!(PageRequest::new(&paging, other, 20, 100).is_err());
        }
        for bad in ["", "x", "e30", &"a".repeat(2000)] {
            let paging = Paging {
                limit: None,
                cursor: Some((*bad).to_owned()),
            };
            assert!(
                PageRequest::new(&paging, binding(), 20, 100).is_err(),
                "{bad}"
            );
        }
    }
}
