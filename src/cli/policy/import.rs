//! `layerproof policy import notation`: Notation's trust policies and trust stores as a policy of ours, on stdout.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use clap::Subcommand;

use crate::cli::{Exit, Failure, Global};
use crate::model::arn_pattern::{ArnPattern, ResourceType};
use crate::model::printable::printable;
use crate::policy::notation::{self, Kind, Store};
use crate::policy::{Policy, render_problems};
use crate::signature::trust::{TrustStore, shipped_trust_stores};

/// The largest trust policy or certificate file that is read, bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Files of one trust store.
const MAX_FILES: usize = 100;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Clone, Subcommand)]
enum From {
    /// Write Notation's trust policies, with the trust stores that they name, as a policy to stdout
    Notation(NotationArgs),
}

#[derive(Debug, Clone, clap::Args)]
struct NotationArgs {
    /// trustpolicy.json, trustpolicy.oci.json or, with --scope, trustpolicy.blob.json
    #[arg(long, value_name = "FILE")]
    trust_policy: PathBuf,
    /// The folder with `x509/`; without it, `truststore` beside the trust policy. Paths are written as they are given, relative to here
    #[arg(long, value_name = "DIR")]
    trust_store: Option<PathBuf>,
    /// For a policy about blobs: the functions or layers that it is about, as an ARN pattern
    #[arg(long, value_name = "ARN")]
    scope: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let From::Notation(args) = &args.from;
    let file = args.trust_policy.display().to_string();
    let bytes = read(&args.trust_policy).map_err(Failure::usage)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{}` is no text", printable(&file))))?;
    let kind = kind(args.scope.as_deref())?;
    let beside = args.trust_policy.parent().unwrap_or(Path::new("")).join("truststore");
    let folder = args.trust_store.clone().unwrap_or(beside);
    let imported = notation::import(&file, &text, &kind, &mut |name| store(&folder, name));
    let imported = imported.map_err(|problems| Failure::usage(render_problems(&problems, &file, &text, global.color)))?;
    // What is written must be what `policy check` takes.
    let mut from_here = |path: &str| read(Path::new(path));
    if let Err(problems) = Policy::parse("the imported policy", &imported, &mut from_here) {
        let rendered = render_problems(&problems, "the imported policy", &imported, global.color);
        return Err(Failure::usage(rendered).hint("the trust policy says what a policy of layerproof cannot say"));
    }
    out.write_all(imported.as_bytes()).map_err(|error| super::unwritable(&error))?;
    Ok(Exit::Pass)
}

fn kind(scope: Option<&str>) -> Result<Kind, Failure> {
    let Some(scope) = scope else { return Ok(Kind::Oci) };
    let pattern: ArnPattern = scope.parse().map_err(|error| Failure::usage(format!("--scope: {error}")))?;
    let kind = match pattern.resource() {
        ResourceType::Function => "function",
        ResourceType::Layer => "layer",
        ResourceType::Both => return Err(Failure::usage("--scope names functions or layers, not both".to_owned())),
    };
    Ok(Kind::Blob { arn: scope.to_owned(), kind })
}

/// The trust store `TYPE:NAME` below `folder`, as Notation reads it: regular files only, each with certificates.
fn store(folder: &Path, name: &str) -> Result<Store, String> {
    let (kind, plain) = name.split_once(':').ok_or("it is not TYPE:NAME")?;
    if !["ca", "signingAuthority", "tsa"].contains(&kind) {
        return Err(format!("the type `{}` is not known", printable(kind)));
    }
    let well_formed = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !well_formed || plain == "." || plain == ".." {
        return Err(format!("`{}` is no name of a trust store", printable(plain)));
    }
    let path = folder.join("x509").join(kind).join(plain);
    let shown = path.display().to_string();
    let shown = printable(&shown);
    let shipped = shipped_trust_stores().iter().find(|store| store.name == name);
    match (fs::symlink_metadata(&path), shipped) {
        (Ok(found), _) if found.is_dir() => {}
        (Ok(_), _) => return Err(format!("`{shown}` is no directory; symbolic links are not followed")),
        // It ships, so that it need not be installed.
        (Err(error), Some(_)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Store { name: name.into(), files: Vec::new() }),
        (Err(error), _) => return Err(format!("could not look at `{shown}`: {error}")),
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&path).map_err(|error| format!("could not list `{shown}`: {error}"))? {
        let entry = entry.map_err(|error| format!("could not list `{shown}`: {error}"))?;
        let file = entry.path();
        let file_shown = file.display().to_string();
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            return Err(format!("`{}` is no regular file; directories and symbolic links are not taken", printable(&file_shown)));
        }
        files.push((relative(&file)?, read(&file)?));
        if files.len() > MAX_FILES {
            return Err(format!("`{shown}` has more than {MAX_FILES} files"));
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("`{shown}` has no certificates"));
    }
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(file, bytes)| (file.as_str(), bytes.as_slice())).collect();
    let loaded = TrustStore::load(name, &borrowed).map_err(|why| format!("`{shown}` cannot be used: {why}"))?;
    let paths = files.into_iter().map(|(file, _)| file).collect();
    match shipped {
        // The same certificates under the name that ships: then it is that one, and its signing profiles are told apart.
        Some(shipped) if loaded.certificates.iter().all(|der| shipped.certificates.contains(der)) => {
            Ok(Store { name: name.into(), files: Vec::new() })
        }
        Some(_) => Ok(Store { name: format!("{name}-imported"), files: paths }),
        None => Ok(Store { name: name.into(), files: paths }),
    }
}

/// As a policy in the current directory writes it.
fn relative(file: &Path) -> Result<String, String> {
    let here = std::env::current_dir().ok();
    let path = here.and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file);
    let text = path.to_str().ok_or_else(|| format!("`{}` is no text", printable(&path.display().to_string())))?;
    if path.is_absolute() || path.components().any(|part| matches!(part, Component::Prefix(_))) || text.contains(':') {
        return Err(format!("`{}` is not relative to the current directory, where the policy will stand", printable(text)));
    }
    Ok(text.to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| format!("could not read `{}`: {error}", printable(&shown)))?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > MAX_BYTES { Err(format!("`{}` is larger than {MAX_BYTES} bytes", printable(&shown))) } else { Ok(bytes) }
}
