//! Asks live accounts. What they answer is understood by [`super::account`], as a recorded account is.
//!
//! In each account and region: the functions, then the layers and repositories that they use and that the account publishes. Every call is
//! kept with what came of it, so that a refusal is a gap of exactly that question and the rest is still judged.

mod asker;
mod closed;
mod functions;
mod images;
mod layers;
mod live;
mod named;
mod places;
mod written;

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_lambda::types::FunctionConfiguration;
use futures_util::{StreamExt, stream};

use self::asker::Asker;
use self::functions::Found;
use self::live::Live;
use super::account::call::PlaceCalls;
use super::account::origin::{Extent, Part};
use super::{AccountRequest, BoxFuture, InventoryError, Request, Source, account};
use crate::clients::aws::{Sessions, configured, endpoint, login};
use crate::clients::{Clients, Online, Regions};
use crate::model::arn::LayerVersionArn;
use crate::model::gap::Gap;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{CoverageRow, Inventory, Place, SourceInfo};
use crate::model::printable::printable;

/// The source of live accounts.
pub struct Aws;

impl Source for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn describe(&self) -> &'static str {
        "live AWS accounts, with the credentials that every AWS tool finds"
    }

    fn is_meant(&self, request: &Request) -> bool {
        request.account.is_some()
    }

    fn inventory<'a>(&'a self, request: &'a Request, clients: &'a Clients) -> BoxFuture<'a, Result<Inventory, InventoryError>> {
        Box::pin(async {
            let request = request.account.as_ref().ok_or(InventoryError::NothingNamed)?;
            let online = clients.need("the account", "what is deployed").map_err(|_| InventoryError::Offline)?;
            Ok(assemble(&collect(request, online).await?))
        })
    }
}

/// What the answers say is deployed.
pub fn assemble(collected: &Collected) -> Inventory {
    let places: Vec<Place> = collected.places.iter().map(|known| known.place.clone()).collect();
    let names: Vec<String> = places.iter().map(|place| format!("{}/{}", place.account, place.region)).collect();
    let name = if names.is_empty() { "(no account could be opened)".into() } else { names.join(" ") };
    let source = SourceInfo { kind: Aws.name(), name, recorded_at: None, unauthenticated: false };
    let mut inventory = account::assemble(source, places, &Live::new(collected));
    inventory.gaps.extend(collected.gaps.iter().cloned());
    inventory.gaps.sort();
    inventory.coverage.extend(collected.coverage.iter().cloned());
    inventory.coverage.sort();
    if let Some(endpoint) = &collected.endpoint_override {
        inventory.notes.push(format!("AWS was asked at {}, not at its own endpoints", printable(endpoint)));
    }
    for place in &collected.not_enabled {
        inventory.notes.push(format!("region {} is not enabled in account {}: nothing was looked at there", place.region, place.account));
    }
    inventory
}

/// Accounts and regions that are asked at once.
const PLACES_AT_ONCE: usize = 8;

/// What the accounts answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// Each place with every call that was made there.
    pub places: Vec<PlaceCalls>,
    /// What of the places was asked for.
    pub extent: Extent,
    /// What could not be learned before any place was asked: a role that was refused, regions that could not be listed, a target that is
    /// in none of the places.
    pub gaps: Vec<Gap>,
    /// Rows of the coverage table for calls that belong to no place: logins and the list of regions.
    pub coverage: Vec<CoverageRow>,
    /// Regions that were tried since they could not be listed, and that the account does not use.
    pub not_enabled: Vec<Place>,
    /// The endpoint that was asked in place of AWS's own: every report says so.
    pub endpoint_override: Option<String>,
}

/// Asks the accounts of `request`, with what profile and environment say.
///
/// # Errors
/// [`InventoryError::Login`] where nothing could be asked at all.
pub async fn collect(request: &AccountRequest, online: &Online) -> Result<Collected, InventoryError> {
    let mut login = request.login.clone();
    if let (Regions::Configured, Some(targets)) = (&login.regions, &request.targets)
        && let Some(region) = named::regions(targets).first()
    {
        // Only where nothing is configured: an ARN says where it is.
        login.regions = Regions::Named(vec![region.clone()]);
    }
    let config = configured(&login, online.trust()).await?;
    collect_with(&config, request, online.aws()).await
}

/// [`collect`] with a configuration that was read before; the clients of each place are left in `sessions`.
///
/// # Errors
/// As [`collect`].
pub async fn collect_with(config: &SdkConfig, request: &AccountRequest, sessions: &Sessions) -> Result<Collected, InventoryError> {
    places::validate(&request.login.regions)?;
    let (accounts, refused) = login::open(config, &request.login).await?;
    let mut collected = Collected {
        places: Vec::new(),
        extent: Extent::Whole,
        gaps: Vec::new(),
        coverage: Vec::new(),
        not_enabled: Vec::new(),
        endpoint_override: endpoint::overridden(config),
    };
    sessions.note_endpoint(collected.endpoint_override.clone());
    for closed in &refused {
        collected.gaps.push(closed::gap(closed));
        collected.coverage.extend(closed::coverage(closed, &request.login.regions, config));
    }
    let mut askers = Vec::new();
    let mut tried = BTreeSet::new();
    for account in &accounts {
        sessions.keep_account(account.clone());
        let chosen = places::of(account, &request.login.regions, request.targets.as_ref()).await?;
        collected.gaps.extend(chosen.gap);
        collected.coverage.extend(chosen.coverage);
        for region in chosen.regions {
            let place = Place { partition: account.partition.clone(), account: account.account.clone(), region };
            let (session, pace) = account.session(&place.region);
            sessions.keep(place.clone(), session.clone());
            if chosen.guessed {
                tried.insert(place.clone());
            }
            askers.push(Asker::new(place, session, pace, sessions.calls().clone()));
        }
    }

    let asked = match &request.targets {
        None => listed(askers, request).await,
        Some(targets) => named::ask(askers, targets, &mut collected.gaps).await,
    };
    collected.extent = asked.extent;
    let mut places = asked.places;
    // A region that the account does not use holds nothing; where it was named or is listed as enabled, the refusal stands.
    places.retain(|known| {
        let off = tried.contains(&known.asker.place) && known.asker.is_region_off();
        if off {
            collected.not_enabled.push(known.asker.place.clone());
        }
        !off
    });
    let is_whole = collected.extent == Extent::Whole;
    collected.places = used_by(places, is_whole).await;
    collected.places.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(collected)
}

/// Places after their functions were asked for.
struct Asked {
    places: Vec<Known>,
    extent: Extent,
}

/// A place, and what is to be described there.
struct Known {
    asker: Asker,
    used: Used,
    /// Layer versions that are described whether or not a function uses them.
    layers: BTreeSet<LayerVersionArn>,
}

/// What the functions of a place use.
#[derive(Default)]
struct Used {
    layers: BTreeSet<LayerVersionArn>,
    images: BTreeSet<ImageRef>,
}

impl Used {
    fn layers_of(&mut self, configuration: &FunctionConfiguration) {
        self.layers.extend(configuration.layers().iter().filter_map(|layer| layer.arn()?.parse::<LayerVersionArn>().ok()));
    }

    fn add(&mut self, other: Self) {
        self.layers.extend(other.layers);
        self.images.extend(other.images);
    }
}

/// Everything, or what the filter lets through.
async fn listed(askers: Vec<Asker>, request: &AccountRequest) -> Asked {
    let filter = &request.filter;
    let asked = stream::iter(askers.into_iter().map(|asker| async move {
        // A filter asks for functions and what they use, so that nobody needs to know what else the account publishes.
        let (found, layers) = if filter.is_empty() {
            tokio::join!(functions::all(&asker, filter), layers::published(&asker))
        } else {
            (functions::all(&asker, filter).await, BTreeSet::new())
        };
        (asker, found, layers)
    }));
    let asked: Vec<(Asker, Found, BTreeSet<LayerVersionArn>)> = asked.buffer_unordered(PLACES_AT_ONCE).collect().await;
    let mut part = Part::default();
    let mut places = Vec::new();
    for (asker, found, layers) in asked {
        part.functions.extend(found.functions);
        places.push(Known { asker, used: found.used, layers });
    }
    Asked { places, extent: if filter.is_empty() { Extent::Whole } else { Extent::Part(part) } }
}

/// Describes layers and repositories. A layer is described where it is used, and by its publisher where that account is looked at too:
/// only the publisher can tell "deleted" from "not shared".
async fn used_by(places: Vec<Known>, is_whole: bool) -> Vec<PlaceCalls> {
    let layers: BTreeSet<LayerVersionArn> = places.iter().flat_map(|known| &known.used.layers).cloned().collect();
    let images: BTreeSet<ImageRef> = places.iter().flat_map(|known| &known.used.images).cloned().collect();
    let (layers, images) = (&layers, &images);
    let described = stream::iter(places.into_iter().map(|known| async move {
        let Known { asker, used, layers: mut wanted } = known;
        wanted.extend(used.layers);
        wanted.extend(layers.iter().filter(|arn| asker.is_home_of(&arn.partition, &arn.account, &arn.region)).cloned());
        let repositories = async {
            if is_whole || images.iter().any(|image| images::is_at(&asker, image)) {
                images::describe(&asker, images).await;
            }
        };
        tokio::join!(layers::describe(&asker, &wanted), repositories);
        asker.into_calls()
    }));
    described.buffer_unordered(PLACES_AT_ONCE).collect().await
}
