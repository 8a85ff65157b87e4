//! Licences, as metadata declares them: SPDX expressions where they are some, text where they are not.

use serde::{Deserialize, Serialize};

/// Bytes of one licence text that are looked at or kept. Real expressions have at most a few hundred.
const MAX_BYTES: usize = 2_048;

/// What a document of one expression a package says where this program joined several licences by `AND`.
pub const JOINED: &str = "The metadata names several licences without saying how they combine; AND is the strictest reading.";

/// Digits of the digest of a licence's text that the reference to it ends with, in such a document.
pub const REFERENCE_DIGITS: usize = 16;

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
    /// Reads what metadata says. `None` for text that says nothing: empty, `UNKNOWN`, `NOASSERTION`. Identifiers and operators may be written in
    /// any case (SPDX 2.3 annex D.2), and a few names mean one licence whoever writes them. Whatever could mean several stays text: `BSD`, `GPL`,
    /// `GPLv2`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_BYTES || says_nothing(text) {
            return Self::named(text);
        }
        let known = KNOWN.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, id)| (*id).to_owned());
        match known.or_else(|| expression(text)) {
            Some(expression) => Some(Self::Expression(expression)),
            None => Self::named(text),
        }
    }

    /// Reads a text that is an SPDX expression as it stands, and no other.
    pub fn expression(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() <= MAX_BYTES && spdx::Expression::parse(text).is_ok()).then(|| Self::Expression(text.to_owned()))
    }

    /// Reads a text as a name, whatever it is. `None` where it says nothing.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let cut = text.get(..text.floor_char_boundary(MAX_BYTES))?;
        (!says_nothing(text)).then(|| Self::Named(cut.to_owned()))
    }

    /// The text of either.
    pub fn text(&self) -> &str {
        match self {
            Self::Expression(text) | Self::Named(text) => text,
        }
    }
}

fn says_nothing(text: &str) -> bool {
    ["", "unknown", "noassertion", "none", "n/a", "-"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Names that are no identifiers and mean one licence all the same.
const KNOWN: &[(&str, &str)] = &[
    ("Apache 2", "Apache-2.0"),
    ("Apache 2.0", "Apache-2.0"),
    ("Apache-2", "Apache-2.0"),
    ("Apache2.0", "Apache-2.0"),
    ("Apache License 2.0", "Apache-2.0"),
    ("Apache License, 2.0", "Apache-2.0"),
    ("Apache License Version 2.0", "Apache-2.0"),
    ("Apache License, Version 2.0", "Apache-2.0"),
    ("The Apache License, Version 2.0", "Apache-2.0"),
    ("The Apache Software License, Version 2.0", "Apache-2.0"),
    ("Apache Software License 2.0", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("The MIT License", "MIT"),
    ("The MIT License (MIT)", "MIT"),
    ("ISC License", "ISC"),
    ("BSD 2-Clause", "BSD-2-Clause"),
    ("BSD 2-Clause License", "BSD-2-Clause"),
    ("BSD 3-Clause", "BSD-3-Clause"),
    ("BSD 3-Clause License", "BSD-3-Clause"),
    ("3-Clause BSD License", "BSD-3-Clause"),
    ("MPL 2.0", "MPL-2.0"),
    ("Mozilla Public License 2.0", "MPL-2.0"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("CC0", "CC0-1.0"),
    ("CC0 1.0", "CC0-1.0"),
];

/// The text as an SPDX expression, identifiers and operators in the list's own spelling; `None` where it is none. What the crate's own `canonicalize`
/// makes of looser text is not asked: it takes `bsd` for BSD-2-Clause and `GNU GPL v2` for GPL-3.0.
fn expression(text: &str) -> Option<String> {
    let mut spelled = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':');
        let word = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()))?;
        if word.is_empty() {
            let first = rest.chars().next()?;
            spelled.push(first);
            rest = rest.get(first.len_utf8()..)?;
        } else {
            spelled.push_str(in_the_lists_spelling(word));
            rest = rest.get(word.len()..)?;
        }
    }
    spdx::Expression::parse(&spelled).is_ok().then_some(spelled)
}

fn in_the_lists_spelling(word: &str) -> &str {
    let operators = ["AND", "OR", "WITH"].into_iter();
    let licences = spdx::identifiers::LICENSES.iter().map(|licence| licence.name);
    let exceptions = spdx::identifiers::EXCEPTIONS.iter().map(|exception| exception.name);
    operators.chain(licences).chain(exceptions).find(|known| known.eq_ignore_ascii_case(word)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_mean_several_licences_is_not_made_into_one() {
        for name in [
            "BSD",
            "bsd",
            "GPL",
            "gpl",
            "LGPL",
            "GPLv2",
            "GNU GPL v2",
            "GPL v3",
            "Apache",
            "Artistic",
            "Public Domain",
            "MIT/X11",
            "MIT, BSD",
        ] {
            assert_eq!(Licence::read(name), Some(Licence::Named(name.into())));
        }
    }

    #[test]
    fn what_says_nothing_is_no_licence() {
        for text in ["", "  ", "UNKNOWN", "unknown", "NOASSERTION", "NONE", "-", "n/a"] {
            assert_eq!(Licence::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn identifiers_and_operators_are_read_in_any_case() {
        for (text, read) in [
            ("mit", "MIT"),
            ("apache-2.0", "Apache-2.0"),
            ("mit or apache-2.0", "MIT OR Apache-2.0"),
            ("(MIT or GPL-2.0-or-later with Classpath-exception-2.0)", "(MIT OR GPL-2.0-or-later WITH Classpath-exception-2.0)"),
            ("The MIT License", "MIT"),
            ("apache license, version 2.0", "Apache-2.0"),
        ] {
            assert_eq!(Licence::read(text), Some(Licence::Expression(read.into())), "{text}");
        }
    }

    #[test]
    fn every_known_name_leads_to_a_licence_of_the_list() {
        assert!(KNOWN.iter().all(|(_, id)| spdx::license_id(id).is_some()));
    }

    #[test]
    fn a_whole_licence_text_is_cut() {
        let text = "é".repeat(MAX_BYTES);
        let Some(Licence::Named(cut)) = Licence::read(&text) else { panic!() };
        assert!(cut.len() <= MAX_BYTES && text.starts_with(&cut));
    }
}
