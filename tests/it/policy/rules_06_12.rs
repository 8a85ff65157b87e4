//! Rules 6 to 12 of DESIGN §4, as far as they speak of evidence, and SIG017 and SIG018.

use layerproof::evidence::{Artifact, Evidence};
use layerproof::model::artifact::{ServiceSigning, Subject};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::{DecisionSubject, Policy, ReasonCode, Verdict, evaluate};
use layerproof::store::Integrity;

use super::evidence::*;
use crate::forge::{Entry, SignerOptions, TestCa, sign_entries, sign_zip, zip};

// Rule 6

#[test]
fn rule_06_revocation_that_is_enforced_and_cannot_be_checked_is_undecided() {
    let strict = policy(&about("ours", "layer", "strict", &any_of(OURS), ""));
    let decision = layer(&strict, &signed());
    expect(&decision, Verdict::Undecided, ReasonCode::RevocationUnknown);
    assert!(decision.reasons.iter().all(|reason| !reason.author_can_cause));
    // The right signer is known, so it counts under `any` beside a refusal; without it, nothing is lifted.
    let beside = policy(&about("ours", "layer", "strict", &any_of(&format!("{OTHERS}, {OURS}")), ""));
    expect(&layer(&beside, &signed()), Verdict::Undecided, ReasonCode::RevocationUnknown);
    expect(&layer(&beside, &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
    let skipped = policy(&about("ours", "layer", "strict", &any_of(OURS), "aspects: {revocation: skip}"));
    assert_eq!(layer(&skipped, &signed()).verdict, Verdict::Trusted);
}

#[test]
fn rule_06_an_expired_signature_is_refused_where_expiry_is_enforced_and_logged_where_not() {
    for (at, expired) in [("2026-09-30T23:59:59Z", true), ("2026-10-01T00:00:00Z", true), ("2026-10-01T00:00:00.001Z", false)] {
        let bytes = sign_zip(&entries(), &SignerOptions { expires_at: at.parse().unwrap(), ..SignerOptions::default() });
        let decision = layer(&strict(), &bytes);
        if expired {
            expect(&decision, Verdict::Refused, ReasonCode::Expired);
            let permissive = policy(&about("ours", "layer", "permissive", &any_of(OURS), ""));
            let decision = layer(&permissive, &bytes);
            assert_eq!(decision.verdict, Verdict::Trusted, "{decision:#?}");
            assert!(decision.statements[0].logged.iter().any(|line| line.contains("expired")));
            let enforced = policy(&about("ours", "layer", "permissive", &any_of(OURS), "aspects: {expiry: enforce}"));
            expect(&layer(&enforced, &bytes), Verdict::Refused, ReasonCode::Expired);
        } else {
            assert_eq!(decision.verdict, Verdict::Trusted);
        }
    }
}

#[test]
fn rule_06_audit_and_skip_never_yield_trusted() {
    let audit = policy(&about("a", "layer", "audit", &any_of(OURS), "reason: being introduced"));
    let skip = policy(&about("s", "layer", "skip", "", "reason: sandbox"));
    let logged =
        policy(&about("l", "layer", "strict", &any_of(OURS), "aspects: {authenticity: log, revocation: log}\nreason: being introduced"));
    for policy in [&audit, &skip, &logged] {
        for bytes in [signed(), unsigned()] {
            let decision = layer(policy, &bytes);
            expect(&decision, Verdict::Exempt, ReasonCode::Exempted);
            assert!(decision.reasons[0].text.contains(policy.statements[0].exempts().unwrap()));
        }
    }
    assert!(layer(&audit, &unsigned()).statements[0].logged.iter().any(|line| line.contains("no AWS Signer signature")));
    let foreign = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    expect(&layer(&audit, &foreign), Verdict::Exempt, ReasonCode::Exempted);
}

#[test]
fn rule_06_authenticity_that_audit_is_told_to_enforce_is_enforced() {
    let audit = policy(&about("a", "layer", "audit", &any_of(OURS), "aspects: {authenticity: enforce}\nreason: x"));
    expect(&layer(&audit, &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
    expect(&layer(&audit, &signed()), Verdict::Exempt, ReasonCode::Exempted);
}

#[test]
fn rule_06_audit_still_refuses_a_signature_that_is_there_and_does_not_hold() {
    let mut tampered = sign_entries(&entries(), &SignerOptions::default());
    tampered[0] = Entry::file("python/a.py", "print('evil')\n");
    let bytes = zip::write(&tampered);
    let logged = "aspects: {authenticity: log, revocation: log}\nreason: x";
    for (level, authority, extra) in [("audit", OURS, "reason: x"), ("audit", SIGSTORE, "reason: x"), ("strict", OURS, logged)] {
        let audit = policy(&about("a", "layer", level, &any_of(authority), extra));
        expect(&layer(&audit, &bytes), Verdict::Refused, ReasonCode::SignatureInvalid);
    }
}

#[test]
fn rule_06_audit_of_bytes_that_were_not_had_is_not_exempt() {
    let audit = policy(&about("a", "layer", "audit", &any_of(SIGSTORE), "reason: x"));
    let mut layer = artifact(LAYER, &signed(), &audit, now());
    (layer.blob, layer.integrity) = (Observed::Unknown(gap(GapReason::NotBuilt)), Integrity::NoBytes);
    expect(&decide(&audit, layer), Verdict::Undecided, ReasonCode::NoBytes);
}

// Rule 7: see `parts`

#[test]
fn rule_07_a_file_takes_no_scope_by_itself() {
    let policy = policy(&about("ours", "layer", "strict", &any_of(OURS), LOGGED));
    let mut file = artifact(LAYER, &signed(), &policy, now());
    file.subject = Subject::File(LAYER.into());
    expect(&decide(&policy, file), Verdict::NoStatement, ReasonCode::NoStatement);
}

#[test]
fn rule_07_a_statement_about_everything_covers_a_file() {
    let everything = format!(
        "  - name: all\n    scope: {{kind: any}}\n    level: strict\n    signatures: {}\n",
        any_of(&OURS.replace("{region}", "eu-west-1"))
    );
    let policy = policy(&format!("{everything}    {LOGGED}\n"));
    let mut file = artifact(LAYER, &signed(), &policy, now());
    (file.subject, file.claimed, file.integrity) = (Subject::File("a.zip".into()), None, Integrity::NotClaimed);
    assert_eq!(decide(&policy, file).verdict, Verdict::Trusted);
}

// Rule 8

fn service() -> Policy {
    let profile = "arn:aws:signer:{region}:111122223333:/signing-profiles/release";
    asks(&format!("{{aws_service: {{profiles: [\"{profile}\"]}}}}"))
}

fn stated(bytes: &[u8]) -> Artifact {
    let options = SignerOptions::default();
    let mut layer = artifact(LAYER, bytes, &service(), now());
    layer.attested.signing = ServiceSigning { profile_version_arn: Some(options.profile_version), job_arn: Some(options.job) };
    layer
}

#[test]
fn rule_08_awss_own_statement_is_no_verification() {
    // Stated by AWS, and named by the profile asked for: still not what `aws_signer` asks for.
    expect(&decide(&strict(), stated(&unsigned())), Verdict::Refused, ReasonCode::Unsigned);
}

#[test]
fn rule_08_awss_statement_in_a_snapshot_is_not_usable() {
    let decision = decide(&service(), stated(&unsigned()));
    expect(&decision, Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    // A snapshot can be silent as well as it can lie: it is no refusal either.
    let mut silent = stated(&unsigned());
    silent.attested.signing = ServiceSigning::default();
    let decision = decide(&service(), silent);
    expect(&decision, Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    assert!(decision.reasons[0].text.contains("live"));
}

#[test]
fn rule_08_awss_statement_counts_only_beside_equal_bytes_both_arns_and_nothing_rejected() {
    let live = |artifact: Artifact| {
        let subject = DecisionSubject::Artifact(artifact.subject.clone());
        let evidence = Evidence { live: true, ..evidence(vec![artifact]) };
        evaluate(&service(), &evidence, now()).remove(&subject).unwrap()
    };
    // All that can be known speaks for it; that the job has not expired and was not revoked cannot.
    expect(&live(stated(&unsigned())), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    let mut none = stated(&unsigned());
    none.attested.signing = ServiceSigning::default();
    expect(&live(none), Verdict::Refused, ReasonCode::Unsigned);
    let mut other = stated(&unsigned());
    other.attested.signing.profile_version_arn = Some("arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release/AbCdEfGhIj".into());
    expect(&live(other), Verdict::Refused, ReasonCode::UntrustedIdentity);
    let mut half = stated(&unsigned());
    half.attested.signing.job_arn = None;
    expect(&live(half), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    let mut mismatch = stated(&unsigned());
    mismatch.integrity = Integrity::of(mismatch.digest().unwrap(), 1, mismatch.claimed, Some(2));
    expect(&live(mismatch), Verdict::Refused, ReasonCode::BytesNotClaimed);
    let mut tampered = sign_entries(&entries(), &SignerOptions::default());
    tampered[0] = Entry::file("python/a.py", "print('evil')\n");
    expect(&live(stated(&zip::write(&tampered))), Verdict::Refused, ReasonCode::SignatureInvalid);
    let foreign = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    assert_eq!(live(stated(&foreign)).verdict, Verdict::Refused);
}

// Rule 9

#[test]
fn rule_09_a_root_that_nobody_named_is_refused() {
    let bytes = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    expect(&layer(&strict(), &bytes), Verdict::Refused, ReasonCode::UntrustedRoot);
}

#[test]
fn rule_09_a_root_that_another_statement_names_is_not_this_ones() {
    let roots = "  - {name: foreign-ca, file: foreign.pem, sha256: \"FOREIGN\", accounts: [\"111122223333\"]}\n";
    let bytes = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    let named = |root: &str| policy_with_roots(roots, &about("ours", "layer", "strict", &any_of(&OURS.replace("test-ca", root)), LOGGED));
    expect(&layer(&named("test-ca"), &bytes), Verdict::Refused, ReasonCode::UntrustedRoot);
    assert_eq!(layer(&named("foreign-ca"), &bytes).verdict, Verdict::Trusted);
}

#[test]
fn rule_09_a_pinned_root_does_not_vouch_for_an_account_that_it_is_not_pinned_for() {
    let roots = "  - {name: foreign-ca, file: foreign.pem, sha256: \"FOREIGN\", accounts: [\"444455556666\"]}\n";
    let policy = policy_with_roots(roots, &about("ours", "layer", "strict", &any_of(&OURS.replace("test-ca", "foreign-ca")), LOGGED));
    let bytes = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    assert_eq!(layer(&policy, &bytes).verdict, Verdict::Refused);
}

#[test]
fn rule_09_evidence_that_was_judged_under_wider_roots_is_not_trusted_under_narrower_ones() {
    let roots = "  - {name: foreign-ca, file: foreign.pem, sha256: \"FOREIGN\", accounts: [\"ACCOUNT\"]}\n";
    let statement = about("ours", "layer", "strict", &any_of(&OURS.replace("test-ca", "foreign-ca")), LOGGED);
    let [wide, narrow] = ["111122223333", "444455556666"].map(|account| policy_with_roots(&roots.replace("ACCOUNT", account), &statement));
    let bytes = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    let judged = artifact(LAYER, &bytes, &wide, now());
    assert_eq!(decide(&wide, judged.clone()).verdict, Verdict::Trusted);
    expect(&decide(&narrow, judged), Verdict::Refused, ReasonCode::UntrustedRoot);
}

// Rule 12

#[test]
fn rule_12_only_the_time_that_is_passed_in_counts() {
    let policy = strict();
    let bytes = sign_zip(&entries(), &SignerOptions { expires_at: "2026-12-01T00:00:00Z".parse().unwrap(), ..SignerOptions::default() });
    let at = |now: &str| {
        let now = now.parse().unwrap();
        let evidence = evidence(vec![artifact(LAYER, &bytes, &policy, now)]);
        evaluate(&policy, &evidence, now).into_values().next().unwrap().verdict
    };
    assert_eq!(at("2026-11-30T23:59:59Z"), Verdict::Trusted);
    assert_eq!(at("2026-12-01T00:00:00Z"), Verdict::Refused);
    assert_eq!(at("2026-08-31T00:00:00Z"), Verdict::Refused, "signed in the future");
}

// SIG017 and SIG018

#[test]
fn a_symlink_or_setuid_entry_in_a_signed_zip_is_refused_under_strict_and_logged_otherwise() {
    for odd in [Entry::symlink("python/link", "/etc/passwd"), Entry::file("python/su", "x").with_mode(0o104_755)] {
        let mut entries = entries();
        entries.push(odd);
        let bytes = sign_zip(&entries, &SignerOptions::default());
        let decision = layer(&strict(), &bytes);
        assert_eq!(decision.verdict, Verdict::Refused, "{decision:#?}");
        let unsigned = layer(&asks(&any_of(SIGSTORE)), &zip::write(&entries));
        assert!(!codes(&unsigned).contains(&ReasonCode::UnboundMetadata));
    }
    let setuid = sign_zip(&[Entry::file("python/su", "x").with_mode(0o104_755)], &SignerOptions::default());
    expect(&layer(&strict(), &setuid), Verdict::Refused, ReasonCode::UnboundMetadata);
    let permissive = policy(&about("ours", "layer", "permissive", &any_of(OURS), ""));
    let decision = layer(&permissive, &setuid);
    assert_eq!(decision.verdict, Verdict::Trusted, "{decision:#?}");
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("setuid")));
}

#[test]
fn arns_in_the_answer_that_are_not_the_signed_ones_are_refused_under_strict() {
    let policy = strict();
    let base = artifact(LAYER, &signed(), &policy, now());
    let mut job = base.clone();
    job.attested.signing.job_arn = Some("arn:aws:signer:eu-west-1:111122223333:/signing-jobs/other".into());
    let mut profile = base.clone();
    profile.attested.signing.profile_version_arn =
        Some("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/ZZZZZZZZZZ".into());
    let mut silent = base.clone();
    silent.attested.signing = ServiceSigning::default();
    let mut used = base.clone();
    used.attested.disagreeing_uses = vec![(FUNCTION.parse().unwrap(), job.attested.signing.clone())];
    for layer in [job, profile, silent.clone(), used] {
        expect(&decide(&policy, layer), Verdict::Refused, ReasonCode::ServiceDisagrees);
    }
    // A local file has no answer that could lack the ARNs; nor has a function without code signing to state them.
    silent.claimed = None;
    assert_eq!(decide(&policy, silent).verdict, Verdict::Trusted);
    let functions = self::policy(&about("ours", "function", "strict", &any_of(OURS), LOGGED));
    let mut function = artifact(FUNCTION, &signed(), &functions, now());
    function.attested.signing = ServiceSigning::default();
    assert_eq!(decide(&functions, function).verdict, Verdict::Trusted);
}
