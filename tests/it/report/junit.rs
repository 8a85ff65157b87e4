use layerproof::report::Report;

use super::{render, samples};

fn junit(report: &Report) -> String {
    let xml = render("junit", report);
    assert_well_formed(&xml);
    xml
}

/// Well-formed as XML 1.0 asks: only characters of §2.2, every tag closed in order, `&` and `<` only as markup.
fn assert_well_formed(xml: &str) {
    for c in xml.chars() {
        let allowed = matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(allowed, "{} is no XML character", c.escape_unicode());
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    while let Some((text, after)) = rest.split_once('<') {
        assert_text(text);
        assert!(!open.is_empty() || text.trim().is_empty(), "text outside the root: {text}");
        let (tag, after) = after.split_once('>').expect("a tag ends");
        assert!(!tag.contains('<'), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let attributes = attributes.trim_end_matches('/');
            // Values hold no quote of their own, so they alternate with names.
            assert_eq!(attributes.matches('"').count() % 2, 0, "{tag}");
            attributes.split('"').skip(1).step_by(2).for_each(assert_text);
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}

fn assert_text(text: &str) {
    for after in text.split('&').skip(1) {
        let entity = after.split_once(';').expect("an entity ends").0;
        assert!(["amp", "lt", "gt", "quot", "apos"].contains(&entity), "&{entity};");
    }
    assert!(!text.contains("]]>"));
}

#[test]
fn hostile_names_leave_it_well_formed() {
    for report in [samples::hostile("scan"), samples::hostile("verify")] {
        let xml = junit(&report);
        assert!(xml.contains("\\u{fffe}") && xml.contains("]]&gt;&lt;b a=&apos;1&apos;"));
    }
}

#[test]
fn missing_evidence_is_an_error_and_exempt_is_skipped_and_only_trusted_passes() {
    let xml = junit(&samples::everything());
    let case = |class: &str, name: &str| {
        let start = xml.find(&format!("<testcase classname=\"{class}\" name=\"{name}")).unwrap_or_else(|| panic!("{class} {name}"));
        let rest = xml.split_at(start).1;
        let (head, after) = rest.split_once('>').unwrap();
        if head.ends_with('/') { String::new() } else { after.trim_start().split([' ', '>']).next().unwrap().to_owned() }
    };
    let layer = |tail: &str| format!("arn:aws:lambda:eu-west-1:{tail}");
    assert_eq!(case(samples::LAYER, "trust policy"), "");
    assert_eq!(case(&layer("111122223333:layer:tampered:2"), "trust policy"), "<failure");
    assert_eq!(case(&layer("999988887777:layer:gone:3"), "trust policy"), "<error");
    assert_eq!(case(&layer("444455556666:layer:vendor:1"), "trust policy"), "<skipped");
    assert_eq!(case("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1", "trust policy"), "<failure");
    assert_eq!(case(&layer("111122223333:layer:tampered:2"), "INT001"), "<failure");
    assert_eq!(case(samples::LAYER, "SIG001"), "<skipped");
    assert_eq!(case("111122223333 us-east-1", "OPS001"), "<error");
    assert_eq!(case("fleet", "exit code"), "<failure");
}

#[test]
fn counts_are_those_of_the_cases() {
    let xml = junit(&samples::everything());
    let counts = |head: &str| {
        let number = |name: &str| -> usize {
            let (_, after) = head.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {head}"));
            after.split_once('"').unwrap().0.parse().unwrap()
        };
        [number("tests"), number("failures"), number("errors"), number("skipped")]
    };
    let of = |body: &str| ["<testcase", "<failure", "<error", "<skipped"].map(|tag| body.matches(&format!("{tag} ")).count());
    let all = xml.split_once("<testsuites").unwrap().1;
    assert_eq!(counts(all.split_once('>').unwrap().0), of(all));
    for suite in xml.split("<testsuite ").skip(1) {
        let suite = format!(" {suite}");
        let (head, body) = suite.split_once('>').unwrap();
        assert_eq!(counts(head), of(body), "{head}");
    }
}

#[test]
fn a_pass_with_nothing_to_fail_is_still_a_case() {
    let xml = junit(&samples::many(0));
    assert!(xml.contains("name=\"exit code\""));
}

#[test]
fn scan_with_everything() {
    let mut report = samples::everything();
    report.gaps.truncate(1);
    insta::assert_snapshot!(junit(&report));
}
