//! Function versions and aliases: each is as good as the worst of its parts (DESIGN §4 rule 7).

use std::collections::BTreeMap;

use crate::evidence::Evidence;
use crate::model::artifact::Subject;
use crate::model::function::{Function, FunctionCode, FunctionVersion};
use crate::model::gap::Gap;
use crate::model::image_ref::ImageRef;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::policy::decision::{Decision, DecisionSubject, Reason, ReasonCode, Support, Verdict};

/// Every decision so far.
pub(super) type Decisions = BTreeMap<DecisionSubject, Decision>;

/// Adds the decision on every function version, then on every alias.
pub(super) fn decide(evidence: &Evidence, decisions: &mut Decisions) {
    for function in &evidence.inventory.functions {
        for version in &function.versions {
            let decision = function_version(version, decisions);
            decisions.insert(decision.subject.clone(), decision);
        }
        for decision in aliases(function, decisions) {
            decisions.insert(decision.subject.clone(), decision);
        }
    }
}

fn function_version(version: &FunctionVersion, decisions: &Decisions) -> Decision {
    let mut whole = Whole::new(DecisionSubject::FunctionVersion(printable(&version.arn.to_string()).into_owned()));
    match &version.code {
        FunctionCode::Zip { .. } => whole.artifact("its code", &Subject::Function(version.arn.clone()), decisions),
        FunctionCode::Image { resolved, .. } => match resolved {
            Observed::Present(image) => whole.artifact("its image", &image_subject(image, decisions), decisions),
            Observed::Absent => whole.unknown("its image is not known: the API names no ResolvedImageUri".to_owned(), false),
            Observed::Unknown(gap) => whole.gap("its image is not known", gap),
        },
    }
    for layer in &version.layers {
        whole.artifact("its layer", &Subject::Layer(layer.arn.clone()), decisions);
    }
    whole.decision()
}

fn aliases(function: &Function, decisions: &Decisions) -> Vec<Decision> {
    let name = |alias: &str| DecisionSubject::Alias(printable(&function.arn.qualified(alias).to_string()).into_owned());
    match &function.aliases {
        Observed::Absent => Vec::new(),
        Observed::Unknown(gap) => {
            let mut whole = Whole::new(name("*"));
            whole.gap("its aliases are not known", gap);
            vec![whole.decision()]
        }
        Observed::Present(aliases) => aliases
            .iter()
            .map(|alias| {
                let mut whole = Whole::new(name(&alias.name));
                for version in alias.versions() {
                    let arn = printable(&function.arn.qualified(version).to_string()).into_owned();
                    whole.part("its version", &DecisionSubject::FunctionVersion(arn), decisions);
                }
                whole.decision()
            })
            .collect(),
    }
}

/// The subject of an image is the digest of ResolvedImageUri; a tag beside it says nothing.
fn image_subject(image: &ImageRef, decisions: &Decisions) -> Subject {
    let exact = Subject::Image(image.clone());
    let untagged = Subject::Image(ImageRef { tag: None, ..image.clone() });
    if decisions.contains_key(&DecisionSubject::Artifact(exact.clone())) || image.digest.is_none() { exact } else { untagged }
}

/// A subject that consists of parts.
struct Whole {
    subject: DecisionSubject,
    verdict: Verdict,
    reasons: Vec<(Verdict, Reason)>,
    does_not_bind: Vec<String>,
    rests_on: Vec<Support>,
}

impl Whole {
    fn new(subject: DecisionSubject) -> Self {
        Self { subject, verdict: Verdict::Trusted, reasons: Vec::new(), does_not_bind: Vec::new(), rests_on: Vec::new() }
    }

    fn artifact(&mut self, role: &str, subject: &Subject, decisions: &Decisions) {
        self.part(role, &DecisionSubject::Artifact(subject.clone()), decisions);
    }

    fn part(&mut self, role: &str, subject: &DecisionSubject, decisions: &Decisions) {
        let Some(decision) = decisions.get(subject) else {
            return self.unknown(format!("{role} {} is not in the evidence", subject.name()), false);
        };
        self.does_not_bind.extend(decision.does_not_bind.iter().cloned());
        self.rests_on.extend(decision.rests_on.iter().cloned());
        if decision.verdict == Verdict::Trusted {
            return;
        }
        let why = decision.reasons.first().map_or_else(String::new, |reason| format!(": {}", reason.text));
        let author = decision.verdict == Verdict::Undecided && decision.reasons.iter().any(|reason| reason.author_can_cause);
        let code = if decision.verdict == Verdict::Exempt { ReasonCode::Exempted } else { ReasonCode::PartNotTrusted };
        self.reason(decision.verdict, code, format!("{role} {} is {}{why}", subject.name(), decision.verdict.name()), author);
    }

    fn gap(&mut self, what: &str, gap: &Gap) {
        self.unknown(format!("{what}: {gap}"), gap.author_can_cause());
    }

    fn unknown(&mut self, text: String, author_can_cause: bool) {
        self.reason(Verdict::Undecided, ReasonCode::PartNotTrusted, text, author_can_cause);
    }

    fn reason(&mut self, verdict: Verdict, code: ReasonCode, text: String, author_can_cause: bool) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push((verdict, Reason { code, text, statement: None, author_can_cause }));
    }

    fn decision(mut self) -> Decision {
        // A part without a statement refuses the whole; `NoStatement` itself is said of artifacts only.
        if self.verdict == Verdict::NoStatement {
            self.verdict = Verdict::Refused;
        }
        self.reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        self.does_not_bind.sort();
        self.does_not_bind.dedup();
        self.rests_on.sort();
        self.rests_on.dedup();
        Decision {
            subject: self.subject,
            digest: None,
            verdict: self.verdict,
            statements: Vec::new(),
            reasons: self.reasons.into_iter().map(|(_, reason)| reason).collect(),
            does_not_bind: self.does_not_bind,
            rests_on: self.rests_on,
        }
    }
}
