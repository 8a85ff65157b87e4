//! Packages that a bundler put into one script: by the paths in its source map (beside it or in it), in esbuild's metafile, and by the
//! comments that were kept for licences. Mostly names without versions; that these are unknown is said.
//!
//! Scripts that lie in a package (`node_modules`, a Python package, what the operating system brought) are that package's, and not read.

mod banner;
mod map;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use data_encoding::BASE64;
use memchr::memmem;

use super::{Assembled, Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Package, Purl, Seen, Technique, View, Want};
use names::Names;

/// Bytes of a source map. Real ones, with all sources in them, reach some fifty million.
const MAX_MAP_BYTES: u64 = 128 << 20;
/// Bytes of a script. Lambda takes 250 million for all files together; real bundles have at most some twenty.
const MAX_SCRIPT_BYTES: u64 = 64 << 20;
/// Bytes of a metafile. Real ones have some million.
const MAX_METAFILE_BYTES: u64 = 32 << 20;
/// Bytes of what bundlers write beside a bundle for the sake of licences.
const MAX_LICENCES_BYTES: u64 = 8 << 20;
/// From this size on a script that is written as no person writes it is taken for a bundle.
const BUNDLE_BYTES: usize = 64 << 10;
/// Bytes of a line, on average, that no person writes.
const LONG_LINE: usize = 500;

/// Note: a script that looks like a bundle and does not say of what.
const SILENT: &str = "silent";

/// Percent: a path in a map is of a file that was read by the bundler, though it may have left all of it out.
const BY_PATH: u8 = 70;
/// Percent: a comment may have been copied.
const BY_COMMENT: u8 = 50;

/// See the module.
pub(super) struct BundledScripts;

/// What a file is to this cataloger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Script,
    Map,
    Metafile,
    Licences,
}

impl Role {
    fn of(file: &FileFacts<'_>) -> Option<Self> {
        let name = file.name();
        let stem = |suffix: &str| name.strip_suffix(suffix).filter(|stem| !stem.is_empty());
        let is_script = |name: &str| [".js", ".mjs", ".cjs"].iter().any(|kind| name.len() > kind.len() && name.ends_with(kind));
        let role = if is_script(name) {
            Self::Script
        } else if stem(".map").is_some_and(is_script) {
            Self::Map
        } else if stem(".LICENSE.txt").is_some_and(is_script) {
            Self::Licences
        } else if matches!(name, "metafile.json" | "meta.json") || stem(".meta.json").is_some() {
            Self::Metafile
        } else {
            return None;
        };
        (!is_of_others(file.path)).then_some(role)
    }
}

/// Whether a path lies in what a package manager installed.
fn is_of_others(path: &str) -> bool {
    // `usr/src/app` and `usr/app` are where images of Node.js have the application.
    let of_the_system = ["usr/share/", "usr/lib/", "usr/lib64/", "usr/local/lib/", "usr/local/share/", "var/lang/", "var/runtime/"];
    of_the_system.iter().any(|folder| path.starts_with(folder))
        || path.split('/').any(|part| matches!(part, "node_modules" | "site-packages" | "dist-packages"))
}

impl Cataloger for BundledScripts {
    fn name(&self) -> &'static str {
        "js-bundle"
    }

    fn describe(&self) -> &'static str {
        "packages in bundled JavaScript: source maps, esbuild metafiles, licence comments; mostly names without versions"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        Some(match Role::of(file)? {
            Role::Script => Want::whole(MAX_SCRIPT_BYTES, "js_bundle::MAX_SCRIPT_BYTES"),
            Role::Map => Want::whole(MAX_MAP_BYTES, "js_bundle::MAX_MAP_BYTES"),
            Role::Metafile => Want::whole(MAX_METAFILE_BYTES, "js_bundle::MAX_METAFILE_BYTES"),
            Role::Licences => Want::whole(MAX_LICENCES_BYTES, "js_bundle::MAX_LICENCES_BYTES"),
        })
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let mut facts = Facts::default();
        let mut paths = Names::default();
        let mut comments = Names::default();
        match Role::of(&file.facts) {
            Some(Role::Map) => map::read_map(file.bytes, &mut paths)?,
            Some(Role::Metafile) => {
                map::read_metafile(file.bytes, &mut paths);
            }
            Some(role @ (Role::Script | Role::Licences)) => {
                if let Some(inline) = inline_map(file.bytes) {
                    let read = inline.and_then(|json| map::read_map(&json, &mut paths));
                    facts.flaws.extend(read.err());
                }
                if !banner::read(file.bytes, &mut comments) {
                    facts.flaws.push(Flaw::too_large("js_bundle::banner::MAX_COMMENTS", "more comments than are looked at"));
                }
                if role == Role::Script && is_bundle(file.bytes) {
                    facts.notes.push((SILENT.into(), String::new()));
                }
            }
            None => {}
        }
        if paths.is_full || comments.is_full {
            facts.flaws.push(Flaw::too_large("js_bundle::names::MAX_NAMES", format!("more than {} packages", Names::MOST)));
        }
        for (names, confidence) in [(&paths, BY_PATH), (&comments, BY_COMMENT)] {
            let package = |(name, version): (&str, Option<&str>)| {
                let technique = Technique::SourceCodeAnalysis;
                let evidence = Evidence { path: file.path().into(), cataloger: self.name().into(), technique, confidence };
                let mut package = Package::new(Purl::npm(name, version), Basis::Heuristic, evidence);
                package.name = name.to_owned();
                package
            };
            facts.packages.extend(names.each().map(package));
        }
        Ok(facts)
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let paths: Vec<String> = seen.iter().map(|seen| seen.path.clone()).collect();
        let python = PythonFolders::of(paths.iter().map(String::as_str), view);
        let mut all = Assembled::default();
        let mut silent: BTreeSet<String> = BTreeSet::new();
        let mut speaking: HashSet<String> = HashSet::new();
        for Seen { path, facts } in seen.into_iter().filter(|seen| !python.hold(&seen.path)) {
            if !facts.notes.is_empty() {
                silent.insert(path.clone());
            }
            // `index.js.map` and `index.js.LICENSE.txt` speak for `index.js`; only paths tell all of it.
            if facts.packages.iter().flat_map(|package| &package.evidence).any(|evidence| evidence.confidence >= BY_PATH) {
                speaking.insert(path.strip_suffix(".map").unwrap_or(&path).to_owned());
            }
            all.packages.extend(facts.packages);
        }
        // What one file states the version of needs no word from another that does not.
        let stated: HashSet<String> = all.packages.iter().filter(|p| p.purl.version.is_some()).map(|p| p.name.clone()).collect();
        all.packages.retain(|package| package.purl.version.is_some() || !stated.contains(&package.name));
        if all.packages.iter().any(|package| package.purl.version.is_none()) {
            all.incomplete.insert("a bundle whose packages' versions are not stated".into());
        }
        if silent.iter().any(|path| !speaking.contains(path)) {
            all.incomplete.insert("a bundle that does not say what it is made of".into());
        }
        all
    }
}

/// The map in a script: `//# sourceMappingURL=data:application/json;base64,…`, the last one.
fn inline_map(bytes: &[u8]) -> Option<Result<Vec<u8>, Flaw>> {
    let at = memmem::rfind(bytes, b"sourceMappingURL=data:")?;
    let rest = bytes.get(at..)?;
    let line = rest.get(..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()))?;
    let head = line.get(..line.len().min(200))?;
    // Scripts that write maps have the words in them too, and no map.
    if !head.starts_with(b"sourceMappingURL=data:application/json") {
        return None;
    }
    let start = memmem::find(head, b"base64,")?.saturating_add("base64,".len());
    let encoded = line.get(start..)?;
    let is_data = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let end = encoded.iter().position(|b| !is_data(b)).unwrap_or(encoded.len());
    let encoded = encoded.get(..end).filter(|encoded| !encoded.is_empty())?;
    Some(BASE64.decode(encoded).map_err(|e| Flaw::malformed(format!("the map in the script: {e}"))))
}

/// Whether a script was written by a bundler or minifier, as far as can be told.
fn is_bundle(bytes: &[u8]) -> bool {
    if bytes.len() < BUNDLE_BYTES {
        return false;
    }
    let lines = memchr::memchr_iter(b'\n', bytes).count().saturating_add(1);
    let marks: [&[u8]; 3] = [b"__webpack_require__", b"__commonJS(", b"__esmMin("];
    bytes.len().checked_div(lines).unwrap_or(0) >= LONG_LINE || marks.iter().any(|mark| memmem::find(bytes, mark).is_some())
}

/// Folders of Python packages: what lies in them is theirs.
struct PythonFolders<'a>(HashSet<&'a str>);

impl<'a> PythonFolders<'a> {
    /// Of the folders above these files, those beside a `.dist-info` or `.egg-info` that hold code of Python.
    fn of(paths: impl Iterator<Item = &'a str>, view: &View<'_>) -> Self {
        let asked: HashSet<&str> = paths.flat_map(above).collect();
        let mut folders = HashSet::new();
        if asked.is_empty() {
            return Self(folders);
        }
        let metadata = [memmem::Finder::new(".dist-info/"), memmem::Finder::new(".egg-info/")];
        let mut sites: HashSet<&str> = HashSet::new();
        for entry in view.below("") {
            if let Some(at) = metadata.iter().find_map(|finder| finder.find(entry.path.as_bytes()))
                && let Some(before) = entry.path.get(..at)
            {
                sites.insert(before.rsplit_once('/').map_or("", |(site, _)| site));
            }
        }
        if sites.is_empty() {
            return Self(folders);
        }
        for entry in view.below("").filter(|entry| entry.path.ends_with(".py") || entry.path.ends_with(".pyc")) {
            for folder in above(&entry.path) {
                let site = folder.rsplit_once('/').map_or("", |(site, _)| site);
                if let Some(folder) = asked.get(folder).filter(|_| sites.contains(site)) {
                    folders.insert(*folder);
                }
            }
        }
        Self(folders)
    }

    fn hold(&self, path: &str) -> bool {
        above(path).any(|folder| self.0.contains(folder))
    }
}

/// The folders above a file, innermost first, without the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(folder, _)| folder), |folder| folder.rsplit_once('/').map(|(above, _)| above))
}
