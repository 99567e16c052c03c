//! How many places are taken, and how many people wait.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::id::EventId;
use shared::table::{Entity, Key};

/// How many are in, and how many wait: beside the event, so that a thousand
/// registrations do not touch its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Of which event.
    pub id: EventId,
    /// Whether one can register now.
    pub open: bool,
    /// The event's capacity, for the guard.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Places given out: confirmed, or held by an offer.
    #[serde(default)]
    pub confirmed: u32,
    /// Of these, places that an offer holds.
    #[serde(default)]
    pub held: u32,
    /// Places that people on the waitlist want.
    #[serde(default)]
    pub waitlisted: u32,
    /// Counts the moves of the waitlist: a decision that rests on who waits is
    /// committed only if nobody joined or left it meanwhile.
    #[serde(default)]
    pub queue: u64,
    /// The same by ticket type.
    #[serde(flatten)]
    pub kinds: Kinds,
}

/// One ticket type's share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// Its quota, for the guard.
    pub quota: Option<u32>,
    /// Places given out.
    pub taken: u32,
    /// Places wanted on its waitlist.
    pub waiting: u32,
}

/// The shares of the ticket types. Each number is an attribute of its own, for
/// conditions look at attributes: `k_vip_quota`, `k_vip_taken`, `k_vip_waiting`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds(pub BTreeMap<String, KindCounts>);

impl Counts {
    /// Those of a new event.
    pub fn new(id: EventId, capacity: Option<u32>) -> Self {
        Self {
            id,
            open: false,
            capacity,
            confirmed: 0,
            held: 0,
            waitlisted: 0,
            queue: 0,
            kinds: Kinds::default(),
        }
    }

    /// Where the counts of an event are kept.
    pub fn key_of(id: EventId) -> Key {
        Key::new(format!("EVENT#{id}"), "COUNTS")
    }

    /// Registered people: places that are confirmed.
    pub fn attendees(&self) -> u32 {
        self.confirmed.saturating_sub(self.held)
    }

    /// A ticket type's share; of `""`, what stands for no type.
    pub fn kind(&self, kind: &str) -> KindCounts {
        if kind.is_empty() {
            let typed = |of: fn(&KindCounts) -> u32| self.kinds.0.values().map(of).sum::<u32>();
            return KindCounts {
                quota: None,
                taken: self.confirmed.saturating_sub(typed(|kind| kind.taken)),
                waiting: self.waitlisted.saturating_sub(typed(|kind| kind.waiting)),
            };
        }
        self.kinds.0.get(kind).copied().unwrap_or_default()
    }

    /// Whether a place of the type is free and nobody waits for it.
    pub fn has_place_of(&self, kind: &str) -> bool {
        let (event, share) = self.room(kind);
        event > 0 && share > 0 && self.kind(kind).waiting == 0
    }

    /// Whether a place is free and nobody waits for it, of some ticket type.
    pub fn has_place(&self) -> bool {
        let mut kinds = self.kinds.0.keys();
        if kinds.len() == 0 {
            self.has_place_of("")
        } else {
            kinds.any(|kind| self.has_place_of(kind))
        }
    }

    /// The types that somebody waits for.
    pub fn waited_for(&self) -> Vec<&str> {
        let types = self.kinds.0.iter();
        let types = types.filter(|(_, kind)| kind.waiting > 0);
        let mut all: Vec<&str> = types.map(|(name, _)| name.as_str()).collect();
        if self.kind("").waiting > 0 {
            all.insert(0, "");
        }
        all
    }

    /// As they are after so many places of the type were given out.
    pub fn take(&mut self, kind: &str, quantity: u32) {
        self.confirmed += quantity;
        if let Some(kind) = self.kinds.0.get_mut(kind) {
            kind.taken += quantity;
        }
    }

    /// Whether so many places of the type could ever be free together: a group
    /// that is larger than the event, or than the quota, waits for nothing.
    pub fn could_hold(&self, kind: &str, quantity: u32) -> bool {
        let fits = |most: Option<u32>| most.is_none_or(|most| quantity <= most);
        fits(self.capacity) && fits(self.kind(kind).quota)
    }

    /// How many places are left, of the event and of the type.
    pub fn room(&self, kind: &str) -> (u32, u32) {
        let left =
            |most: Option<u32>, taken: u32| most.map_or(u32::MAX, |n| n.saturating_sub(taken));
        let share = self.kind(kind);
        (
            left(self.capacity, self.confirmed),
            left(share.quota, share.taken),
        )
    }
}

impl Entity for Counts {
    const KIND: &'static str = "counts";

    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

impl Kinds {
    /// The attribute that keeps one number of a type.
    pub fn attribute(kind: &str, what: &str) -> String {
        format!("k_{kind}_{what}")
    }
}

impl Serialize for Kinds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, kind) in &self.0 {
            if let Some(quota) = kind.quota {
                map.serialize_entry(&Self::attribute(name, "quota"), &quota)?;
            }
            map.serialize_entry(&Self::attribute(name, "taken"), &kind.taken)?;
            map.serialize_entry(&Self::attribute(name, "waiting"), &kind.waiting)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Attributes)
    }
}

struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = Kinds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the attributes of the counts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kinds, A::Error> {
        let mut kinds = Kinds::default();
        while let Some(name) = map.next_key::<String>()? {
            let parts = name
                .strip_prefix("k_")
                .and_then(|rest| rest.rsplit_once('_'));
            let Some((kind, what @ ("quota" | "taken" | "waiting"))) = parts else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let number: u32 = map.next_value()?;
            let kind = kinds.0.entry(kind.to_owned()).or_default();
            match what {
                "quota" => kind.quota = Some(number),
                "taken" => kind.taken = number,
                _ => kind.waiting = number,
            }
        }
        Ok(kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_19_a_place_is_left_while_any_type_has_one() {
        let mut counts = Counts::new(EventId::new(), Some(10));
        assert!(counts.has_place());
        let kind = |quota, taken, waiting| KindCounts {
            quota,
            taken,
            waiting,
        };
        counts.kinds.0.insert("vip".into(), kind(Some(2), 2, 1));
        counts.waitlisted = 1;
        assert!(!counts.has_place());
        counts.kinds.0.insert("standard".into(), kind(None, 0, 0));
        assert!(counts.has_place());
        assert!(!counts.has_place_of("vip"));
        counts.confirmed = 10;
        assert!(!counts.has_place());
    }

    #[test]
    fn ev_19_the_shares_of_the_types_are_attributes_of_their_own() {
        let mut counts = Counts::new(EventId::new(), Some(10));
        let vip = KindCounts {
            quota: Some(3),
            taken: 2,
            waiting: 1,
        };
        counts.kinds.0.insert("early_bird".into(), vip);
        let json = serde_json::to_value(&counts).unwrap();
        assert_eq!(json["k_early_bird_quota"], 3);
        let mut stored = json.clone();
        stored["pk"] = "EVENT#1".into();
        stored["commit"] = "c".into();
        assert_eq!(serde_json::from_value::<Counts>(stored).unwrap(), counts);
    }
}
