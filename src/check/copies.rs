//! Artifacts with the same bytes, taken together: where the bytes are what is wrong, it is said once and not once per version.

use std::collections::BTreeMap;

use super::Context;
use super::listing::capped;
use crate::evidence::Artifact;
use crate::finding::{Finding, Rule};
use crate::model::artifact::Subject;
use crate::unpack::Contents;

/// Artifacts of one kind and one digest about which the same is to be said.
pub(super) struct Copies<'a> {
    /// The one that the finding is about: of function versions a published one before `$LATEST`, since a published version keeps its
    /// bytes and so the finding keeps its fingerprint.
    pub(super) lead: &'a Artifact,
    /// All of them, the lead first.
    pub(super) all: Vec<&'a Artifact>,
}

impl<'a> Copies<'a> {
    /// Groups artifacts by kind, digest and what is to be said about them. An artifact without a digest stands alone.
    pub(super) fn group<T: Ord>(artifacts: impl IntoIterator<Item = (&'a Artifact, T)>) -> Vec<(T, Self)> {
        let mut groups: BTreeMap<(&'static str, String, T), Vec<&'a Artifact>> = BTreeMap::new();
        for (artifact, said) in artifacts {
            let identity = artifact.digest().map_or_else(|| artifact.subject.to_string(), |digest| digest.hex());
            groups.entry((artifact.subject.kind(), identity, said)).or_default().push(artifact);
        }
        groups
            .into_iter()
            .filter_map(|((_, _, said), mut all)| {
                all.sort_by_key(|artifact| precedence(&artifact.subject));
                let lead = all.first().copied()?;
                Some((said, Self { lead, all }))
            })
            .collect()
    }

    /// The contents that could be read, once for all artifacts of one kind that share them: what an archive holds follows from its
    /// bytes, so it is looked at once.
    pub(super) fn contents(cx: &Context<'a>) -> impl Iterator<Item = (&'a Contents, Self)> + use<'a> {
        let readable = cx.artifacts().filter(|artifact| artifact.contents.present().is_some());
        let groups = Self::group(readable.map(|artifact| (artifact, ())));
        groups.into_iter().filter_map(|((), copies)| Some((copies.lead.contents.present()?.as_ref(), copies)))
    }

    /// A finding about these bytes. `details` come first, then where else the same bytes are.
    pub(super) fn finding(&self, cx: &Context<'_>, rule: &'static Rule, message: String, details: Vec<String>) -> Finding {
        let mut finding = Finding::new(rule, &self.lead.subject, message);
        finding.digest = self.lead.digest();
        finding.claimed_digest = if finding.digest.is_none() { self.lead.claimed } else { None };
        finding.affects = cx.reach().affected_by(self.all.iter().map(|artifact| &artifact.subject));
        finding.details = details;
        let others = self.all.iter().skip(1).map(|artifact| format!("the same bytes are {}", artifact.subject));
        finding.details.extend(capped(others));
        finding
    }
}

fn precedence(subject: &Subject) -> (bool, u64, &Subject) {
    match subject {
        Subject::Function(arn) => match arn.qualifier.as_deref().and_then(|qualifier| qualifier.parse().ok()) {
            Some(number) => (false, number, subject),
            None => (true, 0, subject),
        },
        Subject::Layer(arn) => (false, arn.version, subject),
        Subject::Image(_) | Subject::File(_) => (false, 0, subject),
    }
}
