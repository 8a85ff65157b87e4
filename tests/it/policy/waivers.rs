//! Rule 11: a waiver never covers tampering, another digest, or a day past its expiry.

use jiff::Timestamp;
use layerproof::finding::{Finding, Rule, Severity, Status};
use layerproof::model::digest::Digest;
use layerproof::policy::waiver::{TAMPERING, Waivers, apply};

const RULE: Rule = rule("SIG001");
const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:deps:7";

const fn rule(id: &'static str) -> Rule {
    Rule {
        id,
        slug: "x",
        title: "x",
        severity: Severity::High,
        explanation: "",
        remediation: "",
        evidence: &[],
        tampering: false,
        caveat: "",
    }
}

fn finding(rule: &'static Rule, subject: &str, bytes: &[u8]) -> Finding {
    Finding { digest: Some(Digest::of(bytes)), ..Finding::about(rule, subject.to_owned(), "x".to_owned()) }
}

fn file(rule: &str, subject: &str, bytes: &[u8], expires: &str) -> String {
    format!(
        "version: 1\nwaivers:\n  - name: w\n    rule: {rule}\n    subject: \"{subject}\"\n    digest: \"{}\"\n    reason: r\n    owner: o\n    expires: {expires}\n",
        Digest::of(bytes)
    )
}

fn now(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn waive(text: &str, findings: &mut [Finding], at: &str) -> Vec<String> {
    apply(&Waivers::parse("w.yaml", text).unwrap(), findings, now(at), |_| false)
}

#[test]
fn a_waiver_covers_its_finding_and_only_that() {
    const OTHER: Rule = rule("SIG002");
    let mut findings = [
        finding(&RULE, LAYER, b"a"),
        finding(&OTHER, LAYER, b"a"),
        finding(&RULE, "arn:aws:lambda:eu-west-1:111122223333:layer:deps:8", b"a"),
    ];
    let notes = waive(&file("SIG001", LAYER, b"a", "2026-04-01"), &mut findings, "2026-03-31T23:59:59Z");
    assert_eq!(notes, Vec::<String>::new());
    assert_eq!(findings.clone().map(|f| f.status), [Status::Waived, Status::Fail, Status::Fail]);
    assert_eq!(findings[0].waived_by.as_deref(), Some("w"));
}

#[test]
fn a_changed_digest_is_not_covered() {
    let mut findings = [finding(&RULE, LAYER, b"b")];
    let notes = waive(&file("SIG001", LAYER, b"a", "2026-04-01"), &mut findings, "2026-03-01T00:00:00Z");
    assert_eq!(findings[0].status, Status::Fail);
    assert!(notes[0].contains("the digest is another"));
    let mut without = [Finding { digest: None, ..finding(&RULE, LAYER, b"a") }];
    waive(&file("SIG001", LAYER, b"a", "2026-04-01"), &mut without, "2026-03-01T00:00:00Z");
    assert_eq!(without[0].status, Status::Fail);
}

#[test]
fn an_expired_waiver_is_not_applied_from_the_first_moment_of_its_day() {
    let mut findings = [finding(&RULE, LAYER, b"a")];
    let notes = waive(&file("SIG001", LAYER, b"a", "2026-04-01"), &mut findings, "2026-04-01T00:00:00Z");
    assert_eq!(findings[0].status, Status::Fail);
    assert_eq!(notes, ["waiver `w` expired on 2026-04-01 and was not applied"]);
}

#[test]
fn tampering_cannot_be_waived_by_file_or_by_predicate() {
    for rule in TAMPERING {
        let problems = Waivers::parse("w.yaml", &file(rule, LAYER, b"a", "2026-04-01")).unwrap_err();
        assert!(problems[0].message.contains("cannot be waived"), "{rule}");
    }
    let mut findings = [finding(&RULE, LAYER, b"a")];
    let waivers = Waivers::parse("w.yaml", &file("SIG001", LAYER, b"a", "2026-04-01")).unwrap();
    let notes = apply(&waivers, &mut findings, now("2026-03-01T00:00:00Z"), |rule| rule == "SIG001");
    assert_eq!(findings[0].status, Status::Fail);
    assert!(notes[0].contains("tampering"));
}

#[test]
fn missing_evidence_is_not_waived() {
    let mut findings = [Finding { status: Status::Incomplete, ..finding(&RULE, LAYER, b"a") }];
    let notes = waive(&file("SIG001", LAYER, b"a", "2026-04-01"), &mut findings, "2026-03-01T00:00:00Z");
    assert_eq!(findings[0].status, Status::Incomplete);
    assert_eq!(notes, ["waiver `w` covers nothing"]);
}

#[test]
fn star_in_a_subject_stays_within_its_segment() {
    for (pattern, covered) in [
        ("arn:aws:lambda:*:111122223333:layer:deps:7", true),
        ("arn:aws:lambda:eu-west-1:111122223333:layer:*:*", true),
        ("arn:aws:lambda:*", false),
        ("arn:aws:lambda:*:*", false),
        ("arn:aws:lambda:eu-west-1:111122223333:layer:dep:7", false),
    ] {
        let mut findings = [finding(&RULE, LAYER, b"a")];
        waive(&file("SIG001", pattern, b"a", "2026-04-01"), &mut findings, "2026-03-01T00:00:00Z");
        assert_eq!(findings[0].status == Status::Waived, covered, "{pattern}");
    }
    let problems = Waivers::parse("w.yaml", &file("SIG001", "*", b"a", "2026-04-01")).unwrap_err();
    assert!(problems[0].message.contains("names nothing"));
}

#[test]
fn a_waiver_without_digest_owner_reason_or_date_is_refused() {
    let good = file("SIG001", LAYER, b"a", "2026-04-01");
    for key in ["name", "rule", "subject", "digest", "reason", "owner", "expires"] {
        let text: String = good.lines().map(|line| line.replace(&format!("  {key}:"), "  x-removed:") + "\n").collect();
        let text = text.replace(&format!("- {key}:"), "- x-removed:");
        let problems = Waivers::parse("w.yaml", &text).unwrap_err();
        assert!(problems.iter().any(|p| p.message == format!("a waiver has no `{key}`")), "{key}: {problems:?}");
    }
    for date in ["2026-4-1", "01.04.2026", "never", "2026-02-30", "2026-04-01T00:00:00Z", "20260401"] {
        assert!(Waivers::parse("w.yaml", &file("SIG001", LAYER, b"a", date)).is_err(), "{date}");
    }
    assert!(Waivers::parse("w.yaml", &good.replace("sha256:", "sha512:")).is_err());
    assert!(Waivers::parse("w.yaml", &good.replace("SIG001", "sig001")).is_err());
}

#[test]
fn two_waivers_of_one_name_are_refused_and_two_of_two_are_not() {
    let one = file("SIG001", LAYER, b"a", "2026-04-01");
    let second = |name: &str| one.lines().skip(2).map(|line| format!("{line}\n")).collect::<String>().replace("name: w", name);
    assert!(Waivers::parse("w.yaml", &format!("{one}{}", second("name: v"))).is_ok());
    let error = format!("{:?}", Waivers::parse("w.yaml", &format!("{one}{}", second("name: w"))).unwrap_err());
    assert!(error.contains("two waivers are named `w`"), "{error}");
}
