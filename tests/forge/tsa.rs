//! A timestamp authority (RFC 3161): tokens, good and forged.

use jiff::Timestamp;

use super::der::{self, oids};
use super::hook::Hook;
use super::keys::{Hash, Scheme, SigningKey};
use super::pki::{Extension, Holder, asn1_time, dn, sha1};

/// The authority and its chain.
#[derive(Clone)]
pub struct Tsa {
    pub root: Holder,
    /// What issued the leaf; the root did where there is none.
    pub intermediate: Option<Holder>,
    /// What signs tokens.
    pub leaf: Holder,
}

impl Tsa {
    /// An authority whose names and keys follow from `label`.
    pub fn named(label: &str) -> Self {
        let name = |role: &str| dn(&[("C", "DE"), ("O", &format!("{label} timestamps")), ("CN", role)]);
        let root = Holder::root(&name("tsa root"), SigningKey::p384(&format!("{label} tsa root")));
        let mut intermediate =
            Holder::intermediate(&name("tsa intermediate"), SigningKey::p384(&format!("{label} tsa intermediate")), &root);
        intermediate.cert.set(Extension::eku(&[oids::TIME_STAMPING]));
        let mut leaf = Holder::leaf(&name("tsa"), SigningKey::p256(&format!("{label} tsa")), &intermediate, &[]);
        leaf.cert.set(Extension::critical_eku(&[oids::TIME_STAMPING]));
        Self { root, intermediate: Some(intermediate), leaf }
    }

    /// The chain, DER each: leaf, intermediate, root.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        let mut chain = vec![self.leaf_der()];
        chain.extend(self.intermediate.iter().map(|holder| holder.signed_by(&self.root)));
        chain.push(self.root.self_signed());
        chain
    }

    /// The certificate that signs tokens, DER.
    pub fn leaf_der(&self) -> Vec<u8> {
        self.leaf.signed_by(self.intermediate.as_ref().unwrap_or(&self.root))
    }

    /// A token that states that `message` was there at `time`.
    pub fn token(&self, message: &[u8], time: Timestamp) -> Token {
        Token {
            policy: "1.3.6.1.4.1.57264.2".into(),
            hash: Hash::Sha256,
            imprint: Hash::Sha256.of(message),
            serial: 0x4242,
            gen_time: asn1_time(time),
            accuracy: None,
            ordering: false,
            nonce: None,
            name: None,
            content_type: oids::TST_INFO,
            certificates: vec![self.leaf_der()],
            signers: vec![TokenSigner::of(self, Some(time))],
            edit_content: Hook::default(),
            edit_der: Hook::default(),
        }
    }
}

/// Which attribute names the signer's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CertificateId {
    /// signingCertificate (RFC 2634): SHA-1.
    V1,
    /// signingCertificateV2 (RFC 5035).
    V2(Hash),
}

/// Who signs a token.
#[derive(Clone)]
pub struct TokenSigner {
    pub key: SigningKey,
    pub scheme: Scheme,
    /// digestAlgorithm.
    pub digest: Hash,
    /// Name of the certificate's issuer, DER.
    pub issuer: Vec<u8>,
    pub serial: Vec<u8>,
    pub signing_time: Option<Timestamp>,
    /// The certificate that the attribute names, DER, and how.
    pub names: Option<(CertificateId, Vec<u8>)>,
    /// Changes the signed attributes (OID, value in DER) before they are sorted and signed.
    pub edit_attributes: Hook<Vec<(String, Vec<u8>)>>,
    /// Changes the signature.
    pub edit_signature: Hook<Vec<u8>>,
}

impl TokenSigner {
    /// The leaf of `tsa`.
    pub fn of(tsa: &Tsa, signing_time: Option<Timestamp>) -> Self {
        Self {
            key: tsa.leaf.key.clone(),
            scheme: tsa.leaf.key.scheme(),
            digest: tsa.leaf.key.scheme().hash(),
            issuer: tsa.leaf.cert.issuer.clone(),
            serial: tsa.leaf.cert.serial.clone(),
            signing_time,
            names: Some((CertificateId::V2(Hash::Sha256), tsa.leaf_der())),
            edit_attributes: Hook::default(),
            edit_signature: Hook::default(),
        }
    }

    fn signer_info(&self, content_type: &str, content: &[u8]) -> Vec<u8> {
        let mut attributes = vec![
            (oids::CONTENT_TYPE.to_string(), der::oid(content_type)),
            (oids::MESSAGE_DIGEST.to_string(), der::octets(&self.digest.of(content))),
        ];
        if let Some(time) = self.signing_time {
            attributes.push((oids::SIGNING_TIME.into(), der::x509_time(&asn1_time(time))));
        }
        if let Some((id, certificate)) = &self.names {
            attributes.push(self.certificate_attribute(*id, certificate));
        }
        self.edit_attributes.run(&mut attributes);
        let mut attributes: Vec<_> =
            attributes.iter().map(|(oid, value)| der::seq(&[der::oid(oid), der::set_of(vec![value.clone()])])).collect();
        attributes.sort();
        let mut signature = self.key.sign(self.scheme, &der::tlv(0x31, &attributes.concat()));
        self.edit_signature.run(&mut signature);
        der::seq(&[
            der::int(1),
            der::seq(&[self.issuer.clone(), der::int_bytes(&self.serial)]),
            der::algorithm(self.digest.oid()),
            der::context(0, &attributes.concat()),
            self.scheme.algorithm(),
            der::octets(&signature),
        ])
    }

    fn certificate_attribute(&self, id: CertificateId, certificate: &[u8]) -> (String, Vec<u8>) {
        let issuer_serial = der::seq(&[der::seq(&[der::context(4, &self.issuer)]), der::int_bytes(&self.serial)]);
        let (oid, parts) = match id {
            CertificateId::V1 => (oids::SIGNING_CERTIFICATE, vec![der::octets(&sha1(certificate)), issuer_serial]),
            // SHA-256 is the default, which DER leaves out.
            CertificateId::V2(Hash::Sha256) => {
                (oids::SIGNING_CERTIFICATE_V2, vec![der::octets(&Hash::Sha256.of(certificate)), issuer_serial])
            }
            CertificateId::V2(hash) => {
                (oids::SIGNING_CERTIFICATE_V2, vec![der::algorithm(hash.oid()), der::octets(&hash.of(certificate)), issuer_serial])
            }
        };
        (oid.into(), der::seq(&[der::seq(&[der::seq(&parts)])]))
    }
}

/// A token before it is signed.
#[derive(Clone)]
pub struct Token {
    pub policy: String,
    /// messageImprint's algorithm.
    pub hash: Hash,
    /// messageImprint's hash.
    pub imprint: Vec<u8>,
    pub serial: u64,
    /// GeneralizedTime's text.
    pub gen_time: String,
    /// Seconds, milliseconds, microseconds; the latter two are left out where they are zero.
    pub accuracy: Option<[u64; 3]>,
    pub ordering: bool,
    pub nonce: Option<u64>,
    /// Name of the authority, DER.
    pub name: Option<Vec<u8>>,
    pub content_type: &'static str,
    /// The bag, DER each.
    pub certificates: Vec<Vec<u8>>,
    pub signers: Vec<TokenSigner>,
    /// Changes TSTInfo's DER before it is signed.
    pub edit_content: Hook<Vec<u8>>,
    /// Changes the token's DER.
    pub edit_der: Hook<Vec<u8>>,
}

impl Token {
    /// TSTInfo, DER.
    pub fn content(&self) -> Vec<u8> {
        let imprint = der::seq(&[der::algorithm_null(self.hash.oid()), der::octets(&self.imprint)]);
        let mut parts = vec![der::int(1), der::oid(&self.policy), imprint, der::int(self.serial), der::generalized_time(&self.gen_time)];
        if let Some([seconds, millis, micros]) = self.accuracy {
            let units = [(0, millis), (1, micros)];
            let units = units.iter().filter(|(_, value)| *value > 0).map(|(number, value)| der::implicit(*number, &der::int(*value)[2..]));
            parts.push(der::seq(&[vec![der::int(seconds)], units.collect()].concat()));
        }
        if self.ordering {
            parts.push(der::yes());
        }
        parts.extend(self.nonce.map(der::int));
        parts.extend(self.name.as_ref().map(|name| der::context(0, &der::context(4, name))));
        let mut content = der::seq(&parts);
        self.edit_content.run(&mut content);
        content
    }

    /// TimeStampToken: what Notary envelopes hold.
    pub fn token(&self) -> Vec<u8> {
        let content = self.content();
        let digests: Vec<_> = self.signers.iter().map(|signer| der::algorithm(signer.digest.oid())).collect();
        let signers: Vec<_> = self.signers.iter().map(|signer| signer.signer_info(self.content_type, &content)).collect();
        let mut parts =
            vec![der::int(3), der::set_of(digests), der::seq(&[der::oid(self.content_type), der::context(0, &der::octets(&content))])];
        if !self.certificates.is_empty() {
            parts.push(der::context(0, &self.certificates.concat()));
        }
        parts.push(der::set_of(signers));
        let mut token = der::seq(&[der::oid(oids::SIGNED_DATA), der::context(0, &der::seq(&parts))]);
        self.edit_der.run(&mut token);
        token
    }

    /// TimeStampResp, granted: what Sigstore bundles hold.
    pub fn response(&self) -> Vec<u8> {
        der::seq(&[der::seq(&[der::int(0)]), self.token()])
    }
}
