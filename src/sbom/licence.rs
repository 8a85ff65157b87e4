//! Licences as documents have them. SPDX 2.3 annex A (the list) and annex D (expressions); CycloneDX 1.6 `licenseChoice`.

use std::collections::BTreeMap;

use spdx::{AdditionItem, Expression, LicenseItem, ParseMode};

use super::names::slug;
use crate::catalog::Licence;
use crate::catalog::licence::REFERENCE_DIGITS;
use crate::model::digest::Digest;

/// Nested brackets that a reader is asked to follow. Real expressions have two or three.
const MAX_NESTED: usize = 16;

/// Licences of list 3.29 that readers with an older list refuse, and what no list has as a licence of its own (`…-with-…-exception`).
/// They are written by name or with their text. As the schemas of CycloneDX 1.7 (June 2026) and `license-expression` 30.4 have it.
const NOT_EVERYWHERE: &[&str] = &[
    "ALGLIB-Documentation",
    "Advanced-Cryptics-Dictionary",
    "BOLA-1.1",
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-3-Clause-Tso",
    "BSD-Mark-Modifications",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Buddy",
    "Bugroff",
    "CAPEC-tou",
    "CC-BY-NC-3.0-IGO",
    "ESA-PL-permissive-2.4",
    "ESA-PL-strong-copyleft-2.4",
    "ESA-PL-weak-copyleft-2.4",
    "FDK-MPEG-H",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "GPL-2.0-with-GCC-exception",
    "GPL-2.0-with-autoconf-exception",
    "GPL-2.0-with-bison-exception",
    "GPL-2.0-with-classpath-exception",
    "GPL-2.0-with-font-exception",
    "GPL-3.0-with-GCC-exception",
    "GPL-3.0-with-autoconf-exception",
    "HPND-SMC",
    "HPND-sell-variant-critical-systems",
    "Hippocratic-3.0-core",
    "ISO-permission",
    "Informatica",
    "MIT-STK",
    "MMPL-1.0.1",
    "MPL-2.0-no-copyleft-exception",
    "MVT-1.1",
    "NIST-PD-TNT",
    "NOASSERTION",
    "OSC-1.0",
    "OSSP",
    "OpenMDW-1.0",
    "ParaType-Free-Font-1.3",
    "SGMLUG-PM",
    "TekHVC",
    "UnRAR",
    "Vixie-Cron",
    "WTFNMFPL",
    "WordNet",
    "X11-no-permit-persons",
    "atc-game",
    "eCos-2.0",
    "hyphen-bulgarian",
];

/// Exceptions of list 3.29 that readers with an older list refuse.
const EXCEPTIONS_NOT_EVERYWHERE: &[&str] = &[
    "Classpath-exception-2.0-short",
    "Google-Patent-WebM",
    "Simple-Library-Usage-exception",
    "Spelling-Provider-LGPL-exception",
    "kvirc-openssl-exception",
    "rsync-linking-exception",
    "sqlitestudio-OpenSSL-exception",
];

/// The licence's id, where the text is one that every reader knows.
pub(super) fn id(licence: &Licence) -> Option<&'static str> {
    let text = licence.text();
    // `license_id` forgives a `+` at the end.
    let id = spdx::license_id(text).map(|id| id.name).filter(|id| *id == text)?;
    (!NOT_EVERYWHERE.contains(&id)).then_some(id)
}

/// The expression with its operators in capitals, as SPDX 2.3 wants them, where the licence is one.
pub(super) fn expression(licence: &Licence) -> Option<String> {
    match licence {
        Licence::Expression(text) => Some(in_capitals(text)),
        Licence::Named(_) => None,
    }
}

/// `and` to `AND`. Whatever else stands in an expression can't have the form of an operator.
fn in_capitals(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let capitals = ["AND", "OR", "WITH"].into_iter().find(|operator| word.eq_ignore_ascii_case(operator));
            capitals.unwrap_or(word)
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a document's expressions refer to: ids `LicenseRef-…` to texts.
pub(super) type Extracted = BTreeMap<String, String>;

/// One expression that declares all of these, joined by `AND`; what no reader would accept of them is a reference, whose text goes into
/// `extracted`. `None` where there are none.
pub(super) fn joined(licences: &[Licence], extracted: &mut Extracted) -> Option<String> {
    let mut terms: Vec<String> = Vec::new();
    for licence in licences {
        let term = term(licence, extracted);
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    match terms.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [..] => {
            let bracketed = |term: &String| if term.contains(' ') { format!("({term})") } else { term.clone() };
            Some(terms.iter().map(bracketed).collect::<Vec<_>>().join(" AND "))
        }
    }
}

/// The licence as a part of an expression.
fn term(licence: &Licence, extracted: &mut Extracted) -> String {
    let text = in_capitals(licence.text());
    match references(&text) {
        Some(references) => {
            for reference in references {
                let says = format!("The package declares {reference}; its text is not in the package's metadata.");
                extracted.entry(reference).or_insert(says);
            }
            text
        }
        None => {
            let digest = Digest::of(licence.text().as_bytes()).hex();
            let hash = digest.get(..REFERENCE_DIGITS).unwrap_or(&digest);
            let slug = slug(licence.text());
            let id = if slug.is_empty() { format!("LicenseRef-{hash}") } else { format!("LicenseRef-{slug}-{hash}") };
            extracted.entry(id.clone()).or_insert_with(|| licence.text().to_owned());
            id
        }
    }
}

/// The `LicenseRef-…` of an expression that every reader accepts; `None` for any other text.
fn references(text: &str) -> Option<Vec<String>> {
    let mode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };
    let expression = Expression::parse_mode(text, mode).ok()?;
    if text.chars().any(|c| c != ' ' && c.is_whitespace()) || text.bytes().filter(|b| *b == b'(').count() > MAX_NESTED {
        return None;
    }
    let mut found = Vec::new();
    for requirement in expression.requirements() {
        match &requirement.req.license {
            // `Apache-2.0+` is an expression of the standard, but not to all that read it.
            LicenseItem::Spdx { or_later: true, .. } => return None,
            LicenseItem::Spdx { id, or_later: false } if NOT_EVERYWHERE.contains(&id.name) => return None,
            LicenseItem::Spdx { .. } => {}
            LicenseItem::Other(other) if other.doc_ref.is_some() => return None,
            LicenseItem::Other(other) => found.push(other.to_string()),
        }
        match &requirement.req.addition {
            None => {}
            Some(AdditionItem::Spdx(exception)) if !EXCEPTIONS_NOT_EVERYWHERE.contains(&exception.name) => {}
            Some(AdditionItem::Spdx(_) | AdditionItem::Other(_)) => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Licence {
        Licence::read(text).unwrap()
    }

    #[test]
    fn an_expression_or_a_newer_id_is_no_licence_id() {
        assert_eq!(id(&read("MIT")), Some("MIT"));
        assert_eq!(id(&Licence::Named("GPL-2.0".into())), Some("GPL-2.0"), "deprecated ids are ids");
        for text in ["MIT OR ISC", "Apache-2.0+", "LicenseRef-x", "BSD-ask-to-endorse", "NOASSERTION"] {
            assert_eq!(id(&Licence::Expression(text.into())), None, "{text}");
        }
        assert_eq!(id(&Licence::Named("mit".into())), None, "ids are case-sensitive");
    }

    #[test]
    fn operators_are_in_capitals() {
        assert_eq!(expression(&read("MIT or (ISC and Apache-2.0 with LLVM-exception)")).unwrap(), {
            "MIT OR (ISC AND Apache-2.0 WITH LLVM-exception)"
        });
    }

    #[test]
    fn what_a_reader_would_refuse_is_a_reference_with_its_text() {
        for text in ["BSD", "Apache-2.0+", "MIT AND BSD-ask-to-endorse", "DocumentRef-a:LicenseRef-b", "MIT AND NOASSERTION", "\u{0}"] {
            for licence in [Licence::Named(text.into()), Licence::Expression(text.into())] {
                let mut extracted = Extracted::new();
                let joined = joined(&[licence], &mut extracted).unwrap();
                assert!(joined.starts_with("LicenseRef-"), "{text}: {joined}");
                assert!(joined.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)), "{joined}");
                assert_eq!(extracted.get(&joined).map(String::as_str), Some(text));
            }
        }
        let nested = format!("{}MIT{}", "(".repeat(100), ")".repeat(100));
        let mut extracted = Extracted::new();
        assert!(joined(&[Licence::Expression(nested)], &mut extracted).unwrap().starts_with("LicenseRef-"));
    }

    #[test]
    fn several_are_joined_and_an_or_keeps_its_brackets() {
        let mut extracted = Extracted::new();
        let licences = [read("MIT or ISC"), read("Apache-2.0"), read("Apache-2.0"), read("LicenseRef-own")];
        assert_eq!(joined(&licences, &mut extracted).unwrap(), "(MIT OR ISC) AND Apache-2.0 AND LicenseRef-own");
        assert!(extracted.contains_key("LicenseRef-own"));
        assert_eq!(joined(&[], &mut extracted), None);
    }

    #[test]
    fn two_texts_of_one_slug_are_two_references() {
        let mut extracted = Extracted::new();
        joined(&[Licence::Named("BSD!".into()), Licence::Named("BSD?".into())], &mut extracted);
        assert_eq!(extracted.len(), 2);
    }
}
