//! Which files may be executables, judged by path, size and mode: shared by the catalogers that look into them.

use super::{FileFacts, Want};

/// Bytes of one executable. A Node.js binary has some 100 MB, a browser 250 MB.
pub(super) const MAX_BYTES: u64 = 512 << 20;
/// The name of [`MAX_BYTES`].
pub(super) const MAX_BYTES_NAME: &str = "executable_file::MAX_BYTES";
/// What an ELF file begins with.
pub(super) const ELF: &[u8] = b"\x7fELF";

/// A file that may be an ELF file, where it begins like one.
pub(super) fn want_elf(file: &FileFacts<'_>) -> Option<Want> {
    may_be_elf(file).then_some(Want::beginning(&[ELF], MAX_BYTES, MAX_BYTES_NAME))
}

/// Whether a file may be an ELF file.
fn may_be_elf(file: &FileFacts<'_>) -> bool {
    // No ELF header is shorter.
    file.size >= 52 && file.may_be_executable()
}

/// See [`FileFacts::may_be_executable`].
pub(super) fn is_worth_a_look(file: &FileFacts<'_>) -> bool {
    match file.extension() {
        // A version at the end, `python3.11` or `libz.so.1.3`, is no extension.
        Some(extension) if is_number(extension) => true,
        Some(extension) => {
            is_binary(extension)
                || (file.is_executable() && !is_text(extension))
                || memchr::memmem::find(file.name().as_bytes(), b".so.").is_some()
        }
        None => !is_text_without_extension(file.name()),
    }
}

/// Whether a file is a script by its extension.
pub(super) fn is_source(file: &FileFacts<'_>) -> bool {
    file.extension().is_some_and(|extension| {
        matches!(Lowered::of(extension).text(), b"py" | b"js" | b"mjs" | b"cjs" | b"rb" | b"sh" | b"bash" | b"php" | b"pl" | b"lua" | b"ts")
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An extension in lower case, where it is as short as those that are known.
pub(super) struct Lowered([u8; LONGEST_KNOWN], usize);

/// Bytes of the longest extension that anything asks for, `appimage`: a longer one is never found.
const LONGEST_KNOWN: usize = 8;

impl Lowered {
    pub(super) fn of(extension: &str) -> Self {
        let mut lowered = Self([0; LONGEST_KNOWN], 0);
        if let Some(letters) = lowered.0.get_mut(..extension.len()) {
            letters.copy_from_slice(extension.as_bytes());
            letters.make_ascii_lowercase();
            lowered.1 = extension.len();
        }
        lowered
    }

    /// Empty where it is longer.
    pub(super) fn text(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

fn is_binary(extension: &str) -> bool {
    matches!(
        Lowered::of(extension).text(),
        b"so"
            | b"node"
            | b"bin"
            | b"exe"
            | b"elf"
            | b"out"
            | b"run"
            | b"dylib"
            | b"appimage"
            | b"x86_64"
            | b"aarch64"
            | b"arm64"
            | b"amd64"
    )
}

/// Extensions of text and of formats that other catalogers read.
#[rustfmt::skip]
fn is_text(extension: &str) -> bool {
    matches!(
        Lowered::of(extension).text(),
        b"py" | b"pyi" | b"pyc" | b"js" | b"mjs" | b"cjs" | b"jsx" | b"ts" | b"tsx" | b"map" | b"rb" | b"sh" | b"bash" | b"php" | b"pl"
            | b"pm" | b"lua" | b"go" | b"rs" | b"c" | b"h" | b"cc" | b"cpp" | b"hpp" | b"java" | b"txt" | b"md" | b"rst" | b"json"
            | b"yml" | b"yaml" | b"toml" | b"ini" | b"cfg" | b"conf" | b"xml" | b"html" | b"css" | b"svg" | b"csv" | b"pem" | b"jar"
            | b"zip" | b"gz"
    )
}

/// Well-known texts without an extension, the most frequent first.
fn is_text_without_extension(name: &str) -> bool {
    const TEXTS: [&str; 40] = [
        "RECORD",
        "WHEEL",
        "METADATA",
        "INSTALLER",
        "REQUESTED",
        "LICENSE",
        "LICENCE",
        "NOTICE",
        "COPYING",
        "README",
        "AUTHORS",
        "CHANGELOG",
        "CHANGES",
        "HISTORY",
        "CONTRIBUTING",
        "COPYRIGHT",
        "copyright",
        "changelog",
        "Makefile",
        "Rakefile",
        "Gemfile",
        "Dockerfile",
        "PKG-INFO",
        "SOURCES",
        "VERSION",
        "TODO",
        "NEWS",
        "THANKS",
        "PATENTS",
        "CODEOWNERS",
        "UNLICENSE",
        "MANIFEST",
        "license",
        "licence",
        "readme",
        "notice",
        "passwd",
        "group",
        "shadow",
        "hosts",
    ];
    name.starts_with('.') || TEXTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, mode: Option<u32>) -> FileFacts<'_> {
        FileFacts::new(path, 1_000, mode)
    }

    #[test]
    fn programs_and_libraries_are_looked_at_with_or_without_the_bit() {
        for path in [
            "bootstrap",
            "bin/python3.11",
            "lib/libz.so",
            "lib/libz.so.1.3.1",
            "a/b.node",
            "lib/libfoo-1.2.so.0",
            "x.bin",
            "extensions/agent",
        ] {
            assert!(may_be_elf(&facts(path, None)), "{path}");
            assert!(may_be_elf(&facts(path, Some(0o644))), "{path}");
        }
        assert!(may_be_elf(&facts("bin/tool.real", Some(0o755))));
    }

    #[test]
    fn texts_are_not_looked_at_even_where_everything_is_executable() {
        for path in ["a.dist-info/RECORD", "a/LICENSE", "a/index.js", "a/b.py", "a/Makefile", "a/.gitignore", "data.JSON"] {
            assert!(!may_be_elf(&facts(path, Some(0o755))), "{path}");
        }
        assert!(!may_be_elf(&facts("notes.real", Some(0o644))));
    }

    #[test]
    fn what_is_shorter_than_a_header_is_no_elf_file() {
        assert!(!may_be_elf(&FileFacts::new("bootstrap", 51, Some(0o755))));
    }
}
