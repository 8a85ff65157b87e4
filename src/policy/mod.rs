//! Stage 5a: the trust policy. `parse` text to a raw document, `validate` raw to [`Policy`], `scope` which statements are about a
//! subject, `evaluate` evidence to decisions. Evaluation is pure.

pub mod decision;

pub use decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Verdict};
