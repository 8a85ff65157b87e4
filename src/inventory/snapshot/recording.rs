//! The recorded calls of one place: which were asked, and what was answered.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::path::{PathProblem, contained};
use crate::model::arn::FunctionArn;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;

/// Bytes of one file of recorded calls: 5,000 functions in twenty versions take about 150 MiB.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Calls in one file.
pub const MAX_CALLS: usize = 1_000_000;
/// Pages of one listing. AWS gives at most 50 functions a page.
pub const MAX_PAGES: usize = 20_000;
const NEXT_STEP_RECORD: &str = "Record the account again with this call allowed.";

/// An API operation and the members of its request that tell one call from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Api {
    pub service: &'static str,
    pub operation: &'static str,
    /// Members compared between the call that is wanted and those that were recorded, the page marker aside.
    pub key: &'static [&'static str],
    /// Request member that carries the page marker, and response member that carries the next one; empty where there are no pages.
    pub pages: Option<(&'static str, &'static str)>,
}

impl Api {
    /// The IAM action, which is also its name in the coverage table: `lambda:ListFunctions`.
    pub fn action(&self) -> String {
        // IAM knows one action for both (service authorization reference, AWS Lambda).
        let operation = if self.operation == "GetLayerVersionByArn" { "GetLayerVersion" } else { self.operation };
        format!("{}:{operation}", self.service)
    }

    fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    fn file_name(&self) -> String {
        format!("{}.{}.json", self.service, self.operation)
    }
}

/// What came of a call.
pub(super) enum Asked<T> {
    /// The answer.
    Answered(T),
    /// AWS answered with `ResourceNotFoundException` or one of its kin; what that means depends on the call.
    NotFound { message: String },
    /// No answer that could be used.
    Gap(Gap),
}

/// The recorded calls of one place. Files are read when first asked for.
pub(super) struct Recording {
    root: PathBuf,
    place: Place,
    files: BTreeMap<Api, Result<Calls, Gap>>,
    counts: BTreeMap<String, (u64, u64)>,
}

type Calls = BTreeMap<Vec<String>, Recorded>;

enum Recorded {
    Response(Value),
    Error(ErrorAnswer),
    /// The same request was recorded twice, with different answers.
    Contradiction,
}

impl Recording {
    pub fn new(root: &Path, place: Place) -> Self {
        Self { root: root.into(), place, files: BTreeMap::new(), counts: BTreeMap::new() }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// True where an ARN of this account and region is of this place.
    pub fn is_home_of(&self, partition: &str, account: &str, region: &str) -> bool {
        self.place.partition == partition && self.place.account == account && self.place.region == region
    }

    /// The file that holds the calls of `api`, below the snapshot's folder.
    pub fn file(&self, api: &Api) -> PathBuf {
        Path::new("accounts").join(&self.place.account).join(&self.place.region).join(api.file_name())
    }

    /// Rows of the coverage table: API, answers that were had, answers that could not be had.
    pub fn coverage(self) -> impl Iterator<Item = (String, u64, u64)> {
        self.counts.into_iter().map(|(api, (answered, missing))| (api, answered, missing))
    }

    /// True where the call was recorded, whatever came of it. A file that cannot be read counts as recorded, so that asking shows why.
    pub fn has(&mut self, api: &Api, request: &[&str]) -> bool {
        let key = key_of(request, "");
        match self.calls(api) {
            Ok(calls) => calls.contains_key(&key),
            Err(gap) => gap.reason != GapReason::NotRecorded,
        }
    }

    /// The answer to one call. `request` gives the values of `api.key` in order; `subject` and `wanted` word the gap.
    pub fn ask<T: DeserializeOwned>(&mut self, api: &Api, request: &[&str], subject: &str, wanted: &str) -> Asked<T> {
        let asked = self.ask_page(api, request, "", subject, wanted).map(|value| self.shaped(api, value, subject, wanted));
        let asked = match asked {
            Asked::Answered(Ok(value)) => Asked::Answered(value),
            Asked::Answered(Err(gap)) | Asked::Gap(gap) => Asked::Gap(gap),
            Asked::NotFound { message } => Asked::NotFound { message },
        };
        self.count(api, matches!(asked, Asked::Gap(_)));
        asked
    }

    /// Every page of a listing. A listing that cannot be followed to its end gives what was read, and the gap.
    pub fn ask_all<T: DeserializeOwned>(&mut self, api: &Api, request: &[&str], subject: &str, wanted: &str) -> (Vec<T>, Option<Stopped>) {
        let Some((_, next_member)) = api.pages else { return (Vec::new(), None) };
        let mut pages = Vec::new();
        let mut marker = String::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let value = match self.ask_page(api, request, &marker, subject, wanted) {
                Asked::Answered(value) => value,
                Asked::NotFound { message } => {
                    self.count(api, false);
                    return (pages, Some(Stopped::NotFound { message }));
                }
                Asked::Gap(gap) => {
                    self.count(api, true);
                    let gap = if marker.is_empty() || gap.reason != GapReason::NotRecorded {
                        gap
                    } else {
                        Gap { detail: format!("the listing goes on after page {}, which was not recorded", pages.len()), ..gap }
                    };
                    return (pages, Some(Stopped::Gap(gap)));
                }
            };
            let next = match value.get(next_member) {
                None | Some(Value::Null) => None,
                Some(Value::String(next)) if next.is_empty() => None,
                Some(Value::String(next)) => Some(next.clone()),
                Some(_) => {
                    self.count(api, true);
                    return (pages, Some(Stopped::Gap(self.malformed(api, subject, wanted, &format!("`{next_member}` is not text")))));
                }
            };
            let page = self.shaped(api, value, subject, wanted);
            self.count(api, page.is_err());
            match page {
                Ok(page) => pages.push(page),
                Err(gap) => return (pages, Some(Stopped::Gap(gap))),
            }
            let Some(next) = next else { return (pages, None) };
            if pages.len() >= MAX_PAGES || !seen.insert(next.clone()) {
                let gap = self.malformed(api, subject, wanted, "its pages lead in a circle, or are too many");
                return (pages, Some(Stopped::Gap(gap)));
            }
            marker = next;
        }
    }

    /// A gap for an answer that was had and cannot be understood.
    pub fn malformed(&self, api: &Api, subject: &str, wanted: &str, problem: &str) -> Gap {
        Gap {
            subject: subject.into(),
            wanted: wanted.into(),
            reason: GapReason::Malformed,
            detail: format!("{}: {problem}", self.file(api).display()),
            next_step: "Record the account again; if that does not mend it, look at who else can write the snapshot.".into(),
        }
    }

    fn ask_page(&mut self, api: &Api, request: &[&str], marker: &str, subject: &str, wanted: &str) -> Asked<Value> {
        let file = self.file(api);
        let place = format!("{}/{}", self.place.account, self.place.region);
        let found = match self.calls(api) {
            Ok(calls) => calls.get(&key_of(request, marker)),
            Err(gap) => return Asked::Gap(Gap { subject: subject.into(), wanted: wanted.into(), ..gap.clone() }),
        };
        let gap = |reason, detail: String, next_step: String| {
            Asked::Gap(Gap { subject: subject.into(), wanted: wanted.into(), reason, detail, next_step })
        };
        match found {
            Some(Recorded::Response(value)) => Asked::Answered(value.clone()),
            Some(Recorded::Error(error)) => match error.code.as_str() {
                // ECR names its own: RepositoryNotFoundException, ImageNotFoundException.
                code if code.ends_with("NotFoundException") => Asked::NotFound { message: error.message.clone() },
                "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => gap(
                    GapReason::Denied { action: api.action() },
                    error.message.clone(),
                    format!("Allow {} to the role that records {place}, and record again.", api.action()),
                ),
                "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "RequestLimitExceeded" => {
                    gap(GapReason::Throttled, error.message.clone(), "Record the account again at a lower rate.".into())
                }
                code => gap(GapReason::ServiceError { code: code.into() }, error.message.clone(), NEXT_STEP_RECORD.into()),
            },
            Some(Recorded::Contradiction) => {
                Asked::Gap(self.malformed(api, subject, wanted, "the same call is recorded twice with different answers"))
            }
            None => gap(GapReason::NotRecorded, format!("{} holds no such call", file.display()), NEXT_STEP_RECORD.into()),
        }
    }

    fn shaped<T: DeserializeOwned>(&self, api: &Api, value: Value, subject: &str, wanted: &str) -> Result<T, Gap> {
        serde_json::from_value(value).map_err(|error| self.malformed(api, subject, wanted, &error.to_string()))
    }

    fn count(&mut self, api: &Api, missing: bool) {
        let (answered, lacking) = self.counts.entry(api.name()).or_default();
        *(if missing { lacking } else { answered }) += 1;
    }

    fn calls(&mut self, api: &Api) -> &Result<Calls, Gap> {
        if !self.files.contains_key(api) {
            let calls = self.load(api);
            self.files.insert(*api, calls);
        }
        &self.files[api]
    }

    fn load(&self, api: &Api) -> Result<Calls, Gap> {
        let name = self.file(api);
        let gap = |reason, detail: String| Gap {
            subject: String::new(),
            wanted: String::new(),
            reason,
            detail: format!("{}: {detail}", name.display()),
            next_step: NEXT_STEP_RECORD.into(),
        };
        let path = match contained(&self.root, &name) {
            Ok(path) => path,
            Err(PathProblem::Missing) => return Err(gap(GapReason::NotRecorded, "there is no such file".into())),
            Err(problem @ PathProblem::Io(_)) => return Err(gap(GapReason::Unreachable, problem.to_string())),
            Err(problem) => return Err(gap(GapReason::Malformed, problem.to_string())),
        };
        let unreadable = |error| gap(GapReason::Unreachable, format!("it cannot be read: {error}"));
        let mut file = File::open(&path).map_err(unreadable)?;
        let too_large = || gap(GapReason::TooLarge { limit: "snapshot_file_bytes".into() }, format!("larger than {MAX_FILE_BYTES} bytes"));
        if file.metadata().map_err(unreadable)?.len() > MAX_FILE_BYTES {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        (&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        // It may have grown.
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large());
        }
        let recorded: Vec<RawCall> = serde_json::from_slice(&bytes)
            // serde_json's text ends in "at line L column C".
            .map_err(|error| gap(GapReason::Malformed, error.to_string()))?;
        if recorded.len() > MAX_CALLS {
            return Err(gap(GapReason::TooLarge { limit: "snapshot_calls".into() }, format!("more than {MAX_CALLS} calls")));
        }
        let mut calls = Calls::new();
        for call in recorded {
            let answer = match (call.response, call.error) {
                (Some(response), None) => Recorded::Response(response),
                (None, Some(error)) => Recorded::Error(error),
                (Some(_), Some(_)) => Recorded::Contradiction,
                (None, None) => return Err(gap(GapReason::Malformed, "a call without `response` and `error`".into())),
            };
            let values: Vec<String> = api.key.iter().map(|member| self.key_value(&call.request, member)).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let marker = api.pages.and_then(|(member, _)| call.request.get(member)).and_then(Value::as_str).unwrap_or_default();
            let key = key_of(&values, marker);
            match calls.remove(&key) {
                Some(earlier) if !earlier.says_the_same(&answer) => calls.insert(key, Recorded::Contradiction),
                Some(_) | None => calls.insert(key, answer),
            };
        }
        Ok(calls)
    }

    /// A request member as text. A function may be recorded by its name or by its ARN in this very place.
    fn key_value(&self, request: &Map<String, Value>, member: &str) -> String {
        let text = match request.get(member) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) | None => return String::new(),
        };
        if member != "FunctionName" {
            return text;
        }
        match text.parse::<FunctionArn>() {
            Ok(arn) if arn.qualifier.is_none() && self.is_home_of(&arn.partition, &arn.account, &arn.region) => arn.name,
            Ok(_) | Err(_) => text,
        }
    }
}

/// Why a listing ends early.
pub(super) enum Stopped {
    /// What was to be listed is not there.
    NotFound { message: String },
    /// It could not be read.
    Gap(Gap),
}

impl<T> Asked<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Asked<U> {
        match self {
            Self::Answered(value) => Asked::Answered(f(value)),
            Self::NotFound { message } => Asked::NotFound { message },
            Self::Gap(gap) => Asked::Gap(gap),
        }
    }
}

impl Recorded {
    fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Response(a), Self::Response(b)) => a == b,
            (Self::Error(a), Self::Error(b)) => a.code == b.code,
            (Self::Response(_) | Self::Error(_) | Self::Contradiction, _) => false,
        }
    }
}

fn key_of(values: &[&str], marker: &str) -> Vec<String> {
    values.iter().copied().chain([marker]).map(Into::into).collect()
}

#[derive(Deserialize)]
struct RawCall {
    #[serde(default)]
    request: Map<String, Value>,
    response: Option<Value>,
    error: Option<ErrorAnswer>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    code: String,
    #[serde(default)]
    message: String,
}
