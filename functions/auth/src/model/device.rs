//! What a session list may say about where a session lives.

use std::net::IpAddr;

/// A name for the device that people recognise, from its `User-Agent`.
///
/// Only a hint for its owner: nothing is decided by it.
pub fn device_name(user_agent: &str) -> String {
    let browser = find(
        user_agent,
        &[
            ("Edg/", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
            ("curl/", "curl"),
            ("okhttp/", "Android app"),
            ("CFNetwork/", "Apple app"),
        ],
    );
    let system = find(
        user_agent,
        &[
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS X", "macOS"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
        ],
    );
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

fn find(text: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names
        .iter()
        .find(|(mark, _)| text.contains(mark))
        .map(|(_, name)| *name)
}

/// The network that an address belongs to: /24 of IPv4, /48 of IPv6.
///
/// Enough to recognise a strange place, too little to find a household.
pub fn coarse_address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, ..] = v6.segments();
                format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            },
            |v4| coarse_address(IpAddr::V4(v4)),
        ),
    }
}

/// The country that a registry assigned the network of an address to, as
/// ISO 3166-1 alpha-2; a list in the binary knows (docs/adr/0019).
pub fn country(address: IpAddr) -> Option<&'static str> {
    iptocc::country_code(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_get_names_that_people_know() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(device_name(firefox), "Firefox on Linux");
        assert_eq!(device_name(phone), "Safari on iPhone");
        assert_eq!(device_name("curl/8.5.0"), "curl");
        assert_eq!(device_name(""), "Unknown device");
    }

    #[test]
    fn addresses_are_coarse() {
        assert_eq!(
            coarse_address("203.0.113.77".parse().unwrap()),
            "203.0.113.0/24"
        );
        assert_eq!(
            coarse_address("2001:db8:1:2::3".parse().unwrap()),
            "2001:db8:1::/48"
        );
        assert_eq!(
            coarse_address("::ffff:203.0.113.77".parse().unwrap()),
            "203.0.113.0/24"
        );
    }

    #[test]
    fn b1_06_well_known_networks_have_their_country_and_private_ones_none() {
        for (address, wanted) in [
            ("193.0.6.139", Some("NL")),
            ("2001:67c:2e8:22::c100:68b", Some("NL")),
            ("::ffff:193.0.6.139", Some("NL")),
            ("192.168.1.1", None),
            ("127.0.0.1", None),
            ("fe80::1", None),
        ] {
            assert_eq!(country(address.parse().unwrap()), wanted, "{address}");
        }
    }
}
