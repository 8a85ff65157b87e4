//! Why something does not hold, before it is known whether that refuses.

use crate::policy::decision::{Reason, ReasonCode};

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) weight: Weight,
    pub(super) code: ReasonCode,
    /// One sentence, safe to print.
    pub(super) text: String,
    /// True where it is about who signed, which a statement may merely log; then it exempts.
    pub(super) authenticity: bool,
    /// See [`Reason::author_can_cause`].
    pub(super) author_can_cause: bool,
}

/// What a cause leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Could not be looked at.
    Undecided,
    /// Does not hold.
    Refused,
}

impl Cause {
    pub(super) fn refuse(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { weight: Weight::Refused, code, text: text.into(), authenticity: false, author_can_cause: false }
    }

    pub(super) fn undecided(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { weight: Weight::Undecided, code, text: text.into(), authenticity: false, author_can_cause: false }
    }

    pub(super) fn about_authenticity(self) -> Self {
        Self { authenticity: true, ..self }
    }

    pub(super) fn reason(self, statement: Option<&str>) -> Reason {
        Reason { code: self.code, text: self.text, statement: statement.map(Into::into), author_can_cause: self.author_can_cause }
    }
}
