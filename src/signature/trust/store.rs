//! Trust stores of the Notary Project (specs/trust-store-trust-policy.md, "Trust Store").

use std::sync::LazyLock;

use der::pem;

use super::TrustStore;
use crate::model::digest::Digest;
use crate::model::printable::printable;
use crate::signature::asn1::{Values, tag};
use crate::signature::x509::Certificate;

/// Bytes of one file.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Files of one store.
const MAX_FILES: usize = 256;

/// Certificates of one store.
const MAX_CERTIFICATES: usize = 1024;

/// The types of trust stores.
const TYPES: &[&str] = &["ca", "signingAuthority", "tsa"];

/// Root of AWS Signer's signatures on images, in the name that AWS's documentation gives the store.
pub const AWS_SIGNER_IMAGES: &str = "signingAuthority:aws-signer-ts";

/// The same for AWS GovCloud (US).
pub const AWS_SIGNER_IMAGES_GOV: &str = "signingAuthority:aws-us-gov-signer-ts";

/// The public root certificate `CN=AWS Signer Code Signing Root CA G1`.
///
/// Source: nirmata/kyverno-notation-aws, `configs/samples/truststore.yaml` at 47408fc2, and four more repositories. Its fingerprint is that of the
/// root in outputs of `notation inspect` which workshops of AWS print.
const AWS_SIGNER_IMAGES_PEM: &str = "-----BEGIN CERTIFICATE-----
MIICWTCCAd6gAwIBAgIRAMq5Lmt4rqnUdi8qM4eIGbYwCgYIKoZIzj0EAwMwbDEL
MAkGA1UEBhMCVVMxDDAKBgNVBAoMA0FXUzEVMBMGA1UECwwMQ3J5cHRvZ3JhcGh5
MQswCQYDVQQIDAJXQTErMCkGA1UEAwwiQVdTIFNpZ25lciBDb2RlIFNpZ25pbmcg
Um9vdCBDQSBHMTAgFw0yMjEwMjcyMTMzMjJaGA8yMTIyMTAyNzIyMzMyMlowbDEL
MAkGA1UEBhMCVVMxDDAKBgNVBAoMA0FXUzEVMBMGA1UECwwMQ3J5cHRvZ3JhcGh5
MQswCQYDVQQIDAJXQTErMCkGA1UEAwwiQVdTIFNpZ25lciBDb2RlIFNpZ25pbmcg
Um9vdCBDQSBHMTB2MBAGByqGSM49AgEGBSuBBAAiA2IABM9+dM9WXbVyNOIP08oN
IQW8DKKdBxP5nYNegFPLfGP0f7+0jweP8LUv1vlFZqVDep5ONus9IxwtIYBJLd36
5Q3Z44Xnm4PY/wSI5xRvB/m+/B2PHc7Smh0P5s3Dt25oVKNCMEAwDwYDVR0TAQH/
BAUwAwEB/zAdBgNVHQ4EFgQUONhd3abPX87l4YWKxjysv28QwAYwDgYDVR0PAQH/
BAQDAgGGMAoGCCqGSM49BAMDA2kAMGYCMQCd32GnYU2qFCtKjZiveGfs+gCBlPi2
Hw0zU52LXIFC2GlcvwcekbiM6w0Azlr9qvMCMQDl4+Os0yd+fVlYMuovvxh8xpjQ
NPJ9zRGyYa7+GNs64ty/Z6bzPHOKbGo4In3KKJo=
-----END CERTIFICATE-----
";

/// SHA-256 of its DER, typed from those outputs.
const AWS_SIGNER_IMAGES_SHA256: &str = "90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f";

/// The public root certificate of AWS Signer in AWS GovCloud (US).
///
/// Source: nirmata/kyverno-notation-aws, `configs/samples/truststore.yaml` at 47408fc2.
const AWS_SIGNER_IMAGES_GOV_PEM: &str = "-----BEGIN CERTIFICATE-----
MIICdDCCAfqgAwIBAgIRANXkpKrZj0L324qGaqRhW/cwCgYIKoZIzj0EAwMwejEL
MAkGA1UEBhMCVVMxDDAKBgNVBAoMA0FXUzEVMBMGA1UECwwMQ3J5cHRvZ3JhcGh5
MQswCQYDVQQIDAJXQTE5MDcGA1UEAwwwQVdTIFNpZ25lciBDb2RlIFNpZ25pbmcg
R292Q2xvdWQgKFVTKSBSb290IENBIEcxMCAXDTI0MDMwNjIzMzgyOFoYDzIxMjQw
MzA3MDAzODI4WjB6MQswCQYDVQQGEwJVUzEMMAoGA1UECgwDQVdTMRUwEwYDVQQL
DAxDcnlwdG9ncmFwaHkxCzAJBgNVBAgMAldBMTkwNwYDVQQDDDBBV1MgU2lnbmVy
IENvZGUgU2lnbmluZyBHb3ZDbG91ZCAoVVMpIFJvb3QgQ0EgRzEwdjAQBgcqhkjO
PQIBBgUrgQQAIgNiAARog54ObzWaGU6fAOcL4Af+P93l2t8Dl9hVD2n0eSSfmPq1
3jtXgjcpXZIjMfoiWQPJTvyAB3opRyvO3grvUaWxRnjtwB/Pusj4tzhnaN+b80eJ
iRn6AzrI9vBssd1ZyRKjQjBAMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFJF4
zoYzTyn/5s8EleoNvek9QeE6MA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAwNo
ADBlAjEA8tcKeLPxBB0mRmfkJn5+hgYxZaRGQatO5mxmjkB/DNIfJ1WeEE3tbCHr
pNJL32FUAjBQY82UNV5yJrKFHOxuiQ+athQZUHLvWvAIXKExt9wvLdtKzfpag8BI
o2A2A4nk0jk=
-----END CERTIFICATE-----
";

/// SHA-256 of its DER as it stands in that source.
const AWS_SIGNER_IMAGES_GOV_SHA256: &str = "673653ab76f41a10546cdeb4107ecd6df2c15c2c9a0d32ed97d271b4436fc3e8";

/// The trust stores that ship with layerproof. They count only where a statement names them.
pub fn shipped_trust_stores() -> &'static [TrustStore] {
    static SHIPPED: LazyLock<Vec<TrustStore>> = LazyLock::new(|| {
        let shipped = [
            (
                AWS_SIGNER_IMAGES,
                AWS_SIGNER_IMAGES_PEM,
                AWS_SIGNER_IMAGES_SHA256,
                "The public root of AWS Signer for images, from five public repositories; its fingerprint is that in outputs of AWS's workshops.",
            ),
            (
                AWS_SIGNER_IMAGES_GOV,
                AWS_SIGNER_IMAGES_GOV_PEM,
                AWS_SIGNER_IMAGES_GOV_SHA256,
                "The public root of AWS Signer for images in AWS GovCloud (US), from one public repository that is not AWS's.",
            ),
        ];
        // A damaged constant ships no store at all; a test holds that both are there.
        let load = |(name, pem, sha256, provenance): (&str, &str, &str, &str)| {
            let store = TrustStore::load(name, &[("shipped", pem.as_bytes())]).ok()?;
            let [certificate] = store.certificates.as_slice() else { return None };
            if Digest::of(certificate).hex() != sha256 {
                return None;
            }
            Some(TrustStore { provenance: provenance.into(), shipped: true, ..store })
        };
        shipped.into_iter().filter_map(load).collect()
    });
    &SHIPPED
}

impl TrustStore {
    /// A store of the user's: `ca:NAME`, `signingAuthority:NAME` or `tsa:NAME`, and its files, each with the name that errors give it. A file
    /// holds certificates in PEM, any number of them, or in DER, one after the other.
    ///
    /// A certificate must be a CA, or self-signed (a signer that is its own root); in a store of time stamp authorities a self-signed CA.
    ///
    /// # Errors
    /// [`TrustStoreError`], one variant per mistake.
    pub fn load(name: &str, files: &[(&str, &[u8])]) -> Result<Self, TrustStoreError> {
        let kind = kind_of(name).ok_or_else(|| TrustStoreError::Name { name: name.chars().take(200).collect() })?;
        if files.len() > MAX_FILES {
            return Err(TrustStoreError::TooMuch { name: name.into(), what: "files", most: MAX_FILES });
        }
        let mut certificates: Vec<Vec<u8>> = Vec::new();
        for (file, bytes) in files {
            let found = certificates_of(bytes).map_err(|detail| unreadable(name, file, detail))?;
            for der in found {
                check(name, kind, file, &der)?;
                if !certificates.contains(&der) {
                    certificates.push(der);
                }
                if certificates.len() > MAX_CERTIFICATES {
                    return Err(TrustStoreError::TooMuch { name: name.into(), what: "certificates", most: MAX_CERTIFICATES });
                }
            }
        }
        if certificates.is_empty() {
            return Err(TrustStoreError::Empty { name: name.into() });
        }
        Ok(Self { name: name.into(), certificates, provenance: "Given by the user.".into(), shipped: false })
    }
}

/// The type of a store, where the name is one: letters, digits, `_`, `.` and `-` after the colon, as notation has it.
fn kind_of(name: &str) -> Option<&'static str> {
    let (kind, own) = name.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let is_name = !own.is_empty() && own.len() <= 200 && own.chars().all(plain) && own != "." && own != "..";
    TYPES.iter().find(|known| **known == kind && is_name).copied()
}

fn certificates_of(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN ";
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!("{} bytes; at most {MAX_FILE_BYTES} are read", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN));
    let Some(text) = text else {
        let values = Values::of(bytes).all(MAX_CERTIFICATES).map_err(|e| e.to_string())?;
        return match values.iter().find(|value| value.tag != tag::SEQUENCE) {
            Some(_) => Err("it is neither PEM nor DER of certificates".into()),
            None if values.is_empty() => Err("it is empty".into()),
            None => Ok(values.into_iter().map(|value| value.raw.to_vec()).collect()),
        };
    };
    let mut found = Vec::new();
    // Each turn takes a block, and the blocks end with the text.
    for block in text.split(BEGIN).skip(1) {
        let block = format!("{BEGIN}{block}");
        // What stands between the blocks is for people.
        let end = block.find("-----END ").and_then(|at| block.get(at..)?.find('\n').and_then(|line| at.checked_add(line)));
        let block = end.and_then(|end| block.get(..end)).unwrap_or(&block);
        let block = format!("{}\n", block.trim_end());
        let (label, der) = pem::decode_vec(block.as_bytes()).map_err(|e| e.to_string())?;
        if label != "CERTIFICATE" {
            return Err(format!("its PEM label is `{label}`"));
        }
        found.push(der);
    }
    Ok(found)
}

fn check(name: &str, kind: &str, file: &str, der: &[u8]) -> Result<(), TrustStoreError> {
    let certificate = Certificate::parse_general(der, "it").map_err(|rejection| unreadable(name, file, rejection.to_string()))?;
    let is_ca = certificate.extensions.basic_constraints.as_ref().is_some_and(|(_, constraints)| constraints.ca);
    let subject = || certificate.subject_text.clone();
    if kind == "tsa" && !(is_ca && certificate.is_self_signed()) {
        return Err(TrustStoreError::NotARoot { name: name.into(), file: file.into(), subject: subject() });
    }
    if !is_ca && !certificate.is_self_signed() {
        return Err(TrustStoreError::NotACa { name: name.into(), file: file.into(), subject: subject() });
    }
    Ok(())
}

fn unreadable(name: &str, file: &str, detail: String) -> TrustStoreError {
    TrustStoreError::Unreadable { name: name.into(), file: file.into(), detail }
}

/// Why a trust store can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustStoreError {
    /// Its name is not of the form.
    #[error("`{}` is no trust store: ca:NAME, signingAuthority:NAME or tsa:NAME is expected", printable(.name))]
    Name {
        /// What stands there.
        name: String,
    },
    /// It holds no certificate, and so would trust nobody.
    #[error("the trust store `{}` holds no certificate", printable(.name))]
    Empty {
        /// The store's name.
        name: String,
    },
    /// It holds more than is read.
    #[error("the trust store `{}` holds more than {most} {what}", printable(.name))]
    TooMuch {
        /// The store's name.
        name: String,
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// A file is no certificate.
    #[error("`{}` in the trust store `{}` can't be used: {}", printable(.file), printable(.name), printable(.detail))]
    Unreadable {
        /// The store's name.
        name: String,
        /// The file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// A certificate is that of somebody who signs, issued by somebody else: it would vouch for no one.
    #[error("`{}` in the trust store `{}` is neither a CA nor self-signed: `{}`", printable(.file), printable(.name), printable(.subject))]
    NotACa {
        /// The store's name.
        name: String,
        /// The file.
        file: String,
        /// Its subject.
        subject: String,
    },
    /// A store of time stamp authorities holds roots only.
    #[error("`{}` in the trust store `{}` is no self-signed CA: `{}`", printable(.file), printable(.name), printable(.subject))]
    NotARoot {
        /// The store's name.
        name: String,
        /// The file.
        file: String,
        /// Its subject.
        subject: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_roots_of_aws_signer_ship_with_their_provenance() {
        let [images, gov] = shipped_trust_stores() else { panic!("two stores ship") };
        assert_eq!((images.name.as_str(), gov.name.as_str()), (AWS_SIGNER_IMAGES, AWS_SIGNER_IMAGES_GOV));
        for store in [images, gov] {
            assert!(store.shipped && store.certificates.len() == 1 && store.provenance.contains("repositor"));
            let root = Certificate::parse_general(&store.certificates[0], "it").unwrap();
            assert!(root.is_self_signed() && root.subject_text.contains("AWS Signer"), "{}", root.subject_text);
        }
    }

    #[test]
    fn names_that_are_no_store_are_refused() {
        for name in ["", "ca", "ca:", ":x", "CA:x", "ca:a/b", "ca:..", "ca:a b", "tsa:\u{430}", "roots:x", "signingauthority:x"] {
            assert!(matches!(TrustStore::load(name, &[]), Err(TrustStoreError::Name { .. })), "{name}");
        }
    }

    #[test]
    fn a_store_without_certificates_is_refused() {
        assert!(matches!(TrustStore::load("ca:x", &[]), Err(TrustStoreError::Empty { .. })));
        assert!(matches!(TrustStore::load("ca:x", &[("a", b"")]), Err(TrustStoreError::Unreadable { .. })));
        assert!(matches!(TrustStore::load("ca:x", &[("a", b"hello")]), Err(TrustStoreError::Unreadable { .. })));
        let key = AWS_SIGNER_IMAGES_PEM.replace("CERTIFICATE", "PRIVATE KEY");
        assert!(matches!(TrustStore::load("ca:x", &[("a", key.as_bytes())]), Err(TrustStoreError::Unreadable { .. })));
        let cut = AWS_SIGNER_IMAGES_PEM.replace("-----END CERTIFICATE-----", "");
        assert!(matches!(TrustStore::load("ca:x", &[("a", cut.as_bytes())]), Err(TrustStoreError::Unreadable { .. })));
    }

    #[test]
    fn several_certificates_and_words_between_them_are_read() {
        let both = format!("root\n{AWS_SIGNER_IMAGES_PEM}\n\nanother\n{AWS_SIGNER_IMAGES_GOV_PEM}trailing");
        assert_eq!(TrustStore::load("ca:x", &[("a", both.as_bytes())]).unwrap().certificates.len(), 2);
        assert_eq!(TrustStore::load("ca:x", &[("a", both.as_bytes()), ("b", both.as_bytes())]).unwrap().certificates.len(), 2);
    }
}
