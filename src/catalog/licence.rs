//! Licences, as metadata declares them: SPDX expressions where they are some, text where they are not.

use serde::{Deserialize, Serialize};

/// Bytes of one licence text that are looked at or kept. Real expressions have at most a few hundred.
const MAX_BYTES: usize = 2_048;

/// A licence as declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    /// A valid SPDX expression (SPDX 2.3 annex D), canonical spelling.
    Expression(String),
    /// Text that is no SPDX expression, as written, cut at 2,048 bytes. Untrusted: print through `printable`.
    Named(String),
}

impl Licence {
    /// Reads what metadata says. `None` for text that says nothing: empty, `UNKNOWN`, `NOASSERTION`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let says_nothing = ["unknown", "noassertion", "none", "n/a", "-"].iter().any(|word| text.eq_ignore_ascii_case(word));
        if text.is_empty() || says_nothing {
            return None;
        }
        let cut = text.floor_char_boundary(MAX_BYTES);
        if cut < text.len() {
            return Some(Self::Named(text.get(..cut)?.to_owned()));
        }
        Some(expression(text).map_or_else(|| Self::Named(text.to_owned()), Self::Expression))
    }

    /// Reads a text that is an SPDX expression as it stands, and no other.
    pub fn expression(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() <= MAX_BYTES && spdx::Expression::parse(text).is_ok()).then(|| Self::Expression(text.to_owned()))
    }

    /// Reads a text as a name, whatever it is. `None` where it says nothing.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let says_nothing = ["unknown", "noassertion", "none", "n/a", "-"].iter().any(|word| text.eq_ignore_ascii_case(word));
        let cut = text.get(..text.floor_char_boundary(MAX_BYTES))?;
        (!text.is_empty() && !says_nothing).then(|| Self::Named(cut.to_owned()))
    }

    /// The text of either.
    pub fn text(&self) -> &str {
        match self {
            Self::Expression(text) | Self::Named(text) => text,
        }
    }
}

/// The canonical form of an SPDX expression, where it is one.
fn expression(text: &str) -> Option<String> {
    if spdx::Expression::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    // Sloppy but unmistakable: lower-case operators, `Apache 2.0` and its like.
    spdx::Expression::canonicalize(text).ok().flatten().filter(|canonical| spdx::Expression::parse(canonical).is_ok())
}
