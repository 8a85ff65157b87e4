//! Where the code of a function version is: a zip, or an image.

use std::path::Path;

use super::answers::{FunctionCodeLocation, FunctionConfiguration, signing};
use super::images::Images;
use super::path::plain;
use crate::model::artifact::BlobLocation;
use crate::model::digest::ClaimedDigest;
use crate::model::function::{CodeError, FunctionCode};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::{ImageRef, ImageRefError};
use crate::model::observed::Observed;

pub(super) fn zip_code(
    root: &Path,
    configuration: &FunctionConfiguration,
    code: Result<FunctionCodeLocation, Gap>,
    code_error: Option<&CodeError>,
    subject: &str,
) -> Result<FunctionCode, String> {
    let claimed = configuration.code_sha256.as_deref().ok_or("no `CodeSha256`")?;
    let code_sha256 = ClaimedDigest::from_code_sha256(claimed).map_err(|error| format!("`CodeSha256`: {error}"))?;
    let code_size = configuration.code_size.ok_or("no `CodeSize`")?;
    let mut s3_reference = None;
    let location = match code {
        Err(gap) => Observed::Unknown(gap),
        Ok(code) => {
            s3_reference = code.resolved_s3_object.map(Into::into);
            match (code_error, code.location) {
                (Some(error), _) => Observed::Unknown(service_error(error, subject)),
                (None, location) => match blob_location(root, location.as_deref(), subject) {
                    Ok(location) => Observed::Present(location),
                    Err(gap) => Observed::Unknown(gap),
                },
            }
        }
    };
    let signing = signing(configuration.signing_profile_version_arn.clone(), configuration.signing_job_arn.clone());
    Ok(FunctionCode::Zip { code_sha256, code_size, location, signing, s3_reference })
}

pub(super) fn image_code(
    images: &Images,
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
    let image_uri = image(code.image_uri.as_deref(), subject, "ImageUri");
    // "Lambda resolves the image tag to an image digest": without a digest it is no resolved reference.
    let resolved = match image(code.resolved_image_uri.as_deref(), subject, "ResolvedImageUri") {
        Observed::Present(image) if image.digest.is_none() => {
            Observed::Unknown(malformed_image(subject, "ResolvedImageUri", format!("`{image}` carries no digest")))
        }
        image @ (Observed::Present(_) | Observed::Absent | Observed::Unknown(_)) => image,
    };
    let location = match (code_error, &resolved) {
        (Some(error), _) => Observed::Unknown(service_error(error, subject)),
        (None, Observed::Present(image)) => images.location(image, architecture),
        (None, Observed::Unknown(gap)) => Observed::Unknown(gap.clone()),
        (None, Observed::Absent) => Observed::Unknown(Gap {
            subject: subject.into(),
            wanted: "the digest of the image that runs".into(),
            reason: GapReason::NotRecorded,
            detail: "GetFunction gives no ResolvedImageUri".into(),
            next_step: "See whether the function is Active and its image still in the repository, and record again.".into(),
        }),
    };
    FunctionCode::Image { image_uri, resolved, location }
}

fn image(text: Option<&str>, subject: &str, member: &str) -> Observed<ImageRef> {
    match text {
        None => Observed::Absent,
        Some(text) => match text.parse() {
            Ok(image) => Observed::Present(image),
            Err(error @ ImageRefError { .. }) => Observed::Unknown(malformed_image(subject, member, error.to_string())),
        },
    }
}

fn malformed_image(subject: &str, member: &str, problem: String) -> Gap {
    Gap {
        subject: subject.into(),
        wanted: format!("the {member}"),
        reason: GapReason::Malformed,
        detail: problem,
        next_step: "Record the account again.".into(),
    }
}

/// The place of a zip that an answer names, as a path below the snapshot's folder. Whether it is there is found out by `fetch`.
pub(super) fn blob_location(root: &Path, location: Option<&str>, subject: &str) -> Result<BlobLocation, Gap> {
    let gap = |reason, detail: String| Gap {
        subject: subject.into(),
        wanted: "the bytes of the zip".into(),
        reason,
        detail,
        next_step: "Record the account again with its blobs.".into(),
    };
    match location {
        None => Err(gap(GapReason::NotRecorded, "the answer names no `Location`".into())),
        // A link carries credentials in its query, so that it is not repeated; it died ten minutes after it was made.
        Some(text) if text.contains("://") => {
            Err(gap(GapReason::NotRecorded, "`Location` holds a link in place of a path in the snapshot".into()))
        }
        Some(text) => match plain(text) {
            Ok(path) => Ok(BlobLocation::Snapshot { root: root.into(), path }),
            Err(problem) => Err(gap(GapReason::Malformed, format!("`Location` is `{}`: {problem}", short(text)))),
        },
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
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
