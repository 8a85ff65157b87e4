//! `--ca-bundle`: read once, and seen to be one, for every client of the run.

use std::io::Read;
use std::path::{Path, PathBuf};

use reqwest::Certificate;

use super::words::words;
use crate::model::printable::printable;

/// Bytes of a CA bundle: the system's has some 250 KiB.
const BUNDLE_BYTES: u64 = 16 << 20;

/// The authorities that are trusted beside the system's.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    pem: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
}

/// The file of `--ca-bundle` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the CA bundle {} cannot be used: {}", printable(&.path.to_string_lossy()), printable(.problem))]
pub struct CaBundleError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl CaBundleError {
    /// The next step.
    pub const HINT: &'static str = "--ca-bundle takes a file of PEM certificates (BEGIN CERTIFICATE)";
}

impl Trust {
    /// Reads the bundle, where there is one.
    ///
    /// # Errors
    /// A file that cannot be read, is no list of PEM certificates, or holds one that the TLS library does not take: the SDK's client would
    /// panic on such a one.
    pub fn read(bundle: Option<&Path>) -> Result<Self, CaBundleError> {
        let Some(path) = bundle else { return Ok(Self::default()) };
        let fail = |problem: String| CaBundleError { path: path.to_owned(), problem };
        let mut pem = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
        file.take(BUNDLE_BYTES + 1).read_to_end(&mut pem).map_err(|error| fail(error.to_string()))?;
        if pem.len() as u64 > BUNDLE_BYTES {
            return Err(fail(format!("larger than {BUNDLE_BYTES} bytes")));
        }
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| fail(words(error, None)))?;
        if certificates.is_empty() {
            return Err(fail("it holds no certificate".into()));
        }
        let tried = reqwest::Client::builder().no_proxy().tls_certs_only(certificates.clone()).build();
        tried.map_err(|error| fail(words(error, None)))?;
        Ok(Self { pem: Some(pem), certificates })
    }

    /// The bundle as it was read.
    pub fn pem(&self) -> Option<&[u8]> {
        self.pem.as_deref()
    }

    /// Its certificates.
    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        self.certificates.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_is_none_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(Trust::read(Some(&path)).is_err(), "it is not there");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in
            ["", "no certificate", broken, "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"]
        {
            std::fs::write(&path, text).unwrap();
            assert!(Trust::read(Some(&path)).is_err(), "{text:?}");
        }
        assert!(Trust::read(None).is_ok_and(|trust| trust.pem().is_none()));
    }
}
