//! Regions: which there are, and which of them an account uses.

use aws_sdk_account::types::RegionOptStatus;

use super::login::Account;
use super::refusal::Refusal;
use crate::clients::LoginError;

/// Pages of ListRegions.
const MAX_PAGES: usize = 100;

/// A partition: its regions, the one where its account API lives first. The same as in `partitions.json` of botocore 1.43.11.
const PARTITIONS: [(&str, &[&str]); 8] = [
    (
        "aws",
        &[
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
        ],
    ),
    ("aws-cn", &["cn-northwest-1", "cn-north-1"]),
    ("aws-us-gov", &["us-gov-west-1", "us-gov-east-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1", "us-isob-west-1"]),
    ("aws-iso-e", &["eu-isoe-west-1"]),
    ("aws-iso-f", &["us-isof-south-1", "us-isof-east-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
];

/// The region of a partition in which its account-wide APIs are asked.
pub fn home(partition: &str) -> &'static str {
    known(partition).first().copied().unwrap_or("us-east-1")
}

/// The regions of a partition that this version knows.
pub fn known(partition: &str) -> &'static [&'static str] {
    PARTITIONS.iter().find(|(name, _)| *name == partition).map_or(&[], |(_, regions)| regions)
}

/// The partition of a region that this version knows.
pub fn partition_of(region: &str) -> Option<&'static str> {
    PARTITIONS.iter().find(|(_, regions)| regions.contains(&region)).map(|(name, _)| *name)
}

/// Refuses a region that the user named and that is none, before anything is asked.
pub fn validate(region: &str) -> Result<(), LoginError> {
    partition_of(region).map(|_| ()).ok_or_else(|| LoginError::UnknownRegion { presented: region.into() })
}

/// The regions that are enabled in the account, sorted, as `account:ListRegions` says; or why it does not.
pub async fn enabled(account: &Account) -> Result<Vec<String>, Refusal> {
    let client = account.regions_client();
    let mut regions = Vec::new();
    let mut token = None;
    for _ in 0..MAX_PAGES {
        let page = client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Refusal::of(&error))?;
        for region in page.regions.unwrap_or_default() {
            // It becomes part of a host name. One that is left out would be one that nobody looks at and nobody misses.
            let name = region.region_name.filter(|name| is_form(name));
            regions.push(name.ok_or_else(|| Refusal::Unreadable { message: "a region has a name that is none".into() })?);
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            regions.sort();
            regions.dedup();
            return Ok(regions);
        }
    }
    Err(Refusal::Unreadable { message: format!("more than {MAX_PAGES} pages of regions") })
}

/// `eu-west-1`: words of lower-case letters, and a number.
pub fn is_form(region: &str) -> bool {
    let mut parts: Vec<&str> = region.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    region.len() <= 40
        && parts.len() >= 2
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_region_never_becomes_part_of_a_host_name() {
        for text in ["", "eu-west", "eu-west-1.evil.example", "eu-west-1/", "EU-WEST-1", "eu--1", "eu-west-123", "localhost", "eu-west-1\n"]
        {
            assert!(!is_form(text) && validate(text).is_err(), "{text:?}");
        }
        for (partition, regions) in PARTITIONS {
            assert!(regions.iter().all(|region| is_form(region) && partition_of(region) == Some(partition)), "{partition}");
        }
        assert!(is_form("us-gov-west-1") && validate("us-esat-1").is_err());
    }
}
