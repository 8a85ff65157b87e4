//! `layerproof sbom diff A B`: what differs between two artifacts, functions or documents.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{DiffArgs, PlaceArgs, look, single};
use crate::catalog::Catalog;
use crate::catalog::embedded_sbom::{self, StatedBom};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::listing::{OutputFormat, emit, emit_json};
use crate::model::printable::printable;
use crate::sbom::diff::{Side, diff, render_text};
use crate::sbom::function::View;

/// Bytes of a document that is named.
const MAX_DOCUMENT_BYTES: u64 = 256 << 20;

/// One of the two.
enum Named {
    Catalog(Arc<Catalog>),
    Document(Box<StatedBom>),
}

/// Compares.
pub(super) fn run(args: &DiffArgs, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let before = read(&args.before, &args.place, global)?;
    let after = read(&args.after, &args.place, global)?;
    let found = diff(&side(&args.before, &before), &side(&args.after, &after));
    match args.format {
        OutputFormat::Text => emit(out, &render_text(&found))?,
        OutputFormat::Json => emit_json(out, "layerproof/sbom-diff/v1", &found)?,
    }
    // What could not be read may differ, so that nothing can be said to be the same.
    let has_gaps = |named: &Named| match named {
        Named::Catalog(catalog) => !catalog.gaps.is_empty(),
        Named::Document(_) => false,
    };
    Ok(if args.exit_code && !found.is_empty() {
        Exit::PolicyFailed
    } else if has_gaps(&before) || has_gaps(&after) {
        Exit::Incomplete
    } else {
        Exit::Pass
    })
}

fn side<'a>(name: &str, named: &'a Named) -> Side<'a> {
    match named {
        Named::Catalog(catalog) => Side::of_catalog(name, catalog),
        Named::Document(document) => Side::of_document(name, document),
    }
}

fn read(given: &str, place: &PlaceArgs, global: &Global) -> Result<Named, Failure> {
    if let Some(bytes) = document(given)? {
        let stated = embedded_sbom::read(&bytes).map_err(|flaw| {
            Failure::usage(format!("{}: {}: {}", printable(given), flaw.reason, printable(&flaw.detail)))
                .hint("a CycloneDX or SPDX document in JSON, a zip, a folder or an OCI image layout is expected")
        })?;
        return Ok(Named::Document(Box::new(stated)));
    }
    let looked = look(Some(given), place, false, global)?;
    Ok(Named::Catalog(single(given, View::Effective, &looked)?.catalog))
}

/// The bytes of a file that begins as JSON does; `None` for whatever else is named.
fn document(given: &str) -> Result<Option<Vec<u8>>, Failure> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(None);
    }
    let unreadable = |error: std::io::Error| Failure::internal(format!("cannot read {}: {error}", printable(given)));
    let mut start = [0; 64];
    let mut file = File::open(path).map_err(unreadable)?;
    let filled = file.read(&mut start).map_err(unreadable)?;
    let begins = start.get(..filled).unwrap_or_default();
    let begins = begins.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begins);
    if begins.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(None);
    }
    let size = file.metadata().map_err(unreadable)?.len();
    if size > MAX_DOCUMENT_BYTES {
        return Err(Failure::usage(format!("{}: {size} bytes, at most {MAX_DOCUMENT_BYTES} are read", printable(given))));
    }
    let mut bytes = begins.to_vec();
    file.take(MAX_DOCUMENT_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Some(bytes))
}
