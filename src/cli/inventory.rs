//! `layerproof inventory`: what is deployed, and what could not be learned, without reading any artifact.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::{Exit, Failure, Global};
use crate::inventory::{InventoryError, Request, inventory};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::function::{Function, FunctionCode, FunctionVersion};
use crate::model::gap::Gap;
use crate::model::inventory::{CoverageRow, Inventory, Place, Repository, SourceInfo};
use crate::model::layer::LayerVersion;
use crate::model::observed::Observed;
use crate::model::printable::printable;

/// Lists functions, versions, aliases, layers with who uses them, images, and what could not be learned.
///
/// Exits 3 where something could not be learned, and 4 where the source holds no function and no layer.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A recorded account (docs/snapshot.md)
    #[arg(long, value_name = "DIR")]
    pub snapshot: PathBuf,

    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How an inventory is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person.
    Text,
    /// `layerproof_inventory` version 1: the inventory with `used_by` for layers.
    Json,
}

/// Runs the command.
pub fn run(args: &Args, _global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let request = Request { snapshot: Some(args.snapshot.clone()), files: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Failure::internal(format!("the asynchronous runtime does not start: {error}")))?;
    let inventory = runtime.block_on(inventory(&request)).map_err(|error| failure(&error))?;
    let written = match args.format {
        Format::Text => text(&inventory, out),
        Format::Json => json(&inventory, out),
    };
    match written {
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(Failure::internal(format!("cannot write the inventory: {error}"))),
        Ok(()) => {}
    }
    if !inventory.gaps.is_empty() {
        return Ok(Exit::Incomplete);
    }
    Ok(if inventory.functions.is_empty() && inventory.layers.is_empty() { Exit::NothingMatched } else { Exit::Pass })
}

/// A source that cannot be read, as a failure with its next step.
pub fn failure(error: &InventoryError) -> Failure {
    let failure = if error.is_usage() { Failure::usage(error.to_string()) } else { Failure::internal(error.to_string()) };
    match error {
        InventoryError::NothingNamed => failure.hint("name files, or add --snapshot DIR"),
        InventoryError::NotASnapshot { .. } => {
            failure.hint("--snapshot takes the folder that holds snapshot.json; docs/snapshot.md describes it")
        }
        InventoryError::Malformed { .. } => failure.hint("docs/snapshot.md describes the file"),
        InventoryError::Version { .. } => failure.hint("use the version of layerproof that recorded it, or record again"),
        InventoryError::Unreadable { .. } => failure.hint("give this user the right to read it"),
    }
}

fn text(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{} {}", inventory.source.kind, printable(&inventory.source.name))?;
    if let Some(recorded_at) = inventory.source.recorded_at {
        write!(out, ", recorded at {recorded_at}")?;
    }
    writeln!(
        out,
        "{}",
        if inventory.source.unauthenticated { " (unauthenticated: whoever can write it can write what it says)" } else { "" }
    )?;

    let mut place = None;
    for function in &inventory.functions {
        let here = (&function.arn.account, &function.arn.region);
        if place != Some(here) {
            place = Some(here);
            writeln!(out, "\n{} {}", here.0, here.1)?;
        }
        function_text(function, out)?;
    }
    if !inventory.layers.is_empty() {
        writeln!(out, "\nLayer versions")?;
    }
    let users = users(inventory);
    for layer in inventory.layers.values() {
        layer_text(layer, users.get(&layer.arn), out)?;
    }
    if !inventory.repositories.is_empty() {
        writeln!(out, "\nImage repositories")?;
    }
    for repository in inventory.repositories.values() {
        let mutability = match &repository.mutability {
            Observed::Present(mutability) => printable(&mutability.setting).into_owned(),
            Observed::Absent => "does not exist".into(),
            Observed::Unknown(_) => "mutability unknown".into(),
        };
        let tags = match &repository.tags {
            Observed::Present(tags) => count(tags.len(), "tag"),
            Observed::Absent => "no tags".into(),
            Observed::Unknown(_) => "tags unknown".into(),
        };
        writeln!(out, "  {}  {mutability}, {tags}", printable(&repository.uri))?;
    }
    if !inventory.gaps.is_empty() {
        writeln!(out, "\nNot learned")?;
    }
    for gap in &inventory.gaps {
        writeln!(out, "  {gap}\n    {}", printable(&gap.next_step))?;
    }
    writeln!(out, "\nLooked at")?;
    for row in &inventory.coverage {
        let missing = if row.missing > 0 { format!(", {} missing", row.missing) } else { String::new() };
        writeln!(
            out,
            "  {} {}  {}  {} answered{missing}",
            printable(&row.place.account),
            printable(&row.place.region),
            printable(&row.api),
            row.answered
        )?;
    }
    let versions = inventory.functions.iter().map(|function| function.versions.len()).sum();
    writeln!(
        out,
        "\n{} in {}, {}, {}, {} not learned",
        count(inventory.functions.len(), "function"),
        count(versions, "version"),
        count(inventory.layers.len(), "layer version"),
        match inventory.repositories.len() {
            1 => "1 image repository".to_owned(),
            number => format!("{number} image repositories"),
        },
        inventory.gaps.len(),
    )
}

fn function_text(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let signing = match &function.code_signing {
        Observed::Present(config) => match &config.detail {
            Observed::Present(detail) => format!("code signing {}", printable(&detail.untrusted_artifact)),
            Observed::Absent | Observed::Unknown(_) => "code signing, policy unknown".into(),
        },
        Observed::Absent => "no code signing".into(),
        Observed::Unknown(_) => "code signing unknown".into(),
    };
    writeln!(out, "  {}  {signing}", function.arn.name)?;
    for version in &function.versions {
        writeln!(out, "    {:<8} {}", version.version(), version_text(version))?;
        for layer in &version.layers {
            writeln!(out, "             layer {}", layer.arn)?;
        }
    }
    match &function.aliases {
        Observed::Present(aliases) => {
            for alias in aliases {
                write!(out, "    alias {} -> {}", printable(&alias.name), printable(&alias.version))?;
                for weight in &alias.weights {
                    let (whole, tenth) = (weight.permille / 10, weight.permille % 10);
                    write!(out, ", {} takes {whole}.{tenth} %", printable(&weight.version))?;
                }
                writeln!(out)?;
            }
            Ok(())
        }
        Observed::Absent => Ok(()),
        Observed::Unknown(_) => writeln!(out, "    aliases unknown"),
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
            let digest = resolved.present().and_then(|image| image.digest);
            match digest {
                Some(digest) => format!("image {deployed} = {digest}"),
                None => format!("image {deployed}, digest unknown"),
            }
        }
    };
    format!("{} {code}", version.architecture)
}

fn layer_text(layer: &LayerVersion, users: Option<&BTreeSet<FunctionArn>>, out: &mut dyn Write) -> io::Result<()> {
    let content = match &layer.content {
        Observed::Present(content) => format!("{} bytes {}", content.code_size, content.code_sha256),
        Observed::Absent => "no content".into(),
        Observed::Unknown(gap) => format!("content unknown: {}", gap.reason),
    };
    let public = layer.policy.present().is_some_and(|policy| policy.permissions.iter().any(|p| p.is_public()));
    writeln!(out, "  {}  {content}{}", layer.arn, if public { ", public" } else { "" })?;
    match users {
        None => writeln!(out, "    used by nothing that was looked at"),
        Some(users) => {
            for user in users {
                writeln!(out, "    used by {user}")?;
            }
            Ok(())
        }
    }
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

fn json(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        layerproof_inventory: u32,
        source: &'a SourceInfo,
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
        used_by: Vec<&'a FunctionArn>,
    }
    let users = users(inventory);
    let document = Document {
        layerproof_inventory: 1,
        source: &inventory.source,
        places: &inventory.places,
        functions: &inventory.functions,
        layers: inventory
            .layers
            .values()
            .map(|layer| Layer { layer, used_by: users.get(&layer.arn).into_iter().flatten().collect() })
            .collect(),
        repositories: inventory.repositories.values().collect(),
        gaps: &inventory.gaps,
        coverage: &inventory.coverage,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
