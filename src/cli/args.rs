//! Groups of arguments that several subcommands share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use super::global::Global;
use crate::clients::{AssumedRole, Clients, Login, Network, Regions};
use crate::fetch::signatures::{SignatureSource, SourceError};
use crate::inventory::Filter;
use crate::model::printable::printable;

/// Which policy judges.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub struct PolicyArgs {
    /// Trust policy (YAML). There is no default: no policy, no verdict.
    #[arg(long, env = "LAYERPROOF_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Waivers (YAML). They never cover tampering and never turn a decision into Trusted.
    #[arg(long, env = "LAYERPROOF_WAIVERS", value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Runtime deprecation dates (JSON) in place of the built-in table.
    #[arg(long, value_name = "FILE")]
    pub runtime_table: Option<PathBuf>,
    /// Recorded answers about revocation, for where nobody is asked or nobody answers. AWS's word in it is not authenticated, and every
    /// verdict made from it says so.
    #[arg(long, value_name = "FILE")]
    pub revocations: Option<PathBuf>,
    /// Write what AWS Signer, OCSP responders and revocation lists answer in this run to this file, for --revocations.
    #[arg(long, value_name = "FILE")]
    pub record_revocations: Option<PathBuf>,
}

/// What is printed where, and what fails the run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Format, and a file where it is not standard output: text, json, sarif, junit, github. Repeatable: -o text -o sarif=out.sarif.
    #[arg(short, long, value_name = "FMT[=FILE]")]
    pub output: Vec<String>,
    /// Fail on findings of this severity and above (info, low, medium, high, critical), or `new` for findings that the last scan of
    /// the same scope did not have. Decisions that are not Trusted fail whatever is said here.
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub fail_on: String,
    /// Report only the findings of these rules, and tampering. Decisions are reported and count all the same.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub only: Vec<String>,
    /// End with 0 whatever was found; usage and internal errors stay 2 and 5. Echoed in the report.
    #[arg(long)]
    pub exit_zero: bool,
    /// File that findings without a place of their own point to in SARIF and annotations [default: the policy file].
    #[arg(long, value_name = "FILE")]
    pub sarif_anchor: Option<String>,
}

/// Whose account is looked at, and where.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "AWS account")]
pub struct AccountArgs {
    /// Profile of the AWS configuration, whatever keys the environment holds. Without it: environment, AWS_PROFILE, SSO, container or
    /// instance role, as every AWS tool does.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Role to assume from those credentials; repeatable, one account each.
    #[arg(long, value_name = "ARN")]
    pub role_arn: Vec<String>,
    /// External id that the roles ask for.
    #[arg(long, value_name = "ID", requires = "role_arn")]
    pub external_id: Option<String>,
    /// Region; repeatable or comma-separated. Without it the configured one (AWS_REGION, or the profile's).
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub region: Vec<String>,
    /// Every region that is enabled in the account.
    #[arg(long, conflicts_with = "region")]
    pub all_regions: bool,
}

/// Which functions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct FilterArgs {
    /// Only functions of this name, and the layers that they use; `*` matches any run of characters. Repeatable.
    #[arg(long, value_name = "GLOB")]
    pub function: Vec<String>,
    /// Only functions with this tag; the value may hold `*`. Repeatable: any of them.
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub tag: Vec<String>,
    /// Only functions of this runtime, such as `python3.*`. Repeatable: any of them.
    #[arg(long, value_name = "GLOB")]
    pub runtime: Vec<String>,
}

/// Where signatures are looked for, beside the place of the artifact itself. None of it is a decision of trust: whatever is found is judged.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Signatures")]
pub struct SignatureArgs {
    /// Look here too for signatures and attestations of each artifact, by its digest: a folder or s3://BUCKET/PREFIX/ of files named
    /// sha256-HEX.sigstore.json (.jsonl, .sig, .jws.sig, .cose.sig), a bundle or JSON lines of them, or a repository
    /// (oci://REGISTRY/REPOSITORY). Beside a local file FILE.sigstore.json and its like are found without it. Repeatable.
    #[arg(long, value_name = "SOURCE")]
    pub signatures: Vec<String>,
    /// Repository that holds the signatures of images, where it is not the image's own (COSIGN_REPOSITORY). It is looked into beside
    /// the image's own. Repeatable.
    #[arg(long, value_name = "REGISTRY/REPOSITORY")]
    pub signature_repository: Vec<String>,
}

impl SignatureArgs {
    /// The places, each once. Of a recorded account also its folder `signatures`.
    ///
    /// # Errors
    /// A place that is none.
    pub fn sources(&self, snapshot: Option<&Path>) -> Result<Vec<SignatureSource>, Failure> {
        let usage = |flag: &str, error: &SourceError| Failure::usage(format!("{flag}: {error}"));
        let mut sources = Vec::new();
        for text in &self.signatures {
            sources.push(text.parse::<SignatureSource>().map_err(|error| usage("--signatures", &error))?);
        }
        for text in &self.signature_repository {
            sources.push(SignatureSource::repository(text).map_err(|error| usage("--signature-repository", &error))?);
        }
        // A link there leads outside of the recording.
        let is_folder = |path: &PathBuf| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let recorded = snapshot.map(|dir| dir.join("signatures")).filter(is_folder);
        sources.extend(recorded.map(SignatureSource::Recorded));
        let mut seen = BTreeSet::new();
        sources.retain(|source| seen.insert(source.clone()));
        Ok(sources)
    }
}

/// True where a socket has to be opened to look there.
pub fn is_any_remote(sources: &[SignatureSource]) -> bool {
    sources.iter().any(SignatureSource::is_remote)
}

/// How the network is used. Proxies come from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// PEM certificates that are trusted beside the system's, for proxies that inspect TLS.
    #[arg(long, env = "AWS_CA_BUNDLE", value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Ask this registry at another host, such as a VPC endpoint: 111122223333.dkr.ecr.eu-west-1.amazonaws.com=HOST:PORT. Names and
    /// decisions keep the registry's own host. Repeatable.
    #[arg(long, value_name = "HOST=HOST[:PORT]")]
    pub registry_endpoint: Vec<String>,
    /// Ask this registry over plain HTTP. Loopback hosts always are. Repeatable.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_registry: Vec<String>,
    /// Download everything again, whatever the store holds.
    #[arg(long)]
    pub refetch: bool,
}

impl AccountArgs {
    /// True where any of them is given: a live account is then meant.
    pub fn is_given(&self) -> bool {
        self.profile.is_some() || !self.role_arn.is_empty() || !self.region.is_empty() || self.all_regions
    }

    /// Whose credentials ask, and where.
    ///
    /// # Errors
    /// Two roles of one account: everything would be listed twice, and which of the two was denied could not be told.
    pub fn login(&self) -> Result<Login, Failure> {
        let account = |arn: &String| arn.split(':').nth(4).unwrap_or_default().to_owned();
        let mut accounts = BTreeSet::new();
        if let Some(twice) = self.role_arn.iter().find(|arn| !account(arn).is_empty() && !accounts.insert(account(arn))) {
            return Err(Failure::usage(format!("--role-arn names two roles of account {}", printable(&account(twice))))
                .hint("name one role for each account"));
        }
        let regions = match (self.all_regions, self.region.as_slice()) {
            (true, _) => Regions::All,
            (false, []) => Regions::Configured,
            (false, named) => Regions::Named(named.to_vec()),
        };
        let external_id = &self.external_id;
        let roles = self.role_arn.iter().map(|arn| AssumedRole { arn: arn.clone(), external_id: external_id.clone() }).collect();
        Ok(Login { profile: self.profile.clone(), roles, regions })
    }
}

impl FilterArgs {
    /// What they let through.
    ///
    /// # Errors
    /// A tag without a key.
    pub fn filter(&self) -> Result<Filter, Failure> {
        let tags = self
            .tag
            .iter()
            .map(|text| match text.split_once('=') {
                Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), Some(value.to_owned()))),
                None if !text.is_empty() => Ok((text.clone(), None)),
                Some(_) | None => Err(Failure::usage(format!("--tag {}: KEY or KEY=VALUE is expected", printable(text)))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Filter { names: self.function.clone(), tags, runtimes: self.runtime.clone() })
    }
}

impl NetworkArgs {
    /// The clients of this run, none with `--offline`.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn clients(&self, global: &Global) -> Result<Clients, Failure> {
        if global.offline {
            return Ok(Clients::offline());
        }
        let registry_endpoints = self
            .registry_endpoint
            .iter()
            .map(|text| match text.split_once('=') {
                Some((from, to)) if !from.is_empty() && !to.is_empty() && !to.contains('/') => Ok((from.to_owned(), to.to_owned())),
                Some(_) | None => Err(Failure::usage(format!("--registry-endpoint {}: HOST=HOST[:PORT] is expected", printable(text)))),
            })
            .collect::<Result<_, _>>()?;
        let network =
            Network { ca_bundle: self.ca_bundle.clone(), registry_endpoints, insecure_registries: self.insecure_registry.clone() };
        Clients::online(network).map_err(|error| {
            let failure = if error.is_usage() { Failure::usage(error.to_string()) } else { Failure::internal(error.to_string()) };
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })
    }
}
