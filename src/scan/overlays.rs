//! The `/opt` of each function version, computed once per distinct list of layers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::ScanError;
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::Subject;
use crate::model::inventory::Inventory;
use crate::unpack::overlay::{OptLayer, OptOverlay, merge_opt};
use crate::unpack::{Contents, Limits, digests_of};

/// What merging needs to know of a layer.
pub(super) struct LayerBytes {
    pub contents: Arc<Contents>,
    pub path: PathBuf,
}

/// Merges the layers of every function version that has any.
pub(super) fn overlays(
    inventory: &Inventory,
    layer: &dyn Fn(&Subject) -> Option<LayerBytes>,
    limits: &Limits,
) -> Result<BTreeMap<FunctionArn, Arc<OptOverlay>>, ScanError> {
    let mut merged: BTreeMap<Vec<LayerVersionArn>, Arc<OptOverlay>> = BTreeMap::new();
    let mut overlays = BTreeMap::new();
    for version in inventory.functions.iter().flat_map(|f| &f.versions).filter(|v| !v.layers.is_empty()) {
        let order: Vec<LayerVersionArn> = version.layers.iter().map(|l| l.arn.clone()).collect();
        let overlay = match merged.get(&order) {
            Some(overlay) => Arc::clone(overlay),
            None => {
                let overlay = Arc::new(merge(&order, layer, limits)?);
                merged.insert(order, Arc::clone(&overlay));
                overlay
            }
        };
        overlays.insert(version.arn.clone(), overlay);
    }
    Ok(overlays)
}

fn merge(order: &[LayerVersionArn], layer: &dyn Fn(&Subject) -> Option<LayerBytes>, limits: &Limits) -> Result<OptOverlay, ScanError> {
    let bytes: Vec<Option<LayerBytes>> = order.iter().map(|arn| layer(&Subject::Layer(arn.clone()))).collect();
    let layers: Vec<OptLayer> = order.iter().cloned().zip(bytes.iter().map(|b| b.as_ref().map(|b| Arc::clone(&b.contents)))).collect();
    let mut overlay = merge_opt(&layers);
    let mut digests = BTreeMap::new();
    for (index, paths) in overlay.wanted_digests(&layers) {
        if let Some(layer) = bytes.get(index).and_then(Option::as_ref) {
            digests.insert(index, digests_of(&layer.path, &paths, limits)?);
        }
    }
    overlay.resolve(&digests);
    Ok(overlay)
}
