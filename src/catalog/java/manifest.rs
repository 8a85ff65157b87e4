//! The main section of `META-INF/MANIFEST.MF`. Format: JAR File Specification, "JAR Manifest"; OSGi Core 8, chapter 3.

use std::collections::BTreeMap;

use crate::catalog::Flaw;

/// Bytes of the main section. `Export-Package` of a large bundle has some 200 KB.
const MAX_MAIN_BYTES: usize = 1 << 20;
/// Bytes of one value that are kept. No value that is used has more; `Export-Package` is not used.
const MAX_VALUE_BYTES: usize = 4 << 10;
/// The attributes that are used, lower case.
const USED: [&str; 18] = [
    "bundle-name",
    "implementation-title",
    "implementation-version",
    "implementation-vendor",
    "implementation-vendor-id",
    "implementation-url",
    "specification-title",
    "specification-version",
    "specification-vendor",
    "bundle-symbolicname",
    "bundle-version",
    "bundle-vendor",
    "bundle-license",
    "bundle-description",
    "bundle-docurl",
    "automatic-module-name",
    "extension-name",
    "start-class",
];

/// What a jar says of itself as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest(BTreeMap<&'static str, String>);

impl Manifest {
    /// Reads the main section, which ends at the first empty line. What a signed jar says of each of its entries comes after it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let mut all = BTreeMap::new();
        let mut current: Option<(&'static str, Vec<u8>)> = None;
        let mut rest = bytes;
        let mut is_begun = false;
        while let Some(line) = next_line(&mut rest) {
            if bytes.len().saturating_sub(rest.len()) > MAX_MAIN_BYTES {
                let detail = format!("the main section has more than {MAX_MAIN_BYTES} bytes");
                return Err(Flaw::too_large("java::MAX_MAIN_BYTES", detail));
            }
            if let Some(more) = line.strip_prefix(b" ") {
                // A line of 72 bytes may end in the middle of a character: bytes are joined, then decoded.
                if let Some((_, value)) = &mut current {
                    value.extend_from_slice(more);
                }
                continue;
            }
            keep(&mut all, current.take());
            if line.is_empty() {
                if is_begun {
                    break;
                }
                continue;
            }
            is_begun = true;
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at_checked(colon).unwrap_or_default();
            let used = USED.iter().find(|used| name.eq_ignore_ascii_case(used.as_bytes()));
            current = used.map(|used| (*used, value.get(1..).unwrap_or_default().to_vec()));
        }
        keep(&mut all, current);
        Ok(Self(all))
    }

    /// Its attributes, as notes that one stage of this cataloger leaves for the next.
    pub(super) fn into_notes(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What [`Self::into_notes`] made.
    pub(super) fn of_notes(notes: Vec<(String, String)>) -> Self {
        let known = |name: &str| USED.iter().find(|used| **used == name).copied();
        Self(notes.into_iter().filter_map(|(name, value)| Some((known(&name)?, value))).collect())
    }

    /// The value of an attribute, by its name in lower case; never empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `Bundle-SymbolicName` without its directives.
    pub(super) fn symbolic_name(&self) -> Option<&str> {
        let name = self.get("bundle-symbolicname")?.split(';').next()?.trim();
        (!name.is_empty()).then_some(name)
    }

    /// The versions that it states, surest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        ["implementation-version", "bundle-version", "specification-version"].into_iter().filter_map(|name| self.get(name))
    }
}

/// Adds an attribute, the first of a name.
fn keep(all: &mut BTreeMap<&'static str, String>, attribute: Option<(&'static str, Vec<u8>)>) {
    let Some((name, mut value)) = attribute else { return };
    value.truncate(MAX_VALUE_BYTES);
    let text = String::from_utf8_lossy(&value);
    let text = text.trim();
    if !text.is_empty() && !text.contains("${") {
        all.entry(name).or_insert_with(|| text.to_owned());
    }
}

/// The next line, without its end: CR LF, LF or CR.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_signed_jar_says_of_an_entry_is_not_said_of_the_jar() {
        let manifest = Manifest::parse(b"Manifest-Version: 1.0\r\n\r\nName: a/b.class\r\nImplementation-Title: other\r\n\r\n").unwrap();
        assert_eq!(manifest.get("implementation-title"), None);
    }

    #[test]
    fn an_empty_line_at_the_beginning_hides_nothing() {
        let manifest = Manifest::parse(b"\nImplementation-Title: x\n").unwrap();
        assert_eq!(manifest.get("implementation-title"), Some("x"));
    }

    #[test]
    fn lines_are_joined_even_in_the_middle_of_a_character() {
        let text = "Implementation-Title: caf\u{e9} au lait\rBundle-SymbolicName: a.b;singleton:=true\n";
        let (a, b) = text.as_bytes().split_at(26);
        let bytes = [a, b"\n ", b].concat();
        let manifest = Manifest::parse(&bytes).unwrap();
        assert_eq!(manifest.get("implementation-title"), Some("caf\u{e9} au lait"));
        assert_eq!(manifest.symbolic_name(), Some("a.b"));
    }

    #[test]
    fn a_main_section_without_end_is_a_flaw() {
        let bytes = b"Export-Package: x\n".repeat(1 << 17);
        assert!(Manifest::parse(&bytes).is_err());
    }

    #[test]
    fn a_placeholder_is_no_value_and_bytes_that_are_not_utf8_are_no_end() {
        let manifest =
            Manifest::parse(b"Implementation-Version: ${version}\nImplementation-Title: \xff\nno colon\nBundle-Version: 1").unwrap();
        assert_eq!(manifest.get("implementation-version"), None);
        assert_eq!(manifest.get("implementation-title"), Some("\u{fffd}"));
        assert_eq!(manifest.get("bundle-version"), Some("1"));
    }
}
