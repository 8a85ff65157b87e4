//! `layerproof scan`: the periodic re-scan.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use super::args::{AccountArgs, FilterArgs, NetworkArgs, PolicyArgs, ReportArgs, SignatureArgs};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::judge::{self, Job};
use super::targets;
use crate::clients::Clients;
use crate::fetch::signatures::SignatureSources;
use crate::inventory::AccountRequest;
use crate::model::inventory::{Inventory, Place};
use crate::scan::{self, Selection};

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof scan --policy policy.yaml
  layerproof scan --policy policy.yaml --role-arn arn:aws:iam::111122223333:role/audit --region eu-west-1,us-east-1
  layerproof scan --snapshot testdata/fleet --policy trust-policies/demo.yaml
  layerproof scan --snapshot DIR --policy policy.yaml -o text -o sarif=layerproof.sarif --fail-on new
  layerproof scan --snapshot DIR --policy policy.yaml --function 'checkout-*' --allow-incomplete

Each scan is kept, and the next one of the same scope says what is new, standing, resolved and newly unknown: layerproof history list.")]
pub struct Args {
    /// Recorded account (docs/snapshot.md), in place of the live account that the AWS configuration names.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "role_arn", "region", "all_regions"])]
    snapshot: Option<PathBuf>,
    /// Missing evidence ends with 0 in place of 3. What an artifact's author could have caused is never forgiven. Echoed in the report.
    #[arg(long)]
    allow_incomplete: bool,
    /// Do not keep this scan, and compare it with none.
    #[arg(long)]
    no_history: bool,
    #[command(flatten)]
    signatures: SignatureArgs,
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Scans.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let prepared = judge::prepare(&args.policy, &args.report, global)?;
    let filter = args.filter.filter()?;
    let sources = args.signatures.sources(args.snapshot.as_deref())?;
    // Another time than now is for replays (DESIGN §4 rule 12): what is live is refused below, and signatures far away are a gap.
    let clients = if global.now_overridden { Clients::offline() } else { args.network.clients(global)? };
    let inventory = match &args.snapshot {
        Some(dir) => targets::snapshot(dir)?,
        None => {
            let request = AccountRequest { login: args.account.login()?, filter: filter.clone(), targets: None };
            targets::account(request, &clients, global)?
        }
    };
    let is_unmatched = |given: &&String| !scan::matches(&inventory, &Selection::FunctionNames((*given).clone()));
    let unmatched = filter.names.iter().filter(is_unmatched).cloned().collect();
    let whole_fleet = filter.is_empty();
    let history_scope = (!args.no_history).then(|| scope(args, &inventory));
    let inventory = if whole_fleet { inventory } else { scan::select(inventory, &[Selection::Filter(filter)]) };
    let nothing_selected = inventory.functions.is_empty() && inventory.layers.is_empty() && inventory.gaps.is_empty();
    let job = Job {
        command: "scan",
        inventory,
        signatures: SignatureSources::open(&sources, args.account.login()?),
        clients,
        login: args.account.login()?,
        nobody_asked: judge::nobody_asked(args.snapshot.is_some(), global),
        refetch: args.network.refetch,
        nothing_selected,
        unmatched,
        allow_incomplete: args.allow_incomplete,
        whole_fleet,
        history_scope,
    };
    judge::run(job, prepared, global, out)
}

/// What makes two scans comparable: what was asked for, not the policy. A path is resolved, so that a scan from another working directory
/// is the same scope; an account that could not be opened this time is part of it all the same.
fn scope(args: &Args, inventory: &Inventory) -> String {
    let list = |values: &[String]| {
        let values: BTreeSet<&str> = values.iter().map(String::as_str).collect();
        if values.is_empty() { "*".to_owned() } else { values.into_iter().collect::<Vec<_>>().join(",") }
    };
    let mut scope = match &args.snapshot {
        Some(snapshot) => format!("snapshot {}", snapshot.canonicalize().unwrap_or_else(|_| snapshot.clone()).display()),
        None => {
            let places = |part: fn(&Place) -> &str| inventory.places.iter().map(part).map(str::to_owned).collect::<Vec<_>>();
            let accounts = if args.account.role_arn.is_empty() { places(|place| &place.account) } else { args.account.role_arn.clone() };
            let regions = match (args.account.all_regions, args.account.region.is_empty()) {
                (true, _) => "all".to_owned(),
                (false, false) => list(&args.account.region),
                (false, true) => list(&places(|place| &place.region)),
            };
            format!("aws {} regions {regions}", list(&accounts))
        }
    };
    scope += &format!(" functions {}", list(&args.filter.function));
    for (word, values) in [("tags", &args.filter.tag), ("runtimes", &args.filter.runtime)] {
        if !values.is_empty() {
            scope += &format!(" {word} {}", list(values));
        }
    }
    scope
}
