//! The path from a signer's certificate to a certificate authority of a trusted root, with every CA of it held to its validity.
//!
//! The crate makes each certificate of a root an anchor of its own, and of an anchor webpki asks no validity: a CA that had expired when
//! it signed passes there (the shape of CVE-2026-24122). So the path is walked once more here.

use jiff::Timestamp;

use super::certificate::Certificate;
use super::root::{Authority, Ready, covers};
use crate::signature::Rejection;

/// Certificates from the signer to the last.
const MAX_LENGTH: usize = 8;
/// Certificates that are tried as somebody's issuer, all in all.
const MAX_TRIES: usize = 512;

/// The paths from `leaf` to one of the root's authorities, each without the leaf, the issuing CA first, whatever the time. `above` is
/// what the signature brought along: it may lead to an authority and is none.
pub(super) fn paths<'a>(leaf: &'a Certificate, above: &'a [Certificate], root: &'a Ready) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let mut tries = 0;
    for authority in &root.authorities {
        let mut walk = Walk { above, authority, tries: &mut tries, found: &mut found };
        walk.up(leaf, &mut Vec::new());
    }
    found
}

/// One path.
pub(super) struct Path<'a> {
    pub certificates: Vec<&'a Certificate>,
    authority: &'a Authority,
}

struct Walk<'a, 'w> {
    above: &'a [Certificate],
    authority: &'a Authority,
    tries: &'w mut usize,
    found: &'w mut Vec<Path<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn up(&mut self, from: &'a Certificate, so_far: &mut Vec<&'a Certificate>) {
        let anchors = self.authority.certificates.iter();
        let is_anchor = |certificate: &Certificate| self.authority.certificates.iter().any(|anchor| anchor.der == certificate.der);
        // A path that has reached the authority goes on in it, up to its root, and nowhere else.
        let within = so_far.last().is_some_and(|last| is_anchor(last));
        let brought = if within { [].iter() } else { self.above.iter() };
        let mut higher = false;
        for next in anchors.chain(brought) {
            *self.tries = self.tries.saturating_add(1);
            if *self.tries > MAX_TRIES || so_far.len() >= MAX_LENGTH {
                return;
            }
            let known = so_far.iter().any(|certificate| certificate.der == next.der) || next.der == from.der;
            if !known && next.is_ca() && from.is_signed_by(next) {
                higher = true;
                so_far.push(next);
                self.up(next, so_far);
                so_far.pop();
            }
        }
        if within && !higher {
            self.found.push(Path { certificates: so_far.clone(), authority: self.authority });
        }
    }
}

/// Holds the signer's certificate and every CA of one path to each time; the first path that fits will do.
pub(super) fn valid_at(leaf: &Certificate, paths: &[Path<'_>], times: &[Timestamp]) -> Result<(), Rejection> {
    within(leaf, times)?;
    let mut first = None;
    for path in paths {
        match path.valid_at(times) {
            Ok(()) => return Ok(()),
            Err(rejection) => first = first.or(Some(rejection)),
        }
    }
    Err(first.unwrap_or_else(|| Rejection::Chain { detail: "no path leads to the root".into() }))
}

impl Path<'_> {
    fn valid_at(&self, times: &[Timestamp]) -> Result<(), Rejection> {
        if let Some(at) = times.iter().find(|time| !covers(self.authority.window, **time)) {
            let issuing = self.certificates.first().map(|certificate| certificate.subject_text.as_str()).unwrap_or_default();
            return Err(Rejection::OutsideValidity {
                what: format!("the certificate authority `{issuing}`"),
                at: *at,
                not_before: self.authority.window.map(|window| window.start),
                not_after: self.authority.window.and_then(|window| window.end),
            });
        }
        self.certificates.iter().try_for_each(|certificate| within(certificate, times))
    }
}

/// Holds one certificate to each time.
pub(super) fn within(certificate: &Certificate, times: &[Timestamp]) -> Result<(), Rejection> {
    match times.iter().find(|time| **time < certificate.not_before || **time > certificate.not_after) {
        None => Ok(()),
        Some(at) => Err(Rejection::OutsideValidity {
            what: format!("the certificate {}", certificate.describe()),
            at: *at,
            not_before: Some(certificate.not_before),
            not_after: Some(certificate.not_after),
        }),
    }
}
