//! The decision on one artifact.

use jiff::Timestamp;

use super::authority::{About, Found, Measure};
use super::candidate::{AWS_SIGNER, Candidate, Judged, undetermined_gap};
use super::cause::{Cause, Weight};
use super::quantity::{Tally, tally};
use crate::evidence::{Artifact, Evidence};
use crate::model::artifact::Subject;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Support, Verdict};
use crate::policy::level::{Action, Level};
use crate::policy::schema::{Policy, Requirement, Statement};
use crate::policy::scope::matching;
use crate::store::Integrity;
use crate::unpack::{Contents, EntryKind};

/// What came of one statement.
struct Judgement {
    verdict: Verdict,
    reasons: Vec<Reason>,
    logged: Vec<String>,
    does_not_bind: Vec<String>,
    rests_on: Vec<Support>,
}

/// Applies every matching statement that is not overridden; all must hold (DESIGN §4 rule 1).
pub(super) fn decide(policy: &Policy, evidence: &Evidence, artifact: &Artifact, now: Timestamp) -> Decision {
    let judge = Judge { policy, evidence, artifact, now };
    let mut verdict = None;
    let (mut statements, mut reasons, mut does_not_bind, mut rests_on) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for matched in matching(policy, &artifact.subject).into_iter().filter(|matched| matched.overridden_by.is_none()) {
        let statement = matched.statement;
        let judgement = judge.statement(statement);
        verdict = verdict.max(Some(judgement.verdict));
        reasons.extend(judgement.reasons.into_iter().map(|reason| (judgement.verdict, reason)));
        does_not_bind.extend(judgement.does_not_bind);
        rests_on.extend(judgement.rests_on);
        statements.push(StatementResult {
            name: statement.name.clone(),
            file: policy.file.clone(),
            line: statement.line,
            level: statement.level.name(),
            verdict: judgement.verdict,
            logged: judgement.logged,
        });
    }
    if verdict.is_none() {
        let text = "no statement of the policy is about it".to_owned();
        let reason = Reason { code: ReasonCode::NoStatement, text, statement: None, author_can_cause: false };
        reasons.push((Verdict::NoStatement, reason));
    }
    let mut verdict = verdict.unwrap_or(Verdict::NoStatement);
    if let Some(cause) = mismatch(artifact) {
        // Bytes that are not the claimed ones are tampering, also where nothing else would be asked.
        verdict = verdict.max(Verdict::Refused);
        reasons.retain(|(_, reason)| reason.code != ReasonCode::BytesNotClaimed);
        reasons.insert(0, (Verdict::Refused, cause.reason(None)));
    }
    reasons.sort_by_key(|(of, _)| std::cmp::Reverse(*of));
    does_not_bind.sort();
    does_not_bind.dedup();
    rests_on.sort();
    rests_on.dedup();
    Decision {
        subject: DecisionSubject::Artifact(artifact.subject.clone()),
        digest: artifact.digest(),
        verdict,
        statements,
        reasons: reasons.into_iter().map(|(_, reason)| reason).collect(),
        does_not_bind,
        rests_on,
    }
}

struct Judge<'a> {
    policy: &'a Policy,
    evidence: &'a Evidence,
    artifact: &'a Artifact,
    now: Timestamp,
}

impl Judge<'_> {
    fn statement(&self, statement: &Statement) -> Judgement {
        if statement.level == Level::Skip {
            return Judgement {
                verdict: Verdict::Exempt,
                reasons: vec![exempted(statement)],
                logged: Vec::new(),
                does_not_bind: Vec::new(),
                rests_on: Vec::new(),
            };
        }
        let mut asked = Asked::default();
        asked.causes.extend(mismatch(self.artifact));
        asked.causes.extend(unread(self.artifact));
        match &self.artifact.signatures {
            Observed::Unknown(gap) => asked.causes.push(undetermined_gap(gap, "")),
            Observed::Absent => self.asked_of(statement, &[], &mut asked),
            Observed::Present(signatures) => {
                let candidates: Vec<Candidate> = signatures.iter().map(Candidate::of).collect();
                self.asked_of(statement, &candidates, &mut asked);
                self.unbound(statement, &candidates, &mut asked);
                self.service_disagrees(statement, &candidates, &mut asked);
            }
        }
        if statement.signatures.is_none() && statement.attestations.is_empty() {
            asked.causes.push(Cause::refuse(ReasonCode::ThresholdNotMet, "the statement names no authority"));
        }
        asked.settle(statement)
    }

    /// The statement's signatures, and each of its attestations.
    fn asked_of(&self, statement: &Statement, candidates: &[Candidate], asked: &mut Asked) {
        let signatures = statement.signatures.iter().map(|requirement| (About::Signature, requirement));
        let attestations = statement.attestations.iter().map(|attestation| (About::Attestation(attestation), &attestation.signed_by));
        let mut all_met = true;
        for (about, requirement) in signatures.chain(attestations) {
            all_met &= self.requirement(statement, about, requirement, candidates, asked);
        }
        if statement.exempts().is_some() && !all_met {
            // Who signed is only logged, but a signature that is there and does not hold refuses, whoever is listed.
            let broken = candidates.iter().filter_map(|candidate| match &candidate.judged {
                Judged::Invalid(cause) | Judged::Undetermined(cause) => Some(cause.clone()),
                Judged::Valid(_) => None,
            });
            asked.causes.extend(broken.filter(|cause| !cause.authenticity));
        }
    }

    /// True where it is met.
    fn requirement(
        &self,
        statement: &Statement,
        about: About<'_>,
        requirement: &Requirement,
        candidates: &[Candidate],
        asked: &mut Asked,
    ) -> bool {
        let Requirement { quantity, authorities } = requirement;
        let measure = Measure {
            policy: self.policy,
            evidence: self.evidence,
            artifact: self.artifact,
            candidates,
            about,
            aspects: statement.aspects,
            now: self.now,
        };
        let found: Vec<Found> = authorities.iter().map(|authority| measure.authority(authority)).collect();
        let outcome = tally(*quantity, &found);
        match &outcome {
            Tally::Met(used) => {
                let used: Vec<&Candidate> = used.iter().filter_map(|index| candidates.get(*index)).collect();
                asked.does_not_bind.extend(used.iter().flat_map(|c| c.does_not_bind).map(|&phrase| phrase.to_owned()));
                asked.rests_on.extend(used.iter().filter_map(|candidate| candidate.support(self.artifact.digest())));
                asked.logged.extend(found.into_iter().filter(|f| !f.met.is_empty()).flat_map(|f| f.logged));
            }
            Tally::Undecided => {
                let unmet = found.into_iter().filter(|f| f.met.is_empty());
                let mut causes: Vec<Cause> = unmet.flat_map(|f| f.causes).filter(|cause| cause.weight == Weight::Undecided).collect();
                if causes.is_empty() {
                    causes.push(Cause::undecided(ReasonCode::ThresholdNotMet, "whether enough distinct signers signed is not known"));
                }
                asked.causes.append(&mut causes);
            }
            Tally::Refused { met, needed } => {
                asked.causes.extend(found.into_iter().filter(|f| f.met.is_empty()).flat_map(|f| f.causes));
                if *needed != 1 {
                    let text = format!("{met} of the {needed} authorities that are needed are met by distinct signers");
                    asked.causes.push(Cause::refuse(ReasonCode::ThresholdNotMet, text).about_authenticity());
                }
            }
        }
        matches!(outcome, Tally::Met(_))
    }

    /// SIG017: AWS Signer binds names and bodies only. `strict` refuses what a signed zip must not carry unbound.
    fn unbound(&self, statement: &Statement, candidates: &[Candidate], asked: &mut Asked) {
        let Observed::Present(contents) = &self.artifact.contents else { return };
        if !candidates.iter().any(|candidate| candidate.scheme == AWS_SIGNER && matches!(candidate.judged, Judged::Valid(_))) {
            return;
        }
        for (path, what) in unbound_entries(contents) {
            let text = format!("`{}` is {what}, which the signature does not bind", printable(path));
            asked.enforce_if(statement.level == Level::Strict, Cause::refuse(ReasonCode::UnboundMetadata, text));
        }
    }

    /// SIG018: what AWS states and what the signature says.
    fn service_disagrees(&self, statement: &Statement, candidates: &[Candidate], asked: &mut Asked) {
        let attested = &self.artifact.attested;
        // A local file comes without an answer of AWS's that could lack anything.
        let from_account = self.artifact.claimed.is_some() && self.evidence.inventory.source.kind != "local";
        // Signatures that stand beside an artifact are not what AWS speaks of.
        for candidate in candidates.iter().filter(|candidate| candidate.scheme == AWS_SIGNER) {
            let Judged::Valid(holding) = &candidate.judged else { continue };
            let stated = std::iter::once(&attested.signing).chain(attested.disagreeing_uses.iter().map(|(_, signing)| signing));
            let mut texts: Vec<String> = stated.filter_map(|signing| holding.disagreement(signing)).collect();
            let is_layer = matches!(self.artifact.subject, Subject::Layer(_));
            if is_layer && from_account && !attested.signing.claims_signed() {
                texts.push("the signature holds, but AWS's answer about the layer carries no signing ARNs".to_owned());
            }
            for text in texts {
                asked.enforce_if(statement.level == Level::Strict, Cause::refuse(ReasonCode::ServiceDisagrees, text));
            }
        }
    }
}

/// What was asked, as far as it does not hold.
#[derive(Default)]
struct Asked {
    causes: Vec<Cause>,
    logged: Vec<String>,
    does_not_bind: Vec<String>,
    rests_on: Vec<Support>,
}

impl Asked {
    fn enforce_if(&mut self, enforced: bool, cause: Cause) {
        if enforced { self.causes.push(cause) } else { self.logged.push(cause.text) }
    }

    fn settle(mut self, statement: &Statement) -> Judgement {
        if statement.aspects.authenticity != Action::Enforce {
            let (logged, enforced): (Vec<Cause>, Vec<Cause>) = self.causes.into_iter().partition(|cause| cause.authenticity);
            self.causes = enforced;
            self.logged.extend(logged.into_iter().map(|cause| cause.text));
        }
        self.causes.sort_by_key(|cause| std::cmp::Reverse(cause.weight));
        let mut unique: Vec<Cause> = Vec::new();
        for cause in self.causes {
            if !unique.contains(&cause) {
                unique.push(cause);
            }
        }
        let verdict = match (unique.first().map(|cause| cause.weight), statement.exempts()) {
            (Some(Weight::Refused), _) => Verdict::Refused,
            (Some(Weight::Undecided), _) => Verdict::Undecided,
            (None, Some(_)) => Verdict::Exempt,
            (None, None) => Verdict::Trusted,
        };
        let reasons = match verdict {
            Verdict::Exempt => vec![exempted(statement)],
            Verdict::Trusted | Verdict::Undecided | Verdict::Refused | Verdict::NoStatement => {
                unique.into_iter().map(|cause| cause.reason(Some(&statement.name))).collect()
            }
        };
        self.logged.sort();
        self.logged.dedup();
        Judgement { verdict, reasons, logged: self.logged, does_not_bind: self.does_not_bind, rests_on: self.rests_on }
    }
}

fn exempted(statement: &Statement) -> Reason {
    let reason = statement.exempts().unwrap_or("");
    Reason {
        code: ReasonCode::Exempted,
        text: format!("exempted by level {}: {}", statement.level.name(), printable(reason)),
        statement: Some(statement.name.clone()),
        author_can_cause: false,
    }
}

fn mismatch(artifact: &Artifact) -> Option<Cause> {
    match artifact.integrity {
        Integrity::Mismatch { expected, presented, expected_size, presented_size } => {
            let same_digest = Integrity::of(presented, presented_size, Some(expected), None) == Integrity::Matches;
            let text = match expected_size {
                Some(expected) if same_digest => format!("the size is {presented_size}, and {expected} is claimed"),
                Some(_) | None => format!("the bytes are {presented}, and {expected} is claimed"),
            };
            Some(Cause::refuse(ReasonCode::BytesNotClaimed, text))
        }
        Integrity::Matches | Integrity::NotClaimed | Integrity::NoBytes => None,
    }
}

/// Bytes or contents that were not read in full. What the author can cause refuses (DESIGN §4 rule 5).
fn unread(artifact: &Artifact) -> Option<Cause> {
    let not_had = || Cause::undecided(ReasonCode::NoBytes, "the bytes could not be had");
    match &artifact.blob {
        Observed::Unknown(gap) => return Some(Cause { code: ReasonCode::NoBytes, authenticity: false, ..undetermined_gap(gap, "") }),
        Observed::Absent => return Some(not_had()),
        Observed::Present(_) if artifact.integrity == Integrity::NoBytes => return Some(not_had()),
        Observed::Present(_) => {}
    }
    match &artifact.contents {
        Observed::Unknown(gap) => Some(Cause { authenticity: false, ..undetermined_gap(gap, "") }),
        Observed::Absent => Some(Cause::undecided(ReasonCode::NoBytes, "the contents could not be listed")),
        Observed::Present(contents) if !contents.complete => {
            let why = contents.anomalies.iter().find(|anomaly| anomaly.kind.is_ambiguous());
            let why = why.map_or_else(String::new, |anomaly| format!(": {} {}", anomaly.kind.id(), printable(&anomaly.detail)));
            Some(Cause::refuse(ReasonCode::AmbiguousArchive, format!("the contents could not be read in full{why}")))
        }
        Observed::Present(_) => None,
    }
}

/// At most this many entries are named; one is enough to refuse.
const MAX_NAMED: usize = 5;

fn unbound_entries(contents: &Contents) -> impl Iterator<Item = (&str, &'static str)> {
    let what = |entry: &crate::unpack::FileEntry| match &entry.kind {
        EntryKind::Symlink { .. } => Some("a symbolic link"),
        EntryKind::Hardlink { .. } => Some("a hard link"),
        EntryKind::Special => Some("a special file"),
        EntryKind::File | EntryKind::Directory => entry.mode.is_some_and(|mode| mode & 0o6000 != 0).then_some("setuid or setgid"),
    };
    contents.tree.entries.iter().filter_map(move |entry| Some((entry.path.as_str(), what(entry)?))).take(MAX_NAMED)
}
