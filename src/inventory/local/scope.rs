//! `--as ARN`: the scope that a user gives to a local file (DESIGN §4 rule 7).

use std::str::FromStr;

use super::TargetError;
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::Subject;
use crate::model::digest::ClaimedDigest;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::FileForm;

/// What a local artifact stands for.
///
/// - A layer version ARN: that layer version.
/// - A function ARN: the code of that version. Without a qualifier it is `$LATEST`, as Lambda itself reads an unqualified ARN. An alias
///   is refused, since it names no bytes of its own.
/// - An image reference with a digest: that image. A tag beside the digest is dropped: the subject of an image is its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    given: String,
    subject: Subject,
}

impl Scope {
    /// The subject, where `form` can be it: a zip or folder is no image, and an image is no layer.
    pub fn subject_for(&self, form: FileForm) -> Result<Subject, TargetError> {
        let presented = match form {
            FileForm::Zip => "a zip archive",
            FileForm::Directory => "a folder",
            FileForm::OciLayout | FileForm::OciArchive => "a container image",
            // Nobody can say what it was meant to be; it is refused whatever its scope.
            FileForm::Unrecognised => return Ok(self.subject.clone()),
        };
        let is_image = matches!(form, FileForm::OciLayout | FileForm::OciArchive);
        let (expected, wants_image) = match &self.subject {
            Subject::Layer(_) => ("a layer version", false),
            Subject::Function(_) => ("the zip of a function version", false),
            Subject::Image(_) => ("an image", true),
            Subject::File(_) => ("a file", is_image),
        };
        if wants_image != is_image {
            return Err(TargetError::ScopeMismatch { given: self.given.clone(), expected, presented });
        }
        Ok(self.subject.clone())
    }

    /// The digest that an image reference claims.
    pub fn claimed(&self) -> Option<ClaimedDigest> {
        match &self.subject {
            Subject::Image(image) => image.digest,
            Subject::Function(_) | Subject::Layer(_) | Subject::File(_) => None,
        }
    }
}

impl FromStr for Scope {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let fail = |reason| TargetError::NotAScope { given: text.chars().take(300).collect(), reason };
        let subject = if text.starts_with("arn:") {
            if let Ok(layer) = text.parse::<LayerVersionArn>() {
                Subject::Layer(layer)
            } else {
                let arn: FunctionArn = text.parse().map_err(|_| fail("it is neither a layer version ARN nor a function ARN"))?;
                let version = arn.qualifier.as_deref().unwrap_or("$LATEST");
                if version != "$LATEST" && !version.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(fail("it names an alias, which has no bytes of its own; name a version"));
                }
                Subject::Function(arn.qualified(version))
            }
        } else {
            let image: ImageRef = text.parse().map_err(|_| fail("it is neither an ARN nor an image reference"))?;
            if image.digest.is_none() {
                return Err(fail("an image needs its digest, since a tag names no fixed bytes"));
            }
            Subject::Image(ImageRef { tag: None, ..image })
        };
        Ok(Self { given: text.into(), subject })
    }
}
