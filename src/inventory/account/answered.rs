//! The answers of one place: which calls were made, and what was answered.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::call::{Api, Call, ErrorAnswer, UNREACHABLE};
use super::origin::{Origin, Words};
use crate::model::arn::FunctionArn;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Place;

/// Pages of one listing. AWS gives at most 50 functions a page.
pub const MAX_PAGES: usize = 20_000;

/// What came of a call.
pub(super) enum Asked<T> {
    /// The answer.
    Answered(T),
    /// AWS answered with `ResourceNotFoundException` or one of its kin; what that means depends on the call.
    NotFound { message: String },
    /// No answer that could be used.
    Gap(Gap),
}

/// The answers of one place. Those of an API are had when first asked for.
pub(super) struct Answers<'a> {
    origin: &'a dyn Origin,
    place: Place,
    apis: BTreeMap<Api, Result<Calls, Gap>>,
    counts: BTreeMap<String, (u64, u64)>,
}

type Calls = BTreeMap<Vec<String>, Answer>;

enum Answer {
    Response(Value),
    Error(ErrorAnswer),
    /// The same call stands there twice, with different answers.
    Contradiction,
    /// Neither a response nor an error.
    Nothing,
}

impl<'a> Answers<'a> {
    pub fn new(origin: &'a dyn Origin, place: Place) -> Self {
        Self { origin, place, apis: BTreeMap::new(), counts: BTreeMap::new() }
    }

    pub fn origin(&self) -> &'a dyn Origin {
        self.origin
    }

    pub fn words(&self) -> &'static Words {
        self.origin.words()
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// True where an ARN of this account and region is of this place.
    pub fn is_home_of(&self, partition: &str, account: &str, region: &str) -> bool {
        self.place.is_of(partition, account, region)
    }

    /// Where a person finds the answers of `api`.
    pub fn name(&self, api: &Api) -> String {
        self.origin.name(&self.place, api)
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
                        Gap { detail: format!("the listing goes on after page {}, which was not had", pages.len()), ..gap }
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
            detail: format!("{}: {problem}", self.name(api)),
            next_step: self.words().malformed.into(),
        }
    }

    fn ask_page(&mut self, api: &Api, request: &[&str], marker: &str, subject: &str, wanted: &str) -> Asked<Value> {
        let (name, words) = (self.name(api), self.words());
        let place = format!("{}/{}", self.place.account, self.place.region);
        let found = match self.calls(api) {
            Ok(calls) => calls.get(&key_of(request, marker)),
            Err(gap) => return Asked::Gap(Gap { subject: subject.into(), wanted: wanted.into(), ..gap.clone() }),
        };
        let gap = |reason, detail: String, next_step: String| {
            Asked::Gap(Gap { subject: subject.into(), wanted: wanted.into(), reason, detail, next_step })
        };
        match found {
            Some(Answer::Response(value)) => Asked::Answered(value.clone()),
            Some(Answer::Error(error)) => match error.code.as_str() {
                // ECR names its own: RepositoryNotFoundException, ImageNotFoundException.
                code if code.ends_with("NotFoundException") => Asked::NotFound { message: error.message.clone() },
                "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => gap(
                    GapReason::Denied { action: api.action() },
                    error.message.clone(),
                    format!("Allow {} to the role that {} {place}. {}.", api.action(), words.role, words.again),
                ),
                "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "RequestLimitExceeded" => {
                    gap(GapReason::Throttled, error.message.clone(), words.throttled.into())
                }
                UNREACHABLE => {
                    gap(GapReason::Unreachable, error.message.clone(), "See whether the service can be reached from here.".into())
                }
                code => gap(GapReason::ServiceError { code: code.into() }, error.message.clone(), format!("{}.", words.again)),
            },
            Some(Answer::Contradiction) => {
                Asked::Gap(self.malformed(api, subject, wanted, "the same call is there twice with different answers"))
            }
            Some(Answer::Nothing) => Asked::Gap(self.malformed(api, subject, wanted, "a call without `response` and `error`")),
            None => gap(GapReason::NotRecorded, format!("{name} holds no such call"), format!("{} with this call allowed.", words.again)),
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
        if !self.apis.contains_key(api) {
            let calls = self.load(api);
            self.apis.insert(*api, calls);
        }
        &self.apis[api]
    }

    fn load(&self, api: &Api) -> Result<Calls, Gap> {
        let mut calls = Calls::new();
        for Call { request, response, error } in self.origin.calls(&self.place, api)? {
            let answer = match (response, error) {
                (Some(response), None) => Answer::Response(response),
                (None, Some(error)) => Answer::Error(error),
                (Some(_), Some(_)) => Answer::Contradiction,
                (None, None) => Answer::Nothing,
            };
            let values: Vec<String> = api.key.iter().map(|member| self.key_value(&request, member)).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let marker = api.pages.and_then(|(member, _)| request.get(member)).and_then(Value::as_str).unwrap_or_default();
            let key = key_of(&values, marker);
            match calls.remove(&key) {
                Some(earlier) if !earlier.says_the_same(&answer) => calls.insert(key, Answer::Contradiction),
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

impl Answer {
    fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Response(a), Self::Response(b)) => a == b,
            (Self::Error(a), Self::Error(b)) => a.code == b.code,
            (Self::Response(_) | Self::Error(_) | Self::Contradiction | Self::Nothing, _) => false,
        }
    }
}

fn key_of(values: &[&str], marker: &str) -> Vec<String> {
    values.iter().copied().chain([marker]).map(Into::into).collect()
}
