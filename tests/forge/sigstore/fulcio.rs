//! Fulcio: certificates that live ten minutes and say who signed.

use jiff::{SignedDuration, Timestamp};

use crate::forge::der::{self, oids};
use crate::forge::keys::SigningKey;
use crate::forge::pki::{Cert, Extension, Holder, dn, san_email, san_uri, serial_of};

/// The arc of Fulcio's extensions.
pub const ARC: &str = "1.3.6.1.4.1.57264.1";

/// The OIDC issuer of GitHub Actions.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The certificate authority.
#[derive(Clone)]
pub struct Fulcio {
    pub root: Holder,
    /// What issues leaves; the root does where there is none.
    pub intermediate: Option<Holder>,
}

impl Fulcio {
    /// A Fulcio whose names and keys follow from `label`.
    pub fn named(label: &str) -> Self {
        let name = |role: &str| dn(&[("O", &format!("{label} sigstore")), ("CN", role)]);
        let root = Holder::root(&name("fulcio root"), SigningKey::p384(&format!("{label} fulcio root")));
        let mut intermediate =
            Holder::intermediate(&name("fulcio intermediate"), SigningKey::p384(&format!("{label} fulcio intermediate")), &root);
        intermediate.cert.set(Extension::eku(&[oids::CODE_SIGNING]));
        Self { root, intermediate: Some(intermediate) }
    }

    /// What issues leaves.
    pub fn issuer(&self) -> &Holder {
        self.intermediate.as_ref().unwrap_or(&self.root)
    }

    /// The chain above a leaf, DER each, root last.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        let mut chain: Vec<_> = self.intermediate.iter().map(|holder| holder.signed_by(&self.root)).collect();
        chain.push(self.root.self_signed());
        chain
    }

    /// The leaf for `identity` and `spki`, issued at `time`: ten minutes, empty subject, no SCT yet.
    pub fn leaf(&self, identity: &Identity, spki: &[u8], time: Timestamp) -> Cert {
        let issuer = self.issuer();
        let mut extensions = vec![
            Extension::key_usage(0x80),
            Extension::eku(&[oids::CODE_SIGNING]),
            Extension::subject_key_id(spki),
            Extension::authority_key_id(&issuer.key.spki()),
        ];
        if !identity.names.is_empty() {
            extensions.push(Extension::subject_alt_name(&identity.names));
        }
        extensions.extend(identity.claims.iter().map(|(number, text)| claim(*number, text)));
        Cert {
            serial: serial_of(&[spki, time.to_string().as_bytes()].concat()),
            issuer: issuer.cert.subject.clone(),
            subject: dn(&[]),
            not_before: time,
            not_after: time + SignedDuration::from_mins(10),
            spki: spki.to_vec(),
            extensions,
            scheme: None,
        }
    }
}

/// Who signs: subjectAltName and Fulcio's claims.
#[derive(Clone)]
pub struct Identity {
    /// GeneralNames, DER.
    pub names: Vec<Vec<u8>>,
    /// Number below Fulcio's arc and text, in the order in which they are written.
    pub claims: Vec<(u32, String)>,
}

impl Identity {
    /// A person: an address and the OIDC issuer that vouched for it (`.1.1` and `.1.8`).
    pub fn email(address: &str, issuer: &str) -> Self {
        Self { names: vec![san_email(address)], claims: vec![(1, issuer.into()), (8, issuer.into())] }
    }

    /// A workload: a URI and the OIDC issuer.
    pub fn uri(uri: &str, issuer: &str) -> Self {
        Self { names: vec![san_uri(uri)], claims: vec![(1, issuer.into()), (8, issuer.into())] }
    }

    /// A workflow of GitHub Actions, with every claim that Fulcio writes for one: `github("acme", "layers", "release.yml", "refs/heads/main")`.
    pub fn github(owner: &str, repository: &str, workflow: &str, reference: &str) -> Self {
        let owner_uri = format!("https://github.com/{owner}");
        let source = format!("{owner_uri}/{repository}");
        let build = format!("{source}/.github/workflows/{workflow}@{reference}");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let claims = [
            (1, GITHUB),
            (2, "push"),
            (3, commit),
            (4, "release"),
            (5, &format!("{owner}/{repository}")),
            (6, reference),
            (8, GITHUB),
            (9, &build),
            (10, commit),
            (11, "github-hosted"),
            (12, &source),
            (13, commit),
            (14, reference),
            (15, "1000001"),
            (16, &owner_uri),
            (17, "2000002"),
            (18, &build),
            (19, commit),
            (20, "push"),
            (21, &format!("{source}/actions/runs/3000003/attempts/1")),
            (22, "public"),
        ];
        Self { names: vec![san_uri(&build)], claims: claims.map(|(number, text)| (number, text.to_string())).to_vec() }
    }

    /// The workflow that the tests trust: `release.yml` on `main` of `acme/layers`.
    pub fn ours() -> Self {
        Self::github("acme", "layers", "release.yml", "refs/heads/main")
    }

    /// Sets a claim, in its place or last.
    pub fn set(&mut self, number: u32, text: &str) {
        match self.claims.iter_mut().find(|(n, _)| *n == number) {
            Some((_, place)) => *place = text.into(),
            None => self.claims.push((number, text.into())),
        }
    }

    /// Takes a claim away.
    pub fn drop(&mut self, number: u32) {
        self.claims.retain(|(n, _)| *n != number);
    }
}

/// The dotted OID of a claim.
pub fn claim_oid(number: u32) -> String {
    format!("{ARC}.{number}")
}

/// A claim: up to `.1.6` the bare text, from `.1.8` on a DER UTF8String.
pub fn claim(number: u32, text: &str) -> Extension {
    let value = if number < 8 { text.as_bytes().to_vec() } else { der::utf8(text) };
    Extension::new(&claim_oid(number), value)
}
