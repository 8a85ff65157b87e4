//! Which regions of an account are asked.

use super::closed::why;
use super::named;
use crate::clients::aws::login::Account;
use crate::clients::aws::regions;
use crate::clients::{LoginError, Regions};
use crate::inventory::Targets;
use crate::model::gap::Gap;
use crate::model::inventory::{CoverageRow, Place};

const LIST_REGIONS: &str = "account:ListRegions";

/// The regions of one account.
pub(super) struct Chosen {
    pub regions: Vec<String>,
    /// True where they are those that this version knows, since the account's own list could not be had.
    pub guessed: bool,
    pub gap: Option<Gap>,
    pub coverage: Option<CoverageRow>,
}

/// Refuses what the user typed before anything is asked.
pub(super) fn validate(regions: &Regions) -> Result<(), LoginError> {
    match regions {
        Regions::Named(names) if names.is_empty() => Err(LoginError::NoRegion),
        Regions::Named(names) => names.iter().try_for_each(|name| regions::validate(name)),
        Regions::Configured | Regions::All => Ok(()),
    }
}

/// The regions to ask in `account`.
///
/// # Errors
/// None is configured, or one that was named is of another partition.
pub(super) async fn of(account: &Account, regions: &Regions, targets: Option<&Targets>) -> Result<Chosen, LoginError> {
    let plain = |regions| Chosen { regions, guessed: false, gap: None, coverage: None };
    // An ARN says where it is; one of another partition is told to be elsewhere.
    let mut arns: Vec<String> = targets.map(named::regions).unwrap_or_default();
    arns.retain(|region| own(account, region).is_ok());
    match regions {
        Regions::Configured if !arns.is_empty() => {
            if targets.is_some_and(named::has_names) {
                arns.extend(account.configured_region().map(str::to_owned));
            }
            arns.sort();
            arns.dedup();
            Ok(plain(arns))
        }
        Regions::Configured => {
            let region = account.configured_region().ok_or(LoginError::NoRegion)?;
            // It becomes part of a host name, and of the path of a recording.
            if !regions::is_form(region) {
                return Err(LoginError::UnknownRegion { presented: region.into() });
            }
            own(account, region)?;
            Ok(plain(vec![region.to_owned()]))
        }
        Regions::Named(names) => {
            names.iter().try_for_each(|name| own(account, name))?;
            let mut names = names.clone();
            names.sort();
            names.dedup();
            Ok(plain(names))
        }
        Regions::All => Ok(all(account).await),
    }
}

async fn all(account: &Account) -> Chosen {
    let home = regions::home(&account.partition);
    let place = Place { partition: account.partition.clone(), account: account.account.clone(), region: home.into() };
    let row = |answered, missing| Some(CoverageRow { place: place.clone(), api: LIST_REGIONS.into(), answered, missing });
    let refusal = match regions::enabled(account).await {
        Ok(regions) if !regions.is_empty() => return Chosen { regions, guessed: false, gap: None, coverage: row(1, 0) },
        Ok(_) => crate::clients::aws::refusal::Refusal::Unreadable { message: "no region is enabled, which cannot be".into() },
        Err(refusal) => refusal,
    };
    let next_step = format!("Allow {LIST_REGIONS}, or name the regions with --region; those that this version knows were tried.");
    let gap = why(&refusal, LIST_REGIONS, format!("account {}", account.account), "the enabled regions", next_step);
    let mut regions: Vec<String> = regions::known(&account.partition).iter().map(|name| (*name).to_owned()).collect();
    if let Some(configured) = account.configured_region().filter(|name| regions::is_form(name) && own(account, name).is_ok())
        && !regions.iter().any(|name| name == configured)
    {
        regions.push(configured.to_owned());
    }
    regions.sort();
    Chosen { regions, guessed: true, gap: Some(gap), coverage: row(0, 1) }
}

/// A region that is known to be of another partition is none of the account's.
fn own(account: &Account, region: &str) -> Result<(), LoginError> {
    match regions::partition_of(region) {
        Some(partition) if partition != account.partition => {
            Err(LoginError::ForeignRegion { region: region.into(), partition: account.partition.clone(), account: account.account.clone() })
        }
        Some(_) | None => Ok(()),
    }
}
