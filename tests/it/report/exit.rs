use layerproof::finding::{Finding, Severity, Status};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, Verdict};
use layerproof::report::ExitInfo;
use layerproof::report::exit::{FailOn, Gate, TAMPERING, decide};

use super::samples::{self, LARGE, LAYER, MUTABLE, TAMPERED, UNSIGNED};

/// What a run can hold, one thing of each sort at a time. The oracle below knows these names only, not the code under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Nothing,
    Trusted,
    Exempt,
    Undecided,
    UndecidedByAuthor,
    NoStatement,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Medium,
    High,
    StandingHigh,
    Incomplete,
    Waived,
    WaivedTampering,
    StandingTampering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    Denied,
    TooLarge,
}

const DECIDED: [Decided; 7] = [
    Decided::Nothing,
    Decided::Trusted,
    Decided::Exempt,
    Decided::Undecided,
    Decided::UndecidedByAuthor,
    Decided::NoStatement,
    Decided::Refused,
];
const FOUND: [Found; 8] = [
    Found::Nothing,
    Found::Medium,
    Found::High,
    Found::StandingHigh,
    Found::Incomplete,
    Found::Waived,
    Found::WaivedTampering,
    Found::StandingTampering,
];
const MISSING: [Missing; 3] = [Missing::Nothing, Missing::Denied, Missing::TooLarge];

fn decisions(decided: Decided) -> Vec<Decision> {
    let (verdict, author) = match decided {
        Decided::Nothing => return Vec::new(),
        Decided::Trusted => (Verdict::Trusted, false),
        Decided::Exempt => (Verdict::Exempt, false),
        Decided::Undecided => (Verdict::Undecided, false),
        Decided::UndecidedByAuthor => (Verdict::Undecided, true),
        Decided::NoStatement => (Verdict::NoStatement, false),
        Decided::Refused => (Verdict::Refused, false),
    };
    let reason = Reason { author_can_cause: author, ..samples::reason(ReasonCode::NoBytes, "a reason") };
    let reasons = if verdict == Verdict::Trusted { Vec::new() } else { vec![reason] };
    let trusted = samples::decision(DecisionSubject::FunctionVersion(samples::FUNCTION.into()), Verdict::Trusted, Vec::new());
    vec![trusted, samples::decision(DecisionSubject::Artifact(samples::layer(LAYER)), verdict, reasons)]
}

fn findings(found: Found) -> Vec<Finding> {
    let about = |rule, status| {
        let mut finding = Finding::about(rule, LAYER.into(), "a message".into());
        finding.status = status;
        vec![finding]
    };
    match found {
        Found::Nothing => Vec::new(),
        Found::Medium => about(&MUTABLE, Status::Fail),
        Found::High | Found::StandingHigh => about(&UNSIGNED, Status::Fail),
        Found::Incomplete => about(&UNSIGNED, Status::Incomplete),
        Found::Waived => about(&UNSIGNED, Status::Waived),
        Found::WaivedTampering => about(&TAMPERED, Status::Waived),
        Found::StandingTampering => about(&TAMPERED, Status::Fail),
    }
}

fn gaps(missing: Missing) -> Vec<Gap> {
    match missing {
        Missing::Nothing => Vec::new(),
        Missing::Denied => vec![samples::gap(GapReason::Denied { action: "lambda:GetLayerVersion".into() })],
        Missing::TooLarge => vec![samples::gap(GapReason::TooLarge { limit: "entries".into() })],
    }
}

fn run(decided: Decided, found: Found, missing: Missing, gate: &Gate) -> ExitInfo {
    let findings = findings(found);
    let standing = matches!(found, Found::StandingHigh | Found::StandingTampering);
    let new = if standing { Vec::new() } else { findings.iter().map(|f| f.fingerprint().0).collect() };
    let gate = Gate { new: Some(new), ..gate.clone() };
    decide(&decisions(decided), &findings, &gaps(missing), &gate)
}

/// The rules as the design states them, in other words than the code.
fn expected(decided: Decided, found: Found, missing: Missing, gate: &Gate) -> u8 {
    let only_new = gate.fail_on == FailOn::New(Severity::High);
    let policy_failed = matches!(decided, Decided::Refused | Decided::NoStatement)
        || matches!(found, Found::High | Found::WaivedTampering | Found::StandingTampering)
        || (found == Found::StandingHigh && !only_new);
    let incomplete =
        matches!(decided, Decided::Undecided | Decided::UndecidedByAuthor) || found == Found::Incomplete || missing != Missing::Nothing;
    let author = decided == Decided::UndecidedByAuthor || missing == Missing::TooLarge;
    let forgiven = gate.allow_incomplete && !gate.verify && !author;
    if gate.exit_zero {
        0
    } else if policy_failed {
        1
    } else if incomplete && !forgiven {
        3
    } else if gate.nothing_selected || decided == Decided::Nothing {
        4
    } else {
        0
    }
}

#[test]
fn every_combination_ends_as_the_design_says() {
    let flags = [false, true];
    let mut count = 0;
    for decided in DECIDED {
        for found in FOUND {
            for missing in MISSING {
                for (allow_incomplete, exit_zero) in flags.into_iter().flat_map(|a| flags.map(|b| (a, b))) {
                    for (verify, nothing_selected) in flags.into_iter().flat_map(|a| flags.map(|b| (a, b))) {
                        for fail_on in [FailOn::default(), FailOn::New(Severity::High)] {
                            let gate = Gate {
                                fail_on,
                                allow_incomplete,
                                exit_zero,
                                verify,
                                nothing_selected,
                                unmatched: Vec::new(),
                                references: 0,
                                new: None,
                            };
                            let exit = run(decided, found, missing, &gate);
                            let code = expected(decided, found, missing, &gate);
                            assert_eq!(exit.code, code, "{decided:?} {found:?} {missing:?} {gate:?}: {}", exit.reason);
                            assert!(!exit.reason.is_empty() && !exit.reason.contains('\n'));
                            count += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(count, 7 * 8 * 3 * 32);
}

#[test]
fn fail_on_never_hides_a_decision_that_is_not_trusted() {
    for fail_on in [FailOn::Severity(Severity::Critical), FailOn::New(Severity::Critical)] {
        let gate = Gate { fail_on, ..Gate::default() };
        assert_eq!(run(Decided::Refused, Found::Nothing, Missing::Nothing, &gate).code, 1);
        assert_eq!(run(Decided::NoStatement, Found::Nothing, Missing::Nothing, &gate).code, 1);
        assert_eq!(run(Decided::Undecided, Found::Nothing, Missing::Nothing, &gate).code, 3);
    }
}

#[test]
fn tampering_that_was_there_last_time_still_fails_and_no_waiver_covers_it() {
    for fail_on in [FailOn::New(Severity::Critical), FailOn::Severity(Severity::Critical)] {
        let gate = Gate { fail_on, ..Gate::default() };
        assert_eq!(run(Decided::Trusted, Found::StandingTampering, Missing::Nothing, &gate).code, 1);
        assert_eq!(run(Decided::Trusted, Found::WaivedTampering, Missing::Nothing, &gate).code, 1);
    }
}

#[test]
fn the_list_of_tampering_rules_is_the_one_of_the_registry() {
    for check in layerproof::check::ALL {
        let rule = check.rule();
        assert_eq!(rule.tampering, TAMPERING.contains(&rule.id), "{}", rule.id);
    }
}

#[test]
fn fail_on_new_without_an_earlier_run_takes_everything_for_new() {
    let gate = Gate { fail_on: FailOn::New(Severity::High), new: None, ..Gate::default() };
    assert_eq!(decide(&decisions(Decided::Trusted), &findings(Found::High), &[], &gate).code, 1);
}

#[test]
fn a_changed_digest_makes_an_old_finding_new() {
    let mut then = Finding::about(&UNSIGNED, LAYER.into(), "unsigned".into());
    then.digest = Some(layerproof::model::digest::Digest::of(b"then"));
    let mut now = then.clone();
    now.digest = Some(layerproof::model::digest::Digest::of(b"now"));
    assert_ne!(then.fingerprint(), now.fingerprint());
    let gate = Gate { fail_on: FailOn::New(Severity::High), new: Some(vec![now.fingerprint().0]), ..Gate::default() };
    assert_eq!(decide(&decisions(Decided::Trusted), &[now], &[], &gate).code, 1);
}

#[test]
fn one_author_caused_gap_among_honest_ones_keeps_exit_3() {
    let gate = Gate { allow_incomplete: true, ..Gate::default() };
    let mut all = gaps(Missing::Denied);
    assert_eq!(decide(&decisions(Decided::Trusted), &[], &all, &gate).code, 0);
    all.extend(gaps(Missing::TooLarge));
    let exit = decide(&decisions(Decided::Trusted), &[], &all, &gate);
    assert_eq!(exit.code, 3);
    assert!(exit.reason.contains("author can cause"), "{}", exit.reason);
}

#[test]
fn a_run_that_decided_nothing_is_no_pass() {
    assert_eq!(decide(&[], &[], &[], &Gate::default()).code, 4);
    let info = Finding::about(&LARGE, LAYER.into(), "a message".into());
    assert_eq!(decide(&[], &[info], &[], &Gate::default()).code, 4);
}

#[test]
fn the_reason_says_what_was_forgiven() {
    let scan = |gate: &Gate| run(Decided::Undecided, Found::StandingHigh, Missing::Denied, gate).reason;
    let new = FailOn::New(Severity::High);
    let reason = scan(&Gate { fail_on: new, allow_incomplete: true, ..Gate::default() });
    insta::assert_snapshot!(reason, @"passed: 1 function version trusted; --allow-incomplete forgave 1 artifact undecided, 1 gap; --fail-on new forgave 1 standing finding from before");
    let reason = scan(&Gate { fail_on: new, exit_zero: true, ..Gate::default() });
    insta::assert_snapshot!(reason, @"--exit-zero: this would be exit 3, incomplete, evidence could not be had: 1 artifact undecided, 1 gap; --fail-on new forgave 1 standing finding from before");
    let reason = run(Decided::Refused, Found::High, Missing::Nothing, &Gate::default()).reason;
    insta::assert_snapshot!(reason, @"the policy failed: 1 artifact refused; 1 finding at or above high. First: arn:aws:lambda:eu-west-1:111122223333:layer:deps:7: a reason");
    let reason =
        run(Decided::Undecided, Found::Nothing, Missing::Nothing, &Gate { allow_incomplete: true, verify: true, ..Gate::default() }).reason;
    insta::assert_snapshot!(reason, @"incomplete, evidence could not be had: 1 artifact undecided; --allow-incomplete forgives nothing in verify");
    let reason = run(Decided::Exempt, Found::Medium, Missing::Nothing, &Gate::default()).reason;
    insta::assert_snapshot!(reason, @"passed: 1 function version trusted, 1 artifact exempt, which is not trusted; 1 finding below high");
}

#[test]
fn fail_on_is_parsed() {
    assert_eq!("high".parse(), Ok(FailOn::Severity(Severity::High)));
    assert_eq!("new".parse(), Ok(FailOn::New(Severity::High)));
    assert_eq!("new:low".parse(), Ok(FailOn::New(Severity::Low)));
    for wrong in ["", "High", "new:", "new:all", "old:low", "none", "critical:new"] {
        assert!(wrong.parse::<FailOn>().is_err(), "{wrong}");
    }
}

/// The table of `docs/exit-codes.md` is made here, so that the page can't say anything else than the code.
#[test]
fn the_table_in_the_documentation_is_what_the_code_does() {
    let mut table = String::from(
        "| what the run holds | plain | `--fail-on new` | `scan --allow-incomplete` | `verify --allow-incomplete` | `--exit-zero` |\n|---|---:|---:|---:|---:|---:|\n",
    );
    let rows = [
        ("Trusted, nothing else", Decided::Trusted, Found::Nothing, Missing::Nothing),
        ("Exempt", Decided::Exempt, Found::Nothing, Missing::Nothing),
        ("Undecided", Decided::Undecided, Found::Nothing, Missing::Nothing),
        ("Undecided, and the artifact's author can cause it", Decided::UndecidedByAuthor, Found::Nothing, Missing::Nothing),
        ("NoStatement", Decided::NoStatement, Found::Nothing, Missing::Nothing),
        ("Refused", Decided::Refused, Found::Nothing, Missing::Nothing),
        ("Refused, and a gap", Decided::Refused, Found::Nothing, Missing::Denied),
        ("a finding below the threshold", Decided::Trusted, Found::Medium, Missing::Nothing),
        ("a new finding at the threshold or above", Decided::Trusted, Found::High, Missing::Nothing),
        ("a standing finding at the threshold or above", Decided::Trusted, Found::StandingHigh, Missing::Nothing),
        ("a standing finding of tampering", Decided::Trusted, Found::StandingTampering, Missing::Nothing),
        ("a waived finding", Decided::Trusted, Found::Waived, Missing::Nothing),
        ("a waived finding of tampering", Decided::Trusted, Found::WaivedTampering, Missing::Nothing),
        ("an incomplete finding", Decided::Trusted, Found::Incomplete, Missing::Nothing),
        ("a gap", Decided::Trusted, Found::Nothing, Missing::Denied),
        ("a gap that the artifact's author can cause", Decided::Trusted, Found::Nothing, Missing::TooLarge),
        ("no decision at all", Decided::Nothing, Found::Nothing, Missing::Nothing),
    ];
    let plain = Gate::default();
    let gates = [
        plain.clone(),
        Gate { fail_on: FailOn::New(Severity::High), ..plain.clone() },
        Gate { allow_incomplete: true, ..plain.clone() },
        Gate { allow_incomplete: true, verify: true, ..plain.clone() },
        Gate { exit_zero: true, ..plain },
    ];
    for (what, decided, found, missing) in rows {
        let codes: Vec<String> = gates.iter().map(|gate| run(decided, found, missing, gate).code.to_string()).collect();
        table.push_str(&format!("| {what} | {} |\n", codes.join(" | ")));
    }
    let page = include_str!("../../../docs/exit-codes.md");
    assert!(page.contains(&table), "docs/exit-codes.md should hold:\n{table}");
}
