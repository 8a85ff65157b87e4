//! What counts as new, resolved and unknown.

use std::collections::BTreeSet;

use layerproof::store::history::{Delta, FindingRow, ScanRecord, SubjectRow, delta};

const DIGEST_A: &str = "sha256:aaaa";
const DIGEST_B: &str = "sha256:bbbb";

fn scan(findings: &[(&str, &str, &str)], subjects: &[(&str, &str, &str)]) -> ScanRecord {
    let row = |(fingerprint, subject, status): &(&str, &str, &str)| {
        let row = FindingRow {
            rule: "SIG001".into(),
            severity: "high".into(),
            status: (*status).into(),
            subject: (*subject).into(),
            message: "m".into(),
            tampering: fingerprint.starts_with("tampering"),
        };
        ((*fingerprint).into(), row)
    };
    ScanRecord {
        findings: findings.iter().map(row).collect(),
        subjects: subjects
            .iter()
            .map(|(name, verdict, digest)| ((*name).into(), SubjectRow { verdict: (*verdict).into(), digest: (*digest).into() }))
            .collect(),
        ..super::history::record(0)
    }
}

fn unknown(subjects: &[&str]) -> BTreeSet<String> {
    subjects.iter().map(|s| (*s).into()).collect()
}

fn fingerprints(rows: &[FindingRow]) -> Vec<&str> {
    rows.iter().map(|r| r.subject.as_str()).collect()
}

#[test]
fn in_the_first_run_everything_that_fails_is_new() {
    let now = scan(&[("f1", "s", "fail"), ("f2", "s", "waived"), ("f3", "s", "incomplete")], &[]);
    let d = delta(None, &now, &unknown(&[]));
    assert_eq!(d, Delta { new: vec!["f1".into()], ..Delta::default() });
    assert_eq!(d.gate_new(&now), ["f1"]);
}

#[test]
fn the_same_again_is_standing_and_does_not_gate() {
    let run = scan(&[("f1", "s", "fail")], &[("s", "refused", DIGEST_A)]);
    let d = delta(Some((7, &run)), &run, &unknown(&[]));
    assert_eq!((d.new.len(), &d.standing[..], d.resolved.len(), d.since_id), (0, &["f1".to_owned()][..], 0, Some(7)));
    assert_eq!(d.since, Some(run.started_at));
    assert!(d.gate_new(&run).is_empty());
    assert!(!d.policy_changed);
}

#[test]
fn what_is_gone_from_a_subject_that_was_looked_at_is_resolved() {
    let before = scan(&[("f1", "s", "fail")], &[("s", "refused", DIGEST_A)]);
    let now = scan(&[], &[("s", "trusted", DIGEST_A)]);
    let d = delta(Some((1, &before)), &now, &unknown(&[]));
    assert_eq!(fingerprints(&d.resolved), ["s"]);
    assert_eq!(d.verdicts, [("s".into(), "refused".into(), "trusted".into())]);
    assert!(d.newly_unknown.is_empty());
}

#[test]
fn deleting_the_layers_bytes_does_not_resolve_its_finding() {
    let before = scan(&[("f1", "layer", "fail"), ("f2", "other", "fail")], &[("layer", "refused", DIGEST_A)]);
    let now = scan(&[], &[("layer", "undecided", "")]);
    let d = delta(Some((1, &before)), &now, &unknown(&["layer"]));
    assert_eq!(fingerprints(&d.newly_unknown), ["layer"]);
    assert_eq!(fingerprints(&d.resolved), ["other"]);
    assert!(d.digests.is_empty(), "no bytes are not other bytes");
}

#[test]
fn deleted_bytes_are_not_forgotten_in_the_run_after_next() {
    let first = scan(&[("f1", "layer", "fail"), ("w", "layer", "waived")], &[("layer", "refused", DIGEST_A)]);
    let mut second = scan(&[], &[("layer", "undecided", "")]);
    second.carry_unknown(&first, &unknown(&["layer"]));
    assert_eq!(second.findings["f1"].status, "unknown:fail");
    assert_eq!(second.subjects["layer"].digest, "last-known sha256:aaaa");

    // Still gone: still unknown, and still carried.
    let mut third = scan(&[], &[("layer", "undecided", "")]);
    let d = delta(Some((2, &second)), &third, &unknown(&["layer"]));
    assert_eq!((d.newly_unknown.len(), d.still_unknown.len(), d.resolved.len()), (0, 2, 0));
    assert_eq!(d.still_unknown[0].status, "fail");
    third.carry_unknown(&second, &unknown(&["layer"]));
    assert_eq!(third, second);

    // Back with the same bytes: standing. The waived one without its waiver: new.
    let back = scan(&[("f1", "layer", "fail"), ("w", "layer", "fail")], &[("layer", "refused", DIGEST_A)]);
    let d = delta(Some((3, &third)), &back, &unknown(&[]));
    assert_eq!((&d.new[..], &d.standing[..]), (&["w".to_owned()][..], &["f1".to_owned()][..]));

    // Back with other bytes: new.
    let swapped = scan(&[("f1", "layer", "fail")], &[("layer", "refused", DIGEST_B)]);
    let d = delta(Some((3, &third)), &swapped, &unknown(&[]));
    assert_eq!(d.new, ["f1"]);
    assert_eq!(d.digests, [("layer".into(), DIGEST_A.into(), DIGEST_B.into())]);

    // Back and clean: resolved.
    let d = delta(Some((3, &third)), &scan(&[], &[("layer", "trusted", DIGEST_A)]), &unknown(&[]));
    assert_eq!(d.resolved.len(), 2);
}

#[test]
fn a_subject_that_could_not_even_be_listed_is_carried_too() {
    let first = scan(&[("f1", "layer", "fail")], &[("layer", "refused", DIGEST_A)]);
    let mut second = scan(&[], &[]);
    second.carry_unknown(&first, &unknown(&["layer"]));
    let swapped = scan(&[("f1", "layer", "fail")], &[("layer", "refused", DIGEST_B)]);
    assert_eq!(delta(Some((2, &second)), &swapped, &unknown(&[])).new, ["f1"]);
}

#[test]
fn a_list_that_could_not_be_had_resolves_nothing_that_was_on_it() {
    let (pay, old, other) = ("arn:f:pay:1", "arn:f:old:1", "arn:f:other:1");
    let before = scan(
        &[("f1", pay, "fail"), ("f2", "arn:f:pay", "fail"), ("f3", other, "fail")],
        &[(pay, "refused", DIGEST_A), (old, "refused", DIGEST_A), (other, "refused", DIGEST_A)],
    );
    let mut now = scan(&[], &[(other, "trusted", DIGEST_A)]);
    let blind = unknown(&["111122223333/eu-west-1"]);
    let d = delta(Some((1, &before)), &now, &blind);
    assert_eq!(fingerprints(&d.newly_unknown), [pay, "arn:f:pay"]);
    assert_eq!(fingerprints(&d.resolved), [other], "this one was looked at");

    now.carry_unknown(&before, &blind);
    assert_eq!((now.subjects[old].verdict.as_str(), now.subjects[old].digest.as_str()), ("unknown", "last-known sha256:aaaa"));
    let d = delta(Some((2, &now)), &now.seen(), &now.unknown_subjects(&before));
    assert!(d.resolved.is_empty(), "{:?}", d.resolved);
}

#[test]
fn an_alias_of_a_function_whose_aliases_are_unknown_is_not_resolved() {
    let before = scan(&[("f1", "arn:f:pay:live", "fail"), ("f2", "arn:f:pay:1", "fail")], &[]);
    let now = scan(&[], &[("function-version arn:f:pay:1", "trusted", "")]);
    let d = delta(Some((1, &before)), &now, &unknown(&["arn:f:pay"]));
    assert_eq!((fingerprints(&d.newly_unknown), fingerprints(&d.resolved)), (vec!["arn:f:pay:live"], vec!["arn:f:pay:1"]));
}

#[test]
fn a_finding_that_names_a_layer_which_is_gone_dark_is_not_resolved() {
    let mut before = scan(&[("f1", "arn:l:a:1", "fail"), ("f2", "arn:l:b:1", "fail")], &[]);
    before.findings.get_mut("f1").unwrap().message = "arn:l:a:1 and arn:l:dark:1 (merged before it) differ".into();
    before.findings.get_mut("f2").unwrap().message = "arn:l:b:1 and arn:l:dark:12 (merged before it) differ".into();
    let now = scan(&[], &[("arn:l:a:1", "trusted", DIGEST_A), ("arn:l:b:1", "trusted", DIGEST_A)]);
    let d = delta(Some((1, &before)), &now, &unknown(&["arn:l:dark:1"]));
    assert_eq!((fingerprints(&d.newly_unknown), fingerprints(&d.resolved)), (vec!["arn:l:a:1"], vec!["arn:l:b:1"]));
}

#[test]
fn nothing_is_carried_of_what_was_looked_at() {
    let first = scan(&[("f1", "layer", "fail")], &[("layer", "refused", DIGEST_A)]);
    let mut second = scan(&[], &[("layer", "trusted", DIGEST_A)]);
    let as_it_was = second.clone();
    second.carry_unknown(&first, &unknown(&["other"]));
    assert_eq!(second, as_it_was);
}

#[test]
fn a_changed_digest_makes_a_standing_finding_new() {
    let before = scan(&[("f1", "image:latest", "fail"), ("f2", "other", "fail")], &[("image:latest", "refused", DIGEST_A)]);
    let now = scan(&[("f1", "image:latest", "fail"), ("f2", "other", "fail")], &[("image:latest", "refused", DIGEST_B)]);
    let d = delta(Some((1, &before)), &now, &unknown(&[]));
    assert_eq!((&d.new[..], &d.standing[..]), (&["f1".to_owned()][..], &["f2".to_owned()][..]));
    assert_eq!(d.digests, [("image:latest".into(), DIGEST_A.into(), DIGEST_B.into())]);
    assert_eq!(d.gate_new(&now), ["f1"]);
}

#[test]
fn an_expired_waiver_and_evidence_that_came_in_are_new() {
    let before = scan(&[("waived", "s", "waived"), ("incomplete", "s", "incomplete")], &[]);
    let now = scan(&[("waived", "s", "fail"), ("incomplete", "s", "fail")], &[]);
    let d = delta(Some((1, &before)), &now, &unknown(&[]));
    assert_eq!(d.gate_new(&now), ["incomplete", "waived"]);
    assert!(d.standing.is_empty());
}

#[test]
fn what_was_waived_since_stands_and_does_not_gate() {
    let before = scan(&[("f1", "s", "fail")], &[]);
    let now = scan(&[("f1", "s", "waived"), ("f2", "s", "waived")], &[]);
    let d = delta(Some((1, &before)), &now, &unknown(&[]));
    assert_eq!(d.standing, ["f1"]);
    assert!(d.gate_new(&now).is_empty());
}

#[test]
fn tampering_is_never_old_news() {
    let run = scan(&[("tampering", "s", "fail"), ("tampering-waived", "s", "waived"), ("f", "s", "fail")], &[]);
    let d = delta(Some((1, &run)), &run, &unknown(&[]));
    assert_eq!(d.gate_new(&run), ["tampering", "tampering-waived"]);
}

#[test]
fn another_policy_is_said() {
    let before = scan(&[], &[]);
    let now = ScanRecord { policy_sha256: "cd".repeat(32), ..before.clone() };
    assert!(delta(Some((1, &before)), &now, &unknown(&[])).policy_changed);
}

#[test]
fn two_kept_runs_tell_by_themselves_what_was_unknown() {
    let before = scan(
        &[("f1", "lost", "fail"), ("f2", "carried", "fail"), ("f3", "alias", "fail"), ("f4", "partly", "fail")],
        &[("lost", "refused", DIGEST_A), ("carried", "refused", DIGEST_A), ("alias", "refused", "")],
    );
    let now = scan(
        &[("g", "partly", "incomplete"), ("f2", "carried", "unknown:fail")],
        &[("lost", "undecided", ""), ("carried", "undecided", "last-known sha256:aaaa"), ("alias", "trusted", "")],
    );
    let unknown = now.unknown_subjects(&before);
    let d = delta(Some((1, &before)), &now.seen(), &unknown);
    assert_eq!(fingerprints(&d.newly_unknown), ["lost", "carried", "partly"]);
    assert_eq!(fingerprints(&d.resolved), ["alias"]);
}
