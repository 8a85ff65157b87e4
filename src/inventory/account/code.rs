//! Where the code of a function version is: a zip, or an image.

use super::answered::Answers;
use super::answers::{FunctionCodeLocation, FunctionConfiguration, signing};
use super::origin::ZipOf;
use crate::model::arn::FunctionArn;
use crate::model::artifact::S3Object;
use crate::model::digest::ClaimedDigest;
use crate::model::function::{CodeError, FunctionCode};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::observed::Observed;

pub(super) fn zip_code(
    answers: &Answers<'_>,
    arn: &FunctionArn,
    configuration: &FunctionConfiguration,
    code: Result<FunctionCodeLocation, Gap>,
    code_error: Option<&CodeError>,
) -> Result<FunctionCode, String> {
    let claimed = configuration.code_sha256.as_deref().ok_or("no `CodeSha256`")?;
    let code_sha256 = ClaimedDigest::from_code_sha256(claimed).map_err(|error| format!("`CodeSha256`: {error}"))?;
    let code_size = configuration.code_size.ok_or("no `CodeSize`")?;
    let mut s3_reference = None;
    let location = match code {
        Err(gap) => Observed::Unknown(gap),
        Ok(code) => {
            s3_reference = code.resolved_s3_object.map(S3Object::from);
            match code_error {
                Some(error) => Observed::Unknown(service_error(error, &arn.to_string())),
                None => {
                    let of = ZipOf::Function(arn);
                    match answers.origin().zip(answers.place(), of, code.location.as_deref(), s3_reference.as_ref()) {
                        Ok(location) => Observed::Present(location),
                        Err(gap) => Observed::Unknown(gap),
                    }
                }
            }
        }
    };
    let signing = signing(configuration.signing_profile_version_arn.clone(), configuration.signing_job_arn.clone());
    Ok(FunctionCode::Zip { code_sha256, code_size, location, signing, s3_reference })
}

pub(super) fn image_code(
    answers: &Answers<'_>,
    code: Result<FunctionCodeLocation, Gap>,
    code_error: Option<&CodeError>,
    architecture: &str,
    subject: &str,
) -> FunctionCode {
    let code = match code {
        Ok(code) => code,
        Err(gap) => {
            return FunctionCode::Image {
                image_uri: Observed::Unknown(gap.clone()),
                resolved: Observed::Unknown(gap.clone()),
                location: Observed::Unknown(gap),
            };
        }
    };
    let again = answers.words().again;
    let malformed_image = |member: &str, problem: String| Gap {
        subject: subject.into(),
        wanted: format!("the {member}"),
        reason: GapReason::Malformed,
        detail: problem,
        next_step: format!("{again}."),
    };
    let image = |text: Option<&str>, member: &str| match text {
        None => Observed::Absent,
        Some(text) => match text.parse::<ImageRef>() {
            Ok(image) => Observed::Present(image),
            Err(error) => Observed::Unknown(malformed_image(member, error.to_string())),
        },
    };
    let image_uri = image(code.image_uri.as_deref(), "ImageUri");
    // "Lambda resolves the image tag to an image digest": without a digest it is no resolved reference.
    let resolved = match image(code.resolved_image_uri.as_deref(), "ResolvedImageUri") {
        Observed::Present(image) if image.digest.is_none() => {
            Observed::Unknown(malformed_image("ResolvedImageUri", format!("`{image}` carries no digest")))
        }
        image @ (Observed::Present(_) | Observed::Absent | Observed::Unknown(_)) => image,
    };
    let location = match (code_error, &resolved) {
        (Some(error), _) => Observed::Unknown(service_error(error, subject)),
        (None, Observed::Present(image)) => answers.origin().image(answers.place(), image, architecture),
        (None, Observed::Unknown(gap)) => Observed::Unknown(gap.clone()),
        (None, Observed::Absent) => Observed::Unknown(Gap {
            subject: subject.into(),
            wanted: "the digest of the image that runs".into(),
            reason: GapReason::NotRecorded,
            detail: "GetFunction gives no ResolvedImageUri".into(),
            next_step: format!("See whether the function is Active and its image still in the repository. {again}."),
        }),
    };
    FunctionCode::Image { image_uri, resolved, location }
}

fn service_error(error: &CodeError, subject: &str) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: "the bytes of the code".into(),
        reason: GapReason::ServiceError { code: error.code.clone() },
        detail: error.message.clone(),
        next_step: "Let the Lambda service read the package again: its S3 object, its key policy or its repository policy.".into(),
    }
}
