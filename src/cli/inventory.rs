//! `layerproof inventory`: what is deployed, and what could not be learned, without reading any artifact.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::args::{AccountArgs, FilterArgs, NetworkArgs};
use super::listing::{OutputFormat, columns, counted, emit, emit_json};
#[cfg(feature = "aws")]
use super::record::record;
use super::{Exit, Failure, Global, targets};
use crate::inventory::{AccountRequest, InventoryError};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::function::{Function, FunctionCode, FunctionVersion};
use crate::model::gap::Gap;
use crate::model::inventory::{CoverageRow, Inventory, Place, Repository, SourceInfo};
use crate::model::layer::LayerVersion;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::scan::{self, Selection};

/// Lists functions, versions, aliases, layers with who uses them, images, and what could not be learned.
///
/// Exits 3 where something could not be learned, and 4 where the source holds no function and no layer.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "Examples:
  layerproof inventory --profile audit --region eu-west-1
  layerproof inventory --role-arn arn:aws:iam::111122223333:role/audit --all-regions --format json
  layerproof inventory --profile audit --region eu-west-1 --record recording
  layerproof inventory --snapshot recording

Exit codes: 0 everything could be listed, 2 usage or no login, 3 something could not be, 4 there is no function and no layer, 5 internal or I/O error.")]
pub struct Args {
    /// A recorded account (docs/snapshot.md), in place of the live account that the AWS configuration names
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "role_arn", "region", "all_regions"])]
    pub snapshot: Option<PathBuf>,

    /// Write the live account as a snapshot into this new folder: answers, zips and images, and no credential, link or environment value
    #[arg(long, value_name = "DIR", conflicts_with_all = ["snapshot", "function", "tag", "runtime"])]
    pub record: Option<PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the text of the command")]
    pub account: AccountArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the text of the command")]
    pub filter: FilterArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the text of the command")]
    pub network: NetworkArgs,

    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let filter = args.filter.filter()?;
    let inventory = match &args.snapshot {
        Some(dir) => targets::snapshot(dir)?,
        None => {
            targets::live(global)?;
            let clients = args.network.clients(global)?;
            let request = AccountRequest { login: args.account.login()?, filter: filter.clone(), targets: None };
            match &args.record {
                None => targets::account(request, &clients, global)?,
                Some(dir) => record(dir, &request, args.network.refetch, &clients, global)?,
            }
        }
    };
    let inventory = if filter.is_empty() { inventory } else { scan::select(inventory, &[Selection::Filter(filter)]) };
    match args.format {
        OutputFormat::Text => emit(out, &text(&inventory))?,
        OutputFormat::Json => emit_json(out, "layerproof/inventory/v1", &document(&inventory))?,
    }
    if !inventory.gaps.is_empty() {
        return Ok(Exit::Incomplete);
    }
    Ok(if inventory.functions.is_empty() && inventory.layers.is_empty() { Exit::NothingMatched } else { Exit::Pass })
}

#[cfg(not(feature = "aws"))]
fn record(_: &std::path::Path, _: &AccountRequest, _: bool, _: &crate::clients::Clients, _: &Global) -> Result<Inventory, Failure> {
    Err(failure(&InventoryError::WithoutAws))
}

/// A source that cannot be read, as a failure with its next step.
pub fn failure(error: &InventoryError) -> Failure {
    let failure = if error.is_usage() { Failure::usage(error.to_string()) } else { Failure::internal(error.to_string()) };
    match error {
        InventoryError::NothingNamed => failure.hint("name files, or add --snapshot DIR"),
        InventoryError::Offline => failure.hint("run without --offline, or pass --snapshot DIR, a recorded account"),
        InventoryError::WithoutAws => failure.hint("build it with the feature, or pass --snapshot DIR, a recorded account"),
        InventoryError::NotASnapshot { .. } => {
            failure.hint("--snapshot takes the folder that holds snapshot.json; docs/snapshot.md describes it")
        }
        InventoryError::Malformed { .. } => failure.hint("docs/snapshot.md describes the file"),
        InventoryError::Version { .. } => failure.hint("use the version of layerproof that recorded it, or record again"),
        InventoryError::Login(error) => failure.hint(error.hint()),
        InventoryError::LocalCode { error: target, .. } => Failure { message: error.to_string(), ..targets::failure(target) },
        InventoryError::Unreadable { .. } => failure.hint("give this user the right to read it"),
    }
}

fn text(inventory: &Inventory) -> String {
    let mut lines = vec![heading(inventory)];
    lines.extend(inventory.notes.iter().cloned());
    let mut place = None;
    for function in &inventory.functions {
        let here = (&function.arn.account, &function.arn.region);
        if place != Some(here) {
            place = Some(here);
            lines.push(format!("\n{} {}", here.0, here.1));
        }
        function_lines(function, &mut lines);
    }
    if !inventory.layers.is_empty() {
        lines.push("\nLayer versions".into());
    }
    let users = users(inventory);
    for layer in inventory.layers.values() {
        layer_lines(layer, users.get(&layer.arn), &mut lines);
    }
    if !inventory.repositories.is_empty() {
        lines.push("\nImage repositories".into());
    }
    lines.extend(inventory.repositories.values().map(repository_line));
    if !inventory.gaps.is_empty() {
        lines.push("\nNot learned".into());
    }
    for gap in &inventory.gaps {
        lines.push(format!("  {gap}"));
        lines.push(format!("    {}", printable(&gap.next_step)));
    }
    lines.push("\nLooked at".into());
    let rows: Vec<Vec<String>> = inventory
        .coverage
        .iter()
        .map(|row| {
            let missing = if row.missing > 0 { format!(", {} missing", row.missing) } else { String::new() };
            let place = format!("{} {}", row.place.account, row.place.region);
            vec![place, row.api.clone(), format!("{} answered{missing}", row.answered)]
        })
        .collect();
    lines.push(columns(2, &rows).trim_end_matches('\n').to_owned());
    let versions: usize = inventory.functions.iter().map(|function| function.versions.len()).sum();
    lines.push(format!(
        "\n{} in {}, {}, {}, {} not learned\n",
        counted(inventory.functions.len() as u64, "function"),
        counted(versions as u64, "version"),
        counted(inventory.layers.len() as u64, "layer version"),
        match inventory.repositories.len() {
            1 => "1 image repository".to_owned(),
            number => format!("{number} image repositories"),
        },
        inventory.gaps.len(),
    ));
    lines.join("\n")
}

fn heading(inventory: &Inventory) -> String {
    let source = &inventory.source;
    let mut heading = format!("{} {}", source.kind, printable(&source.name));
    if let Some(recorded_at) = source.recorded_at {
        heading += &format!(", recorded at {recorded_at}");
    }
    if source.unauthenticated {
        heading += " (unauthenticated: whoever can write it can write what it says)";
    }
    heading
}

fn function_lines(function: &Function, lines: &mut Vec<String>) {
    let signing = match &function.code_signing {
        Observed::Present(config) => match &config.detail {
            Observed::Present(detail) => format!("code signing {}", printable(&detail.untrusted_artifact)),
            Observed::Absent | Observed::Unknown(_) => "code signing, policy unknown".into(),
        },
        Observed::Absent => "no code signing".into(),
        Observed::Unknown(_) => "code signing unknown".into(),
    };
    lines.push(format!("  {}  {signing}", function.arn.name));
    for version in &function.versions {
        lines.push(format!("    {:<8} {}", version.version(), version_text(version)));
        lines.extend(version.layers.iter().map(|layer| format!("             layer {}", layer.arn)));
    }
    match &function.aliases {
        Observed::Present(aliases) => {
            for alias in aliases {
                let mut line = format!("    alias {} -> {}", printable(&alias.name), printable(&alias.version));
                for weight in &alias.weights {
                    let (whole, tenth) = (weight.permille / 10, weight.permille % 10);
                    line += &format!(", {} takes {whole}.{tenth} %", printable(&weight.version));
                }
                lines.push(line);
            }
        }
        Observed::Absent => {}
        Observed::Unknown(_) => lines.push("    aliases unknown".into()),
    }
}

fn version_text(version: &FunctionVersion) -> String {
    let code = match &version.code {
        FunctionCode::Zip { code_sha256, code_size, .. } => {
            let runtime = version.runtime.as_deref().unwrap_or("no runtime");
            format!("zip {} {code_size} bytes {code_sha256}", printable(runtime))
        }
        FunctionCode::Image { image_uri, resolved, .. } => {
            let deployed = match image_uri {
                Observed::Present(image) => image.to_string(),
                Observed::Absent | Observed::Unknown(_) => "unknown image".into(),
            };
            match resolved.present().and_then(|image| image.digest) {
                Some(digest) => format!("image {deployed} = {digest}"),
                None => format!("image {deployed}, digest unknown"),
            }
        }
    };
    format!("{} {code}", version.architecture)
}

fn layer_lines(layer: &LayerVersion, users: Option<&BTreeSet<FunctionArn>>, lines: &mut Vec<String>) {
    let content = match &layer.content {
        Observed::Present(content) => format!("{} bytes {}", content.code_size, content.code_sha256),
        Observed::Absent => "no content".into(),
        Observed::Unknown(gap) => format!("content unknown: {}", gap.reason),
    };
    let public = layer.policy.present().is_some_and(|policy| policy.permissions.iter().any(|p| p.is_public()));
    lines.push(format!("  {}  {content}{}", layer.arn, if public { ", public" } else { "" }));
    match users {
        None => lines.push("    used by nothing that was looked at".into()),
        Some(users) => lines.extend(users.iter().map(|user| format!("    used by {user}"))),
    }
}

fn repository_line(repository: &Repository) -> String {
    let mutability = match &repository.mutability {
        Observed::Present(mutability) => printable(&mutability.setting).into_owned(),
        Observed::Absent => "does not exist".into(),
        Observed::Unknown(_) => "mutability unknown".into(),
    };
    let tags = match &repository.tags {
        Observed::Present(tags) => counted(tags.len() as u64, "tag"),
        Observed::Absent => "no tags".into(),
        Observed::Unknown(_) if !repository.is_used => "used by no function, so that its tags were not asked for".into(),
        Observed::Unknown(_) => "tags unknown".into(),
    };
    format!("  {}  {mutability}, {tags}", printable(&repository.uri))
}

fn users(inventory: &Inventory) -> BTreeMap<LayerVersionArn, BTreeSet<FunctionArn>> {
    let mut users: BTreeMap<LayerVersionArn, BTreeSet<FunctionArn>> = BTreeMap::new();
    for version in inventory.functions.iter().flat_map(|function| &function.versions) {
        for used in &version.layers {
            users.entry(used.arn.clone()).or_default().insert(version.arn.clone());
        }
    }
    users
}

fn document(inventory: &Inventory) -> Document<'_> {
    let users = users(inventory);
    Document {
        source: &inventory.source,
        notes: &inventory.notes,
        places: &inventory.places,
        functions: &inventory.functions,
        layers: inventory
            .layers
            .values()
            .map(|layer| Layer { layer, used_by: users.get(&layer.arn).into_iter().flatten().cloned().collect() })
            .collect(),
        repositories: inventory.repositories.values().collect(),
        gaps: &inventory.gaps,
        coverage: &inventory.coverage,
    }
}

/// The JSON document `layerproof/inventory/v1`.
#[derive(Serialize)]
struct Document<'a> {
    source: &'a SourceInfo,
    notes: &'a [String],
    places: &'a [Place],
    functions: &'a [Function],
    layers: Vec<Layer<'a>>,
    repositories: Vec<&'a Repository>,
    gaps: &'a [Gap],
    coverage: &'a [CoverageRow],
}

#[derive(Serialize)]
struct Layer<'a> {
    #[serde(flatten)]
    layer: &'a LayerVersion,
    used_by: Vec<FunctionArn>,
}
