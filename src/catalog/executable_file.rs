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
    file.size >= 52 && may_be_executable(file)
}

/// Whether the beginning of a file is worth a look: it may be executed, or its name is one that programs and libraries have.
pub(super) fn may_be_executable(file: &FileFacts<'_>) -> bool {
    match file.extension() {
        // A version at the end, `python3.11` or `libz.so.1.3`, is no extension.
        Some(extension) if is_number(extension) => true,
        Some(extension) => {
            let is_binary = ["so", "node", "bin", "exe", "elf", "out", "run", "dylib", "AppImage", "x86_64", "aarch64", "arm64", "amd64"]
                .iter()
                .any(|binary| extension.eq_ignore_ascii_case(binary));
            is_binary || (file.is_executable() && !is_text(extension)) || file.name().contains(".so.")
        }
        None => !is_text_without_extension(file.name()),
    }
}

/// Whether a file is a script by its extension.
pub(super) fn is_source(file: &FileFacts<'_>) -> bool {
    file.extension().is_some_and(|extension| {
        ["py", "js", "mjs", "cjs", "rb", "sh", "bash", "php", "pl", "lua", "ts"].iter().any(|source| extension.eq_ignore_ascii_case(source))
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Extensions of text and of formats that other catalogers read.
fn is_text(extension: &str) -> bool {
    const TEXTS: [&str; 44] = [
        "py", "pyi", "pyc", "js", "mjs", "cjs", "jsx", "ts", "tsx", "map", "rb", "sh", "bash", "php", "pl", "pm", "lua", "go", "rs", "c",
        "h", "cc", "cpp", "hpp", "java", "txt", "md", "rst", "json", "yml", "yaml", "toml", "ini", "cfg", "conf", "xml", "html", "css",
        "svg", "csv", "pem", "jar", "zip", "gz",
    ];
    TEXTS.iter().any(|text| extension.eq_ignore_ascii_case(text))
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
