//! Rules 6, 8 and 9 where somebody was asked: what an answer about revocation does to a decision, and when AWS's own word counts.

use std::collections::BTreeMap;

use layerproof::evidence::{Artifact, Evidence};
use layerproof::model::artifact::{RevokedJob, ServiceSigning, SigningJob};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::policy::{Decision, DecisionSubject, Policy, ReasonCode, Verdict, evaluate};
use layerproof::signature::revocation::{AnswerSource, RevocationAnswer};
use layerproof::signature::{Outcome, RevocationQuestion};

use super::evidence::*;
use crate::forge::{SignerOptions, TestCa, sign_zip};

fn enforced() -> Policy {
    policy(&about("ours", "layer", "strict", &any_of(OURS), ""))
}

/// The questions that a signed artifact leaves open.
fn questions(artifact: &Artifact) -> Vec<RevocationQuestion> {
    let signatures = artifact.signatures.present().unwrap();
    let Outcome::Valid(verified) = &signatures[0].outcome else { panic!("{signatures:#?}") };
    verified.basis().revocation.clone()
}

/// The decision where each question of the artifact is answered so.
fn answered(policy: &Policy, artifact: Artifact, answer: &RevocationAnswer) -> Decision {
    let revocations = questions(&artifact).into_iter().map(|question| (question, answer.clone())).collect();
    let subject = DecisionSubject::Artifact(artifact.subject.clone());
    let evidence = Evidence { revocations, ..evidence(vec![artifact]) };
    evaluate(policy, &evidence, now()).remove(&subject).unwrap()
}

fn our_layer(policy: &Policy) -> Artifact {
    artifact(LAYER, &signed(), policy, now())
}

fn live() -> RevocationAnswer {
    RevocationAnswer::NotRevoked { source: AnswerSource::Live }
}

fn recorded() -> AnswerSource {
    AnswerSource::Snapshot { recorded_at: "2026-09-29T00:00:00Z".parse().unwrap() }
}

fn revoked(source: AnswerSource) -> RevocationAnswer {
    RevocationAnswer::Revoked { what: vec!["arn:the-job\u{1b}[2J".into()], source }
}

#[test]
fn rule_06_what_was_revoked_is_refused_where_it_is_enforced_and_logged_where_not() {
    let policy = enforced();
    for source in [AnswerSource::Live, recorded()] {
        let decision = answered(&policy, our_layer(&policy), &revoked(source));
        expect(&decision, Verdict::Refused, ReasonCode::Revoked);
        assert!(!decision.reasons[0].text.contains('\u{1b}'), "{}", decision.reasons[0].text);
    }
    let logging = strict();
    let decision = answered(&logging, our_layer(&logging), &revoked(AnswerSource::Live));
    assert_eq!(decision.verdict, Verdict::Trusted);
    assert!(decision.statements[0].logged.iter().any(|line| line.contains("was revoked")), "{decision:#?}");
    let skipping = self::policy(&about("ours", "layer", "strict", &any_of(OURS), "aspects: {revocation: skip}"));
    let decision = answered(&skipping, our_layer(&skipping), &revoked(AnswerSource::Live));
    assert!(decision.verdict == Verdict::Trusted && decision.statements[0].logged.is_empty());
}

#[test]
fn rule_06_a_revoked_signature_does_not_count_as_one_that_may_hold() {
    // Were it merely unproven, the whole would be undecided beside an authority that nobody can look at.
    let beside = policy(&about("ours", "layer", "strict", &any_of(&format!("{SIGSTORE}, {OURS}")), ""));
    let decision = answered(&beside, our_layer(&beside), &revoked(AnswerSource::Live));
    expect(&decision, Verdict::Refused, ReasonCode::Revoked);
}

#[test]
fn rule_06_not_learned_is_undecided_and_an_answer_to_another_question_is_none() {
    let policy = enforced();
    let denied = RevocationAnswer::Unknown(gap(GapReason::Denied { action: "signer:GetRevocationStatus".into() }));
    let decision = answered(&policy, our_layer(&policy), &denied);
    expect(&decision, Verdict::Undecided, ReasonCode::RevocationUnknown);
    assert!(decision.reasons[0].text.contains("signer:GetRevocationStatus"));

    let ours = our_layer(&policy);
    let mut other = questions(&ours).remove(0);
    let RevocationQuestion::AwsSigner { job_arn, .. } = &mut other else { panic!("{other:?}") };
    job_arn.push('x');
    let subject = DecisionSubject::Artifact(ours.subject.clone());
    let evidence = Evidence { revocations: BTreeMap::from([(other, live())]), ..evidence(vec![ours]) };
    expect(&evaluate(&policy, &evidence, now())[&subject], Verdict::Undecided, ReasonCode::RevocationUnknown);
}

#[test]
fn rule_06_not_revoked_is_trusted_and_rule_12_from_a_recording_says_so_with_its_age() {
    let policy = enforced();
    let decision = answered(&policy, our_layer(&policy), &live());
    assert!(decision.verdict == Verdict::Trusted && decision.statements[0].logged.is_empty(), "{decision:#?}");
    let decision = answered(&policy, our_layer(&policy), &RevocationAnswer::NotRevoked { source: recorded() });
    assert_eq!(decision.verdict, Verdict::Trusted);
    let logged = decision.statements[0].logged.join("\n");
    assert!(logged.contains("from a recording only") && logged.contains("48 hours before"), "{logged}");
}

// Rule 8

const SERVICE: &str = "{any: [{aws_service: {profiles: [\"arn:aws:signer:{region}:111122223333:/signing-profiles/release\"]}}]}";

fn service() -> Policy {
    policy(&about("ours", "layer", "strict", SERVICE, ""))
}

/// Live evidence in which all of rule 8 holds.
struct World {
    artifact: Artifact,
    job: Observed<SigningJob>,
    answer: RevocationAnswer,
    live: bool,
}

fn world() -> World {
    let job = SigningJob {
        status: "Succeeded".into(),
        profile_name: Some("release".into()),
        profile_version: Some("AbCdEfGhIj".into()),
        owner: Some("111122223333".into()),
        expires_at: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        revoked: None,
    };
    World { artifact: our_layer(&service()), job: Observed::Present(job), answer: live(), live: true }
}

impl World {
    fn decide(self) -> Decision {
        self.under(&service())
    }

    fn under(self, policy: &Policy) -> Decision {
        let asked = match self.artifact.signatures.present() {
            Some(found) if matches!(found[0].outcome, Outcome::Valid(_)) => questions(&self.artifact),
            Some(_) | None => Vec::new(),
        };
        let revocations = asked.into_iter().map(|question| (question, self.answer.clone())).collect();
        let job = self.artifact.attested.signing.job_arn.clone().unwrap_or_default();
        let subject = DecisionSubject::Artifact(self.artifact.subject.clone());
        let evidence =
            Evidence { live: self.live, revocations, signing_jobs: BTreeMap::from([(job, self.job)]), ..evidence(vec![self.artifact]) };
        evaluate(policy, &evidence, now()).remove(&subject).unwrap()
    }

    fn with_job(mut self, change: impl Fn(&mut SigningJob)) -> Self {
        if let Observed::Present(job) = &mut self.job {
            change(job);
        }
        self
    }
}

#[test]
fn rule_08_awss_word_counts_where_all_of_it_holds() {
    let decision = world().decide();
    assert_eq!(decision.verdict, Verdict::Trusted, "{decision:#?}");
}

#[test]
fn rule_08_a_job_that_was_revoked_expired_or_of_another_profile_refuses() {
    let revoked = |job: &mut SigningJob| job.revoked = Some(RevokedJob { at: None, reason: "stolen".into() });
    expect(&world().with_job(revoked).decide(), Verdict::Refused, ReasonCode::Revoked);
    expect(&world().with_job(|job| job.expires_at = Some(now())).decide(), Verdict::Refused, ReasonCode::Expired);
    expect(&world().with_job(|job| job.expires_at = None).decide(), Verdict::Refused, ReasonCode::Expired);
    for change in [
        (|job| job.status = "Failed".into()) as fn(&mut SigningJob),
        |job| job.profile_name = Some("other".into()),
        |job| job.profile_name = None,
        |job| job.profile_version = Some("ZZZZZZZZZZ".into()),
        |job| job.profile_version = None,
        |job| job.owner = Some("999988887777".into()),
    ] {
        expect(&world().with_job(change).decide(), Verdict::Refused, ReasonCode::ServiceDisagrees);
    }
}

#[test]
fn rule_08_a_job_or_a_revocation_that_was_not_learned_is_undecided() {
    let denied = || gap(GapReason::Denied { action: "signer:DescribeSigningJob".into() });
    for job in [Observed::Unknown(denied()), Observed::Absent] {
        expect(&World { job, ..world() }.decide(), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    }
    let mut another = world();
    another.artifact.attested.signing.job_arn = Some("arn:aws:signer:eu-west-1:111122223333:/signing-jobs/another".into());
    assert_eq!(another.decide().verdict, Verdict::Refused, "the signature names another job than AWS does");
    let unknown = RevocationAnswer::Unknown(denied());
    expect(&World { answer: unknown, ..world() }.decide(), Verdict::Undecided, ReasonCode::RevocationUnknown);
    // Without a signature in the zip nobody knows which certificates to ask about.
    let mut bare = world();
    let signing = bare.artifact.attested.signing.clone();
    bare.artifact = artifact(LAYER, &unsigned(), &service(), now());
    bare.artifact.attested.signing = signing;
    expect(&bare.decide(), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
}

#[test]
fn rule_08_the_certificates_of_another_job_or_profile_are_not_those_that_aws_speaks_of() {
    // At a level that merely logs that the two disagree.
    let lenient = policy(&about("ours", "layer", "permissive", SERVICE, ""));
    assert_eq!(world().under(&lenient).verdict, Verdict::Trusted);
    let mut job = world();
    job.artifact.attested.signing.job_arn = Some("arn:aws:signer:eu-west-1:111122223333:/signing-jobs/another".into());
    let mut version = world().with_job(|job| job.profile_version = Some("ZZZZZZZZZZ".into()));
    let stated = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/ZZZZZZZZZZ";
    version.artifact.attested.signing.profile_version_arn = Some(stated.into());
    for disagrees in [job, version] {
        expect(&disagrees.under(&lenient), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
    }
}

#[test]
fn rule_08_revoked_refuses_and_what_is_recorded_never_counts() {
    expect(&World { answer: revoked(AnswerSource::Live), ..world() }.decide(), Verdict::Refused, ReasonCode::Revoked);
    let from_recording = RevocationAnswer::NotRevoked { source: recorded() };
    expect(&World { answer: from_recording, ..world() }.decide(), Verdict::Undecided, ReasonCode::RevocationUnknown);
    // A snapshot, an endpoint in place of AWS's own, another time: none of them is live.
    expect(&World { live: false, ..world() }.decide(), Verdict::Undecided, ReasonCode::ServiceStatementNotUsable);
}

#[test]
fn rule_08_levels_do_not_soften_it() {
    let lenient = policy(&about("ours", "layer", "permissive", SERVICE, "aspects: {expiry: log, revocation: skip}"));
    for (world, code) in [
        (world().with_job(|job| job.expires_at = Some(now())), ReasonCode::Expired),
        (World { answer: revoked(AnswerSource::Live), ..world() }, ReasonCode::Revoked),
    ] {
        let revocations = questions(&world.artifact).into_iter().map(|question| (question, world.answer.clone())).collect();
        let job = world.artifact.attested.signing.job_arn.clone().unwrap();
        let subject = DecisionSubject::Artifact(world.artifact.subject.clone());
        let evidence =
            Evidence { live: true, revocations, signing_jobs: BTreeMap::from([(job, world.job)]), ..evidence(vec![world.artifact]) };
        expect(&evaluate(&lenient, &evidence, now())[&subject], Verdict::Refused, code);
    }
}

#[test]
fn rule_08_a_rejected_signature_in_the_zip_outweighs_awss_word() {
    let mut foreign = world();
    let bytes = sign_zip(&entries(), &SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() });
    foreign.artifact = artifact(LAYER, &bytes, &service(), now());
    assert_eq!(foreign.decide().verdict, Verdict::Refused);
}

#[test]
fn rule_08_awss_word_and_the_signature_that_it_is_about_are_one_signer() {
    let both =
        format!("{{all: [{OURS}, {{aws_service: {{profiles: [\"arn:aws:signer:{{region}}:111122223333:/signing-profiles/release\"]}}}}]}}");
    let policy = policy(&about("ours", "layer", "strict", &both, ""));
    let world = world();
    let revocations = questions(&world.artifact).into_iter().map(|question| (question, live())).collect();
    let job = world.artifact.attested.signing.job_arn.clone().unwrap();
    let subject = DecisionSubject::Artifact(world.artifact.subject.clone());
    let evidence = Evidence { live: true, revocations, signing_jobs: BTreeMap::from([(job, world.job)]), ..evidence(vec![world.artifact]) };
    expect(&evaluate(&policy, &evidence, now())[&subject], Verdict::Refused, ReasonCode::ThresholdNotMet);
}

// Rule 9

#[test]
fn rule_09_the_root_of_another_partition_is_not_known_and_that_is_said() {
    for partition in ["aws-us-gov", "aws-cn"] {
        let of = |arn: &str| arn.replace("arn:aws:", &format!("arn:{partition}:"));
        let base = SignerOptions::default();
        let options = SignerOptions { ca: TestCa::foreign(), profile_version: of(&base.profile_version), job: of(&base.job), ..base };
        let decision = layer(&strict(), &sign_zip(&entries(), &options));
        expect(&decision, Verdict::Refused, ReasonCode::UntrustedRoot);
        let text = decision.reasons.iter().map(|reason| reason.text.as_str()).collect::<String>();
        assert!(
            text.contains(&format!("partition {partition}")) && text.contains("not known to layerproof") && text.contains("pin it"),
            "{text}"
        );
        // A root that was pinned for the account is known.
        let pinned = SignerOptions { ca: TestCa::ours(), ..options };
        let text = format!("{:?}", layer(&strict(), &sign_zip(&entries(), &pinned)).reasons);
        assert!(!text.contains("not known to layerproof"), "{text}");
    }
    let foreign = SignerOptions { ca: TestCa::foreign(), ..SignerOptions::default() };
    let text = format!("{:?}", layer(&strict(), &sign_zip(&entries(), &foreign)).reasons);
    assert!(!text.contains("not known to layerproof"), "of the partition aws the root is known: {text}");
}

#[test]
fn what_aws_states_without_a_signature_is_still_no_signature() {
    let mut bare = artifact(LAYER, &unsigned(), &enforced(), now());
    let options = SignerOptions::default();
    bare.attested.signing = ServiceSigning { profile_version_arn: Some(options.profile_version), job_arn: Some(options.job) };
    expect(&decide(&enforced(), bare), Verdict::Refused, ReasonCode::Unsigned);
}
