//! `layerproof verify TARGET…`: the gate.

use std::io::Write;
use std::path::PathBuf;

use super::args::{AccountArgs, NetworkArgs, PolicyArgs, ReportArgs, SignatureArgs, is_any_remote};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::judge::{self, Job};
use super::targets::{self, Lookup};
use crate::clients::Clients;
use crate::fetch::signatures::SignatureSources;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof verify layer.zip --as arn:aws:lambda:eu-west-1:111122223333:layer:deps:7 --policy policy.yaml
  layerproof verify oci:image/ --as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:DIGEST --policy policy.yaml
  layerproof verify layer.zip --signatures release-signatures/ --policy policy.yaml
  layerproof verify fn:checkout:live --region eu-west-1 --policy policy.yaml
  layerproof verify arn:aws:lambda:eu-west-1:111122223333:function:checkout:live --profile audit --policy policy.yaml
  layerproof verify image:111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.2 --profile audit --policy policy.yaml
  layerproof verify template.yaml --references-only --policy policy.yaml
  layerproof verify template.yaml --profile audit --policy policy.yaml
  layerproof verify fn:checkout:live --snapshot testdata/fleet --policy trust-policies/demo.yaml

Exit codes: 0 every artifact is Trusted (or Exempt by a statement), 1 refused or findings, 2 usage, 3 evidence missing, 4 nothing matched.")]
pub struct Args {
    /// Artifacts: a zip, a folder, an OCI image layout (folder or tar), or a template that names them, told from their content. A prefix
    /// forces the kind: zip: dir: oci: oci-archive: template:. In an account, or with --snapshot: fn:NAME[:QUALIFIER],
    /// layer:NAME[:VERSION], or an ARN, which is looked for in its own region. In a registry:
    /// image:REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST].
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Give the one local TARGET the scope of this ARN (layer version or function) or image reference with a digest. Without it a local file is
    /// matched only by statements of `kind: any`.
    #[arg(long = "as", value_name = "ARN")]
    scope: Option<String>,
    /// Recorded account that fn:, layer: and image: targets are looked up in, in place of the live one that the AWS configuration names.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "role_arn", "region", "all_regions"])]
    snapshot: Option<PathBuf>,
    /// Judge only the references that templates make; look at no artifact that they name.
    #[arg(long)]
    references_only: bool,
    /// Platform of an image that has several: x86_64 or arm64. A function's image is read for the function's own.
    #[arg(long, value_name = "ARCH", default_value = "x86_64", value_parser = ["x86_64", "arm64"])]
    architecture: String,
    #[command(flatten)]
    signatures: SignatureArgs,
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// Verifies the targets.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let prepared = judge::prepare(&args.policy, &args.report, global)?;
    let sources = args.signatures.sources(args.snapshot.as_deref())?;
    let far = is_any_remote(&sources);
    let remote = far || (args.snapshot.is_none() && targets::may_be_remote(&args.targets, &args.account));
    // Another time than now is for replays (DESIGN §4 rule 12).
    // A file on this machine needs nobody, but whether its signature was revoked only others know.
    let asks = args.snapshot.is_none() && prepared.asks_revocation();
    let clients = if (remote || asks) && !global.now_overridden { args.network.clients(global)? } else { Clients::offline() };
    let lookup = Lookup {
        snapshot: args.snapshot.as_deref(),
        account: &args.account,
        clients: &clients,
        global,
        architecture: &args.architecture,
        references_only: args.references_only,
        has_far_signatures: far,
    };
    let (inventory, unmatched) = targets::resolve(&args.targets, args.scope.as_deref(), &lookup)?;
    let artifacts = inventory.functions.len() + inventory.layers.len() + inventory.files.len() + inventory.images.len();
    let nothing_selected = artifacts == 0 && inventory.templates.iter().all(|template| template.resources() == 0);
    let job = Job {
        command: "verify",
        inventory,
        signatures: SignatureSources::open(&sources, args.account.login()?),
        clients,
        login: args.account.login()?,
        nobody_asked: judge::nobody_asked(args.snapshot.is_some(), global),
        refetch: args.network.refetch,
        nothing_selected,
        unmatched,
        allow_incomplete: false,
        whole_fleet: false,
        history_scope: None,
    };
    judge::run(job, prepared, global, out)
}
