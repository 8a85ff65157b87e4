//! References to images as functions were deployed with them, and whether what they name can change.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::model::arn::FunctionArn;
use crate::model::arn_pattern::glob;
use crate::model::digest::ClaimedDigest;
use crate::model::function::FunctionCode;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{Repository, TagMutability};
use crate::model::observed::Observed;
use crate::model::printable::printable;

/// An `ImageUri` without a digest, with everything that was deployed from it.
pub(super) struct TagUse<'a> {
    /// `REGISTRY/REPOSITORY`, as the key of the inventory's repositories.
    pub(super) repository_uri: String,
    /// The tag; `None` where the reference has neither tag nor digest, which means `latest`.
    pub(super) tag: Option<&'a str>,
    /// The reference.
    pub(super) image: &'a ImageRef,
    /// Function versions that were deployed from it, with the digest that Lambda resolved it to.
    pub(super) versions: Vec<(&'a FunctionArn, Observed<ClaimedDigest>)>,
}

impl TagUse<'_> {
    /// The tag that the registry looks up.
    pub(super) fn effective_tag(&self) -> &str {
        self.tag.unwrap_or("latest")
    }

    /// Distinct functions.
    pub(super) fn functions(&self) -> BTreeSet<FunctionArn> {
        self.versions.iter().map(|(arn, _)| arn.unqualified()).collect()
    }

    /// The reference, safe to print.
    pub(super) fn name(&self) -> String {
        printable(&self.image.to_string()).into_owned()
    }

    /// The repository's ARN, or its URI where it is not in Amazon ECR; safe to print.
    pub(super) fn repository_name(&self) -> String {
        printable(&self.image.ecr_repository_arn().unwrap_or_else(|| self.repository_uri.clone())).into_owned()
    }
}

/// Every reference by tag, by repository and tag. A reference with a digest is pinned, whatever tag stands beside it.
pub(super) fn tag_uses<'a>(cx: &Context<'a>) -> Vec<TagUse<'a>> {
    let mut uses: BTreeMap<(String, Option<&'a str>), TagUse<'a>> = BTreeMap::new();
    for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
        let FunctionCode::Image { image_uri, resolved, .. } = &version.code else { continue };
        let Some(image) = image_uri.present().filter(|image| image.digest.is_none()) else { continue };
        let uri = image.repository_uri();
        let tag = image.tag.as_deref();
        let entry = uses.entry((uri.clone(), tag)).or_insert_with(|| TagUse { repository_uri: uri, tag, image, versions: Vec::new() });
        let digest = match resolved {
            Observed::Present(image) => image.digest.map_or(Observed::Absent, Observed::Present),
            Observed::Absent => Observed::Absent,
            Observed::Unknown(gap) => Observed::Unknown(gap.clone()),
        };
        entry.versions.push((&version.arn, digest));
    }
    uses.into_values().collect()
}

/// The repository of a tag, as far as the inventory knows it.
pub(super) fn repository<'a>(cx: &Context<'a>, tag: &TagUse<'_>) -> Option<&'a Repository> {
    cx.evidence.inventory.repositories.get(&tag.repository_uri)
}

/// Whether a tag can be moved to other bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Movable {
    /// It can.
    Yes,
    /// The registry refuses to move it.
    No,
    /// The setting is none that this version knows.
    UnknownSetting,
}

/// Evaluates a repository's mutability for one tag. Exclusion filters turn the setting round for the tags that they match.
pub(super) fn movable(mutability: &TagMutability, tag: &str) -> Movable {
    let excluded = mutability.exclusion_filters.iter().any(|filter| glob(filter, tag));
    match (mutability.setting.as_str(), excluded) {
        ("MUTABLE", _) | ("MUTABLE_WITH_EXCLUSION", false) | ("IMMUTABLE_WITH_EXCLUSION", true) => Movable::Yes,
        ("IMMUTABLE", _) | ("IMMUTABLE_WITH_EXCLUSION", false) | ("MUTABLE_WITH_EXCLUSION", true) => Movable::No,
        _ => Movable::UnknownSetting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immutable_repository_that_excludes_the_tag_in_use_is_mutable_for_it() {
        let with = |setting: &str, filters: &[&str]| TagMutability {
            setting: setting.into(),
            exclusion_filters: filters.iter().map(|f| (*f).to_owned()).collect(),
        };
        assert_eq!(movable(&with("IMMUTABLE_WITH_EXCLUSION", &["latest", "dev-*"]), "dev-7"), Movable::Yes);
        assert_eq!(movable(&with("IMMUTABLE_WITH_EXCLUSION", &["latest", "dev-*"]), "v7"), Movable::No);
        assert_eq!(movable(&with("MUTABLE_WITH_EXCLUSION", &["v*"]), "v7"), Movable::No);
        assert_eq!(movable(&with("MUTABLE_WITH_EXCLUSION", &["v*"]), "dev-7"), Movable::Yes);
        assert_eq!(movable(&with("SEALED", &[]), "v7"), Movable::UnknownSetting);
    }
}
