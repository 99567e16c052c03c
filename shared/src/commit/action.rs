//! One change of one item.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;

use crate::problem::Problem;
use crate::table::{Entity, Item, Key};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Update,
    Delete,
    Check,
}

/// What a failed condition of the action says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What [`Action::or`] declared.
    State,
    /// The Idempotency-Key is taken.
    Reply,
    /// The event was handled before.
    Once,
    /// A later state is already projected.
    Projection,
}

/// One change of one item, with its condition and the error that it declares.
#[derive(Debug)]
pub struct Action {
    pub(super) table: Arc<str>,
    pub(super) key: Key,
    pub(super) kind: Kind,
    pub(super) meaning: Meaning,
    pub(super) item: Item,
    pub(super) declared: Option<Problem>,
    pub(super) fault: Option<String>,
    conditions: Vec<String>,
    sets: Vec<String>,
    adds: Vec<String>,
    removes: Vec<String>,
    names: BTreeSet<String>,
    values: Item,
}

impl Action {
    fn new(table: Arc<str>, key: Key, kind: Kind) -> Self {
        Self {
            table,
            key,
            kind,
            meaning: Meaning::State,
            item: Item::new(),
            declared: None,
            fault: None,
            conditions: Vec::new(),
            sets: Vec::new(),
            adds: Vec::new(),
            removes: Vec::new(),
            names: BTreeSet::new(),
            values: Item::new(),
        }
    }

    pub(super) fn put(table: Arc<str>, key: Key) -> Self {
        let item = key.attributes();
        let mut action = Self::new(table, key, Kind::Put);
        action.item = item;
        action
    }

    pub(super) fn update(table: Arc<str>, key: Key) -> Self {
        Self::new(table, key, Kind::Update)
    }

    pub(super) fn delete(table: Arc<str>, key: Key) -> Self {
        Self::new(table, key, Kind::Delete)
    }

    pub(super) fn check(table: Arc<str>, key: Key) -> Self {
        Self::new(table, key, Kind::Check)
    }

    /// Whether doing it twice is doing it once, even when others write in
    /// between; what is not goes as a transaction, whose token the service
    /// remembers.
    pub(super) fn repeatable(&self) -> bool {
        match self.kind {
            Kind::Put => true,
            Kind::Update => self.adds.is_empty(),
            // The deleted item cannot show our commit id any more.
            Kind::Delete => self.conditions.is_empty(),
            Kind::Check => false,
        }
    }

    pub(super) fn merges_with(&self, other: &Self) -> bool {
        self.kind == Kind::Update && other.kind == Kind::Update
    }

    pub(super) fn fill<E: Entity>(&mut self, entity: &E) -> Result<(), serde_dynamo::Error> {
        let item: Item = serde_dynamo::to_item(entity)?;
        // Absent is absent: a stored null would make sparse attributes dense.
        self.item
            .extend(item.into_iter().filter(|(_, value)| !value.is_null()));
        self.item.extend(self.key.attributes());
        self.attribute("kind", AttributeValue::S(E::KIND.into()));
        let indexes = entity.indexes();
        for (index, key) in [("gsi1", indexes.gsi1), ("gsi2", indexes.gsi2)] {
            if let Some(key) = key {
                self.attribute(&format!("{index}pk"), AttributeValue::S(key.pk));
                self.attribute(&format!("{index}sk"), AttributeValue::S(key.sk));
            }
        }
        if let Some(at) = entity.expires_at() {
            self.expire(at);
        }
        Ok(())
    }

    pub(super) fn attribute(&mut self, name: &str, value: AttributeValue) {
        self.item.insert(name.to_owned(), value);
    }

    pub(super) fn expire(&mut self, at: Timestamp) {
        self.attribute("ttl", AttributeValue::N(at.as_second().to_string()));
    }

    pub(super) fn must_be_absent(&mut self, now: Timestamp) -> &mut Self {
        self.when("(attribute_not_exists(#pk) OR #ttl <= :now)")
            .bind(":now", now.as_second())
    }

    /// The error if the condition does not hold.
    pub fn or(&mut self, problem: Problem) -> &mut Self {
        self.declared = Some(problem);
        self
    }

    /// Adds a condition; every `#name` stands for the attribute `name`, every
    /// `:name` for a value given by [`Action::bind`].
    pub fn when(&mut self, condition: &str) -> &mut Self {
        self.alias(condition);
        self.conditions.push(condition.to_owned());
        self
    }

    /// Gives a value for a `:name` of a condition.
    pub fn bind<V: Serialize>(&mut self, name: &str, value: V) -> &mut Self {
        match serde_dynamo::to_attribute_value::<_, AttributeValue>(value) {
            Ok(value) => {
                let before = self.values.insert(name.to_owned(), value.clone());
                // Merged updates share their values: two conditions that mean
                // different things by one name would both lose their sense.
                if before.is_some_and(|before| before != value) {
                    self.fault = Some(format!("two values for {name}"));
                }
            }
            Err(err) => self.fault = Some(format!("{name}: {err}")),
        }
        self
    }

    /// Sets an attribute.
    pub fn set<V: Serialize>(&mut self, name: &str, value: V) -> &mut Self {
        let bound = format!(":set_{name}");
        self.values.remove(&bound);
        self.bind(&bound, value);
        self.expression(
            |action| &mut action.sets,
            name,
            format!("#{name} = {bound}"),
        )
    }

    /// Adds to a number that starts at 0. Adding twice adds both.
    pub fn add(&mut self, name: &str, by: i64) -> &mut Self {
        let bound = format!(":add_{name}");
        let before = match self.values.get(&bound) {
            Some(AttributeValue::N(n)) => n.parse().unwrap_or(0),
            _ => 0,
        };
        self.values.remove(&bound);
        self.bind(&bound, before + by);
        self.expression(|action| &mut action.adds, name, format!("#{name} {bound}"))
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.expression(|action| &mut action.removes, name, format!("#{name}"))
    }

    /// Lets an updated item expire.
    pub fn until(&mut self, at: Timestamp) -> &mut Self {
        self.set("ttl", at.as_second())
    }

    fn expression(
        &mut self,
        part: fn(&mut Self) -> &mut Vec<String>,
        name: &str,
        text: String,
    ) -> &mut Self {
        self.names.insert(name.to_owned());
        let part = part(self);
        if !part.contains(&text) {
            part.push(text);
        }
        self
    }

    fn alias(&mut self, expression: &str) {
        for piece in expression.split('#').skip(1) {
            let end = piece
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(piece.len());
            self.names.insert(piece[..end].to_owned());
        }
    }

    pub(super) fn condition(&self) -> Option<String> {
        let condition = match self.conditions.as_slice() {
            [] => return None,
            [condition] => condition.clone(),
            // An OR must not swallow its neighbour; but the service refuses
            // brackets that stand twice.
            all => {
                let each = all.iter().map(|condition| {
                    if enclosed(condition) {
                        condition.clone()
                    } else {
                        format!("({condition})")
                    }
                });
                each.collect::<Vec<_>>().join(" AND ")
            }
        };
        Some(self.short(&condition))
    }

    /// An expression with numbers in place of names: the service takes 4 KB,
    /// and the names of attributes may be long.
    fn short(&self, expression: &str) -> String {
        let mut short = String::with_capacity(expression.len());
        let mut rest = expression;
        while let Some(at) = rest.find(['#', ':']) {
            let (before, sign) = rest.split_at(at);
            let end = sign[1..]
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .map_or(sign.len(), |end| end + 1);
            let (alias, after) = sign.split_at(end);
            short.push_str(before);
            short.push_str(&self.alias_of(alias).unwrap_or_else(|| alias.to_owned()));
            rest = after;
        }
        short + rest
    }

    /// The short alias of `#name` or `:name`.
    fn alias_of(&self, alias: &str) -> Option<String> {
        let at = match alias.strip_prefix('#') {
            Some(name) => self.names.iter().position(|other| other == name),
            None => self.values_in_order().position(|other| other == alias),
        };
        at.map(|at| format!("{}{at}", &alias[..1]))
    }

    fn values_in_order(&self) -> impl Iterator<Item = &String> {
        let mut names: Vec<&String> = self.values.keys().collect();
        names.sort_unstable();
        names.into_iter()
    }

    pub(super) fn update_expression(&self) -> String {
        let expression = [
            ("SET", &self.sets),
            ("ADD", &self.adds),
            ("REMOVE", &self.removes),
        ]
        .into_iter()
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(word, parts)| format!("{word} {}", parts.join(", ")))
        .collect::<Vec<_>>()
        .join(" ");
        self.short(&expression)
    }

    pub(super) fn name_map(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| {
            let names = self.names.iter().enumerate();
            names
                .map(|(at, name)| (format!("#{at}"), name.clone()))
                .collect()
        })
    }

    pub(super) fn value_map(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| {
            let values = self.values_in_order().enumerate();
            values
                .filter_map(|(at, name)| Some((format!(":{at}"), self.values.get(name)?.clone())))
                .collect()
        })
    }
}

/// Whether one pair of brackets goes round the whole.
fn enclosed(condition: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in condition.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + 1 == condition.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_bracketed_once() {
        let both = |first: &str, second: &str| {
            let mut action = Action::check(Arc::from("t"), Key::new("a", "b"));
            action.when(first).when(second);
            action.condition().unwrap()
        };
        assert_eq!(both("#a = :a OR #b", "#c"), "(#0 = :a OR #1) AND (#2)");
        assert_eq!(both("(#a OR #b)", "f(#c)"), "(#0 OR #1) AND (f(#2))");
        assert_eq!(both("(#a) OR (#b)", "(#c)"), "((#0) OR (#1)) AND (#2)");
    }

    #[test]
    fn expressions_are_short_whatever_the_names() {
        let mut action = Action::update(Arc::from("t"), Key::new("a", "b"));
        let names: Vec<String> = (0..40)
            .map(|i| format!("k_{i}_{}", "x".repeat(40)))
            .collect();
        for name in &names {
            action
                .when(&format!(
                    "(attribute_not_exists(#{name}) OR #{name} = :seen_{name})"
                ))
                .bind(&format!(":seen_{name}"), 1)
                .add(name, 2);
        }
        assert!(action.condition().unwrap().len() < 4096);
        assert!(action.update_expression().len() < 4096);
        let (names_of, values) = (action.name_map().unwrap(), action.value_map().unwrap());
        let update = action.update_expression();
        let first = update
            .strip_prefix("ADD ")
            .unwrap()
            .split(", ")
            .next()
            .unwrap();
        let (name, value) = first.split_once(' ').unwrap();
        assert_eq!(names_of[name], names[0]);
        assert_eq!(values[value], AttributeValue::N("2".into()));
    }
}
