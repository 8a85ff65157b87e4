//! Exit codes, the same in every format, and failures with their next step.

use std::fmt;

/// How a command ends. Where several apply, the first of 2, 5, 1, 3, 4, 0 wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: everything that was asked for passed.
    Pass = 0,
    /// 1: the policy refused something, or findings at or above `--fail-on`.
    PolicyFailed = 1,
    /// 2: the command line, a configuration or a policy file is wrong.
    Usage = 2,
    /// 3: evidence could not be had.
    Incomplete = 3,
    /// 4: nothing matched the selection.
    NothingMatched = 4,
    /// 5: an internal or I/O error of ours; a panic also ends as 5.
    Internal = 5,
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one that wins where both apply.
    pub fn or_worse(self, other: Self) -> Self {
        const ORDER: [Exit; 6] = [Exit::Usage, Exit::Internal, Exit::PolicyFailed, Exit::Incomplete, Exit::NothingMatched, Exit::Pass];
        ORDER.into_iter().find(|e| *e == self || *e == other).unwrap_or(self)
    }
}

/// Why a command could not do its work, and what to do about it. Printed in one place, `cli::run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `Usage` or `Internal` as a rule.
    pub exit: Exit,
    /// What is wrong: names the file, the place and what was expected. Safe to print. May have several lines (a policy's problems).
    pub message: String,
    /// The next step, one sentence each. Safe to print.
    pub hints: Vec<String>,
}

impl Failure {
    /// Exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hints: Vec::new() }
    }

    /// Exit 5.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { exit: Exit::Internal, message: message.into(), hints: Vec::new() }
    }

    /// Adds a next step.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_beats_internal_beats_policy_beats_incomplete_beats_nothing_matched() {
        let order = [Exit::Usage, Exit::Internal, Exit::PolicyFailed, Exit::Incomplete, Exit::NothingMatched, Exit::Pass];
        for (i, worse) in order.into_iter().enumerate() {
            for better in order.into_iter().skip(i) {
                assert_eq!(worse.or_worse(better), worse);
                assert_eq!(better.or_worse(worse), worse);
            }
        }
    }
}
