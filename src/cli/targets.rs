//! The targets on a command line, as an inventory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::clients::Clients;
use crate::inventory::local::{Blame, LayerSelector, Scope, Target, TargetError};
use crate::inventory::{self, InventoryError, Request, template};
use crate::model::inventory::{FileArtifact, Inventory};
use crate::model::printable::printable;
use crate::model::template::Template;
use crate::scan::{self, Selection};

/// Lambda's default architecture, for choosing from a local multi-platform image.
pub const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// The inventory of a snapshot.
pub fn snapshot(dir: &Path) -> Result<Inventory, Failure> {
    list(&Request { snapshot: Some(dir.to_owned()), ..Request::default() })
}

/// The inventory that these targets name: files by path, templates with what they name, and with a snapshot what is selected from it.
/// Beside it, the targets that name nothing in the snapshot.
pub fn resolve(
    targets: &[String],
    scope: Option<&str>,
    snapshot: Option<&Path>,
    references_only: bool,
) -> Result<(Inventory, Vec<String>), Failure> {
    let scope = scope.map(|text| text.parse::<Scope>().map_err(|error| failure(&error))).transpose()?;
    if scope.is_some() && targets.len() != 1 {
        return Err(
            Failure::usage("--as gives a scope to exactly one target").hint("verify the targets one by one, each with its own --as")
        );
    }
    let mut files = Vec::new();
    let mut selections = Vec::new();
    let mut templates: Vec<PathBuf> = Vec::new();
    for given in targets {
        match Target::parse(given).map_err(|error| failure(&error))? {
            Target::Function(selector) => selections.push((given, Selection::Function(selector))),
            Target::Layer(selector) => selections.push((given, Selection::Layer(selector))),
            Target::Image(image) => selections.push((given, Selection::Image(image))),
            local => match local.sniff().map_err(|error| failure(&error))? {
                Target::Template(_) if scope.is_some() => {
                    return Err(Failure::usage("--as gives a scope to one artifact, and a template names many"));
                }
                Target::Template(path) if templates.contains(&path) => {
                    return Err(Failure::usage(format!("{} is named twice", printable(given))));
                }
                Target::Template(path) => templates.push(path),
                local => files.push(file(local, given, scope.as_ref())?),
            },
        }
    }
    let mut subjects = BTreeSet::new();
    if let Some(twice) = files.iter().find(|file| !subjects.insert(&file.subject)) {
        return Err(Failure::usage(format!("{} is named twice", twice.subject)));
    }
    if references_only && templates.is_empty() {
        return Err(Failure::usage("--references-only is given, and no target is a template")
            .hint("template:PATH takes a file as a template whatever it looks like"));
    }
    if let Some(dir) = snapshot.filter(|_| !templates.is_empty()) {
        let templates = template::read_all(&templates, !references_only).map_err(|error| inventory_failure(&error))?;
        return beside_templates(self::snapshot(dir)?, files, templates, selections);
    }
    match (selections.is_empty(), snapshot) {
        (false, None) => Err(Failure::usage("a function, layer or image is looked up in an account, and none is given")
            .hint("pass --snapshot DIR, a recorded account; live accounts are not read by this version")),
        (false, Some(_)) if scope.is_some() => Err(Failure::usage("--as gives a scope to a local file; this target has one of its own")),
        (true, Some(_)) => Err(Failure::usage("--snapshot is given, and no target is looked up in it")
            .hint("name fn:NAME, layer:NAME:VERSION, image:REFERENCE or an ARN; `layerproof scan` judges the whole snapshot")),
        (true, None) => Ok((list(&Request { files, templates, references_only, ..Request::default() })?, Vec::new())),
        (false, Some(dir)) => {
            let inventory = self::snapshot(dir)?;
            let unmatched = selections.iter().filter(|(_, s)| !scan::matches(&inventory, s)).map(|(given, _)| (*given).clone()).collect();
            let selections: Vec<Selection> = selections.into_iter().map(|(_, selection)| selection).collect();
            let inventory = Inventory { files, ..scan::select(inventory, &selections) };
            Ok((inventory, unmatched))
        }
    }
}

/// What is selected from a snapshot, and templates whose layers and images are looked up in it.
fn beside_templates(
    account: Inventory,
    files: Vec<FileArtifact>,
    templates: Vec<Template>,
    selections: Vec<(&String, Selection)>,
) -> Result<(Inventory, Vec<String>), Failure> {
    let unmatched = selections.iter().filter(|(_, s)| !scan::matches(&account, s)).map(|(given, _)| (*given).clone()).collect();
    let mut selections: Vec<Selection> = selections.into_iter().map(|(_, selection)| selection).collect();
    selections.extend(template::layers_named(&templates).into_iter().map(|arn| Selection::Layer(LayerSelector::Arn(arn))));
    let selected = if selections.is_empty() {
        // An empty list would keep everything.
        Inventory { places: account.places.clone(), ..Inventory::empty(account.source.clone()) }
    } else {
        scan::select(account.clone(), &selections)
    };
    let mut inventory = Inventory { files, ..selected };
    template::add(&mut inventory, templates, Some(&account)).map_err(|error| inventory_failure(&error))?;
    Ok((inventory, unmatched))
}

/// The one local file that a target names.
pub fn file(target: Target, given: &str, scope: Option<&Scope>) -> Result<FileArtifact, Failure> {
    target.artifact(given, scope, DEFAULT_ARCHITECTURE).map_err(|error| failure(&error))
}

/// A target's mistake as a failure: exit 2 where the command line is wrong, 5 where this machine cannot read what is there, and 1
/// where the artifact itself is broken beyond being judged.
pub fn failure(error: &TargetError) -> Failure {
    let exit = match error.blame() {
        Blame::Usage => Exit::Usage,
        Blame::Machine => Exit::Internal,
        Blame::Artifact => Exit::PolicyFailed,
    };
    let failure = Failure { exit, message: error.to_string(), hints: Vec::new() };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn list(request: &Request) -> Result<Inventory, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(inventory::inventory(request, &Clients::offline())).map_err(|error| inventory_failure(&error))
}

/// A source that cannot be read, as a failure.
pub fn inventory_failure(error: &InventoryError) -> Failure {
    let failure = match error {
        InventoryError::LocalCode { error: target, .. } => return Failure { message: error.to_string(), ..failure(target) },
        _ if error.is_usage() => Failure::usage(error.to_string()),
        _ => Failure::internal(error.to_string()),
    };
    failure.hint("docs/snapshot.md describes what a snapshot holds, and docs/templates.md which templates are read")
}
