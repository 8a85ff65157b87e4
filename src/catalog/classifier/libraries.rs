//! Libraries, which any program may have linked in: looked for in every ELF file.

use memchr::memmem;

use super::version_text::{alone, is_end, is_start, numbers, places, run};
use super::{Finding, Look};

/// Percent, for a text that only the library's own source writes.
const OWN_TEXT: u8 = 90;
/// Percent, for a bare version beside other traces.
const BARE_VERSION: u8 = 70;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// All libraries in a file.
pub(super) fn find(look: &Look<'_>) -> Vec<Finding> {
    let mut found = openssl(look);
    found.extend(aws_lc(look));
    found.extend(zlib(look));
    found.extend(libcurl(look));
    found.extend(sqlite(look));
    found
}

/// `OPENSSL_VERSION_TEXT` of opensslv.h, `OpenSSL 3.5.1 1 Jul 2025`, and what forks make of it in theirs.
fn openssl(look: &Look<'_>) -> Vec<Finding> {
    // The header's text is in whatever was built with it.
    let library = look.library();
    if look.loads(&["libssl.so", "libcrypto.so", "libssl-", "libcrypto-"])
        && !library.starts_with("libssl")
        && !library.starts_with("libcrypto")
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (before, rest) in places(&look.constants, "OpenSSL ") {
        if !is_start(before) {
            continue;
        }
        if let Some(version) = openssl_version(rest) {
            let cpes: &[_] = &[("openssl", "openssl")];
            found.push(Finding { name: "openssl", version: Some(version), cpes, confidence: OWN_TEXT });
        } else if rest.strip_prefix(b"1.1.1 (compatible; BoringSSL)").is_some_and(is_end) {
            found.push(Finding { name: "boringssl", version: None, cpes: &[], confidence: OWN_TEXT });
        }
    }
    found
}

/// `3.5.1 1 Jul 2025`, `1.1.1w  11 Sep 2023`, `1.0.2k-fips  26 Jan 2017`, `1.1.1k  FIPS 25 Mar 2021`, `3.0.0-alpha1 …`: a version and the
/// day of its release, alone.
fn openssl_version(text: &[u8]) -> Option<String> {
    let (number, rest) = numbers(text, 3, 3)?;
    let (suffix, rest) = run(rest, 24, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'+')?;
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let rest = rest.strip_prefix(b"FIPS ").unwrap_or(rest);
    let (day, rest) = run(rest, 2, |byte| byte.is_ascii_digit())?;
    let (month, rest) = run(rest.strip_prefix(b" ")?, 3, |byte| byte.is_ascii_alphabetic())?;
    let (year, rest) = run(rest.strip_prefix(b" ")?, 4, |byte| byte.is_ascii_digit())?;
    let is_day = !day.is_empty() && MONTHS.contains(&month) && year.len() == 4;
    let (letters, _) = suffix.split_once(['-', '+']).unwrap_or((suffix, ""));
    // A patch level has a letter or two; whatever follows a dash is how it was built (`-fips`), but for what is not released yet.
    let is_early = ["-alpha", "-beta", "-dev", "-pre"].iter().any(|early| suffix.contains(early));
    let suffix = if is_early { suffix } else { letters };
    (is_day && is_end(rest) && letters.len() <= 2 && letters.bytes().all(|byte| byte.is_ascii_lowercase()))
        .then(|| format!("{number}{suffix}"))
}

/// `AWSLC_VERSION_STRING` and `OPENSSL_VERSION_TEXT` of aws-lc's base.h: `AWS-LC 1.30.1`, `AWS-LC FIPS 2.0.0`.
fn aws_lc(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (before, rest) in places(&look.constants, "AWS-LC ") {
        let is_compatible = before.ends_with(b"OpenSSL 1.1.1 (compatible; ");
        if !is_start(before) && !is_compatible {
            continue;
        }
        let text = rest.strip_prefix(b"FIPS ").unwrap_or(rest);
        let Some((version, rest)) = numbers(text, 3, 3) else { continue };
        if is_end(rest.strip_prefix(b")").filter(|_| is_compatible).unwrap_or(rest)) {
            let cpes: &[_] = &[("amazon", "aws-lc")];
            found.push(Finding { name: "aws-lc", version: Some(version.to_owned()), cpes, confidence: OWN_TEXT });
        }
    }
    found
}

/// `deflate_copyright` and `inflate_copyright` of deflate.c and inftrees.c: ` inflate 1.3.1 Copyright 1995-2024 Mark Adler `.
fn zlib(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (before, rest) in places(&look.constants, "flate 1.") {
        let Some(before) = before.strip_suffix(b" in").or_else(|| before.strip_suffix(b" de")) else { continue };
        let whole = [b"1.".as_slice(), rest].concat();
        let Some((version, rest)) = numbers(&whole, 2, 4) else { continue };
        if !is_start(before) {
            continue;
        }
        // A fork writes its own name behind the version.
        if rest.starts_with(b" Copyright 1995-") {
            let cpes: &[_] = &[("zlib", "zlib")];
            found.push(Finding { name: "zlib", version: Some(version.to_owned()), cpes, confidence: OWN_TEXT });
        }
    }
    found
}

/// `curl_version()` of version.c: `libcurl/8.5.0`.
fn libcurl(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (before, rest) in places(&look.constants, "libcurl/") {
        let Some((version, rest)) = numbers(rest, 3, 3) else { continue };
        let rest = rest.strip_prefix(b"-DEV").unwrap_or(rest);
        if is_start(before) && is_end(rest) {
            let cpes: &[_] = &[("haxx", "libcurl"), ("haxx", "curl")];
            found.push(Finding { name: "curl", version: Some(version.to_owned()), cpes, confidence: OWN_TEXT });
        }
    }
    found
}

/// `SQLITE_FILE_HEADER` of btreeInt.h beside `SQLITE_SOURCE_ID` of sqlite3.c, `2024-08-13 09:16:08 c9c2ab54…`; the version, `3.46.1`, stands
/// alone. Where more than one stands so, which one it is can't be told.
fn sqlite(look: &Look<'_>) -> Vec<Finding> {
    let has_header = places(&look.constants, "SQLite format 3").any(|(before, rest)| is_start(before) && rest.first() == Some(&0));
    if !has_header || !look.constants.iter().any(|part| has_source_id(part)) {
        return Vec::new();
    }
    let mut versions = alone(&look.constants, "3.", 3, 4);
    let version = if versions.len() == 1 { versions.pop() } else { None };
    let cpes: &[_] = &[("sqlite", "sqlite")];
    vec![Finding { name: "sqlite", version, cpes, confidence: BARE_VERSION }]
}

/// A date, a time and a hash: `2024-08-13 09:16:08 ` and 40 or more hexadecimal digits.
fn has_source_id(part: &[u8]) -> bool {
    memmem::find_iter(part, b"\x0020").take(10_000).any(|at| {
        let Some(text) = at.checked_add(1).and_then(|start| part.get(start..start.checked_add(60)?)) else { return false };
        let pattern = b"0000-00-00 00:00:00 ";
        let is_date = text.iter().zip(pattern).all(|(byte, like)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like });
        is_date && text.get(20..).is_some_and(|hash| hash.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)))
    })
}
