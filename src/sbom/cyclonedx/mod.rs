//! CycloneDX 1.5, 1.6 and 1.7, JSON. Specification: ECMA-424 and the schemas `bom-1.5`, `bom-1.6` and `bom-1.7` of CycloneDX.

mod component;
mod document;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use component::{file_component, os_component, package_component, part_component, properties, subject_component, unidentified_component};
use document::{Component, Composition, Dependency, Lifecycle, Metadata, Tools};

use super::outline::Outline;
use super::{Bom, properties as says, serial, timestamp};
use crate::catalog::Relation;

pub(super) use document::Document;

/// The format.
pub(super) struct CycloneDx;

impl super::Document for CycloneDx {
    fn name(&self) -> &'static str {
        "cyclonedx-json"
    }

    fn describe(&self) -> &'static str {
        "CycloneDX, JSON"
    }

    fn versions(&self) -> &'static [&'static str] {
        &["1.5", "1.6", "1.7"]
    }

    fn default_version(&self) -> &'static str {
        "1.6"
    }

    fn ending(&self) -> &'static str {
        "cdx.json"
    }

    fn render(&self, bom: &Bom, version: &str, out: &mut dyn Write) -> io::Result<()> {
        let outline = Outline::of(bom);
        serial::write(&document(bom, &outline, Version::of(version))?, out)
    }
}

/// The versions that differ in what we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V15,
    V16,
    V17,
}

impl Version {
    /// By its name in [`super::Document::versions`]; any other text is the default.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "1.5" => Self::V15,
            "1.7" => Self::V17,
            _ => Self::V16,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::V15 => "1.5",
            Self::V16 => "1.6",
            Self::V17 => "1.7",
        }
    }
}

/// The whole document, with its serial number.
pub(super) fn document<'a>(bom: &'a Bom, outline: &'a Outline, version: Version) -> io::Result<Document<'a>> {
    let mut document = Document {
        schema: format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.text()),
        bom_format: "CycloneDX",
        spec_version: version.text(),
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: bom.created.map(timestamp),
            // What is described is built already: it was not watched being built.
            lifecycles: [Lifecycle { phase: "post-build" }],
            tools: Tools {
                components: [Component {
                    kind: "application",
                    name: env!("CARGO_PKG_NAME"),
                    version: Some(env!("CARGO_PKG_VERSION").into()),
                    ..Component::default()
                }],
            },
            component: subject_component(&bom.subject, &outline.root),
            properties: properties(says::of_document(bom)),
        },
        components: components(bom, outline, version),
        dependencies: dependencies(bom, outline),
        compositions: compositions(bom, outline),
    };
    document.serial_number = Some(serial::of(&document)?.urn().to_string());
    Ok(document)
}

/// Parts, the operating system, packages, and files.
fn components<'a>(bom: &'a Bom, outline: &'a Outline, version: Version) -> Vec<Component<'a>> {
    let catalog = &bom.catalog;
    let mut all: Vec<Component<'a>> = Vec::new();
    all.extend(bom.parts.iter().zip(&outline.parts).map(|(part, reference)| part_component(part, reference)));
    all.extend(catalog.os.iter().zip(&outline.os).map(|(os, reference)| os_component(os, reference)));

    // By reference, what the format has no field for.
    let mut related: Vec<says::Properties> = vec![Vec::new(); catalog.packages.len()];
    let mut relate = |of: usize, property: fn(&str) -> (String, String), reference: Option<&String>| {
        if let (Some(properties), Some(reference)) = (related.get_mut(of), reference) {
            properties.push(property(reference));
        }
    };
    for (from, to) in outline.related(Relation::OwnedBy) {
        relate(from, says::owned_by, outline.packages.get(to));
    }
    for (from, to) in outline.related(Relation::Contains) {
        relate(from, says::contains, outline.packages.get(to));
    }
    let (shares, _) = outline.shares(bom);
    for (share, reference) in shares.iter().zip(&outline.parts) {
        for place in share {
            relate(*place, says::part, Some(reference));
        }
    }
    let packages = catalog.packages.iter().zip(&outline.packages).zip(related);
    all.extend(packages.map(|((package, reference), related)| package_component(package, reference, related, version)));

    all.extend(catalog.unidentified.iter().zip(&outline.unidentified).map(|(file, reference)| unidentified_component(file, reference)));
    let owners = if outline.files.is_empty() { Default::default() } else { outline.owners(bom) };
    all.extend(outline.files.iter().filter_map(|(place, reference)| {
        let file = bom.files.get(*place)?;
        let owner = owners.get(file.path.as_str()).and_then(|owner| outline.packages.get(*owner));
        Some(file_component(file, reference, owner))
    }));
    all
}

/// What needs what. A component that stands in none of these is one whose needs are not known; files that packages cover stand in none.
fn dependencies<'a>(bom: &'a Bom, outline: &'a Outline) -> Vec<Dependency<'a>> {
    let reference = |place: &usize| outline.packages.get(*place).map(String::as_str);
    let sorted = |mut references: Vec<&'a str>| {
        references.sort_unstable();
        references.dedup();
        references
    };
    let (shares, rest) = outline.shares(bom);
    let mut under_root: Vec<&str> = outline.parts.iter().map(String::as_str).collect();
    under_root.extend(outline.os.as_deref());
    under_root.extend(outline.tops(&rest).iter().filter_map(reference));
    under_root.extend(outline.unidentified.iter().map(String::as_str));

    let mut all = vec![Dependency { reference: &outline.root, depends_on: sorted(under_root) }];
    all.extend(shares.iter().zip(&outline.parts).map(|(share, part)| {
        let tops = outline.tops(share);
        Dependency { reference: part, depends_on: sorted(tops.iter().filter_map(reference).collect()) }
    }));
    let mut needs: Vec<Dependency<'_>> = outline
        .needs()
        .iter()
        .filter_map(|(from, to)| {
            Some(Dependency { reference: reference(from)?, depends_on: sorted(to.iter().filter_map(reference).collect()) })
        })
        .collect();
    needs.sort_unstable_by_key(|dependency| dependency.reference);
    all.extend(needs);
    all
}

/// How complete the subject's list is. `assemblies` speaks of what a component is made of, so each ecosystem's own completeness is a property
/// of the document: of what a single package is made of we claim nothing.
fn compositions<'a>(bom: &Bom, outline: &'a Outline) -> Vec<Composition<'a>> {
    let whole = bom.catalog.compositions.iter().filter(|composition| composition.of == "artifact");
    whole.map(|whole| Composition { aggregate: says::aggregate(whole.aggregate), assemblies: [&outline.root] }).collect()
}
