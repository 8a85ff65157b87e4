//! Packages, made of what poms and manifests say.

use super::NAME;
use super::identity::Identity;
use super::manifest::Manifest;
use super::pom::Pom;
use crate::catalog::{Basis, Evidence, Licence, Link, LinkKind, Package, Purl, Requirement};

/// Bytes of a description that are kept: one line.
const MAX_DESCRIPTION: usize = 512;

/// Licences as poms and bundles name them, by what is left of the name without case, punctuation, `the`, `license`, `version`
/// and the ending of a page.
/// Names that poms of Maven Central use often, and the addresses that they give for them.
const KNOWN: [(&str, &str); 32] = [
    ("apache2", "Apache-2.0"),
    ("apache20", "Apache-2.0"),
    ("apachesoftware20", "Apache-2.0"),
    ("apachesoftware2", "Apache-2.0"),
    ("apachev2", "Apache-2.0"),
    ("asl2", "Apache-2.0"),
    ("asl20", "Apache-2.0"),
    ("apacheorglicenses20", "Apache-2.0"),
    ("opensourceorglicensesapache20", "Apache-2.0"),
    ("mit", "MIT"),
    ("opensourceorglicensesmit", "MIT"),
    ("bsd2clause", "BSD-2-Clause"),
    ("bsd3clause", "BSD-3-Clause"),
    ("newbsd", "BSD-3-Clause"),
    ("revisedbsd", "BSD-3-Clause"),
    ("opensourceorglicensesbsd3clause", "BSD-3-Clause"),
    ("eclipsepublic10", "EPL-1.0"),
    ("eclipsepublicv10", "EPL-1.0"),
    ("eclipsepublic20", "EPL-2.0"),
    ("eclipsepublicv20", "EPL-2.0"),
    ("epl10", "EPL-1.0"),
    ("epl20", "EPL-2.0"),
    ("eclipseorglegaleplv20", "EPL-2.0"),
    ("eclipseorglegalepl20", "EPL-2.0"),
    ("eclipseorglegaleplv10", "EPL-1.0"),
    ("eclipseorgorgdocumentsedlv10", "BSD-3-Clause"),
    ("eclipsedistributionv10", "BSD-3-Clause"),
    ("edl10", "BSD-3-Clause"),
    ("mozillapublic20", "MPL-2.0"),
    ("mpl20", "MPL-2.0"),
    ("cc0", "CC0-1.0"),
    ("unlicense", "Unlicense"),
];

/// The package that an archive is.
pub(super) fn own(identity: &Identity, pom: Option<&Pom>, manifest: &Manifest, evidence: &str) -> Package {
    let purl =
        Purl::new("maven", &identity.artifact, identity.version.as_deref()).in_namespace(identity.group.as_deref().unwrap_or_default());
    let evidence = Evidence { technique: identity.technique, confidence: identity.confidence, ..Evidence::metadata(evidence, NAME) };
    let mut package = Package::new(purl, identity.basis, evidence);
    if let Some(pom) = pom {
        tell(&mut package, pom);
    }
    // The manifest of a shaded jar can be that of anything in it.
    if identity.basis == Basis::Heuristic {
        return package;
    }
    if package.licences.is_empty() {
        package.licences = manifest.get("bundle-license").map(bundle_licences).unwrap_or_default();
    }
    package.supplier =
        ["implementation-vendor", "bundle-vendor", "specification-vendor"].iter().find_map(|name| manifest.get(name)).map(str::to_owned);
    if package.description.is_none() {
        package.description = manifest.get("bundle-description").and_then(one_line);
    }
    link(&mut package, LinkKind::Website, manifest.get("implementation-url").or(manifest.get("bundle-docurl")));
    if let Some(version) = &identity.other_version {
        package.properties.insert("layerproof:manifest-version".into(), version.clone());
    }
    if let Some(classifier) = &identity.classifier {
        package.properties.insert("layerproof:classifier".into(), classifier.clone());
    }
    package
}

/// A package whose pom lies in an archive that is something else.
pub(super) fn contained(pom: &Pom, evidence: &str) -> Package {
    let purl = Purl::new("maven", &pom.artifact, pom.version.as_deref()).in_namespace(pom.group.as_deref().unwrap_or_default());
    let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(evidence, NAME));
    tell(&mut package, pom);
    package
}

/// What a package needs, by `GROUP:ARTIFACT`.
pub(super) fn requirements(place: usize, pom: Option<&Pom>) -> impl Iterator<Item = (usize, Requirement)> {
    pom.into_iter().flat_map(|pom| &pom.needs).map(move |need| {
        let name = format!("{}:{}", need.group, need.artifact);
        (place, Requirement { name, constraint: need.version.clone(), optional: need.is_optional })
    })
}

fn tell(package: &mut Package, pom: &Pom) {
    package.licences = pom.licences.iter().filter_map(|name| licence(name)).collect();
    package.description = pom.description.as_deref().and_then(one_line);
    link(package, LinkKind::Website, pom.url.as_deref());
    link(package, LinkKind::Vcs, pom.vcs.as_deref());
}

fn link(package: &mut Package, kind: LinkKind, url: Option<&str>) {
    if let Some(url) = url.filter(|url| url.starts_with("http://") || url.starts_with("https://")) {
        package.links.insert(Link { kind, url: url.to_owned() });
    }
}

/// Words of a text, joined by single spaces and cut.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = line.get(..line.floor_char_boundary(MAX_DESCRIPTION)).unwrap_or_default().to_owned();
    (!cut.is_empty()).then_some(cut)
}

/// `Bundle-License` (OSGi Core 3.2.1.9): names or addresses separated by commas, each with attributes after semicolons.
fn bundle_licences(text: &str) -> Vec<Licence> {
    let names = split_outside_quotes(text).into_iter().filter_map(|clause| clause.split(';').next());
    names.filter_map(|name| licence(name.trim().trim_matches('"'))).collect()
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(move |c: char| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    })
    .collect()
}

/// A licence by the name or the address that poms give it.
fn licence(name: &str) -> Option<Licence> {
    let trimmed = name.trim();
    let address = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    let lower = address.map_or(trimmed, |address| address.trim_start_matches("www.")).to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !matches!(*word, "" | "the" | "license" | "licence" | "version" | "html" | "php" | "txt"));
    let key: String = words.collect();
    let known = KNOWN.iter().find(|(known, _)| *known == key).map(|(_, id)| *id);
    // The short names of BSD and MIT with their clauses are understood by the reader of expressions.
    Licence::read(known.unwrap_or(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_and_addresses_are_spdx() {
        for name in [
            "The Apache Software License, Version 2.0",
            "Apache License, Version 2.0",
            "Apache 2.0",
            "Apache-2.0",
            "http://www.apache.org/licenses/LICENSE-2.0.txt",
            "https://www.apache.org/licenses/LICENSE-2.0",
        ] {
            assert_eq!(licence(name), Some(Licence::Expression("Apache-2.0".into())), "{name}");
        }
        assert_eq!(licence("http://www.eclipse.org/legal/epl-v10.html"), Some(Licence::Expression("EPL-1.0".into())));
        assert_eq!(licence("The MIT License"), Some(Licence::Expression("MIT".into())));
        assert_eq!(licence("Eclipse Public License v2.0"), Some(Licence::Expression("EPL-2.0".into())));
        // Of 1.0, 1.1 or 2.0.
        assert_eq!(licence("Apache Software License"), Some(Licence::Named("Apache Software License".into())));
        assert_eq!(licence("BSD"), Some(Licence::Named("BSD".into())));
        assert_eq!(licence("Acme Corporate License"), Some(Licence::Named("Acme Corporate License".into())));
    }

    #[test]
    fn a_comma_within_quotes_separates_no_licences() {
        let all = bundle_licences("\"Apache-2.0\";link=\"https://x/a,b\", \"MIT\"");
        assert_eq!(all, [Licence::Expression("Apache-2.0".into()), Licence::Expression("MIT".into())]);
    }
}
