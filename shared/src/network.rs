//! Networks that something may be used from: an API key, a service account, the
//! rights of administrators.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It is neither a network nor an address.
    #[error("must be an IPv4 or IPv6 network such as 203.0.113.0/24")]
    Malformed,
    /// Somebody who writes 10.1.2.3/8 may mean either.
    #[error("has bits behind its prefix; the network is {0}")]
    Untidy(IpNet),
}

/// A network in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), or a single
/// address.
///
/// # Errors
/// [`NetworkError`].
pub fn parse(text: &str) -> Result<IpNet, NetworkError> {
    let network: IpNet = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(Into::into))
        .map_err(|_| NetworkError::Malformed)?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(NetworkError::Untidy(network.trunc()))
    }
}

/// A list of networks; an empty one means everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether an address is in one of them; an unknown one only if the list is
    /// empty.
    pub fn admit(&self, address: Option<&str>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        address.is_some_and(|address| {
            let address = address.to_canonical();
            self.0.iter().any(|network| network.contains(&address))
        })
    }

    /// Whether whatever comes from these may come from `others` too.
    pub fn within(&self, others: &Self) -> bool {
        let inside = |network: &IpNet| others.0.iter().any(|other| other.contains(network));
        others.0.is_empty() || (!self.0.is_empty() && self.0.iter().all(inside))
    }

    /// Each in CIDR notation.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// Comma-separated.
impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(str::trim)
            .map(|entry| parse(entry).map_err(|error| format!("\"{entry}\" {error}")))
            .collect()
    }
}

/// As texts, without the library's own feature, which would change what the TLS
/// client is built with.
impl Serialize for Networks {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.texts())
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts
            .iter()
            .map(|text| parse(text).map_err(D::Error::custom))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Networks {
        text.parse().unwrap()
    }

    #[test]
    fn gw_10_networks_are_read_strictly() {
        let read = |text: &str| parse(text).ok().map(|network| network.to_string());
        assert_eq!(read("203.0.113.0/24").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(read("203.0.113.7").as_deref(), Some("203.0.113.7/32"));
        assert_eq!(read("2001:db8::/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(read("::1").as_deref(), Some("::1/128"));
        for bad in [
            "",
            "203.0.113.1/24",
            "203.0.113.0/33",
            "example.org",
            "203.0.113.0-9",
            "1.2.3",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn gw_10_networks_of_both_families() {
        let some = list("203.0.113.0/24, 2001:db8:1::/48");
        for inside in ["203.0.113.255", "2001:db8:1:ffff::1", "::ffff:203.0.113.7"] {
            assert!(some.admit(Some(inside)), "{inside}");
        }
        for outside in ["203.0.114.0", "2001:db8:2::", "::1", "unknown", ""] {
            assert!(!some.admit(Some(outside)), "{outside}");
        }
        assert!(!some.admit(None));
        assert!(Networks::default().admit(None) && list("::/0").admit(Some("::1")));
        assert!(!list("::/0").admit(Some("203.0.113.7")));
    }

    /// One bad entry spoils the list, and is named: half a list would let nobody
    /// in, or too many.
    #[test]
    fn gw_10_a_list_names_what_is_wrong_with_it() {
        let fault = |text: &str| text.parse::<Networks>().unwrap_err();
        assert_eq!(
            fault("10.0.0.0/8,10.1.2.3/8"),
            "\"10.1.2.3/8\" has bits behind its prefix; the network is 10.0.0.0/8"
        );
        assert!(fault("10.0.0.0/8,").starts_with("\"\" must be"));
        assert!(fault("office").starts_with("\"office\" must be"));
    }

    #[test]
    fn gw_10_a_list_is_within_another_or_reaches_further() {
        let (all, some) = (Networks::default(), list("10.0.0.0/8,2001:db8::/32"));
        for less in [
            "10.0.0.0/8",
            "10.1.0.0/16,2001:db8:7::/48",
            "10.255.255.255",
        ] {
            assert!(list(less).within(&some), "{less}");
            assert!(list(less).within(&all), "{less}");
        }
        for more in ["0.0.0.0/0", "10.0.0.0/7", "10.0.0.0/8,192.0.2.1", "::/0"] {
            assert!(!list(more).within(&some), "{more}");
        }
        assert!(!all.within(&some) && some.within(&all) && all.within(&all));
    }

    #[test]
    fn gw_10_a_list_is_kept_as_texts() {
        let some = list("203.0.113.7,2001:db8::/32");
        let kept = serde_json::to_value(&some).unwrap();
        assert_eq!(kept, serde_json::json!(["203.0.113.7/32", "2001:db8::/32"]));
        assert_eq!(serde_json::from_value::<Networks>(kept).unwrap(), some);
        assert!(serde_json::from_value::<Networks>(serde_json::json!(["x"])).is_err());
    }
}
