//! Stage 6a: SBOM documents, and what differs between two. Pure: a catalog in, bytes out.

mod bom;
pub mod diff;

use std::io::{self, Write};

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

    /// Writes a document; `version` is one of [`Self::versions`]. The same `bom` gives the same bytes.
    ///
    /// # Errors
    /// Those of `out`.
    fn render(&self, bom: &Bom, version: &str, out: &mut dyn Write) -> io::Result<()>;
}

/// All document formats.
pub static ALL: &[&dyn Document] = &[];
