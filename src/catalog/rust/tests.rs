//! Rust programs and locks, made here.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::elf_image::tests::build::Build;
use super::super::{Basis, Package, PackageKind};
use super::*;
use crate::unpack::FileEntry;

fn parse(path: &str, bytes: &[u8]) -> Result<Facts, Flaw> {
    let bytes = Arc::new(bytes.to_vec());
    let facts = FileFacts::new(path, bytes.len() as u64, Some(0o755));
    RustPrograms.parse(&File::new(facts, &bytes))
}

fn names(packages: &[Package]) -> Vec<String> {
    packages.iter().map(|package| package.purl.to_string()).collect()
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn auditable(json: &str) -> Vec<u8> {
    let rodata = "/build/cargo/registry/src/index.example.org-1949cf8c6b5b557f/hyper-1.6.0/src/lib.rs";
    Build::new().part(".dep-v0", 1, 2, 0x9000, deflated(json), None).rodata(rodata).bytes()
}

const LIST: &str = r#"{"packages":[
    {"name":"bootstrap","version":"0.1.0","source":"local","dependencies":[1,2,3],"root":true},
    {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"},
    {"name":"hyper","version":"1.6.0","source":"crates.io","dependencies":[3]},
    {"name":"mine","version":"2.0.0","source":"git"}]}"#;

#[test]
fn the_list_of_a_program_is_told_without_what_only_its_build_ran() {
    let facts = parse("bootstrap", &auditable(LIST)).expect("facts");
    assert_eq!(names(&facts.packages), ["pkg:cargo/bootstrap@0.1.0", "pkg:cargo/hyper@1.6.0", "pkg:cargo/mine@2.0.0"]);
    assert_eq!(facts.edges.iter().map(|edge| (edge.from, edge.to)).collect::<Vec<_>>(), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(facts.packages[0].kind, PackageKind::Application);
    assert!(facts.packages[0].files.contains("bootstrap"));
    assert_eq!(facts.packages[2].properties["layerproof:cargo-source"], "git");
    assert!(facts.packages.iter().all(|package| package.basis == Basis::Installed));
    let bytes = auditable(LIST);
    assert!(covers(&bytes, &Elf::read(&bytes).unwrap()));
}

#[test]
fn a_list_that_goes_in_circles_is_a_flaw_and_panics_are_read() {
    let json = r#"{"packages":[{"name":"a","version":"1.0.0","source":"local","dependencies":[1]},{"name":"b","version":"1.0.0","source":"local","dependencies":[0]}]}"#;
    let facts = parse("bootstrap", &auditable(json)).expect("facts");
    assert_eq!(facts.flaws.len(), 1);
    assert_eq!(names(&facts.packages), ["pkg:cargo/hyper@1.6.0"]);
    assert_eq!(facts.packages[0].basis, Basis::Heuristic);
}

#[test]
fn a_list_that_inflates_without_end_is_a_flaw() {
    let facts = parse("bootstrap", &auditable(&" ".repeat(9 << 20))).expect("facts");
    assert_eq!(facts.flaws.len(), 1);
    assert!(!facts.flaws[0].detail.contains("JSON"), "it was inflated and read: {:?}", facts.flaws);
}

#[test]
fn a_dependency_that_is_not_in_the_list_is_no_edge() {
    let json = r#"{"packages":[{"name":"a","version":"1.0.0","source":"local","dependencies":[7]}]}"#;
    assert!(parse("bootstrap", &auditable(json)).expect("facts").edges.is_empty());
}

#[test]
fn a_list_among_names_that_run_on_is_not_read() {
    let name: &'static str = Box::leak("n".repeat(70 << 10).into_boxed_str());
    let bytes = Build::new().part(".dep-v0", 1, 2, 0, deflated(LIST), None).part(name, 1, 2, 0, "x", None).bytes();
    let facts = parse("bootstrap", &bytes).expect("facts");
    assert!(facts.packages.is_empty());
    assert_eq!(facts.flaws.len(), 1);
}

#[test]
fn panics_name_crates_the_compiler_and_checkouts() {
    let text = "/build/cargo/registry/src/index.example.org-1949cf8c6b5b557f/tokio-1.54.1/src/runtime/mod.rsinternal error\
        C:\\cargo\\registry\\src\\index.example.org-1949cf8c6b5b557f\\base64-0.22.1\\src\\lib.rs\
        /rust/deps/gimli-0.32.3/src/read/line.rs/rust/deps/tokio-1.54.1/src\
        /build/cargo/git/checkouts/tower-0123456789abcdef/89abcde/tower/src/lib.rs\
        see the registry/src/ folder";
    let facts =
        parse("bootstrap", &Build::new().rodata(text).comment("GCC\0rustc version 1.88.0 (6b00bc388 2025-06-23)\0").bytes()).unwrap();
    assert_eq!(names(&facts.packages), ["pkg:cargo/base64@0.22.1", "pkg:cargo/tokio@1.54.1", "pkg:cargo/gimli@0.32.3", "pkg:cargo/tower"]);
    assert!(facts.packages.iter().all(|package| package.basis == Basis::Heuristic && package.properties["layerproof:rustc"] == "1.88.0"));
    assert_eq!(facts.packages[2].properties["layerproof:cargo-source"], "std");
    assert_eq!(facts.packages[3].properties["layerproof:vcs-revision"], "89abcde");
    assert!(facts.incomplete.is_some());
}

#[test]
fn a_file_full_of_paths_ends_at_a_limit() {
    let facts = parse("bootstrap", &Build::new().rodata("registry".repeat(300_000)).bytes()).expect("facts");
    assert!(facts.packages.is_empty());
    assert_eq!(facts.flaws.len(), 1);
}

#[test]
fn code_names_no_crates() {
    let text = "/build/cargo/registry/src/index.example.org-1949cf8c6b5b557f/tokio-1.54.1/src/";
    assert!(parse("bootstrap", &Build::new().code(text).rodata("x").bytes()).expect("facts").packages.is_empty());
}

const LOCK: &str = r#"version = 4
[[package]]
name = "bootstrap"
version = "0.1.0"
dependencies = ["hyper"]
[[package]]
name = "hyper"
version = "1.6.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "cc2b571658e38e0c01b1fdca3bbbe93c00d3d71693ff2770043f8c29bc7d6f80"
[[package]]
name = "criterion"
version = "0.5.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

fn assembled(files: &[(&str, &[u8])]) -> Assembled {
    let seen = files.iter().map(|(path, bytes)| Seen { path: (*path).into(), facts: parse(path, bytes).expect("facts") }).collect();
    let none: [FileEntry; 0] = [];
    RustPrograms.assemble(seen, &View::new(none.iter(), None))
}

#[test]
fn a_lock_beside_a_program_with_a_list_adds_checksums_and_no_crate() {
    let all = assembled(&[("app/Cargo.lock", LOCK.as_bytes()), ("app/bootstrap", &auditable(LIST))]);
    assert_eq!(names(&all.packages), ["pkg:cargo/bootstrap@0.1.0", "pkg:cargo/hyper@1.6.0", "pkg:cargo/mine@2.0.0"]);
    assert_eq!(all.packages[1].hashes.len(), 1);
}

#[test]
fn a_lock_elsewhere_and_alone_is_what_was_declared() {
    let all = assembled(&[("other/Cargo.lock", LOCK.as_bytes()), ("app/bootstrap", &auditable(LIST))]);
    let declared = all.packages.iter().filter(|package| package.basis == Basis::Declared).count();
    assert_eq!((all.packages.len(), declared), (6, 3));
    assert!(all.edges.iter().any(|edge| (edge.from, edge.to) == (3, 4)));
}

#[test]
fn locks_of_sources_that_were_brought_along_are_left() {
    let wants = |path| lock::want(&FileFacts::new(path, 10, None)).is_some();
    assert!(wants("Cargo.lock") && wants("app/Cargo.lock"));
    assert!(
        !wants("vendor/x/Cargo.lock") && !wants("root/.cargo/registry/src/i/x-1.0.0/Cargo.lock") && !wants("a/site-packages/x/Cargo.lock")
    );
    assert!(lock::want(&FileFacts::new("Cargo.lock", 10, None).with_cover(Some(true))).is_none());
}

#[test]
fn locks_that_cost_too_much_are_refused_before_they_are_read() {
    let many: String = (0..20_000).map(|n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1.0.0\"\n")).collect();
    assert!(parse("Cargo.lock", many.as_bytes()).is_err());
    let deep = format!("a = {}", "[".repeat(1 << 20));
    assert!(parse("Cargo.lock", deep.as_bytes()).expect_err("a flaw").detail.len() <= 200);
    assert!(parse("Cargo.lock", b"\xff\xfe").is_err());
}
