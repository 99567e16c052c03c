//! Verifying a chain, line by line: whatever its length, it needs no memory.

use std::fmt;

use serde_json::Value;

use crate::entry::{Entry, Head, Trailer, canonical, hash};

/// The first place at which a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Which line, from 1.
    pub line: u64,
    /// Which entry was due there.
    pub sequence: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            sequence,
            what,
        } = self;
        write!(f, "line {line}, where entry {sequence} is due: {what}")
    }
}

impl std::error::Error for Break {}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its end: keep it elsewhere, and a later check can be held to it.
    pub head: Head,
}

/// Checks one chain.
#[derive(Debug, Default)]
pub struct Verifier {
    head: Option<Head>,
    trailer: Option<Head>,
    line: u64,
    known: Option<(u64, String)>,
}

impl Verifier {
    /// A check that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the chain to what is known from elsewhere: that the entry
    /// `sequence` had this hash.
    pub fn anchored(mut self, sequence: u64, hash: &str) -> Self {
        self.known = Some((sequence, hash.to_owned()));
        self
    }

    /// Checks the next line of an export.
    ///
    /// # Errors
    /// The [`Break`].
    pub fn line(&mut self, text: &str) -> Result<(), Break> {
        self.line += 1;
        if self.trailer.is_some() {
            return self.broken("something stands behind the head");
        }
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(err) => return self.broken(&format!("no JSON: {err}")),
        };
        if canonical(&value).ok().as_deref() != Some(text) {
            return self.broken("the text is not canonical JSON");
        }
        if value.get("head").is_some() {
            return self.end(value);
        }
        self.entry(&value)
    }

    fn entry(&mut self, value: &Value) -> Result<(), Break> {
        let entry: Entry = match serde_json::from_value(value.clone()) {
            Ok(entry) => entry,
            Err(err) => return self.broken(&format!("no entry: {err}")),
        };
        let empty = Head::empty(&entry.chain);
        let before = self.head.clone().unwrap_or(empty);
        if entry.chain != before.chain {
            return self.broken(&format!("an entry of another chain, {}", entry.chain));
        }
        if entry.sequence != before.sequence + 1 {
            return self.broken(&format!("entry {} stands here", entry.sequence));
        }
        if entry.previous_hash != before.hash {
            return self.broken("it does not follow the entry before it");
        }
        if hash(value).ok().as_ref() != Some(&entry.hash) {
            return self.broken("the entry was changed: its hash is another");
        }
        if self
            .known
            .as_ref()
            .is_some_and(|(sequence, known)| *sequence == entry.sequence && *known != entry.hash)
        {
            return self.broken("the entry had another hash when it was noted down");
        }
        self.head = Some(entry.head());
        Ok(())
    }

    fn end(&mut self, value: Value) -> Result<(), Break> {
        let head = match serde_json::from_value::<Trailer>(value) {
            Ok(trailer) => trailer.head,
            Err(err) => return self.broken(&format!("no head: {err}")),
        };
        let empty = Head::empty(&head.chain);
        let last = self.head.as_ref().unwrap_or(&empty);
        if *last != head {
            return self.broken(&format!(
                "the chain ends after entry {}, but its head is entry {} with the hash {}",
                last.sequence, head.sequence, head.hash
            ));
        }
        self.trailer = Some(head);
        Ok(())
    }

    /// Ends the check: the head must have come, and the entry that is known from
    /// elsewhere.
    ///
    /// # Errors
    /// The [`Break`].
    pub fn finish(self) -> Result<Verified, Break> {
        let Some(head) = &self.trailer else {
            return self.broken("the export breaks off here: its head is missing");
        };
        if let Some((sequence, _)) = &self.known
            && *sequence > head.sequence
        {
            let what = format!("the chain once had entry {sequence}");
            return self.broken(&what);
        }
        Ok(Verified { head: head.clone() })
    }

    fn broken<T>(&self, what: &str) -> Result<T, Break> {
        Err(Break {
            line: self.line,
            sequence: self.head.as_ref().map_or(0, |head| head.sequence) + 1,
            what: what.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::entry::Draft;

    /// An export of a chain of so many entries.
    fn export(chain: &str, count: u64) -> Vec<String> {
        let mut head = Head::empty(chain);
        let mut lines = Vec::new();
        for n in 1..=count {
            let draft = Draft {
                event_id: format!("event-{n}"),
                at: Timestamp::UNIX_EPOCH,
                actor: (n % 2 == 0).then(|| "user_a".to_owned()),
                actor_by: (n % 3 == 0).then(|| "key_a".to_owned()),
                action: "user.login".to_owned(),
                subject: format!("user_{n}"),
                organization_id: None,
                correlation_id: "c".to_owned(),
                details: Map::from_iter([("n".to_owned(), json!(n))]),
            };
            let entry = head.follow(draft, Timestamp::UNIX_EPOCH).unwrap();
            lines.push(canonical(&entry).unwrap());
            head = entry.head();
        }
        lines.push(canonical(&Trailer { head }).unwrap());
        lines
    }

    fn verify(lines: &[String]) -> Result<Verified, Break> {
        let mut verifier = Verifier::new();
        for line in lines {
            verifier.line(line)?;
        }
        verifier.finish()
    }

    #[test]
    fn or_07_a_chain_that_nobody_touched_holds() {
        for count in [0, 1, 5] {
            let verified = verify(&export("platform", count)).unwrap();
            assert_eq!(verified.head.sequence, count);
        }
    }

    #[test]
    fn or_07_a_changed_entry_is_the_first_break() {
        let mut lines = export("platform", 5);
        lines[2] = lines[2].replace("user_3", "user_9");
        let broken = verify(&lines).unwrap_err();
        assert_eq!((broken.line, broken.sequence), (3, 3));
        assert!(broken.what.contains("changed"), "{broken}");
        // With its hash made anew, the next no longer follows.
        let mut value: Value = serde_json::from_str(&lines[2]).unwrap();
        value["hash"] = hash(&value).unwrap().into();
        lines[2] = canonical(&value).unwrap();
        let broken = verify(&lines).unwrap_err();
        assert_eq!((broken.line, broken.sequence), (4, 4));
    }

    #[test]
    fn or_07_a_dropped_moved_doubled_or_foreign_entry_is_noticed() {
        let good = export("platform", 5);
        let mut dropped = good.clone();
        dropped.remove(1);
        assert_eq!(verify(&dropped).unwrap_err().sequence, 2);
        let mut moved = good.clone();
        moved.swap(1, 2);
        assert_eq!(verify(&moved).unwrap_err().sequence, 2);
        let mut doubled = good.clone();
        doubled.insert(2, good[1].clone());
        assert_eq!(verify(&doubled).unwrap_err().sequence, 3);
        let mut foreign = good.clone();
        foreign[1].clone_from(&export("org_x", 5)[1]);
        assert_eq!(verify(&foreign).unwrap_err().sequence, 2);
    }

    #[test]
    fn or_07_a_chain_that_was_cut_off_is_noticed() {
        let good = export("platform", 5);
        let mut cut = good.clone();
        cut.remove(4);
        let broken = verify(&cut).unwrap_err();
        assert!(broken.what.contains("ends after entry 4"), "{broken}");
        let broken = verify(&good[..4]).unwrap_err();
        assert!(broken.what.contains("head is missing"), "{broken}");
        let mut behind = good.clone();
        behind.push(good[0].clone());
        assert!(
            verify(&behind)
                .unwrap_err()
                .what
                .contains("behind the head")
        );
    }

    /// Whoever may write the table can cut a chain off and move its head along;
    /// only what was noted down elsewhere tells.
    #[test]
    fn or_07_a_head_that_was_noted_down_anchors_the_chain() {
        let long = verify(&export("platform", 5)).unwrap().head;
        let check = |lines: &[String]| {
            let mut verifier = Verifier::new().anchored(long.sequence, &long.hash);
            lines.iter().try_for_each(|line| verifier.line(line))?;
            verifier.finish()
        };
        assert!(check(&export("platform", 9)).is_ok());
        let cut = check(&export("platform", 4)).unwrap_err();
        assert!(cut.what.contains("once had entry 5"), "{cut}");
        let other = check(&export("org_x", 5)).unwrap_err();
        assert!(other.what.contains("another hash"), "{other}");
    }

    #[test]
    fn or_07_two_readings_of_one_line_are_refused() {
        let mut lines = export("platform", 2);
        lines[0] = lines[0].replacen('{', r#"{"action":"user.logout","#, 1);
        assert!(verify(&lines).unwrap_err().what.contains("canonical"));
        lines[0] = "{".into();
        assert!(verify(&lines).unwrap_err().what.contains("no JSON"));
    }

    proptest! {
        /// Whatever single byte is changed, the chain does not hold.
        #[test]
        fn or_07_every_changed_byte_is_noticed(line in 0_usize..5, at: prop::sample::Index, to in "[0-9a-zA-Z]") {
            let mut lines = export("platform", 4);
            let at = at.index(lines[line].len());
            let before = lines[line].clone();
            lines[line].replace_range(at..=at, &to);
            prop_assume!(lines[line] != before);
            prop_assert!(verify(&lines).is_err());
        }
    }
}
