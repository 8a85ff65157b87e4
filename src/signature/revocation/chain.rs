//! The certificates of a chain, each with its issuer, and where it says that its status can be asked.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;

use super::fields::{addresses, malformed};
use super::{Status, Unusable, crl, ocsp};
use crate::model::digest::Digest;
use crate::signature::asn1::{self, Asn1Error, Values, tag};
use crate::signature::x509::{Certificate, MAX_CERTIFICATES};

const AUTHORITY_INFO_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
/// id-ad-ocsp.
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// Places that one certificate names.
const MAX_PLACES: usize = 16;
/// Places that are asked.
const MAX_ASKED: usize = 4;

/// A certificate and the one that issued it. There is none whose signature was not checked, so that nobody is asked at an address that an
/// unverified certificate names.
#[derive(Debug, Clone)]
pub struct Link {
    certificate: Certificate,
    issuer: Certificate,
    ocsp: Vec<String>,
    crls: Vec<String>,
    revokable: bool,
    delta: bool,
}

/// Tells one link from another: SHA-256 of certificate and issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId {
    /// Of the certificate's DER.
    pub certificate: Digest,
    /// Of its issuer's.
    pub issuer: Digest,
}

/// The links of a chain, signer first. The root has none: whoever could revoke it is itself.
///
/// # Errors
/// A chain whose certificates do not issue one another, or that cannot be read.
pub fn links(chain: &[Vec<u8>]) -> Result<Vec<Link>, Unusable> {
    if chain.len() > MAX_CERTIFICATES {
        return Err(malformed("the chain", Asn1Error::TooMany(MAX_CERTIFICATES)));
    }
    let read = |der: &Vec<u8>| Certificate::parse_general(der, "a certificate").map_err(|rejection| malformed("the chain", rejection));
    let certificates = chain.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let pairs = certificates.iter().zip(certificates.iter().skip(1));
    pairs.map(|(certificate, issuer)| Link::new(certificate.clone(), issuer.clone())).collect()
}

impl Link {
    fn new(certificate: Certificate, issuer: Certificate) -> Result<Self, Unusable> {
        if certificate.issuer != issuer.subject || !certificate.is_signed_by(&issuer) {
            return Err(Unusable::Signer {
                who: issuer.subject_text.clone(),
                fault: "did not issue the certificate below it in the chain",
            });
        }
        let mut link = Self { certificate, issuer, ocsp: Vec::new(), crls: Vec::new(), revokable: false, delta: false };
        link.read_places()?;
        Ok(link)
    }

    /// Who the certificate is of, for people. Untrusted: print through `printable`.
    pub fn subject(&self) -> &str {
        &self.certificate.subject_text
    }

    /// Tells it from others.
    pub fn id(&self) -> LinkId {
        LinkId { certificate: Digest::of(&self.certificate.der), issuer: Digest::of(&self.issuer.der) }
    }

    /// False where the certificate names no place at which its status could be asked: nobody can revoke it (Notary Project: "non-revokable").
    pub fn is_revokable(&self) -> bool {
        self.revokable
    }

    /// Addresses of OCSP responders, HTTP or HTTPS.
    pub fn responders(&self) -> &[String] {
        &self.ocsp
    }

    /// Addresses of revocation lists, HTTP or HTTPS.
    pub fn crls(&self) -> &[String] {
        &self.crls
    }

    /// The OCSP request about it, DER.
    ///
    /// # Errors
    /// A key that cannot be read.
    pub fn ocsp_request(&self) -> Result<Vec<u8>, Unusable> {
        ocsp::request(self)
    }

    /// What an OCSP response says of it at `now`.
    ///
    /// # Errors
    /// A response that proves nothing about it.
    pub fn judge_ocsp(&self, response: &[u8], now: Timestamp) -> Result<Status, Unusable> {
        ocsp::judge(self, response, now)
    }

    /// What a revocation list says of it at `now`.
    ///
    /// # Errors
    /// A list that proves nothing about it.
    pub fn judge_crl(&self, list: &[u8], now: Timestamp) -> Result<Status, Unusable> {
        crl::judge(self, list, now)
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    /// The content of the serial number.
    pub(super) fn serial(&self) -> &[u8] {
        asn1::one(&self.certificate.serial, tag::INTEGER).map(|serial| serial.value).unwrap_or_default()
    }

    /// True where the certificate names a delta list.
    pub(super) fn names_delta_list(&self) -> bool {
        self.delta
    }

    fn read_places(&mut self) -> Result<(), Unusable> {
        const PART: &str = "the extensions of a certificate";
        let fail = |error: Asn1Error| malformed(PART, error);
        let extensions = &self.certificate.extensions;
        if let Some(value) = extensions.value(AUTHORITY_INFO_ACCESS) {
            for access in Values::of(asn1::one(value, tag::SEQUENCE).map_err(fail)?.value).all(MAX_PLACES).map_err(fail)? {
                let mut fields = Values::of(access.value);
                if fields.expect(tag::OID).and_then(asn1::oid).map_err(fail)? == OCSP {
                    self.revokable = true;
                    self.ocsp.extend(super::fields::address(fields.next().map_err(fail)?).filter(|place| is_web(place)));
                }
            }
        }
        if let Some(value) = extensions.value(CRL_DISTRIBUTION_POINTS) {
            self.revokable = true;
            self.crls = crl_places(value)?;
        }
        self.delta = extensions.value(crl::FRESHEST_CRL).is_some();
        self.ocsp.truncate(MAX_ASKED);
        self.crls.truncate(MAX_ASKED);
        Ok(())
    }
}

/// cRLDistributionPoints (RFC 5280 section 4.2.1.13). A point with reasons, or with an issuer of its own, is not read: what it leads to
/// would not be a list that [`crl`] takes.
fn crl_places(value: &[u8]) -> Result<Vec<String>, Unusable> {
    const PART: &str = "the CRL distribution points of a certificate";
    let fail = |error: Asn1Error| malformed(PART, error);
    let mut places = Vec::new();
    for point in Values::of(asn1::one(value, tag::SEQUENCE).map_err(fail)?.value).all(MAX_PLACES).map_err(fail)? {
        let mut fields = Values::of(point.value);
        let place = fields.optional(tag::CONTEXT_0).map_err(fail)?;
        if !fields.is_empty() {
            continue;
        }
        // The other choice is a name relative to the issuer's.
        let Some(names) = place.and_then(|place| asn1::one(place.value, tag::CONTEXT_0).ok()) else { continue };
        places.extend(addresses(names.value, PART)?.into_iter().filter(|place| is_web(place)));
    }
    Ok(places)
}

fn is_web(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_the_web_are_asked() {
        for web in ["http://crl.example/a.crl", "HTTPS://ocsp.example"] {
            assert!(is_web(web), "{web}");
        }
        for other in ["ldap://directory.example/cn=ca", "file:///etc/passwd", "ftp://crl.example/a", "//crl.example", "httpx://a", ""] {
            assert!(!is_web(other), "{other}");
        }
    }
}
