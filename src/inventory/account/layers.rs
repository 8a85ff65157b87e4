//! Layer versions: those that functions use, and those that the recorded accounts publish, used or not.

use std::collections::{BTreeMap, BTreeSet};

use super::answered::{Answers, Asked, Stopped};
use super::answers::{
    GET_LAYER_VERSION_BY_ARN, GET_LAYER_VERSION_POLICY, GetLayerVersion, GetLayerVersionPolicy, LIST_LAYER_VERSIONS, LIST_LAYERS,
    ListLayerVersions, ListLayers, PolicyDocument, PolicyStatement, Principal, signing, timestamp,
};
use super::origin::{Extent, ZipOf};
use crate::model::arn::LayerVersionArn;
use crate::model::artifact::S3Object;
use crate::model::digest::ClaimedDigest;
use crate::model::function::Function;
use crate::model::gap::{Gap, GapReason};
use crate::model::layer::{LayerContent, LayerPermission, LayerPolicy, LayerVersion};
use crate::model::observed::Observed;

const WANTED: &str = "the bytes";
const WANTED_POLICY: &str = "the sharing";
/// Statements of one layer version's policy; its size at AWS is 20 KiB.
const MAX_STATEMENTS: usize = 1_000;

/// Every layer version, by ARN; what could not be learned goes to `gaps`.
pub(super) fn read(places: &mut [Answers<'_>], functions: &[Function], gaps: &mut Vec<Gap>) -> BTreeMap<LayerVersionArn, LayerVersion> {
    let mut wanted: BTreeSet<LayerVersionArn> =
        functions.iter().flat_map(|f| &f.versions).flat_map(|v| &v.layers).map(|used| used.arn.clone()).collect();
    for answers in places.iter_mut() {
        wanted.extend(match answers.origin().extent() {
            Extent::Whole => published(answers, gaps),
            Extent::Part(part) => part.layers.iter().cloned().collect(),
        });
    }
    wanted
        .into_iter()
        .map(|arn| {
            let layer = layer_version(places, &arn, gaps);
            (arn, layer)
        })
        .collect()
}

/// The layer versions that the place's account publishes.
fn published(answers: &mut Answers<'_>, gaps: &mut Vec<Gap>) -> Vec<LayerVersionArn> {
    let place = format!("{}/{}", answers.place().account, answers.place().region);
    let wanted = "the layers that the account publishes";
    let (pages, stopped) = answers.ask_all::<ListLayers>(&LIST_LAYERS, &[], &place, wanted);
    gaps.extend(stopped.map(|stopped| stopped.into_gap(answers, &place, wanted)));
    let names: BTreeSet<String> = pages.into_iter().flat_map(|page| page.layers).map(|layer| layer.layer_name).collect();

    let mut arns = Vec::new();
    for name in names {
        let subject = format!("{place} layer {name}");
        let wanted = "the versions";
        let (pages, stopped) = answers.ask_all::<ListLayerVersions>(&LIST_LAYER_VERSIONS, &[&name], &subject, wanted);
        gaps.extend(stopped.map(|stopped| stopped.into_gap(answers, &subject, wanted)));
        for version in pages.into_iter().flat_map(|page| page.layer_versions) {
            match version.layer_version_arn.parse::<LayerVersionArn>() {
                Ok(arn) if answers.is_home_of(&arn.partition, &arn.account, &arn.region) && arn.name == name => arns.push(arn),
                Ok(arn) => {
                    let problem = format!("{arn} is listed in another place, or under another name, than its own");
                    gaps.push(answers.malformed(&LIST_LAYER_VERSIONS, &subject, wanted, &problem));
                }
                Err(error) => gaps.push(answers.malformed(&LIST_LAYER_VERSIONS, &subject, wanted, &error.to_string())),
            }
        }
    }
    arns
}

/// A layer version as the places that asked for it know it. The publishing account's answer comes first: it alone can say "deleted",
/// where other accounts are denied whatever the cause (facts: aws-lambda.md §0.5).
fn layer_version(places: &mut [Answers<'_>], arn: &LayerVersionArn, gaps: &mut Vec<Gap>) -> LayerVersion {
    let subject = arn.to_string();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|at| places.get(*at).is_none_or(|r| !r.is_home_of(&arn.partition, &arn.account, &arn.region)));

    let mut answer: Option<LayerVersion> = None;
    let mut failure: Option<Gap> = None;
    let mut contradiction = None;
    for at in order {
        let Some(answers) = places.get_mut(at) else { continue };
        let home = answers.is_home_of(&arn.partition, &arn.account, &arn.region);
        // Every place that uses the layer has asked for it; the others have not, and owe no answer.
        if !home && !answers.has(&GET_LAYER_VERSION_BY_ARN, &[&subject]) {
            continue;
        }
        match described(answers, arn) {
            Ok(described) => match &answer {
                Some(earlier) if claims(earlier) != claims(&described) => {
                    let problem = "two places were given different digests or sizes for the same layer version";
                    contradiction = Some(answers.malformed(&GET_LAYER_VERSION_BY_ARN, &subject, WANTED, problem));
                }
                Some(_) => {}
                None => answer = Some(described),
            },
            Err(gap) if home && gap.reason == GapReason::Deleted => {
                failure = Some(gap);
                answer = None;
                break;
            }
            // NotRecorded in one place yields to a real answer, or a real refusal, in another.
            Err(gap) => {
                if failure.as_ref().is_none_or(|earlier| earlier.reason == GapReason::NotRecorded) {
                    failure = Some(gap);
                }
            }
        }
    }
    let failure = contradiction.or(if answer.is_some() { None } else { failure });
    let mut layer = match (answer, failure) {
        (Some(layer), None) => layer,
        (_, Some(gap)) => without_content(arn, gap),
        (None, None) => without_content(
            arn,
            Gap {
                subject: subject.clone(),
                wanted: WANTED.into(),
                reason: GapReason::NotRecorded,
                detail: "no account that was looked at asked for it".into(),
                next_step: "Look at an account that may use the layer.".into(),
            },
        ),
    };
    gaps.extend(layer.content.gap().cloned());
    layer.policy = policy(places, arn, gaps);
    layer
}

fn described(answers: &mut Answers<'_>, arn: &LayerVersionArn) -> Result<LayerVersion, Gap> {
    let subject = arn.to_string();
    let answer = match answers.ask::<GetLayerVersion>(&GET_LAYER_VERSION_BY_ARN, &[&subject], &subject, WANTED) {
        Asked::Answered(answer) => answer,
        Asked::NotFound { message } => {
            return Err(Gap {
                subject,
                wanted: WANTED.into(),
                reason: GapReason::Deleted,
                detail: message,
                next_step: "Move the functions that use it to a version that still exists; a deleted one can't be downloaded.".into(),
            });
        }
        Asked::Gap(gap) => return Err(foreign_denial(answers, arn, gap)),
    };
    let fail = |problem: &str| answers.malformed(&GET_LAYER_VERSION_BY_ARN, &subject, WANTED, problem);
    if answer.layer_version_arn != subject {
        return Err(fail("the answer is about another layer version"));
    }
    let content = answer.content;
    let code_sha256 = ClaimedDigest::from_code_sha256(&content.code_sha256).map_err(|error| fail(&format!("`CodeSha256`: {error}")))?;
    let s3_reference = content.resolved_s3_object.map(S3Object::from);
    Ok(LayerVersion {
        arn: arn.clone(),
        content: Observed::Present(LayerContent {
            code_sha256,
            code_size: content.code_size,
            location: answers.origin().zip(answers.place(), ZipOf::Layer(arn), content.location.as_deref(), s3_reference.as_ref())?,
            signing: signing(content.signing_profile_version_arn, content.signing_job_arn),
            s3_reference,
        }),
        created: timestamp(answer.created_date.as_deref()),
        compatible_runtimes: answer.compatible_runtimes.unwrap_or_default(),
        compatible_architectures: answer.compatible_architectures.unwrap_or_default(),
        policy: Observed::Absent,
    })
}

/// Across accounts AWS denies alike what is deleted, what is no longer shared and what never was (facts: aws-lambda.md §0.5), so that a
/// right given to the recorder may not help.
fn foreign_denial(answers: &Answers<'_>, arn: &LayerVersionArn, gap: Gap) -> Gap {
    let place = answers.place();
    if !matches!(gap.reason, GapReason::Denied { .. }) || place.account == arn.account {
        return gap;
    }
    let next_step = format!(
        "Ask account {} whether it deleted the version or stopped sharing it with account {}; use a version that it shares, or a copy of your own.",
        arn.account, place.account
    );
    Gap { next_step, ..gap }
}

fn without_content(arn: &LayerVersionArn, gap: Gap) -> LayerVersion {
    LayerVersion {
        arn: arn.clone(),
        content: Observed::Unknown(gap),
        created: None,
        compatible_runtimes: Vec::new(),
        compatible_architectures: Vec::new(),
        policy: Observed::Absent,
    }
}

/// What has to be the same in two places' answers about one version.
fn claims(layer: &LayerVersion) -> Option<(ClaimedDigest, u64)> {
    layer.content.present().map(|content| (content.code_sha256, content.code_size))
}

fn policy(places: &mut [Answers<'_>], arn: &LayerVersionArn, gaps: &mut Vec<Gap>) -> Observed<LayerPolicy> {
    let subject = arn.to_string();
    let elsewhere = places.first().map_or("not among what was looked at", |answers| answers.words().elsewhere);
    let Some(home) = places.iter_mut().find(|r| r.is_home_of(&arn.partition, &arn.account, &arn.region)) else {
        // Only the publisher can read it, so that no recording of other accounts could hold it: unknown, and no fault of the answers.
        return Observed::Unknown(Gap {
            subject,
            wanted: WANTED_POLICY.into(),
            reason: GapReason::Denied { action: GET_LAYER_VERSION_POLICY.action() },
            detail: format!("account {} is {elsewhere}", arn.account),
            next_step: "Only the publishing account can read the policy of its layers.".into(),
        });
    };
    let version = arn.version.to_string();
    let observed = match home.ask::<GetLayerVersionPolicy>(&GET_LAYER_VERSION_POLICY, &[&arn.name, &version], &subject, WANTED_POLICY) {
        // A version that was shared with nobody has no policy, and this is how Lambda says so.
        Asked::NotFound { .. } => Observed::Absent,
        Asked::Gap(gap) => Observed::Unknown(gap),
        Asked::Answered(answer) => match permissions(&answer.policy) {
            Ok(permissions) => Observed::Present(LayerPolicy { permissions }),
            Err(problem) => Observed::Unknown(home.malformed(&GET_LAYER_VERSION_POLICY, &subject, WANTED_POLICY, &problem)),
        },
    };
    gaps.extend(observed.gap().cloned());
    observed
}

fn permissions(document: &str) -> Result<Vec<LayerPermission>, String> {
    let document: PolicyDocument = serde_json::from_str(document).map_err(|error| format!("`Policy`: {error}"))?;
    let statements = document.statement.into_vec();
    if statements.len() > MAX_STATEMENTS {
        return Err(format!("`Policy` has more than {MAX_STATEMENTS} statements"));
    }
    let mut permissions = Vec::new();
    for statement in statements {
        if statement.effect == "Allow" {
            permissions.extend(allowed(statement));
        }
    }
    Ok(permissions)
}

/// One permission per principal of an Allow statement. Only the organization condition narrows `*`; any other condition is one that
/// layer policies do not have (AddLayerVersionPermission, API reference), and is not trusted to narrow anything.
fn allowed(statement: PolicyStatement) -> Vec<LayerPermission> {
    let actions = statement.action.into_vec();
    // A pattern may cover the one action that layers have; it is taken to.
    let for_layers = actions.iter().any(|action| action.eq_ignore_ascii_case("lambda:GetLayerVersion") || action.contains(['*', '?']));
    if !for_layers {
        return Vec::new();
    }
    let organization = statement.condition.get("StringEquals").and_then(|condition| {
        let (_, value) = condition.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalOrgID"))?;
        Some(value.as_vec().into_iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    });
    let principals = match statement.principal {
        Principal::Any(principal) => vec![principal],
        Principal::Of(kinds) => kinds.into_values().flat_map(|values| values.into_vec()).collect(),
    };
    principals
        .into_iter()
        .map(|principal| LayerPermission { sid: statement.sid.clone(), principal, organization: organization.clone() })
        .collect()
}

impl Stopped {
    /// A listing of layers that is not found is one that nobody can rely on.
    fn into_gap(self, answers: &Answers<'_>, subject: &str, wanted: &str) -> Gap {
        match self {
            Self::Gap(gap) => gap,
            Self::NotFound { message } => Gap {
                subject: subject.into(),
                wanted: wanted.into(),
                reason: GapReason::Deleted,
                detail: message,
                next_step: answers.words().gone.into(),
            },
        }
    }
}
