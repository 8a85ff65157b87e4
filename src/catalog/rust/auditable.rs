//! What `cargo auditable` put into a program. Format: its PARSING.md; JSON, deflated, in the section `.dep-v0`.

use std::collections::HashMap;

use super::super::elf_image::Elf;
use super::super::{Basis, Edge, Evidence, Facts, Flaw, Package, PackageKind, Purl, Relation, Technique};

/// Bytes of the inflated list. A thousand crates have 150 KB.
const MAX_BYTES: usize = 8 << 20;
/// Crates of one program.
const MAX_CRATES: usize = 20_000;
/// Bytes of a crate's name.
const MAX_NAME: usize = 256;

/// The crates that are linked into it; `None` where it has no list.
pub(super) fn parse(bytes: &[u8], elf: &Elf<'_>, path: &str) -> Option<Result<Facts, Flaw>> {
    elf.section(".dep-v0")?;
    // The crate that reads it looks for the section by name, from the start of each: names that run on would cost it dearly.
    if !elf.has_short_names() {
        return Some(Err(Flaw::too_large("elf_image::MAX_NAMES_BYTES", "names of sections")));
    }
    let info = match auditable_info::audit_info_from_slice(bytes, MAX_BYTES) {
        Ok(info) => info,
        Err(auditable_info::Error::OutputLimitExceeded) => {
            return Some(Err(Flaw::too_large("rust::MAX_BYTES", format!("cargo-auditable: more than {MAX_BYTES} bytes"))));
        }
        Err(e) => return Some(Err(Flaw::malformed(format!("cargo-auditable: {e}")))),
    };
    if info.packages.len() > MAX_CRATES {
        return Some(Err(Flaw::too_large("rust::MAX_CRATES", format!("cargo-auditable: {} crates", info.packages.len()))));
    }
    let evidence = Evidence { path: path.to_owned(), cataloger: "rust".into(), technique: Technique::BinaryAnalysis, confidence: 100 };
    let mut facts = Facts::default();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (index, listed) in info.packages.iter().enumerate() {
        // Crates that only the build ran (build scripts, procedural macros) are not in the program.
        let is_runtime = listed.kind == Default::default();
        if !is_runtime {
            continue;
        }
        if listed.name.is_empty() || listed.name.len() > MAX_NAME {
            facts.flaws.push(Flaw::malformed(format!("cargo-auditable: the name of a crate has {} bytes", listed.name.len())));
            continue;
        }
        let purl = Purl::new("cargo", &listed.name, Some(&listed.version.to_string()));
        let mut package = Package::new(purl, Basis::Installed, evidence.clone());
        if listed.root {
            package.kind = PackageKind::Application;
            package.files.insert(path.to_owned());
        }
        let source = String::from(listed.source.clone());
        if source != "crates.io" {
            package.properties.insert("layerproof:cargo-source".into(), source);
        }
        places.insert(index, facts.packages.len());
        facts.packages.push(package);
    }
    for (index, listed) in info.packages.iter().enumerate() {
        let Some(from) = places.get(&index) else { continue };
        let needed = listed.dependencies.iter().filter_map(|need| places.get(need));
        facts.edges.extend(needed.map(|to| Edge { from: *from, relation: Relation::DependsOn, to: *to }));
    }
    Some(Ok(facts))
}
