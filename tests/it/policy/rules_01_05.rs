//! Rules 1 to 5 of DESIGN §4, as far as they speak of evidence, each test named for the mistake that it prevents. Signatures are made by the forge
//! and judged by the real verifier.

use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::{ReasonCode, Verdict, unmatched_statements};
use layerproof::store::Integrity;

use super::evidence::*;
use crate::forge::{Entry, SignerOptions, sign_entries, sign_zip, zip};

#[test]
fn a_well_signed_layer_is_trusted_and_what_is_not_bound_is_said() {
    let decision = layer(&strict(), &signed());
    assert_eq!(decision.verdict, Verdict::Trusted, "{decision:#?}");
    assert!(decision.reasons.is_empty() && !decision.does_not_bind.is_empty());
    let [statement] = &decision.statements[..] else { panic!() };
    assert_eq!((statement.name.as_str(), statement.file.as_str(), statement.level), ("ours", "policy.yaml", "strict"));
    assert!(statement.line > 1 && statement.logged.iter().any(|line| line.contains("nobody was asked whether it was revoked")));
}

// Rule 1

#[test]
fn rule_01_one_statement_that_holds_does_not_excuse_another() {
    let two = format!("{}{}", about("a", "layer", "strict", &any_of(OURS), LOGGED), about("b", "layer", "strict", &any_of(OTHERS), LOGGED));
    expect(&layer(&policy(&two), &signed()), Verdict::Refused, ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_01_a_narrower_statement_replaces_nothing_by_itself() {
    let narrow = "  - name: narrow\n    scope: {kind: layer, arn: \"arn:aws:lambda:eu-west-1:111122223333:layer:deps\"}\n    level: skip\n    reason: x\n";
    let both = format!("{}{narrow}", about("wide", "layer", "strict", &any_of(OURS), LOGGED));
    expect(&layer(&policy(&both), &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
    // An exemption beside a statement that holds is no trust either.
    expect(&layer(&policy(&both), &signed()), Verdict::Exempt, ReasonCode::Exempted);
    let carved = format!("{both}    overrides: wide\n");
    let decision = layer(&policy(&carved), &unsigned());
    expect(&decision, Verdict::Exempt, ReasonCode::Exempted);
    assert_eq!(decision.statements.len(), 1);
}

#[test]
fn rule_01_a_carve_out_covers_only_what_it_matches() {
    let carve = "  - name: narrow\n    scope: {kind: layer, arn: \"arn:aws:lambda:eu-west-1:111122223333:layer:other\"}\n    overrides: wide\n    level: skip\n    reason: x\n";
    let both = format!("{}{carve}", about("wide", "layer", "strict", &any_of(OURS), LOGGED));
    expect(&layer(&policy(&both), &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
}

#[test]
fn rule_01_no_matching_statement_is_a_refusal() {
    let foreign = "arn:aws:lambda:eu-west-1:444455556666:layer:deps:7";
    let policy = strict();
    let decision = decide(&policy, artifact(foreign, &signed(), &policy, now()));
    expect(&decision, Verdict::NoStatement, ReasonCode::NoStatement);
    assert!(decision.verdict > Verdict::Undecided);
}

#[test]
fn rule_01_skip_does_not_excuse_bytes_that_are_not_the_claimed_ones() {
    let skip = policy(&about("s", "layer", "skip", "", "reason: x"));
    for policy in [skip, strict()] {
        let mut layer = artifact(LAYER, &signed(), &policy, now());
        let digest = layer.digest().unwrap();
        layer.integrity = Integrity::of(digest, 1, Some(ClaimedDigest::from(Digest::of(b"other"))), None);
        let decision = decide(&policy, layer);
        assert_eq!(decision.reasons[0].code, ReasonCode::BytesNotClaimed);
        assert_eq!(decision.verdict, Verdict::Refused);
        assert!(decision.statements.iter().all(|s| s.verdict != Verdict::Trusted), "a statement cannot hold over other bytes");
    }
    let policy = strict();
    let mut unstated = artifact("arn:aws:lambda:eu-west-1:444455556666:layer:deps:7", &signed(), &policy, now());
    unstated.integrity = Integrity::of(unstated.digest().unwrap(), 5, unstated.claimed, Some(6));
    expect(&decide(&policy, unstated), Verdict::Refused, ReasonCode::BytesNotClaimed);
}

#[test]
fn a_statement_that_matches_nothing_is_reported() {
    let both = format!(
        "{}{}",
        about("layers", "layer", "strict", &any_of(OURS), LOGGED),
        about("functions", "function", "strict", &any_of(OURS), LOGGED)
    );
    let policy = policy(&both);
    let evidence = evidence(vec![artifact(LAYER, &signed(), &policy, now())]);
    let dead = unmatched_statements(&policy, &evidence);
    assert_eq!(dead.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["functions"]);
    assert!(dead[0].line > 1 && dead[0].scope.contains("function"));
}

// Rule 2

#[test]
fn rule_02_zero_signatures_are_a_refusal_however_they_are_spelled() {
    let policy = strict();
    let mut layer = artifact(LAYER, &unsigned(), &policy, now());
    for signatures in [Observed::Absent, Observed::Present(Vec::new())] {
        layer.signatures = signatures;
        expect(&decide(&policy, layer.clone()), Verdict::Refused, ReasonCode::Unsigned);
    }
}

#[test]
fn rule_02_one_signature_does_not_meet_two_authorities() {
    let version = OURS.replace("release", "release/AbCdEfGhIj");
    for requirement in [format!("{{all: [{OURS}, {version}]}}"), format!("{{at_least: 2, of: [{OURS}, {version}, {OTHERS}]}}")] {
        expect(&layer(&asks(&requirement), &signed()), Verdict::Refused, ReasonCode::ThresholdNotMet);
    }
    assert_eq!(layer(&asks(&format!("{{at_least: 1, of: [{OURS}, {OTHERS}]}}")), &signed()).verdict, Verdict::Trusted);
}

// Rule 3

#[test]
fn rule_03_right_profile_up_to_the_wrong_root_and_right_root_with_the_wrong_profile_do_not_add_up() {
    let roots = "  - {name: foreign-ca, file: foreign.pem, sha256: \"FOREIGN\", accounts: [\"111122223333\"]}\n";
    // The layer is signed by our profile under test-ca; each entry below holds for half of that.
    let wrong_root = OURS.replace("test-ca", "foreign-ca");
    let policy = policy_with_roots(roots, &about("ours", "layer", "strict", &any_of(&format!("{wrong_root}, {OTHERS}")), LOGGED));
    let decision = layer(&policy, &signed());
    expect(&decision, Verdict::Refused, ReasonCode::UntrustedRoot);
    expect(&decision, Verdict::Refused, ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_03_a_signature_over_other_content_is_refused() {
    let mut moved = sign_entries(&entries(), &SignerOptions::default());
    moved[0] = Entry::file("python/a.py", "print('evil')\n");
    expect(&layer(&strict(), &zip::write(&moved)), Verdict::Refused, ReasonCode::SignatureInvalid);
}

#[test]
fn rule_03_an_attestation_that_is_asked_for_and_not_there_is_a_refusal() {
    let extra = format!("{LOGGED}\nattestations: [{{predicate_type: p, signed_by: {SIGSTORE}}}]");
    let decision = layer(&policy(&about("ours", "layer", "strict", &any_of(OURS), &extra)), &signed());
    expect(&decision, Verdict::Refused, ReasonCode::AttestationMissing);
    expect(&layer(&policy(&about("ours", "layer", "strict", &any_of(OURS), &extra)), &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
}

// Rule 4

#[test]
fn rule_04_a_profile_of_another_account_region_or_case_is_not_ours() {
    for profile in [
        "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release/AbCdEfGhIj",
        "arn:aws:signer:eu-west-2:111122223333:/signing-profiles/release/AbCdEfGhIj",
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/Release/AbCdEfGhIj",
        "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release2/AbCdEfGhIj",
    ] {
        let bytes = sign_zip(&entries(), &SignerOptions { profile_version: profile.into(), ..SignerOptions::default() });
        let decision = layer(&strict(), &bytes);
        assert_eq!(decision.verdict, Verdict::Refused, "{profile} {decision:#?}");
    }
}

#[test]
fn rule_04_another_version_of_the_profile_is_not_the_version_that_was_named() {
    let version = OURS.replace("release", "release/ZZZZZZZZZZ");
    expect(&layer(&asks(&any_of(&version)), &signed()), Verdict::Refused, ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_04_a_placeholder_that_stands_for_nothing_matches_nothing() {
    let by_layer = OURS.replace(":111122223333:", ":{layer_account}:");
    let policy = policy(&format!(
        "{}{}",
        about("layers", "layer", "strict", &any_of(&by_layer), LOGGED),
        about("functions", "function", "strict", &any_of(&by_layer), LOGGED)
    ));
    assert_eq!(layer(&policy, &signed()).verdict, Verdict::Trusted);
    let decision = decide(&policy, artifact(FUNCTION, &signed(), &policy, now()));
    expect(&decision, Verdict::Refused, ReasonCode::UntrustedIdentity);
    assert!(decision.reasons[0].text.contains("stand for nothing"));
}

// Rule 5

#[test]
fn rule_05_a_limit_that_the_author_can_hit_refuses_and_what_we_could_not_look_at_does_not() {
    let policy = strict();
    let base = artifact(LAYER, &signed(), &policy, now());
    for (reason, verdict) in [
        (GapReason::TooLarge { limit: "entries".into() }, Verdict::Refused),
        (GapReason::Malformed, Verdict::Refused),
        (GapReason::Throttled, Verdict::Undecided),
        (GapReason::Unreachable, Verdict::Undecided),
        (GapReason::Denied { action: "lambda:GetLayerVersion".into() }, Verdict::Undecided),
    ] {
        for part in 0..3 {
            let mut layer = base.clone();
            match part {
                0 => layer.contents = Observed::Unknown(gap(reason.clone())),
                1 => layer.signatures = Observed::Unknown(gap(reason.clone())),
                _ => (layer.blob, layer.integrity) = (Observed::Unknown(gap(reason.clone())), Integrity::NoBytes),
            }
            assert_eq!(decide(&policy, layer).verdict, verdict, "{reason:?} {part}");
        }
    }
}

#[test]
fn rule_05_contents_that_were_not_read_in_full_refuse_a_good_signature() {
    let policy = strict();
    let mut layer = artifact(LAYER, &signed(), &policy, now());
    let mut contents = layer.contents.present().unwrap().as_ref().clone();
    contents.complete = false;
    layer.contents = Observed::Present(contents.into());
    expect(&decide(&policy, layer), Verdict::Refused, ReasonCode::AmbiguousArchive);
}

#[test]
fn rule_05_an_ambiguous_archive_is_refused() {
    let mut doubled = sign_entries(&entries(), &SignerOptions::default());
    doubled.insert(1, Entry::file("python/a.py", "print('evil')\n"));
    let decision = layer(&strict(), &zip::write(&doubled));
    assert_eq!(decision.verdict, Verdict::Refused, "{decision:#?}");
}

#[test]
fn rule_05_a_scheme_without_a_signature_is_a_refusal_and_lifts_none() {
    expect(&layer(&asks(&any_of(&format!("{OURS}, {SIGSTORE}"))), &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
    expect(&layer(&asks(&any_of(&format!("{OTHERS}, {SIGSTORE}"))), &signed()), Verdict::Refused, ReasonCode::UntrustedIdentity);
    expect(&layer(&asks(&any_of(SIGSTORE)), &unsigned()), Verdict::Refused, ReasonCode::Unsigned);
    expect(&layer(&asks(&any_of(SIGSTORE)), &signed()), Verdict::Refused, ReasonCode::Unsigned);
    expect(&layer(&asks(&format!("{{all: [{OURS}, {SIGSTORE}]}}")), &signed()), Verdict::Refused, ReasonCode::Unsigned);
    expect(&layer(&asks(&format!("{{all: [{OTHERS}, {SIGSTORE}]}}")), &signed()), Verdict::Refused, ReasonCode::UntrustedIdentity);
    assert_eq!(layer(&asks(&any_of(&format!("{OURS}, {SIGSTORE}"))), &signed()).verdict, Verdict::Trusted);
}

#[test]
fn rule_05_a_signature_file_of_an_unconfirmed_spelling_is_neither_unsigned_nor_forgivable() {
    let mut odd = entries();
    odd.push(Entry::file("META-INF/aws_signer_signature_v1.0.SF", "x"));
    let bytes = zip::write(&odd);
    let decision = layer(&strict(), &bytes);
    expect(&decision, Verdict::Undecided, ReasonCode::Unconfirmed);
    assert!(decision.reasons.iter().all(|reason| reason.author_can_cause));
    // It lifts nobody else's refusal, and an exemption does not swallow it.
    expect(&layer(&asks(&format!("{{all: [{OURS}, {SIGSTORE}]}}")), &bytes), Verdict::Refused, ReasonCode::Unsigned);
    let audit = policy(&about("a", "layer", "audit", &any_of(OURS), "reason: x"));
    expect(&layer(&audit, &bytes), Verdict::Undecided, ReasonCode::Unconfirmed);
}

#[test]
fn rule_03_no_vector_that_is_not_valid_is_trusted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/signer");
    let strict = strict();
    let audit = policy(&about("a", "layer", "audit", &any_of(OURS), "reason: x"));
    let (mut refused, mut trusted) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "zip") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert_ne!(layer(&audit, &bytes).verdict, Verdict::Trusted, "{name}");
        match layer(&strict, &bytes).verdict {
            Verdict::Trusted => trusted.push(name),
            Verdict::Refused | Verdict::Undecided => refused += 1,
            Verdict::Exempt | Verdict::NoStatement => panic!("{name}"),
        }
    }
    assert!(refused > 60 && trusted.iter().any(|name| name == "valid"), "{refused} {trusted:?}");
    assert!(trusted.iter().all(|name| name.starts_with("valid")), "{trusted:?}");
    for name in ["valid-expired", "valid-made-setuid", "valid-file-made-a-link", "valid-other-profile"] {
        assert!(!trusted.iter().any(|trusted| trusted == name), "{name}");
    }
}
