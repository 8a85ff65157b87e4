//! What a jar is: told from its own pom, from its manifest, or from its name, in this order. Shaded jars hold the poms, and often the
//! manifest, of what was copied into them, so that each of the three is held against the others.

use super::manifest::Manifest;
use super::pom::Pom;
use crate::catalog::{Basis, Technique};

/// Folders in which an application's own pom lies: the root, and those for its classes in Spring Boot jars and in wars.
const OWN_PREFIXES: [&str; 3] = ["", "BOOT-INF/classes/", "WEB-INF/classes/"];

/// Attributes of the manifest that name what it is about.
const NAMES: [&str; 6] =
    ["implementation-title", "bundle-symbolicname", "bundle-name", "automatic-module-name", "extension-name", "specification-title"];

/// What an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    pub(super) basis: Basis,
    pub(super) technique: Technique,
    pub(super) confidence: u8,
    /// The version that the manifest has, where it contradicts.
    pub(super) other_version: Option<String>,
    /// What the file's name adds to artifact and version: `linux-x86_64`.
    pub(super) classifier: Option<String>,
    /// Place of its pom among those that were handed in.
    pub(super) pom: Option<usize>,
}

/// Tells what an archive is. `stem` is its file name without the extension; `None` for files that lie loose in a folder. `None` where
/// nothing says what it is.
pub(super) fn identify(stem: Option<&str>, manifest: &Manifest, poms: &[Pom]) -> Option<Identity> {
    let name = stem.map(FileName::of);
    own_pom(name, manifest, poms).map(|place| by_pom(place, name, manifest, poms)).unwrap_or_else(|| match name {
        Some(name) => Some(by_name(name, manifest)),
        None => by_manifest(manifest),
    })
}

/// `NAME-VERSION`, or NAME alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileName<'a> {
    stem: &'a str,
    name: &'a str,
    version: Option<&'a str>,
}

impl<'a> FileName<'a> {
    /// The version begins at the first hyphen that a digit follows, or, where there is none, at such an underscore (OSGi's
    /// `NAME_VERSION`).
    fn of(stem: &'a str) -> Self {
        for mark in ['-', '_'] {
            for (at, _) in stem.match_indices(mark) {
                let (Some(name), Some(version)) = (stem.get(..at), stem.get(at.saturating_add(1)..)) else { continue };
                if !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) {
                    return Self { stem, name, version: Some(version) };
                }
            }
        }
        Self { stem, name: stem, version: None }
    }

    /// What follows `ARTIFACT-VERSION`, where the name begins with these or ends with them after a group.
    fn after(&self, artifact: &str, version: Option<&str>) -> Option<&'a str> {
        let version = version?;
        let rest = |text: &'a str| text.strip_prefix(artifact)?.strip_prefix(['-', '_'])?.strip_prefix(version);
        let whole = rest(self.stem).filter(|rest| rest.is_empty() || rest.starts_with('-'));
        whole.or_else(|| {
            let tail = self.stem.strip_suffix(version)?.strip_suffix(['-', '_'])?.strip_suffix(artifact)?;
            tail.ends_with(['.', '-', '_']).then_some("")
        })
    }
}

/// The place of the archive's own pom: that whose artifact matches the file's name best; of those without a match the only one, where
/// nothing contradicts.
fn own_pom(name: Option<FileName<'_>>, manifest: &Manifest, poms: &[Pom]) -> Option<usize> {
    let score = |pom: &Pom| {
        if !OWN_PREFIXES.contains(&pom.prefix.as_str()) {
            return 0;
        }
        match name {
            Some(name) if name.after(&pom.artifact, pom.version.as_deref()).is_some() => 4,
            Some(name) if name.name == pom.artifact || name.stem == pom.artifact => 3,
            // The name says that it is something else.
            Some(FileName { version: Some(_), .. }) => 0,
            Some(_) | None if is_said_of(manifest, pom) => 2,
            Some(_) | None if poms.len() == 1 && NAMES.iter().all(|claim| manifest.get(claim).is_none()) => 1,
            Some(_) | None => 0,
        }
    };
    let scored = poms.iter().enumerate().map(|(place, pom)| (score(pom), pom.artifact.len(), std::cmp::Reverse(place)));
    scored.filter(|(score, ..)| *score > 0).max().map(|(.., place)| place.0)
}

/// Whether the manifest names this artifact.
fn is_said_of(manifest: &Manifest, pom: &Pom) -> bool {
    let is_version = |version: &str| pom.version.as_deref() == Some(version);
    let named = manifest.get("implementation-title").is_some_and(|title| same(title, &pom.artifact));
    let symbolic = manifest.symbolic_name().is_some_and(|symbolic| {
        symbolic == pom.artifact
            || pom.group.as_deref().is_some_and(|group| symbolic == group || symbolic == format!("{group}.{}", pom.artifact))
    });
    (named || symbolic) && (manifest.versions().any(is_version) || manifest.versions().next().is_none() || symbolic)
}

fn by_pom(place: usize, name: Option<FileName<'_>>, manifest: &Manifest, poms: &[Pom]) -> Option<Identity> {
    let pom = poms.get(place)?;
    let stated = manifest.get("implementation-version").filter(|version| !version.contains(char::is_whitespace));
    let version = pom.version.as_deref().or(stated).or_else(|| name.and_then(|name| name.version));
    let rest = name.and_then(|name| name.after(&pom.artifact, version)).unwrap_or_default();
    Some(Identity {
        group: pom.group.clone(),
        artifact: pom.artifact.clone(),
        version: version.map(str::to_owned),
        basis: Basis::Installed,
        technique: Technique::ManifestAnalysis,
        confidence: 100,
        other_version: None,
        classifier: rest.strip_prefix('-').map(str::to_owned),
        pom: Some(place),
    })
}

/// By the name of the file; as sure as metadata where the manifest says the same name, or, without any name, the same version.
fn by_name(name: FileName<'_>, manifest: &Manifest) -> Identity {
    let is_named =
        NAMES.iter().filter_map(|claim| manifest.get(claim)).any(|claim| agrees(name.name, claim.split(';').next().unwrap_or_default()));
    let Some(version) = name.version else {
        return match by_manifest(manifest) {
            Some(identity) => identity,
            None => {
                let version = manifest.versions().next().filter(|version| is_named && is_plain(version));
                Identity { version: version.map(str::to_owned), ..named(name.name, manifest, version.is_some()) }
            }
        };
    };
    let is_nameless = NAMES.iter().all(|claim| manifest.get(claim).is_none());
    let is_same_version = manifest.versions().any(|stated| is_alike(stated, version));
    let stated = manifest.get("implementation-version").filter(|_| is_named && !is_same_version);
    Identity {
        version: Some(version.to_owned()),
        other_version: stated.map(str::to_owned),
        ..named(name.name, manifest, is_named || (is_same_version && is_nameless))
    }
}

/// By the manifest alone, where its title is the name of an artifact and not that of a product.
fn by_manifest(manifest: &Manifest) -> Option<Identity> {
    let title = manifest.get("implementation-title").filter(|title| is_plain(title) && title.contains(|c: char| c.is_ascii_lowercase()))?;
    let version = manifest.get("implementation-version").filter(|version| is_plain(version))?;
    Some(Identity { version: Some(version.to_owned()), ..named(title, manifest, true) })
}

fn named(artifact: &str, manifest: &Manifest, is_sure: bool) -> Identity {
    Identity {
        group: group(artifact, manifest).filter(|_| is_sure),
        artifact: artifact.to_owned(),
        version: None,
        basis: if is_sure { Basis::Installed } else { Basis::Heuristic },
        technique: if is_sure { Technique::ManifestAnalysis } else { Technique::Filename },
        confidence: if is_sure { 80 } else { 40 },
        other_version: None,
        classifier: None,
        pom: None,
    }
}

/// The group, where the manifest tells it: Maven writes it as `Implementation-Vendor-Id`, and its bundle plugin makes the symbolic name
/// of group and artifact. Where the artifact is the last word of the group it writes the group alone, so that nothing is told by a name
/// without a hyphen.
fn group(artifact: &str, manifest: &Manifest) -> Option<String> {
    let symbolic = manifest.symbolic_name().filter(|_| artifact.contains('-'));
    let by_bundle = symbolic.and_then(|symbolic| symbolic.strip_suffix(artifact)?.strip_suffix('.'));
    // Written by hand it is often `org.apache`, which is nobody's group; a wrong group is worse than none.
    let vendor = manifest.get("implementation-vendor-id").filter(|id| *id == artifact || id.matches('.').count() > 1);
    let is_group = |id: &&str| is_plain(id) && !id.contains(|c: char| c.is_ascii_uppercase());
    by_bundle.or(vendor).filter(is_group).map(str::to_owned)
}

/// A name or version as artifacts have it: no words of a sentence.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'))
}

/// Whether a claim of the manifest is about an artifact of this name: `Apache Commons Codec`, `org.apache.commons.codec` and
/// `commons-codec`.
fn agrees(name: &str, claim: &str) -> bool {
    let (name, claim) = (letters(name), letters(claim));
    let ends = |long: &str, short: &str| short.len() >= 4 && long.ends_with(short);
    !name.is_empty() && (name == claim || ends(&claim, &name) || ends(&name, &claim))
}

/// Whether two names differ in case and punctuation only.
fn same(a: &str, b: &str) -> bool {
    letters(a) == letters(b)
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether versions differ in what tools add: `1.9.0` and `1.9.0-release-358`, `31.1-jre` and `31.1.0.jre`.
fn is_alike(stated: &str, version: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
        parts.retain(|part| part != "0");
        parts
    };
    let (a, b) = (parts(stated), parts(version));
    !a.is_empty()
        && !b.is_empty()
        && (a.starts_with(&b) || b.starts_with(&a))
        && a.first() == b.first()
        && (a == b || stated.starts_with(version) || version.starts_with(stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pom(prefix: &str, group: &str, artifact: &str, version: &str) -> Pom {
        Pom { prefix: prefix.into(), group: Some(group.into()), artifact: artifact.into(), version: Some(version.into()), ..Pom::default() }
    }

    fn told(stem: &str, manifest: &str, poms: &[Pom]) -> String {
        let stem = (!stem.is_empty()).then_some(stem);
        match identify(stem, &Manifest::parse(manifest.as_bytes()).unwrap(), poms) {
            Some(i) => format!("{}:{}@{} {}", i.group.unwrap_or_default(), i.artifact, i.version.unwrap_or_default(), i.basis.id()),
            None => "nothing".into(),
        }
    }

    #[test]
    fn a_shaded_jar_is_not_what_was_copied_into_it() {
        let manifest = "Bundle-SymbolicName: com.google.guava\nBundle-Version: 31.1.0.jre\n";
        let poms = [pom("", "com.google.guava", "guava", "31.1-jre"), pom("", "commons-io", "commons-io", "2.11.0")];
        assert_eq!(told("shaded-fn-1.0.0", manifest, &poms), ":shaded-fn@1.0.0 heuristic");
        assert_eq!(told("shaded-fn-1.0.0", manifest, &poms[..1]), ":shaded-fn@1.0.0 heuristic");
        assert_eq!(told("commons-io-2.11.0", manifest, &poms), "commons-io:commons-io@2.11.0 installed");
    }

    #[test]
    fn a_pom_that_was_moved_away_is_never_the_jar_s_own() {
        assert_eq!(told("okio-1.17.6", "", &[pom("shared/", "com.x", "okio", "1.17.6")]), ":okio@1.17.6 heuristic");
        assert_eq!(told("x", "", &[pom("BOOT-INF/classes/", "com.x", "orders", "1")]), "com.x:orders@1 installed");
    }

    #[test]
    fn of_many_poms_that_match_the_longest_is_meant() {
        let poms = [pom("", "g", "log4j", "1.2"), pom("", "g", "log4j-1.2-api", "2.19.0")];
        assert_eq!(told("log4j-1.2-api-2.19.0", "", &poms), "g:log4j-1.2-api@2.19.0 installed");
        assert_eq!(told("log4j-1.2", "", &poms), "g:log4j@1.2 installed");
    }

    #[test]
    fn a_file_that_was_renamed_is_what_its_only_pom_says() {
        let one = [pom("", "com.acme", "orders-fn", "3.1.4")];
        assert_eq!(told("app", "", &one), "com.acme:orders-fn@3.1.4 installed");
        assert_eq!(told("", "", &one), "com.acme:orders-fn@3.1.4 installed");
        assert_eq!(told("com.acme.orders-fn-3.1.4", "", &one), "com.acme:orders-fn@3.1.4 installed");
        let guice = "Bundle-Name: guice\nBundle-SymbolicName: com.google.inject\nBundle-Version: 4.2.3\n";
        assert_eq!(told("guice", guice, &[pom("", "cglib", "cglib", "3.2.12")]), ":guice@4.2.3 installed");
        assert_eq!(told("app", "Implementation-Title: other\nImplementation-Version: 2\n", &one), ":other@2 installed");
    }

    #[test]
    fn a_manifest_that_agrees_with_the_name_makes_it_sure() {
        let spring = "Implementation-Title: orders-fn\nImplementation-Version: 3.1.4\n";
        assert_eq!(told("orders-fn-3.1.4", spring, &[]), ":orders-fn@3.1.4 installed");
        assert_eq!(told("orders-fn-3.1.4", "", &[]), ":orders-fn@3.1.4 heuristic");
        assert_eq!(told("app", spring, &[]), ":orders-fn@3.1.4 installed");
        assert_eq!(told("orders-fn-3.1.4", "Implementation-Version: 3.1.4\n", &[]), ":orders-fn@3.1.4 installed");
        assert_eq!(told("renamed-1.0", "Bundle-SymbolicName: javax.inject\nBundle-Version: 1.0.0\n", &[]), ":renamed@1.0 heuristic");
        let codec = "Implementation-Title: Apache Commons Codec\nImplementation-Version: 1.15\nImplementation-Vendor-Id: commons-codec\n";
        assert_eq!(told("commons-codec", codec, &[]), "commons-codec:commons-codec@1.15 installed");
        assert_eq!(told("app", codec, &[]), ":app@ heuristic");
        assert_eq!(told("", codec, &[]), "nothing");
        assert_eq!(told("", "", &[]), "nothing");
    }

    #[test]
    fn a_group_is_told_only_where_it_can_be_told() {
        let of = |symbolic: &str| format!("Bundle-SymbolicName: {symbolic}\nBundle-Version: 2.14.0\n");
        assert_eq!(
            told("jackson-core-2.14.0", &of("com.fasterxml.jackson.core.jackson-core"), &[]),
            "com.fasterxml.jackson.core:jackson-core@2.14.0 installed"
        );
        assert_eq!(told("guava-2.14.0", &of("com.google.guava"), &[]), ":guava@2.14.0 installed");
        let by = |vendor: &str| told("x-y-1", &format!("Implementation-Title: x-y\nImplementation-Vendor-Id: {vendor}\n"), &[]);
        assert_eq!(by("The.Vendor.of it"), ":x-y@1 installed");
        assert_eq!(by("org.apache"), ":x-y@1 installed");
        assert_eq!((by("x-y"), by("com.acme.x")), ("x-y:x-y@1 installed".into(), "com.acme.x:x-y@1 installed".into()));
    }

    #[test]
    fn a_version_that_contradicts_is_shown() {
        let manifest = Manifest::parse(b"Implementation-Title: log4j-core\nImplementation-Version: 2.14.0\n").unwrap();
        let identity = identify(Some("log4j-core-2.17.1"), &manifest, &[]).unwrap();
        assert_eq!((identity.version.as_deref(), identity.other_version.as_deref()), (Some("2.17.1"), Some("2.14.0")));
        let manifest = Manifest::parse(b"Implementation-Title: kotlin-stdlib\nImplementation-Version: 1.9.0-release-358(1.9.0)\n").unwrap();
        assert_eq!(identify(Some("kotlin-stdlib-1.9.0"), &manifest, &[]).unwrap().other_version, None);
    }

    #[test]
    fn versions_that_only_begin_alike_are_not_alike() {
        assert!(is_alike("31.1.0.jre", "31.1-jre") && is_alike("1.15.0", "1.15") && is_alike("1.9.0-release-3", "1.9.0"));
        assert!(!is_alike("1.1", "1.10") && !is_alike("0", "0.0") && !is_alike("1.2", "2.1"));
    }

    #[test]
    fn a_classifier_is_no_part_of_the_version_that_a_pom_has() {
        let poms = [pom("", "io.netty", "netty-epoll", "4.1.1.Final")];
        let identity = identify(Some("netty-epoll-4.1.1.Final-linux-x86_64"), &Manifest::default(), &poms).unwrap();
        assert_eq!((identity.version.as_deref(), identity.classifier.as_deref()), (Some("4.1.1.Final"), Some("linux-x86_64")));
        assert_eq!(FileName::of("com.x.y_1.2.3"), FileName { stem: "com.x.y_1.2.3", name: "com.x.y", version: Some("1.2.3") });
        assert_eq!(FileName::of("-1").version, None);
    }
}
