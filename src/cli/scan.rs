//! `layerproof scan`: the periodic re-scan.

use std::io::Write;
use std::path::PathBuf;

use super::args::{PolicyArgs, ReportArgs};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::judge::{self, Job};
use super::targets;
use crate::clients::Clients;
use crate::scan::{self, Selection};

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof scan --snapshot testdata/fleet --policy trust-policies/demo.yaml
  layerproof scan --snapshot DIR --policy policy.yaml -o text -o sarif=layerproof.sarif --fail-on new
  layerproof scan --snapshot DIR --policy policy.yaml --function 'checkout-*' --allow-incomplete

Each scan is kept, and the next one of the same scope says what is new, standing, resolved and newly unknown: layerproof history list.")]
pub struct Args {
    /// Recorded account (docs/snapshot.md).
    #[arg(long, value_name = "DIR", required = true)]
    snapshot: PathBuf,
    /// Only these functions, and the layers that they use; `*` matches any run of characters. Repeatable.
    #[arg(long, value_name = "GLOB")]
    function: Vec<String>,
    /// Missing evidence ends with 0 in place of 3. What an artifact's author could have caused is never forgiven. Echoed in the report.
    #[arg(long)]
    allow_incomplete: bool,
    /// Do not keep this scan, and compare it with none.
    #[arg(long)]
    no_history: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Scans.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let prepared = judge::prepare(&args.policy, &args.report, global)?;
    let inventory = targets::snapshot(&args.snapshot)?;
    let selections: Vec<Selection> = args.function.iter().cloned().map(Selection::FunctionNames).collect();
    let is_unmatched = |(_, selection): &(&String, &Selection)| !scan::matches(&inventory, selection);
    let unmatched = args.function.iter().zip(&selections).filter(is_unmatched).map(|(given, _)| given.clone()).collect();
    let inventory = scan::select(inventory, &selections);
    let nothing_selected = inventory.functions.is_empty() && inventory.layers.is_empty() && inventory.gaps.is_empty();
    let history_scope = (!args.no_history).then(|| scope(args));
    let job = Job {
        command: "scan",
        inventory,
        clients: Clients::offline(),
        refetch: false,
        nothing_selected,
        unmatched,
        allow_incomplete: args.allow_incomplete,
        whole_fleet: args.function.is_empty(),
        history_scope,
    };
    judge::run(job, prepared, global, out)
}

/// What makes two scans comparable: the source and the selection, not the policy. The path is resolved, so that a scan from another
/// working directory is the same scope.
fn scope(args: &Args) -> String {
    let path = args.snapshot.canonicalize().unwrap_or_else(|_| args.snapshot.clone());
    let mut functions = args.function.clone();
    functions.sort();
    functions.dedup();
    format!("snapshot {} functions {}", path.display(), if functions.is_empty() { "*".to_owned() } else { functions.join(",") })
}
