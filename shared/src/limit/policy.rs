//! How much is allowed.

use std::str::FromStr;

/// The most that is leased at once.
const MAX_LEASE: u32 = 10;

/// A named limit: `quota` requests per `window` seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// As in `RateLimit-Policy`.
    pub name: &'static str,
    /// How many.
    pub quota: u32,
    /// Per how many seconds.
    pub window: u32,
}

impl Policy {
    pub(super) fn interval_ms(&self) -> i64 {
        (i64::from(self.window) * 1000 / i64::from(self.quota.max(1))).max(1)
    }

    /// How long a whole quota takes to come back: the window, but for what
    /// the interval lost to whole milliseconds, which must not become tokens.
    pub(super) fn window_ms(&self) -> i64 {
        self.interval_ms() * i64::from(self.quota)
    }

    /// How many tokens there are at `now` in a bucket with this arrival time.
    pub(super) fn left(&self, tat: i64, now: i64) -> u32 {
        let free = self.window_ms() - (tat - now).max(0);
        u32::try_from(free.max(0) / self.interval_ms()).unwrap_or(0)
    }

    /// How many to lease of so many: a tenth.
    pub(super) fn lease(left: u32) -> u32 {
        (left / 10).clamp(1, MAX_LEASE)
    }
}

/// The limits of a deployment, as `name=quota/seconds,…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// Per user or key, on everything that has a principal.
    pub principal: Policy,
    /// Per address, on routes that take or give what can be guessed.
    pub ip_auth: Policy,
    /// Per address, on routes that take or give tokens, which nobody guesses: a
    /// venue has thousands of people behind one address.
    pub ip_token: Policy,
    /// Per token or client, on the same routes.
    pub token: Policy,
    /// Per address, on other routes without a principal.
    pub ip: Policy,
    /// Per account that somebody tries to prove to have: so many attempts at
    /// once, and then delays that grow up to so many seconds.
    pub account: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        let policy = |name, quota, window| Policy {
            name,
            quota,
            window,
        };
        Self {
            principal: policy("principal", 100, 60),
            ip_auth: policy("ip-auth", 100, 900),
            ip_token: policy("ip-token", 3000, 60),
            token: policy("token", 300, 60),
            ip: policy("ip", 300, 60),
            account: policy("account", 10, 900),
        }
    }
}

impl FromStr for Policies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut policies = Self::default();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let parsed = entry.split_once('=').and_then(|(name, rest)| {
                let (quota, window) = rest.split_once('/')?;
                Some((
                    name,
                    quota.parse::<u32>().ok()?,
                    window.parse::<u32>().ok()?,
                ))
            });
            let Some((name, quota @ 1.., window @ 1..)) = parsed else {
                return Err(format!("{entry:?} is not of the form name=quota/seconds"));
            };
            let policy = match name {
                "principal" => &mut policies.principal,
                "ip-auth" => &mut policies.ip_auth,
                "ip-token" => &mut policies.ip_token,
                "token" => &mut policies.token,
                "ip" => &mut policies.ip,
                "account" => &mut policies.account,
                _ => return Err(format!("there is no policy {name:?}")),
            };
            (policy.quota, policy.window) = (quota, window);
        }
        Ok(policies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gw_06_policies_are_read_and_faults_named() {
        let policies: Policies = "principal=5/10, ip-auth=1/2".parse().unwrap();
        assert_eq!(
            (policies.principal.quota, policies.principal.window),
            (5, 10)
        );
        assert_eq!((policies.ip_auth.quota, policies.ip_auth.window), (1, 2));
        assert_eq!(policies.ip, Policies::default().ip);
        for bad in [
            "principal",
            "principal=0/1",
            "principal=1/0",
            "other=1/1",
            "ip=1",
        ] {
            assert!(bad.parse::<Policies>().is_err(), "{bad}");
        }
    }
}
