//! Writes the demo fleet, byte for byte the same each time: `cargo run --example make_fleet -- testdata/fleet`.
//!
//! Files of an earlier fleet that are no longer made are removed from `accounts/`, `blobs/` and `images/`; the README stays.

#[path = "../../tests/forge/mod.rs"]
mod forge;

mod fleet;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("usage: make_fleet DIR")?.into();
    for made in ["accounts", "blobs", "images"] {
        if folder.join(made).is_dir() {
            std::fs::remove_dir_all(folder.join(made))?;
        }
    }
    for (path, bytes) in fleet::files() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
