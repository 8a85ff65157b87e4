//! The least that an SBOM of a zip can cost: its SHA-256, and inflating the bytes that catalogers ask for. `benches/sbom.sh` measures it
//! beside `layerproof sbom`.
//!
//! `sbom_floor plan ZIP` prints the entries that `layerproof sbom` reads, whole or their beginnings: `OFFSET STORED WANTED METHOD` a line, where
//! WANTED is how many inflated bytes. `sbom_floor run ZIP PLAN` hashes the zip and inflates those bytes, with the crates and buffers that
//! layerproof has, and does nothing else.

#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use layerproof::catalog::{ALL, FileFacts, Input, Options, catalog};
use layerproof::model::digest::Hasher;
use layerproof::unpack::{EntryKind, FileEntry, Limits, MAGIC_BYTES, ZipIndex};

const PIECE: usize = 256 << 10;
const INPUT: usize = 64 << 10;
/// Stored bytes that are read for a beginning.
const FIRST_INPUT: usize = 1 << 10;
const OUTPUT: usize = 128 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    match args.as_slice() {
        ["plan", zip] => plan(Path::new(zip)),
        ["run", zip, plan] => run(Path::new(zip), Path::new(plan)),
        _ => Err("usage: sbom_floor plan ZIP, or sbom_floor run ZIP PLAN".into()),
    }
}

fn plan(zip: &Path) -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let index = ZipIndex::open(zip, &limits)?;
    let cataloged = catalog(Input::Zip(&index), &Options::default(), &limits)?;
    // What no package covers and more is read of is in `read` already.
    let is_begun = |file: &FileEntry| {
        let facts = FileFacts::new(&file.path, file.size, file.mode).with_cover(Some(true));
        file.kind == EntryKind::File && ALL.iter().any(|cataloger| cataloger.wants(&facts).is_some_and(|want| !want.magic.is_empty()))
    };
    let files = cataloged.contents.tree.entries.iter();
    let begun: BTreeSet<u32> = files.filter(|file| is_begun(file)).map(|file| file.origin).collect();
    let file = File::open(zip)?;
    for entry in &index.entries {
        let place = u32::try_from(entry.index)?;
        let wanted = match (cataloged.read.contains(&(place, 0)), begun.contains(&place)) {
            (true, _) => entry.size,
            (false, true) => entry.size.min(MAGIC_BYTES as u64),
            (false, false) => continue,
        };
        // APPNOTE 4.3.7: the lengths of name and extra field stand at 26 and 28, the data after both.
        let mut lengths = [0; 4];
        file.read_exact_at(&mut lengths, entry.header_offset + 26)?;
        let [a, b, c, d] = lengths;
        let data = entry.header_offset + 30 + u64::from(u16::from_le_bytes([a, b])) + u64::from(u16::from_le_bytes([c, d]));
        println!("{data} {} {wanted} {}", entry.compressed_size, entry.method);
    }
    Ok(())
}

fn run(zip: &Path, plan: &Path) -> Result<(), Box<dyn Error>> {
    let file = File::open(zip)?;
    let size = file.metadata()?.len();
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while done < size {
        let read = file.read_at(&mut buffer, done)?;
        hasher.update(&buffer[..read]);
        done += read as u64;
    }
    let mut inflated = 0;
    let (mut input, mut output) = (vec![0; INPUT], vec![0; OUTPUT]);
    let mut inflater = Decompress::new(false);
    // What is read is kept whole, as catalogers get it, in the memory of the one before.
    let mut bytes: Vec<u8> = Vec::new();
    for line in fs::read_to_string(plan)?.lines() {
        let numbers: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [offset, stored, wanted, method] = numbers.as_slice() else { return Err("a plan has four numbers a line".into()) };
        let wanted = usize::try_from(*wanted)?;
        bytes.clear();
        bytes.reserve_exact(wanted);
        let mut crc = Crc::new();
        let mut at = 0;
        let mut most = if wanted <= MAGIC_BYTES { FIRST_INPUT } else { INPUT };
        inflater.reset(false);
        'entry: while at < *stored && bytes.len() < wanted {
            let want = usize::try_from((*stored - at).min(most as u64))?;
            most = INPUT;
            let read = file.read_at(&mut input[..want], offset + at)?;
            at += read as u64;
            let mut piece = &input[..read];
            if *method == 0 {
                piece = &piece[..piece.len().min(wanted - bytes.len())];
                crc.update(piece);
                bytes.extend_from_slice(piece);
                continue;
            }
            loop {
                let before = (inflater.total_in(), inflater.total_out());
                // One byte more than is wanted of it: only then it ends.
                let room = (wanted - bytes.len() + 1).min(OUTPUT);
                let status = inflater.decompress(piece, &mut output[..room], FlushDecompress::None)?;
                let taken = usize::try_from(inflater.total_in() - before.0)?;
                let given = usize::try_from(inflater.total_out() - before.1)?;
                let given = given.min(wanted - bytes.len());
                crc.update(&output[..given]);
                bytes.extend_from_slice(&output[..given]);
                piece = &piece[taken..];
                if status == Status::StreamEnd || bytes.len() == wanted {
                    break 'entry;
                }
                if taken == 0 && given == 0 {
                    break;
                }
            }
        }
        inflated += bytes.len();
    }
    println!("{} {inflated}", hasher.finish().hex());
    Ok(())
}
