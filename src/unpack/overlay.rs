//! Merge orders: `/opt` of a function's layers, and OCI whiteouts of an image.

use serde::Serialize;

use crate::model::arn::LayerVersionArn;

/// The `/opt` that a function version's layers merge into.
///
/// AWS documents the order of the merge (the order of `Layers`). That the later layer wins is known at second hand only, so both
/// ends are kept and every report says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OptOverlay {
    /// The layers in merge order, with whether their content was there to merge.
    pub layers: Vec<(LayerVersionArn, bool)>,
    /// Paths that more than one layer provides as something other than a directory, sorted.
    pub collisions: Vec<Collision>,
}

/// A path that more than one layer provides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collision {
    /// Path below `/opt`. Untrusted.
    pub path: String,
    /// Indices into `OptOverlay::layers`, in merge order; at least two.
    pub providers: Vec<usize>,
    /// Whether the content differs between any two of them: `None` where it could not be compared (a link, or bytes not to be had).
    pub bytes_differ: Option<bool>,
    /// True where the path is loaded or run: executable bit, or a place and ending that a runtime loads from.
    pub executable: bool,
}

impl Collision {
    /// The provider that wins if the later layer overwrites the earlier one (second hand).
    pub fn winner_if_later_wins(&self) -> Option<usize> {
        self.providers.last().copied()
    }

    /// The provider that wins if the first one stays.
    pub fn winner_if_first_wins(&self) -> Option<usize> {
        self.providers.first().copied()
    }
}
