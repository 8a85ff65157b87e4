//! Version texts, and texts that only look like one.

use std::sync::Arc;

use super::super::elf_image::tests::build::Build;
use super::*;

fn parse(path: &str, build: &Build) -> Vec<Package> {
    let bytes = Arc::new(build.bytes());
    let facts = FileFacts::new(path, bytes.len() as u64, None);
    Classifiers.parse(&File::new(facts, &bytes)).expect("facts").packages
}

fn found(path: &str, text: &str) -> Vec<String> {
    let text = format!("before\0{text}\0after");
    parse(path, &Build::new().rodata(text)).iter().map(|package| package.purl.to_string()).collect()
}

#[test]
fn texts_that_mention_openssl_are_no_openssl() {
    for text in [
        "OpenSSL 1.1.1 or later. If you are using a different SSL backend",
        "OpenSSL 3's legacy provider failed to load.",
        "built with OpenSSL 3.0.11 19 Sep 2023",
        "OpenSSL 3.5.1 1 Jul 2025 or newer is needed",
        "OpenSSL 3.5.1",
        "OpenSSL 3.5 1 Jul 2025",
        "OpenSSL 3.5.1 1 Foo 2025",
        "OpenSSL 3.5.1 July 2025",
        "OpenSSL %s 1 Jul 2025",
        "OpenSSL 99999999.5.1 1 Jul 2025",
        "OpenSSL 1.1.1 (compatible; something)",
    ] {
        assert!(found("lib/_rust.abi3.so", text).is_empty(), "{text}");
    }
}

#[test]
fn openssl_says_its_version_and_day() {
    for (text, version) in [
        ("OpenSSL 3.5.1 1 Jul 2025", "3.5.1"),
        ("OpenSSL 1.1.1w  11 Sep 2023", "1.1.1w"),
        ("OpenSSL 1.0.2zk-fips  3 Sep 2024", "1.0.2zk"),
        ("OpenSSL 1.1.1k  FIPS 25 Mar 2021", "1.1.1k"),
        ("OpenSSL 3.0.0-alpha1 23 Apr 2020", "3.0.0-alpha1"),
    ] {
        assert_eq!(found("lib/_rust.abi3.so", text), [format!("pkg:generic/openssl@{version}")], "{text}");
    }
}

#[test]
fn the_version_of_a_header_is_not_that_of_the_library_that_is_loaded() {
    let text = "\0OpenSSL 3.5.1 1 Jul 2025\0";
    let loading = Build::new().dynamic(None, &["libssl.so.3", "libcrypto.so.3"]).rodata(text);
    assert!(parse("lib/_ssl.so", &loading).is_empty());
    // The library itself loads its other half.
    let own = Build::new().dynamic(Some("libssl.so.3"), &["libcrypto.so.3"]).rodata(text);
    assert_eq!(parse("lib/libssl.so.3", &own).len(), 1);
}

#[test]
fn a_library_is_tied_to_its_own_file_and_not_to_one_that_has_it_linked_in() {
    let text = "\0OpenSSL 3.5.1 1 Jul 2025\0";
    let own = parse("lib/libcrypto.so.3", &Build::new().dynamic(Some("libcrypto.so.3"), &[]).rodata(text));
    assert!(own[0].files.contains("lib/libcrypto.so.3"));
    let linked = parse("python/_rust.abi3.so", &Build::new().rodata(text));
    assert!(linked[0].files.is_empty());
    assert_eq!(linked[0].properties["layerproof:linked-into"], "python/_rust.abi3.so");
    assert_eq!(linked[0].cpes, ["cpe:2.3:a:openssl:openssl:3.5.1:*:*:*:*:*:*:*"]);
    assert_eq!(linked[0].basis, Basis::Heuristic);
}

#[test]
fn forks_of_openssl_are_not_openssl() {
    assert_eq!(found("a.so", "OpenSSL 1.1.1 (compatible; AWS-LC 1.30.1)"), ["pkg:generic/aws-lc@1.30.1"]);
    assert_eq!(found("a.so", "AWS-LC FIPS 2.0.0"), ["pkg:generic/aws-lc@2.0.0"]);
    assert_eq!(found("a.so", "OpenSSL 1.1.1 (compatible; BoringSSL)"), ["pkg:generic/boringssl"]);
    for text in ["AWS-LC 1.30.1 or later", "uses AWS-LC 1.30.1", "AWS-LC FIPS", "AWS-LC 1.30"] {
        assert!(found("a.so", text).is_empty(), "{text}");
    }
}

#[test]
fn zlib_is_what_claims_its_copyright() {
    assert_eq!(found("a.so", " deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly and Mark Adler "), ["pkg:generic/zlib@1.3.1"]);
    assert_eq!(found("a.so", " inflate 1.2.13 Copyright 1995-2022 Mark Adler "), ["pkg:generic/zlib@1.2.13"]);
    for text in [
        " inflate 1.3.1.fork Copyright 1995-2024 Mark Adler ",
        "uses inflate 1.3.1 Copyright 1995-2024",
        " inflate 1.3.1",
        "deflate 1.3.1 Copyright 2020",
        "reflate 1.3.1 Copyright 1995-2024",
    ] {
        assert!(found("a.so", text).is_empty(), "{text}");
    }
}

#[test]
fn curl_is_what_says_its_name_alone() {
    assert_eq!(found("lib/libcurl.so.4.7.0", "libcurl/7.80.0"), ["pkg:generic/curl@7.80.0"]);
    assert_eq!(found("bin/curl", "curl 7.80.0 (x86_64-pc-linux-gnu) %s\n"), ["pkg:generic/curl@7.80.0"]);
    for text in
        ["PycURL/7.45.2 libcurl/7.80.0", "libcurl/7.80.0 or later", "libcurl/H", "libcurl/7.80", "see https://curl.se/libcurl/7.80.0"]
    {
        assert!(found("lib/x.so", text).is_empty(), "{text}");
    }
    assert!(found("bin/other", "curl 7.80.0 (x86_64-pc-linux-gnu) %s\n").is_empty());
}

#[test]
fn sqlite_has_a_version_only_where_one_alone_could_be_it() {
    let id = "2022-12-28 14:03:47 df5c253c0b3dd24916e4ec7cf77d3db5294cc9fd45ae7b9c5e82ad8197f3alt1";
    assert_eq!(found("a.so", &format!("SQLite format 3\0{id}\x003.40.1")), ["pkg:generic/sqlite@3.40.1"]);
    assert_eq!(found("a.so", &format!("SQLite format 3\0{id}\x003.40.1\x003.11.2")), ["pkg:generic/sqlite"]);
    assert!(found("a.so", "SQLite format 3\x003.40.1").is_empty());
    assert!(found("a.so", &format!("{id}\x003.40.1")).is_empty());
    assert!(found("magic.so", &format!("SQLite format 3 database\0{id}\x003.40.1")).is_empty());
}

#[test]
fn runtimes_are_told_in_files_of_their_names_alone() {
    assert_eq!(found("bin/python3.11", "3.11.9\x002.7.18"), ["pkg:generic/python@3.11.9"]);
    assert_eq!(found("lib/libpython3.11.so.1.0", "3.11.9"), ["pkg:generic/python@3.11.9"]);
    assert!(found("bin/python3.11", "3.12.1").is_empty());
    assert!(found("bin/python3", "3.11.9").is_empty());
    assert_eq!(found("bin/python3", "3.11.9\0Copyright (c) 2001-2023 Python Software Foundation."), ["pkg:generic/python@3.11.9"]);
    assert_eq!(found("bin/node", "node.js/v20.20.2"), ["pkg:generic/node@20.20.2"]);
    assert!(found("bin/node", "node.js/v20.20.2\0node.js/v18.0.0").is_empty());
    assert!(found("bin/other", "node.js/v20.20.2").is_empty());
    assert_eq!(found("lib/libruby.so.3.3", "ruby 3.3.0 (2023-12-25 revision 5124f9ac75)"), ["pkg:generic/ruby@3.3.0"]);
    assert!(found("lib/libruby.so.3.3", "ruby 3.3.0 or later").is_empty());
}

#[test]
fn code_is_not_searched() {
    assert!(parse("a.so", &Build::new().rodata("x").code("\0OpenSSL 3.5.1 1 Jul 2025\0")).is_empty());
}

#[test]
fn a_file_full_of_anchors_ends() {
    for text in ["OpenSSL ", " inflate 1.", "libcurl/", "AWS-LC ", "\x0020", "\x003."] {
        assert!(parse("lib/libpython3.so", &Build::new().rodata(text.repeat(200_000))).is_empty(), "{text}");
    }
}
