//! Go programs: the modules that they are made of, from their build information. Format: Go's `debug/buildinfo` and `runtime/debug.BuildInfo`.

mod build_info;
mod ldflags;

use std::collections::BTreeMap;

use build_info::{BuildInfo, Module};

use super::elf_image::Elf;
use super::executable_file::want_elf;
use super::{Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Package, PackageKind, Purl, Relation, Technique, Want};

/// See the module.
pub(super) struct GoPrograms;

impl Cataloger for GoPrograms {
    fn name(&self) -> &'static str {
        "go"
    }

    fn describe(&self) -> &'static str {
        "Go programs: main module, modules and standard library, from build information"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        want_elf(file)
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let Some(found) = file.elf().and_then(build_info::find) else { return Ok(Facts::default()) };
        let (info, flaws) = found?;
        let mut facts = packages(&info, file.path());
        facts.flaws = flaws;
        Ok(facts)
    }
}

/// Whether a program's build information names what it is: then it is covered.
pub(super) fn covers(elf: &Elf<'_>) -> bool {
    matches!(build_info::find(elf), Some(Ok((info, _))) if main_name(&info).is_some())
}

/// Whether build information says that no C was linked into it.
pub(super) fn is_without_c(elf: &Elf<'_>) -> bool {
    matches!(build_info::find(elf), Some(Ok((info, _))) if info.setting("CGO_ENABLED") == Some("0"))
}

/// The package that the file is: its main module, or the standard library for Go's own commands.
fn main_name(info: &BuildInfo) -> Option<&str> {
    match &info.main {
        Some(main) => Some(&main.path),
        None if info.path.starts_with("cmd/") => Some("stdlib"),
        None => None,
    }
}

fn packages(info: &BuildInfo, path: &str) -> Facts {
    let evidence = Evidence { path: path.to_owned(), cataloger: "go".into(), technique: Technique::BinaryAnalysis, confidence: 100 };
    let mut facts = Facts::default();
    let mut main_at = None;
    if let Some(main) = &info.main {
        let mut package = package(main, &evidence);
        package.kind = PackageKind::Application;
        package.files.insert(path.to_owned());
        if package.purl.version.is_none()
            && let Some(version) = info.setting("-ldflags").and_then(|flags| ldflags::version(flags, &main.path))
        {
            package.purl.version = Some(version);
            property(&mut package, "version-from", "ldflags");
        }
        for (setting, name) in
            [("vcs", "vcs"), ("vcs.revision", "vcs-revision"), ("vcs.time", "vcs-time"), ("vcs.modified", "vcs-modified")]
        {
            if let Some(value) = info.setting(setting) {
                property(&mut package, name, value);
            }
        }
        if !info.path.is_empty() && info.path != main.path {
            property(&mut package, "go-package", &info.path);
        }
        main_at = Some(facts.packages.len());
        facts.packages.push(package);
    } else if main_name(info).is_none() {
        facts.incomplete = Some(format!("{path} is a Go program without a main module"));
    }
    if let Some(mut stdlib) = stdlib(&info.go_version, &evidence) {
        if main_name(info) == Some("stdlib") {
            stdlib.files.insert(path.to_owned());
        }
        facts.packages.push(stdlib);
    }
    facts.packages.extend(info.modules.iter().map(|module| package(module, &evidence)));
    if let Some(from) = main_at {
        let others = from.saturating_add(1)..facts.packages.len();
        facts.edges = others.map(|to| Edge { from, relation: Relation::DependsOn, to }).collect();
    }
    facts
}

fn package(module: &Module, evidence: &Evidence) -> Package {
    // What replaces a module is what is there; a folder that replaces one has no name but the module's.
    let (there, replaced) = match module.replaced_by.as_deref() {
        Some(by) if !by.is_folder() => (by, Some(module)),
        Some(_) | None => (module, None),
    };
    let folder = module.replaced_by.as_deref().filter(|by| by.is_folder());
    let version = if folder.is_some() { None } else { there.known_version() };
    let mut package = Package::new(Purl::golang(&there.path, version), Basis::Installed, evidence.clone());
    package.name.clone_from(&there.path);
    if !there.sum.is_empty() && folder.is_none() {
        property(&mut package, "go-sum", &there.sum);
    }
    if let Some(module) = replaced {
        property(&mut package, "replaces", &format!("{} {}", module.path, module.version));
    }
    if let Some(folder) = folder {
        property(&mut package, "replaced-by-folder", &folder.path);
        if let Some(version) = module.known_version() {
            property(&mut package, "replaced-version", version);
        }
    }
    package
}

/// The standard library: `go1.22.3` is 1.22.3; `go1.24.1 X:boringcrypto` is 1.24.1; of a development version none is known.
fn stdlib(go_version: &str, evidence: &Evidence) -> Option<Package> {
    if go_version.is_empty() {
        return None;
    }
    let version = go_version.strip_prefix("go").and_then(|version| version.split([' ', '-', '+']).next());
    let version = version.filter(|version| version.starts_with(|first: char| first.is_ascii_digit()));
    let mut package = Package::new(Purl::golang("stdlib", version), Basis::Installed, evidence.clone());
    if let Some(version) = version.filter(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
        package.cpes.push(format!("cpe:2.3:a:golang:go:{version}:*:*:*:*:*:*:*"));
    }
    if Some(go_version) != version.map(|version| format!("go{version}")).as_deref() {
        property(&mut package, "go-version", go_version);
    }
    Some(package)
}

fn property(package: &mut Package, name: &str, value: &str) {
    let properties: &mut BTreeMap<String, String> = &mut package.properties;
    properties.insert(format!("layerproof:{name}"), value.to_owned());
}

#[cfg(test)]
mod tests;
