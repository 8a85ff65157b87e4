//! Sigstore bundles over a zip: every version, both logs, certificates and a managed key.

use layerproof::signature::Basis;

use super::court::zip_of;
use super::sigstore::{self, all_else, managed_key, takes_the_log, takes_the_promised_time, takes_the_proof, trust};
use super::sweep::{Counts, Effect, Sweep, Unsigned};
use crate::forge::mutate::{Depth, Kind};
use crate::forge::sigstore::Sigstore;
use crate::forge::sigstore::bundle::{BundleBuilder, Version};

use Kind::{Drop, FlipBit, Swap};

const NOT_YET: &[Unsigned<Basis>] = &[];

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
    sweep(|bundle| bundle, Depth::all(), &[NOT_YET], 400);
}

#[test]
fn keyless_of_version_03_in_rekor_v2() {
    sweep(|bundle| bundle.rekor_v2(), Depth::inside(), &[NOT_YET], 80);
}

#[test]
fn keyless_of_version_02() {
    sweep(|bundle| bundle.version(Version::V02), Depth::inside(), &[NOT_YET], 80);
}

#[test]
fn keyless_of_version_01() {
    sweep(|bundle| bundle.version(Version::V01), Depth::inside(), &[NOT_YET], 80);
}

#[test]
fn with_a_time_stamp_beside_the_log() {
    sweep(|bundle| bundle.stamped(1), Depth::inside(), &[NOT_YET], 80);
}

#[test]
fn of_a_managed_key_in_a_log() {
    sweep(|bundle| bundle.key(managed_key()), Depth::inside(), &[NOT_YET], 60);
}
