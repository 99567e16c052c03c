//! Hashes of passwords: ours, and those that came with imported accounts.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc::PasswordHash},
};
use bcrypt::{BcryptError, HashParts};

/// Argon2id with OWASP's parameters: 19 MiB, two passes, one lane
/// (docs/performance.md has the figures).
pub const MEMORY_KIB: u32 = 19 * 1024;
/// See [`MEMORY_KIB`].
pub const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What an imported hash may ask for: a sign-in must stay within its deadline
/// and within the memory of the function.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
/// Doubles the work each: 14 take a core a second.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// bcrypt sees no further.
const BCRYPT_BYTES: usize = 72;

/// Hashing failed, or a kept hash is none that we check.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Argon2 failed, or its hash is malformed.
    #[error("the password hash failed: {0}")]
    Argon2(#[from] password_hash::Error),
    /// A bcrypt hash is malformed.
    #[error("the password hash failed: {0}")]
    Bcrypt(#[from] BcryptError),
    /// It would take too long or too much memory, or another function made it.
    #[error("the password hash is of no kind that is checked here")]
    Unsupported,
}

/// What comparing with a kept hash showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Match {
    /// Another password.
    Wrong,
    /// The password.
    Right,
    /// The password, but it should be hashed anew, as we do.
    Outdated,
}

/// A kept hash.
#[derive(Debug)]
pub enum Kept {
    /// Argon2, as a PHC string.
    Argon2(Box<PasswordHash>),
    /// `$2a$`, `$2b$` or `$2y$`: the same function, of bytes as they were typed.
    Bcrypt(String),
}

impl Kept {
    /// Reads a hash; an import refuses those that are no [`Kept`].
    ///
    /// # Errors
    /// If it is malformed, of another function, or costs too much.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.starts_with("$argon2") {
            let hash = PasswordHash::new(text).map_err(password_hash::Error::from)?;
            let params = Params::try_from(&hash)?;
            let dear = params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES;
            return if dear || hash.hash.is_none() || hash.salt.is_none() {
                Err(HashError::Unsupported)
            } else {
                Ok(Self::Argon2(Box::new(hash)))
            };
        }
        // `$2x$` marks hashes of a broken implementation, which ours does not repeat.
        if !["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|kind| text.starts_with(kind))
        {
            return Err(HashError::Unsupported);
        }
        let parts: HashParts = text.parse()?;
        if BCRYPT_COSTS.contains(&parts.get_cost()) {
            Ok(Self::Bcrypt(text.to_owned()))
        } else {
            Err(HashError::Unsupported)
        }
    }

    /// Compares; `typed` is the password before it was normalised.
    ///
    /// # Errors
    /// If the hash cannot be computed.
    pub fn compare(&self, normal: &str, typed: &str) -> Result<Match, HashError> {
        match self {
            Self::Argon2(hash) => compare_argon2(hash, normal, typed),
            Self::Bcrypt(hash) => {
                let bytes = typed.as_bytes();
                let right = bcrypt::verify(bytes, hash)?;
                // Implementations in C end at a NUL and would let in who knows
                // only what stands before it.
                let seen = &bytes[..bytes.len().min(BCRYPT_BYTES)];
                Ok(if right && !seen.contains(&0) {
                    Match::Outdated
                } else {
                    Match::Wrong
                })
            }
        }
    }
}

fn compare_argon2(hash: &PasswordHash, normal: &str, typed: &str) -> Result<Match, HashError> {
    let is = |password: &str| match hasher()?.verify_password(password.as_bytes(), hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(HashError::from(error)),
    };
    if is(normal)? {
        return Ok(if is_weaker(hash)? {
            Match::Outdated
        } else {
            Match::Right
        });
    }
    // Others hash without normalising first.
    Ok(if typed != normal && is(typed)? {
        Match::Outdated
    } else {
        Match::Wrong
    })
}

/// Whether it takes less work than ours, or another function or version.
fn is_weaker(hash: &PasswordHash) -> Result<bool, HashError> {
    let params = Params::try_from(hash)?;
    let work = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
    Ok(hash.algorithm != Algorithm::Argon2id.ident()
        || hash.version != Some(Version::V0x13.into())
        || work(params.m_cost(), params.t_cost()) < work(MEMORY_KIB, PASSES))
}

/// Hashes as we do today.
///
/// # Errors
/// If the system gives no random salt.
pub fn hash(normal: &str) -> Result<String, HashError> {
    Ok(hasher()?.hash_password(normal.as_bytes())?.to_string())
}

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(password_hash::Error::from)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(hash: &str, password: &str) -> Match {
        Kept::parse(hash)
            .unwrap()
            .compare(password, password)
            .unwrap()
    }

    /// The vectors of crypt_blowfish (public domain), of each version.
    #[test]
    fn au_13_bcrypt_hashes_of_other_implementations_are_checked() {
        for (hash, password) in [
            (
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                "U*U",
            ),
            (
                "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
                "U*U*",
            ),
            (
                "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
                "U*U*U",
            ),
        ] {
            assert_eq!(compare(hash, password), Match::Outdated, "{hash}");
            assert_eq!(
                compare(hash, &format!("{password}?")),
                Match::Wrong,
                "{hash}"
            );
        }
    }

    #[test]
    fn au_13_bcrypt_sees_72_bytes_and_no_nul() {
        let long = "0123456789".repeat(8);
        let hash = bcrypt::hash_with_salt(&long, 4, [7; 16])
            .unwrap()
            .to_string();
        assert_eq!(compare(&hash, &long), Match::Outdated);
        assert_eq!(
            compare(&hash, &long[..72]),
            Match::Outdated,
            "as where it comes from"
        );
        assert_eq!(compare(&hash, &long[..71]), Match::Wrong);
        for password in ["secret", ""] {
            let with_nul = format!("{password}\0rest");
            for hashed in [password, with_nul.as_str()] {
                let hash = bcrypt::hash_with_salt(hashed, 4, [7; 16])
                    .unwrap()
                    .to_string();
                assert_eq!(compare(&hash, &with_nul), Match::Wrong, "{hashed:?}");
            }
        }
    }

    #[test]
    fn au_13_what_costs_too_much_or_is_no_hash_is_refused() {
        let rest = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for hash in [
            format!("$2b$15${rest}"),
            format!("$2b$31${rest}"),
            format!("$2b$03${rest}"),
            format!("$2x$05${rest}"),
            format!("$2b$05${}", &rest[1..]),
            "$argon2id$v=19$m=1048576,t=2,p=1$cGxlbmFyeS1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAA"
                .to_owned(),
            "$argon2id$v=19$m=19456,t=1000,p=1$cGxlbmFyeS1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAA"
                .to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$cGxlbmFyeS1ub2JvZHk".to_owned(),
            "$6$salt$hash".to_owned(),
            "none".to_owned(),
            String::new(),
        ] {
            assert!(Kept::parse(&hash).is_err(), "{hash}");
        }
    }

    #[test]
    fn au_13_weaker_argon2_hashes_are_outdated_and_stronger_ones_are_not() {
        let made = |algorithm, version, memory, passes| {
            let params = Params::new(memory, passes, 1, None).unwrap();
            let hasher = Argon2::new(algorithm, version, params);
            hasher.hash_password(b"secret").unwrap().to_string()
        };
        let (id, v) = (Algorithm::Argon2id, Version::V0x13);
        for (hash, wanted) in [
            (made(id, v, MEMORY_KIB, PASSES), Match::Right),
            (made(id, v, 46 * 1024, 1), Match::Right),
            (made(id, v, 4096, 3), Match::Outdated),
            (
                made(Algorithm::Argon2i, v, MEMORY_KIB, PASSES),
                Match::Outdated,
            ),
            (
                made(id, Version::V0x10, MEMORY_KIB, PASSES),
                Match::Outdated,
            ),
        ] {
            assert_eq!(compare(&hash, "secret"), wanted, "{hash}");
            assert_eq!(compare(&hash, "secret?"), Match::Wrong, "{hash}");
        }
    }

    #[test]
    fn au_13_others_hash_what_was_typed_and_we_what_it_means() {
        let (composed, typed) = ("caf\u{e9}", "cafe\u{301}");
        let theirs = Kept::parse(&hash(typed).unwrap()).unwrap();
        assert_eq!(theirs.compare(composed, typed).unwrap(), Match::Outdated);
        let ours = Kept::parse(&hash(composed).unwrap()).unwrap();
        assert_eq!(ours.compare(composed, typed).unwrap(), Match::Right);
    }
}
