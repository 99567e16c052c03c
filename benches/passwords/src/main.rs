//! What hashing a password takes at the memory sizes of Lambda:
//! `cargo run --release -p plenary-password-bench`.
//!
//! A function has the share of a processor that its memory buys, 1,769 MB
//! being one. As root on Linux the share is imposed by a control group with
//! Lambda's period of 20 ms; otherwise times are reckoned from those of the
//! whole processor, and the table says so.

mod share;

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use crate::share::Share;

/// Memory sizes in MB, as `MemorySize` in the template.
const SIZES: [u32; 4] = [256, 512, 1024, 1769];
const ROUNDS: u32 = 8;
const EACH: u32 = 5;

/// OWASP's equivalents, strongest memory first: memory in KiB and passes; and
/// the "second recommended" choice of RFC 9106 for comparison.
const ARGON2: [(u32, u32); 6] = [
    (65_536, 3),
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];
/// Costs of imported hashes.
const BCRYPT: [u32; 3] = [10, 12, 14];

enum Kind {
    Argon2(u32, u32),
    Bcrypt(u32),
}

impl Kind {
    fn name(&self) -> String {
        match self {
            Self::Argon2(memory, passes) => {
                let mib = f64::from(*memory) / 1024.0;
                format!("Argon2id {mib} MiB, t={passes}, p=1")
            }
            Self::Bcrypt(cost) => format!("bcrypt {cost} (imported, once)"),
        }
    }

    fn once(&self) -> Result<Duration, Box<dyn Error>> {
        let began = Instant::now();
        match self {
            Self::Argon2(memory, passes) => {
                let params = Params::new(*memory, *passes, 1, None).map_err(|e| e.to_string())?;
                let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let mut out = [0; 32];
                hasher
                    .hash_password_into(
                        b"violet teapot marches north",
                        b"sixteen bytes of",
                        &mut out,
                    )
                    .map_err(|e| e.to_string())?;
                black_box(out);
            }
            Self::Bcrypt(cost) => {
                let parts = bcrypt::hash_with_salt("violet teapot", *cost, *b"sixteen bytes of")?;
                black_box(parts);
            }
        }
        Ok(began.elapsed())
    }

    /// The best of some means: whatever else the machine does only adds, and
    /// the mean spans the periods in which a share is accounted.
    fn measure(&self) -> Result<Duration, Box<dyn Error>> {
        let (rounds, each) = match self {
            Self::Bcrypt(14) => (2, 1),
            _ => (ROUNDS, EACH),
        };
        let mut best = Duration::MAX;
        for _ in 0..rounds {
            let mut sum = Duration::ZERO;
            for _ in 0..each {
                sum += self.once()?;
            }
            best = best.min(sum / each);
        }
        Ok(best)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let kinds: Vec<Kind> = ARGON2
        .iter()
        .map(|(memory, passes)| Kind::Argon2(*memory, *passes))
        .chain(BCRYPT.map(Kind::Bcrypt))
        .collect();
    let whole: Vec<Duration> = kinds.iter().map(Kind::measure).collect::<Result<_, _>>()?;
    let mut columns = Vec::new();
    let mut imposed = true;
    for size in SIZES {
        let part = (f64::from(size) / 1769.0).min(1.0);
        let column: Vec<Duration> = if let Ok(share) = Share::impose(part) {
            let column = kinds.iter().map(Kind::measure).collect::<Result<_, _>>()?;
            share.lift()?;
            column
        } else {
            imposed = false;
            whole.iter().map(|time| time.div_f64(part)).collect()
        };
        columns.push(column);
    }
    println!("| ms at | whole core | 256 MB | 512 MB | 1,024 MB | 1,769 MB |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (row, kind) in kinds.iter().enumerate() {
        print!("| {} | {:.1} |", kind.name(), ms(whole[row]));
        for column in &columns {
            print!(" {:.0} |", ms(column[row]));
        }
        println!();
    }
    let how = if imposed {
        "imposed by a control group"
    } else {
        "reckoned"
    };
    println!("\nThe best of {ROUNDS} means of {EACH}; the share of the processor was {how}.");
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
