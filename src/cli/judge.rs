//! What `verify` and `scan` share: load what judges, gather, judge, remember, report.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{PolicyArgs, ReportArgs};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::{self, Output};
use super::progress::Bar;
use crate::check::{self, runtimes::RuntimeTable};
use crate::clients::{Clients, Login};
use crate::evidence::Evidence;
use crate::fetch::Fetching;
use crate::fetch::signatures::SignatureSources;
use crate::finding::Finding;
use crate::model::inventory::Inventory;
use crate::model::printable::printable;
use crate::model::template::Template;
use crate::policy::decision::ReasonCode;
use crate::policy::waiver::{self, Waivers};
use crate::policy::{Decision, DecisionSubject, Policy};
use crate::report::exit::{FailOn, Gate};
use crate::report::{ExitInfo, PolicyInfo, RenderOptions, Report, exit, summary};
use crate::revocation::{Asking, Recording};
use crate::scan::{self, Gather, Gathered, Questions};
use crate::signature::revocation::{AnswerSource, RevocationAnswer};
use crate::store::Store;
use crate::store::history::{Delta, FindingRow, History, ScanRecord, SubjectRow, delta};
use crate::unpack::Limits;

/// Everything that judges, read before any artifact is.
pub struct Prepared {
    policy: Policy,
    waivers: Option<Waivers>,
    runtimes: RuntimeTable,
    outputs: Vec<Output>,
    fail_on: FailOn,
    only: BTreeSet<&'static str>,
    exit_zero: bool,
    anchor: Option<String>,
    revocations: Option<Recording>,
    record_revocations: Option<PathBuf>,
}

/// One run.
pub struct Job {
    /// `verify` or `scan`.
    pub command: &'static str,
    /// What is deployed, and the files that were named.
    pub inventory: Inventory,
    /// True where the selection matched nothing.
    pub nothing_selected: bool,
    /// Parts of the selection that matched nothing, as typed.
    pub unmatched: Vec<String>,
    /// True where a whole account is judged, so that a statement that matches nothing is worth saying.
    pub whole_fleet: bool,
    /// Where signatures are looked for, beside the place of the artifact itself.
    pub signatures: SignatureSources,
    /// The network, where it may be used.
    pub clients: Clients,
    /// Whose credentials ask AWS Signer where no account is looked at.
    pub login: Login,
    /// Why nobody is asked about revocation though there may be a network.
    pub nobody_asked: Option<&'static str>,
    /// `--refetch`: download what the store holds as well.
    pub refetch: bool,
    /// `--allow-incomplete`; always false for `verify`.
    pub allow_incomplete: bool,
    /// Scope that the run is remembered under; `None` where it is not.
    pub history_scope: Option<String>,
}

/// Reads and checks everything that judges. Any mistake is exit code 2, before any artifact is touched.
pub fn prepare(policy: &PolicyArgs, report: &ReportArgs, global: &Global) -> Result<Prepared, Failure> {
    let mut outputs: Vec<Output> = report
        .output
        .iter()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("-o {}: {error}", printable(text)))))
        .collect::<Result<_, _>>()?;
    if outputs.is_empty() {
        outputs.push(Output::text());
    }
    output::validate(&outputs)?;
    let fail_on: FailOn =
        report.fail_on.parse().map_err(|error| Failure::usage(format!("--fail-on {}: {error}", printable(&report.fail_on))))?;
    let only = report
        .only
        .iter()
        .map(|name| {
            let rule = check::rule(name).ok_or_else(|| {
                Failure::usage(format!("--only: there is no rule `{}`", printable(name))).hint("`layerproof explain` lists all rules")
            })?;
            Ok(rule.id)
        })
        .collect::<Result<_, Failure>>()?;
    let file = policy.policy.as_ref().ok_or_else(|| {
        Failure::usage("no trust policy: without one there is no verdict")
            .hint("pass --policy FILE, or set LAYERPROOF_POLICY")
            .hint("`layerproof policy init > policy.yaml` writes one to start from")
    })?;
    let waivers =
        policy.waivers.as_ref().map(|file| Waivers::load(file).map_err(|error| Failure::usage(error.render(global.color)))).transpose()?;
    let runtimes = match &policy.runtime_table {
        None => RuntimeTable::shipped(),
        Some(file) => {
            let text =
                std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("--runtime-table {}: {error}", file.display())))?;
            RuntimeTable::parse(&text).map_err(|error| Failure::usage(format!("--runtime-table {}: {error}", file.display())))?
        }
    };
    if policy.record_revocations.is_some() && (global.offline || global.now_overridden) {
        return Err(Failure::usage("--record-revocations keeps what is answered in this run, and with --offline or --now nobody is asked")
            .hint("run it without them"));
    }
    let revocations = policy
        .revocations
        .as_ref()
        .map(|file| {
            Recording::read(file)
                .map_err(|error| Failure::usage(format!("--revocations {error}")).hint("--record-revocations FILE writes one"))
        })
        .transpose()?;
    Ok(Prepared {
        revocations,
        record_revocations: policy.record_revocations.clone(),
        policy: load_policy(file, global)?,
        waivers,
        runtimes,
        outputs,
        fail_on,
        only,
        exit_zero: report.exit_zero,
        anchor: report.sarif_anchor.clone(),
    })
}

/// Reads a policy; its problems are exit code 2, all at once.
pub fn load_policy(file: &Path, global: &Global) -> Result<Policy, Failure> {
    Policy::load(file).map_err(|error| Failure::usage(error.render(global.color)))
}

impl Prepared {
    /// What has to be asked of others than the artifacts.
    fn questions(&self) -> Questions {
        let all = self.record_revocations.is_some();
        Questions {
            signers: all || self.policy.asks_revocation(),
            timestamps: all || self.policy.asks_timestamps(),
            jobs: self.policy.asks_service(),
        }
    }

    /// True where somebody has to be asked about revocation.
    pub fn asks_revocation(&self) -> bool {
        let Questions { signers, timestamps, jobs: _ } = self.questions();
        signers || timestamps
    }
}

/// Gathers, judges, remembers and reports.
pub fn run(job: Job, prepared: Prepared, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let store = Store::open(&global.cache_dir)?;
    let mut notes = notes_before(&job.inventory, &prepared, &job, global);
    let anchors = prepared.policy.anchors();
    for anchor in &anchors.anchors {
        notes.push(format!("trust anchor `{}`: {}", anchor.name, anchor.provenance));
    }
    let Gathered { mut evidence, downloaded, from_store, notes: looked } = {
        let bar = Bar::new(global);
        let limits = Limits::default();
        let gather = Gather {
            fetching: Fetching { store: &store, clients: &job.clients, refetch: job.refetch },
            signatures: &job.signatures,
            anchors,
            limits: &limits,
            now: global.now,
            progress: &bar,
        };
        scan::gather(job.inventory, &gather).map_err(|error| Failure::internal(error.to_string()))?
    };

    let questions = prepared.questions();
    let asking = Asking {
        clients: &job.clients,
        nobody: job.nobody_asked,
        login: &job.login,
        recorded: prepared.revocations.as_ref(),
        now: global.now,
    };
    let answered = scan::ask_revocation(&mut evidence, questions, asking);
    notes.extend(revocation_notes(&evidence, &prepared, global));
    if let Some(file) = &prepared.record_revocations {
        answered.write(file).map_err(|error| Failure::internal(format!("--record-revocations {error}")))?;
        notes.push(format!(
            "what was answered about revocation is kept in {}: {} answers",
            printable(&file.display().to_string()),
            answered.len()
        ));
    }

    notes.extend(looked.iter().map(|note| printable(note).into_owned()));
    for moved in store.quarantined() {
        let path = moved.moved_to.display().to_string();
        notes.push(format!("a stored blob was damaged ({}) and moved to {}", moved.damage, printable(&path)));
    }
    let judged = scan::judge(&prepared.policy, &evidence, &prepared.runtimes, global.now, job.whole_fleet);
    notes.extend(how_to_learn_revocation(&evidence, judged.decisions.values()));
    let mut findings = judged.findings;
    if let Some(waivers) = &prepared.waivers {
        notes.extend(waiver::apply(waivers, &mut findings, global.now, exit::is_tampering));
    }
    let mut history = match &job.history_scope {
        Some(scope) => Some(Remembered::compare(&store, scope, &evidence, &findings, &judged.decisions, &prepared.policy, global)?),
        None => None,
    };
    // Only what is shown is limited: the scan is kept and compared whole, or the next one would call the rest new. Tampering is said
    // and counts whatever is asked for, as with --fail-on and waivers (DESIGN §4 rule 11).
    if !prepared.only.is_empty() {
        findings.retain(|finding| prepared.only.contains(finding.rule) || exit::is_tampering(finding.rule));
        if let Some(history) = &mut history {
            history.show_only(&prepared.only);
        }
        notes.push(format!("--only: findings of other rules than {} are not shown, but for tampering", join(&prepared.only)));
    }
    let decisions: Vec<_> = judged.decisions.values().cloned().collect();
    let gaps = evidence.gaps();

    let gate = Gate {
        fail_on: prepared.fail_on,
        allow_incomplete: job.allow_incomplete,
        exit_zero: prepared.exit_zero,
        verify: job.command == "verify",
        nothing_selected: job.nothing_selected,
        unmatched: job.unmatched,
        references: evidence.inventory.templates.iter().filter(|template| !template.artifacts).map(Template::resources).sum(),
        new: history.as_ref().map(|h| h.delta.gate_new(&h.record)),
    };
    let exit = exit::decide(&decisions, &findings, &gaps, &gate);
    if let Some(history) = &mut history {
        history.keep(exit.code)?;
    }

    let summary = summary::summarise(&evidence, &judged.decisions, &findings, summary::Fetches { downloaded, from_store });
    let report = Report {
        command: job.command,
        now: global.now,
        now_overridden: global.now_overridden,
        source: evidence.inventory.source.clone(),
        policy: Some(PolicyInfo { file: prepared.policy.file.clone(), sha256: prepared.policy.sha256.clone() }),
        artifacts: evidence.artifacts.values().cloned().collect(),
        decisions,
        findings,
        gaps,
        coverage: evidence.inventory.coverage.clone(),
        delta: history.map(|h| h.delta),
        notes,
        ages: ages(&evidence.inventory, &prepared, global),
        summary,
        exit,
    };
    let options = RenderOptions { color: global.color, width: global.width, verbosity: global.verbosity, anchor: prepared.anchor };
    output::write_all(&prepared.outputs, &report, &options, out)?;
    if let Some(page) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|page| !page.is_empty())
        && prepared.outputs.iter().any(|output| output.format() == "github")
    {
        output::append_step_summary(Path::new(&page), &report)?;
    }
    Ok(exit_of(&report.exit))
}

/// Why nobody is asked about revocation.
pub fn nobody_asked(is_snapshot: bool, global: &Global) -> Option<&'static str> {
    match (global.now_overridden, is_snapshot) {
        (true, _) => Some("another time than now is for replays, and nobody is asked with --now"),
        (false, true) => Some("a recorded account is judged without asking anybody"),
        (false, false) => None,
    }
}

/// What answers from a recording there are: nobody vouches for AWS's word in one.
fn revocation_notes(evidence: &Evidence, prepared: &Prepared, global: &Global) -> Option<String> {
    let recording = prepared.revocations.as_ref()?;
    let from_it = evidence.revocations.values().filter(|answer| match answer {
        RevocationAnswer::NotRevoked { source } | RevocationAnswer::Revoked { source, .. } => {
            matches!(source, AnswerSource::Snapshot { .. })
        }
        RevocationAnswer::Unknown(_) => false,
    });
    Some(format!(
        "--revocations: recorded at {}, {} hours before, as the file says; {} answers of AWS Signer come from it, which nobody vouches for",
        recording.recorded_at(),
        global.now.duration_since(recording.recorded_at()).as_hours(),
        from_it.count()
    ))
}

/// What to do where revocation is enforced and was not learned: the reason of the decision says why, and this says how to go on. Each step
/// once, and none where every statement merely logs it.
fn how_to_learn_revocation<'a>(evidence: &Evidence, mut decisions: impl Iterator<Item = &'a Decision>) -> Vec<String> {
    let is_open = |decision: &Decision| decision.reasons.iter().any(|reason| reason.code == ReasonCode::RevocationUnknown);
    if !decisions.any(is_open) {
        return Vec::new();
    }
    let steps: BTreeSet<&str> = evidence
        .revocations
        .values()
        .filter_map(|answer| match answer {
            RevocationAnswer::Unknown(gap) => Some(gap.next_step.as_str()),
            RevocationAnswer::NotRevoked { .. } | RevocationAnswer::Revoked { .. } => None,
        })
        .collect();
    steps.into_iter().map(|step| format!("to learn what was revoked: {}", printable(step))).collect()
}

/// What a reader must know before the first finding: whose word this is, and which dangerous switches are on.
fn notes_before(inventory: &Inventory, prepared: &Prepared, job: &Job, global: &Global) -> Vec<String> {
    let mut notes = Vec::new();
    if inventory.source.unauthenticated {
        notes.push("the snapshot is unauthenticated input: whoever can write it can write what it says".to_owned());
    }
    notes.extend(inventory.notes.iter().cloned());
    for name in &job.unmatched {
        notes.push(format!("nothing matched `{}`: it was not verified", printable(name)));
    }
    notes.extend(inventory.templates.iter().map(template_note));
    if global.now_overridden {
        notes.push(format!("--now: judged as of {}", global.now));
    }
    if job.allow_incomplete {
        notes.push("--allow-incomplete: missing evidence does not fail this run".to_owned());
    }
    if prepared.exit_zero {
        notes.push("--exit-zero: nothing that was found fails this run".to_owned());
    }
    notes
}

/// What was read of a template, and how much of what it names was looked at.
fn template_note(template: &Template) -> String {
    let file = printable(&template.file);
    let counts = format!("{} function(s) and {} layer(s) of {file}", template.functions.len(), template.layers.len());
    if template.artifacts {
        format!("{counts} were read; the template is judged as it is written, parameters by their defaults and conditions both ways")
    } else {
        format!("--references-only: the references of {counts} were judged; no artifact that it names was looked at")
    }
}

/// How old what was judged, and what it was judged by, is.
fn ages(inventory: &Inventory, prepared: &Prepared, global: &Global) -> Vec<String> {
    let mut ages = Vec::new();
    if inventory.source.unauthenticated {
        ages.push(inventory.source.recorded_at.map_or_else(
            || "the snapshot does not say when it was recorded".to_owned(),
            |at| format!("the snapshot says that it was recorded {} hours before", global.now.duration_since(at).as_hours()),
        ));
    }
    ages.push(prepared.runtimes.describe(global.now));
    ages
}

/// History of this scope: the comparison, and the record to keep.
struct Remembered {
    history: History,
    record: ScanRecord,
    delta: Delta,
    before: Option<ScanRecord>,
    unknown: BTreeSet<String>,
}

impl Remembered {
    fn compare(
        store: &Store,
        scope: &str,
        evidence: &Evidence,
        findings: &[Finding],
        decisions: &BTreeMap<DecisionSubject, Decision>,
        policy: &Policy,
        global: &Global,
    ) -> Result<Self, Failure> {
        let mut history = History::open(store)?;
        let before = history.latest(scope)?;
        let record = ScanRecord {
            scope: scope.to_owned(),
            started_at: global.started_at,
            judged_at: global.now,
            policy_sha256: policy.sha256.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            exit_code: 0,
            findings: findings.iter().map(|f| (f.fingerprint().0, finding_row(f))).collect(),
            subjects: decisions
                .values()
                .map(|d| {
                    let digest = d.digest.map(|d| d.to_string()).unwrap_or_default();
                    (row_name(&d.subject), SubjectRow { verdict: d.verdict.name().to_owned(), digest })
                })
                .collect(),
        };
        let unknown = unknown_subjects(evidence);
        let delta = delta(before.as_ref().map(|(id, record)| (*id, record)), &record, &unknown);
        Ok(Self { history, record, delta, before: before.map(|(_, record)| record), unknown })
    }

    /// Leaves out of what is told, not of what is kept, the findings of other rules.
    fn show_only(&mut self, rules: &BTreeSet<&'static str>) {
        let (delta, findings) = (&mut self.delta, &self.record.findings);
        for fingerprints in [&mut delta.new, &mut delta.standing] {
            fingerprints.retain(|print| findings.get(print).is_some_and(|row| row.tampering || rules.contains(row.rule.as_str())));
        }
        for rows in [&mut delta.resolved, &mut delta.newly_unknown, &mut delta.still_unknown] {
            rows.retain(|row| row.tampering || rules.contains(row.rule.as_str()));
        }
    }

    /// Keeps the record, with what this run could not look at taken over from the run before.
    fn keep(&mut self, exit_code: u8) -> Result<(), Failure> {
        let mut record = ScanRecord { exit_code, ..self.record.clone() };
        if let Some(before) = &self.before {
            record.carry_unknown(before, &self.unknown);
        }
        self.history.append(&record)?;
        Ok(())
    }
}

/// Artifacts under their own name, by which gaps name them too; function versions as a whole and aliases beside them.
fn row_name(subject: &DecisionSubject) -> String {
    match subject {
        DecisionSubject::Artifact(subject) => subject.to_string(),
        DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_) => format!("{} {}", subject.kind(), subject.name()),
    }
}

fn finding_row(finding: &Finding) -> FindingRow {
    FindingRow {
        rule: finding.rule.to_owned(),
        severity: finding.severity.name().to_owned(),
        status: finding.status.name().to_owned(),
        subject: finding.subject.clone(),
        message: finding.message.clone(),
        tampering: check::rule(finding.rule).is_some_and(|rule| rule.tampering),
    }
}

/// Subjects that could not be looked at in this run: a finding of theirs that is gone is not resolved.
fn unknown_subjects(evidence: &Evidence) -> BTreeSet<String> {
    let mut unknown: BTreeSet<String> = evidence.gaps().into_iter().map(|gap| gap.subject).collect();
    for artifact in evidence.artifacts.values() {
        if artifact.blob.gap().is_some() || artifact.contents.gap().is_some() || artifact.signatures.gap().is_some() {
            unknown.insert(artifact.subject.to_string());
        }
    }
    // Which functions use a layer is part of what is found on it (LYR001, SHR001): without their list nothing of it is resolved.
    if evidence.inventory.coverage.iter().any(|row| row.api == "lambda:ListFunctions" && row.missing > 0) {
        unknown.extend(evidence.inventory.layers.keys().map(ToString::to_string));
    }
    unknown
}

fn exit_of(info: &ExitInfo) -> Exit {
    match info.code {
        0 => Exit::Pass,
        1 => Exit::PolicyFailed,
        2 => Exit::Usage,
        3 => Exit::Incomplete,
        4 => Exit::NothingMatched,
        _ => Exit::Internal,
    }
}

fn join(rules: &BTreeSet<&'static str>) -> String {
    rules.iter().copied().collect::<Vec<_>>().join(", ")
}
