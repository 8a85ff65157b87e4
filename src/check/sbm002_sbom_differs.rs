//! SBM002: an attested SBOM does not say what is in the artifact.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::Copies;
use super::leniency::Leniency;
use super::listing::{capped, count};
use super::signed::{signatures, verified};
use super::{Check, Context};
use crate::catalog::embedded_sbom::{self, StatedBom};
use crate::catalog::{Basis, Catalog, Flaw, Package, PackageKind, Purl, Relation, Scope};
use crate::evidence::Artifact;
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::gap::GapReason;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::signature::{self, Statement};

static RULE: Rule = Rule {
    id: "SBM002",
    slug: "sbom-differs",
    title: "An attested SBOM differs from what is in the artifact",
    severity: Severity::High,
    explanation: "A signer whom the policy trusts attested an SBOM for this very digest, and the artifact holds packages that the SBOM does \
        not list, or lists in another version. Whoever searches SBOMs for a vulnerable or forbidden package does not find it here. Either the \
        SBOM was made from something else than what was shipped (a lockfile, an earlier build), or something was added behind its maker's back. \
        Packages are compared by the type, namespace, name and version of their package URLs; of several SBOMs, what any of them lists is \
        listed. Only packages that are installed count as there. What an SBOM lists and is not found is told at info: it may be \
        compiled in, or needed only to build.",
    remediation: "Make the SBOM from the artifact as it is shipped, and attest that one. If a package is not known to the build, find out how \
        it came in.",
    evidence: &[EvidenceKind::Artifact, EvidenceKind::Policy],
    tampering: false,
    caveat: "",
};

pub(super) struct SbomDiffers;

impl Check for SbomDiffers {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SBM002.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let attested = cx.artifacts().filter_map(|artifact| {
            let ids: Vec<&str> = trusted(cx, artifact).map(|basis| basis.signature_id.as_str()).collect();
            (!ids.is_empty()).then(|| (artifact, (ids, Leniency::of(cx, &artifact.subject))))
        });
        for ((_, leniency), copies) in Copies::group(attested) {
            let catalog = match &copies.lead.packages {
                Observed::Present(catalog) => catalog.as_ref(),
                // A gap, told as such.
                Observed::Absent | Observed::Unknown(_) => continue,
            };
            let attested = Attested::read(trusted(cx, copies.lead));
            let found = if attested.is_cut { Differences::default() } else { Differences::between(catalog, &attested.boms) };
            for mut finding in [differs(cx, &copies, &attested, &found), incomplete(cx, &copies, catalog, &attested)].into_iter().flatten()
            {
                leniency.apply(&mut finding);
                findings.push(finding);
            }
        }
    }
}

/// The SBOMs about an artifact that are signed by somebody on whom the decision about it rests. Anybody can attest anything about it.
fn trusted<'a>(cx: &Context<'a>, artifact: &'a Artifact) -> impl Iterator<Item = &'a signature::Basis> + use<'a> {
    let rests_on = cx.decision(&artifact.subject).map(|decision| decision.rests_on.as_slice()).unwrap_or_default();
    let bases = signatures(artifact).iter().filter_map(verified).map(|proof| proof.basis());
    bases.filter(|basis| basis.statement.as_ref().is_some_and(Statement::is_sbom)).filter(move |basis| {
        let signer = printable(&basis.identity.describe()).into_owned();
        rests_on.iter().any(|support| support.scheme == basis.scheme && support.signer == signer)
    })
}

/// What trusted signers attest.
#[derive(Default)]
struct Attested {
    boms: Vec<StatedBom>,
    /// One line for each attestation.
    told: Vec<String>,
    /// Why SBOMs, or parts of them, could not be read; safe to print.
    unread: Vec<String>,
    /// True where one of them, or a part of one, was not read: what is not seen in them may be there.
    is_cut: bool,
    /// True where one of them is about the artifact itself, and not about an index that lists it.
    is_about_itself: bool,
}

impl Attested {
    fn read<'a>(bases: impl Iterator<Item = &'a signature::Basis>) -> Self {
        let mut all = Self::default();
        let mut seen = BTreeSet::new();
        for basis in bases {
            let Some(statement) = basis.statement.as_ref().filter(|_| seen.insert(&basis.signature_id)) else { continue };
            let signer = printable(&basis.identity.describe()).into_owned();
            let about = if basis.target.index_above { " (about the index that lists it)" } else { "" };
            let name = format!("the SBOM {} by {signer}{about}", printable(&statement.predicate_type));
            let flaw = |flaw: &Flaw| format!("{name}: {}", printable(&flaw.detail));
            match embedded_sbom::read_predicate(&statement.predicate) {
                Ok(bom) => {
                    all.is_about_itself |= !basis.target.index_above;
                    all.is_cut |= bom.flaws.iter().any(|flaw| matches!(flaw.reason, GapReason::TooLarge { .. }));
                    all.unread.extend(bom.flaws.iter().map(flaw));
                    all.told.push(format!("{name} lists {}", count(bom.components().count(), "package")));
                    all.boms.push(bom);
                }
                Err(error) => {
                    all.is_cut = true;
                    all.unread.push(flaw(&error));
                }
            }
        }
        all
    }
}

/// How the artifact and its SBOMs differ; each list safe to print.
#[derive(Default)]
struct Differences {
    undeclared: BTreeSet<String>,
    other_versions: BTreeSet<String>,
    not_found: BTreeSet<String>,
    /// True where a package URL said what is listed, and not only a name.
    is_by_purl: bool,
}

impl Differences {
    fn between(catalog: &Catalog, boms: &[StatedBom]) -> Self {
        let mut found = Self::default();
        if boms.is_empty() {
            return found;
        }
        let stated = Names::of(boms.iter().flat_map(|bom| &bom.packages));
        found.is_by_purl = !stated.by_purl.is_empty();
        let owners: BTreeMap<usize, &Package> = catalog
            .edges
            .iter()
            .filter(|edge| edge.relation == Relation::OwnedBy)
            .filter_map(|edge| Some((edge.from, catalog.packages.get(edge.to)?)))
            .collect();
        for (place, package) in catalog.packages.iter().enumerate() {
            if !must_be_listed(package) {
                continue;
            }
            // What a package of the operating system brought may stand in the SBOM as that package alone.
            match stated.versions(&package.purl) {
                None if owners.get(&place).is_some_and(|owner| stated.versions(&owner.purl).is_some()) => {}
                None => drop(found.undeclared.insert(here(package))),
                Some(versions) => {
                    let own = version(&package.purl);
                    if own.is_some_and(|own| !versions.is_empty() && !versions.contains(&own)) {
                        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
                        found.other_versions.insert(format!("{}, listed as {}", here(package), printable(&versions.join(", "))));
                    }
                }
            }
        }
        let here = Names::of(catalog.packages.iter());
        let components = boms.iter().flat_map(StatedBom::components);
        let visible = components.filter(|package| package.scope != Scope::Excluded && package.purl.kind != "generic");
        found.not_found =
            visible.filter(|p| here.versions(&p.purl).is_none()).map(|p| printable(&p.purl.to_string()).into_owned()).collect();
        found
    }
}

/// True for what every SBOM of an artifact has to list: what is installed, by a name that tools agree on. Some tools leave out the standard
/// library of Go.
fn must_be_listed(package: &Package) -> bool {
    let is_standard_library = package.purl.kind == "golang" && matches!(package.purl.name.as_str(), "stdlib" | "std");
    package.basis == Basis::Installed
        && package.kind != PackageKind::OperatingSystem
        && package.purl.kind != "generic"
        && !is_standard_library
}

/// A package, with the first file that says that it is there.
fn here(package: &Package) -> String {
    let place = package.evidence.first().map(|evidence| format!(" ({})", printable(&evidence.path))).unwrap_or_default();
    format!("{}{place}", printable(&package.purl.to_string()))
}

/// Packages by what tells them apart, each with its versions.
#[derive(Default)]
struct Names {
    by_purl: BTreeMap<(String, Option<String>, String), BTreeSet<String>>,
    /// Those of Maven by the name alone.
    by_artifact: BTreeMap<String, BTreeSet<String>>,
    /// Those of which only a name is known, in all forms in which tools write it.
    by_name: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    fn of<'a>(packages: impl Iterator<Item = &'a Package>) -> Self {
        let mut names = Self::default();
        for package in packages {
            let purl = &package.purl;
            if purl.kind == "generic" {
                let group = purl.namespace.as_deref();
                let forms = group.iter().flat_map(|group| [format!("{group}/{}", purl.name), format!("{group}:{}", purl.name)]);
                for form in forms.chain([purl.name.clone()]) {
                    names.by_name.entry(form.to_lowercase()).or_default().extend(version(purl));
                }
            } else {
                if purl.kind == "maven" {
                    names.by_artifact.entry(purl.name.clone()).or_default().extend(version(purl));
                }
                names.by_purl.entry(identity(purl)).or_default().extend(version(purl));
            }
        }
        names
    }

    /// The versions under which a package stands here; empty where it stands without one, `None` where it does not stand here.
    fn versions(&self, purl: &Purl) -> Option<BTreeSet<String>> {
        let (kind, namespace, name) = identity(purl);
        let mut all: Option<BTreeSet<String>> = None;
        let mut add = |versions: &BTreeSet<String>| all.get_or_insert_default().extend(versions.iter().cloned());
        if let Some(versions) = self.by_purl.get(&(kind.clone(), namespace.clone(), name.clone())) {
            add(versions);
        }
        // A jar need not say its group.
        if kind == "maven" && namespace.is_none() {
            self.by_artifact.get(&name).into_iter().for_each(&mut add);
        } else if kind == "maven" {
            self.by_purl.get(&(kind, None, name)).into_iter().for_each(&mut add);
        }
        let bare = purl.name.to_lowercase();
        let full = purl.full_name().to_lowercase();
        // The bare name of a scoped package or of a module is another package.
        let is_bare_enough = full != bare && (purl.kind == "maven" || is_of_a_distribution(&purl.kind));
        self.by_name.get(&full).into_iter().for_each(&mut add);
        self.by_name.get(&bare).filter(|_| is_bare_enough).into_iter().for_each(&mut add);
        all
    }
}

/// Type, namespace and name, as far as tools agree on them.
fn identity(purl: &Purl) -> (String, Option<String>, String) {
    let ignores_case = matches!(purl.kind.as_str(), "nuget" | "hex" | "composer");
    let name = if ignores_case { purl.name.to_lowercase() } else { purl.name.clone() };
    // `amzn` and `amazon`: the names of distributions differ from tool to tool, and an artifact has one distribution.
    let namespace = if is_of_a_distribution(&purl.kind) { None } else { purl.namespace.clone() };
    (purl.kind.clone(), namespace, name)
}

fn is_of_a_distribution(kind: &str) -> bool {
    matches!(kind, "deb" | "rpm" | "apk")
}

/// The version without what some tools write and others don't: an epoch, a leading `v`.
fn version(purl: &Purl) -> Option<String> {
    let version = purl.version.as_deref()?;
    let version = version.split_once(':').filter(|(epoch, _)| epoch.bytes().all(|b| b.is_ascii_digit())).map_or(version, |(_, rest)| rest);
    let is_number = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
    Some(version.strip_prefix('v').filter(is_number).unwrap_or(version).to_owned())
}

fn differs(cx: &Context<'_>, copies: &Copies<'_>, attested: &Attested, found: &Differences) -> Option<Finding> {
    let subject = &copies.lead.subject;
    let (undeclared, others) = (found.undeclared.len(), found.other_versions.len());
    let is_wrong = undeclared + others > 0;
    // Of what was not read whole, nothing is known to be missing.
    let not_found = if is_complete(copies.lead) { found.not_found.len() } else { 0 };
    if !is_wrong && not_found == 0 {
        return None;
    }
    let message = if is_wrong {
        let parts = [(undeclared, "that its attested SBOM does not list"), (others, "that it lists in another version")];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let told: Vec<String> = parts.map(|(number, what)| format!("{} {what}", count(number, "package"))).collect();
        format!("{subject} holds {}", told.join(", and "))
    } else {
        format!(
            "the attested SBOM of {subject} lists {} that {} not found in it",
            count(not_found, "package"),
            if not_found == 1 { "was" } else { "were" }
        )
    };
    let mut details = capped(attested.told.iter().cloned());
    details.extend(capped(found.undeclared.iter().map(|line| format!("not listed: {line}"))));
    details.extend(capped(found.other_versions.iter().map(|line| format!("another version: {line}"))));
    if not_found > 0 {
        details.extend(capped(found.not_found.iter().map(|line| format!("listed and not found: {line}"))));
    }
    let mut finding = copies.finding(cx, &RULE, message, details);
    if !is_wrong {
        finding.severity = Severity::Info;
        finding.key = "not-found".into();
    } else if !attested.is_about_itself {
        finding.severity = Severity::Medium;
    }
    if !found.is_by_purl {
        finding.confidence = Confidence::Medium;
        finding.details.push("the SBOM has no package URLs, so names were compared".into());
    }
    Some(finding)
}

fn is_complete(artifact: &Artifact) -> bool {
    artifact.packages.present().is_some_and(|catalog| catalog.gaps.is_empty())
}

/// What could not be compared.
fn incomplete(cx: &Context<'_>, copies: &Copies<'_>, catalog: &Catalog, attested: &Attested) -> Option<Finding> {
    let gaps: BTreeSet<String> = catalog
        .gaps
        .iter()
        .map(|gap| format!("{} ({}): {}: {}", printable(&gap.path), gap.cataloger, gap.reason, printable(&gap.detail)))
        .collect();
    if gaps.is_empty() && attested.unread.is_empty() {
        return None;
    }
    let message = format!("the attested SBOM of {} could not be compared in full with what it holds", copies.lead.subject);
    let details = capped(attested.unread.iter().cloned().chain(gaps));
    let mut finding = copies.finding(cx, &RULE, message, details);
    finding.status = Status::Incomplete;
    finding.key = "incomplete".into();
    Some(finding)
}
