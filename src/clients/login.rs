//! Why a live account cannot be opened, and the next step.

use crate::model::printable::printable;

/// A live account cannot be opened at all. Every case is for the user to mend: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No provider of the SDK's chain has credentials.
    #[error("no AWS credentials: {}", printable(.detail))]
    NoCredentials {
        /// What the providers said.
        detail: String,
    },
    /// The credentials, or the SSO login behind them, are no longer good.
    #[error("the AWS login has expired: {}", printable(.detail))]
    Expired {
        /// What AWS or the provider said.
        detail: String,
    },
    /// AWS does not know the credentials.
    #[error("AWS does not accept the credentials: {}: {}", printable(.code), printable(.message))]
    Rejected {
        /// AWS's error code.
        code: String,
        /// AWS's own words.
        message: String,
    },
    /// Neither the command line, the environment nor the profile names a region.
    #[error("no region is given")]
    NoRegion,
    /// `--region` names none that is known.
    #[error("`{}` is not a region that this version knows", printable(.presented))]
    UnknownRegion {
        /// As typed.
        presented: String,
    },
    /// A region of another partition than the account's.
    #[error("region {} is not in the partition {} of account {account}", printable(.region), printable(.partition))]
    ForeignRegion {
        /// The region.
        region: String,
        /// The account's partition.
        partition: String,
        /// The account.
        account: String,
    },
    /// `--role-arn` with something else.
    #[error("`{}` is not the ARN of a role", printable(.presented))]
    NotARole {
        /// As typed.
        presented: String,
    },
    /// The SDK's HTTP client cannot be made of the settings.
    #[error("the HTTP client of the AWS SDK cannot be made: {}", printable(.problem))]
    Http {
        /// Why not.
        problem: String,
    },
}

impl LoginError {
    /// The next step.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCredentials { .. } => {
                "name a profile with --profile, log in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Self::Expired { .. } => "log in again with `aws sso login` (with --profile NAME, where you use one), or renew the credentials",
            Self::Rejected { .. } => "`aws sts get-caller-identity` with the same profile shows whose credentials they are",
            Self::NoRegion => "name one with --region, all with --all-regions, or set AWS_REGION or the profile's `region`",
            Self::UnknownRegion { .. } => {
                "a region is written like eu-west-1; one that is newer than this version is reached through AWS_REGION or --all-regions"
            }
            Self::ForeignRegion { .. } => "name regions of the account's own partition: accounts do not reach across partitions",
            Self::NotARole { .. } => "a role is written arn:aws:iam::111122223333:role/NAME",
            Self::Http { .. } => "try without --ca-bundle and proxy settings, to see which of them it is",
        }
    }
}
