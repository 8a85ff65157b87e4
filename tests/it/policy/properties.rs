//! Rule 2's property: adding an unsigned or foreign signature, entry or statement never improves a decision.

use std::sync::LazyLock;

use layerproof::model::observed::Observed;
use layerproof::policy::{Decision, Policy, Verdict};
use layerproof::signature::{JudgedSignature, Outcome};
use proptest::prelude::*;

use super::evidence::*;
use crate::forge::{Entry, SignerOptions, TestCa, sign_entries, sign_zip, zip};

/// How bad a decision is for the one who wants a pass. Undecided that `--allow-incomplete` does not forgive is no better than Refused.
fn badness(decision: &Decision) -> u8 {
    match decision.verdict {
        Verdict::Trusted => 0,
        Verdict::Exempt => 1,
        Verdict::Undecided if decision.reasons.iter().all(|reason| !reason.author_can_cause) => 2,
        Verdict::Undecided | Verdict::NoStatement | Verdict::Refused => 3,
    }
}

fn requirements() -> [String; 6] {
    [
        format!("{{any: [{OURS}]}}"),
        format!("{{any: [{OURS}, {SIGSTORE}]}}"),
        format!("{{any: [{OTHERS}, {OURS}]}}"),
        format!("{{all: [{OURS}, {SIGSTORE}]}}"),
        format!("{{all: [{OURS}, {OTHERS}]}}"),
        format!("{{at_least: 2, of: [{OURS}, {OTHERS}, {SIGSTORE}]}}"),
    ]
}

const LEVELS: [(&str, &str); 4] = [("strict", ""), ("strict", LOGGED), ("permissive", ""), ("audit", "reason: x")];

/// One statement for each requirement and level.
static STATEMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pairs = requirements().into_iter().flat_map(|requirement| LEVELS.map(|level| (requirement.clone(), level)));
    pairs.map(|(requirement, (level, extra))| about("ours", "layer", level, &requirement, extra)).collect()
});

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| STATEMENTS.iter().map(|statement| policy(statement)).collect());

/// Zips of every sort that the tests know, unsigned and rightly signed among them.
static ZIPS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let foreign = SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() };
    let other = SignerOptions {
        profile_version: "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release/AbCdEfGhIj".into(),
        ..SignerOptions::default()
    };
    let expired = SignerOptions { expires_at: "2026-09-20T00:00:00Z".parse().unwrap(), ..SignerOptions::default() };
    let mut tampered = sign_entries(&entries(), &SignerOptions::default());
    tampered[0] = Entry::file("python/a.py", "print('evil')\n");
    let mut alike = entries();
    alike.push(Entry::file("META-INF/aws_signer_signature_v1.0.SF", "x"));
    vec![
        unsigned(),
        signed(),
        sign_zip(&entries(), &foreign),
        sign_zip(&entries(), &other),
        sign_zip(&entries(), &expired),
        zip::write(&tampered),
        zip::write(&alike),
    ]
});

/// The signatures that do not come from the signer that the policies ask for.
static STRANGERS: LazyLock<Vec<JudgedSignature>> = LazyLock::new(|| {
    let ours = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj";
    ZIPS.iter()
        .flat_map(|bytes| artifact(LAYER, bytes, &POLICIES[0], now()).signatures.present().cloned().unwrap_or_default())
        .filter(|signature| match &signature.outcome {
            Outcome::Valid(verified) => verified.basis().identity.describe() != ours,
            Outcome::Invalid(_) | Outcome::Inconclusive(_) => true,
        })
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rule_02_a_strangers_signature_never_improves_a_decision(
        which_policy in 0_usize..24,
        which_zip in 0_usize..7,
        added in proptest::collection::vec(0_usize..8, 1..4),
        in_front in any::<bool>(),
    ) {
        let policy = &POLICIES[which_policy];
        let before = artifact(LAYER, &ZIPS[which_zip], policy, now());
        prop_assert!(STRANGERS.len() >= 4);
        let mut after = before.clone();
        let mut signatures = before.signatures.present().cloned().unwrap_or_default();
        for index in added {
            let stranger = STRANGERS[index % STRANGERS.len()].clone();
            if in_front { signatures.insert(0, stranger) } else { signatures.push(stranger) }
        }
        after.signatures = Observed::Present(signatures);
        let (before, after) = (decide(policy, before), decide(policy, after));
        prop_assert!(badness(&after) >= badness(&before), "{before:#?}\n{after:#?}");
    }

    #[test]
    fn rule_02_an_entry_more_never_improves_a_decision(
        which_policy in 0_usize..24,
        place in 0_usize..5,
        name in "[a-z]{1,8}(/[a-z]{1,8})?",
        body in ".{0,20}",
        setuid in any::<bool>(),
        base in 0_usize..3,
    ) {
        let policy = &POLICIES[which_policy];
        let options = SignerOptions::default();
        let mut archive = match base {
            0 => entries(),
            1 => sign_entries(&entries(), &options),
            _ => sign_entries(&entries(), &SignerOptions { ca: TestCa::foreign(), ..options }),
        };
        let before = layer(policy, &zip::write(&archive));
        let entry = Entry::file(&name, body).with_mode(if setuid { 0o104_755 } else { 0o100_644 });
        archive.insert(place.min(archive.len()), entry);
        let after = layer(policy, &zip::write(&archive));
        prop_assert!(badness(&after) >= badness(&before), "{before:#?}\n{after:#?}");
    }

    #[test]
    fn rule_01_a_statement_more_never_improves_a_decision(which in 0_usize..24, more in 0_usize..4, which_zip in 0_usize..7) {
        let bytes = &ZIPS[which_zip];
        let before = layer(&POLICIES[which], bytes);
        let extra = [
            about("more", "layer", "skip", "", "reason: x"),
            about("more", "layer", "audit", OURS, "reason: x"),
            about("more", "layer", "strict", OURS, LOGGED),
            about("more", "layer", "permissive", OTHERS, ""),
        ];
        let after = layer(&policy(&format!("{}{}", STATEMENTS[which], extra[more])), bytes);
        prop_assert!(badness(&after) >= badness(&before), "{before:#?}\n{after:#?}");
    }
}
