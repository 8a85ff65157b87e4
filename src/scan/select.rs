//! The part of an inventory that the user asked for.

use std::collections::BTreeSet;

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
            return layers.contains_key(&arn);
        }
        match gap.subject.parse::<FunctionArn>() {
            Ok(arn) => functions.contains(&arn.unqualified()) || selections.iter().any(|s| s.may_name(&arn)),
            // A listing that failed may hide what was selected.
            Err(_) => true,
        }
    });
    inventory
}

fn keep_versions(function: &mut Function, selections: &[Selection]) {
    let aliases = function.aliases.present().cloned().unwrap_or_default();
    let in_alias = |alias: &str, version: &str| aliases.iter().any(|a| a.name == alias && a.versions().any(|v| v == version));
    function.versions.retain(|version| {
        selections.iter().any(|selection| match selection {
            Selection::FunctionNames(pattern) => glob(pattern, &version.arn.name),
            Selection::Function(selector) => {
                selector.names(&version.arn)
                    && selector.qualifier().is_none_or(|q| q == version.version() || in_alias(q, version.version()))
            }
            Selection::Image(image) => match &version.code {
                FunctionCode::Image { image_uri, resolved, .. } => {
                    [image_uri, resolved].into_iter().filter_map(|r| r.present()).any(|r| names_image(image, r))
                }
                FunctionCode::Zip { .. } => false,
            },
            Selection::Layer(_) => false,
        })
    });
    let kept: BTreeSet<&str> = function.versions.iter().map(FunctionVersion::version).collect();
    match &mut function.aliases {
        // An alias can only be judged with every version that it routes to.
        Observed::Present(aliases) => aliases.retain(|alias| alias.versions().all(|v| kept.contains(v))),
        Observed::Absent | Observed::Unknown(_) => {}
    }
}

fn names_image(wanted: &ImageRef, image: &ImageRef) -> bool {
    wanted.repository_uri() == image.repository_uri()
        && (wanted.tag.is_none() || wanted.tag == image.tag)
        && (wanted.digest.is_none() || wanted.digest == image.digest)
}
