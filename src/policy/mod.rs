//! Stage 5a: the trust policy. `parse` text to a raw document, `validate` raw to [`Policy`], `scope` which statements are about a
//! subject, `evaluate` evidence to decisions. Evaluation is pure.

pub mod authority;
pub mod condition;
pub mod decision;
pub mod evaluate;
pub mod level;
pub mod load;
pub mod notation;
pub mod parse;
pub mod problem;
pub mod schema;
pub mod scope;
pub mod text_match;
pub mod validate;
pub mod waiver;

pub use decision::{Decision, DecisionSubject, Reason, ReasonCode, StatementResult, Support, Verdict};
pub use evaluate::{UnmatchedStatement, evaluate, unmatched_statements};
pub use load::PolicyError;
pub use problem::{Problem, render_problems};
pub use schema::{Policy, Statement};
