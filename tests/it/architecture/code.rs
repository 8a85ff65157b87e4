//! A source file without what the rules must not read: comments, the content of literals, and unit tests.

/// A source file.
pub struct Source {
    /// Path from the repository's root: `src/unpack/zip.rs`.
    pub path: String,
    /// The text with comments, literals and `#[cfg(test)]` items blanked; lines stay where they are.
    pub code: String,
}

impl Source {
    /// From the text as it stands in the file.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), code: without_tests(&without_comments_and_literals(text)) }
    }

    /// The stage that it belongs to: the first folder below `src/`, or the file there.
    pub fn stage(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The module path: `["unpack", "zip"]`.
    pub fn module(&self) -> Vec<&str> {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs");
        below.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
    }

    /// A file that only holds unit tests: `tests.rs`, `x_tests.rs`, or below a folder `tests`.
    pub fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs") || self.path.contains("/tests/")
    }

    /// Line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.code.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    /// `src/unpack/zip.rs:12`.
    pub fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.path, self.line(offset))
    }
}

/// Offset of the bracket that closes the one at `open`, in text without literals.
pub fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Byte offsets at which `word` stands as a word of its own.
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| {
            let joined_before = is_word(word.as_bytes().first()) && at.checked_sub(1).is_some_and(|before| is_word(bytes.get(before)));
            let joined_after = is_word(word.as_bytes().last()) && is_word(bytes.get(at + word.len()));
            !joined_before && !joined_after
        })
        .collect()
}

fn without_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let blank = |out: &mut [u8], from: usize, to: usize| {
        for byte in &mut out[from..to.min(bytes.len())] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
            blank(&mut out, at, end);
            at = end;
        } else if rest.starts_with(b"/*") {
            let end = at + block_comment(rest);
            blank(&mut out, at, end);
            at = end;
        } else if let Some(length) = raw_string(rest).filter(|_| !after_word) {
            blank(&mut out, at, at + length);
            at += length;
        } else if rest[0] == b'"' {
            let end = at + quoted(rest, b'"');
            blank(&mut out, at + 1, end.saturating_sub(1));
            at = end;
        } else if rest[0] == b'\'' && is_character(rest) {
            let end = at + quoted(rest, b'\'');
            blank(&mut out, at + 1, end.saturating_sub(1));
            at = end;
        } else {
            at += 1;
        }
    }
    String::from_utf8(out).expect("blanking keeps UTF-8")
}

/// Length of a block comment, nested ones with it.
fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of `r"…"`, `r#"…"#`, `br"…"`, where one starts here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let start = if rest.starts_with(b"br") { 2 } else { usize::from(rest.first() == Some(&b'r')) };
    if start == 0 {
        return None;
    }
    let hashes = rest[start..].iter().take_while(|b| **b == b'#').count();
    if rest.get(start + hashes) != Some(&b'"') {
        return None;
    }
    let body = start + hashes + 1;
    let end = [vec![b'"'], vec![b'#'; hashes]].concat();
    let length = rest[body..].windows(end.len()).position(|w| w == end)?;
    Some(body + length + end.len())
}

/// Length of a quoted literal, its quotes with it.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Tells a character from a lifetime: a character is closed, and after one character or an escape.
fn is_character(rest: &[u8]) -> bool {
    match rest.get(1) {
        None => false,
        Some(b'\\') => true,
        Some(first) => {
            let length = match first {
                0..=0x7f => 1,
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                _ => 4,
            };
            rest.get(1 + length) == Some(&b'\'')
        }
    }
}

/// Blanks every item under `#[cfg(test)]`: up to the end of its block, or its semicolon.
fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        let item = start + attribute.len();
        let Some(stop) = code[item..].find(['{', ';']).map(|n| item + n) else { continue };
        let end = if code.as_bytes()[stop] == b'{' { closing(code, stop).unwrap_or(code.len() - 1) } else { stop };
        for byte in &mut out[start..=end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(out).expect("blanking keeps UTF-8")
}

#[test]
fn comments_literals_and_tests_are_blanked_and_nothing_else() {
    let text = concat!(
        "use a; // crate::cli\n",
        "/* crate::cli /* nested */ still */ let x: &'static str = \"crate::cli \\\" {\";\n",
        "let y = r#\"crate::cli \" \"#; let c = '\"'; let d = '\\''; fn f<'a>(z: &'a str) { crate::model::x() }\n",
        "#[cfg(test)]\nmod tests {\n    use crate::cli; // }\n    fn g() { \"}\" }\n}\n",
        "#[cfg(test)]\nuse crate::scan;\n",
        "fn after() { crate::store::y() }\n"
    );
    let source = Source::new("src/check/x.rs", text);
    assert_eq!(words(&source.code, "crate").len(), 2, "{}", source.code);
    assert!(source.code.contains("crate::model::x()") && source.code.contains("crate::store::y()"));
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(source.line(source.code.find("after").unwrap()), 11);
}

#[test]
fn stages_and_modules_are_told_from_the_path() {
    for (path, stage, module) in [
        ("src/check/pin001.rs", "check", vec!["check", "pin001"]),
        ("src/signature/aws_signer/mod.rs", "signature", vec!["signature", "aws_signer"]),
        ("src/evidence.rs", "evidence", vec!["evidence"]),
        ("src/lib.rs", "lib", vec![]),
    ] {
        let source = Source::new(path, "");
        assert_eq!((source.stage(), source.module()), (stage, module));
    }
}
