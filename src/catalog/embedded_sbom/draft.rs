//! What a document states, as it is put together: each package once, whatever number of components says it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cut;
use crate::catalog::{Basis, Edge, Flaw, Licence, Link, LinkKind, Package, PackageHash, PackageKind, Purl, Relation, Scope};

/// Components, files among them, of one document. Those of whole images have some 10,000.
const MAX_COMPONENTS: usize = 50_000;
/// References that relations may name.
const MAX_REFERENCES: usize = 200_000;
/// Relations of one document. Those of whole images have some 10,000, each file of each package counted.
const MAX_RELATIONS: usize = 500_000;
/// Files that one document may tie to packages.
const MAX_FILES: usize = 200_000;
/// Bytes of a name, version, reference or path.
const MAX_TEXT: usize = 4_096;
/// Characters of a description.
const MAX_DESCRIPTION: usize = 500;
/// Licences, hashes, CPEs, addresses and occurrences of one component.
pub(super) const MAX_WORDS: usize = 64;
/// Flaws that are told one by one.
const MAX_FLAWS: usize = 20;

/// Qualifiers that say where a package came from, and not which one it is; and those that only one tool writes.
const SAY_WHENCE: [&str; 6] = ["download_url", "vcs_url", "repository_url", "checksum", "file_name", "upstream"];

/// What an SBOM states. All text is foreign: print through `printable`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBom {
    /// Its format.
    pub format: StatedFormat,
    /// Its version: `1.6`, `2.3`.
    pub version: String,
    /// What it is about, where it says so.
    pub subject: Option<StatedSubject>,
    /// The packages that it states, in its order, each once. None has evidence: the document is all there is.
    pub packages: Vec<Package>,
    /// Relations that it states, by index into `packages`, sorted.
    pub edges: Vec<Edge>,
    /// What could not be understood of it, or was too much.
    pub flaws: Vec<Flaw>,
    /// For documents of this program: the basis that they give packages, by index into `packages`. Only what compares documents may
    /// believe it: whoever writes an SBOM into an artifact can write this as well.
    pub bases: BTreeMap<usize, Basis>,
    /// For documents of this program: the executables that no package covers, path to SHA-256. `None` for documents of others.
    pub unidentified: Option<BTreeMap<String, String>>,
    /// For documents of this program: how many gaps they state.
    pub gaps: usize,
}

impl StatedBom {
    /// The packages but the one that it is about.
    pub fn components(&self) -> impl Iterator<Item = &Package> {
        let subject = self.subject.as_ref().and_then(|subject| subject.package);
        self.packages.iter().enumerate().filter(move |(place, _)| Some(*place) != subject).map(|(_, package)| package)
    }
}

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedFormat {
    /// CycloneDX, JSON.
    CycloneDx,
    /// SPDX 2, JSON.
    Spdx,
}

impl StatedFormat {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::CycloneDx => "CycloneDX",
            Self::Spdx => "SPDX",
        }
    }
}

/// What an SBOM is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedSubject {
    /// Its name, as written.
    pub name: String,
    /// Its version, as written.
    pub version: Option<String>,
    /// Index into the packages, where it is a package and not only a file, folder or image.
    pub package: Option<usize>,
}

/// A component as either format has it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub reference: Option<String>,
    pub what: What,
    /// It is what the document is about: a package only where it has a package URL.
    pub is_subject: bool,
    pub group: Option<String>,
    pub name: String,
    pub version: Option<String>,
    pub purl: Option<String>,
    pub scope: Option<Scope>,
    pub licences: Vec<Licence>,
    pub hashes: BTreeSet<PackageHash>,
    pub cpes: Vec<String>,
    pub supplier: Option<String>,
    pub description: Option<String>,
    pub links: BTreeSet<Link>,
    pub files: Vec<String>,
    /// What properties of this program say.
    pub basis: Option<Basis>,
    pub is_unidentified: bool,
}

impl Said {
    /// A property or annotation, where it is this program's.
    pub(super) fn mark(&mut self, name: &str, value: &str) {
        match name {
            "layerproof:basis" => {
                let all = [Basis::Installed, Basis::Embedded, Basis::Declared, Basis::Heuristic];
                self.basis = all.into_iter().find(|basis| basis.id() == value);
            }
            "layerproof:unidentified" => self.is_unidentified = true,
            _ => {}
        }
    }
}

/// What a component is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A package.
    Package(PackageKind),
    /// Not said.
    #[default]
    Unsaid,
    /// A file.
    File,
    /// A device, an image, data: no package.
    Other,
}

/// See the module.
pub(super) struct Draft {
    bom: StatedBom,
    by_purl: HashMap<Purl, usize>,
    references: HashMap<String, u32>,
    /// The package that a reference means.
    meant: HashMap<u32, usize>,
    file_names: HashMap<u32, String>,
    relations: Vec<(u32, Relation, u32)>,
    unidentified: BTreeMap<String, String>,
    is_ours: bool,
    components: usize,
    files: usize,
    reached: BTreeMap<&'static str, usize>,
    untold: usize,
}

impl Draft {
    pub(super) fn new(format: StatedFormat, version: &str) -> Self {
        let bom = StatedBom {
            format,
            version: version.to_owned(),
            subject: None,
            packages: Vec::new(),
            edges: Vec::new(),
            flaws: Vec::new(),
            bases: BTreeMap::new(),
            unidentified: None,
            gaps: 0,
        };
        Self {
            bom,
            by_purl: HashMap::new(),
            references: HashMap::new(),
            meant: HashMap::new(),
            file_names: HashMap::new(),
            relations: Vec::new(),
            unidentified: BTreeMap::new(),
            is_ours: false,
            components: 0,
            files: 0,
            reached: BTreeMap::new(),
            untold: 0,
        }
    }

    /// A limit of a format kept something from being read.
    pub(super) fn reach(&mut self, limit: &'static str, most: usize) {
        self.reached.insert(limit, most);
    }

    /// True where one more component may be read; it then counts.
    pub(super) fn takes_one_more(&mut self) -> bool {
        if self.components >= MAX_COMPONENTS {
            self.reached.insert("embedded_sbom::MAX_COMPONENTS", MAX_COMPONENTS);
            return false;
        }
        self.components = self.components.saturating_add(1);
        true
    }

    /// The number of a reference.
    pub(super) fn reference(&mut self, text: &str) -> Option<u32> {
        if let Some(known) = self.references.get(text) {
            return Some(*known);
        }
        if self.references.len() >= MAX_REFERENCES || text.len() > MAX_TEXT {
            self.reached.insert("embedded_sbom::MAX_REFERENCES", MAX_REFERENCES);
            return None;
        }
        let number = u32::try_from(self.references.len()).ok()?;
        self.references.insert(text.to_owned(), number);
        Some(number)
    }

    pub(super) fn relate(&mut self, from: &str, relation: Relation, to: &str) {
        if self.relations.len() >= MAX_RELATIONS {
            self.reached.insert("embedded_sbom::MAX_RELATIONS", MAX_RELATIONS);
        } else if let (Some(from), Some(to)) = (self.reference(from), self.reference(to)) {
            self.relations.push((from, relation, to));
        }
    }

    /// Adds a component; gives the package that it is, or that it is a part of. `parent` is the package that it lies in.
    pub(super) fn add(&mut self, said: Said, parent: Option<usize>) -> Option<usize> {
        let subject = said.is_subject.then(|| StatedSubject { name: said.name.clone(), version: said.version.clone(), package: None });
        let place = self.add_package(said, parent);
        if let Some(subject) = subject {
            self.bom.subject = Some(StatedSubject { package: place, ..subject });
        }
        place
    }

    fn add_package(&mut self, said: Said, parent: Option<usize>) -> Option<usize> {
        let place = match said.what {
            What::File => {
                let sha256 = said.hashes.iter().find(|hash| hash.algorithm == "SHA-256");
                if let Some(sha256) = sha256.filter(|_| said.is_unidentified && said.name.len() <= MAX_TEXT) {
                    self.unidentified.insert(said.name.clone(), sha256.hex.clone());
                }
                if let Some(parent) = parent {
                    self.tie(parent, &said.name);
                }
                return None;
            }
            What::Other => return None,
            What::Package(_) | What::Unsaid => self.package(&said)?,
        };
        if let Some(number) = said.reference.as_deref().and_then(|reference| self.reference(reference)) {
            self.meant.insert(number, place);
        }
        if let Some(parent) = parent.filter(|parent| *parent != place) {
            self.bom.edges.push(Edge { from: parent, relation: Relation::Contains, to: place });
        }
        for file in &said.files {
            self.tie(place, file);
        }
        if let Some(basis) = said.basis {
            self.bom.bases.entry(place).and_modify(|known| *known = basis.min(*known)).or_insert(basis);
        }
        if let Some(package) = self.bom.packages.get_mut(place) {
            told_more(package, said);
        }
        Some(place)
    }

    /// Says that a file is a package's: a path as written, without what leads to the root.
    fn tie(&mut self, place: usize, path: &str) {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        if path.is_empty() || path.len() > MAX_TEXT || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return;
        }
        if self.files >= MAX_FILES {
            self.reached.insert("embedded_sbom::MAX_FILES", MAX_FILES);
        } else if let Some(package) = self.bom.packages.get_mut(place) {
            self.files = self.files.saturating_add(1);
            package.files.insert(path.to_owned());
        }
    }

    /// A property or annotation of the document, where it is this program's.
    pub(super) fn mark(&mut self, name: &str) {
        self.is_ours |= name.starts_with("layerproof:composition:");
        if name == "layerproof:gap" {
            self.bom.gaps = self.bom.gaps.saturating_add(1);
        }
    }

    /// Says how a file is called that relations name.
    pub(super) fn name_file(&mut self, reference: &str, name: &str) {
        if self.file_names.len() >= MAX_FILES {
            self.reached.insert("embedded_sbom::MAX_FILES", MAX_FILES);
        } else if name.len() <= MAX_TEXT
            && let Some(number) = self.reference(reference)
        {
            self.file_names.insert(number, name.to_owned());
        }
    }

    /// Says that a package is not needed to run.
    pub(super) fn exclude(&mut self, reference: &str) {
        let place = self.references.get(reference).and_then(|number| self.meant.get(number)).copied();
        if let Some(package) = place.and_then(|place| self.bom.packages.get_mut(place)) {
            package.scope = Scope::Excluded;
        }
    }

    pub(super) fn flaw(&mut self, detail: &str) {
        if self.bom.flaws.len() < MAX_FLAWS {
            self.bom.flaws.push(Flaw::malformed(detail));
        } else {
            self.untold = self.untold.saturating_add(1);
        }
    }

    pub(super) fn finish(mut self) -> StatedBom {
        for (from, relation, to) in std::mem::take(&mut self.relations) {
            let Some(from) = self.meant.get(&from).copied() else { continue };
            if let Some(to) = self.meant.get(&to).copied() {
                if from != to {
                    self.bom.edges.push(Edge { from, relation, to });
                }
            } else if relation == Relation::Contains
                && let Some(name) = self.file_names.get(&to).cloned()
            {
                self.tie(from, &name);
            }
        }
        self.bom.unidentified = self.is_ours.then_some(self.unidentified);
        self.bom.edges.sort_unstable();
        self.bom.edges.dedup();
        if self.untold > 0 {
            self.bom.flaws.push(Flaw::malformed(format!("and {} more", self.untold)));
        }
        let reached = self.reached.into_iter();
        self.bom.flaws.extend(reached.map(|(limit, most)| Flaw::too_large(limit, format!("more than {most}; the rest was not read"))));
        self.bom
    }

    /// The place of the package that a component is, added where it is new. `None` for one that says too little to be a package.
    fn package(&mut self, said: &Said) -> Option<usize> {
        if said.name.is_empty() && said.purl.is_none() {
            self.flaw("a component has no name");
            return None;
        }
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > MAX_TEXT);
        if said.name.len() > MAX_TEXT || long(&said.version) || long(&said.group) {
            self.flaw(&format!("a component's name or version has more than {MAX_TEXT} bytes: `{}`", cut(&said.name)));
            return None;
        }
        let read = said.purl.as_deref().filter(|purl| !purl.is_empty()).and_then(|text| match text.parse::<Purl>() {
            Ok(purl) => Some(purl),
            Err(error) => {
                self.flaw(&format!("component `{}`: `{}` is no package URL: {error}", cut(&said.name), cut(text)));
                None
            }
        });
        let purl = match read {
            // Images that an image was built from.
            Some(purl) if matches!(purl.kind.as_str(), "oci" | "docker") => return None,
            Some(purl) => settled(purl),
            // What lists files as programs: `package-lock.json` in Trivy's documents.
            None if said.what == What::Package(PackageKind::Application) && said.version.is_none() && said.cpes.is_empty() => return None,
            None if said.is_subject || said.name.is_empty() => return None,
            None => Purl::new("generic", &said.name, said.version.as_deref()).in_namespace(said.group.as_deref().unwrap_or_default()),
        };
        if let Some(known) = self.by_purl.get(&purl) {
            return Some(*known);
        }
        let place = self.bom.packages.len();
        self.by_purl.insert(purl.clone(), place);
        self.bom.packages.push(new_package(purl, said));
        Some(place)
    }
}

fn new_package(purl: Purl, said: &Said) -> Package {
    let same = |name: &str| Purl::new(&purl.kind, name, None).name == purl.name;
    let name = if purl.namespace.is_none() && same(&said.name) { said.name.clone() } else { purl.full_name() };
    Package {
        purl,
        name,
        basis: Basis::Embedded,
        kind: match said.what {
            What::Package(kind) => kind,
            What::Unsaid | What::File | What::Other => PackageKind::Library,
        },
        scope: said.scope.unwrap_or(Scope::Required),
        licences: Vec::new(),
        hashes: BTreeSet::new(),
        cpes: Vec::new(),
        supplier: None,
        description: None,
        links: BTreeSet::new(),
        evidence: BTreeSet::new(),
        files: BTreeSet::new(),
        root: None,
        properties: BTreeMap::new(),
    }
}

/// One more component that is this package.
fn told_more(package: &mut Package, said: Said) {
    package.scope = package.scope.min(said.scope.unwrap_or(Scope::Required));
    if package.licences.is_empty() {
        package.licences = said.licences;
    }
    package.hashes.extend(said.hashes);
    for cpe in said.cpes {
        if package.cpes.len() < MAX_WORDS && !package.cpes.contains(&cpe) {
            package.cpes.push(cpe);
        }
    }
    package.supplier = package.supplier.take().or(said.supplier);
    let first_line = |text: String| text.trim().lines().next().map(|line| line.chars().take(MAX_DESCRIPTION).collect::<String>());
    package.description = package.description.take().or_else(|| said.description.and_then(first_line)).filter(|line| !line.is_empty());
    package.links.extend(said.links);
}

/// Without what does not tell packages apart. A subpath is a part of a package, but for Go, where some tools split module paths so.
fn settled(mut purl: Purl) -> Purl {
    if let Some(subpath) = purl.subpath.take()
        && purl.kind == "golang"
    {
        purl.namespace = Some(purl.full_name());
        let (folders, name) = subpath.rsplit_once('/').map_or((None, subpath.as_str()), |(folders, name)| (Some(folders), name));
        if let (Some(namespace), Some(folders)) = (&mut purl.namespace, folders) {
            namespace.push('/');
            namespace.push_str(folders);
        }
        purl.name = name.to_owned();
    }
    for key in SAY_WHENCE {
        purl.qualifiers.remove(key);
    }
    match purl.kind.as_str() {
        "golang" => purl.qualifiers.clear(),
        "maven" if purl.qualifiers.get("type").is_some_and(|kind| kind == "jar") => {
            purl.qualifiers.remove("type");
        }
        _ => {}
    }
    purl
}

/// A hash, where it is one: `SHA-256` and its like, with hexadecimal digits.
pub(super) fn hash(algorithm: &str, hex: &str) -> Option<PackageHash> {
    const MAX_DIGITS: usize = 256;
    let is_name = |text: &str| text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let is_hex = !hex.is_empty() && hex.len() <= MAX_DIGITS && hex.bytes().all(|b| b.is_ascii_hexdigit());
    (is_name(algorithm) && is_hex).then(|| PackageHash { algorithm: algorithm.to_owned(), hex: hex.to_ascii_lowercase() })
}

/// A CPE 2.3 name, where it is one.
pub(super) fn cpe(text: String) -> Option<String> {
    (text.starts_with("cpe:2.3:") && text.len() <= MAX_TEXT).then_some(text)
}

/// An address, where it is one.
pub(super) fn link(kind: LinkKind, url: String) -> Option<Link> {
    (url.contains("://") && url.len() <= MAX_TEXT).then_some(Link { kind, url })
}
