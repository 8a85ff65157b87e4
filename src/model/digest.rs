//! SHA-256: what this process computed, and what others claim.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, digest};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Serialize, Serializer};

/// A SHA-256 that this process computed over bytes that it held. There is no way to make one from text: what an API, a manifest or
/// a cache says is a [`ClaimedDigest`], and only `store` compares the two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digest of bytes that are not at hand, for published signatures over artifacts that were not published.
    #[cfg(test)]
    pub(crate) fn of_bytes_that_are_not_here(hex: &str) -> Self {
        Self(HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap())
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The form of Lambda's `CodeSha256`: standard base64 with padding.
    pub fn code_sha256(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// The raw 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The OCI form, `sha256:` and 64 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A running SHA-256.
#[derive(Clone)]
pub struct Hasher(Context);

impl Hasher {
    /// An empty hash.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes added.
    pub fn finish(self) -> Digest {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        Digest(out)
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

/// A running SHA-384, as AWS Signer uses over the entries of a zip.
#[derive(Clone)]
pub struct Sha384(Context);

impl Sha384 {
    /// An empty hash.
    pub fn new() -> Self {
        Self(Context::new(&SHA384))
    }

    /// Hashes `bytes` at once.
    pub fn of(bytes: &[u8]) -> [u8; 48] {
        let mut out = [0; 48];
        out.copy_from_slice(digest(&SHA384, bytes).as_ref());
        out
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes added.
    pub fn finish(self) -> [u8; 48] {
        let mut out = [0; 48];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl Default for Sha384 {
    fn default() -> Self {
        Self::new()
    }
}

/// SHA-1, for the identifiers of OCSP only (RFC 6960 section 4.1.1): they name a certificate, and nothing rests on them.
pub fn sha1_identifier(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

/// A SHA-256 that somebody else states: `CodeSha256`, an OCI descriptor, a file name in the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimedDigest([u8; 32]);

impl ClaimedDigest {
    /// From the OCI form `sha256:<64 lower-case hexadecimal digits>`.
    pub fn from_oci(text: &str) -> Result<Self, DigestError> {
        let hex = text.strip_prefix("sha256:").ok_or_else(|| DigestError::new(text))?;
        Self::from_hex(hex).map_err(|_| DigestError::new(text))
    }

    /// From 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| DigestError::new(text))?;
        Ok(Self(bytes.try_into().map_err(|_| DigestError::new(text))?))
    }

    /// From Lambda's `CodeSha256`: standard base64 with padding.
    pub fn from_code_sha256(text: &str) -> Result<Self, DigestError> {
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| DigestError::new(text))?;
        let digest = Self(bytes.try_into().map_err(|_| DigestError::new(text))?);
        // The decoder takes several padded pieces in a row, which would be a second spelling.
        if digest.code_sha256() == text { Ok(digest) } else { Err(DigestError::new(text)) }
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The form of Lambda's `CodeSha256`.
    pub fn code_sha256(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// The claimed bytes, for `store` to compare with a computed digest.
    pub fn claimed_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<Digest> for ClaimedDigest {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

impl fmt::Display for ClaimedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for ClaimedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ClaimedDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no SHA-256 in the form that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a SHA-256 digest", super::printable::printable(.presented))]
pub struct DigestError {
    /// What stood there, at most 100 characters of it.
    pub presented: String,
}

impl DigestError {
    fn new(text: &str) -> Self {
        Self { presented: text.chars().take(100).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn known_value_in_all_three_forms() {
        let digest = Digest::of(b"");
        assert_eq!(digest.hex(), EMPTY);
        assert_eq!(digest.to_string(), format!("sha256:{EMPTY}"));
        assert_eq!(digest.code_sha256(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn upper_case_short_and_foreign_algorithms_are_refused() {
        assert!(ClaimedDigest::from_hex(&EMPTY.to_uppercase()).is_err());
        assert!(ClaimedDigest::from_hex(&EMPTY[1..]).is_err());
        assert!(ClaimedDigest::from_oci(&format!("sha512:{EMPTY}")).is_err());
        assert!(ClaimedDigest::from_code_sha256("AAAA").is_err());
    }

    #[test]
    fn a_second_spelling_of_a_code_sha256_is_refused() {
        let digest = Digest::of(b"").code_sha256();
        assert!(ClaimedDigest::from_code_sha256(&digest).is_ok());
        let padded_in_the_middle = format!("{}=OOOOOOOOOOOO", &digest[..31]);
        assert_eq!(padded_in_the_middle.len(), digest.len());
        for text in [padded_in_the_middle.as_str(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="] {
            assert!(ClaimedDigest::from_code_sha256(text).is_err(), "{text}");
        }
    }
}
