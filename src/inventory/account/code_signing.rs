//! The code signing configuration of a function.

use super::answered::{Answers, Asked};
use super::answers::{GET_CODE_SIGNING_CONFIG, GET_FUNCTION_CODE_SIGNING_CONFIG, GetCodeSigningConfig, GetFunctionCodeSigningConfig};
use super::functions::gone;
use crate::model::arn::FunctionArn;
use crate::model::function::{CodeSigningConfig, CodeSigningDetail};
use crate::model::observed::Observed;

/// GetFunctionCodeSigningConfig, joined with GetCodeSigningConfig.
pub(super) fn read(answers: &mut Answers<'_>, function: &FunctionArn, is_zip: bool) -> Observed<CodeSigningConfig> {
    // Images cannot have one (configuration-codesigning, Lambda developer guide), and nobody has to ask.
    if !is_zip && !answers.has(&GET_FUNCTION_CODE_SIGNING_CONFIG, &[&function.name]) {
        return Observed::Absent;
    }
    let subject = function.to_string();
    let wanted = "the code signing configuration";
    let arn = match answers.ask::<GetFunctionCodeSigningConfig>(&GET_FUNCTION_CODE_SIGNING_CONFIG, &[&function.name], &subject, wanted) {
        // Lambda answers `{}` for a function that has none (facts: aws-signer.md §1.3).
        Asked::Answered(answer) => match answer.code_signing_config_arn.filter(|arn| !arn.is_empty()) {
            Some(arn) => arn,
            None => return Observed::Absent,
        },
        Asked::NotFound { message } => return Observed::Unknown(gone(answers, &subject, wanted, message)),
        Asked::Gap(gap) => return Observed::Unknown(gap),
    };
    let wanted = "what its code signing configuration enforces";
    let detail = match answers.ask::<GetCodeSigningConfig>(&GET_CODE_SIGNING_CONFIG, &[&arn], &subject, wanted) {
        Asked::Answered(GetCodeSigningConfig { code_signing_config: config }) => {
            let policy = config.code_signing_policies.untrusted_artifact_on_deployment;
            if config.code_signing_config_arn != arn {
                Observed::Unknown(answers.malformed(&GET_CODE_SIGNING_CONFIG, &subject, wanted, "the answer is about another one"))
            } else if !matches!(policy.as_str(), "Warn" | "Enforce") {
                let problem = format!("UntrustedArtifactOnDeployment is `{policy}`");
                Observed::Unknown(answers.malformed(&GET_CODE_SIGNING_CONFIG, &subject, wanted, &problem))
            } else {
                Observed::Present(CodeSigningDetail {
                    untrusted_artifact: policy,
                    profile_version_arns: config.allowed_publishers.signing_profile_version_arns,
                    read_from: Some(answers.name(&GET_CODE_SIGNING_CONFIG).into()),
                })
            }
        }
        Asked::NotFound { message } => Observed::Unknown(gone(answers, &subject, wanted, message)),
        Asked::Gap(gap) => Observed::Unknown(gap),
    };
    Observed::Present(CodeSigningConfig { arn, detail })
}
