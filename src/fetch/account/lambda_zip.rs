//! The zip of a function version or a layer version: AWS Lambda gives a presigned link that dies after ten minutes, so it is asked for
//! when the bytes are, and asked for anew when the host refuses it.

use aws_sdk_lambda::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderName, IF_MATCH, RANGE, RETRY_AFTER};

use super::super::Wanted;
use super::download::{Body, Opened, Origin, Resume, content_range, strong};
use super::refusal::{About, Kind, Passing, Refusal, Trouble, unanswered};
use crate::clients::Online;
use crate::clients::http::body::beginning;
use crate::clients::http::{HttpError, Link, NoAnswer, retry_after, words};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};

/// The qualifier of the code that can still be changed.
const LATEST: &str = "$LATEST";

/// Which zip.
#[derive(Clone, Copy)]
pub(super) enum Zip<'a> {
    Function(&'a FunctionArn),
    Layer(&'a LayerVersionArn),
}

impl Zip<'_> {
    fn action(self) -> &'static str {
        match self {
            Self::Function(_) => "lambda:GetFunction",
            Self::Layer(_) => "lambda:GetLayerVersion",
        }
    }
}

/// A zip, asked of AWS Lambda.
pub(super) struct LambdaZip<'a> {
    online: &'a Online,
    lambda: Client,
    zip: Zip<'a>,
    claimed: Option<ClaimedDigest>,
    claimed_size: Option<u64>,
    about: About<'a>,
    link: Option<Link>,
    links: u32,
    /// `SourceKMSKeyArn`.
    key: Option<String>,
}

/// What an API answer says of the zip.
struct Answer {
    link: String,
    code_sha256: Option<String>,
    code_size: i64,
    key: Option<String>,
}

impl<'a> LambdaZip<'a> {
    pub fn new(online: &'a Online, lambda: Client, zip: Zip<'a>, wanted: &Wanted<'a>) -> Self {
        Self {
            online,
            lambda,
            zip,
            claimed: wanted.digest,
            claimed_size: wanted.size,
            about: About { subject: wanted.subject },
            link: None,
            links: 0,
            key: None,
        }
    }

    /// Asks the API for a link, and holds what it says beside it against what was asked and what the inventory said.
    async fn ask(&mut self) -> Result<Link, Gap> {
        let patience = self.online.patience().api;
        let answer = match self.zip {
            Zip::Function(arn) => tokio::time::timeout(patience, self.function(arn)).await,
            Zip::Layer(arn) => tokio::time::timeout(patience, self.layer(arn)).await,
        };
        let late = || Passing::new(format!("AWS Lambda gave no answer in {patience:?}")).gap(self.about);
        let answer = answer.map_err(|_| late())??;
        self.claims_hold(&answer)?;
        self.key = answer.key;
        Link::parse(&answer.link).map_err(|refused| {
            let detail = format!("the link that AWS Lambda gave is not followed: {refused}");
            self.about.gap(
                GapReason::Malformed,
                detail,
                "Look at the endpoint that stands in for AWS Lambda; AWS itself gives HTTPS links.",
            )
        })
    }

    async fn function(&self, arn: &FunctionArn) -> Result<Answer, Gap> {
        let qualifier = arn.qualifier.as_deref().unwrap_or(LATEST);
        let asked = self.lambda.get_function().function_name(&arn.name).qualifier(qualifier);
        let answer = asked.send().await.map_err(|error| self.refused(&error))?;
        let configuration = answer.configuration.ok_or_else(|| self.malformed("the answer has no Configuration"))?;
        let answered: Option<FunctionArn> = configuration.function_arn().and_then(|arn| arn.parse().ok());
        let is_asked = answered.is_some_and(|answered| {
            answered.unqualified() == arn.unqualified() && answered.qualifier.as_deref().is_none_or(|other| other == qualifier)
        });
        if !is_asked || configuration.version() != Some(qualifier) {
            return Err(self.malformed("the answer is about another function or version"));
        }
        let code = answer.code.ok_or_else(|| self.malformed("the answer has no Code"))?;
        if let Some(error) = &code.error {
            let reason = GapReason::ServiceError { code: error.error_code().unwrap_or("an unnamed error").into() };
            let next_step = "Lambda cannot retrieve the package either: follow its message, then update the function's code.";
            return Err(self.about.gap(reason, error.message().unwrap_or_default().chars().take(300).collect::<String>(), next_step));
        }
        let link = code.location.ok_or_else(|| self.no_link(code.resolved_s3_object.is_some()))?;
        let code_sha256 = configuration.code_sha256;
        Ok(Answer { link, code_sha256, code_size: configuration.code_size, key: code.source_kms_key_arn })
    }

    async fn layer(&self, arn: &LayerVersionArn) -> Result<Answer, Gap> {
        let asked = self.lambda.get_layer_version_by_arn().arn(arn.to_string());
        let answer = asked.send().await.map_err(|error| self.refused(&error))?;
        let is_asked = answer.layer_version_arn().and_then(|arn| arn.parse().ok()).is_some_and(|other: LayerVersionArn| other == *arn);
        if !is_asked {
            return Err(self.malformed("the answer is about another layer version"));
        }
        let content = answer.content.ok_or_else(|| self.malformed("the answer has no Content"))?;
        let link = content.location.ok_or_else(|| self.no_link(content.resolved_s3_object.is_some()))?;
        Ok(Answer { link, code_sha256: content.code_sha256, code_size: content.code_size, key: None })
    }

    /// What is claimed now must be what the inventory was told.
    fn claims_hold(&self, answer: &Answer) -> Result<(), Gap> {
        let stated = answer.code_sha256.as_deref().unwrap_or_default();
        let digest = ClaimedDigest::from_code_sha256(stated).map_err(|error| self.malformed(&format!("CodeSha256: {error}")))?;
        let size = u64::try_from(answer.code_size).ok();
        if self.claimed.is_none_or(|claimed| claimed == digest) && (self.claimed_size.is_none() || self.claimed_size == size) {
            return Ok(());
        }
        let now = format!("CodeSha256 {stated} and CodeSize {} now", answer.code_size);
        let can_change = matches!(self.zip, Zip::Function(arn) if arn.qualifier.as_deref().is_none_or(|qualifier| qualifier == LATEST));
        Err(if can_change {
            self.about.gap(GapReason::Malformed, format!("the code changed while it was read: {now}"), "Scan again.")
        } else {
            let detail = format!("AWS states other code of a published version than a moment ago, which can never be: {now}");
            self.about.gap(GapReason::Malformed, detail, "Find out who answers in the name of AWS Lambda, and tell AWS.")
        })
    }

    fn refused<E: ProvideErrorMetadata + std::error::Error + 'static>(&self, error: &SdkError<E, HttpResponse>) -> Gap {
        let Some(refusal) = Refusal::of_sdk(error) else { return Passing::new(unanswered(error)).gap(self.about) };
        let denied = || self.about.gap(GapReason::Denied { action: self.zip.action().into() }, refusal.detail(), self.grant());
        match refusal.kind() {
            Kind::Key => refusal.key_gap(self.about, None),
            Kind::Denied => denied(),
            Kind::Expired | Kind::Login => refusal.login_gap(self.about),
            Kind::Deleted => self.about.gap(GapReason::Deleted, refusal.detail(), self.replace()),
            Kind::Throttled | Kind::Server => refusal.passing().gap(self.about),
            Kind::OtherRegion | Kind::Other => refusal.other_gap(self.about),
        }
    }

    /// What the host of the link says no to.
    fn link_refused(&self, refusal: &Refusal) -> Gap {
        match refusal.kind() {
            Kind::Key => refusal.key_gap(self.about, self.key.as_deref()),
            Kind::Denied if self.key.is_some() => refusal.key_gap(self.about, self.key.as_deref()),
            Kind::Denied => {
                let next_step = "See whether the policy of a VPC endpoint, a service control policy or a proxy forbids s3:GetObject on AWS Lambda's own buckets.";
                self.about.gap(GapReason::Denied { action: "s3:GetObject".into() }, refusal.detail(), next_step)
            }
            Kind::Expired | Kind::Login => {
                let detail = format!("each of {} links was refused: {}", self.links, refusal.detail());
                let next_step = "See whether a proxy between here and AWS delays or changes requests, then scan again.";
                self.about.gap(GapReason::Unreachable, detail, next_step)
            }
            Kind::Deleted => self.about.gap(GapReason::Deleted, refusal.detail(), self.replace()),
            Kind::Throttled | Kind::Server => refusal.passing().gap(self.about),
            Kind::OtherRegion | Kind::Other => refusal.other_gap(self.about),
        }
    }

    fn grant(&self) -> &'static str {
        match self.zip {
            Zip::Function(_) => "Grant lambda:GetFunction on the function.",
            Zip::Layer(_) => {
                "Grant lambda:GetLayerVersion, and have the layer's owner share this version; AWS answers the same where its owner has deleted it."
            }
        }
    }

    fn replace(&self) -> &'static str {
        match self.zip {
            Zip::Function(_) => "Scan again: the function version was deleted after it was listed.",
            Zip::Layer(_) => {
                "Publish the layer anew and deploy it: functions keep Lambda's own copy of a deleted version, which nobody can look at."
            }
        }
    }

    fn no_link(&self, has_object: bool) -> Gap {
        if has_object {
            let detail = "it reads an object of Amazon S3 in place, which it did not when it was listed";
            self.about.gap(GapReason::Malformed, detail, "Scan again.")
        } else {
            self.malformed("the answer has no link to the zip")
        }
    }

    fn malformed(&self, detail: &str) -> Gap {
        self.about.gap(GapReason::Malformed, detail, "Scan again; if it stays, find out who answers in the name of AWS Lambda.")
    }

    async fn get(&self, link: &Link, resume: Option<&Resume>) -> Result<Got, Trouble> {
        let no_client = |error: &HttpError| {
            let next_step = "Install the system's CA certificates, or name a file of them with --ca-bundle.";
            Trouble::Final(self.about.gap(GapReason::Unreachable, error.to_string(), next_step))
        };
        let http = self.online.http().map_err(no_client)?;
        let asking = http.get(link, |request| match resume {
            // Amazon S3 documents If-Match beside Range (GetObject); If-Range it does not.
            Some(resume) => request.header(RANGE, resume.range()).header(IF_MATCH, &resume.tag),
            None => request,
        });
        let response = asking.await.map_err(|error| {
            let (is_final, detail) = match error {
                NoAnswer::Failed(error) => (error.is_builder(), words(error, Some(link))),
                // The link's own query could stand in the path that it is redirected to.
                NoAnswer::Redirect { why, .. } => (true, format!("a redirect is not followed: {why}")),
            };
            if is_final {
                let next_step = "Look at what stands between here and Amazon S3: AWS does not redirect like this.";
                Trouble::Final(self.about.gap(GapReason::Unreachable, detail, next_step))
            } else if detail.contains("invalid peer certificate") {
                let next_step = "If a proxy between here and AWS has certificates of its own, name its CA with --ca-bundle.";
                Trouble::Final(self.about.gap(GapReason::Unreachable, detail, next_step))
            } else {
                Trouble::Passing(Passing::new(detail))
            }
        })?;
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let tag = strong(header(ETAG).as_deref());
        let length = response.content_length();
        match response.status() {
            StatusCode::OK => Ok(Got::Bytes(Opened { body: Body::Link(response, link.clone()), from: 0, total: length, tag })),
            StatusCode::PARTIAL_CONTENT => {
                let range = header(CONTENT_RANGE).and_then(|range| content_range(&range));
                match range {
                    Some((first, last, total)) if last + 1 == total && length.is_none_or(|length| length == total - first) => {
                        Ok(Got::Bytes(Opened { body: Body::Link(response, link.clone()), from: first, total: Some(total), tag }))
                    }
                    Some(_) | None => Err(Trouble::Changed("a part was served that was not asked for".into())),
                }
            }
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE if resume.is_some() => {
                Err(Trouble::Changed("what is served changed while it was read".into()))
            }
            status => {
                let wait = header(RETRY_AFTER).and_then(|value| retry_after(&value));
                let body = beginning(response, self.online.patience().read).await;
                Ok(Got::Refusal(Refusal::of_link(status.as_u16(), &String::from_utf8_lossy(&body), wait, link)))
            }
        }
    }
}

enum Got {
    Bytes(Opened),
    Refusal(Refusal),
}

impl Origin for LambdaZip<'_> {
    async fn open(&mut self, resume: Option<&Resume>) -> Result<Opened, Trouble> {
        loop {
            let link = match &self.link {
                Some(link) => link.clone(),
                None => {
                    self.links += 1;
                    let link = self.ask().await.map_err(Trouble::Final)?;
                    self.link.insert(link).clone()
                }
            };
            let refusal = match self.get(&link, resume).await? {
                Got::Bytes(opened) => return Ok(opened),
                Got::Refusal(refusal) => refusal,
            };
            match refusal.kind() {
                Kind::Throttled | Kind::Server => return Err(Trouble::Passing(refusal.passing())),
                // A link that has died says so in several ways; a new one is cheap.
                Kind::Expired | Kind::Login | Kind::Denied if self.links < self.online.patience().links => self.link = None,
                Kind::Expired | Kind::Login | Kind::Denied | Kind::Key | Kind::Deleted | Kind::OtherRegion | Kind::Other => {
                    return Err(Trouble::Final(self.link_refused(&refusal)));
                }
            }
        }
    }
}
