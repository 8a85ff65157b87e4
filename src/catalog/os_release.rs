//! `os-release(5)`: what operating system an image is made of.

use super::{Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, OsRelease, Package, PackageKind, Purl, Want};

/// Bytes of one file. Real ones have some four hundred.
const MAX_BYTES: u64 = 64 << 10;
/// Lines that are read.
const MAX_LINES: usize = 256;

/// See the module.
pub(super) struct OsReleaseFile;

impl Cataloger for OsReleaseFile {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn describe(&self) -> &'static str {
        "os-release: the operating system"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        matches!(file.path, "etc/os-release" | "usr/lib/os-release").then_some(Want::whole(MAX_BYTES, "os_release::MAX_BYTES"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let text = std::str::from_utf8(file.bytes).map_err(|e| Flaw::malformed(format!("not UTF-8: {e}")))?;
        let mut os = OsRelease { path: file.path().to_owned(), ..OsRelease::default() };
        for line in text.lines().take(MAX_LINES) {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            let value = unquoted(value);
            match key {
                "ID" => os.id = value.to_lowercase(),
                "ID_LIKE" => os.id_like = value.split_whitespace().map(str::to_lowercase).collect(),
                "VERSION_ID" => os.version_id = Some(value),
                "PRETTY_NAME" => os.pretty_name = Some(value),
                "CPE_NAME" => os.cpe = Some(value),
                _ => {}
            }
        }
        if os.id.is_empty() {
            return Err(Flaw::malformed("no line says ID"));
        }
        let purl = Purl::new("generic", &os.id, os.version_id.as_deref());
        let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(file.path(), self.name()));
        package.kind = PackageKind::OperatingSystem;
        package.description = os.pretty_name.clone();
        package.cpes.extend(os.cpe.clone());
        package.files.insert(file.path().to_owned());
        Ok(Facts { packages: vec![package], os: Some(os), ..Facts::default() })
    }
}

/// A value as a shell would read it, simple quotes and backslashes only.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    out
}
