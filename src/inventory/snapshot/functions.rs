//! Functions of one place: versions, aliases, code signing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::answers::{FunctionConfiguration, GET_FUNCTION, GetFunction, LIST_FUNCTIONS, LayerEntry, ListFunctions, signing, timestamp};
use super::code::{image_code, zip_code};
use super::images::Images;
use super::recording::{Asked, Recording, Stopped};
use super::{aliases, code_signing};
use crate::model::arn::{ArnError, FunctionArn};
use crate::model::function::{CodeError, Function, FunctionCode, FunctionVersion, LayerUse};
use crate::model::gap::{Gap, GapReason};

/// Layers of one function version. AWS allows five.
const MAX_LAYERS: usize = 64;

/// Every function of the place, its versions in order; what could not be learned goes to `gaps`.
pub(super) fn read(recording: &mut Recording, images: &Images, root: &Path, gaps: &mut Vec<Gap>) -> Vec<Function> {
    let place = format!("{}/{}", recording.place().account, recording.place().region);
    // Without FunctionVersion=ALL only $LATEST is listed, and a published version that an alias serves would be missed.
    let (pages, stopped) = recording.ask_all::<ListFunctions>(&LIST_FUNCTIONS, &["ALL"], &place, "all functions and their versions");
    match stopped {
        None => {}
        Some(Stopped::Gap(gap)) => gaps.push(gap),
        Some(Stopped::NotFound { message }) => {
            gaps.push(recording.malformed(&LIST_FUNCTIONS, &place, "all functions and their versions", &message));
        }
    }

    let mut listed: BTreeMap<FunctionArn, BTreeMap<u64, FunctionConfiguration>> = BTreeMap::new();
    for entry in pages.into_iter().flat_map(|page| page.functions) {
        match identify(recording, &entry, &place) {
            Ok((function, number, configuration)) => {
                let versions = listed.entry(function.clone()).or_default();
                if versions.insert(number, configuration).is_some() {
                    let subject = function.to_string();
                    gaps.push(recording.malformed(&LIST_FUNCTIONS, &subject, "the versions", "a version is listed twice"));
                }
            }
            Err(gap) => gaps.push(gap),
        }
    }

    let mut functions = Vec::new();
    for (arn, configurations) in listed {
        let mut versions = Vec::new();
        for configuration in configurations.into_values() {
            match version(recording, images, root, &arn, configuration, gaps) {
                Ok(version) => versions.push(version),
                Err(gap) => gaps.push(gap),
            }
        }
        if versions.is_empty() {
            continue;
        }
        let aliases = aliases::read(recording, &arn);
        let code_signing = code_signing::read(recording, &arn);
        gaps.extend(aliases.gap().cloned());
        gaps.extend(code_signing.gap().cloned());
        gaps.extend(code_signing.present().and_then(|config| config.detail.gap()).cloned());
        functions.push(Function { arn, versions, aliases, code_signing });
    }
    functions
}

/// The function of a listed entry, and its version as a number that sorts: 0 for `$LATEST`.
fn identify(recording: &Recording, entry: &serde_json::Value, place: &str) -> Result<(FunctionArn, u64, FunctionConfiguration), Gap> {
    // Names what it can, so that a person finds the entry.
    let subject = entry.get("FunctionArn").and_then(|arn| arn.as_str()).unwrap_or(place);
    let fail = |problem: &str| recording.malformed(&LIST_FUNCTIONS, subject, "a function in the listing", problem);
    let configuration = FunctionConfiguration::deserialize(entry).map_err(|error| fail(&error.to_string()))?;
    let arn: FunctionArn = configuration.function_arn.parse().map_err(|error: ArnError| fail(&error.to_string()))?;
    if !recording.is_home_of(&arn.partition, &arn.account, &arn.region) {
        return Err(fail("the function's ARN names another place than the one in which it was recorded"));
    }
    let number = version_number(&configuration.version).ok_or_else(|| fail("`Version` is neither $LATEST nor a number"))?;
    if arn.qualifier.as_ref().is_some_and(|qualifier| *qualifier != configuration.version) {
        return Err(fail("the ARN's qualifier and `Version` differ"));
    }
    Ok((arn.unqualified(), number, configuration))
}

fn version(
    recording: &mut Recording,
    images: &Images,
    root: &Path,
    function: &FunctionArn,
    listed: FunctionConfiguration,
    gaps: &mut Vec<Gap>,
) -> Result<FunctionVersion, Gap> {
    let arn = function.qualified(&listed.version);
    let subject = arn.to_string();
    let wanted = "where the code is, and its state";
    let (configuration, code) = match recording.ask::<GetFunction>(&GET_FUNCTION, &[&function.name, &listed.version], &subject, wanted) {
        Asked::Answered(answer) => {
            let same = answer.configuration.version == listed.version
                && answer.configuration.function_arn.parse::<FunctionArn>().is_ok_and(|a| a.unqualified() == *function);
            if !same {
                return Err(recording.malformed(&GET_FUNCTION, &subject, wanted, "the answer is about another function or version"));
            }
            // A published version is locked, its layers too (UpdateFunctionCode, API reference); $LATEST may have changed between the
            // calls.
            if !listed.is_latest() && answer.configuration.code_sha256 != listed.code_sha256 {
                let problem = "ListFunctions and GetFunction state different CodeSha256 for a published version";
                gaps.push(recording.malformed(&GET_FUNCTION, &subject, "the digest of the code", problem));
            }
            if !listed.is_latest() && !answer.configuration.layer_arns().eq(listed.layer_arns()) {
                let problem = "ListFunctions and GetFunction state different layers for a published version";
                gaps.push(recording.malformed(&GET_FUNCTION, &subject, "its layers", problem));
            }
            // Code, layers and digest from one answer, so that they belong together.
            (answer.configuration, Ok(answer.code))
        }
        Asked::NotFound { message } => (listed, Err(gone(&subject, wanted, message))),
        Asked::Gap(gap) => (listed, Err(gap)),
    };
    gaps.extend(code.as_ref().err().cloned());
    let code_error = code
        .as_ref()
        .ok()
        .and_then(|code| code.error.as_ref())
        .map(|error| CodeError { code: error.error_code.clone(), message: error.message.clone() });

    let fail = |problem: &str| recording.malformed(&GET_FUNCTION, &subject, "the configuration", problem);
    let architecture = architecture(&configuration).ok_or_else(|| fail("`Architectures` names nothing that is known"))?;
    let layers = configuration.layers.as_deref().unwrap_or_default();
    if layers.len() > MAX_LAYERS {
        return Err(fail("more layers than Lambda allows"));
    }
    let layers = layers.iter().map(layer_use).collect::<Result<Vec<_>, _>>().map_err(|problem| fail(&problem))?;
    let code = match configuration.package_type.as_deref() {
        Some("Image") => image_code(images, code, code_error.as_ref(), &architecture, &subject),
        // Answers from before container images carry no PackageType.
        Some("Zip") | None => zip_code(root, &configuration, code, code_error.as_ref(), &subject).map_err(|problem| fail(&problem))?,
        Some(other) => return Err(fail(&format!("`PackageType` is {other}"))),
    };
    match &code {
        FunctionCode::Zip { location, .. } => gaps.extend(location.gap().cloned()),
        FunctionCode::Image { image_uri, resolved, location } => {
            gaps.extend(image_uri.gap().into_iter().chain(resolved.gap()).chain(location.gap()).cloned());
        }
    }
    Ok(FunctionVersion {
        arn,
        runtime: configuration.runtime,
        architecture,
        last_modified: timestamp(configuration.last_modified.as_deref()),
        code,
        layers,
        state: configuration.state,
        reason_code: configuration.state_reason_code.or(configuration.last_update_status_reason_code),
        code_error,
    })
}

fn layer_use(entry: &LayerEntry) -> Result<LayerUse, String> {
    Ok(LayerUse {
        arn: entry.arn.parse().map_err(|error: ArnError| error.to_string())?,
        code_size: entry.code_size,
        signing: signing(entry.signing_profile_version_arn.clone(), entry.signing_job_arn.clone()),
    })
}

/// `x86_64` is what Lambda takes where nothing is said (CreateFunction, API reference).
fn architecture(configuration: &FunctionConfiguration) -> Option<String> {
    match configuration.architectures.as_deref().unwrap_or_default() {
        [] => Some("x86_64".into()),
        [one] if matches!(one.as_str(), "x86_64" | "arm64") => Some(one.clone()),
        _ => None,
    }
}

/// `$LATEST` is 0, so that it sorts first.
pub(super) fn version_number(version: &str) -> Option<u64> {
    if version == "$LATEST" {
        return Some(0);
    }
    let number: u64 = version.parse().ok()?;
    (number > 0 && number.to_string() == version).then_some(number)
}

pub(super) fn gone(subject: &str, wanted: &str, message: String) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: wanted.into(),
        reason: GapReason::Deleted,
        detail: message,
        next_step: "It was deleted while the account was recorded; record again.".into(),
    }
}

impl FunctionConfiguration {
    fn is_latest(&self) -> bool {
        self.version == "$LATEST"
    }

    fn layer_arns(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().flatten().map(|layer| layer.arn.as_str())
    }
}
