//! What a CA says about its certificates later: OCSP responses (RFC 6960) and CRLs (RFC 5280).

use jiff::Timestamp;

use super::der::{self, oids};
use super::hook::Hook;
use super::keys::{Hash, Scheme, SigningKey};
use super::pki::{Cert, Extension, Holder, asn1_time, at, dn, key_id, public_key_bits, sha1};

const OCSP_BASIC: &str = "1.3.6.1.5.5.7.48.1.1";
const OCSP_NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
/// id-pkix-ocsp-nocheck.
pub const OCSP_NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
const CRL_NUMBER: &str = "2.5.29.20";
const CRL_REASON: &str = "2.5.29.21";
const DELTA_CRL: &str = "2.5.29.27";
/// issuingDistributionPoint.
pub const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";

/// What is said of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Good,
    /// When, and CRLReason (1 keyCompromise, 4 superseded, 6 certificateHold).
    Revoked(Timestamp, Option<u8>),
    Unknown,
}

/// Who answers.
#[derive(Clone)]
pub enum ResponderId {
    /// Name, DER.
    Name(Vec<u8>),
    /// SHA-1 of the public key's bits.
    Key(Vec<u8>),
}

/// One answer.
#[derive(Clone)]
pub struct Answer {
    /// OID of CertID's hash.
    pub hash: &'static str,
    pub issuer_name_hash: Vec<u8>,
    pub issuer_key_hash: Vec<u8>,
    pub serial: Vec<u8>,
    pub status: Status,
    pub this_update: Timestamp,
    pub next_update: Option<Timestamp>,
    /// singleExtensions.
    pub extensions: Vec<Extension>,
}

impl Answer {
    /// What is said of `cert`, which `issuer` issued; good for a week from 2026-09-01.
    pub fn about(cert: &Cert, issuer: &Holder, status: Status) -> Self {
        Self {
            hash: oids::SHA1,
            issuer_name_hash: sha1(&issuer.cert.subject),
            issuer_key_hash: key_id(&issuer.key.spki()),
            serial: cert.serial.clone(),
            status,
            this_update: at("2026-09-01T00:00:00Z"),
            next_update: Some(at("2026-09-08T00:00:00Z")),
            extensions: Vec::new(),
        }
    }

    /// With SHA-256 in the CertID.
    pub fn with_sha256(mut self, issuer: &Holder) -> Self {
        self.hash = oids::SHA256;
        self.issuer_name_hash = Hash::Sha256.of(&issuer.cert.subject);
        self.issuer_key_hash = Hash::Sha256.of(public_key_bits(&issuer.key.spki()));
        self
    }

    fn der(&self) -> Vec<u8> {
        let id = der::seq(&[
            der::algorithm_null(self.hash),
            der::octets(&self.issuer_name_hash),
            der::octets(&self.issuer_key_hash),
            der::int_bytes(&self.serial),
        ]);
        let status = match self.status {
            Status::Good => der::implicit(0, &[]),
            Status::Revoked(time, reason) => {
                let reason = reason.map(|reason| der::context(0, &der::enumerated(reason))).unwrap_or_default();
                der::context(1, &[der::generalized_time(&asn1_time(time)), reason].concat())
            }
            Status::Unknown => der::implicit(2, &[]),
        };
        let mut parts = vec![id, status, der::generalized_time(&asn1_time(self.this_update))];
        parts.extend(self.next_update.map(|time| der::context(0, &der::generalized_time(&asn1_time(time)))));
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(der::context(1, &der::seq(&extensions)));
        }
        der::seq(&parts)
    }
}

/// An OCSP response before it is signed.
#[derive(Clone)]
pub struct OcspResponse {
    /// 0 successful, 1 malformedRequest, 2 internalError, 3 tryLater, 5 sigRequired, 6 unauthorized; all but 0 have no body.
    pub status: u8,
    pub responder: ResponderId,
    pub produced_at: Timestamp,
    pub answers: Vec<Answer>,
    pub nonce: Option<Vec<u8>>,
    pub key: SigningKey,
    pub scheme: Scheme,
    /// Certificates of the responder, DER.
    pub certificates: Vec<Vec<u8>>,
    pub edit_signature: Hook<Vec<u8>>,
}

impl OcspResponse {
    /// An answer by the issuer itself.
    pub fn by_issuer(issuer: &Holder, answer: Answer) -> Self {
        Self {
            status: 0,
            responder: ResponderId::Name(issuer.cert.subject.clone()),
            produced_at: at("2026-09-01T00:00:00Z"),
            answers: vec![answer],
            nonce: None,
            key: issuer.key.clone(),
            scheme: issuer.key.scheme(),
            certificates: Vec::new(),
            edit_signature: Hook::default(),
        }
    }

    /// An answer by a responder to whom `issuer` delegated: [`delegated_responder`].
    pub fn by_delegate(responder: &Holder, issuer: &Holder, answer: Answer) -> Self {
        Self {
            responder: ResponderId::Key(key_id(&responder.key.spki())),
            certificates: vec![responder.signed_by(issuer)],
            ..Self::by_issuer(responder, answer)
        }
    }

    /// An answer that says that there is none: `status` as in [`OcspResponse::status`].
    pub fn error(status: u8) -> Vec<u8> {
        der::seq(&[der::enumerated(status)])
    }

    /// OCSPResponse, DER.
    pub fn der(&self) -> Vec<u8> {
        let responder = match &self.responder {
            ResponderId::Name(name) => der::context(1, name),
            ResponderId::Key(hash) => der::context(2, &der::octets(hash)),
        };
        let answers: Vec<_> = self.answers.iter().map(Answer::der).collect();
        let mut data = vec![responder, der::generalized_time(&asn1_time(self.produced_at)), der::seq(&answers)];
        if let Some(nonce) = &self.nonce {
            data.push(der::context(1, &der::seq(&[Extension::new(OCSP_NONCE, der::octets(nonce)).der()])));
        }
        let data = der::seq(&data);
        let mut signature = self.key.sign(self.scheme, &data);
        self.edit_signature.run(&mut signature);
        let mut basic = vec![data, self.scheme.algorithm(), der::bits(&signature, 0)];
        if !self.certificates.is_empty() {
            basic.push(der::context(0, &der::tlv(0x30, &self.certificates.concat())));
        }
        let bytes = der::seq(&[der::oid(OCSP_BASIC), der::octets(&der::seq(&basic))]);
        der::seq(&[der::enumerated(self.status), der::context(0, &bytes)])
    }
}

/// A responder below `issuer`: EKU OCSPSigning and id-pkix-ocsp-nocheck.
pub fn delegated_responder(label: &str, issuer: &Holder) -> Holder {
    let mut responder =
        Holder::leaf(&dn(&[("O", label), ("CN", "ocsp")]), SigningKey::p256(&format!("{label} ocsp")), issuer, &[oids::OCSP_SIGNING]);
    responder.cert.set(Extension::new(OCSP_NO_CHECK, der::null()));
    responder
}

/// A CRL before it is signed.
#[derive(Clone)]
pub struct Crl {
    /// Without its version it is of version 1.
    pub version: Option<u64>,
    /// Name, DER.
    pub issuer: Vec<u8>,
    pub this_update: Timestamp,
    pub next_update: Option<Timestamp>,
    /// Serial number, when, CRLReason (8 is removeFromCRL, in delta CRLs).
    pub revoked: Vec<(Vec<u8>, Timestamp, Option<u8>)>,
    pub extensions: Vec<Extension>,
    /// More extensions of every entry, beside the reason.
    pub entry_extensions: Vec<Extension>,
    /// Extensions of one entry alone, by its place.
    pub extensions_of: Vec<(usize, Extension)>,
    pub key: SigningKey,
    pub scheme: Scheme,
    pub edit_signature: Hook<Vec<u8>>,
}

impl Crl {
    /// A CRL of `issuer` with number 7 and nothing in it; good for a week from 2026-09-01.
    pub fn of(issuer: &Holder) -> Self {
        Self {
            version: Some(1),
            issuer: issuer.cert.subject.clone(),
            this_update: at("2026-09-01T00:00:00Z"),
            next_update: Some(at("2026-09-08T00:00:00Z")),
            revoked: Vec::new(),
            extensions: vec![Extension::authority_key_id(&issuer.key.spki()), Extension::new(CRL_NUMBER, der::int(7))],
            entry_extensions: Vec::new(),
            extensions_of: Vec::new(),
            key: issuer.key.clone(),
            scheme: issuer.key.scheme(),
            edit_signature: Hook::default(),
        }
    }

    /// Revokes a certificate.
    pub fn revoke(mut self, cert: &Cert, time: &str, reason: Option<u8>) -> Self {
        self.revoked.push((cert.serial.clone(), at(time), reason));
        self
    }

    /// Makes it a delta on the CRL of this number; its own is one more.
    pub fn delta(mut self, base: u64) -> Self {
        self.extensions.retain(|extension| extension.oid != CRL_NUMBER);
        self.extensions.push(Extension::new(CRL_NUMBER, der::int(base + 1)));
        self.extensions.push(Extension::critical(DELTA_CRL, der::int(base)));
        self
    }

    /// CertificateList, DER.
    pub fn der(&self) -> Vec<u8> {
        let time = |time: Timestamp| der::x509_time(&asn1_time(time));
        let mut parts: Vec<_> = self.version.map(der::int).into_iter().collect();
        parts.extend([self.scheme.algorithm(), self.issuer.clone(), time(self.this_update)]);
        parts.extend(self.next_update.map(time));
        let revoked: Vec<_> = self
            .revoked
            .iter()
            .enumerate()
            .map(|(place, (serial, when, reason))| {
                let mut entry = vec![der::int_bytes(serial), time(*when)];
                let reason = reason.map(|reason| Extension::new(CRL_REASON, der::enumerated(reason)));
                let own = self.extensions_of.iter().filter(|(of, _)| *of == place).map(|(_, extension)| extension);
                let extensions: Vec<_> = reason.iter().chain(&self.entry_extensions).chain(own).map(Extension::der).collect();
                if !extensions.is_empty() {
                    entry.push(der::seq(&extensions));
                }
                der::seq(&entry)
            })
            .collect();
        if !revoked.is_empty() {
            parts.push(der::seq(&revoked));
        }
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
            parts.push(der::context(0, &der::seq(&extensions)));
        }
        let list = der::seq(&parts);
        let mut signature = self.key.sign(self.scheme, &list);
        self.edit_signature.run(&mut signature);
        der::seq(&[list, self.scheme.algorithm(), der::bits(&signature, 0)])
    }
}
