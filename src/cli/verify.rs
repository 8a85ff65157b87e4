//! `layerproof verify TARGET…`: the gate.

use std::io::Write;
use std::path::PathBuf;

use super::args::{PolicyArgs, ReportArgs};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::judge::{self, Job};
use super::targets;
use crate::clients::Clients;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof verify layer.zip --as arn:aws:lambda:eu-west-1:111122223333:layer:deps:7 --policy policy.yaml
  layerproof verify oci:image/ --as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:DIGEST --policy policy.yaml
  layerproof verify template.yaml --references-only --policy policy.yaml
  layerproof verify fn:checkout:live --snapshot testdata/fleet --policy trust-policies/demo.yaml

Exit codes: 0 every artifact is Trusted (or Exempt by a statement), 1 refused or findings, 2 usage, 3 evidence missing, 4 nothing matched.")]
pub struct Args {
    /// Artifacts: a zip, a folder, an OCI image layout (folder or tar), or a template that names them, told from their content. A prefix forces the kind: zip:
    /// dir: oci: oci-archive: template:. With --snapshot: fn:NAME[:QUALIFIER], layer:NAME[:VERSION], image:REFERENCE, or an ARN.
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Give the one local TARGET the scope of this ARN (layer version or function) or image reference with a digest. Without it a local file is
    /// matched only by statements of `kind: any`.
    #[arg(long = "as", value_name = "ARN")]
    scope: Option<String>,
    /// Recorded account that fn:, layer: and image: targets are looked up in.
    #[arg(long, value_name = "DIR")]
    snapshot: Option<PathBuf>,
    /// Judge only the references that templates make; look at no artifact that they name.
    #[arg(long)]
    references_only: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Verifies the targets.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let prepared = judge::prepare(&args.policy, &args.report, global)?;
    let (inventory, unmatched) = targets::resolve(&args.targets, args.scope.as_deref(), args.snapshot.as_deref(), args.references_only)?;
    let artifacts = inventory.functions.len() + inventory.layers.len() + inventory.files.len() + inventory.images.len();
    let nothing_selected = artifacts == 0 && inventory.templates.iter().all(|template| template.resources() == 0);
    let job = Job {
        command: "verify",
        inventory,
        clients: Clients::offline(),
        refetch: false,
        nothing_selected,
        unmatched,
        allow_incomplete: false,
        whole_fleet: false,
        history_scope: None,
    };
    judge::run(job, prepared, global, out)
}
