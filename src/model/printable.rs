//! Untrusted text made safe to show to a person.

use std::borrow::Cow;

/// Text from outside, with everything escaped that can move a cursor, hide text or reverse it: C0 and C1 controls (so also
/// terminal escapes), DEL, line and paragraph separators, bidirectional controls, zero-width and byte-order marks, and interlinear
/// and tag characters. Escapes have the form `\u{1b}`; a backslash stays as it is.
///
/// Machine formats do not use this: JSON escapes by its own rules and keeps the exact text.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if needs_escape(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Bytes from an archive as text: UTF-8 kept, every byte that is not UTF-8 written `\xNN`. Not yet safe to print; see [`printable`].
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
            Cow::Owned(out)
        }
    }
}

/// True where [`printable`] escapes this character.
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escape_is_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("x\u{9b}31m"), "x\\u{9b}31m");
    }

    #[test]
    fn right_to_left_override_is_shown() {
        assert_eq!(printable("evil\u{202e}gpj.exe"), "evil\\u{202e}gpj.exe");
    }

    #[test]
    fn plain_text_is_untouched() {
        assert!(matches!(printable("python/lib/é.py"), Cow::Borrowed(_)));
    }

    #[test]
    fn invalid_utf8_is_kept_apart() {
        assert_eq!(lossless(b"a\xffb"), "a\\xffb");
    }
}
