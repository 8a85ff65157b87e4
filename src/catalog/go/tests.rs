//! Go programs, made here byte by byte.

use std::sync::Arc;

use super::super::elf_image::tests::build::Build;
use super::super::file::FileFacts;
use super::*;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const MARK: [u8; 16] = [0x30; 16];

fn parse(bytes: &[u8]) -> Result<Facts, Flaw> {
    let bytes = Arc::new(bytes.to_vec());
    let facts = FileFacts::new("bin/tool", bytes.len() as u64, Some(0o755));
    GoPrograms.parse(&File::new(facts, &bytes))
}

fn counted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = text.len();
    while left >= 0x80 {
        out.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap());
    out.extend(text);
    out
}

fn marked(list: &str) -> Vec<u8> {
    if list.is_empty() { Vec::new() } else { [&MARK, list.as_bytes(), &MARK].concat() }
}

/// As Go writes it since 1.18.
fn inline(version: &str, list: &str) -> Vec<u8> {
    let mut data = [MAGIC, &[8, 2]].concat();
    data.resize(32, 0);
    data.extend(counted(version.as_bytes()));
    data.extend(counted(&marked(list)));
    data
}

fn program(list: &str) -> Vec<u8> {
    Build::new().part(".go.buildinfo", 1, 3, 0x40_0000, inline("go1.22.3", list), Some((1, 6))).bytes()
}

fn names(facts: &Facts) -> Vec<String> {
    facts.packages.iter().map(|package| package.purl.to_string()).collect()
}

const LIST: &str = "path\tgithub.com/Acme/tool/cmd/tool\n\
    mod\tgithub.com/Acme/tool\t(devel)\t\n\
    dep\tgithub.com/aws/aws-sdk-go-v2/config\tv1.27.0\th1:abc=\n\
    dep\texample.org/old\tv1.0.0\n\
    =>\texample.org/fork/v2\tv2.1.0\th1:def=\n\
    dep\texample.org/local\tv0.1.0\n\
    =>\t../local\t(devel)\t\n\
    build\t-ldflags=\"-s -w -X main.version=1.4.0\"\n\
    build\tCGO_ENABLED=0\n\
    build\tvcs.revision=0123abcd\n";

#[test]
fn modules_replacements_and_the_standard_library_are_told() {
    let facts = parse(&program(LIST)).expect("facts");
    let expected = [
        "pkg:golang/github.com/acme/tool@v1.4.0",
        "pkg:golang/stdlib@1.22.3",
        "pkg:golang/github.com/aws/aws-sdk-go-v2/config@v1.27.0",
        "pkg:golang/example.org/fork/v2@v2.1.0",
        "pkg:golang/example.org/local",
    ];
    assert_eq!(names(&facts), expected);
    let main = &facts.packages[0];
    assert_eq!(main.name, "github.com/Acme/tool");
    assert!(main.files.contains("bin/tool"));
    assert_eq!(main.properties["layerproof:version-from"], "ldflags");
    assert_eq!(main.properties["layerproof:vcs-revision"], "0123abcd");
    assert_eq!(facts.packages[2].properties["layerproof:go-sum"], "h1:abc=");
    assert_eq!(facts.packages[3].properties["layerproof:replaces"], "example.org/old v1.0.0");
    assert_eq!(facts.packages[4].properties["layerproof:replaced-by-folder"], "../local");
    assert_eq!(facts.edges.iter().map(|edge| (edge.from, edge.to)).collect::<Vec<_>>(), [(0, 1), (0, 2), (0, 3), (0, 4)]);
    assert!(facts.packages.iter().all(|package| package.basis == Basis::Installed));
}

#[test]
fn a_version_that_is_not_known_is_never_devel() {
    let facts = parse(&program("path\tm\nmod\tm\t(devel)\t\ndep\tn\t(devel)\t\n")).expect("facts");
    assert_eq!(names(&facts), ["pkg:golang/m", "pkg:golang/stdlib@1.22.3", "pkg:golang/n"]);
}

#[test]
fn pointers_of_both_sizes_and_orders_are_followed() {
    for (is_64, is_big_endian) in [(true, false), (true, true), (false, false), (false, true)] {
        let build = Build { is_64, is_big_endian, ..Build::new() };
        let word = if is_64 { 8 } else { 4 };
        let list = marked("path\tm\nmod\tm\tv1.0.0\t\n");
        let mut headers = Vec::new();
        for (address, length) in [(0x1_0000, 6), (0x1_0006, list.len() as u64)] {
            build.push(&mut headers, address, word);
            build.push(&mut headers, length, word);
        }
        let mut info = [MAGIC, &[u8::try_from(word).unwrap(), u8::from(is_big_endian)]].concat();
        build.push(&mut info, 0x5_0000, word);
        build.push(&mut info, 0x5_0000 + 2 * word as u64, word);
        let texts = [b"go1.16".as_slice(), &list].concat();
        let build = build.rodata(texts).part(".data", 1, 3, 0x5_0000, headers, Some((1, 6))).part(
            ".go.buildinfo",
            1,
            3,
            0x40_0000,
            info,
            Some((1, 6)),
        );
        for has_sections in [true, false] {
            let bytes = Build { has_sections, ..build.clone() }.bytes();
            let facts = parse(&bytes).expect("facts");
            assert_eq!(names(&facts), ["pkg:golang/m@v1.0.0", "pkg:golang/stdlib@1.16"], "{is_64} {is_big_endian} {has_sections}");
        }
    }
}

#[test]
fn without_sections_only_a_multiple_of_sixteen_counts() {
    let info = inline("go1.22.3", "path\tm\nmod\tm\tv1.0.0\t\n");
    let found = |before: usize| {
        let data = [vec![0; before], info.clone()].concat();
        let build = Build { has_sections: false, ..Build::new().part("", 1, 3, 0x40_0000, data, Some((1, 6))) };
        parse(&build.bytes()).expect("facts").packages.len()
    };
    assert_eq!((found(16), found(8)), (2, 0));
}

#[test]
fn the_magic_in_text_makes_no_go_program() {
    let facts = parse(&Build::new().rodata(inline("go1.22.3", LIST)).bytes()).expect("facts");
    assert!(facts.packages.is_empty());
}

#[test]
fn pointers_and_lengths_that_lead_nowhere_are_a_flaw() {
    for data in [[MAGIC, &[8, 0]].concat(), [MAGIC, &[8, 0], &[0xff; 16]].concat(), [MAGIC, &[8, 2], &[0; 16], &[0xff; 10]].concat()] {
        let bytes = Build::new().part(".go.buildinfo", 1, 3, 0x40_0000, data, Some((1, 6))).bytes();
        assert!(parse(&bytes).is_err());
    }
}

#[test]
fn a_module_with_a_path_of_64_kilobytes_costs_a_flaw_alone() {
    let list = format!("path\tm\nmod\tm\tv1.0.0\t\ndep\t{}\tv1.0.0\ndep\tn\tv2.0.0\n", "x".repeat(64 << 10));
    let facts = parse(&program(&list)).expect("facts");
    assert_eq!(names(&facts), ["pkg:golang/m@v1.0.0", "pkg:golang/stdlib@1.22.3", "pkg:golang/n@v2.0.0"]);
    assert_eq!(facts.flaws.len(), 1);
}

#[test]
fn a_million_modules_are_not_listed() {
    let list = format!("path\tm\nmod\tm\tv1.0.0\t\n{}", "dep\tn\tv1\n".repeat(100_000));
    let facts = parse(&program(&list)).expect("facts");
    assert_eq!(facts.packages.len(), 20_002);
    assert_eq!(facts.flaws.len(), 1);
}

#[test]
fn a_list_without_its_marks_is_none() {
    let mut data = [MAGIC, &[8, 2]].concat();
    data.resize(32, 0);
    data.extend(counted(b"go1.22.3"));
    data.extend(counted(LIST.as_bytes()));
    let bytes = Build::new().part(".go.buildinfo", 1, 3, 0x40_0000, data, Some((1, 6))).bytes();
    let facts = parse(&bytes).expect("facts");
    assert_eq!(names(&facts), ["pkg:golang/stdlib@1.22.3"]);
    assert!(facts.incomplete.is_some());
}

#[test]
fn the_standard_library_has_a_version_only_where_it_is_released() {
    let version = |text: &str| {
        let evidence = Evidence::metadata("a", "go");
        stdlib(text, &evidence).and_then(|package| package.purl.version)
    };
    assert_eq!(version("go1.22.3").as_deref(), Some("1.22.3"));
    assert_eq!(version("go1.24.1 X:boringcrypto").as_deref(), Some("1.24.1"));
    assert_eq!(version("go1.23rc1").as_deref(), Some("1.23rc1"));
    assert_eq!(version("devel go1.23-abcdef Mon Jan 1"), None);
    assert_eq!(version(""), None);
}

#[test]
fn only_a_named_program_covers_its_file() {
    let is_covered = |list: &str| covers(&Elf::read(&program(list)).expect("a file"));
    assert!(is_covered(LIST));
    assert!(is_covered("path\tcmd/go\n"));
    assert!(!is_covered("path\tcommand-line-arguments\ndep\tn\tv1.0.0\n"));
    assert!(!is_covered(""));
}
