//! GraalVM native images: the SBOM that the build put into them. Source: GraalVM, "Software Bill of Materials (SBOM) in Native Image": the
//! exported symbol `sbom` is the address of CycloneDX JSON in gzip, `sbom_length` that of its length, 8 bytes, the lowest first.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;
use memchr::memmem;
use serde::Deserialize;

use super::elf_image::Elf;
use super::executable_file::want_elf;
use super::{
    Basis, Cataloger, Edge, Evidence, Facts, File, FileFacts, Flaw, Licence, Package, PackageKind, Purl, Relation, Technique, Want,
};

/// Bytes of the SBOM as it is stored. The documentation speaks of a ten-thousandth of the image.
const MAX_BYTES: u64 = 8 << 20;
/// Bytes of it inflated.
const MAX_INFLATED: u64 = 64 << 20;
/// Components that are read.
const MAX_COMPONENTS: usize = 20_000;
/// Bytes of a name, group or version.
const MAX_TEXT: usize = 1_024;

/// See the module.
pub(super) struct NativeImages;

/// As much of CycloneDX as native images write.
#[derive(Deserialize)]
struct Bom {
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    #[serde(default)]
    licenses: Vec<LicenceChoice>,
}

#[derive(Deserialize)]
struct LicenceChoice {
    expression: Option<String>,
    license: Option<LicenceName>,
}

#[derive(Deserialize)]
struct LicenceName {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

impl Cataloger for NativeImages {
    fn name(&self) -> &'static str {
        "graalvm"
    }

    fn describe(&self) -> &'static str {
        "GraalVM native images: the SBOM that is built into them"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        want_elf(file)
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let Some(stored) = file.elf().and_then(stored) else { return Ok(Facts::default()) };
        let mut json = Vec::new();
        GzDecoder::new(stored?)
            .take(MAX_INFLATED.saturating_add(1))
            .read_to_end(&mut json)
            .map_err(|e| Flaw::malformed(format!("SBOM: {e}")))?;
        if json.len() as u64 > MAX_INFLATED {
            return Err(Flaw::too_large("graalvm::MAX_INFLATED", format!("SBOM: more than {MAX_INFLATED} bytes")));
        }
        let bom: Bom = serde_json::from_slice(&json).map_err(|e| Flaw::malformed(format!("SBOM: {e}")))?;
        Ok(packages(&bom, file.path()))
    }
}

/// The SBOM as it is stored; `None` where the file has none.
fn stored<'a>(elf: &Elf<'a>) -> Option<Result<&'a [u8], Flaw>> {
    // Most files have no such name: that is cheaper to see than to look at every symbol.
    let is_named = |table| elf.section(table).is_some_and(|names| memmem::find(names.data, b"\0sbom_length\0").is_some());
    if !is_named(".dynstr") && !is_named(".strtab") {
        return None;
    }
    let [Some(start), Some(length), Some(_)] = elf.symbols(["sbom", "sbom_length", "__svm_version_info"]) else { return None };
    let length = elf.at_address(length, 8).and_then(|bytes| elf.number(bytes));
    Some(match length {
        Some(length) if length > MAX_BYTES => Err(Flaw::too_large("graalvm::MAX_BYTES", format!("SBOM: {length} bytes"))),
        Some(length) => elf.at_address(start, length).ok_or_else(|| Flaw::malformed("the symbol `sbom` leads nowhere")),
        None => Err(Flaw::malformed("the symbol `sbom_length` leads nowhere")),
    })
}

fn packages(bom: &Bom, path: &str) -> Facts {
    let mut facts = Facts::default();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let main = bom.metadata.as_ref().and_then(|metadata| metadata.component.as_ref());
    if bom.components.len() > MAX_COMPONENTS {
        facts.flaws.push(Flaw::too_large("graalvm::MAX_COMPONENTS", format!("SBOM: {} components", bom.components.len())));
    }
    for (component, is_main) in
        main.map(|main| (main, true)).into_iter().chain(bom.components.iter().take(MAX_COMPONENTS).map(|c| (c, false)))
    {
        let texts = [Some(&component.name), component.group.as_ref(), component.version.as_ref()];
        if component.name.is_empty() || texts.iter().flatten().any(|text| text.len() > MAX_TEXT) {
            facts.flaws.push(Flaw::malformed("SBOM: the name of a component is empty or too long"));
            continue;
        }
        // All that native images hold is Java; only what has no package URL may be anything.
        let kind = if component.purl.as_ref().is_some_and(|purl| purl.starts_with("pkg:maven/")) { "maven" } else { "generic" };
        let purl =
            Purl::new(kind, &component.name, component.version.as_deref()).in_namespace(component.group.as_deref().unwrap_or_default());
        let evidence =
            Evidence { path: path.to_owned(), cataloger: "graalvm".into(), technique: Technique::BinaryAnalysis, confidence: 100 };
        let mut package = Package::new(purl, Basis::Embedded, evidence);
        if is_main {
            package.kind = PackageKind::Application;
            package.files.insert(path.to_owned());
        }
        let named = |choice: &LicenceChoice| {
            let license = choice.license.as_ref();
            let text = choice.expression.as_ref().or_else(|| license?.id.as_ref()).or_else(|| license?.name.as_ref())?;
            Licence::read(text)
        };
        package.licences = component.licenses.iter().filter_map(named).collect();
        if let Some(reference) = &component.reference {
            places.entry(reference).or_insert(facts.packages.len());
        }
        facts.packages.push(package);
    }
    for dependency in &bom.dependencies {
        let Some(from) = places.get(dependency.r#ref.as_str()) else { continue };
        let needed = dependency.depends_on.iter().filter_map(|need| places.get(need.as_str()));
        facts.edges.extend(needed.map(|to| Edge { from: *from, relation: Relation::DependsOn, to: *to }));
    }
    facts
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::elf_image::tests::build::Build;
    use super::*;
    use crate::model::gap::GapReason;

    fn zipped(json: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(json.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// A file whose symbols lead to `sbom`, of which it says that it has `length` bytes.
    fn image(sbom: &[u8], length: u64, names: &'static [u8]) -> Vec<u8> {
        let mut symbols = vec![0; 24];
        for (name, address) in [(1u32, 0x8_0000u64 + 8), (6, 0x8_0000), (18, 0x8_0000)] {
            symbols.extend(name.to_le_bytes());
            symbols.extend([0; 4]);
            symbols.extend(address.to_le_bytes());
            symbols.extend([0; 8]);
        }
        let data = [&length.to_le_bytes(), sbom].concat();
        Build::new()
            .part(".dynsym", 11, 2, 0x1000, symbols, None)
            .part(".dynstr", 3, 2, 0x2000, names, None)
            .part(".data", 1, 3, 0x8_0000, data, Some((1, 6)))
            .bytes()
    }

    const NAMES: &[u8] = b"\0sbom\0sbom_length\0__svm_version_info\0";
    const BOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5",
        "metadata":{"component":{"type":"application","bom-ref":"main","group":"com.example","name":"app","version":"1.0","purl":"pkg:maven/com.example/app@1.0"}},
        "components":[{"type":"library","bom-ref":"a","group":"io.netty","name":"netty-codec-http2","version":"4.1.76.Final","purl":"pkg:maven/io.netty/netty-codec-http2@4.1.76.Final","licenses":[{"license":{"id":"Apache-2.0"}}]}],
        "dependencies":[{"ref":"main","dependsOn":["a","gone"]}]}"#;

    fn parse(bytes: Vec<u8>) -> Result<Facts, Flaw> {
        let bytes = Arc::new(bytes);
        let facts = FileFacts::new("bootstrap", bytes.len() as u64, None);
        NativeImages.parse(&File::new(facts, &bytes))
    }

    #[test]
    fn the_sbom_of_an_image_is_read() {
        let sbom = zipped(BOM);
        let facts = parse(image(&sbom, sbom.len() as u64, NAMES)).expect("facts");
        let names: Vec<String> = facts.packages.iter().map(|package| package.purl.to_string()).collect();
        assert_eq!(names, ["pkg:maven/com.example/app@1.0", "pkg:maven/io.netty/netty-codec-http2@4.1.76.Final"]);
        assert!(facts.packages[0].files.contains("bootstrap"));
        assert_eq!(facts.edges.len(), 1);
        assert!(facts.packages.iter().all(|package| package.basis == Basis::Embedded));
    }

    #[test]
    fn lengths_that_lie_are_a_flaw() {
        let sbom = zipped(BOM);
        for length in [0, 10, sbom.len() as u64 + 1, 1 << 40, u64::MAX] {
            assert!(parse(image(&sbom, length, NAMES)).is_err(), "{length}");
        }
    }

    #[test]
    fn an_sbom_that_inflates_without_end_is_a_flaw() {
        let sbom = zipped(&" ".repeat(65 << 20));
        let flaw = parse(image(&sbom, sbom.len() as u64, NAMES)).expect_err("a flaw");
        assert!(matches!(flaw.reason, GapReason::TooLarge { .. }), "{flaw:?}");
    }

    #[test]
    fn a_symbol_that_is_only_named_alike_is_no_native_image() {
        let sbom = zipped(BOM);
        let facts = parse(image(&sbom, sbom.len() as u64, b"\0sbom\0sbom_length\0__svm_version_infX\0")).expect("facts");
        assert!(facts.packages.is_empty());
    }
}
