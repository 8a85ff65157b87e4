//! The part of an inventory that the user asked for.

use std::collections::BTreeSet;

use crate::inventory::Filter;
use crate::inventory::local::{FunctionSelector, LayerSelector};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::arn_pattern::glob;
use crate::model::function::{Function, FunctionCode, FunctionVersion};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;

/// What to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Functions by name; `*` matches any run of characters.
    FunctionNames(String),
    /// Functions that a filter lets through. Where a function's tags could not be read it may be one of them, and is kept.
    Filter(Filter),
    /// A function by ARN or name; with a qualifier, only that version or the versions of that alias.
    Function(FunctionSelector),
    /// A layer version by ARN or name, or every version of a layer.
    Layer(LayerSelector),
    /// An image by reference: repository, or repository with digest or tag.
    Image(ImageRef),
}

impl Selection {
    /// True where a function that could not be read may be one that is selected.
    fn may_name(&self, function: &FunctionArn) -> bool {
        match self {
            Self::FunctionNames(pattern) => glob(pattern, &function.name),
            // Its runtimes and tags are just what is not known.
            Self::Filter(filter) => filter.names.is_empty() || filter.names.iter().any(|pattern| glob(pattern, &function.name)),
            Self::Function(selector) => selector.names(&function.unqualified()),
            // Which image it runs is just what is not known.
            Self::Image(_) => true,
            Self::Layer(_) => false,
        }
    }
}

/// Keeps what matches any of `selections`, and what that needs: the layers of the functions kept. An empty list keeps everything.
pub fn select(mut inventory: Inventory, selections: &[Selection]) -> Inventory {
    if selections.is_empty() {
        return inventory;
    }
    for function in &mut inventory.functions {
        keep_versions(function, selections);
    }
    inventory.functions.retain(|function| !function.versions.is_empty());
    let used: BTreeSet<LayerVersionArn> =
        inventory.functions.iter().flat_map(|f| &f.versions).flat_map(|v| v.layers.iter().map(|l| l.arn.clone())).collect();
    inventory
        .layers
        .retain(|arn, _| used.contains(arn) || selections.iter().any(|s| matches!(s, Selection::Layer(selector) if selector.names(arn))));
    let functions: BTreeSet<FunctionArn> = inventory.functions.iter().map(|f| f.arn.clone()).collect();
    let layers = &inventory.layers;
    inventory.gaps.retain(|gap| {
        if let Ok(arn) = gap.subject.parse::<LayerVersionArn>() {
            // One that was named and could not be looked at is in no list.
            return layers.contains_key(&arn) || selections.iter().any(|s| matches!(s, Selection::Layer(selector) if selector.names(&arn)));
        }
        match gap.subject.parse::<FunctionArn>() {
            Ok(arn) => functions.contains(&arn.unqualified()) || selections.iter().any(|s| s.may_name(&arn)),
            // A listing that failed may hide what was selected.
            Err(_) => true,
        }
    });
    inventory
}

/// True where `selection` matches something: each one that a user names must, or a slip in one of several would pass unseen.
pub fn matches(inventory: &Inventory, selection: &Selection) -> bool {
    match selection {
        Selection::Layer(selector) => inventory.layers.keys().any(|arn| selector.names(arn)),
        Selection::FunctionNames(_) | Selection::Filter(_) | Selection::Function(_) | Selection::Image(_) => {
            inventory.functions.iter().any(|function| function.versions.iter().any(|version| selects(selection, function, version)))
        }
    }
}

fn keep_versions(function: &mut Function, selections: &[Selection]) {
    let whole = function.clone();
    function.versions.retain(|version| selections.iter().any(|selection| selects(selection, &whole, version)));
    let kept: BTreeSet<&str> = function.versions.iter().map(FunctionVersion::version).collect();
    let left_out = |version: &str| !kept.contains(version) && whole.versions.iter().any(|v| v.version() == version);
    match &mut function.aliases {
        // An alias can only be judged with every version that it routes to. A version that is not there at all was not left out by
        // the selection: the alias stays, and is Undecided.
        Observed::Present(aliases) => aliases.retain(|alias| !alias.versions().any(left_out)),
        Observed::Absent | Observed::Unknown(_) => {}
    }
}

fn selects(selection: &Selection, function: &Function, version: &FunctionVersion) -> bool {
    match selection {
        Selection::FunctionNames(pattern) => glob(pattern, &version.arn.name),
        Selection::Filter(filter) => lets_through(filter, function),
        Selection::Function(selector) => {
            selector.names(&version.arn)
                && selector.qualifier().is_none_or(|q| q == version.version() || in_alias(function, q, version.version()))
        }
        Selection::Image(image) => match &version.code {
            FunctionCode::Image { image_uri, resolved, .. } => names_image(image, &[image_uri, resolved].map(Observed::present)),
            FunctionCode::Zip { .. } => false,
        },
        Selection::Layer(_) => false,
    }
}

/// A function is meant as a whole: an alias can only be judged with every version that it routes to.
fn lets_through(filter: &Filter, function: &Function) -> bool {
    let runtimes = function.versions.iter().filter_map(|version| version.runtime.as_deref());
    let tagged = match &function.tags {
        Observed::Present(tags) => filter.means_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
        Observed::Absent => filter.means_tags(std::iter::empty()),
        Observed::Unknown(_) => true,
    };
    tagged && filter.means(&function.arn.name, runtimes)
}

fn in_alias(function: &Function, alias: &str, version: &str) -> bool {
    function.aliases.present().is_some_and(|aliases| aliases.iter().any(|a| a.name == alias && a.versions().any(|v| v == version)))
}

/// A function's image is known under two references: the tag it was deployed from, and the digest that this resolved to.
fn names_image(wanted: &ImageRef, known: &[Option<&ImageRef>]) -> bool {
    let any = |matches: &dyn Fn(&ImageRef) -> bool| known.iter().flatten().any(|image| matches(image));
    any(&|image| image.repository_uri() == wanted.repository_uri())
        && (wanted.tag.is_none() || any(&|image| image.tag == wanted.tag))
        && (wanted.digest.is_none() || any(&|image| image.digest == wanted.digest))
}
