//! Queries of one partition.

use aws_sdk_dynamodb::types::AttributeValue;

use super::entity::{Item, Key, key_of, text};

/// Which index a query reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// `gsi1`.
    Gsi1,
    /// `gsi2`.
    Gsi2,
}

impl Index {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gsi1 => "gsi1",
            Self::Gsi2 => "gsi2",
        }
    }
}

#[derive(Debug, Clone)]
enum Range {
    All,
    Prefix(String),
    Between(String, String),
}

/// A query of one partition.
#[derive(Debug, Clone)]
pub struct Query {
    pk: String,
    range: Range,
    pub(super) index: Option<Index>,
    pub(super) descending: bool,
    pub(super) limit: Option<u32>,
    pub(super) after: Option<Position>,
    pub(super) consistent: bool,
    pub(super) expired: bool,
}

/// Where a query stopped: the key of the last item read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The item's own key.
    pub key: Key,
    /// Its sort key in the index, for queries of an index.
    pub index_sk: Option<String>,
}

impl Query {
    /// Everything in the partition `pk`.
    pub fn partition(pk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            range: Range::All,
            index: None,
            descending: false,
            limit: None,
            after: None,
            consistent: false,
            expired: false,
        }
    }

    /// Only sort keys that begin so.
    pub fn begins_with(mut self, prefix: impl Into<String>) -> Self {
        self.range = Range::Prefix(prefix.into());
        self
    }

    /// Only sort keys from `first` to `last`, both included.
    pub fn between(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.range = Range::Between(first.into(), last.into());
        self
    }

    /// Reads an index; its partition is `pk`.
    pub fn index(mut self, index: Index) -> Self {
        self.index = Some(index);
        self
    }

    /// Largest sort key first.
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Reads at most so many items.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Goes on behind a position.
    pub fn after(mut self, position: Option<Position>) -> Self {
        self.after = position;
        self
    }

    /// A strongly consistent read; not for indexes.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// Also what has expired and still stands there: to remove it.
    pub fn with_expired(mut self) -> Self {
        self.expired = true;
        self
    }

    pub(super) fn condition(&self, values: &mut Item) -> String {
        let (pk, sk) = match self.index {
            None => ("pk".to_owned(), "sk".to_owned()),
            Some(index) => (format!("{}pk", index.name()), format!("{}sk", index.name())),
        };
        values.insert(":pk".into(), AttributeValue::S(self.pk.clone()));
        match &self.range {
            Range::All => format!("{pk} = :pk"),
            Range::Prefix(prefix) => {
                values.insert(":a".into(), AttributeValue::S(prefix.clone()));
                format!("{pk} = :pk AND begins_with({sk}, :a)")
            }
            Range::Between(first, last) => {
                values.insert(":a".into(), AttributeValue::S(first.clone()));
                values.insert(":b".into(), AttributeValue::S(last.clone()));
                format!("{pk} = :pk AND {sk} BETWEEN :a AND :b")
            }
        }
    }

    /// Whether it goes on, if it does, at a place that it can have reached.
    pub(super) fn is_in_place(&self) -> bool {
        let Some(Position { key, index_sk }) = &self.after else {
            return true;
        };
        match (self.index, index_sk) {
            (None, _) => key.pk == self.pk && self.contains(&key.sk),
            (Some(_), Some(sk)) => !key.pk.is_empty() && !key.sk.is_empty() && self.contains(sk),
            (Some(_), None) => false,
        }
    }

    fn contains(&self, sk: &str) -> bool {
        match &self.range {
            Range::All => !sk.is_empty(),
            Range::Prefix(prefix) => !sk.is_empty() && sk.starts_with(prefix.as_str()),
            Range::Between(first, last) => (first.as_str()..=last.as_str()).contains(&sk),
        }
    }

    pub(super) fn start_key(&self) -> Option<Item> {
        let position = self.after.as_ref()?;
        let mut key = position.key.attributes();
        if let (Some(index), Some(sk)) = (self.index, &position.index_sk) {
            key.insert(
                format!("{}pk", index.name()),
                AttributeValue::S(self.pk.clone()),
            );
            key.insert(format!("{}sk", index.name()), AttributeValue::S(sk.clone()));
        }
        Some(key)
    }
}

/// What a query found.
#[derive(Debug, Clone)]
pub struct Found<E> {
    /// The items, in order.
    pub items: Vec<E>,
    /// Where to go on, if there is more.
    pub next: Option<Position>,
}

pub(super) fn position_of(key: &Item, index: Option<Index>) -> Option<Position> {
    Some(Position {
        key: key_of(key)?,
        index_sk: index
            .and_then(|index| Some(text(key, &format!("{}sk", index.name()))?.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DynamoDB refuses a place outside the query; who asks for one made it up.
    #[test]
    fn ev_12_a_query_goes_on_only_where_it_can_have_been() {
        let at = |pk: &str, sk: &str, index_sk: Option<&str>| {
            Some(Position {
                key: Key::new(pk, sk),
                index_sk: index_sk.map(str::to_owned),
            })
        };
        let members = Query::partition("ORG#1").begins_with("MEMBER#");
        let within = Query::partition("A").between("b", "d");
        let index = Query::partition("USERS").index(Index::Gsi1);
        for (query, place, good) in [
            (&members, None, true),
            (&members, at("ORG#1", "MEMBER#2", None), true),
            (&members, at("ORG#2", "MEMBER#2", None), false),
            (&members, at("ORG#1", "INVITE#2", None), false),
            (&members, at("ORG#1", "", None), false),
            (&within, at("A", "c", None), true),
            (&within, at("A", "e", None), false),
            (&index, at("USER#1", "ACCOUNT", Some("1")), true),
            (&index, at("USER#1", "ACCOUNT", None), false),
            (&index, at("USER#1", "ACCOUNT", Some("")), false),
            (&index, at("", "ACCOUNT", Some("1")), false),
        ] {
            let query = query.clone().after(place);
            assert_eq!(query.is_in_place(), good, "{query:?}");
        }
    }
}
