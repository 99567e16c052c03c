//! Identifiers: [TypeIDs](https://github.com/jetify-com/typeid) over `UUIDv7`
//! (RFC 9562), so that they say what they name and sort by creation time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of the base32 suffix: 128 bits in groups of five.
const SUFFIX: usize = 26;

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an id of the form {prefix}_<26 characters>")]
pub struct InvalidId {
    /// The prefix that the id should have had.
    pub prefix: &'static str,
}

fn encode(uuid: Uuid) -> [u8; SUFFIX] {
    let value = uuid.as_u128();
    let mut out = [0; SUFFIX];
    for (i, slot) in out.iter_mut().enumerate() {
        let shift = 5 * (SUFFIX - 1 - i);
        *slot = ALPHABET[((value >> shift) & 31) as usize];
    }
    out
}

fn decode(suffix: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits; the first may only use three of its five.
    if suffix.len() != SUFFIX || !matches!(suffix.as_bytes()[0], b'0'..=b'7') {
        return None;
    }
    let mut value: u128 = 0;
    for byte in suffix.bytes() {
        let digit = ALPHABET.iter().position(|a| *a == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

fn write(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    f.write_str(prefix)?;
    f.write_str("_")?;
    encode(uuid)
        .iter()
        .try_for_each(|c| fmt::Write::write_char(f, char::from(*c)))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of this moment.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The UUID behind the text.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The id of a given UUID: for ids derived from others.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(f, $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([serde_json::Value::from(concat!($prefix, "_01h2xcejqtf2nbrexx3vqjhp41"))])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// A person's account.
    UserId = "user";
    /// A sign-in on one device.
    SessionId = "session";
    /// A passkey of an account.
    PasskeyId = "passkey";
    /// A tenant: an organisation with members and roles.
    OrganizationId = "org";
    /// An invitation into an organisation.
    InvitationId = "invite";
    /// A conference, meetup or session.
    EventId = "event";
    /// A person's registration for an event.
    RegistrationId = "reg";
    /// Two people who know each other.
    ConnectionId = "conn";
    /// A long job over many groups, such as deleting an account.
    OperationId = "op";
    /// A place where events happen.
    VenueId = "venue";
    /// A person's secret calendar.
    FeedId = "feed";
    /// An uploaded file.
    MediaId = "media";
    /// An entry of a person's inbox.
    NotificationId = "ntf";
    /// A batch run of the matching.
    RunId = "run";
    /// An API key.
    ApiKeyId = "key";
    /// A program of an organisation, the client of client credentials.
    ServiceAccountId = "svc";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_specifications_own_example() {
        // spec/valid.yml of the TypeID specification 0.3
        let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(
            EventId::from_uuid(uuid).to_string(),
            "event_01h455vb4pex5vsknk084sn02q"
        );
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "event_",
            "user_01h455vb4pex5vsknk084sn02q",
            "event_81h455vb4pex5vsknk084sn02q",
            "event_01H455VB4PEX5VSKNK084SN02Q",
            "event_01h455vb4pex5vsknk084sn02",
            "event_01h455vb4pex5vsknk084sn02é",
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_id_are_one(bits: u128, other: u128) {
            let (a, b) = (EventId::from_uuid(Uuid::from_u128(bits)), EventId::from_uuid(Uuid::from_u128(other)));
            prop_assert_eq!(a.to_string().parse::<EventId>(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }
}
