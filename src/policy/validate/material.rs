//! Trust material: what the policy declares, and what its statements name. Only what is named is in force.

use std::ops::Range;

use super::super::problem::Problems;
use super::ReadRoot;
use super::authority::Named;
use super::fields::{Fields, Text, list, quoted, shorten};
use super::notary::is_store;
use crate::model::arn::is_account;
use crate::model::digest::Digest;
use crate::signature::trust::{PublicKeyAnchor, SigstoreRoot, TrustStore, shipped, shipped_sigstore_roots, shipped_trust_stores};
use crate::signature::{Anchor, TrustAnchors};

/// Certificates of one trust store that a policy may name.
const MAX_STORE_FILES: usize = 100;

/// What a policy declares.
#[derive(Default)]
pub(super) struct Material {
    anchors: Vec<Anchor>,
    sigstore_roots: Vec<SigstoreRoot>,
    trust_stores: Vec<TrustStore>,
    /// Every name that is declared, also of those that could not be read: a mistake inside is one problem, not two.
    declared: Vec<Named>,
}

impl Material {
    /// Reads `roots:`, `sigstore_roots:` and `trust_stores:`.
    pub(super) fn declared(fields: &Fields<'_>, read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) -> Self {
        let mut material = Self::default();
        material.roots(fields, read, problems);
        material.read_sigstore_roots(fields, read, problems);
        material.read_trust_stores(fields, read, problems);
        material
    }

    /// The anchors in force: pinned roots, and of all else what `named` names. Reads the keys.
    pub(super) fn named(&mut self, named: &[(Named, Range<usize>)], read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) -> TrustAnchors {
        let mut force = TrustAnchors { anchors: std::mem::take(&mut self.anchors), ..TrustAnchors::default() };
        let mut seen: Vec<&Named> = Vec::new();
        for (name, span) in named {
            // A key that cannot be read is one problem, however often it is named; a name that is not known is one wherever it stands.
            if matches!(name, Named::Key(_)) && seen.contains(&name) {
                continue;
            }
            seen.push(name);
            match name {
                Named::Root(name) => self.root(name, span, &mut force, problems),
                Named::SigstoreRoot(name) => self.sigstore_root(name, span, &mut force, problems),
                Named::TrustStore(name) => self.trust_store(name, span, &mut force, problems),
                Named::Key(file) => {
                    match bytes_of(file, read).and_then(|bytes| PublicKeyAnchor::parse(file, &bytes).map_err(|why| why.to_string())) {
                        Ok(key) => force.keys.push(key),
                        Err(why) => problems.add(span, format!("the key `{}` cannot be used: {why}", shorten(file))),
                    }
                }
            }
        }
        force.anchors.sort_by(|a, b| a.name.cmp(&b.name));
        force.sigstore_roots.sort_by(|a, b| a.name.cmp(&b.name));
        force.keys.sort_by(|a, b| a.name.cmp(&b.name));
        force.trust_stores.sort_by(|a, b| a.name.cmp(&b.name));
        force
    }

    fn root(&self, name: &str, span: &Range<usize>, force: &mut TrustAnchors, problems: &mut Problems<'_>) {
        if self.declares(&Named::Root(name.into())) || force.anchors.iter().any(|anchor| anchor.name == name) {
            return;
        }
        if let Some(anchor) = shipped().iter().find(|anchor| anchor.name == name) {
            force.anchors.push(anchor.clone());
            return;
        }
        let known = self.names(|named| if let Named::Root(name) = named { Some(name) } else { None });
        let known: Vec<&str> = known.into_iter().chain(shipped().iter().map(|anchor| anchor.name.as_str())).collect();
        unknown("root", name, span, &known, "roots", problems);
    }

    fn sigstore_root(&self, name: &str, span: &Range<usize>, force: &mut TrustAnchors, problems: &mut Problems<'_>) {
        if force.sigstore_roots.iter().any(|root| root.name == name) {
            return;
        }
        let ours = self.sigstore_roots.iter().chain(shipped_sigstore_roots()).find(|root| root.name == name);
        if let Some(root) = ours {
            force.sigstore_roots.push(root.clone());
        } else if !self.declares(&Named::SigstoreRoot(name.into())) {
            let known = self.names(|named| if let Named::SigstoreRoot(name) = named { Some(name) } else { None });
            let known: Vec<&str> = known.into_iter().chain(shipped_sigstore_roots().iter().map(|root| root.name.as_str())).collect();
            unknown("trusted root", name, span, &known, "sigstore_roots", problems);
        }
    }

    fn trust_store(&self, name: &str, span: &Range<usize>, force: &mut TrustAnchors, problems: &mut Problems<'_>) {
        if force.trust_stores.iter().any(|store| store.name == name) {
            return;
        }
        let ours = self.trust_stores.iter().chain(shipped_trust_stores()).find(|store| store.name == name);
        if let Some(store) = ours {
            force.trust_stores.push(store.clone());
        } else if !self.declares(&Named::TrustStore(name.into())) && is_store(name, &["ca", "signingAuthority", "tsa"]) {
            let known = self.names(|named| if let Named::TrustStore(name) = named { Some(name) } else { None });
            let known: Vec<&str> = known.into_iter().chain(shipped_trust_stores().iter().map(|store| store.name.as_str())).collect();
            unknown("trust store", name, span, &known, "trust_stores", problems);
        }
    }

    fn declares(&self, named: &Named) -> bool {
        self.declared.contains(named)
    }

    fn names<'m>(&'m self, of: impl Fn(&'m Named) -> Option<&'m String>) -> Vec<&'m str> {
        self.declared.iter().filter_map(of).map(String::as_str).collect()
    }

    /// Notes a declared name; false where it is taken.
    fn declare(&mut self, text: &Text<'_>, named: Named, shipped: bool, what: &str, problems: &mut Problems<'_>) -> bool {
        let taken = self.declares(&named);
        if shipped {
            problems.add(&text.span, format!("`{}` is the name of a {what} that ships with layerproof", shorten(text.value)));
        } else if taken {
            problems.add(&text.span, format!("the name `{}` stands here twice", shorten(text.value)));
        }
        self.declared.push(named);
        !shipped && !taken
    }

    fn roots(&mut self, fields: &Fields<'_>, read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) {
        let Some(node) = fields.get("roots") else { return };
        for item in list(node, "`roots`", problems) {
            let what = "a root";
            let Some(fields) = Fields::of(item, what, &["name", "file", "sha256", "accounts"], problems) else { continue };
            let name = fields.require_text("name", what, problems);
            let good_name = name.as_ref().is_some_and(|name| {
                let is_shipped = shipped().iter().any(|anchor| anchor.name == name.value);
                self.declare(name, Named::Root(name.value.to_owned()), is_shipped, "root", problems)
            });
            let file = fields.require_text("file", what, problems);
            let sha256 = fields.require_text("sha256", what, problems);
            let help = "the SHA-256 of the certificate's DER: `openssl x509 -in FILE -outform DER | sha256sum`";
            let good_fingerprint = is_fingerprint(sha256.as_ref(), help, problems);
            let accounts = fields.require_texts("accounts", what, problems);
            for text in &accounts {
                if !is_account(text.value) {
                    // A root can vouch for any account; a pinned one is bound to those that the user means (DESIGN §4 rule 9).
                    problems.add(&text.span, format!("`{}` is not an account of twelve digits", shorten(text.value)));
                }
            }
            // What is wrong already is not said again in the words of `Anchor::pinned`.
            let good = good_name && good_fingerprint && !accounts.is_empty() && accounts.iter().all(|text| is_account(text.value));
            let (Some(name), Some(file), Some(sha256), true) = (name, file, sha256, good) else { continue };
            let Some(bytes) = bytes_at(&file, read, problems) else { continue };
            let accounts: Vec<String> = accounts.iter().map(|text| text.value.to_owned()).collect();
            match Anchor::pinned(name.value, &bytes, sha256.value, &accounts) {
                Ok(anchor) => self.anchors.push(anchor),
                Err(error) => problems.add(&file.span, format!("`{}`: {error}", shorten(file.value))),
            }
        }
    }

    fn read_sigstore_roots(&mut self, fields: &Fields<'_>, read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) {
        let Some(node) = fields.get("sigstore_roots") else { return };
        for item in list(node, "`sigstore_roots`", problems) {
            let what = "a trusted root";
            let Some(fields) = Fields::of(item, what, &["name", "file", "sha256"], problems) else { continue };
            let name = fields.require_text("name", what, problems);
            let good_name = name.as_ref().is_some_and(|name| {
                let is_shipped = shipped_sigstore_roots().iter().any(|root| root.name == name.value);
                self.declare(name, Named::SigstoreRoot(name.value.to_owned()), is_shipped, "trusted root", problems)
            });
            let file = fields.require_text("file", what, problems);
            let sha256 = fields.text("sha256", problems);
            let typed = fields.get("sha256").is_some();
            let good_fingerprint = !typed || is_fingerprint(sha256.as_ref(), "the SHA-256 of the file: `sha256sum FILE`", problems);
            let (Some(name), Some(file), true) = (name, file, good_name && good_fingerprint) else { continue };
            let Some(bytes) = bytes_at(&file, read, problems) else { continue };
            let computed = Digest::of(&bytes).hex();
            if let Some(sha256) = sha256.filter(|text| text.value != computed) {
                problems.add(&sha256.span, format!("`{}` has the SHA-256 {computed}", shorten(file.value)));
                continue;
            }
            match SigstoreRoot::parse(name.value, &bytes) {
                Ok(root) => self.sigstore_roots.push(root),
                Err(why) => problems.add(&file.span, format!("`{}`: {why}", shorten(file.value))),
            }
        }
    }

    fn read_trust_stores(&mut self, fields: &Fields<'_>, read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) {
        let Some(node) = fields.get("trust_stores") else { return };
        for item in list(node, "`trust_stores`", problems) {
            let what = "a trust store";
            let Some(fields) = Fields::of(item, what, &["name", "files"], problems) else { continue };
            let name = fields.require_text("name", what, problems);
            let good_name = name.as_ref().is_some_and(|name| {
                let well_formed = is_store(name.value, &["ca", "signingAuthority", "tsa"]);
                if !well_formed {
                    problems.add(&name.span, "the name of a trust store is `ca:NAME`, `signingAuthority:NAME` or `tsa:NAME`");
                }
                let is_shipped = shipped_trust_stores().iter().any(|store| store.name == name.value);
                self.declare(name, Named::TrustStore(name.value.to_owned()), is_shipped, "trust store", problems) && well_formed
            });
            let files = fields.require_texts("files", what, problems);
            if files.len() > MAX_STORE_FILES {
                problems.add(&fields.key_span("files"), format!("more than {MAX_STORE_FILES} files"));
                continue;
            }
            let read: Vec<(String, Vec<u8>)> =
                files.iter().filter_map(|file| Some((file.value.to_owned(), bytes_at(file, read, problems)?))).collect();
            let (Some(name), true) = (name, good_name && !files.is_empty() && read.len() == files.len()) else { continue };
            let files: Vec<(&str, &[u8])> = read.iter().map(|(file, bytes)| (file.as_str(), bytes.as_slice())).collect();
            match TrustStore::load(name.value, &files) {
                Ok(store) => self.trust_stores.push(store),
                Err(why) => problems.add(&fields.key_span("files"), why.to_string()),
            }
        }
    }
}

fn unknown(what: &str, name: &str, span: &Range<usize>, known: &[&str], key: &str, problems: &mut Problems<'_>) {
    let message = format!("the {what} `{}` is not known", shorten(name));
    problems.add_with_help(span, message, format!("there are {}; others are declared under `{key}:`", quoted(known)));
}

fn is_fingerprint(text: Option<&Text<'_>>, help: &str, problems: &mut Problems<'_>) -> bool {
    let good =
        text.is_some_and(|text| text.value.len() == 64 && text.value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    if let Some(text) = text.filter(|_| !good) {
        problems.add_with_help(&text.span, "`sha256` is not 64 lower-case hexadecimal digits", help);
    }
    good
}

fn bytes_at(file: &Text<'_>, read: &mut ReadRoot<'_>, problems: &mut Problems<'_>) -> Option<Vec<u8>> {
    bytes_of(file.value, read).map_err(|message| problems.add(&file.span, message)).ok()
}

fn bytes_of(file: &str, read: &mut ReadRoot<'_>) -> Result<Vec<u8>, String> {
    if file.starts_with(['/', '\\']) || file.contains(':') {
        return Err(format!("`{}` must be a path relative to the policy file", shorten(file)));
    }
    read(file)
}
