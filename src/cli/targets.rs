//! The targets on a command line, as an inventory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::AccountArgs;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::inventory::failure as inventory_failure;
use super::progress::Bar;
use crate::clients::{Clients, LoginError};
use crate::fetch;
use crate::inventory::local::{Blame, LayerSelector, Scope, Target, TargetError};
use crate::inventory::{self, AccountRequest, Filter, InventoryError, Request, Targets, template};
use crate::model::artifact::BlobLocation;
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{FileArtifact, ImageArtifact, Inventory, Place, SourceInfo};
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::scan::{self, Selection};

/// Lambda's default architecture, for choosing from a multi-platform image.
pub const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// The inventory of a snapshot.
pub fn snapshot(dir: &Path) -> Result<Inventory, Failure> {
    list(&Request { snapshot: Some(dir.to_owned()), ..Request::default() }, &Clients::offline())
}

/// The inventory of live accounts.
pub fn account(request: AccountRequest, clients: &Clients, global: &Global) -> Result<Inventory, Failure> {
    live(global)?;
    let _bar = Bar::listing(global, clients.calls());
    list(&Request { account: Some(request), ..Request::default() }, clients)
}

/// Refuses what cannot be looked at live.
pub fn live(global: &Global) -> Result<(), Failure> {
    if global.offline {
        return Err(Failure::usage("--offline opens no socket, so that no live account or registry can be looked at")
            .hint("pass --snapshot DIR, a recorded account"));
    }
    if global.now_overridden {
        return Err(Failure::usage("--now is for replays: what is live is judged as of now")
            .hint("record it with `layerproof inventory --record DIR`, and judge the snapshot with --now"));
    }
    Ok(())
}

/// Where functions, layers and images are looked up, and how.
pub struct Lookup<'a> {
    /// A recorded account.
    pub snapshot: Option<&'a Path>,
    /// The live account, where there is no snapshot.
    pub account: &'a AccountArgs,
    /// The network.
    pub clients: &'a Clients,
    /// Settings of the run.
    pub global: &'a Global,
    /// Lambda's name of the platform that is wanted of an image that has several.
    pub architecture: &'a str,
    /// Of templates only the references.
    pub references_only: bool,
    /// Signatures are looked for far away: an account that is given may be meant for that.
    pub has_far_signatures: bool,
}

/// True where a socket may have to be opened for these targets. Judging a file builds no client and reads no system certificate.
pub fn may_be_remote(targets: &[String], account: &AccountArgs) -> bool {
    let is_local = |given: &String| match Target::parse(given).and_then(Target::sniff) {
        Ok(Target::Function(_) | Target::Layer(_) | Target::Image(_) | Target::Template(_)) => false,
        Ok(_) | Err(_) => true,
    };
    account.is_given() || !targets.iter().all(is_local)
}

/// What the targets are, told apart.
#[derive(Default)]
struct Named<'a> {
    files: Vec<FileArtifact>,
    templates: Vec<PathBuf>,
    /// What is selected from an account, and how it was typed.
    selections: Vec<(&'a String, Selection)>,
    /// Images that are looked for in their registry, and how they were typed.
    images: Vec<(&'a String, ImageRef)>,
}

/// The inventory that these targets name: files by path, templates with what they name, images in their registry, and what is looked up
/// in an account. Beside it, the targets that name nothing.
pub fn resolve(targets: &[String], scope: Option<&str>, lookup: &Lookup<'_>) -> Result<(Inventory, Vec<String>), Failure> {
    let scope = scope.map(|text| text.parse::<Scope>().map_err(|error| failure(&error))).transpose()?;
    if scope.is_some() && targets.len() != 1 {
        return Err(
            Failure::usage("--as gives a scope to exactly one target").hint("verify the targets one by one, each with its own --as")
        );
    }
    let mut named = Named::default();
    for given in targets {
        let target = Target::parse(given).and_then(Target::sniff).map_err(|error| failure(&error))?;
        match target {
            Target::Function(selector) => named.selections.push((given, Selection::Function(selector))),
            Target::Layer(selector) => named.selections.push((given, Selection::Layer(selector))),
            Target::Image(image) if lookup.snapshot.is_some() => named.selections.push((given, Selection::Image(image))),
            Target::Image(image) => named.images.push((given, image)),
            Target::Template(path) if named.templates.contains(&path) => {
                return Err(Failure::usage(format!("{} is named twice", printable(given))));
            }
            Target::Template(path) => named.templates.push(path),
            local => named.files.push(file(local, given, scope.as_ref(), lookup.architecture)?),
        }
    }
    check(&named, scope.is_some(), lookup)?;
    let looked_up = !named.selections.is_empty() || !named.images.is_empty();
    let is_for_signatures = named.templates.is_empty() && lookup.has_far_signatures;
    if lookup.snapshot.is_none() && !looked_up && (!lookup.account.is_given() || is_for_signatures) {
        let Named { files, templates, .. } = named;
        let request = Request { files, templates, references_only: lookup.references_only, ..Request::default() };
        return Ok((list(&request, lookup.clients)?, Vec::new()));
    }
    looked_up_in_an_account(named, lookup)
}

/// The artifacts that one target names, for those who look and do not judge: a template is then the file that it is.
pub fn artifacts(given: &str, lookup: &Lookup<'_>) -> Result<Inventory, Failure> {
    let local = match Target::parse(given).map_err(|error| failure(&error))? {
        // A template is shown as the file that it is: what it names is for `verify`.
        Target::Path(path) | Target::Template(path) => Some(Target::Path(path).sniff().map(|target| match target {
            Target::Template(path) => Target::Unrecognised(path),
            other => other,
        })),
        Target::Function(_) | Target::Layer(_) | Target::Image(_) => None,
        other => Some(Ok(other)),
    };
    let mut inventory = Inventory::empty(SourceInfo { kind: "local", name: given.to_owned(), recorded_at: None, unauthenticated: false });
    match local {
        Some(target) => {
            let target = target.map_err(|error| failure(&error))?;
            inventory.files.push(file(target, given, None, lookup.architecture)?);
        }
        None => {
            let (looked_up, unmatched) = resolve(&[given.to_owned()], None, lookup)?;
            if !unmatched.is_empty() && looked_up.gaps.is_empty() {
                let message = format!("nothing is called `{}`", printable(given));
                return Err(
                    Failure { exit: Exit::NothingMatched, message, hints: Vec::new() }.hint("`layerproof inventory` lists what there is")
                );
            }
            inventory = looked_up;
        }
    }
    Ok(inventory)
}

/// Targets of which at least one is looked up in an account or a registry.
fn looked_up_in_an_account(named: Named<'_>, lookup: &Lookup<'_>) -> Result<(Inventory, Vec<String>), Failure> {
    let templates = template::read_all(&named.templates, !lookup.references_only).map_err(|error| inventory_failure(&error))?;
    let wanted = named.selections.iter().map(|(_, selection)| selection.clone());
    let layers = template::layers_named(&templates).into_iter().map(|arn| Selection::Layer(LayerSelector::Arn(arn)));
    let selections: Vec<Selection> = wanted.chain(layers).collect();
    let account = match lookup.snapshot {
        Some(dir) => snapshot(dir)?,
        None => live_account(&selections, &named.images, lookup)?,
    };
    let is_unmatched = |(_, selection): &&(&String, Selection)| !scan::matches(&account, selection);
    let mut unmatched: Vec<String> = named.selections.iter().filter(is_unmatched).map(|(given, _)| (*given).clone()).collect();
    let selected = if selections.is_empty() {
        // An empty list would keep everything. What a login could not learn stays.
        let Inventory { source, places, gaps, coverage, notes, .. } = account.clone();
        let gaps = if lookup.snapshot.is_some() { Vec::new() } else { gaps };
        Inventory { places, gaps, coverage, notes, ..Inventory::empty(source) }
    } else {
        scan::select(account.clone(), &selections)
    };
    let mut inventory = Inventory { files: named.files, ..selected };
    template::add(&mut inventory, templates, Some(&account)).map_err(|error| inventory_failure(&error))?;
    for (given, image) in named.images {
        if !add_image(&mut inventory, image, lookup)? {
            unmatched.push(given.clone());
        }
    }
    // A template names an image without an account: it is asked for with the one that was given.
    let places = inventory.places.clone();
    for ImageArtifact { location, .. } in &mut inventory.images {
        if let BlobLocation::Registry { asked_in: asked_in @ None, image, .. } = location {
            *asked_in = place_for(image, &places);
        }
    }
    Ok((inventory, unmatched))
}

/// Refuses targets that do not go together.
fn check(named: &Named<'_>, has_scope: bool, lookup: &Lookup<'_>) -> Result<(), Failure> {
    let mut subjects = BTreeSet::new();
    if let Some(twice) = named.files.iter().find(|file| !subjects.insert(&file.subject)) {
        return Err(Failure::usage(format!("{} is named twice", twice.subject)));
    }
    let mut templates = BTreeSet::new();
    if let Some(twice) = named.templates.iter().find(|path| !templates.insert(*path)) {
        return Err(Failure::usage(format!("{} is named twice", printable(&twice.display().to_string()))));
    }
    if lookup.references_only && named.templates.is_empty() {
        return Err(Failure::usage("--references-only is given, and no target is a template")
            .hint("template:PATH takes a file as a template whatever it looks like"));
    }
    let looked_up = !named.selections.is_empty() || !named.images.is_empty();
    if has_scope && (looked_up || !named.templates.is_empty()) {
        let why = if looked_up { "this target has one of its own" } else { "a template names many" };
        return Err(Failure::usage(format!("--as gives a scope to one local file, and {why}")));
    }
    let is_account_of_use = lookup.account.is_given() && lookup.has_far_signatures;
    if !looked_up && named.templates.is_empty() && (lookup.snapshot.is_some() || lookup.account.is_given()) && !is_account_of_use {
        let what = if lookup.snapshot.is_some() { "--snapshot" } else { "an account" };
        return Err(Failure::usage(format!("{what} is given, and no target is looked up in it"))
            .hint("name fn:NAME, layer:NAME:VERSION, image:REFERENCE or an ARN; `layerproof scan` judges the whole account"));
    }
    Ok(())
}

/// What the live account knows of the selections. Where only images are wanted it is asked nothing but who asks, for ECR's login; who has
/// no AWS credentials may have logged in to the registry in another way.
fn live_account(selections: &[Selection], images: &[(&String, ImageRef)], lookup: &Lookup<'_>) -> Result<Inventory, Failure> {
    live(lookup.global)?;
    let nobody = Inventory::empty(SourceInfo {
        kind: "registry",
        name: images.iter().map(|(_, image)| image.to_string()).collect::<Vec<_>>().join(" "),
        recorded_at: None,
        unauthenticated: false,
    });
    let only_images = selections.is_empty() && !lookup.account.is_given();
    if only_images && !images.iter().any(|(_, image)| image.ecr().is_some()) {
        return Ok(nobody);
    }
    let account = AccountRequest { login: lookup.account.login()?, filter: Filter::default(), targets: Some(targets_of(selections)) };
    let request = Request { account: Some(account), ..Request::default() };
    let _bar = Bar::listing(lookup.global, lookup.clients.calls());
    match lookup.clients.block_on(inventory::inventory(&request, lookup.clients)).map_err(|error| Failure::internal(error.to_string()))? {
        Ok(inventory) => Ok(inventory),
        Err(InventoryError::Login(LoginError::NoCredentials { .. } | LoginError::NoRegion) | InventoryError::WithoutAws) if only_images => {
            // Whoever has logged in with Docker needs no AWS; whoever has not is told why the registry refuses.
            let note = "no AWS credentials or no region: ECR was asked with the login of Docker's config.json, or with none";
            Ok(Inventory { notes: vec![note.to_owned()], ..nobody })
        }
        Err(error) => Err(inventory_failure(&error)),
    }
}

/// What is asked of a live account by name.
fn targets_of(selections: &[Selection]) -> Targets {
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

/// Adds an image of a registry, by the digest that it names or that its tag has now. False where there is no such tag.
fn add_image(inventory: &mut Inventory, image: ImageRef, lookup: &Lookup<'_>) -> Result<bool, Failure> {
    let asked_in = place_for(&image, &inventory.places);
    let digest = match image.digest {
        Some(digest) => digest,
        None => {
            let wanted = "the digest that the tag names";
            let online = lookup.clients.need(&image.to_string(), wanted).map_err(|gap| Failure::usage(gap.to_string()))?;
            match fetch::resolve(&image, asked_in.as_ref(), online) {
                Observed::Present(digest) => {
                    inventory.notes.push(format!("{image} is {digest} now: a tag may be moved, and what was judged is the digest"));
                    digest
                }
                Observed::Absent => {
                    inventory.notes.push(format!("the registry has no {image}: neither a tag nor a digest of that name"));
                    return Ok(false);
                }
                Observed::Unknown(gap) => {
                    inventory.gaps.push(gap);
                    return Ok(true);
                }
            }
        }
    };
    // Beside a digest that was typed, the tag may name an index that lists it and is signed.
    let tag = image.tag.clone().filter(|_| image.digest.is_some());
    let image = ImageRef { tag: None, digest: Some(digest), ..image };
    let named = ImageRef { tag, ..image.clone() };
    let location = BlobLocation::Registry { asked_in, image: named, architecture: lookup.architecture.to_owned() };
    inventory.images.push(ImageArtifact { image, location });
    Ok(true)
}

/// Whose ECR login is used for an image: that of the registry's own account and region where it was opened, else the nearest.
fn place_for(image: &ImageRef, places: &[Place]) -> Option<Place> {
    let (account, region) = image.ecr()?;
    let distance = |place: &&Place| (place.account != account, place.region != region);
    places.iter().min_by_key(distance).cloned()
}

/// The one local file that a target names.
pub fn file(target: Target, given: &str, scope: Option<&Scope>, architecture: &str) -> Result<FileArtifact, Failure> {
    target.artifact(given, scope, architecture).map_err(|error| failure(&error))
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
