//! in-toto statements, unsigned, with an SBOM as their predicate. in-toto attestation framework, spec v1: `statement.md`,
//! `predicates/cyclonedx.md`, `predicates/spdx.md`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::outline::Outline;
use super::{Bom, cyclonedx, serial, spdx};

/// With a CycloneDX document.
pub(super) static CYCLONEDX: InToto = InToto::CycloneDx;

/// With an SPDX document.
pub(super) static SPDX: InToto = InToto::Spdx;

/// A statement format, by its predicate. Versions are those of the predicate.
pub(super) enum InToto {
    CycloneDx,
    Spdx,
}

impl InToto {
    fn predicate(&self) -> &'static dyn super::Document {
        match self {
            Self::CycloneDx => &cyclonedx::CycloneDx,
            Self::Spdx => &spdx::Spdx,
        }
    }
}

impl super::Document for InToto {
    fn name(&self) -> &'static str {
        match self {
            Self::CycloneDx => "in-toto-cyclonedx",
            Self::Spdx => "in-toto-spdx",
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::CycloneDx => "in-toto statement, unsigned, with a CycloneDX document",
            Self::Spdx => "in-toto statement, unsigned, with an SPDX document",
        }
    }

    fn versions(&self) -> &'static [&'static str] {
        self.predicate().versions()
    }

    fn default_version(&self) -> &'static str {
        self.predicate().default_version()
    }

    fn ending(&self) -> &'static str {
        match self {
            Self::CycloneDx => "cdx.intoto.json",
            Self::Spdx => "spdx.intoto.json",
        }
    }

    /// A statement is about digests. One about a function as a whole would be read as one about each of its layers.
    fn refuses(&self, bom: &Bom) -> Option<&'static str> {
        bom.subject
            .digest
            .is_none()
            .then_some("a statement is about the digest of an artifact, and this subject is no single artifact with a digest")
    }

    fn render(&self, bom: &Bom, version: &str, out: &mut dyn Write) -> io::Result<()> {
        let Some(digest) = bom.subject.digest else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, self.refuses(bom).unwrap_or_default()));
        };
        let subject = [Subject { name: &bom.subject.name, digest: BTreeMap::from([("sha256", digest.hex())]) }];
        let outline = Outline::of(bom);
        match self {
            Self::CycloneDx => {
                let predicate = cyclonedx::document(bom, &outline, cyclonedx::Version::of(version))?;
                serial::write(&Statement { kind: STATEMENT, subject, predicate_type: "https://cyclonedx.org/bom", predicate }, out)
            }
            Self::Spdx => {
                let ids = spdx::Ids::of(bom, &outline);
                let predicate = spdx::document(bom, &outline, &ids)?;
                serial::write(&Statement { kind: STATEMENT, subject, predicate_type: "https://spdx.dev/Document/v2.3", predicate }, out)
            }
        }
    }
}

const STATEMENT: &str = "https://in-toto.io/Statement/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a, P> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Subject<'a>; 1],
    predicate_type: &'static str,
    predicate: P,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, String>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::sbom::{ALL, Bom, Document, sample};

    fn render(document: &dyn Document, bom: &Bom, version: &str) -> std::io::Result<Value> {
        let mut out = Vec::new();
        document.render(bom, version, &mut out)?;
        Ok(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn nothing_without_a_digest_is_stated_about() {
        let bom = sample::empty();
        for document in [&super::CYCLONEDX, &super::SPDX] {
            assert!(document.refuses(&bom).is_some());
            let error = render(document, &bom, document.default_version()).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            assert!(document.refuses(&sample::layer()).is_none());
        }
    }

    #[test]
    fn the_predicate_is_the_very_document_and_the_subject_its_digest() {
        let bom = sample::layer();
        for (statement, predicate, kind) in [
            (&super::CYCLONEDX, "cyclonedx-json", "https://cyclonedx.org/bom"),
            (&super::SPDX, "spdx-json", "https://spdx.dev/Document/v2.3"),
        ] {
            let plain = *ALL.iter().find(|document| document.name() == predicate).unwrap();
            for version in statement.versions() {
                let stated = render(statement, &bom, version).unwrap();
                assert_eq!(stated["predicate"], render(plain, &bom, version).unwrap());
                assert_eq!((&stated["_type"], &stated["predicateType"]), (&"https://in-toto.io/Statement/v1".into(), &kind.into()));
                let digest = bom.subject.digest.unwrap().hex();
                assert_eq!(stated["subject"], serde_json::json!([{"name": "tools", "digest": {"sha256": digest}}]));
            }
        }
    }
}
