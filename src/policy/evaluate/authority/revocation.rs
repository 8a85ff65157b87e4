//! Whether a signature was revoked, at the level's aspect.

use super::super::cause::Cause;
use super::Measure;
use crate::policy::decision::ReasonCode;
use crate::policy::level::Action;

impl Measure<'_> {
    /// GetRevocationStatus is not asked yet, so nothing is known of revocation (rule 6).
    pub(super) fn revocation(&self, logged: &mut Vec<String>) -> Option<Cause> {
        let text = "revocation was not checked: this version cannot ask AWS Signer yet";
        match self.aspects.revocation {
            Action::Enforce => Some(Cause::undecided(ReasonCode::RevocationUnknown, text)),
            Action::Log => {
                logged.push(text.to_owned());
                None
            }
            Action::Skip => None,
        }
    }
}
