//! Time stamp tokens (RFC 3161, with RFC 5816): that an authority had the hash of a signature before a time.
//!
//! 1. The token is one CMS SignedData, version 3, over a TSTInfo; its wrappers may be BER.
//! 2. It has one SignerInfo: version 1, signer by issuer and serial number, SHA-256, SHA-384 or SHA-512.
//! 3. Signed attributes: a DER SET OF, each once, one value each; contentType TSTInfo, messageDigest that of the TSTInfo.
//! 4. signingCertificateV2 (RFC 5035 section 3) names the very certificate whose key is used, by hash, and by issuer and serial number where
//!    it has them. The older signingCertificate, by SHA-1, does not do.
//! 5. The signature is that of this certificate's key.
//! 6. TSTInfo: version 1, no critical extension, and the hash of what was stamped.
//! 7. For a trust store: certificates of the token lead to one of the store, which is self-signed.
//! 8. The authority's certificate is for time stamps alone, critically; the others are CAs that may issue it.
//! 9. All of them were valid at genTime.

mod cms;
mod path;
mod tst;

use jiff::{SignedDuration, Timestamp};

use super::notary::Span;
use super::x509::{Certificate, Hash, KeyKind, SignatureAlgorithm};
use super::{Rejection, asn1, ber};
use asn1::tag;

use cms::SignedData;
use tst::TstInfo;

/// A token whose own parts agree. Whether its authority is trusted is asked for each trust store.
#[derive(Debug)]
pub(in crate::signature) struct Token {
    generated_at: Timestamp,
    span: Span,
    /// The authority's certificate.
    signer: Certificate,
    /// The other certificates of the token.
    others: Vec<Certificate>,
}

/// A token that holds under a trust store.
#[derive(Debug)]
pub(in crate::signature) struct Holding {
    pub span: Span,
    /// The authority's chain, DER, leaf first, root last.
    pub chain: Vec<Vec<u8>>,
}

/// Why a time stamp does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::signature) enum Fault {
    #[error("the time stamp is malformed: {part}: {detail}")]
    Malformed { part: &'static str, detail: String },
    #[error("the time stamp uses {presented} for {part}, which is not verified")]
    Algorithm { part: &'static str, presented: String },
    #[error("the time stamp is of something else: its hash is not that of the signature")]
    Imprint,
    #[error("the time stamp's content does not have the digest that its authority signed")]
    Content,
    #[error("the time stamp names another certificate than the one whose key is used: {0}")]
    OtherCertificate(&'static str),
    #[error("the time stamp's signature does not verify with its authority's key")]
    BadSignature,
    #[error("the time stamp's authority `{authority}` does not lead to a certificate of the trust store")]
    Untrusted { authority: String },
    #[error("the time stamp's authority: {0}")]
    Authority(Rejection),
}

impl Token {
    /// Steps 1 to 6. `stamped`: the bytes that the time stamp must be of.
    pub fn parse(bytes: &[u8], stamped: &[u8]) -> Result<Self, Fault> {
        // 1. SignedData.
        let der = ber::to_der(bytes).map_err(|e| malformed("CMS", e))?;
        let signed = SignedData::parse(&der)?;
        // 2. SignerInfo.
        let info = signed.signer_info()?;
        // 3. Signed attributes.
        let attributes = info.attributes()?;
        attributes.check(&info, signed.content)?;
        // 4. The certificate.
        let mut others = signed.certificates()?;
        let at = others.iter().position(|c| c.issuer == info.issuer && c.serial == info.serial);
        let at = at.ok_or(Fault::OtherCertificate("none in the token has the signer's issuer and serial number"))?;
        let signer = others.swap_remove(at);
        attributes.check_certificate(&signer)?;
        // 5. Signature.
        let algorithm = SignatureAlgorithm::read_in_cms(info.signature_algorithm, info.hash)
            .ok_or_else(|| Fault::Algorithm { part: "its signature", presented: cms::algorithm_name(info.signature_algorithm) })?;
        let message = asn1::encode(tag::SET, info.signed_attributes);
        if !signer.key.verifies(algorithm, &message, info.signature) {
            return Err(Fault::BadSignature);
        }
        // 6. TSTInfo.
        let content = TstInfo::parse(signed.content)?;
        if content.hash.of(stamped) != content.imprint {
            return Err(Fault::Imprint);
        }
        let span = span(content.generated_at, content.accuracy)?;
        Ok(Self { generated_at: content.generated_at, span, signer, others })
    }

    /// The kind of key that the authority signs with.
    pub fn signer_key(&self) -> KeyKind {
        self.signer.key.kind
    }

    /// Steps 7 to 9, for the certificates of one trust store.
    pub fn under(&self, store: &[Vec<u8>]) -> Result<Holding, Fault> {
        // 7. Path.
        let chain = path::find(&self.signer, &self.others, store)
            .ok_or_else(|| Fault::Untrusted { authority: self.signer.subject_text.clone() })?;
        // 8. Uses.
        super::notary::check_timestamp_authority(&chain).map_err(Fault::Authority)?;
        // 9. Validity.
        if let Some(outside) = chain.iter().find(|certificate| !certificate.is_valid_at(self.generated_at)) {
            return Err(Fault::Authority(Rejection::CertificateValidity {
                certificate: outside.subject_text.clone(),
                signed_at: self.generated_at,
                not_before: outside.not_before,
                not_after: outside.not_after,
            }));
        }
        Ok(Holding { span: self.span, chain: chain.into_iter().map(|certificate| certificate.der).collect() })
    }
}

fn span(generated_at: Timestamp, accuracy: SignedDuration) -> Result<Span, Fault> {
    let out_of_range = |_| malformed("genTime", "with its accuracy it is out of range");
    Ok(Span {
        earliest: generated_at.checked_sub(accuracy).map_err(out_of_range)?,
        latest: generated_at.checked_add(accuracy).map_err(out_of_range)?,
    })
}

fn malformed(part: &'static str, detail: impl ToString) -> Fault {
    Fault::Malformed { part, detail: detail.to_string() }
}

/// Hash of an AlgorithmIdentifier's content.
fn hash(part: &'static str, algorithm: &[u8]) -> Result<Hash, Fault> {
    Hash::read(algorithm).map_err(|presented| Fault::Algorithm { part, presented })
}
