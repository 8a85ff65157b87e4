//! Functions of one place: versions, aliases, code signing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answered::{Answers, Asked, Stopped};
use super::answers::{
    CodeLocationError, FunctionConfiguration, GET_FUNCTION, GetFunction, LIST_FUNCTIONS, LIST_VERSIONS_BY_FUNCTION, LayerEntry,
    ListFunctions, ListVersionsByFunction, signing, timestamp,
};
use super::code::{image_code, zip_code};
use super::origin::Extent;
use super::{aliases, code_signing};
use crate::model::arn::{ArnError, FunctionArn};
use crate::model::function::{CodeError, Function, FunctionCode, FunctionVersion, LayerUse};
use crate::model::gap::{Gap, GapReason};
use crate::model::observed::Observed;

/// Layers of one function version. AWS allows five.
const MAX_LAYERS: usize = 64;

/// Every function of the place, its versions in order; what could not be learned goes to `gaps`.
pub(super) fn read(answers: &mut Answers<'_>, gaps: &mut Vec<Gap>) -> Vec<Function> {
    let place = format!("{}/{}", answers.place().account, answers.place().region);
    let entries = match answers.origin().extent() {
        Extent::Part(part) if part.by_name => named(answers, &part.functions, gaps),
        Extent::Whole | Extent::Part(_) => all(answers, &place, gaps),
    };

    let mut listed: BTreeMap<FunctionArn, BTreeMap<u64, FunctionConfiguration>> = BTreeMap::new();
    for entry in entries {
        match identify(answers, &entry, &place) {
            Ok((function, _, _)) if !answers.origin().extent().has(&function) => {}
            Ok((function, number, configuration)) => {
                let versions = listed.entry(function.clone()).or_default();
                if versions.insert(number, configuration).is_some() {
                    let subject = function.to_string();
                    gaps.push(answers.malformed(&LIST_FUNCTIONS, &subject, "the versions", "a version is listed twice"));
                }
            }
            Err(gap) => gaps.push(gap),
        }
    }

    let mut functions = Vec::new();
    for (arn, configurations) in listed {
        let mut versions = Vec::new();
        let mut tags = None;
        for configuration in configurations.into_values() {
            match version(answers, &arn, configuration, gaps) {
                Ok((version, of_function)) => {
                    versions.push(version);
                    tags = tags.or(Some(of_function));
                }
                Err(gap) => gaps.push(gap),
            }
        }
        if versions.is_empty() {
            continue;
        }
        let aliases = aliases::read(answers, &arn);
        let code_signing =
            code_signing::read(answers, &arn, versions.iter().any(|version| matches!(version.code, FunctionCode::Zip { .. })));
        gaps.extend(aliases.gap().cloned());
        gaps.extend(code_signing.gap().cloned());
        gaps.extend(code_signing.present().and_then(|config| config.detail.gap()).cloned());
        functions.push(Function { arn, versions, aliases, code_signing, tags: tags.unwrap_or(Observed::Absent) });
    }
    functions
}

/// What the listing of all functions holds.
fn all(answers: &mut Answers<'_>, place: &str, gaps: &mut Vec<Gap>) -> Vec<serde_json::Value> {
    let wanted = "all functions and their versions";
    // Without FunctionVersion=ALL only $LATEST is listed, and a published version that an alias serves would be missed.
    let (pages, stopped) = answers.ask_all::<ListFunctions>(&LIST_FUNCTIONS, &["ALL"], place, wanted);
    match stopped {
        None => {}
        Some(Stopped::Gap(gap)) => gaps.push(gap),
        Some(Stopped::NotFound { message }) => gaps.push(answers.malformed(&LIST_FUNCTIONS, place, wanted, &message)),
    }
    pages.into_iter().flat_map(|page| page.functions).collect()
}

/// The versions of the functions that were asked for by name. One that does not exist has none.
fn named(answers: &mut Answers<'_>, functions: &BTreeSet<FunctionArn>, gaps: &mut Vec<Gap>) -> Vec<serde_json::Value> {
    let mut entries = Vec::new();
    for arn in functions.iter().filter(|arn| answers.place().is_of(&arn.partition, &arn.account, &arn.region)).cloned().collect::<Vec<_>>()
    {
        let api = &LIST_VERSIONS_BY_FUNCTION;
        let (pages, stopped) = answers.ask_all::<ListVersionsByFunction>(api, &[&arn.name], &arn.to_string(), "its versions");
        match stopped {
            None => {}
            // It is not there, unless some of it was a moment ago.
            Some(Stopped::NotFound { .. }) if pages.is_empty() => {}
            Some(Stopped::NotFound { message }) => gaps.push(gone(answers, &arn.to_string(), "its versions", message)),
            Some(Stopped::Gap(gap)) => gaps.push(gap),
        }
        entries.extend(pages.into_iter().flat_map(|page| page.versions));
    }
    entries
}

/// The function of a listed entry, and its version as a number that sorts: 0 for `$LATEST`.
fn identify(answers: &Answers<'_>, entry: &serde_json::Value, place: &str) -> Result<(FunctionArn, u64, FunctionConfiguration), Gap> {
    // Names what it can, so that a person finds the entry.
    let subject = entry.get("FunctionArn").and_then(|arn| arn.as_str()).unwrap_or(place);
    let fail = |problem: &str| answers.malformed(&LIST_FUNCTIONS, subject, "a function in the listing", problem);
    let configuration = FunctionConfiguration::deserialize(entry).map_err(|error| fail(&error.to_string()))?;
    let arn: FunctionArn = configuration.function_arn.parse().map_err(|error: ArnError| fail(&error.to_string()))?;
    if !answers.is_home_of(&arn.partition, &arn.account, &arn.region) {
        return Err(fail("the function's ARN names another place than the one in which it was recorded"));
    }
    let number = version_number(&configuration.version).ok_or_else(|| fail("`Version` is neither $LATEST nor a number"))?;
    if arn.qualifier.as_ref().is_some_and(|qualifier| *qualifier != configuration.version) {
        return Err(fail("the ARN's qualifier and `Version` differ"));
    }
    Ok((arn.unqualified(), number, configuration))
}

fn version(
    answers: &mut Answers<'_>,
    function: &FunctionArn,
    listed: FunctionConfiguration,
    gaps: &mut Vec<Gap>,
) -> Result<(FunctionVersion, Observed<BTreeMap<String, String>>), Gap> {
    let arn = function.qualified(&listed.version);
    let subject = arn.to_string();
    let wanted = "where the code is, and its state";
    let (configuration, code) = match answers.ask::<GetFunction>(&GET_FUNCTION, &[&function.name, &listed.version], &subject, wanted) {
        Asked::Answered(answer) => {
            let same = answer.configuration.version == listed.version
                && answer.configuration.function_arn.parse::<FunctionArn>().is_ok_and(|a| a.unqualified() == *function);
            if !same {
                return Err(answers.malformed(&GET_FUNCTION, &subject, wanted, "the answer is about another function or version"));
            }
            // A published version is locked, its layers too (UpdateFunctionCode, API reference); $LATEST may have changed between the
            // calls.
            if !listed.is_latest() && answer.configuration.code_sha256 != listed.code_sha256 {
                let problem = "ListFunctions and GetFunction state different CodeSha256 for a published version";
                gaps.push(answers.malformed(&GET_FUNCTION, &subject, "the digest of the code", problem));
            }
            if !listed.is_latest() && !answer.configuration.layer_arns().eq(listed.layer_arns()) {
                let problem = "ListFunctions and GetFunction state different layers for a published version";
                gaps.push(answers.malformed(&GET_FUNCTION, &subject, "its layers", problem));
            }
            // Code, layers and digest from one answer, so that they belong together.
            let tags = tags(&subject, answer.tags, answer.tags_error);
            (answer.configuration, Ok((answer.code, tags)))
        }
        Asked::NotFound { message } => (listed, Err(gone(answers, &subject, wanted, message))),
        Asked::Gap(gap) => (listed, Err(gap)),
    };
    gaps.extend(code.as_ref().err().cloned());
    let (code, tags) = match code {
        Ok((code, tags)) => (Ok(code), tags),
        Err(gap) => (Err(gap.clone()), Observed::Unknown(gap)),
    };
    let code_error = code
        .as_ref()
        .ok()
        .and_then(|code| code.error.as_ref())
        .map(|error| CodeError { code: error.error_code.clone(), message: error.message.clone() });

    let fail = |problem: &str| answers.malformed(&GET_FUNCTION, &subject, "the configuration", problem);
    let architecture = architecture(&configuration).ok_or_else(|| fail("`Architectures` names nothing that is known"))?;
    let layers = configuration.layers.as_deref().unwrap_or_default();
    if layers.len() > MAX_LAYERS {
        return Err(fail("more layers than Lambda allows"));
    }
    let layers = layers.iter().map(layer_use).collect::<Result<Vec<_>, _>>().map_err(|problem| fail(&problem))?;
    let code = match configuration.package_type.as_deref() {
        Some("Image") => image_code(answers, code, code_error.as_ref(), &architecture, &subject),
        // Answers from before container images carry no PackageType.
        Some("Zip") | None => zip_code(answers, &arn, &configuration, code, code_error.as_ref()).map_err(|problem| fail(&problem))?,
        Some(other) => return Err(fail(&format!("`PackageType` is {other}"))),
    };
    match &code {
        FunctionCode::Zip { location, .. } => gaps.extend(location.gap().cloned()),
        FunctionCode::Image { image_uri, resolved, location } => {
            gaps.extend(image_uri.gap().into_iter().chain(resolved.gap()).chain(location.gap()).cloned());
        }
    }
    let version = FunctionVersion {
        arn,
        runtime: configuration.runtime,
        architecture,
        last_modified: timestamp(configuration.last_modified.as_deref()),
        code,
        layers,
        state: configuration.state,
        reason_code: configuration.state_reason_code.or(configuration.last_update_status_reason_code),
        code_error,
    };
    Ok((version, tags))
}

/// GetFunction gives the tags of the function, or why they cannot be had.
fn tags(subject: &str, tags: Option<BTreeMap<String, String>>, error: Option<CodeLocationError>) -> Observed<BTreeMap<String, String>> {
    match (tags, error) {
        (Some(tags), _) => Observed::Present(tags),
        (None, None) => Observed::Absent,
        (None, Some(error)) => Observed::Unknown(Gap {
            subject: subject.into(),
            wanted: "its tags".into(),
            reason: GapReason::Denied { action: "lambda:ListTags".into() },
            detail: format!("{}: {}", error.error_code, error.message),
            next_step: "Allow lambda:ListTags to the role that asks.".into(),
        }),
    }
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

pub(super) fn gone(answers: &Answers<'_>, subject: &str, wanted: &str, message: String) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: wanted.into(),
        reason: GapReason::Deleted,
        detail: message,
        next_step: answers.words().gone.into(),
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
