//! The levels of the Notary Project (specs/trust-store-trust-policy.md): what each does with what it finds.

use serde::Serialize;

/// How strictly a statement is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Everything is enforced.
    Strict,
    /// Integrity and authenticity are enforced, the rest is logged.
    Permissive,
    /// Integrity is enforced, the rest is logged. Never yields Trusted.
    Audit,
    /// Nothing is asked. Never yields Trusted.
    Skip,
}

/// What is done about one aspect of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A failure refuses.
    Enforce,
    /// A failure is written down.
    Log,
    /// Not looked at.
    Skip,
}

/// What is done about each aspect. Integrity has no field: it is enforced at every level but `skip`, and cannot be overridden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Aspects {
    /// Root, chain and signer.
    pub authenticity: Action,
    /// That the signing time is known. For AWS Signer zips the signer states it, and the chain is judged at it: where the chain
    /// holds, this holds; there is no time stamp by a third party.
    pub authentic_timestamp: Action,
    /// The signature's own expiry, against the time of verification.
    pub expiry: Action,
    /// Revocation of certificates, profile and job.
    pub revocation: Action,
}

impl Level {
    /// Every level.
    pub const ALL: &'static [Self] = &[Self::Strict, Self::Permissive, Self::Audit, Self::Skip];

    /// `strict`, `permissive`, `audit`, `skip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Permissive => "permissive",
            Self::Audit => "audit",
            Self::Skip => "skip",
        }
    }

    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.name() == name)
    }

    /// The row of the table.
    pub fn aspects(self) -> Aspects {
        use Action::{Enforce, Log, Skip};
        let (authenticity, authentic_timestamp, expiry, revocation) = match self {
            Self::Strict => (Enforce, Enforce, Enforce, Enforce),
            Self::Permissive => (Enforce, Log, Log, Log),
            Self::Audit => (Log, Log, Log, Log),
            Self::Skip => (Skip, Skip, Skip, Skip),
        };
        Aspects { authenticity, authentic_timestamp, expiry, revocation }
    }
}

impl Action {
    /// `enforce`, `log`, `skip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Log => "log",
            Self::Skip => "skip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notary_table() {
        let rows: Vec<String> = Level::ALL
            .iter()
            .map(|level| {
                let a = level.aspects();
                let names = [a.authenticity, a.authentic_timestamp, a.expiry, a.revocation].map(Action::name);
                format!("{} {}", level.name(), names.join(" "))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "strict enforce enforce enforce enforce",
                "permissive enforce log log log",
                "audit log log log log",
                "skip skip skip skip skip"
            ]
        );
    }
}
