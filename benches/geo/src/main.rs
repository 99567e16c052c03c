//! How many cells a circle touches, how many places are read in vain, and what
//! that costs, by three ways of cutting the globe (docs/adr/0021).

use std::collections::{BTreeSet, HashMap};

#[allow(dead_code)]
#[path = "../../../functions/events/src/model/area.rs"]
mod area;

/// What `area` needs of the group's own module.
mod place {
    #[derive(Debug, Clone, Copy)]
    pub struct Coordinates {
        pub lat: f64,
        pub lng: f64,
    }

    pub fn distance_km(a: Coordinates, b: Coordinates) -> f64 {
        let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
        let (dlat, dlng) = ((b.lat - a.lat).to_radians(), (b.lng - a.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlng / 2.0).sin().powi(2);
        2.0 * super::area::EARTH_KM * h.min(1.0).sqrt().asin()
    }
}

use place::{Coordinates, distance_km};

/// Bytes of a card, and of what half a read unit reads (eventually consistent).
const CARD: f64 = 200.0;
const HALF_UNIT: f64 = 4096.0;

type Cover = Box<dyn Fn(Coordinates, f64) -> Vec<String>>;
type Cell = Box<dyn Fn(Coordinates) -> String>;

struct Index {
    name: String,
    cover: Cover,
    cell: Cell,
}

/// Xorshift: the same places and circles every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn geohash(at: Coordinates, length: usize) -> String {
    geohash::encode(
        geohash::Coord {
            x: at.lng,
            y: at.lat,
        },
        length,
    )
    .expect("on the globe")
}

/// Every geohash of a length whose box the circle's bounding rows touch.
fn geohash_cover(center: Coordinates, km: f64, length: usize) -> Vec<String> {
    let bits = u32::try_from(5 * length).expect("short");
    let (height, width) = (
        180.0 / f64::from(1_u32 << (bits / 2)),
        360.0 / f64::from(1_u32 << bits.div_ceil(2)),
    );
    let reach = (km / area::EARTH_KM).to_degrees();
    let (south, north) = (
        (center.lat - reach).max(-90.0),
        (center.lat + reach).min(90.0),
    );
    let mut cells = BTreeSet::new();
    let mut row = ((south + 90.0) / height).floor();
    while row * height - 90.0 <= north && row * height < 180.0 {
        let from = row * height - 90.0;
        let (a, b) = (south.max(from), north.min(from + height));
        let wide = area::half_width(center, km, a.min(b), a.max(b));
        let columns = (360.0 / width).round() as i64;
        let column = |lng: f64| ((lng + 180.0) / width).floor() as i64;
        let first = column(center.lng - wide);
        let last = column(center.lng + wide).min(first + columns - 1);
        for at in first..=last {
            let lng = (at.rem_euclid(columns) as f64 + 0.5) * width - 180.0;
            let lat = from + height / 2.0;
            cells.insert(geohash(Coordinates { lat, lng }, length));
        }
        row += 1.0;
    }
    cells.into_iter().collect()
}

fn h3(at: Coordinates, resolution: h3o::Resolution) -> h3o::CellIndex {
    h3o::LatLng::new(at.lat, at.lng)
        .expect("on the globe")
        .to_cell(resolution)
}

/// Every hexagon whose circumscribed circle the circle touches.
fn h3_cover(center: Coordinates, km: f64, resolution: h3o::Resolution) -> Vec<String> {
    let edge = resolution.edge_length_km();
    let around = edge * 1.35;
    let rings = ((km + 2.0 * around) / (edge * 1.2)).ceil() as u32;
    let disk: Vec<h3o::CellIndex> = h3(center, resolution).grid_disk(rings);
    disk.into_iter()
        .filter(|cell| {
            let middle = h3o::LatLng::from(*cell);
            let middle = Coordinates {
                lat: middle.lat(),
                lng: middle.lng(),
            };
            distance_km(center, middle) <= km + around
        })
        .map(|cell| cell.to_string())
        .collect()
}

fn indexes() -> Vec<Index> {
    let mut all = Vec::new();
    for length in [3, 4, 5] {
        all.push(Index {
            name: format!("geohash {length}"),
            cover: Box::new(move |center, km| geohash_cover(center, km, length)),
            cell: Box::new(move |at| geohash(at, length)),
        });
    }
    use h3o::Resolution as R;
    for resolution in [R::Two, R::Three, R::Four, R::Five, R::Six] {
        all.push(Index {
            name: format!("H3 {}", u8::from(resolution)),
            cover: Box::new(move |center, km| h3_cover(center, km, resolution)),
            cell: Box::new(move |at| h3(at, resolution).to_string()),
        });
    }
    for (name, size) in [
        ("rows of 0.25°", area::Size::Small),
        ("rows of 2°", area::Size::Large),
    ] {
        all.push(Index {
            name: name.to_owned(),
            cover: Box::new(move |center, km| size.cover(center, km)),
            cell: Box::new(move |at| size.cell(at)),
        });
    }
    all
}

/// 100,000 places, nine in ten around 300 cities of which some are crowded; and
/// 300 circles, one in three around a city.
fn ground(random: &mut Random) -> (Vec<Coordinates>, Vec<Coordinates>) {
    let cities: Vec<Coordinates> = (0..300)
        .map(|_| Coordinates {
            lat: random.next() * 115.0 - 50.0,
            lng: random.next() * 360.0 - 180.0,
        })
        .collect();
    let mut places = Vec::new();
    for i in 0..100_000 {
        if i % 10 == 0 {
            let lat = random.next() * 140.0 - 70.0;
            places.push(Coordinates {
                lat,
                lng: random.next() * 360.0 - 180.0,
            });
            continue;
        }
        let city = cities[(random.next() * random.next() * 300.0) as usize];
        let far = random.next() * random.next() * 0.35;
        let turn = random.next() * std::f64::consts::TAU;
        let lng = city.lng + far * turn.cos() / city.lat.to_radians().cos();
        places.push(Coordinates {
            lat: city.lat + far * turn.sin(),
            lng: (lng + 540.0).rem_euclid(360.0) - 180.0,
        });
    }
    let circles = (0..300)
        .map(|i| {
            let place = places[(random.next() * 100_000.0) as usize];
            if i % 3 == 0 { cities[i] } else { place }
        })
        .collect();
    (places, circles)
}

fn main() {
    let (places, circles) = ground(&mut Random(88_172_645_463_325_252));
    println!("| circle | index | cells | cards read | cards wanted | read units | missed |");
    println!("|---|---|---|---|---|---|---|");
    for km in [5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0] {
        let wanted: usize = circles
            .iter()
            .map(|center| {
                places
                    .iter()
                    .filter(|at| distance_km(*center, **at) <= km)
                    .count()
            })
            .sum();
        for index in indexes() {
            if (index.cover)(circles[0], km).len() > 40 {
                continue;
            }
            let mut shelves: HashMap<String, Vec<Coordinates>> = HashMap::new();
            for at in &places {
                shelves.entry((index.cell)(*at)).or_default().push(*at);
            }
            let (mut cells, mut read, mut found, mut units) = (0, 0, 0, 0.0);
            for center in &circles {
                for cell in (index.cover)(*center, km) {
                    let shelf = shelves.get(&cell).map_or(&[][..], Vec::as_slice);
                    cells += 1;
                    read += shelf.len();
                    units += 0.5
                        * (shelf.len() as f64 * CARD / HALF_UNIT / 2.0)
                            .ceil()
                            .max(1.0);
                    found += shelf
                        .iter()
                        .filter(|at| distance_km(*center, **at) <= km)
                        .count();
                }
            }
            let mean = |sum: usize| sum as f64 / circles.len() as f64;
            println!(
                "| {km} km | {} | {:.1} | {:.0} | {:.0} | {:.1} | {} |",
                index.name,
                mean(cells),
                mean(read),
                mean(wanted),
                units / circles.len() as f64,
                wanted - found,
            );
        }
    }
}
