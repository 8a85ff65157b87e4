//! What is named is asked for by name, so that a gate needs no right to list an account.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::asker::Asker;
use super::closed::why;
use super::functions::{self, Found};
use super::{Asked, Known, PLACES_AT_ONCE, layers};
use crate::clients::aws::refusal::Refusal;
use crate::clients::aws::regions::partition_of;
use crate::inventory::Targets;
use crate::inventory::account::origin::{Extent, Part};
use crate::inventory::local::{FunctionSelector, LayerSelector};
use crate::model::arn::LayerVersionArn;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;

/// Asks for the functions and layers of `targets`. A target that names a place that is not looked at is a gap.
pub(super) async fn ask(askers: Vec<Asker>, targets: &Targets, gaps: &mut Vec<Gap>) -> Asked {
    let mut functions: BTreeMap<Place, BTreeSet<String>> = BTreeMap::new();
    for selector in &targets.functions {
        match selector {
            FunctionSelector::Name { name, .. } => {
                for asker in &askers {
                    functions.entry(asker.place.clone()).or_default().insert(name.clone());
                }
            }
            FunctionSelector::Arn(arn) => match askers.iter().find(|asker| asker.is_home_of(&arn.partition, &arn.account, &arn.region)) {
                Some(asker) => {
                    functions.entry(asker.place.clone()).or_default().insert(arn.name.clone());
                }
                None => gaps.push(elsewhere(arn.to_string(), &arn.account, &arn.region)),
            },
        }
    }
    let mut by_place: BTreeMap<Place, Vec<&LayerSelector>> = BTreeMap::new();
    for selector in &targets.layers {
        match selector {
            LayerSelector::Name { .. } => askers.iter().for_each(|a| by_place.entry(a.place.clone()).or_default().push(selector)),
            // A layer of another account is seen from any account that may use it, in its own region.
            LayerSelector::Arn(arn) => match at_home_or_near(&askers, arn) {
                Some(asker) => by_place.entry(asker.place.clone()).or_default().push(selector),
                None => gaps.push(elsewhere(arn.to_string(), &arn.account, &arn.region)),
            },
        }
    }

    let (functions, by_place) = (&functions, &by_place);
    let none = BTreeSet::new();
    let none = &none;
    let asked = stream::iter(askers.into_iter().map(|asker| async move {
        let names = functions.get(&asker.place).unwrap_or(none);
        let selectors = by_place.get(&asker.place).map(Vec::as_slice).unwrap_or_default();
        let (found, (layers, gaps)) = tokio::join!(functions::named(&asker, names), selected(&asker, selectors));
        (asker, found, layers, gaps)
    }));
    let asked: Vec<(Asker, Found, BTreeSet<LayerVersionArn>, Vec<Gap>)> = asked.buffer_unordered(PLACES_AT_ONCE).collect().await;
    let mut part = Part { by_name: true, ..Part::default() };
    let mut places = Vec::new();
    for (asker, found, layers, of_layers) in asked {
        gaps.extend(of_layers);
        part.functions.extend(found.functions);
        // Also those that could not be described: the assembly says why, and a name that nobody answers to matches nothing.
        let place = &asker.place;
        for name in functions.get(place).into_iter().flatten() {
            part.functions.insert(crate::model::arn::FunctionArn {
                partition: place.partition.clone(),
                account: place.account.clone(),
                region: place.region.clone(),
                name: name.clone(),
                qualifier: None,
            });
        }
        part.layers.extend(layers.iter().cloned());
        places.push(Known { asker, used: found.used, layers });
    }
    Asked { places, extent: Extent::Part(part) }
}

/// The regions of the ARNs among `targets`, sorted, as far as this version knows them.
pub(super) fn regions(targets: &Targets) -> Vec<String> {
    let functions = targets.functions.iter().filter_map(|selector| match selector {
        FunctionSelector::Arn(arn) => Some(&arn.region),
        FunctionSelector::Name { .. } => None,
    });
    let layers = targets.layers.iter().filter_map(|selector| match selector {
        LayerSelector::Arn(arn) => Some(&arn.region),
        LayerSelector::Name { .. } => None,
    });
    let regions: BTreeSet<&String> = functions.chain(layers).filter(|region| partition_of(region).is_some()).collect();
    regions.into_iter().cloned().collect()
}

/// True where something is named without saying in which region.
pub(super) fn has_names(targets: &Targets) -> bool {
    targets.functions.iter().any(|selector| matches!(selector, FunctionSelector::Name { .. }))
        || targets.layers.iter().any(|selector| matches!(selector, LayerSelector::Name { .. }))
}

/// The layer versions that are meant, as far as the place knows them.
async fn selected(asker: &Asker, selectors: &[&LayerSelector]) -> (BTreeSet<LayerVersionArn>, Vec<Gap>) {
    let mut arns = BTreeSet::new();
    let mut gaps = Vec::new();
    for selector in selectors {
        match selector {
            LayerSelector::Arn(arn) => {
                arns.insert(arn.clone());
            }
            LayerSelector::Name { name, version: Some(version) } => {
                let arn = LayerVersionArn {
                    partition: asker.place.partition.clone(),
                    account: asker.place.account.clone(),
                    region: asker.place.region.clone(),
                    name: name.clone(),
                    version: *version,
                };
                // A name is looked for everywhere, so that a place that has no such layer is no gap.
                match layers::version(asker, &arn).await {
                    Err(refusal) if is_not_found(&refusal) => {}
                    Ok(()) | Err(_) => {
                        arns.insert(arn);
                    }
                }
            }
            LayerSelector::Name { name, version: None } => {
                let (versions, stopped) = layers::versions(asker, name).await;
                arns.extend(versions);
                gaps.extend(stopped.filter(|refusal| !is_not_found(refusal)).map(|refusal| {
                    let subject = format!("{}/{} layer {name}", asker.place.account, asker.place.region);
                    let next_step = "Allow lambda:ListLayerVersions to the role that looks at the account, or name a version.".into();
                    why(&refusal, "lambda:ListLayerVersions", subject, "the versions", next_step)
                }));
            }
        }
    }
    (arns, gaps)
}

fn at_home_or_near<'a>(askers: &'a [Asker], arn: &LayerVersionArn) -> Option<&'a Asker> {
    askers
        .iter()
        .find(|asker| asker.is_home_of(&arn.partition, &arn.account, &arn.region))
        .or_else(|| askers.iter().find(|asker| asker.place.partition == arn.partition && asker.place.region == arn.region))
}

fn elsewhere(subject: String, account: &str, region: &str) -> Gap {
    Gap {
        subject,
        wanted: "anything".into(),
        reason: GapReason::Unreachable,
        detail: format!("account {account} in {region} is not among the accounts and regions that are looked at"),
        next_step: "Name the account with --role-arn or --profile, and the region with --region.".into(),
    }
}

fn is_not_found(refusal: &Refusal) -> bool {
    refusal.code() == Some("ResourceNotFoundException")
}
