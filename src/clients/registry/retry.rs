//! Whether a question is asked again, and when.

use std::time::Duration;

use super::RegistryError;
use crate::clients::http::Patience;

/// Attempts at one question.
pub(super) struct Attempts<'a> {
    patience: &'a Patience,
    /// Those that were in vain.
    made: u32,
    renewed: bool,
}

/// What to do after an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait, and ask again.
    Wait(Duration),
    /// Throw the login away, and ask again.
    Renew,
    /// It stays at this.
    GiveUp,
}

impl<'a> Attempts<'a> {
    pub fn new(patience: &'a Patience) -> Self {
        Self { patience, made: 0, renewed: false }
    }

    /// After an error of the registry itself. A login is renewed once.
    pub fn after(&mut self, error: &RegistryError) -> Next {
        if let RegistryError::Refused { status: 401, .. } = error
            && !self.renewed
        {
            self.renewed = true;
            return Next::Renew;
        }
        self.wait(error).map_or(Next::GiveUp, Next::Wait)
    }

    /// How long to wait before asking again; `None`: not at all.
    pub fn wait(&mut self, error: &RegistryError) -> Option<Duration> {
        let after = match error {
            RegistryError::Throttled { after, .. } => *after,
            RegistryError::Failed { status: 408 | 425 | 500 | 502 | 503 | 504, after, .. } => *after,
            RegistryError::Unreachable { .. } => None,
            _ => return None,
        };
        self.made = self.made.saturating_add(1);
        // A registry that names an hour means it: its limits are counted by hours, and asked earlier it counts that too.
        let too_long = after.is_some_and(|after| after > self.patience.retry_after_cap);
        if self.made >= self.patience.questions || too_long { None } else { Some(self.patience.wait(self.made, after)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_bounded_in_number_and_length() {
        let patience = Patience::default();
        let throttled = |seconds| RegistryError::Throttled { detail: String::new(), after: Some(Duration::from_secs(seconds)) };
        let mut attempts = Attempts::new(&patience);
        assert_eq!(attempts.after(&throttled(3_600)), Next::GiveUp);
        assert_eq!(attempts.after(&throttled(2)), Next::Wait(Duration::from_secs(2)));
        let lost = RegistryError::Unreachable { detail: String::new() };
        let waits = std::iter::from_fn(|| attempts.wait(&lost)).count();
        assert_eq!(waits, 2, "two of four were used above");
    }

    #[test]
    fn a_login_is_renewed_once_and_a_denial_is_not_asked_again() {
        let patience = Patience::default();
        let mut attempts = Attempts::new(&patience);
        let refused = |status| RegistryError::Refused { status, detail: String::new(), challenge: None };
        assert_eq!(attempts.after(&refused(403)), Next::GiveUp);
        assert_eq!(attempts.after(&refused(401)), Next::Renew);
        assert_eq!(attempts.after(&refused(401)), Next::GiveUp);
    }
}
