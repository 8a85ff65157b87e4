//! Rule 7: a function version is as good as the worst of its parts, an alias as the worst version that it routes to.

use layerproof::evidence::Evidence;
use layerproof::model::artifact::ServiceSigning;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::function::{Alias, AliasWeight, Function, FunctionCode, FunctionVersion, LayerUse};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::{DecisionSubject, Policy, ReasonCode, Verdict, evaluate};

use super::evidence::*;

const NAME: &str = "arn:aws:lambda:eu-west-1:111122223333:function:pay";

fn both() -> Policy {
    let any = format!("{{any: [{OURS}]}}");
    policy(&format!("{}{}", about("layers", "layer", "strict", &any, LOGGED), about("functions", "function", "strict", &any, LOGGED)))
}

fn version(qualifier: &str, layers: &[&str]) -> FunctionVersion {
    FunctionVersion {
        arn: format!("{NAME}:{qualifier}").parse().unwrap(),
        runtime: None,
        architecture: "x86_64".into(),
        last_modified: None,
        code: FunctionCode::Zip {
            code_sha256: ClaimedDigest::from(Digest::of(b"")),
            code_size: 0,
            location: Observed::Absent,
            signing: ServiceSigning::default(),
            s3_reference: None,
        },
        layers: layers
            .iter()
            .map(|arn| LayerUse { arn: arn.parse().unwrap(), code_size: None, signing: ServiceSigning::default() })
            .collect(),
        state: None,
        reason_code: None,
        code_error: None,
    }
}

/// A function with versions 1 and 2, and what each code and the layer are.
fn fleet(one: &[u8], two: &[u8], layer: &[u8], aliases: Observed<Vec<Alias>>) -> (Policy, Evidence) {
    let policy = both();
    let make = |arn: &str, bytes: &[u8]| artifact(arn, bytes, &policy, now());
    let mut evidence = evidence(vec![make(&format!("{NAME}:1"), one), make(&format!("{NAME}:2"), two), make(LAYER, layer)]);
    evidence.inventory.functions.push(Function {
        arn: NAME.parse().unwrap(),
        versions: vec![version("1", &[LAYER]), version("2", &[])],
        aliases,
        code_signing: Observed::Absent,
        tags: Observed::Absent,
    });
    (policy, evidence)
}

fn verdict((policy, evidence): &(Policy, Evidence), subject: &DecisionSubject) -> Verdict {
    evaluate(policy, evidence, now())[subject].verdict
}

fn of_version(n: u32) -> DecisionSubject {
    DecisionSubject::FunctionVersion(format!("{NAME}:{n}"))
}

fn alias(name: &str, version: &str, weights: &[&str]) -> Alias {
    let weights = weights.iter().map(|version| AliasWeight { version: (*version).into(), permille: 1 }).collect();
    Alias { name: name.into(), version: version.into(), weights }
}

#[test]
fn rule_07_signed_code_does_not_excuse_an_unsigned_layer_nor_the_reverse() {
    assert_eq!(verdict(&fleet(&signed(), &signed(), &signed(), Observed::Absent), &of_version(1)), Verdict::Trusted);
    assert_eq!(verdict(&fleet(&signed(), &signed(), &unsigned(), Observed::Absent), &of_version(1)), Verdict::Refused);
    assert_eq!(verdict(&fleet(&unsigned(), &signed(), &signed(), Observed::Absent), &of_version(1)), Verdict::Refused);
    assert_eq!(verdict(&fleet(&signed(), &signed(), &unsigned(), Observed::Absent), &of_version(2)), Verdict::Trusted);
}

#[test]
fn rule_07_a_layer_that_is_not_in_the_evidence_is_not_passed_over() {
    let mut fleet = fleet(&signed(), &signed(), &signed(), Observed::Absent);
    fleet.1.artifacts.remove(&subject(LAYER));
    assert_eq!(verdict(&fleet, &of_version(1)), Verdict::Undecided);
}

#[test]
fn rule_07_a_layer_that_no_statement_is_about_refuses_the_version() {
    let (_, evidence) = fleet(&signed(), &signed(), &signed(), Observed::Absent);
    let functions_only = policy(&about("functions", "function", "strict", &format!("{{any: [{OURS}]}}"), LOGGED));
    assert_eq!(verdict(&(functions_only, evidence), &of_version(1)), Verdict::Refused);
}

#[test]
fn rule_07_a_weighted_version_of_an_alias_counts_however_small_its_weight() {
    let aliases = Observed::Present(vec![alias("live", "1", &["2"]), alias("one", "1", &[]), alias("gone", "1", &["9"])]);
    let fleet = fleet(&signed(), &unsigned(), &signed(), aliases);
    let of = |name: &str| DecisionSubject::Alias(format!("{NAME}:{name}"));
    assert_eq!(verdict(&fleet, &of("live")), Verdict::Refused);
    assert_eq!(verdict(&fleet, &of("one")), Verdict::Trusted);
    assert_eq!(verdict(&fleet, &of("gone")), Verdict::Undecided);
}

#[test]
fn rule_07_aliases_that_are_not_known_are_undecided() {
    let fleet = fleet(&signed(), &signed(), &signed(), Observed::Unknown(gap(GapReason::Throttled)));
    let decisions = evaluate(&fleet.0, &fleet.1, now());
    let decision = &decisions[&DecisionSubject::Alias(format!("{NAME}:*"))];
    expect(decision, Verdict::Undecided, ReasonCode::PartNotTrusted);
}

#[test]
fn rule_07_an_image_that_could_not_be_resolved_is_undecided() {
    let mut fleet = fleet(&signed(), &signed(), &signed(), Observed::Absent);
    for resolved in [Observed::Absent, Observed::Unknown(gap(GapReason::Deleted)), Observed::Present("ghcr.io/a/b:v1".parse().unwrap())] {
        fleet.1.inventory.functions[0].versions[1].code =
            FunctionCode::Image { image_uri: Observed::Absent, resolved, location: Observed::Absent };
        assert_eq!(verdict(&fleet, &of_version(2)), Verdict::Undecided);
    }
}

#[test]
fn what_the_author_of_a_part_can_cause_is_no_more_forgivable_in_the_whole() {
    for (reason, author) in [(GapReason::Unconfirmed, true), (GapReason::Unreachable, false)] {
        let (policy, mut evidence) = fleet(&signed(), &signed(), &signed(), Observed::Absent);
        evidence.artifacts.get_mut(&subject(LAYER)).unwrap().signatures = Observed::Unknown(gap(reason));
        let decision = &evaluate(&policy, &evidence, now())[&of_version(1)];
        assert_eq!(decision.verdict, Verdict::Undecided, "{decision:#?}");
        assert_eq!(decision.reasons.iter().any(|reason| reason.author_can_cause), author, "{decision:#?}");
    }
}

#[test]
fn an_exempt_layer_does_not_make_the_version_trusted() {
    let any = format!("{{any: [{OURS}]}}");
    let (_, evidence) = fleet(&signed(), &signed(), &signed(), Observed::Absent);
    let exempting =
        policy(&format!("{}{}", about("layers", "layer", "skip", "", "reason: x"), about("functions", "function", "strict", &any, LOGGED)));
    assert_eq!(verdict(&(exempting, evidence), &of_version(1)), Verdict::Exempt);
}
