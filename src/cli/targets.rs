//! The targets on a command line, as an inventory.

use std::collections::BTreeSet;
use std::path::Path;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::inventory::failure as inventory_failure;
use crate::clients::{Clients, Login};
use crate::inventory::local::{Blame, Scope, Target, TargetError};
use crate::inventory::{self, AccountRequest, Filter, Request, Targets};
use crate::model::inventory::{FileArtifact, Inventory};
use crate::scan::{self, Selection};

/// Lambda's default architecture, for choosing from a local multi-platform image.
pub const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// The inventory of a snapshot.
pub fn snapshot(dir: &Path) -> Result<Inventory, Failure> {
    list(&Request { snapshot: Some(dir.to_owned()), ..Request::default() }, &Clients::offline())
}

/// The inventory of live accounts.
pub fn account(request: AccountRequest, clients: &Clients, global: &Global) -> Result<Inventory, Failure> {
    live(global)?;
    list(&Request { account: Some(request), ..Request::default() }, clients)
}

/// Refuses what a live account cannot be looked at with.
pub fn live(global: &Global) -> Result<(), Failure> {
    if global.offline {
        return Err(Failure::usage("--offline opens no socket, so that no live account can be looked at")
            .hint("pass --snapshot DIR, a recorded account"));
    }
    if global.now_overridden {
        return Err(Failure::usage("--now is for replays: a live account is judged as of now")
            .hint("record it with `layerproof inventory --record DIR`, and judge the snapshot with --now"));
    }
    Ok(())
}

/// Where functions, layers and images are looked up.
pub struct Lookup<'a> {
    /// A recorded account.
    pub snapshot: Option<&'a Path>,
    /// The live account, where there is no snapshot.
    pub login: Login,
    /// The network.
    pub clients: &'a Clients,
    /// Settings of the run.
    pub global: &'a Global,
}

/// The inventory that these targets name: files by path, and what is looked up in an account. Beside it, the targets that name nothing
/// there.
pub fn resolve(targets: &[String], scope: Option<&str>, lookup: Lookup<'_>) -> Result<(Inventory, Vec<String>), Failure> {
    let scope = scope.map(|text| text.parse::<Scope>().map_err(|error| failure(&error))).transpose()?;
    if scope.is_some() && targets.len() != 1 {
        return Err(
            Failure::usage("--as gives a scope to exactly one target").hint("verify the targets one by one, each with its own --as")
        );
    }
    let mut files = Vec::new();
    let mut selections = Vec::new();
    for given in targets {
        match Target::parse(given).map_err(|error| failure(&error))? {
            Target::Function(selector) => selections.push((given, Selection::Function(selector))),
            Target::Layer(selector) => selections.push((given, Selection::Layer(selector))),
            Target::Image(image) => selections.push((given, Selection::Image(image))),
            local => files.push(file(local, given, scope.as_ref())?),
        }
    }
    let mut subjects = BTreeSet::new();
    if let Some(twice) = files.iter().find(|file| !subjects.insert(&file.subject)) {
        return Err(Failure::usage(format!("{} is named twice", twice.subject)));
    }
    match (selections.is_empty(), lookup.snapshot) {
        (false, _) if scope.is_some() => Err(Failure::usage("--as gives a scope to a local file; this target has one of its own")),
        (true, Some(_)) => Err(Failure::usage("--snapshot is given, and no target is looked up in it")
            .hint("name fn:NAME, layer:NAME:VERSION, image:REFERENCE or an ARN; `layerproof scan` judges the whole snapshot")),
        (true, None) => Ok((list(&Request { files, ..Request::default() }, &Clients::offline())?, Vec::new())),
        (false, snapshot) => {
            let inventory = match snapshot {
                Some(dir) => self::snapshot(dir)?,
                None => {
                    let targets = Some(named(selections.iter().map(|(_, selection)| selection)));
                    account(AccountRequest { login: lookup.login, filter: Filter::default(), targets }, lookup.clients, lookup.global)?
                }
            };
            let unmatched = selections.iter().filter(|(_, s)| !scan::matches(&inventory, s)).map(|(given, _)| (*given).clone()).collect();
            let selections: Vec<Selection> = selections.into_iter().map(|(_, selection)| selection).collect();
            let inventory = Inventory { files, ..scan::select(inventory, &selections) };
            Ok((inventory, unmatched))
        }
    }
}

/// What is asked of a live account by name.
fn named<'a>(selections: impl Iterator<Item = &'a Selection>) -> Targets {
    let mut targets = Targets::default();
    for selection in selections {
        match selection {
            Selection::Function(selector) => targets.functions.push(selector.clone()),
            Selection::Layer(selector) => targets.layers.push(selector.clone()),
            Selection::Image(_) | Selection::FunctionNames(_) | Selection::Filter(_) => {}
        }
    }
    targets
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

fn list(request: &Request, clients: &Clients) -> Result<Inventory, Failure> {
    clients
        .block_on(inventory::inventory(request, clients))
        .map_err(|error| Failure::internal(error.to_string()))?
        .map_err(|error| inventory_failure(&error))
}
