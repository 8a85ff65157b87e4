//! Zips of a live account. Whatever comes over the network is held against the digest that AWS claims while it streams into the store.

mod download;
mod lambda_zip;
mod refusal;
mod s3_object;
mod signatures;

use super::{FetchError, Fetched, Fetching, Wanted, from_store};
use crate::clients::Online;
use crate::clients::aws::Session;
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::S3Object;
use crate::model::gap::GapReason;
use crate::model::inventory::Place;
use crate::model::observed::Observed;
use crate::store::Integrity;
use download::{Ended, Origin};
use lambda_zip::{LambdaZip, Zip};
use refusal::About;
use s3_object::Object;

pub(super) use signatures::{look as signatures, open};

/// The zip of a function version, with the credentials of `place`.
pub(super) fn function(
    place: &Place,
    arn: &FunctionArn,
    wanted: &Wanted<'_>,
    fetching: Fetching<'_>,
) -> Result<Observed<Fetched>, FetchError> {
    fetch(place, wanted, fetching, true, |online, session| LambdaZip::new(online, session.lambda, Zip::Function(arn), wanted))
}

/// The zip of a layer version.
pub(super) fn layer(
    place: &Place,
    arn: &LayerVersionArn,
    wanted: &Wanted<'_>,
    fetching: Fetching<'_>,
) -> Result<Observed<Fetched>, FetchError> {
    fetch(place, wanted, fetching, true, |online, session| LambdaZip::new(online, session.lambda, Zip::Layer(arn), wanted))
}

/// The object of a zip that Lambda reads in place. Without a version it is whatever lies there now, and what the store has says nothing
/// about that: it is read in every run.
pub(super) fn object(
    place: &Place,
    object: &S3Object,
    wanted: &Wanted<'_>,
    fetching: Fetching<'_>,
) -> Result<Observed<Fetched>, FetchError> {
    fetch(place, wanted, fetching, object.is_fixed(), |online, session| Object::new(online, session.s3, object, wanted))
}

/// The store's copy of the claimed digest stands in, and nothing is asked, unless the run wants all bytes anew, or what is asked for is not
/// fixed and has to be asked for each time.
fn fetch<'a, O: Origin>(
    place: &Place,
    wanted: &Wanted<'_>,
    fetching: Fetching<'a>,
    is_fixed: bool,
    origin: impl FnOnce(&'a Online, Session) -> O,
) -> Result<Observed<Fetched>, FetchError> {
    if is_fixed
        && !fetching.refetch
        && let Some(blob) = from_store(wanted, fetching.store)?
    {
        return Ok(Observed::Present(blob));
    }
    let online = match fetching.clients.need(wanted.subject, "the bytes of the zip") {
        Ok(online) => online,
        Err(gap) => return Ok(Observed::Unknown(gap)),
    };
    // Whoever had to wait for the same digest finds it in the store now.
    let turn = wanted.digest.map(|digest| online.turns().take(digest));
    if is_fixed
        && turn.as_ref().is_some_and(|turn| !fetching.refetch || turn.is_done)
        && let Some(blob) = from_store(wanted, fetching.store)?
    {
        return Ok(Observed::Present(blob));
    }
    let Some(session) = online.aws().at(place) else {
        let detail = format!("there are no credentials for account {} in {}", place.account, place.region);
        let next_step = "Give a profile or a role of this account, and name its region.";
        return Ok(Observed::Unknown(About { subject: wanted.subject }.gap(GapReason::Unreachable, detail, next_step)));
    };
    if !online.reach().may_ask(place, online.patience()) {
        let detail = "not asked: several downloads in a row from this account and region were given up";
        let next_step = "Look at the network and the proxy between here and AWS, then scan again.";
        return Ok(Observed::Unknown(About { subject: wanted.subject }.gap(GapReason::Unreachable, detail, next_step)));
    }
    let (found, ended) = download::store(online, origin(online, session), wanted, fetching.store)?;
    match ended {
        Ended::GivenUp => online.reach().silent(place),
        Ended::Answered => online.reach().answered(place),
    }
    // For whoever asks for all bytes anew, and then need not ask for these again.
    if let (Some(turn), Observed::Present(Fetched::Blob(blob))) = (turn, &found)
        && is_fixed
        && fetching.refetch
        && blob.integrity == Integrity::Matches
    {
        turn.done();
    }
    Ok(found)
}
