//! The sources, and which one a request is for.

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use layerproof::clients::Clients;
use layerproof::inventory::local::Target;
use layerproof::inventory::{ALL, InventoryError, Request, inventory};
use layerproof::model::inventory::Inventory;

use super::account::Account;

#[test]
fn every_source_file_is_registered_under_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/inventory");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs") && path.file_stem().is_some_and(|stem| stem != "mod"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        // No source: which functions are meant, for every source.
        .filter(|stem| stem != "filter")
        .collect();
    let registered: BTreeSet<String> = ALL.iter().map(|source| source.name().to_owned()).collect();
    assert_eq!((registered.len(), &registered), (ALL.len(), &files));
}

#[test]
fn request_that_names_nothing_is_an_error_and_not_an_empty_inventory() {
    assert!(matches!(ready(&Request::default()), Err(InventoryError::NothingNamed)));
}

#[test]
fn files_are_carried_through_with_and_without_a_snapshot() {
    let account = Account::healthy().write();
    let given = account.path().display().to_string();
    let file = Target::parse(&given).unwrap().artifact(&given, None, "x86_64").unwrap();
    let local = ready(&Request { files: vec![file.clone()], ..Request::default() }).unwrap();
    assert_eq!((local.source.kind, local.functions.len(), &local.files[..]), ("local", 0, &[file.clone()][..]));
    assert!(!local.source.unauthenticated);
    let both = ready(&Request { snapshot: Some(account.path().into()), files: vec![file.clone()], ..Request::default() }).unwrap();
    assert_eq!((both.source.kind, both.functions.len(), &both.files[..]), ("snapshot", 1, &[file][..]));
}

/// These sources read a disk, and are ready at once.
fn ready(request: &Request) -> Result<Inventory, InventoryError> {
    match pin!(inventory(request, &Clients::offline())).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("not ready"),
    }
}
