//! A linear chain from the signer's certificate to a root, and the rules of RFC 5280 section 6 that it must keep.

use jiff::Timestamp;

use super::{ANY_PURPOSE, CODE_SIGNING, Certificate};
use crate::signature::{Anchor, Rejection, TrustAnchors};

/// Certificates, signer first, root last. At least two.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Chain {
    certificates: Vec<Certificate>,
    /// False where the signature left the root out, and an anchor stands in its place.
    pub root_presented: bool,
}

impl Chain {
    /// Orders `presented` from the signer (by issuer and serial number) up to a self-issued root, by names.
    ///
    /// There is no search for paths: each name may have one certificate, and each certificate must be part of the chain. The
    /// certificates of a CMS are not signed as a set, so anything beyond the chain would be bytes that nobody vouches for.
    ///
    /// A root that the signature leaves out (RFC 5652 section 5.1 allows it) is taken from `anchors` where one has the name and the
    /// key: trust rests on the anchor either way.
    pub fn assemble(presented: Vec<Certificate>, issuer: &[u8], serial: &[u8], anchors: &TrustAnchors) -> Result<Self, Rejection> {
        let broken = |detail: String| Rejection::Chain { detail };
        for (at, certificate) in presented.iter().enumerate() {
            if presented.iter().take(at).any(|other| other.subject == certificate.subject) {
                return Err(broken(format!("two certificates have the subject `{}`", certificate.subject_text)));
            }
        }
        let mut rest = presented;
        let is_signer = |c: &Certificate| c.issuer == issuer && c.serial == serial;
        let signer = rest.iter().position(is_signer).ok_or_else(|| broken("the signer's certificate is not there".into()))?;
        let mut top = rest.swap_remove(signer);
        if top.is_self_issued() {
            return Err(broken(format!("the signer's certificate `{}` is its own issuer", top.subject_text)));
        }
        let mut certificates = Vec::new();
        let mut root_presented = true;
        // Every turn takes one certificate out of `rest`, or ends.
        while !top.is_self_issued() {
            let next = match rest.iter().position(|c| c.subject == top.issuer) {
                Some(at) => rest.swap_remove(at),
                None => {
                    root_presented = false;
                    from_anchor(&top, anchors)?
                }
            };
            certificates.push(std::mem::replace(&mut top, next));
        }
        certificates.push(top);
        if let Some(extra) = rest.first() {
            return Err(broken(format!("`{}` is no part of the chain", extra.subject_text)));
        }
        Ok(Self { certificates, root_presented })
    }

    /// The certificates, signer first.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The signer's certificate.
    pub fn signer(&self) -> Option<&Certificate> {
        self.certificates.first()
    }

    /// The self-issued certificate at the top.
    pub fn root(&self) -> Option<&Certificate> {
        self.certificates.last()
    }

    /// Each certificate with the one that issued it; the root issues itself.
    pub fn links(&self) -> impl Iterator<Item = (&Certificate, &Certificate)> {
        let issuers = self.certificates.iter().skip(1).chain(self.certificates.last());
        self.certificates.iter().zip(issuers)
    }

    /// Each certificate is signed by the next, and the root by itself.
    pub fn check_signatures(&self) -> Result<(), Rejection> {
        for (certificate, issuer) in self.links() {
            if !certificate.is_signed_by(issuer) {
                let detail = format!("`{}` is not signed by the key of `{}`", certificate.subject_text, issuer.subject_text);
                return Err(Rejection::Chain { detail });
            }
        }
        Ok(())
    }

    /// What the certificates may be used for: signer not a CA, digitalSignature, codeSigning; every other one a CA with keyCertSign
    /// and room for what stands below it; no critical extension that is not understood.
    pub fn check_constraints(&self) -> Result<(), Rejection> {
        for (at, certificate) in self.certificates.iter().enumerate() {
            let fault = match at.checked_sub(1) {
                None => signer_fault(certificate),
                Some(below) => ca_fault(certificate, below),
            };
            let unknown = certificate
                .extensions
                .unknown_critical
                .first()
                .map(|id| format!("has the critical extension {id}, which is not understood"));
            if let Some(fault) = fault.map(str::to_owned).or(unknown) {
                return Err(Rejection::Chain { detail: format!("`{}` {fault}", certificate.subject_text) });
            }
        }
        Ok(())
    }

    /// Every certificate was valid at `time`. Validity counts whole seconds, both ends included (RFC 5280 section 4.1.2.5).
    pub fn check_validity(&self, time: Timestamp) -> Result<(), Rejection> {
        for certificate in &self.certificates {
            let second = time.as_second();
            if second < certificate.not_before.as_second() || second > certificate.not_after.as_second() {
                return Err(Rejection::CertificateValidity {
                    certificate: certificate.subject_text.clone(),
                    signed_at: time,
                    not_before: certificate.not_before,
                    not_after: certificate.not_after,
                });
            }
        }
        Ok(())
    }

    /// The anchors that are this very root, byte by byte. Never empty.
    pub fn anchored<'a>(&self, anchors: &'a TrustAnchors) -> Result<Vec<&'a Anchor>, Rejection> {
        let Some(root) = self.root() else { return Err(Rejection::Chain { detail: "it is empty".into() }) };
        let matching: Vec<&Anchor> = anchors.anchors.iter().filter(|anchor| anchor.der == root.der).collect();
        if matching.is_empty() {
            return Err(untrusted(root, anchors));
        }
        Ok(matching)
    }

    /// For AWS Signer's GetRevocationStatus, signer first: hex(SHA-384(TBS)) ‖ hex(SHA-384(TBS of the issuer)); the root is its own.
    pub fn hashes(&self) -> Vec<String> {
        self.links().map(|(certificate, issuer)| certificate.tbs_sha384() + &issuer.tbs_sha384()).collect()
    }
}

fn from_anchor(top: &Certificate, anchors: &TrustAnchors) -> Result<Certificate, Rejection> {
    anchors
        .anchors
        .iter()
        .filter_map(|anchor| Certificate::parse(&anchor.der, "anchor").ok())
        .find(|root| root.is_self_issued() && root.subject == top.issuer && top.is_signed_by(root))
        .ok_or_else(|| Rejection::Chain {
            detail: format!("the issuer `{}` of `{}` is neither in the signature nor an anchor", top.issuer_text, top.subject_text),
        })
}

fn untrusted(root: &Certificate, anchors: &TrustAnchors) -> Rejection {
    Rejection::UntrustedRoot {
        root: root.subject_text.clone(),
        fingerprint: root.fingerprint(),
        anchors: anchors.anchors.iter().map(|anchor| anchor.name.clone()).collect(),
    }
}

fn signer_fault(certificate: &Certificate) -> Option<&'static str> {
    let extensions = &certificate.extensions;
    if extensions.basic_constraints.as_ref().is_some_and(|(_, constraints)| constraints.ca) {
        return Some("signs code, but is a CA");
    }
    match &extensions.key_usage {
        None => return Some("has no keyUsage"),
        Some(usage) if !usage.digital_signature() => return Some("lacks the keyUsage digitalSignature"),
        Some(usage) if usage.key_cert_sign() => return Some("signs code, but has the keyUsage keyCertSign"),
        Some(_) => {}
    }
    match &extensions.purposes {
        Some(purposes) if purposes.contains(&CODE_SIGNING) => None,
        _ => Some("lacks the extendedKeyUsage codeSigning"),
    }
}

/// `below` is the number of CA certificates between this one and the signer.
fn ca_fault(certificate: &Certificate, below: usize) -> Option<&'static str> {
    let extensions = &certificate.extensions;
    match &extensions.basic_constraints {
        None => return Some("issues certificates without basicConstraints"),
        Some((_, constraints)) if !constraints.ca => return Some("issues certificates, but is no CA"),
        Some((false, _)) => return Some("is a CA whose basicConstraints are not critical (RFC 5280 section 4.2.1.9)"),
        Some((true, constraints)) => {
            if constraints.path_len_constraint.is_some_and(|most| below > usize::from(most)) {
                return Some("stands above more CAs than its pathLenConstraint allows");
            }
        }
    }
    if !extensions.key_usage.as_ref().is_some_and(|usage| usage.key_cert_sign()) {
        return Some("issues certificates without the keyUsage keyCertSign");
    }
    match &extensions.purposes {
        Some(purposes) if !purposes.contains(&CODE_SIGNING) && !purposes.contains(&ANY_PURPOSE) => {
            Some("is a CA for other purposes than codeSigning")
        }
        _ => None,
    }
}
