//! The CMS that AWS Signer puts into zips. `published.rs` flips every byte of it; here fields are dropped and swapped too. The two outer
//! wrappers are of indefinite length and hold nothing else, so that SignedData is what is mutated.

use layerproof::model::digest::Digest;
use layerproof::signature::{Anchor, Basis, TrustAnchors};

use super::court::inside_zip;
use super::sweep::{Effect, Sweep, Unsigned};
use crate::forge::der::{self, oids};
use crate::forge::mutate::{Kind, Node};
use crate::forge::signer::{DIRECTORY, SIGNATURE_FILE, inner_digest, signed_data};
use crate::forge::zip::{self, Entry};
use crate::forge::{SignerOptions, TestCa, ca};
use crate::signature::vectors;

const UNSIGNED: &[Unsigned<Basis>] = &[
    Unsigned {
        path: "3/0",
        kinds: &[Kind::Drop],
        effect: Effect::None,
        why: "RFC 5652 section 5.1: there may be fewer certificates than are needed; this is the root, which the anchor holds itself",
    },
    Unsigned {
        path: "4/**",
        kinds: &[Kind::Swap],
        effect: Effect::Twin,
        why: "RFC 5652 section 5.3: a SignerInfo is a signature by itself; another one of the same content is another signature",
    },
];

fn node(entries: &[Entry], options: &SignerOptions) -> Node {
    let cms = signed_data(&inner_digest(entries), options).ber();
    let head = 2 + der::oid(oids::SIGNED_DATA).len() + 2;
    Node::der(&cms[head..cms.len() - 4])
}

fn wrapped(signed_data: &[u8]) -> Vec<u8> {
    der::indefinite(0x30, &[der::oid(oids::SIGNED_DATA), der::indefinite(0xa0, signed_data)].concat())
}

#[test]
fn inside_a_zip() {
    let root = TestCa::ours().root_der();
    let anchor = Anchor::pinned("test", &root, &Digest::of(&root).hex(), &["111122223333".into()]).unwrap();
    let trust = TrustAnchors { anchors: vec![anchor], ..TrustAnchors::default() };
    let folder = Entry::directory(DIRECTORY);
    let entries = [vectors::entries(), vec![folder.clone()]].concat();
    let others = vec![Entry::file("other.py", "print('other')\n"), folder];
    let elsewhere = SignerOptions {
        // On the same day, so that the leaf is the same.
        signed_at: "2026-09-01T11:00:00.000Z".parse().unwrap(),
        expires_at: "2040-01-01T00:00:00.000Z".parse().unwrap(),
        profile_version: "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/experiments/KlMnOpQrSt".into(),
        job: "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/00000000-0000-4000-8000-000000000002".into(),
        ..SignerOptions::default()
    };
    Sweep {
        good: node(&entries, &SignerOptions::default()),
        other: node(&others, &SignerOptions { ca: TestCa::foreign(), ..elsewhere.clone() }),
        twin: Some(node(&entries, &elsewhere)),
        judge: &|signed_data| {
            let file = ca::pem("PKCS7", &wrapped(signed_data));
            inside_zip(&zip::write(&[&entries[..], &[Entry::file(SIGNATURE_FILE, file)]].concat()), &trust)
        },
        unsigned: UNSIGNED,
    }
    .run(425);
}
