//! What was looked for, and what came of it.

use serde::Serialize;

use super::gap::Gap;

/// The result of looking for something. "Could not look" is a state of its own and is never read as "is not there".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "value")]
pub enum Observed<T> {
    /// We looked, and this is there.
    Present(T),
    /// We looked, and nothing is there.
    Absent,
    /// We could not look, or could not understand what we saw.
    Unknown(Gap),
}

impl<T> Observed<T> {
    /// The value, where one was seen. `Absent` and `Unknown` both give `None`: ask for the state wherever they differ.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Why we do not know, where we do not.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Unknown(gap) => Some(gap),
            Self::Present(_) | Self::Absent => None,
        }
    }

    /// True only where we looked and nothing is there.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Present(_) | Self::Unknown(_) => false,
        }
    }

    /// The same state around a reference.
    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Present(value) => Observed::Present(value),
            Self::Absent => Observed::Absent,
            Self::Unknown(gap) => Observed::Unknown(gap.clone()),
        }
    }

    /// The same state around another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Present(value) => Observed::Present(f(value)),
            Self::Absent => Observed::Absent,
            Self::Unknown(gap) => Observed::Unknown(gap),
        }
    }
}
