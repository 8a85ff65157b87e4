//! The object that AWS Lambda reads in place, storage mode REFERENCE: the very version, from whatever region its bucket is in.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Builder, Config, Region, ResponseChecksumValidation};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::super::Wanted;
use super::download::{Body, Opened, Origin, Resume, content_range, strong};
use super::refusal::{About, Kind, Passing, Refusal, Trouble, unanswered};
use crate::clients::Online;
use crate::model::artifact::S3Object;
use crate::model::gap::GapReason;

/// How Amazon S3 says where a bucket is (HeadBucket, "x-amz-bucket-region"; it stands in the answers to GetObject as well).
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// An object, asked of Amazon S3.
pub(super) struct Object<'a> {
    online: &'a Online,
    s3: Client,
    object: &'a S3Object,
    about: About<'a>,
    /// The bucket's region, where it turned out to be another.
    region: Option<Region>,
}

impl<'a> Object<'a> {
    pub fn new(online: &'a Online, s3: Client, object: &'a S3Object, wanted: &Wanted<'a>) -> Self {
        Self { online, s3, object, about: About { subject: wanted.subject }, region: None }
    }

    async fn get(&self, resume: Option<&Resume>) -> Result<GetObjectOutput, Refused> {
        let S3Object { bucket, key, version } = self.object;
        let request = self
            .s3
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_version_id(version.clone())
            .set_range(resume.map(Resume::range))
            .set_if_match(resume.map(|resume| resume.tag.clone()));
        let time = self.online.patience().api;
        match tokio::time::timeout(time, request.customize().config_override(self.settings()).send()).await {
            Ok(answer) => answer.map_err(|error| Refused::Error(Box::new(error))),
            Err(_) => Err(Refused::Late),
        }
    }

    /// We hash with SHA-256 and ask again ourselves: the SDK's checksums and repetitions would do both twice.
    fn settings(&self) -> Builder {
        let settings =
            Config::builder().response_checksum_validation(ResponseChecksumValidation::WhenRequired).retry_config(RetryConfig::disabled());
        match &self.region {
            Some(region) => settings.region(region.clone()),
            None => settings,
        }
    }

    fn opened(&self, answer: GetObjectOutput, resumed: bool) -> Result<Opened, Trouble> {
        if let (Some(asked), Some(answered)) = (&self.object.version, answer.version_id())
            && asked != answered
        {
            let next_step = "Find out who answers in the name of Amazon S3.";
            return Err(Trouble::Final(self.about.gap(
                GapReason::Malformed,
                "the answer is about another version of the object",
                next_step,
            )));
        }
        let tag = strong(answer.e_tag());
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let (from, total) = match answer.content_range().map(content_range) {
            None => (0, length),
            Some(Some((first, last, total))) if resumed && last + 1 == total && length.is_none_or(|length| length == total - first) => {
                (first, Some(total))
            }
            Some(_) => return Err(Trouble::Changed("a part was served that was not asked for".into())),
        };
        Ok(Opened { body: Body::Object(answer.body), from, total, tag })
    }

    fn elsewhere(&self, error: &SdkError<GetObjectError, HttpResponse>) -> Option<Region> {
        elsewhere(&self.s3, error)
    }

    fn trouble(&self, refusal: &Refusal) -> Trouble {
        let gap = |reason, next_step: &str| Trouble::Final(self.about.gap(reason, refusal.detail(), next_step));
        match (refusal.kind(), refusal.status) {
            (_, 412 | 416) => Trouble::Changed("the object changed while it was read".into()),
            (Kind::Throttled | Kind::Server, _) => Trouble::Passing(refusal.passing()),
            (Kind::Key, _) => Trouble::Final(refusal.key_gap(self.about, None)),
            (Kind::Denied, _) => gap(
                GapReason::Denied { action: self.action().into() },
                "Grant it on the object, and in the bucket's policy where the bucket is another account's; without s3:ListBucket, Amazon S3 answers the same for an object that is gone.",
            ),
            (Kind::Expired | Kind::Login, _) => Trouble::Final(refusal.login_gap(self.about)),
            (Kind::Deleted, _) => gap(
                GapReason::Deleted,
                "Bring the object version back, or deploy from another: Lambda reads it in place, and stops running what it cannot read.",
            ),
            (Kind::OtherRegion | Kind::Other, _) => Trouble::Final(refusal.other_gap(self.about)),
        }
    }

    /// The action that is checked (Amazon S3 API, GetObject, "Permissions").
    fn action(&self) -> &'static str {
        if self.object.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" }
    }

    fn late(&self) -> Passing {
        Passing::new(format!("Amazon S3 gave no answer in {:?}", self.online.patience().api))
    }
}

/// Where the bucket is, if that is why the answer is no.
pub(super) fn elsewhere<E>(s3: &Client, error: &SdkError<E, HttpResponse>) -> Option<Region> {
    let SdkError::ServiceError(context) = error else { return None };
    let region = context.raw().headers().get(BUCKET_REGION)?;
    // It becomes a part of the host that is asked.
    let is_name = (1..=32).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let is_other = s3.config().region().is_none_or(|own| own.as_ref() != region);
    (is_name && is_other).then(|| Region::new(region.to_owned()))
}

enum Refused {
    Late,
    Error(Box<SdkError<GetObjectError, HttpResponse>>),
}

impl Origin for Object<'_> {
    async fn open(&mut self, resume: Option<&Resume>) -> Result<Opened, Trouble> {
        loop {
            let error = match self.get(resume).await {
                Ok(answer) => return self.opened(answer, resume.is_some()),
                Err(Refused::Late) => return Err(Trouble::Passing(self.late())),
                Err(Refused::Error(error)) => error,
            };
            let Some(refusal) = Refusal::of_sdk(&error) else { return Err(Trouble::Passing(Passing::new(unanswered(&error)))) };
            if self.region.is_none()
                && refusal.kind() != Kind::Deleted
                && let Some(region) = self.elsewhere(&error)
            {
                self.region = Some(region);
                continue;
            }
            return Err(self.trouble(&refusal));
        }
    }
}
