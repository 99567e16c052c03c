//! Makes `assets/breached-passwords.bin` of the words that it reads, one a
//! line: `assets/breached-words.py` prints those of the list that is shipped.
#![allow(clippy::disallowed_methods)]

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Write},
};

use plenary_auth::model::breached::{Key, LONGEST};
use xorf::{BinaryFuse16, Descriptor, DmaSerializable};

fn main() -> io::Result<()> {
    let mut keys = BTreeSet::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if (1..=LONGEST).contains(&line.chars().count()) {
            keys.insert(Key::of(&line).number());
        }
    }
    let keys: Vec<u64> = keys.into_iter().collect();
    let filter = BinaryFuse16::try_from(&keys).map_err(io::Error::other)?;
    let mut descriptor = [0; Descriptor::DMA_LEN];
    filter.dma_copy_descriptor_to(&mut descriptor);
    let mut out = io::stdout().lock();
    out.write_all(&descriptor)?;
    out.write_all(filter.dma_fingerprints())?;
    eprintln!("{} passwords", keys.len());
    out.flush()
}
