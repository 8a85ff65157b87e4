//! Where the answers of an account come from: asked now, or recorded. Both are understood by the same code; what differs is here.

use super::call::{Api, Call};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::{BlobLocation, S3Object};
use crate::model::gap::Gap;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::Place;
use crate::model::observed::Observed;

/// A source of answers.
pub trait Origin {
    /// Every call of `api` in `place`, in the order in which they were made. Asked once for each.
    ///
    /// # Errors
    /// Why they cannot be had. The gap's subject and wish are filled in by whoever wanted an answer.
    fn calls(&self, place: &Place, api: &Api) -> Result<Vec<Call>, Gap>;

    /// Where a person finds the answers: a file of a snapshot, an API of a live account.
    fn name(&self, place: &Place, api: &Api) -> String;

    /// Where a zip is. `location` is the answer's `Location`, `reference` its `ResolvedS3Object`.
    ///
    /// # Errors
    /// A gap about `subject` where it is nowhere.
    fn zip(&self, place: &Place, of: ZipOf<'_>, location: Option<&str>, reference: Option<&S3Object>) -> Result<BlobLocation, Gap>;

    /// Where an image is that a function of `place` runs.
    fn image(&self, place: &Place, image: &ImageRef, architecture: &str) -> Observed<BlobLocation>;

    /// What of the account is read.
    fn extent(&self) -> &Extent;

    /// How gaps word their next steps.
    fn words(&self) -> &'static Words;
}

/// What a zip is of.
#[derive(Debug, Clone, Copy)]
pub enum ZipOf<'a> {
    /// A function version, by its qualified ARN.
    Function(&'a FunctionArn),
    /// A layer version.
    Layer(&'a LayerVersionArn),
}

impl ZipOf<'_> {
    /// The ARN.
    pub fn subject(&self) -> String {
        match self {
            Self::Function(arn) => arn.to_string(),
            Self::Layer(arn) => arn.to_string(),
        }
    }
}

/// What of an account is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Whole,
    /// What a filter lets through, or what was named.
    Part(Part),
}

/// A part of some accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// True where functions were asked for by name: then `ListVersionsByFunction` stands in for `ListFunctions`.
    pub by_name: bool,
    /// The functions to read, unqualified.
    pub functions: std::collections::BTreeSet<FunctionArn>,
    /// Layer versions to read whether or not a function uses them.
    pub layers: std::collections::BTreeSet<LayerVersionArn>,
}

impl Extent {
    /// True where this function is read.
    pub fn has(&self, function: &FunctionArn) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(part) => part.functions.contains(function),
        }
    }
}

/// Words that differ between an account that was asked now and one that was recorded.
#[derive(Debug)]
pub struct Words {
    /// `Record the account again`, without a full stop.
    pub again: &'static str,
    /// What to do about an answer that cannot be understood.
    pub malformed: &'static str,
    /// What to do where AWS throttled.
    pub throttled: &'static str,
    /// The verb for the role that asks: `records`.
    pub role: &'static str,
    /// What an account that was not looked at is not: `is not in the snapshot`.
    pub elsewhere: &'static str,
    /// What to do about a thing that vanished meanwhile.
    pub gone: &'static str,
    /// What to do about an account that was not looked at, and should be: `Record the account that holds the repository too.`
    pub repository_elsewhere: &'static str,
}

/// Words for a recorded account.
pub static RECORDED: Words = Words {
    again: "Record the account again",
    malformed: "Record the account again; if that does not mend it, look at who else can write the snapshot.",
    throttled: "Record the account again at a lower rate.",
    role: "records",
    elsewhere: "not in the snapshot",
    gone: "It was deleted while the account was recorded; record again.",
    repository_elsewhere: "Record the account that holds the repository too.",
};

/// Words for a live account.
pub static LIVE: Words = Words {
    again: "Look again",
    malformed: "Look again; if that does not mend it, the answer is one that this version does not understand.",
    throttled: "Look again later; something else may be using up the account's request rate.",
    role: "looks at",
    elsewhere: "not among the accounts and regions that were looked at",
    gone: "It was deleted meanwhile; look again.",
    repository_elsewhere: "Look at the account and region that hold the repository too.",
};
