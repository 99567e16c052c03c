//! Cells of the globe, to find what is near a point (docs/adr/0021).
//!
//! Rows of equal height in latitude, each cut into as many columns as make its
//! cells about square: a degree of longitude shrinks towards the poles, and the
//! number of cells with it.

use super::place::Coordinates;

/// The radius of the sphere that distances are measured on, in kilometres.
pub const EARTH_KM: f64 = 6371.0088;
/// The largest circle that is looked up by cells; larger ones read by time.
pub const LARGEST_KM: f64 = 500.0;
/// The largest circle that is looked up by small cells.
const SMALL_UP_TO_KM: f64 = 10.0;

/// How large cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// About 28 km wide: for circles of up to 10 km.
    Small,
    /// About 222 km wide.
    Large,
}

impl Size {
    /// Every size: each place has a cell of each.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    const fn degrees(self) -> f64 {
        match self {
            Self::Small => 0.25,
            Self::Large => 2.0,
        }
    }

    const fn rows(self) -> i32 {
        match self {
            Self::Small => 720,
            Self::Large => 90,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Small => 'S',
            Self::Large => 'L',
        }
    }

    #[allow(clippy::cast_possible_truncation)] // at most 720
    fn row(self, lat: f64) -> i32 {
        let row = ((lat + 90.0) / self.degrees()).floor() as i32;
        row.clamp(0, self.rows() - 1)
    }

    /// The southern edge of a row.
    fn edge(self, row: i32) -> f64 {
        f64::from(row) * self.degrees() - 90.0
    }

    #[allow(clippy::cast_possible_truncation)] // at most 1440
    fn columns(self, row: i32) -> i32 {
        let middle = self.edge(row) + self.degrees() / 2.0;
        let columns = 360.0 * middle.to_radians().cos() / self.degrees();
        (columns.round() as i32).max(1)
    }

    fn name(self, row: i32, column: i32) -> String {
        format!("{}{row}.{column}", self.letter())
    }

    /// The cell that a place is in.
    pub fn cell(self, at: Coordinates) -> String {
        let row = self.row(at.lat);
        let columns = self.columns(row);
        self.name(row, column(at.lng, columns).rem_euclid(columns))
    }

    pub(crate) fn cover(self, center: Coordinates, radius_km: f64) -> Vec<String> {
        let reach = (radius_km / EARTH_KM).to_degrees();
        let (south, north) = (center.lat - reach, center.lat + reach);
        let mut cells = Vec::new();
        for row in self.row(south)..=self.row(north) {
            let columns = self.columns(row);
            let from = self.edge(row).max(south).max(-90.0);
            let to = (self.edge(row) + self.degrees()).min(north).min(90.0);
            let wide = half_width(center, radius_km, from.min(to), from.max(to));
            let first = column(center.lng - wide, columns);
            let last = column(center.lng + wide, columns).min(first + columns - 1);
            cells.extend((first..=last).map(|at| self.name(row, at.rem_euclid(columns))));
        }
        cells
    }
}

#[allow(clippy::cast_possible_truncation)] // a few times 1440
fn column(lng: f64, columns: i32) -> i32 {
    ((lng + 180.0) / 360.0 * f64::from(columns)).floor() as i32
}

/// How far a circle reaches to the east within a band of latitude, in degrees
/// of longitude; 180 where it holds a pole or goes around.
pub(crate) fn half_width(center: Coordinates, radius_km: f64, south: f64, north: f64) -> f64 {
    let reach = radius_km / EARTH_KM;
    let lat = center.lat.to_radians();
    if lat.abs() + reach >= std::f64::consts::FRAC_PI_2 {
        return 180.0;
    }
    // Where the circle is widest, it lies a little nearer to the pole.
    let widest = (lat.sin() / reach.cos()).asin();
    let at = widest.clamp(south.to_radians(), north.to_radians());
    let cos = (reach.cos() - lat.sin() * at.sin()) / (lat.cos() * at.cos());
    // A hair wider: rounding must not lose a place on the rim.
    cos.clamp(-1.0, 1.0).acos().to_degrees() + 1e-9
}

/// The cells that a circle touches, or nothing if it is too large for cells.
pub fn around(center: Coordinates, radius_km: f64) -> Option<Vec<String>> {
    if radius_km > LARGEST_KM {
        return None;
    }
    let size = if radius_km <= SMALL_UP_TO_KM {
        Size::Small
    } else {
        Size::Large
    };
    Some(size.cover(center, radius_km))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::place::distance_km;
    use super::*;

    proptest! {
        /// EV-11: no place within the circle is outside its cells, at the poles
        /// and across the date line either.
        #[test]
        fn ev_11_cells_miss_nothing(
            lat in -90.0..=90.0_f64, lng in -180.0..=180.0_f64,
            radius in 0.1..500.0_f64, out in 0.0..1.0_f64, turn in 0.0..360.0_f64,
        ) {
            let center = Coordinates { lat, lng };
            let there = step(center, radius * out, turn);
            prop_assume!(distance_km(center, there) <= radius);
            let cells = around(center, radius).unwrap();
            let found = Size::ALL.iter().any(|size| cells.contains(&size.cell(there)));
            prop_assert!(found, "{there:?} in {cells:?}");
        }
    }

    /// The point at a distance in a direction (great circle).
    fn step(from: Coordinates, km: f64, turn: f64) -> Coordinates {
        let (d, t) = (km / EARTH_KM, turn.to_radians());
        let (lat, lng) = (from.lat.to_radians(), from.lng.to_radians());
        let to = (lat.sin() * d.cos() + lat.cos() * d.sin() * t.cos())
            .clamp(-1.0, 1.0)
            .asin();
        let east = (t.sin() * d.sin() * lat.cos()).atan2(d.cos() - lat.sin() * to.sin());
        let lng = ((lng + east).to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
        Coordinates {
            lat: to.to_degrees(),
            lng,
        }
    }

    /// EV-11: a search costs a bounded number of queries, wherever it is; most
    /// where a circle holds a pole.
    #[test]
    fn ev_11_a_circle_touches_few_cells() {
        for lat in -90..=90 {
            let center = Coordinates {
                lat: f64::from(lat),
                lng: 13.0,
            };
            assert!(around(center, 25.0).unwrap().len() <= 14, "{lat}");
            assert!(around(center, 250.0).unwrap().len() <= 36, "{lat}");
            assert!(around(center, LARGEST_KM).unwrap().len() <= 90, "{lat}");
        }
        assert_eq!(around(Coordinates { lat: 0.0, lng: 0.0 }, 501.0), None);
    }
}
