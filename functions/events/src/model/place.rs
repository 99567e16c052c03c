//! Where an event takes place.

use serde::{Deserialize, Serialize};
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

/// A point on the globe (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// Degrees north, −90 to 90.
    pub lat: f64,
    /// Degrees east, −180 to 180.
    pub lng: f64,
}

impl Coordinates {
    /// Whether it is on the globe.
    pub fn valid(self) -> bool {
        (-90.0..=90.0).contains(&self.lat) && (-180.0..=180.0).contains(&self.lng)
    }
}

/// A venue, written into the event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Venue {
    /// Its name.
    #[schema(max_length = 200)]
    pub name: String,
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub address: Option<String>,
    /// The city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Where exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
}

impl Venue {
    /// Itself, if every rule holds; faults point below `at`.
    ///
    /// # Errors
    /// 400 with every fault.
    pub fn checked(mut self, at: &str) -> Result<Self, Problem> {
        self.name = String::from(self.name.trim());
        Problem::all(self.faults(at))?;
        Ok(self)
    }

    /// What is wrong with it; pointers stand below `at`.
    pub(super) fn faults(&self, at: &str) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut unless = |holds: bool, field: &str, code: &str, detail: String| {
            if !holds {
                faults.push(FieldError {
                    pointer: format!("{at}/{field}"),
                    code: code.to_owned(),
                    detail,
                });
            }
        };
        for (field, text, most) in [
            ("name", Some(&self.name), 200),
            ("address", self.address.as_ref(), 500),
            ("city", self.city.as_ref(), 100),
        ] {
            let fits = text.is_none_or(|text| (1..=most).contains(&text.chars().count()));
            let detail = format!("must have 1 to {most} characters");
            unless(fits, field, "length", detail);
        }
        let iso = self.country.as_ref().is_none_or(|country| {
            country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase())
        });
        let detail = "must be an ISO 3166-1 alpha-2 code".to_owned();
        unless(iso, "country", "invalid", detail);
        let on_globe = self.coordinates.is_none_or(Coordinates::valid);
        let detail = "is not on the globe".to_owned();
        unless(on_globe, "coordinates", "out-of-range", detail);
        faults
    }

    /// On one line: what a calendar shows as the place.
    pub fn in_words(&self) -> String {
        [
            Some(&self.name),
            self.address.as_ref(),
            self.city.as_ref(),
            self.country.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
    }
}

/// The great-circle distance in kilometres, by the haversine formula on a
/// sphere of the mean radius 6371.0088 km (IUGG).
pub fn distance_km(a: Coordinates, b: Coordinates) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let (dlat, dlng) = ((b.lat - a.lat).to_radians(), (b.lng - a.lng).to_radians());
    let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlng / 2.0).sin().powi(2);
    2.0 * super::area::EARTH_KM * h.min(1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_11_distances_are_right() {
        let berlin = Coordinates {
            lat: 52.52,
            lng: 13.405,
        };
        let paris = Coordinates {
            lat: 48.8566,
            lng: 2.3522,
        };
        assert!((distance_km(berlin, paris) - 877.5).abs() < 1.0);
        assert!(distance_km(berlin, berlin) < 1e-9);
        let (east, west) = (
            Coordinates {
                lat: 0.0,
                lng: 179.9,
            },
            Coordinates {
                lat: 0.0,
                lng: -179.9,
            },
        );
        assert!(distance_km(east, west) < 23.0, "across the date line");
    }
}
