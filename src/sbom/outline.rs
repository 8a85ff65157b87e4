//! What stands in a document, each under a reference of its own, and what hangs on what: the same for every format.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::names::Unique;
use super::{Bom, BomSubject, SubjectKind, strict};
use crate::catalog::{OsRelease, Package, Purl, Relation};
use crate::model::image_ref::ImageRef;

/// References, unique within the document, and the graph. References of packages are their package URLs, with `@` and `:` written plainly;
/// another document about the same artifact has the same.
#[derive(Debug)]
pub(super) struct Outline {
    /// Of the subject: its ARN or image reference, else its digest, else its name.
    pub(super) root: String,
    /// Of the parts, in their order.
    pub(super) parts: Vec<String>,
    /// Of the packages, in their order.
    pub(super) packages: Vec<String>,
    /// Of the operating system.
    pub(super) os: Option<String>,
    /// Of the executables that no package covers, in their order.
    pub(super) unidentified: Vec<String>,
    /// Of the other files, by index.
    pub(super) files: Vec<(usize, String)>,
    /// Relations, by index of the packages, each once; none of a package with itself, none beyond the list.
    relations: BTreeSet<(Relation, usize, usize)>,
}

impl Outline {
    pub(super) fn of(bom: &Bom) -> Self {
        let mut unique = Unique::default();
        // A reader (cdxrs) refuses references with these escapes; a reference is no address, so they can be undone.
        let mut name = |wanted: &str| unique.name(&wanted.replace("%40", "@").replace("%3A", ":").replace("%3a", ":"), "#");
        let root = name(&subject_reference(&bom.subject));
        let parts = bom.parts.iter().map(|part| name(&subject_reference(&part.subject))).collect();
        let catalog = &bom.catalog;
        let packages = catalog.packages.iter().map(|package| name(&package.purl.to_string())).collect();
        let os = catalog.os.as_ref().map(|os| name(&os_reference(os)));
        let unidentified = catalog.unidentified.iter().map(|executable| name(&format!("file:{}", executable.path))).collect();
        let known: HashSet<&str> = catalog.unidentified.iter().map(|executable| executable.path.as_str()).collect();
        let others = bom.files.iter().enumerate().filter(|(_, file)| !known.contains(file.path.as_str()));
        let files = others.map(|(place, file)| (place, name(&format!("file:{}", file.path)))).collect();
        let is_there = |place: usize| place < catalog.packages.len();
        let edges = catalog.edges.iter().filter(|edge| edge.from != edge.to && is_there(edge.from) && is_there(edge.to));
        let relations = edges.map(|edge| (edge.relation, edge.from, edge.to)).collect();
        Self { root, parts, packages, os, unidentified, files, relations }
    }

    /// The relations of one kind, by index of the packages, sorted.
    pub(super) fn related(&self, relation: Relation) -> impl Iterator<Item = (usize, usize)> {
        self.relations.range((relation, 0, 0)..=(relation, usize::MAX, usize::MAX)).map(|(_, from, to)| (*from, *to))
    }

    /// Indices of the packages that each package needs; only of those that need any.
    pub(super) fn needs(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut needs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (from, to) in self.related(Relation::DependsOn) {
            needs.entry(from).or_default().push(to);
        }
        needs
    }

    /// Of these packages, as few as lead to all of them by what they need: those that no other one of them needs, and one of every cycle
    /// that nothing else leads to.
    pub(super) fn tops(&self, of: &BTreeSet<usize>) -> BTreeSet<usize> {
        let needs = self.needs();
        let inner = |from: usize| needs.get(&from).into_iter().flatten().copied().filter(|to| of.contains(to));
        let needed: BTreeSet<usize> = of.iter().flat_map(|from| inner(*from)).collect();
        let mut tops: BTreeSet<usize> = of.difference(&needed).copied().collect();
        let mut reached: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = tops.iter().copied().collect();
        let mut rest = of.iter().copied();
        loop {
            while let Some(from) = open.pop() {
                if reached.insert(from) {
                    open.extend(inner(from));
                }
            }
            let Some(next) = rest.find(|place| !reached.contains(place)) else { return tops };
            tops.insert(next);
            open.push(next);
        }
    }

    /// The packages of each part, by index; and those that come from no part.
    pub(super) fn shares(&self, bom: &Bom) -> (Vec<BTreeSet<usize>>, BTreeSet<usize>) {
        let is_there = |place: &usize| *place < self.packages.len();
        let parts: Vec<BTreeSet<usize>> = bom.parts.iter().map(|part| part.packages.iter().copied().filter(is_there).collect()).collect();
        let rest = (0..self.packages.len()).filter(|place| !parts.iter().any(|part| part.contains(place))).collect();
        (parts, rest)
    }

    /// The package that each file belongs to, by path; of several the first.
    pub(super) fn owners<'a>(&self, bom: &'a Bom) -> HashMap<&'a str, usize> {
        let mut owners = HashMap::new();
        for (place, package) in bom.catalog.packages.iter().enumerate() {
            for path in &package.files {
                owners.entry(path.as_str()).or_insert(place);
            }
        }
        owners
    }
}

fn subject_reference(subject: &BomSubject) -> String {
    match (&subject.arn, &subject.digest) {
        (Some(arn), _) => arn.clone(),
        (None, Some(digest)) => digest.to_string(),
        (None, None) => format!("subject:{}", subject.name),
    }
}

fn os_reference(os: &OsRelease) -> String {
    match &os.version_id {
        Some(version) => format!("os:{}@{version}", os.id),
        None => format!("os:{}", os.id),
    }
}

/// The version of a subject, or its digest, which tells it from every other one as well.
pub(super) fn subject_version(subject: &BomSubject) -> Option<String> {
    subject.version.clone().or_else(|| subject.digest.map(|digest| digest.to_string()))
}

/// The package URL of an image that has a reference and a digest: purl-spec, type `oci`.
pub(super) fn image_purl(subject: &BomSubject) -> Option<String> {
    let digest = match (subject.kind, subject.digest) {
        (SubjectKind::Image, Some(digest)) => digest.to_string(),
        (SubjectKind::Image, None) | (SubjectKind::Zip | SubjectKind::Directory | SubjectKind::Function, _) => return None,
    };
    let image: ImageRef = subject.arn.as_deref()?.parse().ok()?;
    let name = image.repository.rsplit('/').next()?;
    let purl = Purl::new("oci", name, Some(&digest)).with("repository_url", &image.repository_uri());
    strict::purl(&purl.with("tag", image.tag.as_deref().unwrap_or_default()))
}

/// Group and name, where the ecosystem itself has groups: the scope of npm, the group of Maven, the vendor of Composer. Distributions and
/// Go have a namespace in the package URL only.
pub(super) fn group_and_name(package: &Package) -> (Option<&str>, &str) {
    let namespace = match (package.purl.kind.as_str(), &package.purl.namespace) {
        ("golang" | "deb" | "rpm" | "apk", _) | (_, None) => return (None, &package.name),
        (_, Some(namespace)) => namespace.as_str(),
    };
    let written = package.name.get(..namespace.len()).filter(|written| written.eq_ignore_ascii_case(namespace));
    let rest = package.name.get(namespace.len()..).and_then(|rest| rest.strip_prefix(['/', ':'])).filter(|rest| !rest.is_empty());
    match (written, rest) {
        (Some(written), Some(rest)) => (Some(written), rest),
        (Some(_) | None, _) => (Some(namespace), &package.name),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Basis, Edge, Evidence};
    use crate::sbom::sample;

    fn with_edges(packages: usize, edges: &[(usize, usize)]) -> Outline {
        let mut bom = sample::empty();
        for place in 0..packages {
            let purl = Purl::new("npm", &format!("p{place}"), Some("1"));
            Arc::make_mut(&mut bom.catalog).packages.push(Package::new(purl, Basis::Installed, Evidence::metadata("x", "npm")));
        }
        let edge = |(from, to): &(usize, usize)| Edge { from: *from, relation: Relation::DependsOn, to: *to };
        Arc::make_mut(&mut bom.catalog).edges = edges.iter().map(edge).collect();
        Outline::of(&bom)
    }

    #[test]
    fn a_cycle_that_nothing_leads_to_is_led_to_by_one() {
        let outline = with_edges(5, &[(0, 1), (1, 0), (2, 3), (3, 0), (4, 4)]);
        assert_eq!(outline.tops(&(0..5).collect()), BTreeSet::from([2, 4]));
        assert_eq!(outline.tops(&BTreeSet::from([0, 1])), BTreeSet::from([0]));
    }

    #[test]
    fn an_edge_to_nowhere_is_no_edge() {
        assert!(with_edges(2, &[(0, 7), (9, 1), (usize::MAX, 0)]).needs().is_empty());
    }

    #[test]
    fn a_group_is_the_ecosystems_own_and_in_its_spelling() {
        let package = |purl: Purl, name: &str| {
            let mut package = Package::new(purl, Basis::Installed, Evidence::metadata("x", "y"));
            package.name = name.into();
            package
        };
        let of = |purl: Purl, name: &str| {
            let package = package(purl, name);
            let (group, name) = group_and_name(&package);
            (group.map(str::to_owned), name.to_owned())
        };
        assert_eq!(of(Purl::npm("@Aws/X", None), "@Aws/X"), (Some("@Aws".into()), "X".into()));
        assert_eq!(of(Purl::new("maven", "b", None).in_namespace("a.c"), "a.c:b"), (Some("a.c".into()), "b".into()));
        assert_eq!(of(Purl::new("maven", "b", None).in_namespace("a.c"), "a.cd"), (Some("a.c".into()), "a.cd".into()));
        assert_eq!(of(Purl::golang("github.com/a/b", None), "github.com/a/b"), (None, "github.com/a/b".into()));
        assert_eq!(of(Purl::new("deb", "b", None).in_namespace("debian"), "b"), (None, "b".into()));
    }
}
