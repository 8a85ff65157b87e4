//! Sigstore bundles with a DSSE envelope around an in-toto statement.

use layerproof::signature::Basis;

use super::court::zip_of;
use super::sigstore::{self, CHECKPOINT, ENTRIES, MIDDLE_OF_TOKEN, all_else, stamped, trust};
use super::sweep::{Counts, Sweep, Unsigned};
use crate::forge::mutate::Depth;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{BundleBuilder, Kind as Entry};
use crate::forge::sigstore::intoto::{Provenance, Statement};

#[track_caller]
fn sweep(form: fn(BundleBuilder) -> BundleBuilder, unsigned: &[&[Unsigned<Basis>]], least: usize) -> Counts {
    let world = Sigstore::new();
    let (zip, another) = (zip_of("print('hi')\n"), zip_of("print('another')\n"));
    let trust = trust();
    let unsigned: Vec<Unsigned<Basis>> = unsigned.iter().flat_map(|list| list.iter().cloned()).collect();
    let attest = |artifact: &[u8], provenance: &Provenance| world.attest(&Statement::slsa(artifact, provenance));
    let elsewhere =
        Provenance { builder_id: "https://evil.example/builder".into(), reference: "refs/heads/feature".into(), ..Provenance::ours() };
    let depth = Depth::inside();
    Sweep {
        good: sigstore::node(&form(attest(&zip, &Provenance::ours())), depth),
        other: sigstore::node(&all_else(form(attest(&another, &Provenance::ours()))), depth),
        twin: Some(sigstore::node(&all_else(form(attest(&zip, &elsewhere))), depth)),
        judge: &|bytes| sigstore::judge(&zip, bytes, &trust),
        unsigned: &unsigned,
    }
    .run(least)
}

#[test]
fn in_an_entry_of_dsse() {
    sweep(|bundle| bundle, &[CHECKPOINT], 230);
}

#[test]
fn in_an_entry_of_intoto() {
    sweep(|bundle| bundle.logged(&[Entry::IntotoV2]), &[CHECKPOINT], 235);
}

#[test]
fn in_rekor_v2() {
    sweep(|bundle| stamped(bundle.logged(&[Entry::HashedRekordV2])), &[CHECKPOINT, ENTRIES, MIDDLE_OF_TOKEN], 230);
}
