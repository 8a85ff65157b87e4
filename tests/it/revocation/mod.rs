//! Whether what was verified was revoked: answers that must not be believed first, then those that must.

mod certificates;
mod crl;
mod ocsp;
mod recording;

use jiff::Timestamp;
use layerproof::signature::revocation::{Link, links};

use crate::forge::der::oids;
use crate::forge::keys::SigningKey;
use crate::forge::pki::{Extension, Holder, at, dn};

pub const NOW: &str = "2026-09-03T00:00:00Z";
pub const OCSP: &str = "http://ocsp.example/";
pub const LIST: &str = "http://crl.example/ca.crl";

pub fn now() -> Timestamp {
    at(NOW)
}

/// A root and a leaf that it issued.
pub struct Pki {
    pub root: Holder,
    pub leaf: Holder,
}

impl Pki {
    /// The leaf names a responder and a list.
    pub fn new() -> Self {
        Self::at(OCSP, LIST)
    }

    /// The leaf names these; an empty one is left out.
    pub fn at(ocsp: &str, list: &str) -> Self {
        let root = Holder::root(&dn(&[("O", "Acme"), ("CN", "root")]), SigningKey::p384("revocation root"));
        let leaf =
            Holder::leaf(&dn(&[("O", "Acme"), ("CN", "release")]), SigningKey::p256("revocation leaf"), &root, &[oids::CODE_SIGNING]);
        let mut pki = Self { root, leaf };
        if !ocsp.is_empty() {
            pki.leaf.cert.set(Extension::ocsp(ocsp));
        }
        if !list.is_empty() {
            pki.leaf.cert.set(Extension::crl_distribution_point(list));
        }
        pki
    }

    pub fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.signed_by(&self.root), self.root.self_signed()]
    }

    pub fn link(&self) -> Link {
        links(&self.chain()).expect("a chain").remove(0)
    }
}

/// Another CA of the same kind.
pub fn stranger() -> Holder {
    Holder::root(&dn(&[("O", "Mallory"), ("CN", "root")]), SigningKey::p384("mallory"))
}
