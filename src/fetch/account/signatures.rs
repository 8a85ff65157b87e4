//! Signatures in Amazon S3, below a prefix: objects that are named after the digest of what they sign.
//!
//! Two lists for each digest, by prefix (`sha256-HEX` and `sha256:HEX`, as `gh attestation download` names its files), and one GetObject for
//! each object that is found. The bucket may be in another region than the credentials'.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, Region};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::refusal::{About, Kind, Passing, Refusal, unanswered};
use super::s3_object::elsewhere;
use crate::clients::aws::{configured, login};
use crate::clients::{Login, Online};
use crate::fetch::signatures::{Beside, CERTIFICATES, MAX_FILE_BYTES, SignatureFile, WANTED, gap, is_signature, named_after};
use crate::model::digest::ClaimedDigest;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;

/// Objects of one digest.
const MAX_OBJECTS: usize = 512;

/// Pages of one list, of up to a thousand keys each. Keys of a digest that are no signatures fill them too.
const MAX_PAGES: usize = 4;

/// Opens the account that `login` names, for its credentials.
///
/// # Errors
/// A gap without subject: no login, or one that AWS refuses.
pub(in crate::fetch) fn open(login: &Login, online: &Online) -> Result<Place, Gap> {
    let unopened =
        |detail: String, next_step: &str| gap("", GapReason::Denied { action: "sts:GetCallerIdentity".into() }, detail, next_step);
    let opening = async {
        let config = configured(login, online.trust()).await?;
        login::open(&config, login).await
    };
    let (accounts, closed) = online.block_on(opening).map_err(|error| unopened(error.to_string(), error.hint()))?;
    let Some(account) = accounts.first() else {
        let detail = closed.first().map(|closed| format!("{:?}", closed.refusal)).unwrap_or_default();
        return Err(unopened(detail, "Let this login ask who it is (sts:GetCallerIdentity, sts:AssumeRole)."));
    };
    let region = account.configured_region().unwrap_or_default().to_owned();
    let place = Place { partition: account.partition.clone(), account: account.account.clone(), region };
    let (session, _) = account.session(&place.region);
    online.aws().keep(place.clone(), session);
    Ok(place)
}

/// What lies below `prefix` for `digest`, asked with the credentials of `place`.
pub(in crate::fetch) fn look(place: &Place, bucket: &str, prefix: &str, digest: &ClaimedDigest, subject: &str, online: &Online) -> Beside {
    let Some(session) = online.aws().at(place) else {
        let detail = format!("there are no credentials for account {} in {}", place.account, place.region);
        return Beside { gaps: vec![gap(subject, GapReason::Unreachable, detail, "Name a profile or role.")], ..Beside::default() };
    };
    let mut folder = Folder { s3: session.s3, bucket, prefix, subject, region: None };
    online.block_on(folder.look(digest))
}

struct Folder<'a> {
    s3: Client,
    bucket: &'a str,
    prefix: &'a str,
    subject: &'a str,
    /// The bucket's region, where it turned out to be another.
    region: Option<Region>,
}

impl Folder<'_> {
    async fn look(&mut self, digest: &ClaimedDigest) -> Beside {
        let mut beside = Beside::default();
        for form in ["sha256-", "sha256:"] {
            let keys = match self.list(&format!("{}{form}{}", self.prefix, digest.hex())).await {
                Ok(keys) => keys,
                Err(gap) => {
                    beside.gaps.push(gap);
                    continue;
                }
            };
            for key in &keys {
                let Some((named, ending)) = key.strip_prefix(self.prefix).and_then(named_after) else { continue };
                if named != *digest || !is_signature(ending) {
                    continue;
                }
                if beside.files.len() >= MAX_OBJECTS {
                    let detail = format!("more than {MAX_OBJECTS} objects named after {digest}");
                    beside.gaps.push(self.gap(
                        GapReason::TooLarge { limit: "signature_files".into() },
                        detail,
                        "Take away what is of no use.",
                    ));
                    return beside;
                }
                let content = self.get(key).await;
                let stem = key.strip_suffix(".sig").filter(|_| ending == ".sig").unwrap_or_default();
                let beside_it = |listed: &&String| CERTIFICATES.iter().any(|end| listed.strip_suffix(end) == Some(stem));
                let certificate = match keys.iter().find(beside_it) {
                    Some(certificate) => Some(self.get(certificate).await),
                    None => None,
                };
                let location = format!("s3://{}/{key}", self.bucket);
                beside.files.push(SignatureFile::new(location, ending, content, certificate));
            }
        }
        beside
    }

    async fn list(&mut self, prefix: &str) -> Result<Vec<String>, Gap> {
        let (mut keys, mut token) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = loop {
                let request = self.s3.list_objects_v2().bucket(self.bucket).prefix(prefix).set_continuation_token(token.clone());
                match request.customize().config_override(self.settings()).send().await {
                    Ok(page) => break page,
                    Err(error) => self.again(&error, "s3:ListBucket")?,
                }
            };
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
            match page.next_continuation_token() {
                Some(next) if page.is_truncated() == Some(true) => token = Some(next.to_owned()),
                // More is there, and no way to it is named.
                None if page.is_truncated() == Some(true) => {
                    return Err(self.gap(GapReason::Malformed, "a list that breaks off", "Find out who answers in the name of Amazon S3."));
                }
                Some(_) | None => return Ok(keys),
            }
        }
        let detail = format!("more than {MAX_PAGES} pages of objects begin with {prefix}");
        Err(self.gap(GapReason::TooLarge { limit: "signature_pages".into() }, detail, "Take away what is of no use."))
    }

    async fn get(&mut self, key: &str) -> Result<Arc<[u8]>, Gap> {
        let mut answer = loop {
            let request = self.s3.get_object().bucket(self.bucket).key(key);
            match request.customize().config_override(self.settings()).send().await {
                Ok(answer) => break answer,
                Err(error) => self.again(&error, "s3:GetObject")?,
            }
        };
        let mut bytes = Vec::new();
        loop {
            match answer.body.next().await {
                None => return Ok(bytes.into()),
                Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
                Some(Err(_)) => {
                    let detail = format!("{key}: the connection broke");
                    return Err(self.gap(GapReason::Unreachable, detail, "Look at the network between here and AWS, then run it again."));
                }
            }
            if bytes.len() as u64 > MAX_FILE_BYTES {
                let detail = format!("{key}: more than {MAX_FILE_BYTES} bytes");
                let reason = GapReason::TooLarge { limit: "signature_file_bytes".into() };
                return Err(self.gap(reason, detail, "No signature is this large: find out what it is."));
            }
        }
    }

    fn settings(&self) -> aws_sdk_s3::config::Builder {
        match &self.region {
            Some(region) => Config::builder().region(region.clone()),
            None => Config::builder(),
        }
    }

    /// `Ok` where it is to be asked again in the bucket's own region.
    fn again<E: ProvideErrorMetadata + std::error::Error + 'static>(
        &mut self,
        error: &SdkError<E, HttpResponse>,
        action: &str,
    ) -> Result<(), Gap> {
        if self.region.is_none()
            && let Some(region) = elsewhere(&self.s3, error)
        {
            self.region = Some(region);
            return Ok(());
        }
        let about = About { subject: self.subject };
        let gap = match Refusal::of_sdk(error) {
            None => Passing::new(unanswered(error)).gap(about),
            Some(refusal) => match refusal.kind() {
                Kind::Throttled | Kind::Server => refusal.passing().gap(about),
                Kind::Denied => about.gap(
                    GapReason::Denied { action: action.into() },
                    refusal.detail(),
                    "Grant it on the bucket of signatures, and in the bucket's policy where it is another account's.",
                ),
                Kind::Key => refusal.key_gap(about, None),
                Kind::Expired | Kind::Login => refusal.login_gap(about),
                Kind::Deleted | Kind::OtherRegion | Kind::Other => refusal.other_gap(about),
            },
        };
        let detail = format!("s3://{}/{}: {}", self.bucket, self.prefix, gap.detail);
        Err(Gap { wanted: WANTED.into(), detail, ..gap })
    }

    fn gap(&self, reason: GapReason, detail: impl Into<String>, next_step: &str) -> Gap {
        gap(self.subject, reason, format!("s3://{}/{}: {}", self.bucket, self.prefix, detail.into()), next_step)
    }
}
