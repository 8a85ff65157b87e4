//! `META-INF/` in a folder: a function whose jar was unpacked to be deployed, or a war that was.

use std::collections::BTreeMap;

use super::describe;
use super::identity::identify;
use super::manifest::Manifest;
use super::pom::{self, Place, Pom};
use crate::catalog::{Edge, Facts, File, FileFacts, Flaw, Relation, Seen, Want};

/// Bytes of a manifest; that of a signed jar has some hundred for each of its entries.
const MAX_MANIFEST: u64 = 16 << 20;

const MANIFEST: &str = "META-INF/MANIFEST.MF";

pub(super) fn wants(file: &FileFacts<'_>) -> Option<Want> {
    match file.name() {
        "MANIFEST.MF" => base(file.path).map(|_| Want::whole(MAX_MANIFEST, "java::MAX_MANIFEST")),
        name @ ("pom.properties" | "pom.xml") => Place::of(file.path, name).map(|_| Want::whole(pom::MAX_BYTES, "java::MAX_BYTES")),
        _ => None,
    }
}

/// The folder that a manifest is about.
fn base(path: &str) -> Option<&str> {
    path.strip_suffix(MANIFEST).filter(|base| base.is_empty() || base.ends_with('/'))
}

/// What one file says, left for [`assemble`]: only with the others beside it is it known what the folder is.
pub(super) fn parse(file: &File<'_>) -> Result<Facts, Flaw> {
    let notes = if base(file.path()).is_some() {
        Manifest::parse(file.bytes)?.into_notes()
    } else {
        vec![("text".to_owned(), String::from_utf8_lossy(file.bytes).into_owned())]
    };
    Ok(Facts { notes, ..Facts::default() })
}

/// What lies in one folder.
#[derive(Default)]
struct Folder {
    manifest: Option<(String, Manifest)>,
    poms: BTreeMap<String, (Option<String>, Option<String>)>,
}

/// The packages of each folder with a `META-INF/`.
pub(super) fn assemble(seen: Vec<Seen>, flaws: &mut Vec<(String, Flaw)>) -> Vec<Facts> {
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    for Seen { path, facts } in seen {
        if let Some(base) = base(&path) {
            folders.entry(base.to_owned()).or_default().manifest = Some((path.clone(), Manifest::of_notes(facts.notes)));
            continue;
        }
        let Some((_, text)) = facts.notes.into_iter().next() else { continue };
        for (file, is_properties) in [("pom.properties", true), ("pom.xml", false)] {
            let Some(place) = Place::of(&path, file) else { continue };
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let slot = folders.entry(place.prefix.to_owned()).or_default().poms.entry(folder).or_default();
            if is_properties {
                slot.0 = Some(text)
            } else {
                slot.1 = Some(text)
            }
            break;
        }
    }
    folders.into_values().map(|folder| packages(folder, flaws)).collect()
}

fn packages(folder: Folder, flaws: &mut Vec<(String, Flaw)>) -> Facts {
    let Folder { manifest, poms: texts } = folder;
    let mut poms = Vec::new();
    for (folder, (properties, xml)) in texts {
        let file = if properties.is_some() { "pom.properties" } else { "pom.xml" };
        let path = format!("{folder}/{file}");
        let Some(place) = Place::of(&path, file) else { continue };
        let (mut pom, flaw) = Pom::read(place, &path, properties.as_deref().map(str::as_bytes), xml.as_deref().map(str::as_bytes));
        flaws.extend(flaw.map(|flaw| (format!("{folder}/pom.xml"), flaw)));
        // The folder is the archive here.
        pom.prefix.clear();
        poms.push(pom);
    }
    let mut facts = Facts::default();
    let (path, manifest) = manifest.unwrap_or_default();
    let identity = identify(None, &manifest, &poms);
    let own_pom = identity.as_ref().and_then(|identity| identity.pom);
    let own = identity.map(|identity| {
        let pom = identity.pom.and_then(|place| poms.get(place));
        let mut package = describe::own(&identity, pom, &manifest, pom.map_or(path.as_str(), |pom| &pom.path));
        package.files.extend(pom.map(|pom| pom.path.clone()));
        if !path.is_empty() {
            package.files.insert(path.clone());
        }
        if package.purl.version.is_none() {
            facts.incomplete = Some(super::NO_VERSION.to_owned());
        }
        facts.packages.push(package);
        facts.requires.extend(describe::requirements(0, pom));
        0
    });
    for (_, pom) in poms.iter().enumerate().filter(|(place, _)| own_pom != Some(*place)) {
        let to = facts.packages.len();
        let mut package = describe::contained(pom, &pom.path);
        package.files.insert(pom.path.clone());
        facts.packages.push(package);
        facts.requires.extend(describe::requirements(to, Some(pom)));
        facts.edges.extend(own.map(|from| Edge { from, relation: Relation::Contains, to }));
    }
    facts
}
