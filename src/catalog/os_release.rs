//! `os-release(5)`: what operating system an image is made of.

use super::{Cataloger, Facts, File, FileFacts, Flaw, OsRelease, Want};

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
        Ok(Facts { os: Some(os), ..Facts::default() })
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn read(text: &[u8]) -> Result<OsRelease, Flaw> {
        let bytes = Arc::new(text.to_vec());
        let facts = FileFacts::new("etc/os-release", bytes.len() as u64, None);
        OsReleaseFile.parse(&File::new(facts, &bytes)).map(|facts| facts.os.unwrap())
    }

    #[test]
    fn a_file_that_names_no_system_is_a_flaw() {
        for text in ["", "VERSION_ID=2023\n", "ID\n", "#ID=debian\n", "NAME=ID=x"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"ID=\xff").is_err());
    }

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let os = read(b"ID=\"amzn\"\nID_LIKE='fedora rhel'\nVERSION_ID=2023\nPRETTY_NAME=\"a \\\"b\\\"\"\n").unwrap();
        assert_eq!((&*os.id, os.version_id.as_deref(), os.pretty_name.as_deref()), ("amzn", Some("2023"), Some("a \"b\"")));
        assert_eq!(os.id_like, ["fedora", "rhel"]);
    }

    #[test]
    fn a_million_lines_are_not_read() {
        assert!(read("X=1\n".repeat(MAX_LINES).as_bytes().iter().copied().chain(*b"ID=late\n").collect::<Vec<u8>>().as_slice()).is_err());
    }
}
