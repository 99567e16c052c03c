//! Authenticator data: what the authenticator says it did (§6.1).

use ring::digest::{SHA256, digest};

use super::{Refusal, cose};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;
/// The longest credential id (§7.1 step 25).
const MAX_ID: usize = 1023;

/// Read, and nothing left over.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    relying_party: &'a [u8],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<Attested<'a>>,
}

/// A new credential (§6.5.1).
#[derive(Debug)]
pub(super) struct Attested<'a> {
    pub(super) aaguid: &'a [u8; 16],
    pub(super) id: &'a [u8],
    pub(super) key: ciborium::Value,
}

/// Takes from the front of what is left.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Refusal> {
    let (front, back) = rest.split_at_checked(count).ok_or(Refusal::Malformed)?;
    *rest = back;
    Ok(front)
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut rest = bytes;
        let relying_party = take(&mut rest, 32)?;
        let flags = take(&mut rest, 1)?[0];
        let count = take(&mut rest, 4)?;
        let sign_count = count.iter().fold(0, |n, byte| (n << 8) | u32::from(*byte));
        let attested = if flags & ATTESTED == 0 {
            None
        } else {
            let aaguid = take(&mut rest, 16)?;
            let aaguid = aaguid.try_into().map_err(|_| Refusal::Malformed)?;
            let length = take(&mut rest, 2)?;
            let length = usize::from(length[0]) << 8 | usize::from(length[1]);
            if length == 0 || length > MAX_ID {
                return Err(Refusal::Malformed);
            }
            let id = take(&mut rest, length)?;
            let key = cose::item(&mut rest)?;
            Some(Attested { aaguid, id, key })
        };
        if flags & EXTENSIONS != 0 && !cose::item(&mut rest)?.is_map() {
            return Err(Refusal::Malformed);
        }
        if !rest.is_empty() {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            relying_party,
            flags,
            sign_count,
            attested,
        })
    }

    /// §7.1 steps 14 to 19, §7.2 steps 16 to 20: the domain, the person, and
    /// whether the backup flags make sense.
    pub(super) fn check(&self, rp_id: &str) -> Result<(), Refusal> {
        if self.relying_party != digest(&SHA256, rp_id.as_bytes()).as_ref() {
            return Err(Refusal::RelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(Refusal::UserPresence);
        }
        if self.flags & USER_VERIFIED == 0 {
            return Err(Refusal::UserVerification);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Refusal::Backup);
        }
        Ok(())
    }

    /// Whether it may be copied to other devices, for good.
    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether it is copied now.
    pub(super) fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}
