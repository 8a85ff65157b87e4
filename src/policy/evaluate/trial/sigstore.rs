//! Sigstore signers.

use super::*;

fn keyed(rest: &str) -> Policy {
    asks(&format!("{{sigstore: {{key: key.pem{rest}}}}}"))
}

fn key() -> fulcio::Signer {
    let spki_sha256 = keyed("").anchors().keys[0].sha256.clone();
    fulcio::Signer { by: By::Key { spki_sha256 }, ..workflow() }
}

fn with(change: impl FnOnce(&mut fulcio::Signer, &mut Proof)) -> JudgedSignature {
    let mut signer = workflow();
    let mut proof = proof();
    change(&mut signer, &mut proof);
    signer.proofs = BTreeMap::from([(ROOT.to_owned(), proof)]);
    by(signer)
}

fn identity(signer: &mut fulcio::Signer, issuer: &str, identity: &str) {
    let By::Certificate { issuer: was, identity: who, .. } = &mut signer.by else { panic!() };
    (*was, *who) = (issuer.into(), identity.into());
}

#[test]
fn our_workflow_is_trusted_and_the_decision_says_on_what_it_rests() {
    let decision = decide(&asks(OURS), vec![by(workflow())]);
    trusted(&decision);
    let [support] = &decision.rests_on[..] else { panic!("{decision:#?}") };
    assert_eq!((support.digest, support.index_above, support.scheme), (Some(digest()), false, "sigstore"));
    assert!(support.signer.contains("release.yml"));
}

#[test]
fn another_identity_issuer_prefix_suffix_or_case_is_not_ours() {
    for (issuer, who) in [
        (ISSUER, "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main2"),
        (ISSUER, "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/MAIN"),
        (ISSUER, "https://evil.example/https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"),
        (ISSUER, ""),
        ("https://token.actions.githubusercontent.com/", WORKFLOW),
        ("https://token.actions.githubusercontent.com.evil.example", WORKFLOW),
    ] {
        refused(&decide(&asks(OURS), vec![with(|signer, _| identity(signer, issuer, who))]), ReasonCode::UntrustedIdentity);
    }
}

#[test]
fn an_unanchored_regexp_does_not_let_a_longer_identity_in() {
    let policy = asks(
        "{sigstore: {issuer_regexp: \"https://token\\\\.actions\\\\.githubusercontent\\\\.com\", identity_regexp: \"https://github\\\\.com/acme/.+\"}}",
    );
    trusted(&decide(&policy, vec![by(workflow())]));
    for (issuer, who) in [
        (ISSUER, "https://evil.example/?https://github.com/acme/app"),
        ("https://token.actions.githubusercontent.com.evil.example", WORKFLOW),
        ("evil https://token.actions.githubusercontent.com", WORKFLOW),
    ] {
        refused(&decide(&policy, vec![with(|signer, _| identity(signer, issuer, who))]), ReasonCode::UntrustedIdentity);
    }
}

#[test]
fn right_identity_on_one_signature_and_right_claim_on_another_do_not_add_up() {
    let policy = asks(&OURS.replace("}}", ", claims: {source_repository_owner_id: \"1234\"}}}"));
    trusted(&decide(&policy, vec![by(workflow())]));
    let other_owner = with(|signer, _| {
        let By::Certificate { claims, .. } = &mut signer.by else { panic!() };
        claims.insert("source_repository_owner_id", Claim::Text("666".into()));
    });
    let other_workflow =
        with(|signer, _| identity(signer, ISSUER, "https://github.com/acme/app/.github/workflows/test.yml@refs/heads/main"));
    let decision = decide(&policy, vec![other_owner, other_workflow]);
    refused(&decision, ReasonCode::ClaimMismatch);
    refused(&decision, ReasonCode::UntrustedIdentity);
}

#[test]
fn rule_03_an_absent_or_malformed_claim_equals_nothing() {
    for asked in [
        "build_trigger: push",
        "build_trigger: {regexp: \".+\"}",
        "source_repository_ref: refs/heads/main",
        "source_repository_ref: {regexp: \".+\"}",
        "runner_environment: {regexp: \"github\"}",
        "runner_environment: self-hosted",
    ] {
        let policy = asks(&OURS.replace("}}", &format!(", claims: {{{asked}}}}}}}")));
        refused(&decide(&policy, vec![by(workflow())]), ReasonCode::ClaimMismatch);
    }
    let policy = asks(&OURS.replace("}}", ", claims: {runner_environment: {regexp: \"github-.+\"}}}}"));
    trusted(&decide(&policy, vec![by(workflow())]));
}

#[test]
fn what_holds_under_another_root_only_is_not_trusted() {
    let mut elsewhere = workflow();
    elsewhere.proofs = BTreeMap::from([("staging".to_owned(), proof())]);
    refused(&decide(&asks(OURS), vec![by(elsewhere.clone())]), ReasonCode::UntrustedRoot);
    elsewhere.proofs = BTreeMap::new();
    refused(&decide(&asks(OURS), vec![by(elsewhere)]), ReasonCode::UntrustedRoot);
}

#[test]
fn a_proof_under_one_root_does_not_complete_a_certificate_under_another() {
    let mut split = workflow();
    split.proofs = BTreeMap::from([
        (ROOT.to_owned(), Proof { transparency: Transparency::None, ..proof() }),
        ("other".to_owned(), Proof { sct: false, ..proof() }),
    ]);
    refused(&decide(&asks(OURS), vec![by(split)]), ReasonCode::NoTransparency);
}

#[test]
fn rule_06_a_bundle_without_its_proof_of_inclusion_is_refused_at_every_level() {
    for transparency in [Transparency::None, Transparency::Promise] {
        let downgraded = with(|_, proof| proof.transparency = transparency);
        refused(&decide(&asks(OURS), vec![downgraded.clone()]), ReasonCode::NoTransparency);
        for level in ["permissive", "audit"] {
            let policy = policy_at(level, &format!("signatures: {OURS}\nreason: x"));
            refused(&decide(&policy, vec![downgraded.clone()]), ReasonCode::NoTransparency);
        }
    }
    let promised = asks(&OURS.replace("}}", ", transparency: promise}}"));
    trusted(&decide(&promised, vec![with(|_, proof| proof.transparency = Transparency::Promise)]));
    refused(&decide(&promised, vec![with(|_, proof| proof.transparency = Transparency::None)]), ReasonCode::NoTransparency);
}

#[test]
fn the_form_from_before_bundles_has_a_promise_at_most_and_needs_it() {
    let legacy = |transparency| {
        with(|signer, proof| {
            signer.form = SignatureForm::Legacy;
            proof.transparency = transparency;
        })
    };
    trusted(&decide(&asks(OURS), vec![legacy(Transparency::Promise)]));
    refused(&decide(&asks(OURS), vec![legacy(Transparency::None)]), ReasonCode::NoTransparency);
    let strictly = asks(&OURS.replace("}}", ", transparency: inclusion_proof}}"));
    refused(&decide(&strictly, vec![legacy(Transparency::Promise)]), ReasonCode::NoTransparency);
}

#[test]
fn rule_06_a_certificate_that_no_ct_log_knows_is_refused_at_every_level() {
    for level in ["strict", "permissive", "audit"] {
        let policy = policy_at(level, &format!("signatures: {OURS}\nreason: x\naspects: {{revocation: skip}}"));
        refused(&decide(&policy, vec![with(|_, proof| proof.sct = false)]), ReasonCode::NoTransparency);
    }
    trusted(&decide(&asks(&OURS.replace("}}", ", sct: none}}")), vec![with(|_, proof| proof.sct = false)]));
}

#[test]
fn a_required_time_stamp_is_not_replaced_by_the_logs_word() {
    let policy = asks(&OURS.replace("}}", ", timestamp: required}}"));
    refused(&decide(&policy, vec![by(workflow())]), ReasonCode::TimestampMissing);
    trusted(&decide(&policy, vec![with(|_, proof| proof.timestamp_authorities = vec!["tsa".into()])]));
}

#[test]
fn a_certificate_whose_time_nobody_states_is_refused() {
    refused(&decide(&asks(OURS), vec![with(|_, proof| proof.times = Vec::new())]), ReasonCode::TimestampMissing);
}

#[test]
fn githubs_instance_has_no_log_and_no_sct_and_so_needs_its_time_stamp() {
    let policy = asks(&OURS.replace("{issuer", "{root: sigstore-github, issuer"));
    let of_github = |authorities: &[&str]| {
        let mut signer = workflow();
        let timestamp_authorities = authorities.iter().map(|&name| name.to_owned()).collect();
        let proof = Proof { transparency: Transparency::None, logs: Vec::new(), timestamp_authorities, sct: false, ..proof() };
        signer.proofs = BTreeMap::from([("sigstore-github".to_owned(), proof)]);
        by(signer)
    };
    trusted(&decide(&policy, vec![of_github(&["tsa"])]));
    refused(&decide(&policy, vec![of_github(&[])]), ReasonCode::TimestampMissing);
    refused(&decide(&policy, vec![by(workflow())]), ReasonCode::UntrustedRoot);
    refused(&decide(&asks(OURS), vec![of_github(&["tsa"])]), ReasonCode::UntrustedRoot);
}

#[test]
fn a_bare_key_never_stands_for_an_identity_nor_a_certificate_for_a_key() {
    refused(&decide(&asks(OURS), vec![by(key())]), ReasonCode::UntrustedIdentity);
    refused(&decide(&keyed(""), vec![by(workflow())]), ReasonCode::UntrustedIdentity);
    let other = fulcio::Signer { by: By::Key { spki_sha256: "11".repeat(32) }, ..workflow() };
    refused(&decide(&keyed(""), vec![by(other)]), ReasonCode::UntrustedIdentity);
    trusted(&decide(&keyed(""), vec![by(key())]));
}

#[test]
fn a_key_without_a_log_counts_only_where_the_policy_says_so_and_is_reported_as_without_time() {
    let bare = || fulcio::Signer { proofs: BTreeMap::new(), ..key() };
    refused(&decide(&keyed(""), vec![by(bare())]), ReasonCode::NoTransparency);
    refused(&decide(&keyed(", transparency: promise"), vec![by(bare())]), ReasonCode::NoTransparency);
    let decision = decide(&keyed(", transparency: none"), vec![by(bare())]);
    trusted(&decision);
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("without a trusted time")), "{decision:#?}");
    refused(&decide(&keyed(", transparency: none, timestamp: required"), vec![by(bare())]), ReasonCode::TimestampMissing);
}

#[test]
fn a_managed_key_used_outside_of_its_window_is_refused() {
    let used = |times: &[&str]| {
        let times = times.iter().map(|at| time(at)).collect();
        by(fulcio::Signer { proofs: BTreeMap::from([(ROOT.to_owned(), Proof { times, ..proof() })]), ..key() })
    };
    let window = keyed(", valid_from: \"2026-01-01T00:00:00Z\", valid_until: \"2026-07-01T00:00:00Z\"");
    trusted(&decide(&window, vec![used(&["2026-03-01T00:00:00Z"])]));
    trusted(&decide(&window, vec![used(&["2026-01-01T00:00:00Z"])]));
    for times in [
        &["2025-12-31T23:59:59Z"][..],
        &["2026-07-01T00:00:00Z"],
        // One time that is backdated does not excuse the other.
        &["2026-03-01T00:00:00Z", "2026-08-01T00:00:00Z"],
    ] {
        refused(&decide(&window, vec![used(times)]), ReasonCode::OutsideValidity);
    }
    // A window that is open on one side is one all the same.
    for bound in ["valid_from: \"2026-01-01T00:00:00Z\"", "valid_until: \"2026-07-01T00:00:00Z\""] {
        let half = keyed(&format!(", {bound}"));
        trusted(&decide(&half, vec![used(&["2026-03-01T00:00:00Z"])]));
        refused(&decide(&half, vec![used(&[])]), ReasonCode::TimestampMissing);
    }
    refused(&decide(&window, vec![used(&[])]), ReasonCode::TimestampMissing);
}

#[test]
fn an_annotation_that_is_not_signed_along_is_refused() {
    let policy = asks(&OURS.replace("}}", ", annotations: {env: prod}}}"));
    refused(&decide(&policy, vec![by(workflow())]), ReasonCode::ClaimMismatch);
    refused(
        &decide(&policy, vec![with(|signer, _| drop(signer.annotations.insert("env".into(), "prod2".into())))]),
        ReasonCode::ClaimMismatch,
    );
    trusted(&decide(&policy, vec![with(|signer, _| drop(signer.annotations.insert("env".into(), "prod".into())))]));
}

#[test]
fn one_workflow_on_two_branches_is_one_signer() {
    let second = "{sigstore: {issuer: \"https://token.actions.githubusercontent.com\", identity: \"https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1\"}}";
    let on_tag = || {
        let mut signer = workflow();
        identity(&mut signer, ISSUER, "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1");
        valid(SignerIdentity::Sigstore(Box::new(signer)), &[ROOT], |basis| basis.signature_id = "02".into())
    };
    let both = asks(&format!("{{all: [{OURS}, {second}]}}"));
    refused(&decide(&both, vec![by(workflow()), on_tag()]), ReasonCode::ThresholdNotMet);
}

#[test]
fn signers_of_two_schemes_make_two() {
    let subject = "{notary: {trust_store: \"ca:acme\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\"]}}";
    let both = asks(&format!("{{all: [{OURS}, {subject}]}}"));
    let mut by_notary = noted(release(), "ca:acme");
    let Outcome::Valid(verified) = &by_notary.outcome else { panic!() };
    let basis = Basis { signature_id: "99".into(), ..verified.basis().clone() };
    by_notary.outcome = Outcome::Valid(Verified::for_trial(basis));
    trusted(&decide(&both, vec![by(workflow()), by_notary]));
    refused(&decide(&both, vec![by(workflow())]), ReasonCode::Unsigned);
}

#[test]
fn one_key_by_itself_and_in_a_certificate_is_one_signer() {
    let by_key = "{sigstore: {key: key.pem}}";
    let by_name = "{notary: {trust_store: \"ca:acme\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\"]}}";
    let both = asks(&format!("{{all: [{by_key}, {by_name}]}}"));
    let By::Key { spki_sha256 } = key().by else { panic!() };
    let noted_by = |spki_sha256: String| {
        let signer = crate::signature::notary::Signer { spki_sha256, ..release() };
        valid(SignerIdentity::Notary(Box::new(signer)), &["ca:acme"], |basis| basis.signature_id = "99".into())
    };
    trusted(&decide(&both, vec![by(key()), noted_by("ab".repeat(32))]));
    refused(&decide(&both, vec![by(key()), noted_by(spki_sha256)]), ReasonCode::ThresholdNotMet);
}

#[test]
fn one_key_in_two_certificates_is_one_signer() {
    let named =
        |name: &str| format!("{{notary: {{trust_store: \"ca:acme\", identities: [\"x509.subject: C=US, ST=WA, O=Acme, CN={name}\"]}}}}");
    let both = asks(&format!("{{all: [{}, {}]}}", named("release"), named("review")));
    let noted_by = |name: &str, spki_sha256: &str| {
        let mut signer = crate::signature::notary::Signer { spki_sha256: spki_sha256.into(), ..release() };
        signer.subject.last_mut().unwrap().1 = name.into();
        valid(SignerIdentity::Notary(Box::new(signer)), &["ca:acme"], |basis| basis.signature_id = name.into())
    };
    trusted(&decide(&both, vec![noted_by("release", "aa"), noted_by("review", "bb")]));
    refused(&decide(&both, vec![noted_by("release", "aa"), noted_by("review", "aa")]), ReasonCode::ThresholdNotMet);
}

#[test]
fn rule_07_a_signed_index_that_lists_the_image_counts_and_is_said_to_be_one() {
    let index = Digest::of(b"index");
    let above = valid(SignerIdentity::Sigstore(Box::new(workflow())), &[ROOT], |basis| {
        basis.target = SignedTarget { digest: Some(index), index_above: true };
    });
    let decision = decide(&asks(OURS), vec![above]);
    trusted(&decision);
    assert_eq!((decision.rests_on[0].digest, decision.rests_on[0].index_above), (Some(index), true));
    assert_eq!(decision.digest, Some(digest()));
}
