//! Functions of one place: which there are, where their code is, their aliases and their code signing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, FunctionVersion, PackageType};
use futures_util::{StreamExt, stream};

use super::asker::{Asker, CALLS_AT_ONCE};
use super::{Used, written};
use crate::clients::aws::refusal::Refusal;
use crate::inventory::Filter;
use crate::inventory::account::answers::{
    GET_CODE_SIGNING_CONFIG, GET_FUNCTION, GET_FUNCTION_CODE_SIGNING_CONFIG, LIST_ALIASES, LIST_FUNCTIONS, LIST_VERSIONS_BY_FUNCTION,
};
use crate::model::arn::FunctionArn;
use crate::model::image_ref::ImageRef;

/// A function of a listing: its versions with what the listing says of them.
type Versions = BTreeMap<String, FunctionConfiguration>;

/// Every function that `filter` lets through. Of the others nothing is asked beyond the listing, and the tags where it needs them.
pub(super) async fn all(asker: &Asker, filter: &Filter) -> Found {
    let client = &asker.session.lambda;
    // Without FunctionVersion=ALL only $LATEST is listed, and a published version that an alias serves would be missed.
    let (pages, _) = asker
        .pages(
            &LIST_FUNCTIONS,
            &[("FunctionVersion", "ALL".into())],
            |marker| client.list_functions().function_version(FunctionVersion::All).set_marker(marker).send(),
            written::list_functions,
            |page| page.next_marker(),
        )
        .await;
    let entries = pages.into_iter().flat_map(|page| page.functions.unwrap_or_default());
    let functions = grouped(asker, entries).into_iter().filter(|(arn, versions)| {
        filter.means(&arn.name, versions.values().filter_map(|version| version.runtime()).map(|runtime| runtime.as_str()))
    });
    describe(asker, functions.collect(), filter).await
}

/// The functions of these names. One that is not there is no function of the place.
pub(super) async fn named(asker: &Asker, names: &BTreeSet<String>) -> Found {
    let client = &asker.session.lambda;
    let listed = stream::iter(names.iter().map(|name| async move {
        let (pages, _) = asker
            .pages(
                &LIST_VERSIONS_BY_FUNCTION,
                &[("FunctionName", name.as_str().into())],
                |marker| client.list_versions_by_function().function_name(name).set_marker(marker).send(),
                written::list_versions_by_function,
                |page| page.next_marker(),
            )
            .await;
        pages.into_iter().flat_map(|page| page.versions.unwrap_or_default()).collect::<Vec<_>>()
    }));
    let entries: Vec<Vec<FunctionConfiguration>> = listed.buffer_unordered(CALLS_AT_ONCE).collect().await;
    describe(asker, grouped(asker, entries.into_iter().flatten()), &Filter::default()).await
}

/// What was learned of the functions of a place.
#[derive(Default)]
pub(super) struct Found {
    /// The functions that are looked at.
    pub functions: BTreeSet<FunctionArn>,
    /// What their versions use.
    pub used: Used,
}

/// Entries that name a function of the place, by function and version. What the others are is for the assembly to say.
fn grouped(asker: &Asker, entries: impl Iterator<Item = FunctionConfiguration>) -> BTreeMap<FunctionArn, Versions> {
    let mut functions: BTreeMap<FunctionArn, Versions> = BTreeMap::new();
    for entry in entries {
        let (Some(arn), Some(version)) = (entry.function_arn(), entry.version()) else { continue };
        let Ok(arn) = arn.parse::<FunctionArn>() else { continue };
        if asker.is_home_of(&arn.partition, &arn.account, &arn.region) {
            functions.entry(arn.unqualified()).or_default().insert(version.to_owned(), entry);
        }
    }
    functions
}

async fn describe(asker: &Asker, functions: BTreeMap<FunctionArn, Versions>, filter: &Filter) -> Found {
    let described = stream::iter(functions.into_iter().map(|(arn, versions)| function(asker, arn, versions, filter)));
    let described: Vec<Option<Described>> = described.buffer_unordered(CALLS_AT_ONCE).collect().await;
    let mut found = Found::default();
    let mut configs = BTreeSet::new();
    for described in described.into_iter().flatten() {
        found.functions.insert(described.arn);
        found.used.add(described.used);
        configs.extend(described.code_signing_config);
    }
    stream::iter(configs.iter().map(|arn| code_signing_config(asker, arn))).buffer_unordered(CALLS_AT_ONCE).collect::<Vec<()>>().await;
    found
}

struct Described {
    arn: FunctionArn,
    used: Used,
    code_signing_config: Option<String>,
}

/// One function, in calls one after the other: other functions are asked for meanwhile. `None` where its tags do not match.
async fn function(asker: &Asker, arn: FunctionArn, versions: Versions, filter: &Filter) -> Option<Described> {
    let mut described = Described { arn, used: Used::default(), code_signing_config: None };
    let name = described.arn.name.clone();
    let mut is_image = true;
    for (at, (version, listed)) in versions.iter().enumerate() {
        let answer = get_function(asker, &name, version).await;
        // Tags belong to the function, so that one version tells them. They are read as every version's answer has them.
        if at == 0 && !filter.tags.is_empty() {
            // Kept where they cannot be read: it may be one that is meant.
            let left_out =
                tags(&answer).is_some_and(|tags| !filter.means_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))));
            if left_out {
                asker.forget(&GET_FUNCTION, "FunctionName", &name);
                return None;
            }
        }
        let configuration = answer.as_ref().ok().and_then(|answer| answer.configuration()).unwrap_or(listed);
        is_image &= configuration.package_type() == Some(&PackageType::Image);
        described.used.layers_of(configuration);
        described.used.layers_of(listed);
        if let Some(code) = answer.as_ref().ok().and_then(|answer| answer.code()) {
            let images = [code.image_uri(), code.resolved_image_uri()].into_iter().flatten();
            described.used.images.extend(images.filter_map(|image| image.parse::<ImageRef>().ok()));
        }
    }
    let client = &asker.session.lambda;
    asker
        .pages(
            &LIST_ALIASES,
            &[("FunctionName", name.as_str().into())],
            |marker| client.list_aliases().function_name(&name).set_marker(marker).send(),
            written::list_aliases,
            |page| page.next_marker(),
        )
        .await;
    // Code signing is for zips only, and regions that lack it answer in ways that cannot be told from a refusal.
    if !is_image {
        let request = [("FunctionName", name.as_str().into())];
        let send = client.get_function_code_signing_config().function_name(&name).send();
        let config = asker.ask(&GET_FUNCTION_CODE_SIGNING_CONFIG, &request, send, written::get_function_code_signing_config).await;
        described.code_signing_config = config.ok().map(|config| config.code_signing_config_arn).filter(|arn| !arn.is_empty());
    }
    Some(described)
}

async fn get_function(asker: &Asker, name: &str, version: &str) -> Result<GetFunctionOutput, Refusal> {
    let request = [("FunctionName", name.into()), ("Qualifier", version.into())];
    let send = asker.session.lambda.get_function().function_name(name).qualifier(version).send();
    asker.ask(&GET_FUNCTION, &request, send, written::get_function).await
}

/// The tags, `None` where they could not be read. A function that has none answers without them.
fn tags(answer: &Result<GetFunctionOutput, Refusal>) -> Option<BTreeMap<String, String>> {
    let answer = answer.as_ref().ok()?;
    match (answer.tags(), answer.tags_error()) {
        (Some(tags), _) => Some(tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        (None, Some(_)) => None,
        (None, None) => Some(BTreeMap::new()),
    }
}

async fn code_signing_config(asker: &Asker, arn: &str) {
    let send = asker.session.lambda.get_code_signing_config().code_signing_config_arn(arn).send();
    // Kept, whatever came of it.
    let _ = asker.ask(&GET_CODE_SIGNING_CONFIG, &[("CodeSigningConfigArn", arn.into())], send, written::get_code_signing_config).await;
}
