//! Rule 2's property: whatever a stranger adds beside an artifact, no decision becomes better.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::gap::{Gap, GapReason};
use crate::signature::{Rejection, Undetermined};

const SLSA: &str = "https://slsa.dev/provenance/v1";
const SUBJECT: &str = "{notary: {trust_store: \"ca:acme\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\"]}}";

fn badness(decision: &Decision) -> u8 {
    match decision.verdict {
        Verdict::Trusted => 0,
        Verdict::Exempt => 1,
        Verdict::Undecided if decision.reasons.iter().all(|reason| !reason.author_can_cause) => 2,
        Verdict::Undecided | Verdict::NoStatement | Verdict::Refused => 3,
    }
}

fn policies() -> Vec<Policy> {
    let attested = format!("attestations: [{{predicate_type: \"{SLSA}\", signed_by: {OURS}, where: \"predicate.ok\"}}]");
    let requirements = [
        format!("signatures: {OURS}"),
        format!("signatures: {{any: [{OURS}, {SUBJECT}]}}"),
        format!("signatures: {{all: [{OURS}, {SUBJECT}]}}"),
        attested.clone(),
        format!("signatures: {SUBJECT}\n{attested}"),
    ];
    let levels = [("strict", "aspects: {revocation: skip}"), ("permissive", "aspects: {revocation: skip}"), ("audit", "reason: x")];
    requirements.iter().flat_map(|rest| levels.map(|(level, more)| policy_at(level, &format!("{rest}\n{more}")))).collect()
}

/// What a stranger can make: their own signatures under the same roots, ours without what vouches for them, and what does not hold.
fn strangers() -> Vec<JudgedSignature> {
    let mut other = workflow();
    let By::Certificate { identity, .. } = &mut other.by else { panic!() };
    *identity = "https://github.com/evil/app/.github/workflows/release.yml@refs/heads/main".into();
    let mut unlogged = workflow();
    unlogged.proofs = BTreeMap::from([(ROOT.to_owned(), Proof { transparency: Transparency::None, ..proof() })]);
    let mut rootless = workflow();
    rootless.proofs = BTreeMap::new();
    let mut malformed = release();
    malformed.subject.retain(|(kind, _)| kind != "O");
    let base = by(other.clone());
    let outcome = |outcome| JudgedSignature { outcome, ..base.clone() };
    let gap = |reason| Gap { subject: "s".into(), wanted: "w".into(), reason, detail: String::new(), next_step: String::new() };
    let undetermined = |reason| Outcome::Inconclusive(Undetermined { gap: gap(reason), chain_and_identity_verified: false });
    let of_scheme = |scheme, chain_and_identity_verified| {
        let gap = gap(GapReason::NotBuilt);
        JudgedSignature { scheme, ..outcome(Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified })) }
    };
    vec![
        by(other.clone()),
        by(unlogged),
        by(rootless),
        noted(malformed, "ca:acme"),
        noted(release(), "ca:other"),
        attests(other.clone(), SLSA, json!({"ok": true})),
        attests(workflow(), "https://example.com/other", json!({"ok": true})),
        attests(other, "https://example.com/other", json!(true)),
        outcome(Outcome::Invalid(Rejection::BadSignature)),
        outcome(Outcome::Invalid(Rejection::Chain { detail: "x".into() })),
        outcome(undetermined(GapReason::Malformed)),
        outcome(undetermined(GapReason::TooLarge { limit: "bytes".into() })),
        // A form that nobody reads, and an envelope that demands a plugin which is not built in.
        of_scheme("oci-referrers", false),
        of_scheme("notary", false),
        of_scheme("notary", true),
    ]
}

/// What may be there already.
fn bases() -> Vec<Vec<JudgedSignature>> {
    let notary = valid(SignerIdentity::Notary(Box::new(release())), &["ca:acme"], |basis| basis.signature_id = "77".into());
    let provenance = attests(workflow(), SLSA, json!({"ok": true}));
    vec![
        Vec::new(),
        vec![by(workflow())],
        vec![notary.clone()],
        vec![by(workflow()), notary.clone()],
        vec![provenance.clone()],
        vec![notary, provenance, by(workflow())],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn rule_02_whatever_a_stranger_attaches_never_improves_a_decision(
        which_policy in 0_usize..15,
        which_base in 0_usize..6,
        added in proptest::collection::vec(0_usize..15, 1..5),
        in_front in any::<bool>(),
    ) {
        let policy = &policies()[which_policy];
        let base = bases().swap_remove(which_base);
        let mut more = base.clone();
        for index in added {
            let stranger = strangers().swap_remove(index);
            if in_front { more.insert(0, stranger) } else { more.push(stranger) }
        }
        let (before, after) = (decide(policy, base), decide(policy, more));
        prop_assert!(badness(&after) >= badness(&before), "{before:#?}\n{after:#?}");
    }
}

#[test]
fn a_stranger_does_not_turn_a_trusted_image_into_a_refused_one_either() {
    for policy in policies() {
        let whole = bases().pop().unwrap();
        let before = decide(&policy, whole.clone());
        for stranger in strangers() {
            let mut more = whole.clone();
            more.push(stranger);
            assert_eq!(decide(&policy, more).verdict, before.verdict);
        }
    }
}
