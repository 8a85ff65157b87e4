//! Findings: we say that something is wrong, for a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::artifact::Subject;
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::template::SourceSpan;

/// The static description of a check. Docs, `explain`, SARIF rules and `--only` values derive from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Family and number, never reused: `PIN001`.
    pub id: &'static str,
    /// Kebab-case name: `image-tag-ref`.
    pub slug: &'static str,
    /// One line: what is wrong.
    pub title: &'static str,
    /// The severity that a finding has unless the check says otherwise.
    pub severity: Severity,
    /// What it means and why it matters, a paragraph or two of plain text.
    pub explanation: &'static str,
    /// What to do about it, one or two sentences.
    pub remediation: &'static str,
    /// What it is judged from.
    pub evidence: &'static [EvidenceKind],
    /// Tampering: never covered by waivers, baselines or `--fail-on new` (DESIGN §4 rule 11).
    pub tampering: bool,
    /// Where a fact that the check rests on is known from one source only, which; empty otherwise.
    pub caveat: &'static str,
}

/// What a check is judged from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// API answers.
    Api,
    /// The artifact's bytes.
    Artifact,
    /// A template.
    Template,
    /// The trust policy.
    Policy,
    /// Earlier runs.
    History,
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Untidy.
    Low,
    /// Weakens a defence.
    Medium,
    /// A way in, or a defence that is off.
    High,
    /// Signs of tampering.
    Critical,
}

impl Severity {
    /// Every severity, from the lowest.
    pub const ALL: &'static [Self] = &[Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// `info`, `low`, `medium`, `high`, `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A heuristic, or a fact known at second hand.
    Low,
    /// Rests on an interpretation.
    Medium,
    /// Seen in the bytes or stated by the API.
    High,
}

/// Whether something is wrong, or whether we could not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Something is wrong.
    Fail,
    /// Evidence is missing: counts towards exit code 3, not 1.
    Incomplete,
    /// Covered by a waiver that has not expired. Never the same as a pass.
    Waived,
}

impl Status {
    /// `fail`, `incomplete` or `waived`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
            Self::Waived => "waived",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad, here.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Fail, incomplete or waived.
    pub status: Status,
    /// What it is about: ARN, reference or path, safe to print.
    pub subject: String,
    /// Account of the subject, where it has one; for grouping.
    pub account: Option<String>,
    /// The artifact's digest as computed, where its bytes are what is wrong. Part of the fingerprint: a changed digest is a new finding.
    pub digest: Option<Digest>,
    /// A claimed digest, where no bytes were had.
    pub claimed_digest: Option<ClaimedDigest>,
    /// Path inside the artifact, where there is one. Untrusted: print through `printable`.
    pub path: Option<String>,
    /// Where in a template it stands. No part of the fingerprint: lines move.
    pub place: Option<SourceSpan>,
    /// One sentence with the facts of this case. Safe to print.
    pub message: String,
    /// Further facts, one line each. Safe to print.
    pub details: Vec<String>,
    /// Functions, versions and aliases that the subject reaches; sorted, safe to print.
    pub affects: Vec<String>,
    /// The discriminator that keeps two findings of one rule on one subject apart: a tag, an anomaly, an alias. May be empty.
    pub key: String,
    /// Name of the waiver, where `status` is waived.
    pub waived_by: Option<String>,
}

impl Finding {
    /// A finding of `rule` about `subject` at the rule's own severity, high confidence, status fail. Fill in the rest.
    pub fn new(rule: &'static Rule, subject: &Subject, message: String) -> Self {
        let mut finding = Self::about(rule, subject.to_string(), message);
        finding.account = subject.account().map(Into::into);
        finding
    }

    /// The same about something that is no artifact: an alias, a repository, a policy statement. `subject` must be safe to print.
    pub fn about(rule: &'static Rule, subject: String, message: String) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            confidence: Confidence::High,
            status: Status::Fail,
            subject,
            account: None,
            digest: None,
            claimed_digest: None,
            path: None,
            place: None,
            message,
            details: Vec::new(),
            affects: Vec::new(),
            key: String::new(),
            waived_by: None,
        }
    }

    /// Identifies the finding across runs: rule, subject, digest, path and key. Not the message, severity or time.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = self.digest.map(|d| d.to_string()).or_else(|| self.claimed_digest.map(|d| format!("claimed {d}")));
        let parts = [self.rule, &self.subject, digest.as_deref().unwrap_or(""), self.path.as_deref().unwrap_or(""), &self.key];
        let mut text = String::from("layerproof/finding/v1");
        for part in parts {
            // Length-prefixed, so that no two findings can be spelled alike.
            text.push_str(&format!("\n{}:{part}", part.len()));
        }
        Fingerprint(Digest::of(text.as_bytes()).hex())
    }
}

/// 64 hexadecimal digits that identify a finding across runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
