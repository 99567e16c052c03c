//! Writes the documents that the platform group embeds.

use std::path::Path;

fn main() -> Result<(), plenary_tests::describe::DescribeError> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for name in plenary_tests::describe::write(root)? {
        println!("{name} changed");
    }
    Ok(())
}
