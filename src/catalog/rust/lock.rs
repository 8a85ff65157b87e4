//! `Cargo.lock`. Format: The Cargo Book, "Cargo.toml vs Cargo.lock", as `cargo-lock` reads it.

use std::collections::{BTreeSet, HashMap};

use super::super::{
    Assembled, Basis, Edge, Evidence, Facts, File, FileFacts, Flaw, Package, PackageHash, Purl, Relation, Seen, Technique, Want,
};

/// The name of a lock.
pub(super) const NAME: &str = "Cargo.lock";
/// Bytes of one lock. A workspace of 1,500 crates has 400 KB.
const MAX_BYTES: u64 = 4 << 20;
/// Packages times texts: the crate that reads locks looks each dependency up in the list of packages, from its start.
const MAX_COMPARISONS: usize = 200_000_000;
/// Bytes of a reader's complaint, which quotes the lock.
const MAX_COMPLAINT: usize = 200;
/// The note by which `assemble` knows a lock.
const IS_LOCK: &str = "lock";
/// Folders of sources that were brought along: what their locks say is of their own development.
const FOREIGN: [&str; 7] = ["registry", "checkouts", "vendor", "node_modules", "site-packages", "dist-packages", "gems"];

pub(super) fn want(file: &FileFacts<'_>) -> Option<Want> {
    let is_ours = file.name() == NAME && file.covered != Some(true) && !file.folder().split('/').any(|part| FOREIGN.contains(&part));
    is_ours.then_some(Want::whole(MAX_BYTES, "rust::lock::MAX_BYTES"))
}

pub(super) fn parse(file: &File<'_>) -> Result<Facts, Flaw> {
    let text = std::str::from_utf8(file.bytes).map_err(|e| Flaw::malformed(format!("not UTF-8: {e}")))?;
    let texts = text.bytes().filter(|byte| matches!(byte, b'"' | b'\'' | b'=')).count();
    let packages = text.matches("package").count();
    if packages.saturating_mul(texts) > MAX_COMPARISONS {
        return Err(Flaw::too_large("rust::lock::MAX_COMPARISONS", format!("{packages} packages times {texts} texts")));
    }
    let lock: cargo_lock::Lockfile = text.parse().map_err(|e: cargo_lock::Error| {
        let complaint = e.to_string();
        Flaw::malformed(complaint.get(..complaint.floor_char_boundary(MAX_COMPLAINT)).unwrap_or_default())
    })?;
    let evidence =
        Evidence { path: file.path().to_owned(), cataloger: "rust".into(), technique: Technique::ManifestAnalysis, confidence: 100 };
    let mut facts = Facts { notes: vec![(IS_LOCK.into(), String::new())], ..Facts::default() };
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for locked in &lock.packages {
        let key = (locked.name.as_str().to_owned(), locked.version.to_string());
        let mut package = Package::new(Purl::new("cargo", &key.0, Some(&key.1)), Basis::Declared, evidence.clone());
        if let Some(sum) = locked.checksum.as_ref().and_then(cargo_lock::Checksum::as_sha256) {
            package.hashes.insert(PackageHash { algorithm: "SHA-256".into(), hex: data_encoding::HEXLOWER.encode(&sum) });
        }
        let source = match &locked.source {
            None => Some("local"),
            Some(source) if source.is_git() => Some("git"),
            Some(source) if source.is_default_registry() => None,
            Some(_) => Some("registry"),
        };
        if let Some(source) = source {
            package.properties.insert("layerproof:cargo-source".into(), source.into());
        }
        if let Some(revision) = locked.source.as_ref().filter(|source| source.is_git()).and_then(|source| source.precise()) {
            package.properties.insert("layerproof:vcs-revision".into(), revision.into());
        }
        places.entry(key).or_insert(facts.packages.len());
        facts.packages.push(package);
    }
    for (from, locked) in lock.packages.iter().enumerate() {
        let needed = locked.dependencies.iter().filter_map(|need| places.get(&(need.name.as_str().to_owned(), need.version.to_string())));
        facts.edges.extend(needed.map(|to| Edge { from, relation: Relation::DependsOn, to: *to }));
    }
    Ok(facts)
}

/// Programs stand for themselves. Below a program's own list a lock adds checksums alone; where no program has a list, it lists what was
/// declared.
pub(super) fn assemble(seen: Vec<Seen>) -> Assembled {
    let (locks, programs): (Vec<Seen>, Vec<Seen>) =
        seen.into_iter().partition(|seen| seen.facts.notes.iter().any(|(name, _)| name == IS_LOCK));
    let mut all = Assembled::each(programs);
    let mut alone = Vec::new();
    for lock in locks {
        let folder = lock.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_below =
            |evidence: &Evidence| folder.is_empty() || evidence.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let is_installed = |package: &&mut Package| package.basis == Basis::Installed && package.evidence.iter().any(is_below);
        let hashes: HashMap<&Purl, &BTreeSet<PackageHash>> =
            lock.facts.packages.iter().map(|package| (&package.purl, &package.hashes)).collect();
        let mut is_any_installed = false;
        for package in all.packages.iter_mut().filter(is_installed) {
            is_any_installed = true;
            package.hashes.extend(hashes.get(&package.purl).into_iter().copied().flatten().cloned());
        }
        if !is_any_installed {
            alone.push(lock);
        }
    }
    let declared = Assembled::each(alone);
    let from = all.packages.len();
    all.edges.extend(declared.edges.into_iter().map(|edge| Edge {
        from: edge.from.saturating_add(from),
        to: edge.to.saturating_add(from),
        ..edge
    }));
    all.packages.extend(declared.packages);
    all
}
