//! Logins that did not come to be, as gaps and rows of the coverage table.

use aws_config::SdkConfig;

use crate::clients::Regions;
use crate::clients::aws::login::Closed;
use crate::clients::aws::refusal::Refusal;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::{CoverageRow, Place};

/// The region in a row that speaks of all regions of an account.
const ALL_REGIONS: &str = "*";

/// What is not known of the account, and the next step. The subject is the account with all of its regions, so that a run that could not
/// look there calls nothing of it resolved.
pub(super) fn gap(closed: &Closed) -> Gap {
    let subject = match (&closed.of, &closed.role) {
        (Some((_, account)), _) => format!("{account}/{ALL_REGIONS}"),
        (None, Some(role)) => role.arn.clone(),
        (None, None) => "the profile's account".to_owned(),
    };
    let next_step = match (&closed.refusal, &closed.role) {
        (Refusal::Unreachable { .. }, _) => {
            "Look at the network, at the proxy (HTTPS_PROXY, NO_PROXY) and at AWS_ENDPOINT_URL: AWS STS in the region was asked.".into()
        }
        (Refusal::Service { .. } | Refusal::Unreadable { .. }, Some(role)) => {
            format!("Allow {} on {} to the credentials in use, and name them in the role's trust policy.", closed.action, role.arn)
        }
        (Refusal::Service { .. } | Refusal::Unreadable { .. }, None) => "Run `aws sts get-caller-identity` with the same profile.".into(),
    };
    why(&closed.refusal, closed.action, subject, "the functions and layers", next_step)
}

/// One row for each region that would have been looked at.
pub(super) fn coverage(closed: &Closed, regions: &Regions, config: &SdkConfig) -> Vec<CoverageRow> {
    let Some((partition, account)) = &closed.of else { return Vec::new() };
    let regions = match regions {
        Regions::Named(names) => names.clone(),
        Regions::Configured => vec![config.region().map_or(ALL_REGIONS, AsRef::as_ref).to_owned()],
        Regions::All => vec![ALL_REGIONS.to_owned()],
    };
    let place = |region| Place { partition: partition.clone(), account: account.clone(), region };
    regions.into_iter().map(|region| CoverageRow { place: place(region), api: closed.action.into(), answered: 0, missing: 1 }).collect()
}

/// A refusal as a gap.
pub(super) fn why(refusal: &Refusal, action: &str, subject: String, wanted: &str, next_step: String) -> Gap {
    let reason = match refusal {
        Refusal::Service { code, .. } => match code.as_str() {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => GapReason::Denied { action: action.into() },
            "Throttling" | "ThrottlingException" | "TooManyRequestsException" => GapReason::Throttled,
            code => GapReason::ServiceError { code: code.into() },
        },
        Refusal::Unreadable { .. } => GapReason::Malformed,
        Refusal::Unreachable { .. } => GapReason::Unreachable,
    };
    Gap { subject, wanted: wanted.into(), reason, detail: refusal.message().into(), next_step }
}
