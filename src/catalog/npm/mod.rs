//! Installed npm packages: `node_modules/NAME/package.json`, with what npm's own locks say of them, and the needs that Node.js would
//! meet with them.
//!
//! 1. [`Cataloger::parse`] reads one `package.json` ([`manifest`]) or lock ([`lock`]).
//! 2. [`Cataloger::assemble`] ([`installed`]) takes those that lie where Node.js finds packages ([`place`]), ties their files, and resolves
//!    needs as Node.js does: from the package's own folder upwards.
//!
//! A lock gives hashes, addresses and scope to what is installed. Only where nothing at all is installed below its folder (a bundled
//! function) are its packages listed, as declared.

mod installed;
mod lock;
mod manifest;
mod place;
#[cfg(test)]
mod tests;

use data_encoding::{BASE64, HEXLOWER};

use super::{Assembled, Cataloger, Facts, File, FileFacts, Flaw, Link, LinkKind, PackageHash, Seen, View, Want};
use place::Place;

/// Bytes of a `package.json`. The largest real ones (lists of exports) have some hundred thousand.
const MAX_MANIFEST_BYTES: u64 = 2 << 20;
/// Bytes of a lock. The largest real ones have some ten million.
const MAX_LOCK_BYTES: u64 = 32 << 20;
/// Bytes of an address that is kept.
const MAX_URL_BYTES: usize = 2_048;

/// See the module.
pub(super) struct NpmPackages;

impl Cataloger for NpmPackages {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn describe(&self) -> &'static str {
        "installed npm packages: package.json in node_modules, with npm's locks"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        match file.name() {
            "package.json" if Place::of(file.folder()) != Place::Inside => Some(Want::whole(MAX_MANIFEST_BYTES, "npm::MAX_MANIFEST_BYTES")),
            ".package-lock.json" | "package-lock.json" | "npm-shrinkwrap.json" => Some(Want::whole(MAX_LOCK_BYTES, "npm::MAX_LOCK_BYTES")),
            _ => None,
        }
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let folder = file.facts.folder();
        match file.facts.name() {
            "package.json" => manifest::read(file.path(), folder, file.bytes, self.name()),
            _ => lock::read(file.path(), folder, file.bytes, self.name()),
        }
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        installed::assemble(seen, view)
    }
}

/// Subresource Integrity (W3C) as hashes: `sha512-BASE64 sha1-BASE64?options`.
fn integrity(text: &str) -> impl Iterator<Item = PackageHash> {
    text.split_whitespace().take(8).filter_map(|one| {
        let (name, rest) = one.split_once('-')?;
        let (algorithm, bytes) = match name {
            "sha1" => ("SHA-1", 20),
            "sha256" => ("SHA-256", 32),
            "sha384" => ("SHA-384", 48),
            "sha512" => ("SHA-512", 64),
            _ => return None,
        };
        let hash = BASE64.decode(rest.split('?').next()?.as_bytes()).ok().filter(|hash| hash.len() == bytes)?;
        Some(PackageHash { algorithm: algorithm.into(), hex: HEXLOWER.encode(&hash) })
    })
}

/// An address that names a scheme and can be one.
fn text_link(kind: LinkKind, url: &str) -> Option<Link> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://")?;
    let is_scheme =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_address = !rest.is_empty()
        && url.len() <= MAX_URL_BYTES
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c));
    (is_scheme && is_address && scheme != "file").then(|| Link { kind, url: url.to_owned() })
}
