//! Layers: those that functions use, and those that the account publishes.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::asker::{Asker, CALLS_AT_ONCE};
use super::written;
use crate::clients::aws::refusal::Refusal;
use crate::inventory::account::answers::{GET_LAYER_VERSION_BY_ARN, GET_LAYER_VERSION_POLICY, LIST_LAYER_VERSIONS, LIST_LAYERS};
use crate::model::arn::LayerVersionArn;

/// The layer versions that the place's account publishes, used or not.
pub(super) async fn published(asker: &Asker) -> BTreeSet<LayerVersionArn> {
    let client = &asker.session.lambda;
    let (pages, _) = asker
        .pages(&LIST_LAYERS, &[], |marker| client.list_layers().set_marker(marker).send(), written::list_layers, |page| page.next_marker())
        .await;
    let layers = pages.into_iter().flat_map(|page| page.layers.unwrap_or_default());
    let names: BTreeSet<String> = layers.filter_map(|layer| layer.layer_name).collect();
    let versions = stream::iter(names.iter().map(|name| versions(asker, name))).buffer_unordered(CALLS_AT_ONCE);
    versions.map(|(versions, _)| stream::iter(versions)).flatten().collect().await
}

/// The versions of one layer of the place's account, and why there may be more.
pub(super) async fn versions(asker: &Asker, name: &str) -> (Vec<LayerVersionArn>, Option<Refusal>) {
    let client = &asker.session.lambda;
    let (pages, stopped) = asker
        .pages(
            &LIST_LAYER_VERSIONS,
            &[("LayerName", name.into())],
            |marker| client.list_layer_versions().layer_name(name).set_marker(marker).send(),
            written::list_layer_versions,
            |page| page.next_marker(),
        )
        .await;
    let arns = pages
        .into_iter()
        .flat_map(|page| page.layer_versions.unwrap_or_default())
        .filter_map(|version| version.layer_version_arn?.parse::<LayerVersionArn>().ok())
        .filter(|arn| asker.is_home_of(&arn.partition, &arn.account, &arn.region) && arn.name == name)
        .collect();
    (arns, stopped)
}

/// Describes layer versions, and asks who may use them where they are the account's own: only the publisher may read that.
pub(super) async fn describe(asker: &Asker, arns: &BTreeSet<LayerVersionArn>) {
    let calls = arns.iter().map(|arn| async move {
        if !asker.has_asked(&GET_LAYER_VERSION_BY_ARN, "Arn", &arn.to_string()) {
            let _ = version(asker, arn).await;
        }
        if asker.is_home_of(&arn.partition, &arn.account, &arn.region) {
            policy(asker, arn).await;
        }
    });
    stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).collect::<Vec<()>>().await;
}

/// Describes one layer version.
pub(super) async fn version(asker: &Asker, arn: &LayerVersionArn) -> Result<(), Refusal> {
    let text = arn.to_string();
    let send = asker.session.lambda.get_layer_version_by_arn().arn(&text).send();
    asker.ask(&GET_LAYER_VERSION_BY_ARN, &[("Arn", text.as_str().into())], send, written::get_layer_version_by_arn).await.map(|_| ())
}

async fn policy(asker: &Asker, arn: &LayerVersionArn) {
    // The API's numbers are 64 bits with a sign. A version beyond them is none, and the assembly says that it was not asked for.
    let Ok(number) = i64::try_from(arn.version) else { return };
    let send = asker.session.lambda.get_layer_version_policy().layer_name(&arn.name).version_number(number).send();
    let request = [("LayerName", arn.name.as_str().into()), ("VersionNumber", number.into())];
    // Kept, whatever came of it.
    let _ = asker.ask(&GET_LAYER_VERSION_POLICY, &request, send, written::get_layer_version_policy).await;
}
