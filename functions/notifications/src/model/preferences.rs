//! What a person wants to hear of, where and when.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

use super::kind::{Channel, Kind};

/// When a digest is sent, in the person's zone.
const DIGEST_HOUR: i8 = 8;

/// The switches of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channels {
    /// Shown in the inbox.
    pub in_app: bool,
    /// Sent by e-mail.
    pub email: bool,
}

impl Channels {
    /// Everything on.
    pub const ON: Self = Self {
        in_app: true,
        email: true,
    };
}

/// A daily span without e-mail. What falls into it is sent at its end;
/// critical types are sent at once all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuietHours {
    /// Local time at which it begins, `HH:MM`.
    #[schema(example = "22:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub start: String,
    /// Local time at which it ends, `HH:MM`; before `start`: the next day.
    #[schema(example = "07:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub end: String,
}

impl QuietHours {
    /// Both times, if they are what they must be.
    fn span(&self) -> Option<(Time, Time)> {
        let (start, end) = (local_time(&self.start)?, local_time(&self.end)?);
        (start != end).then_some((start, end))
    }

    /// When the span that contains `at` ends.
    fn end_of(&self, at: &Zoned) -> Option<Zoned> {
        let (start, end) = self.span()?;
        let (time, date) = (at.time(), at.date());
        let ends_on = if start < end {
            (start <= time && time < end).then_some(date)
        } else if time >= start {
            date.tomorrow().ok()
        } else {
            (time < end).then_some(date)
        }?;
        let end = DateTime::from_parts(ends_on, end);
        let zone = at.time_zone();
        // Where the clock goes through this time twice, the first may be over.
        let first = zone.to_ambiguous_zoned(end).compatible().ok()?;
        if first > *at {
            Some(first)
        } else {
            zone.to_ambiguous_zoned(end).later().ok()
        }
    }
}

fn local_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two(hour) || !two(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Whether e-mails are collected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Digest {
    /// Each is sent by itself.
    #[default]
    Off,
    /// One e-mail a day, at eight in the morning.
    Daily,
    /// One e-mail a week, on Monday at eight.
    Weekly,
}

/// A person's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Whose they are.
    pub user_id: UserId,
    /// The IANA zone of quiet hours and digest.
    pub time_zone: String,
    /// When no e-mail is welcome.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Whether e-mails are collected.
    #[serde(default)]
    pub digest: Digest,
    /// Types that differ from [`Channels::ON`].
    #[serde(default)]
    pub types: BTreeMap<Kind, Channels>,
    /// Counts changes; 0 for the defaults that nobody has changed.
    #[serde(default)]
    pub version: u64,
}

impl Preferences {
    /// What holds until the person decides otherwise: everything at once.
    pub fn default_of(user_id: UserId) -> Self {
        Self {
            user_id,
            time_zone: "UTC".to_owned(),
            quiet_hours: None,
            digest: Digest::Off,
            types: BTreeMap::new(),
            version: 0,
        }
    }

    /// The switches of a type.
    pub fn channels(&self, kind: Kind) -> Channels {
        if kind.critical() {
            return Channels::ON;
        }
        self.types.get(&kind).copied().unwrap_or(Channels::ON)
    }

    /// Whether a type may take a channel.
    pub fn wants(&self, kind: Kind, channel: Channel) -> bool {
        let channels = self.channels(kind);
        match channel {
            Channel::InApp => channels.in_app && !kind.letter_only(),
            Channel::Email => channels.email,
        }
    }

    /// Sets the switches of a type; what is on everywhere needs no entry.
    pub fn set(&mut self, kind: Kind, channels: Channels) {
        if channels == Channels::ON {
            self.types.remove(&kind);
        } else {
            self.types.insert(kind, channels);
        }
    }

    /// Stops e-mail of a type, or of all types that can be stopped.
    pub fn unsubscribe(&mut self, kind: Option<Kind>) {
        let kinds = kind.as_ref().map_or(Kind::ALL, std::slice::from_ref);
        for kind in kinds.iter().filter(|kind| !kind.critical()) {
            let channels = self.channels(*kind);
            self.set(
                *kind,
                Channels {
                    email: false,
                    ..channels
                },
            );
        }
    }

    /// When an e-mail of this type that comes now shall be sent; `None` is at
    /// once.
    pub fn deferral(&self, kind: Kind, now: Timestamp) -> Option<Timestamp> {
        if kind.critical() {
            return None;
        }
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let now = now.to_zoned(zone);
        let digest = self.next_digest(&now);
        let at = digest.as_ref().unwrap_or(&now);
        let end = self.quiet_hours.as_ref().and_then(|quiet| quiet.end_of(at));
        end.or(digest).map(|at| at.timestamp())
    }

    fn next_digest(&self, now: &Zoned) -> Option<Zoned> {
        let days: fn(Date) -> bool = match self.digest {
            Digest::Off => return None,
            Digest::Daily => |_| true,
            Digest::Weekly => |date| date.weekday() == Weekday::Monday,
        };
        let mut date = now.date();
        for _ in 0..9 {
            let at = date
                .at(DIGEST_HOUR, 0, 0, 0)
                .to_zoned(now.time_zone().clone());
            if let Ok(at) = at
                && days(date)
                && at > *now
            {
                return Some(at);
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// The rules that a change must keep.
    ///
    /// # Errors
    /// 400 with a pointer to each broken place.
    pub fn check(&self) -> Result<(), Problem> {
        let mut errors = Vec::new();
        let mut fault = |pointer: String, code: &str, detail: &str| {
            errors.push(FieldError {
                pointer,
                code: code.to_owned(),
                detail: detail.to_owned(),
            });
        };
        if TimeZone::get(&self.time_zone).is_err() {
            fault(
                "/timeZone".into(),
                "unknown-zone",
                "must be an IANA time zone, such as Europe/Berlin",
            );
        }
        if let Some(quiet) = &self.quiet_hours {
            for (name, text) in [("start", &quiet.start), ("end", &quiet.end)] {
                if local_time(text).is_none() {
                    fault(
                        format!("/quietHours/{name}"),
                        "malformed",
                        "must be a local time HH:MM",
                    );
                }
            }
            if quiet.start == quiet.end {
                fault(
                    "/quietHours/end".into(),
                    "empty-span",
                    "must differ from start",
                );
            }
        }
        for (kind, channels) in self.types.iter().filter(|(kind, _)| kind.critical()) {
            for (name, on) in [("inApp", channels.in_app), ("email", channels.email)] {
                if !on {
                    fault(
                        format!("/types/{kind}/{name}"),
                        "not-switchable",
                        "this type is critical and always on",
                    );
                }
            }
        }
        Problem::all(errors)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(zone: &str, quiet: Option<(&str, &str)>, digest: Digest) -> Preferences {
        let mut preferences = Preferences::default_of(UserId::new());
        zone.clone_into(&mut preferences.time_zone);
        preferences.quiet_hours = quiet.map(|(start, end)| QuietHours {
            start: start.into(),
            end: end.into(),
        });
        preferences.digest = digest;
        preferences
    }

    fn due(preferences: &Preferences, now: &str) -> Option<String> {
        let at = preferences.deferral(Kind::EventApproved, now.parse().unwrap());
        at.map(|at| at.to_string())
    }

    /// NO-05 (B9-02): deferred to the end of the window, in the user's zone.
    #[test]
    fn no_05_quiet_hours_defer_to_their_end() {
        let berlin = with("Europe/Berlin", Some(("22:00", "07:00")), Digest::Off);
        assert_eq!(due(&berlin, "2026-01-10T20:59:00Z"), None);
        assert_eq!(
            due(&berlin, "2026-01-10T21:00:00Z").unwrap(),
            "2026-01-11T06:00:00Z"
        );
        assert_eq!(
            due(&berlin, "2026-01-11T05:59:00Z").unwrap(),
            "2026-01-11T06:00:00Z"
        );
        assert_eq!(due(&berlin, "2026-01-11T06:00:00Z"), None);
        let noon = with("Europe/Berlin", Some(("12:00", "13:30")), Digest::Off);
        assert_eq!(
            due(&noon, "2026-07-10T10:30:00Z").unwrap(),
            "2026-07-10T11:30:00Z"
        );
    }

    /// NO-05: the night of the change back has the hour from two to three twice.
    #[test]
    fn no_05_quiet_hours_when_the_clock_goes_back() {
        let berlin = with("Europe/Berlin", Some(("22:00", "02:30")), Digest::Off);
        // 02:15 for the second time, after the first 02:30 has passed
        assert_eq!(
            due(&berlin, "2026-10-25T01:15:00Z").unwrap(),
            "2026-10-25T01:30:00Z"
        );
    }

    /// NO-05: a digest waits for its hour, and for the end of quiet hours.
    #[test]
    fn no_05_digests() {
        let daily = with("Europe/Berlin", None, Digest::Daily);
        assert_eq!(
            due(&daily, "2026-01-10T06:59:00Z").unwrap(),
            "2026-01-10T07:00:00Z"
        );
        assert_eq!(
            due(&daily, "2026-01-10T07:00:00Z").unwrap(),
            "2026-01-11T07:00:00Z"
        );
        let weekly = with("UTC", None, Digest::Weekly);
        assert_eq!(
            due(&weekly, "2026-01-10T07:00:00Z").unwrap(),
            "2026-01-12T08:00:00Z"
        );
        let late = with("UTC", Some(("23:00", "10:00")), Digest::Daily);
        assert_eq!(
            due(&late, "2026-01-10T12:00:00Z").unwrap(),
            "2026-01-11T10:00:00Z"
        );
    }

    #[test]
    fn critical_types_wait_for_nothing_and_cannot_be_switched_off() {
        let mut preferences = with("UTC", Some(("00:00", "23:59")), Digest::Weekly);
        let now = "2026-01-10T12:00:00Z".parse().unwrap();
        assert_eq!(preferences.deferral(Kind::RegistrationCancelled, now), None);
        preferences.unsubscribe(None);
        assert!(preferences.wants(Kind::RegistrationCancelled, Channel::Email));
        assert!(!preferences.wants(Kind::EventApproved, Channel::Email));
        assert!(preferences.wants(Kind::EventApproved, Channel::InApp));
        assert!(preferences.check().is_ok());
        let off = Channels {
            in_app: true,
            email: false,
        };
        preferences.set(Kind::RegistrationCancelled, off);
        assert!(preferences.check().is_err());
    }

    proptest! {
        /// NO-05: what is deferred is deferred forward, and never into quiet hours.
        #[test]
        fn no_05_deferral_ends_outside_quiet_hours(
            seconds in 1_700_000_000_i64..1_900_000_000,
            start in 0_i8..24, end in 0_i8..24,
            zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
            digest in proptest::sample::select(vec![Digest::Off, Digest::Daily, Digest::Weekly]),
        ) {
            prop_assume!(start != end);
            let preferences = with(zone, Some((&format!("{start:02}:00"), &format!("{end:02}:00"))), digest);
            let now = Timestamp::from_second(seconds).unwrap();
            if let Some(at) = preferences.deferral(Kind::EventApproved, now) {
                prop_assert!(at > now);
                let local = at.to_zoned(TimeZone::get(zone).unwrap());
                prop_assert!(preferences.quiet_hours.as_ref().unwrap().end_of(&local).is_none(), "{}", local);
            }
        }
    }
}
