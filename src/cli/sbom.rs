//! `layerproof sbom`: the packages of an artifact, of a function, or of everything that an account runs. Nothing is judged.

mod diff;
mod directory;
mod form;
mod subject;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::{env, io};

use jiff::Timestamp;

use super::args::{AccountArgs, NetworkArgs};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use super::progress::Bar;
use super::targets::{self, Lookup};
use crate::catalog::{CatalogGap, Options};
use crate::clients::Clients;
use crate::fetch::Fetching;
use crate::inventory::AccountRequest;
use crate::model::artifact::BlobLocation;
use crate::model::gap::Gap;
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::sbom::Bom;
use crate::sbom::function::View;
use crate::scan::{self, Listing};
use crate::store::{Integrity, Store};
use crate::unpack::Limits;

use form::Output;
use subject::Packages;

/// Arguments of `sbom`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  layerproof sbom layer.zip
  layerproof sbom layer.zip -o cyclonedx-json@1.6=layer.cdx.json -o spdx-json=layer.spdx.json
  layerproof sbom oci:image/ -o cyclonedx-json
  layerproof sbom fn:checkout:3 --snapshot testdata/fleet -o cyclonedx-json=checkout.cdx.json
  layerproof sbom --snapshot testdata/fleet --directory sboms -o cyclonedx-json
  layerproof sbom diff layer:parcel-common:11 layer:parcel-common:12 --snapshot testdata/fleet

Exit codes: 0 listed, 1 the bytes are not the claimed ones, 2 usage, 3 something could not be read (the SBOM says what), 4 nothing matched, 5 internal or I/O error."
)]
pub struct Args {
    /// A zip, a folder, or an OCI image layout (folder or tar); zip: dir: oci: oci-archive: force the kind. In an account, or with
    /// --snapshot: fn:NAME[:QUALIFIER], layer:NAME[:VERSION], or an ARN. In a registry: image:REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST].
    /// Without one, everything that the account runs; that needs --directory.
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Format, its version, and a file where it is not standard output: text, cyclonedx-json[@1.5|1.6|1.7], spdx-json[@2.3] and the in-toto
    /// statements around them. Repeatable. With --directory the formats alone.
    #[arg(short, long, value_name = "FMT[@VERSION][=FILE]")]
    output: Vec<String>,
    /// Write one SBOM for each distinct artifact into this folder, and index.json, which says who uses it. For functions that the target names, the
    /// merged and the effective SBOM as well.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Of a function: what is there once its layers are merged into /opt (effective), or everything that its artifacts hold (merged).
    #[arg(long, value_enum, default_value_t = FunctionView::Effective)]
    view: FunctionView,
    /// Hash every file, and list it.
    #[arg(long)]
    file_digests: bool,
    /// What could not be read ends with 0 in place of 3. The SBOM says all the same what it was.
    #[arg(long)]
    allow_incomplete: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say which packages, licences and unidentified files differ between two artifacts or SBOMs.
    Diff(DiffArgs),
}

/// Arguments of `sbom diff`.
#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// The earlier one: a target as `sbom` takes them, or a CycloneDX or SPDX document in JSON.
    #[arg(value_name = "A")]
    before: String,
    /// The later one.
    #[arg(value_name = "B")]
    after: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: super::listing::OutputFormat,
    /// End with 1 where anything differs.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Where targets are looked up.
#[derive(Debug, Clone, clap::Args)]
struct PlaceArgs {
    /// Recorded account that targets are looked up in, in place of the live one that the AWS configuration names.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "role_arn", "region", "all_regions"])]
    snapshot: Option<PathBuf>,
    /// Platform of an image that has several: x86_64 or arm64.
    #[arg(long, value_name = "ARCH", default_value = "x86_64", value_parser = ["x86_64", "arm64"])]
    architecture: String,
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FunctionView {
    Effective,
    Merged,
}

impl From<FunctionView> for View {
    fn from(view: FunctionView) -> Self {
        match view {
            FunctionView::Effective => Self::Effective,
            FunctionView::Merged => Self::Merged,
        }
    }
}

/// Lists packages.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    if let Some(Command::Diff(args)) = &args.command {
        return diff::run(args, global, out);
    }
    let outputs = outputs(args)?;
    let created = created()?;
    if args.directory.is_none() {
        // Before anything is looked at.
        target(args)?;
    }
    let looked = look(args.target.as_deref(), &args.place, args.file_digests, global)?;
    let exit = match &args.directory {
        Some(folder) => {
            let is_for_functions = args.target.is_some();
            directory::write(folder, &outputs, &looked, is_for_functions, created)?;
            exit_of(&looked, looked.packages.values().filter_map(|found| found.as_ref().ok()).map(|found| &*found.cataloged.catalog.gaps))
        }
        None => {
            let mut bom = single(target(args)?, args.view.into(), &looked)?;
            bom.created = created;
            form::write_all(&outputs, &bom, out)?;
            exit_of(&looked, std::iter::once(&*bom.catalog.gaps))
        }
    };
    for (subject, found) in &looked.packages {
        match found {
            Err(gap) => tracing::warn!("{gap}: {}", printable(&gap.next_step)),
            Ok(found) if matches!(found.integrity, Integrity::Mismatch { .. }) => {
                tracing::warn!("{subject}: these are not the bytes that are claimed");
            }
            Ok(_) => {}
        }
    }
    for gap in &looked.inventory.gaps {
        tracing::warn!("{gap}: {}", printable(&gap.next_step));
    }
    Ok(if args.allow_incomplete && exit == Exit::Incomplete { Exit::Pass } else { exit })
}

/// What was asked for, with all that was found.
struct Looked {
    inventory: Inventory,
    packages: Packages,
}

/// Looks at everything that the target names, or at the whole account.
fn look(target: Option<&str>, place: &PlaceArgs, file_digests: bool, global: &Global) -> Result<Looked, Failure> {
    let snapshot = place.snapshot.as_deref();
    let is_remote = match target {
        Some(target) => targets::may_be_remote(&[target.to_owned()], &place.account),
        None => true,
    };
    let clients = if snapshot.is_none() && is_remote { place.network.clients(global)? } else { Clients::offline() };
    let inventory = match target {
        Some(given) => {
            let lookup = Lookup {
                snapshot,
                account: &place.account,
                clients: &clients,
                global,
                architecture: &place.architecture,
                references_only: false,
                has_far_signatures: false,
            };
            targets::artifacts(given, &lookup)?
        }
        None => match snapshot {
            Some(dir) => targets::snapshot(dir)?,
            None => {
                let request = AccountRequest { login: place.account.login()?, filter: Default::default(), targets: None };
                targets::account(request, &clients, global)?
            }
        },
    };
    let wanted = scan::wanted(&inventory);
    if wanted.is_empty() {
        let message = "there is no function, layer or image to list the packages of".to_owned();
        return Err(Failure { exit: Exit::NothingMatched, message, hints: Vec::new() }.hint("`layerproof inventory` lists what there is"));
    }
    // What lies on this machine is read where it is: no store is opened for it.
    let is_here = |want: &scan::Wanted| {
        matches!(want.location, Observed::Present(BlobLocation::Local(_) | BlobLocation::OciLayout { .. })) && want.platforms.is_empty()
    };
    let store = if wanted.iter().all(is_here) { None } else { Some(Store::open(&global.cache_dir)?) };
    let options = Options { file_digests, ..Options::default() };
    let limits = Limits::default();
    let bar = Bar::new(global);
    let fetching = store.as_ref().map(|store| Fetching { store, clients: &clients, refetch: place.network.refetch });
    let listing = Listing { fetching, options: &options, limits: &limits, now: global.now, progress: &bar };
    let packages = scan::packages(&wanted, &listing).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Looked { inventory, packages })
}

/// The target of a run that writes one SBOM.
fn target(args: &Args) -> Result<&str, Failure> {
    args.target.as_deref().ok_or_else(|| {
        Failure::usage("without a TARGET everything that the account runs is listed, and that takes more than one document")
            .hint("add --directory DIR, or name a TARGET")
    })
}

/// The one SBOM of a target that names one artifact, or one function version.
fn single(target: &str, view: View, looked: &Looked) -> Result<Bom, Failure> {
    let versions: Vec<_> = looked.inventory.functions.iter().flat_map(|function| &function.versions).collect();
    match versions.as_slice() {
        [] => {}
        [version] => return Ok(subject::function(version, &looked.packages, view)),
        many => {
            let names: Vec<String> = many.iter().map(|version| version.arn.to_string()).collect();
            return Err(Failure::usage(format!("`{}` names {} function versions", printable(target), names.len()))
                .hint(format!("name one of {}", names.join(", ")))
                .hint("--directory DIR writes an SBOM for each"));
        }
    }
    match looked.packages.iter().collect::<Vec<_>>().as_slice() {
        [(of, Ok(found))] => Ok(subject::artifact(of, found)),
        [(_, Err(gap))] => Err(no_bytes(gap)),
        many => {
            let names: Vec<String> = many.iter().map(|(of, _)| of.to_string()).collect();
            Err(Failure::usage(format!("`{}` names {} artifacts", printable(target), names.len()))
                .hint(format!("name one of {}", names.join(", ")))
                .hint("--directory DIR writes an SBOM for each"))
        }
    }
}

/// Without the bytes there is no SBOM to write.
fn no_bytes(gap: &Gap) -> Failure {
    let failure = Failure { exit: Exit::Incomplete, message: gap.to_string(), hints: Vec::new() };
    failure.hint(printable(&gap.next_step).into_owned())
}

fn exit_of<'a>(looked: &Looked, catalog_gaps: impl Iterator<Item = &'a [CatalogGap]>) -> Exit {
    let is_other = |found: &Result<_, Gap>| {
        found.as_ref().is_ok_and(|found: &std::sync::Arc<scan::ArtifactPackages>| matches!(found.integrity, Integrity::Mismatch { .. }))
    };
    let is_missing = looked.packages.values().any(Result::is_err) || !looked.inventory.gaps.is_empty();
    if looked.packages.values().any(is_other) {
        Exit::PolicyFailed
    } else if is_missing || catalog_gaps.into_iter().any(|gaps| !gaps.is_empty()) {
        Exit::Incomplete
    } else {
        Exit::Pass
    }
}

fn outputs(args: &Args) -> Result<Vec<Output>, Failure> {
    let parse = |text: &String| text.parse::<Output>().map_err(|error| Failure::usage(format!("-o {}: {error}", printable(text))));
    let mut outputs: Vec<Output> = args.output.iter().map(parse).collect::<Result<_, _>>()?;
    if outputs.is_empty() {
        outputs.push(if args.directory.is_some() { Output::cyclonedx()? } else { Output::text() });
    }
    match &args.directory {
        Some(_) => form::validate_for_directory(&outputs)?,
        None => form::validate(&outputs)?,
    }
    Ok(outputs)
}

/// The only time that a document may carry: <https://reproducible-builds.org/specs/source-date-epoch/>.
fn created() -> Result<Option<Timestamp>, Failure> {
    let Some(text) = env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = text.to_string_lossy().into_owned();
    let seconds = text.trim().parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match seconds {
        Some(time) => Ok(Some(time)),
        None => Err(Failure::usage(format!("SOURCE_DATE_EPOCH is `{}`: seconds since 1970 are expected", printable(&text)))
            .hint("unset it, or set it to a number, such as the time of the last commit: git log -1 --format=%ct")),
    }
}

/// Writes a file whole or not at all.
fn write_file(path: &std::path::Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    output::write_file(path, render).map_err(|error| Failure::internal(format!("cannot write to {}: {error}", output::shown(path))))
}
