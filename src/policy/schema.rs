//! The validated policy. What the grammar allows is in `validate/`; what stands here has passed it.

use serde::Serialize;

pub use super::authority::{Authority, LogProof, NotaryAuthority, NotaryIdentity, SigstoreAuthority, SigstoreSigner, VerifyTimestamp};
use super::condition::Condition;
use super::level::{Action, Aspects, Level};
use super::scope::RepositoryPattern;
use crate::model::arn_pattern::ArnPattern;
use crate::signature::{Anchor, TrustAnchors};

/// A trust policy. It has at least one statement.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file as given.
    pub file: String,
    /// SHA-256 of the file's text, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The statements in the order of the file; names are unique.
    pub statements: Vec<Statement>,
    /// The anchors in force: shipped ones that a statement names, and the pinned ones of `roots:`.
    pub(super) anchors: TrustAnchors,
}

/// One statement: which subjects it is about, and what it asks of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name, `[a-z0-9-]`.
    pub name: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// What it is about.
    pub scope: Scope,
    /// How strictly it is applied.
    pub level: Level,
    /// The level's row of the table with the statement's own overrides.
    pub aspects: Aspects,
    /// Why it exempts; always there where it does.
    pub reason: Option<String>,
    /// The statement that it replaces for the subjects that it matches.
    pub overrides: Option<String>,
    /// What is asked of signatures. A statement that is not `skip` has this, or attestations.
    pub signatures: Option<Requirement>,
    /// Attestations, each of which is asked for.
    pub attestations: Vec<Attestation>,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Kinds of artifact.
    pub kind: ScopeKind,
    /// For functions and layers: which.
    pub arn: Option<ArnPattern>,
    /// For images: which repositories.
    pub repository: Option<RepositoryPattern>,
}

/// Kinds of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeKind {
    /// Zips of function versions.
    Function,
    /// Layer versions.
    Layer,
    /// Images.
    Image,
    /// All of them, and local files.
    Any,
}

/// How many of the listed authorities must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// How many.
    pub quantity: Quantity,
    /// Which; never empty.
    pub authorities: Vec<Authority>,
}

/// How many of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// One or more.
    Any,
    /// Each, by distinct signers with distinct signatures.
    All,
    /// So many, by distinct signers with distinct signatures; at least 1 and at most the length of the list.
    AtLeast(usize),
}

/// An attestation that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// `predicateType`, exact.
    pub predicate_type: String,
    /// Who must have signed it.
    pub signed_by: Requirement,
    /// A condition on the predicate.
    pub condition: Option<Condition>,
}

impl Policy {
    /// The anchors in force: shipped ones that a statement names, and the pinned ones. Unique by name.
    pub fn anchors(&self) -> &TrustAnchors {
        &self.anchors
    }

    /// The anchor of that name.
    pub fn anchor(&self, name: &str) -> Option<&Anchor> {
        self.anchors.anchors.iter().find(|anchor| anchor.name == name)
    }

    /// The literal accounts in the scopes of its statements, sorted: the publishers that the policy knows.
    pub fn known_publishers(&self) -> Vec<String> {
        let mut accounts: Vec<String> = self.statements.iter().filter_map(|s| s.scope.literal_account()).map(str::to_owned).collect();
        accounts.sort();
        accounts.dedup();
        accounts
    }

    /// True where a statement enforces or logs revocation of signers: somebody has to be asked then.
    pub fn asks_revocation(&self) -> bool {
        self.asks(|aspects| aspects.revocation)
    }

    /// True where a statement enforces or logs the time stamp, and so whether its authority was revoked.
    pub fn asks_timestamps(&self) -> bool {
        self.asks(|aspects| aspects.authentic_timestamp)
    }

    fn asks(&self, aspect: impl Fn(&Aspects) -> Action) -> bool {
        self.statements.iter().any(|statement| statement.level != Level::Skip && aspect(&statement.aspects) != Action::Skip)
    }

    /// True where a statement asks for AWS's own word, `aws_service`.
    pub fn asks_service(&self) -> bool {
        let requirements = self.statements.iter().flat_map(|s| s.signatures.iter().chain(s.attestations.iter().map(|a| &a.signed_by)));
        requirements.flat_map(|requirement| &requirement.authorities).any(|authority| matches!(authority, Authority::AwsService { .. }))
    }

    /// The statement of that name.
    pub fn statement(&self, name: &str) -> Option<&Statement> {
        self.statements.iter().find(|s| s.name == name)
    }
}

impl Statement {
    /// What it asks of signatures, then of the signers of each attestation.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.signatures.iter().chain(self.attestations.iter().map(|attestation| &attestation.signed_by))
    }

    /// Every authority that it lists.
    pub fn authorities(&self) -> impl Iterator<Item = &Authority> {
        self.requirements().flat_map(|requirement| &requirement.authorities)
    }

    /// Why the statement yields Exempt at best and never Trusted: it is `audit` or `skip`, or who signed is only logged.
    pub fn exempts(&self) -> Option<&str> {
        let exempting = match self.level {
            Level::Audit | Level::Skip => true,
            Level::Strict | Level::Permissive => self.aspects.authenticity != Action::Enforce,
        };
        exempting.then(|| self.reason.as_deref().unwrap_or(""))
    }
}

impl ScopeKind {
    /// `function`, `layer`, `image`, `any`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Layer => "layer",
            Self::Image => "image",
            Self::Any => "any",
        }
    }
}

impl Quantity {
    /// How many of `listed` authorities it takes.
    pub fn needed(self, listed: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::All => listed,
            Self::AtLeast(n) => n,
        }
    }
}
