//! .NET: `NAME.deps.json`, which the SDK writes beside a published application, and `NAME.runtimeconfig.json`.
//! Formats: dotnet/sdk, "Runtime Configuration Files" (`documentation/specs/runtime-configuration-file.md`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{
    Assembled, Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Package, PackageHash, PackageKind, Purl, Relation, Scope,
    Seen, View, Want,
};

const NAME: &str = "dotnet";
/// Bytes of one file. Self-contained applications with 500 libraries have some 1 MB.
const MAX_BYTES: u64 = 8 << 20;
/// Libraries of one file. Large applications have some 700.
const MAX_LIBRARIES: usize = 20_000;
/// Files that all libraries of one file list.
const MAX_ASSETS: usize = 200_000;

/// Property: what became of a library's files: `compile-only` where the file says so, `none` where it lists none (used to build, or a
/// package of packages), `not here` where it lists some and the artifact has none of them.
const ASSETS: &str = "layerproof:dotnet-assets";
/// Property: the shared frameworks that an application needs, `NAME VERSION`, joined by commas.
const FRAMEWORKS: &str = "layerproof:dotnet-frameworks";
/// Property: what the file calls it, where that is not `package`.
const TYPE: &str = "layerproof:dotnet-type";
/// Note: a file that a library lists, `PLACE PATH`.
const ASSET: &str = "asset";
/// Note: a framework.
const FRAMEWORK: &str = "framework";

/// See the module.
pub(super) struct DotNet;

impl Cataloger for DotNet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "*.deps.json and *.runtimeconfig.json: NuGet packages, projects and runtimes of .NET applications"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        let is_meant = file.path.ends_with(".deps.json") || file.path.ends_with(".runtimeconfig.json");
        is_meant.then_some(Want::whole(MAX_BYTES, "dotnet::MAX_BYTES"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        if file.path().ends_with(".deps.json") { libraries(file) } else { frameworks(file) }
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let mut frameworks: HashMap<String, String> = HashMap::new();
        let mut all = Vec::new();
        for mut seen in seen {
            if let Some(stem) = seen.path.strip_suffix(".runtimeconfig.json") {
                let names: Vec<String> = seen.facts.notes.into_iter().map(|(_, name)| name).collect();
                frameworks.insert(stem.to_owned(), names.join(", "));
                continue;
            }
            settle(&mut seen, view);
            all.push(seen);
        }
        for seen in &mut all {
            let names = seen.path.strip_suffix(".deps.json").and_then(|stem| frameworks.remove(stem)).filter(|names| !names.is_empty());
            // The application itself is the first project.
            let first = seen.facts.packages.iter_mut().find(|package| package.kind == PackageKind::Application);
            if let (Some(names), Some(first)) = (names, first) {
                first.properties.insert(FRAMEWORKS.into(), names);
            }
        }
        Assembled::each(all)
    }
}

/// `*.deps.json`, as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deps {
    runtime_target: Option<RuntimeTarget>,
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Library>>,
    #[serde(default)]
    libraries: BTreeMap<String, About>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RuntimeTarget {
    Object { name: String },
    Name(String),
}

/// A library of one target: what it needs and which files it brings.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Library {
    dependencies: BTreeMap<String, String>,
    runtime: BTreeMap<String, serde::de::IgnoredAny>,
    native: BTreeMap<String, serde::de::IgnoredAny>,
    resources: BTreeMap<String, Resource>,
    runtime_targets: BTreeMap<String, serde::de::IgnoredAny>,
    compile_only: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    locale: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct About {
    r#type: Option<String>,
    sha512: Option<String>,
    path: Option<String>,
}

/// A byte order mark, as tools for Windows write it, is no part of JSON.
fn read<T: DeserializeOwned>(file: &File<'_>) -> Result<T, Flaw> {
    let bytes: &[u8] = file.bytes;
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).map_err(|e| Flaw::malformed(e.to_string()))
}

fn libraries(file: &File<'_>) -> Result<Facts, Flaw> {
    let Deps { runtime_target, mut targets, libraries } = read(file)?;
    let wanted = runtime_target.map(|target| match target {
        RuntimeTarget::Object { name } | RuntimeTarget::Name(name) => name,
    });
    // The target that runs; a file without its name has one, or some without libraries beside it.
    let named = wanted.and_then(|name| targets.remove(&name)).filter(|target| !target.is_empty());
    let target = named.or_else(|| targets.into_values().max_by_key(BTreeMap::len)).unwrap_or_default();
    if libraries.len() > MAX_LIBRARIES {
        return Err(Flaw::too_large("dotnet::MAX_LIBRARIES", format!("{} libraries, at most {MAX_LIBRARIES} are read", libraries.len())));
    }
    let mut facts = Facts::default();
    let mut places: HashMap<(String, &str), usize> = HashMap::new();
    let mut keys: Vec<&str> = Vec::new();
    for (key, about) in &libraries {
        let Some((name, version)) = key.rsplit_once('/').filter(|(name, _)| !name.is_empty()) else {
            facts.flaws.push(Flaw::malformed("a library without a version"));
            continue;
        };
        let place = facts.packages.len();
        places.insert((name.to_lowercase(), version), place);
        keys.push(key);
        facts.packages.push(package(file.path(), name, version, about));
        let library = target.get(key);
        let files = library.map(|library| assets(library, about)).unwrap_or_default();
        let package = facts.packages.last_mut();
        let is_project = about.r#type.as_deref() == Some("project");
        if let Some(package) = package.filter(|_| files.is_empty() && !is_project) {
            package.basis = Basis::Declared;
            package.scope = Scope::Excluded;
            let is_said = library.is_some_and(|library| library.compile_only);
            package.properties.insert(ASSETS.into(), if is_said { "compile-only" } else { "none" }.into());
        }
        for path in files {
            if facts.notes.len() >= MAX_ASSETS {
                facts.flaws.push(Flaw::too_large("dotnet::MAX_ASSETS", format!("more than {MAX_ASSETS} files are listed")));
                break;
            }
            facts.notes.push((ASSET.to_owned(), format!("{place} {path}")));
        }
    }
    for (from, key) in keys.iter().enumerate() {
        let needs = target.get(*key).into_iter().flat_map(|library| &library.dependencies);
        let found = needs.filter_map(|(name, version)| places.get(&(name.to_lowercase(), version.as_str())));
        facts.edges.extend(found.map(|to| Edge { from, relation: Relation::DependsOn, to: *to }));
    }
    // A flaw for each library says no more than one.
    facts.flaws.dedup();
    Ok(facts)
}

fn package(path: &str, name: &str, version: &str, about: &About) -> Package {
    let kind = about.r#type.as_deref().unwrap_or("package");
    let name = if kind == "runtimepack" { name.strip_prefix("runtimepack.").unwrap_or(name) } else { name };
    let mut package = Package::new(Purl::new("nuget", name, Some(version)), Basis::Installed, Evidence::metadata(path, NAME));
    match kind {
        "package" => {}
        "project" => package.kind = PackageKind::Application,
        "runtimepack" => package.kind = PackageKind::Framework,
        _ => {}
    }
    if kind != "package" {
        package.properties.insert(TYPE.into(), kind.to_owned());
    }
    let hash = about.sha512.as_deref().and_then(|text| data_encoding::BASE64.decode(text.strip_prefix("sha512-")?.as_bytes()).ok());
    if let Some(hash) = hash.filter(|hash| hash.len() == 64) {
        package.hashes.insert(PackageHash { algorithm: "SHA-512".into(), hex: data_encoding::HEXLOWER.encode(&hash) });
    }
    package
}

/// The files that a library brings, each at all places where it may lie, relative to the folder of the file: the application's publisher
/// puts it flat beside it, a folder of packages has it below the package's path. Places of one file are separated by `|`.
fn assets(library: &Library, about: &About) -> Vec<String> {
    if library.compile_only {
        return Vec::new();
    }
    let last = |path: &str| path.rsplit_once('/').map_or(path, |(_, name)| name).to_owned();
    let kept = |path: &str| match &about.path {
        Some(folder) => format!("{path}|{folder}/{path}"),
        None => path.to_owned(),
    };
    // NuGet's `_._` says that a framework brings what would be here.
    let is_file = |path: &&String| last(path) != "_._" && !path.contains('|');
    let mut files = Vec::new();
    files.extend(library.runtime.keys().chain(library.native.keys()).filter(is_file).map(|path| format!("{}|{}", last(path), kept(path))));
    let resources = library.resources.iter().filter(|(path, _)| is_file(path));
    files.extend(resources.map(|(path, resource)| format!("{}/{}|{}", resource.locale, last(path), kept(path))));
    // What is for one platform of many keeps its folder: `runtimes/linux-x64/native/`.
    files.extend(library.runtime_targets.keys().filter(is_file).map(|path| kept(path)));
    files
}

/// Ties the files to their packages; a package of which no file is here is declared only.
fn settle(seen: &mut Seen, view: &View<'_>) {
    let folder = seen.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let mut listing: BTreeSet<usize> = BTreeSet::new();
    for (_, note) in std::mem::take(&mut seen.facts.notes) {
        let Some((place, paths)) = note.split_once(' ') else { continue };
        let Some((place, package)) = place.parse().ok().and_then(|place| Some((place, seen.facts.packages.get_mut(place)?))) else {
            continue;
        };
        listing.insert(place);
        let mut found = paths.split('|').map(|path| format!("{folder}{path}")).filter(|path| view.at(path).is_some());
        package.files.extend(found.next());
    }
    for (place, package) in seen.facts.packages.iter_mut().enumerate() {
        if listing.contains(&place) && package.files.is_empty() {
            package.basis = Basis::Declared;
            package.properties.insert(ASSETS.into(), "not here".into());
        }
        if package.kind == PackageKind::Application {
            package.files.insert(seen.path.clone());
        }
    }
}

/// `*.runtimeconfig.json`, as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeConfig {
    runtime_options: Option<RuntimeOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeOptions {
    framework: Option<Framework>,
    #[serde(default)]
    frameworks: Vec<Framework>,
    #[serde(default)]
    included_frameworks: Vec<Framework>,
}

#[derive(Deserialize)]
struct Framework {
    name: String,
    version: Option<String>,
}

fn frameworks(file: &File<'_>) -> Result<Facts, Flaw> {
    let config: RuntimeConfig = read(file)?;
    let options = config.runtime_options.into_iter();
    let all = options.flat_map(|o| o.framework.into_iter().chain(o.frameworks).chain(o.included_frameworks));
    let words = |framework: Framework| format!("{} {}", framework.name, framework.version.unwrap_or_default()).trim_end().to_owned();
    let names: BTreeSet<String> = all.map(words).take(MAX_LIBRARIES).collect();
    Ok(Facts { notes: names.into_iter().map(|name| (FRAMEWORK.to_owned(), name)).collect(), ..Facts::default() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::unpack::FileTree;

    fn seen(path: &str, text: &str) -> Result<Seen, Flaw> {
        let bytes = Arc::new(text.as_bytes().to_vec());
        let facts = FileFacts::new(path, bytes.len() as u64, None);
        assert!(DotNet.wants(&facts).is_some(), "{path}");
        DotNet.parse(&File::new(facts, &bytes)).map(|facts| Seen { path: path.into(), facts })
    }

    fn assembled(files: &[(&str, &str)], there: &[&str]) -> Assembled {
        let tree = FileTree::of_files(there);
        let view = View::new(tree.entries.iter(), None);
        DotNet.assemble(files.iter().map(|(path, text)| seen(path, text).unwrap()).collect(), &view)
    }

    fn of<'a>(all: &'a Assembled, name: &str) -> &'a Package {
        all.packages.iter().find(|package| package.name == name).unwrap()
    }

    const DEPS: &str = r#"{
        "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
        "targets": {
            ".NETCoreApp,Version=v8.0": {"Wrong/1.0.0": {"runtime": {"Wrong.dll": {}}}, "Orders/1.0.0": {"dependencies": {"Wrong": "1.0.0"}}},
            ".NETCoreApp,Version=v8.0/linux-x64": {
                "Orders/1.0.0": {"dependencies": {"newtonsoft.json": "13.0.3", "Gone": "2.0.0"}, "runtime": {"Orders.dll": {}}},
                "Newtonsoft.Json/13.0.3": {
                    "runtime": {"lib/net6.0/Newtonsoft.Json.dll": {"assemblyVersion": "13.0.0.0"}},
                    "resources": {"lib/net6.0/fr/Newtonsoft.Json.resources.dll": {"locale": "fr"}}
                },
                "SQLite/3.0.0": {"runtimeTargets": {"runtimes/linux-x64/native/libe.so": {"rid": "linux-x64", "assetType": "native"}}},
                "Gone/2.0.0": {"runtime": {"lib/net6.0/Gone.dll": {}}},
                "Placeholder/1.0.0": {"runtime": {"lib/net6.0/_._": {}}},
                "Analyzer/4.0.0": {"compileOnly": true, "runtime": {"Analyzer.dll": {}}},
                "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.Runtime.dll": {}}}
            }
        },
        "libraries": {
            "Orders/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
            "Newtonsoft.Json/13.0.3": {"type": "package", "sha512": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==", "path": "newtonsoft.json/13.0.3"},
            "SQLite/3.0.0": {"type": "package", "sha512": "sha512-short"},
            "Gone/2.0.0": {"type": "package"},
            "Placeholder/1.0.0": {"type": "package", "path": null},
            "Analyzer/4.0.0": {"type": "package"},
            "Wrong/1.0.0": {"type": "reference"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}
        }
    }"#;

    const THERE: [&str; 7] = [
        "app/Orders.deps.json",
        "app/Orders.dll",
        "app/Newtonsoft.Json.dll",
        "app/fr/Newtonsoft.Json.resources.dll",
        "app/runtimes/linux-x64/native/libe.so",
        "app/System.Runtime.dll",
        "Gone.dll",
    ];

    #[test]
    fn what_only_builds_is_not_installed_and_not_dropped_either() {
        let all = assembled(&[("app/Orders.deps.json", DEPS)], &THERE);
        for (name, assets) in [("Analyzer", "compile-only"), ("Placeholder", "none"), ("Wrong", "none")] {
            let package = of(&all, name);
            assert_eq!(
                (package.scope, package.basis, package.properties[ASSETS].as_str()),
                (Scope::Excluded, Basis::Declared, assets),
                "{name}"
            );
        }
        assert_eq!(all.packages.len(), 8);
    }

    #[test]
    fn a_library_whose_files_are_elsewhere_is_declared_only() {
        let all = assembled(&[("app/Orders.deps.json", DEPS)], &THERE);
        let gone = of(&all, "Gone");
        assert_eq!((gone.basis, gone.scope, gone.properties[ASSETS].as_str()), (Basis::Declared, Scope::Required, "not here"));
        let installed: Vec<&str> = all.packages.iter().filter(|p| p.basis == Basis::Installed).map(|p| p.name.as_str()).collect();
        assert_eq!(installed, ["Newtonsoft.Json", "Orders", "SQLite", "Microsoft.NETCore.App.Runtime.linux-x64"]);
    }

    #[test]
    fn files_hashes_and_needs_are_told() {
        let all = assembled(&[("app/Orders.deps.json", DEPS)], &THERE);
        let json = of(&all, "Newtonsoft.Json");
        assert_eq!(json.purl.to_string(), "pkg:nuget/Newtonsoft.Json@13.0.3");
        assert_eq!(json.files.iter().collect::<Vec<_>>(), ["app/Newtonsoft.Json.dll", "app/fr/Newtonsoft.Json.resources.dll"]);
        assert!(json.hashes.first().unwrap().hex.starts_with("cf83e1357eefb8bd") && of(&all, "SQLite").hashes.is_empty());
        assert_eq!(of(&all, "SQLite").files.len(), 1);
        let named: Vec<(&str, &str)> =
            all.edges.iter().map(|e| (all.packages[e.from].name.as_str(), all.packages[e.to].name.as_str())).collect();
        assert_eq!(named, [("Orders", "Gone"), ("Orders", "Newtonsoft.Json")]);
        assert_eq!(of(&all, "Orders").kind, PackageKind::Application);
    }

    #[test]
    fn the_frameworks_are_the_application_s_beside_them() {
        let config = r#"{"runtimeOptions": {"tfm": "net8.0", "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"}}}"#;
        let all = assembled(&[("app/Orders.deps.json", DEPS), ("app/Orders.runtimeconfig.json", config)], &THERE);
        assert_eq!(of(&all, "Orders").properties[FRAMEWORKS], "Microsoft.NETCore.App 8.0.0");
        let all = assembled(&[("app/Orders.deps.json", DEPS), ("other/Orders.runtimeconfig.json", config)], &THERE);
        assert!(!of(&all, "Orders").properties.contains_key(FRAMEWORKS));
    }

    #[test]
    fn a_file_of_another_shape_is_a_flaw_and_a_byte_order_mark_is_none() {
        for text in ["", "[]", "{\"libraries\": 1}", "{\"targets\": {\"a\": []}}", &format!("{}1", "[".repeat(100_000))] {
            assert!(seen("a.deps.json", text).is_err(), "{text:.40}");
        }
        assert!(seen("a.deps.json", "\u{feff}{\"libraries\": {\"NoVersion\": {}}}").unwrap().facts.flaws.len() == 1);
        assert!(DotNet.wants(&FileFacts::new("app/packages.lock.json", 1, None)).is_none());
    }

    #[test]
    fn a_path_with_the_mark_between_places_is_not_taken_for_two() {
        let text = r#"{"targets": {"t": {"A/1": {"runtime": {"x|Orders.dll": {}}}}}, "libraries": {"A/1": {"type": "package"}}}"#;
        assert!(of(&assembled(&[("app/A.deps.json", text)], &THERE), "A").files.is_empty());
    }
}
