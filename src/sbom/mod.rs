//! Stage 6a: SBOM documents, and what differs between two. Pure: a catalog in, bytes out.
//!
//! `outline` gives everything in a document a reference and says what hangs on what, `properties` says what the formats have no field
//! for: a format is then only its own fields. docs/sbom.md tells readers of the documents what stands where.

mod bom;
mod cyclonedx;
pub mod diff;
pub mod function;
mod in_toto;
mod licence;
mod names;
mod outline;
mod properties;
#[cfg(test)]
mod sample;
mod serial;
mod spdx;
mod strict;

use std::io::{self, Write};

use jiff::Timestamp;

pub use bom::{Bom, BomPart, BomSubject, HashedFile, SubjectKind};

/// A document format.
pub trait Document: Sync {
    /// Its name on the command line: `cyclonedx-json`.
    fn name(&self) -> &'static str;

    /// What it is, one line.
    fn describe(&self) -> &'static str;

    /// The versions that can be written, oldest first.
    fn versions(&self) -> &'static [&'static str];

    /// The one that is written where none is asked for.
    fn default_version(&self) -> &'static str;

    /// What the names of its files end in, without the leading dot: `cdx.json`.
    fn ending(&self) -> &'static str;

    /// Why there can be no such document about this subject, one sentence; `None` where there can.
    fn refuses(&self, _bom: &Bom) -> Option<&'static str> {
        None
    }

    /// Writes a document; `version` is one of [`Self::versions`]. The same `bom` gives the same bytes.
    ///
    /// # Errors
    /// Those of `out`; and [`io::ErrorKind::InvalidInput`] where [`Self::refuses`] says why.
    fn render(&self, bom: &Bom, version: &str, out: &mut dyn Write) -> io::Result<()>;
}

/// All document formats.
pub static ALL: &[&dyn Document] = &[&cyclonedx::CycloneDx, &spdx::Spdx, &in_toto::CYCLONEDX, &in_toto::SPDX];

/// A time as both formats take it: UTC, whole seconds.
fn timestamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
