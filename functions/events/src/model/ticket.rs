//! Tickets: compact texts that a device verifies without a network.
//!
//! A ticket is base64url (RFC 4648 §5) of these bytes, all of them signed by
//! Ed25519 (RFC 8032) as they stand:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the format: 1 |
//! | 4 | the key's id |
//! | 16 | the event's UUID |
//! | 16 | the holder's UUID |
//! | 16 | the registration's UUID |
//! | 1 | which of the registration's places, from 1 |
//! | 1 | the length of the ticket type's id |
//! | 0 to 31 | the ticket type's id |
//! | 64 | the signature of what stands before, under the prefix `plenary-ticket-1` |

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use shared::digest::{base64url, from_base64url};
use shared::id::{EventId, RegistrationId, UserId};
use uuid::Uuid;

const FORMAT: u8 = 1;
const CONTEXT: &[u8] = b"plenary-ticket-1";
const SIGNATURE: usize = 64;
const FIXED: usize = 1 + 4 + 3 * 16 + 1 + 1;
/// The longest type's id.
const TYPE: usize = 31;

/// The id of a ticket key: the first bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    /// The id of a public key.
    pub fn of(public: &[u8]) -> Self {
        let hash = ring::digest::digest(&ring::digest::SHA256, public);
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_ref()[..4]);
        Self(id)
    }

    /// As `kid` has it.
    pub fn text(self) -> String {
        base64url(self.0)
    }
}

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// For what.
    pub event_id: EventId,
    /// Whose.
    pub user_id: UserId,
    /// By which registration.
    pub registration_id: RegistrationId,
    /// Which of its places, from 1.
    pub number: u8,
    /// The ticket type; `""` where the event has none.
    pub ticket_type: String,
}

/// Why a text is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It has another form.
    #[error("it is not a ticket")]
    Malformed,
    /// No key of that id is known.
    #[error("its key is unknown")]
    UnknownKey,
    /// Somebody else wrote or changed it.
    #[error("its signature is wrong")]
    Forged,
}

impl Ticket {
    fn bytes(&self, key: KeyId) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend(key.0);
        bytes.extend(self.event_id.uuid().as_bytes());
        bytes.extend(self.user_id.uuid().as_bytes());
        bytes.extend(self.registration_id.uuid().as_bytes());
        let kind = &self.ticket_type.as_bytes()[..self.ticket_type.len().min(TYPE)];
        bytes.push(self.number);
        bytes.push(u8::try_from(kind.len()).unwrap_or_default());
        bytes.extend(kind);
        bytes
    }

    /// The ticket as a text.
    pub fn signed(&self, pair: &Ed25519KeyPair) -> String {
        let mut bytes = self.bytes(KeyId::of(pair.public_key().as_ref()));
        let signature = pair.sign(&[CONTEXT, &bytes].concat());
        bytes.extend(signature.as_ref());
        base64url(bytes)
    }

    /// Reads and verifies a ticket; `key` finds a public key.
    ///
    /// # Errors
    /// [`TicketError`]
    pub fn verified(
        text: &str,
        key: impl Fn(KeyId) -> Option<Vec<u8>>,
    ) -> Result<Self, TicketError> {
        if text.len() > 256 {
            return Err(TicketError::Malformed);
        }
        let bytes = from_base64url(text).ok_or(TicketError::Malformed)?;
        let length = bytes
            .len()
            .checked_sub(SIGNATURE)
            .ok_or(TicketError::Malformed)?;
        let (said, signature) = bytes.split_at(length);
        let ticket = Self::parsed(said).ok_or(TicketError::Malformed)?;
        let id = said[1..5].try_into().map_err(|_| TicketError::Malformed)?;
        let public = key(KeyId(id)).ok_or(TicketError::UnknownKey)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(&[CONTEXT, said].concat(), signature)
            .map_err(|_| TicketError::Forged)?;
        Ok(ticket)
    }

    fn parsed(said: &[u8]) -> Option<Self> {
        let (fixed, kind) = said.split_at_checked(FIXED)?;
        let id = |at: usize| Some(Uuid::from_bytes(fixed.get(at..at + 16)?.try_into().ok()?));
        let whole = fixed[0] == FORMAT && usize::from(fixed[FIXED - 1]) == kind.len();
        let number = fixed[FIXED - 2];
        if !whole || kind.len() > TYPE || number == 0 {
            return None;
        }
        Some(Self {
            event_id: EventId::from_uuid(id(5)?),
            user_id: UserId::from_uuid(id(21)?),
            registration_id: RegistrationId::from_uuid(id(37)?),
            number,
            ticket_type: String::from_utf8(kind.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::rand::SystemRandom;

    use super::*;

    fn pair() -> Ed25519KeyPair {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()
    }

    fn ticket(ticket_type: &str) -> Ticket {
        Ticket {
            event_id: EventId::new(),
            user_id: UserId::new(),
            registration_id: RegistrationId::new(),
            number: 3,
            ticket_type: ticket_type.to_owned(),
        }
    }

    /// B3-06: any changed bit makes a ticket void.
    #[test]
    fn ev_20_a_ticket_cannot_be_changed() {
        let (pair, ticket) = (pair(), ticket("early_bird"));
        let public = pair.public_key().as_ref().to_vec();
        let known = |id: KeyId| (id == KeyId::of(&public)).then(|| public.clone());
        let text = ticket.signed(&pair);
        assert!(text.len() <= 200, "{} characters", text.len());
        assert_eq!(Ticket::verified(&text, known), Ok(ticket));
        let bytes = from_base64url(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                Ticket::verified(&base64url(changed), known).is_err(),
                "bit {bit}"
            );
        }
        let other = super::tests::pair();
        assert_eq!(
            Ticket::verified(&text, |_| None),
            Err(TicketError::UnknownKey)
        );
        let wrong = |_| Some(other.public_key().as_ref().to_vec());
        assert_eq!(Ticket::verified(&text, wrong), Err(TicketError::Forged));
    }

    proptest! {
        /// What comes from a scanner may be anything.
        #[test]
        fn ev_20_no_text_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".*") {
            let none = |_| None;
            prop_assert!(Ticket::verified(&base64url(&bytes), none).is_err());
            prop_assert!(Ticket::verified(&text, none).is_err());
        }
    }
}
