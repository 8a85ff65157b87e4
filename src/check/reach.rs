//! What each artifact reaches: the function versions that use a layer, an image or a zip, and the aliases that route to them.
//!
//! Built once per run, in one pass over the inventory; checks only look things up.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::arn::FunctionArn;
use crate::model::artifact::Subject;
use crate::model::function::{Function, FunctionCode, FunctionVersion};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;
use crate::model::printable::printable;

/// Who uses what.
#[derive(Debug, Default)]
pub struct Reach<'a> {
    by_artifact: BTreeMap<Subject, Uses<'a>>,
    /// Aliases by the qualified ARN of a version that they can route to.
    aliases: BTreeMap<FunctionArn, Vec<FunctionArn>>,
    /// Functions whose aliases could not be listed.
    aliases_unknown: BTreeSet<FunctionArn>,
}

/// The function versions that use one artifact.
#[derive(Debug, Default, Clone)]
pub struct Uses<'a> {
    /// Their qualified ARNs.
    pub versions: BTreeSet<&'a FunctionArn>,
}

impl Uses<'_> {
    /// Distinct functions.
    pub fn functions(&self) -> BTreeSet<FunctionArn> {
        self.versions.iter().map(|arn| arn.unqualified()).collect()
    }
}

impl<'a> Reach<'a> {
    /// One pass over the inventory.
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut reach = Self::default();
        for function in &inventory.functions {
            match &function.aliases {
                Observed::Present(aliases) => {
                    for alias in aliases {
                        for version in alias.versions() {
                            let name = function.arn.qualified(&alias.name);
                            reach.aliases.entry(function.arn.qualified(version)).or_default().push(name);
                        }
                    }
                }
                Observed::Absent => {}
                Observed::Unknown(_) => {
                    reach.aliases_unknown.insert(function.arn.unqualified());
                }
            }
            for version in &function.versions {
                reach.add(code_subject(version), &version.arn);
                for layer in &version.layers {
                    reach.add(Subject::Layer(layer.arn.clone()), &version.arn);
                }
            }
        }
        reach
    }

    fn add(&mut self, subject: Subject, version: &'a FunctionArn) {
        self.by_artifact.entry(subject).or_default().versions.insert(version);
    }

    /// The function versions that use `subject`; `None` where no function in the inventory does.
    pub fn uses(&self, subject: &Subject) -> Option<&Uses<'a>> {
        match subject {
            Subject::Image(image) => self.by_artifact.get(&Subject::Image(identity(image))),
            Subject::Function(_) | Subject::Layer(_) | Subject::File(_) => self.by_artifact.get(subject),
        }
    }

    /// Aliases that can route to any of these versions.
    pub fn aliases<'v>(&self, versions: impl IntoIterator<Item = &'v FunctionArn>) -> BTreeSet<FunctionArn> {
        versions.into_iter().filter_map(|version| self.aliases.get(version)).flatten().cloned().collect()
    }

    /// How many of these functions have aliases that could not be listed.
    pub fn aliases_unknown(&self, functions: &BTreeSet<FunctionArn>) -> usize {
        functions.iter().filter(|function| self.aliases_unknown.contains(function)).count()
    }

    /// True where callers reach the version without naming its number: `$LATEST`, an alias's target, or where that cannot be told.
    pub fn is_live(&self, version: &FunctionArn) -> bool {
        version.qualifier.as_deref().is_none_or(|qualifier| qualifier == "$LATEST")
            || self.aliases.contains_key(version)
            || self.aliases_unknown.contains(&version.unqualified())
    }

    /// Versions and their aliases as a finding's `affects`: sorted, safe to print.
    pub fn affects<'v>(&self, versions: impl IntoIterator<Item = &'v FunctionArn>) -> Vec<String> {
        let versions: BTreeSet<&FunctionArn> = versions.into_iter().collect();
        let aliases = self.aliases(versions.iter().copied());
        let mut names: Vec<String> = versions.into_iter().chain(&aliases).map(|arn| printable(&arn.to_string()).into_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The same for everything that uses any of these artifacts.
    pub fn affected_by<'s>(&self, subjects: impl IntoIterator<Item = &'s Subject>) -> Vec<String> {
        let versions: BTreeSet<&FunctionArn> =
            subjects.into_iter().filter_map(|s| self.uses(s)).flat_map(|uses| uses.versions.iter().copied()).collect();
        self.affects(versions)
    }
}

/// Every version of a function.
pub fn versions_of(function: &Function) -> impl Iterator<Item = &FunctionArn> {
    function.versions.iter().map(|version| &version.arn)
}

/// The artifact that holds a version's own code.
fn code_subject(version: &FunctionVersion) -> Subject {
    match &version.code {
        FunctionCode::Zip { .. } => Subject::Function(version.arn.clone()),
        FunctionCode::Image { image_uri, resolved, .. } => match resolved.present().or(image_uri.present()) {
            Some(image) => Subject::Image(identity(image)),
            None => Subject::Function(version.arn.clone()),
        },
    }
}

/// An image by its digest alone where it has one: a tag beside a digest names nothing more.
fn identity(image: &ImageRef) -> ImageRef {
    match image.digest {
        Some(_) => ImageRef { tag: None, ..image.clone() },
        None => image.clone(),
    }
}
