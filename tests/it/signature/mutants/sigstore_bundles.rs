//! Sigstore bundles over a zip: every version, both logs, certificates and a managed key.

use layerproof::signature::Basis;

use super::court::zip_of;
use super::sigstore::{self, CHECKPOINT, ENTRIES, KEY, MESSAGE, PROMISE, PROOF, TIME_STAMPS, TOKEN, all_else, managed_key, stamped, trust};
use super::sweep::{Counts, Sweep, Unsigned};
use crate::forge::mutate::Depth;
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{BundleBuilder, Kind as Entry, Version};

#[track_caller]
fn sweep(form: fn(BundleBuilder) -> BundleBuilder, depth: Depth, unsigned: &[&[Unsigned<Basis>]], least: usize) -> Counts {
    let world = Sigstore::new();
    let (zip, another) = (zip_of("print('hi')\n"), zip_of("print('another')\n"));
    let trust = trust();
    let unsigned: Vec<Unsigned<Basis>> = unsigned.iter().flat_map(|list| list.iter().cloned()).collect();
    Sweep {
        good: sigstore::node(&form(world.keyless(&zip)), depth),
        other: sigstore::node(&form(all_else(world.keyless(&another))), depth),
        twin: Some(sigstore::node(&all_else(form(world.keyless(&zip))), depth)),
        judge: &|bytes| sigstore::judge(&zip, bytes, &trust),
        unsigned: &unsigned,
    }
    .run(least)
}

#[test]
fn keyless_of_version_03_in_rekor_v1() {
    sweep(|bundle| bundle, Depth::all(), &[MESSAGE, CHECKPOINT], 410);
}

#[test]
fn keyless_of_version_03_in_rekor_v2() {
    let v2 = |bundle: BundleBuilder| stamped(bundle.logged(&[Entry::HashedRekordV2]));
    sweep(v2, Depth::all(), &[MESSAGE, CHECKPOINT, ENTRIES, TOKEN], 900);
}

#[test]
fn keyless_of_version_02() {
    sweep(|bundle| bundle.version(Version::V02), Depth::inside(), &[MESSAGE, CHECKPOINT], 160);
}

#[test]
fn keyless_of_version_01() {
    sweep(|bundle| bundle.version(Version::V01), Depth::inside(), &[MESSAGE, CHECKPOINT, PROOF], 160);
}

#[test]
fn with_a_time_stamp_beside_the_log() {
    let lists = [MESSAGE, CHECKPOINT, ENTRIES, PROMISE, TIME_STAMPS];
    sweep(stamped, Depth::inside(), &lists, 165);
}

#[test]
fn of_a_managed_key_in_a_log() {
    let lists = [MESSAGE, CHECKPOINT, PROMISE, KEY];
    sweep(|bundle| bundle.key(managed_key()), Depth::inside(), &lists, 140);
}
