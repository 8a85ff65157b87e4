//! `layerproof inspect TARGET`: what an artifact holds and what its signatures say. Nothing is judged, so nothing can pass.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{AccountArgs, NetworkArgs, SignatureArgs, is_any_remote};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::progress::Bar;
use super::targets::{self, Lookup};
use super::{judge, listing};
use crate::clients::Clients;
use crate::fetch::signatures::SignatureSources;
use crate::fetch::{self, Fetching, Wanted};
use crate::model::artifact::{BlobLocation, Subject};
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::scan::{self, Examined, Gather, Sought};
use crate::signature::{JudgedSignature, Outcome, TrustAnchors, explain, trust};
use crate::store::{Integrity, Store};
use crate::unpack::{Anomaly, Contents, EntryKind, Format, Limits};

/// Files and anomalies of each kind that the text shows without -v.
const SHOWN: usize = 40;

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof inspect layer.zip
  layerproof inspect --explain-signature layer.zip
  layerproof inspect --explain-signature --policy policy.yaml oci:image:1.4.2
  layerproof inspect oci:image/ --format json
  layerproof inspect layer:parcel-common:12 --snapshot testdata/fleet
  layerproof inspect image:registry.example.com/team/app:v1

inspect applies no policy. It ends with 0 when it could look, whatever it saw; use `verify` for a verdict.")]
pub struct Args {
    /// A zip, a folder, or an OCI image layout (folder or tar); zip: dir: oci: oci-archive: force the kind. In an account, or with
    /// --snapshot: fn:NAME[:QUALIFIER], layer:NAME[:VERSION], or an ARN. In a registry: image:REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST].
    #[arg(value_name = "TARGET")]
    target: String,
    /// Recorded account that the target is looked up in, in place of the live one that the AWS configuration names.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "role_arn", "region", "all_regions"])]
    snapshot: Option<PathBuf>,
    /// Platform of an image that has several: x86_64 or arm64.
    #[arg(long, value_name = "ARCH", default_value = "x86_64", value_parser = ["x86_64", "arm64"])]
    architecture: String,
    /// Print each numbered step of the signature's verification, with what is expected and what is presented.
    #[arg(long)]
    explain_signature: bool,
    /// Hold signatures against the keys, roots and trust stores of this trust policy, beside the roots that ship. No statement of it is applied.
    #[arg(long, env = "LAYERPROOF_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
    /// List every file.
    #[arg(long)]
    files: bool,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    #[command(flatten)]
    signatures: SignatureArgs,
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For a person.
    Text,
    /// `layerproof.inspect` version 1.
    Json,
}

/// Shows one artifact, or each that the target names in an account.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let anchors = anchors(args.policy.as_deref(), global)?;
    let sources = args.signatures.sources(args.snapshot.as_deref())?;
    let clients = match &args.snapshot {
        _ if is_any_remote(&sources) && !global.now_overridden => args.network.clients(global)?,
        None if targets::may_be_remote(std::slice::from_ref(&args.target), &args.account) => args.network.clients(global)?,
        None | Some(_) => Clients::offline(),
    };
    let (wanted, gaps) = wanted(args, is_any_remote(&sources), &clients, global)?;
    let signatures = SignatureSources::open(&sources, args.account.login()?);
    if args.format == Form::Json && wanted.len() > 1 {
        let names: Vec<String> = wanted.iter().map(|want| want.subject.to_string()).collect();
        return Err(Failure::usage(format!("--format json shows one artifact, and `{}` names {}", printable(&args.target), names.len()))
            .hint(format!("name one of {}", names.join(", "))));
    }
    let store = Store::open(&global.cache_dir)?;
    let limits = Limits::default();
    let mut page = Vec::new();
    let mut exit = if gaps.is_empty() { Exit::Pass } else { Exit::Incomplete };
    for want in wanted {
        let bar = Bar::new(global);
        let fetching = Fetching { store: &store, clients: &clients, refetch: args.network.refetch };
        let gather = Gather { fetching, signatures: &signatures, anchors: &anchors, limits: &limits, now: global.now, progress: &bar };
        let seen = look(&want, &gather)?;
        drop(bar);
        match &seen {
            Ok((examined, integrity)) => {
                match args.format {
                    Form::Text => text(args, &want.subject, examined, *integrity, global, &mut page),
                    Form::Json => json(args, &want.subject, examined, &mut page),
                }
                .map_err(|error| Failure::internal(error.to_string()))?;
                if examined.blob.gap().is_some() || examined.contents.gap().is_some() {
                    exit = Exit::Incomplete;
                }
            }
            Err(gap) => {
                page.extend(format!("{gap}\n  {}\n", printable(&gap.next_step)).into_bytes());
                exit = Exit::Incomplete;
            }
        }
    }
    for gap in &gaps {
        page.extend(format!("{gap}\n  {}\n", printable(&gap.next_step)).into_bytes());
    }
    if args.format == Form::Text {
        page.extend(b"Nothing was judged: `layerproof verify` applies a trust policy.\n");
    }
    listing::emit(out, &String::from_utf8_lossy(&page))?;
    Ok(exit)
}

/// What the target names, and what could not be learned on the way to it.
fn wanted(args: &Args, has_far_signatures: bool, clients: &Clients, global: &Global) -> Result<(Vec<scan::Wanted>, Vec<Gap>), Failure> {
    let lookup = Lookup {
        snapshot: args.snapshot.as_deref(),
        account: &args.account,
        clients,
        global,
        architecture: &args.architecture,
        references_only: false,
        has_far_signatures,
    };
    let inventory = targets::artifacts(&args.target, &lookup)?;
    Ok((scan::wanted(&inventory), inventory.gaps))
}

/// The artifact's bytes, and whether they are the claimed ones; or why there are none.
fn look(want: &scan::Wanted, gather: &Gather<'_>) -> Result<Result<(Examined, Integrity), Gap>, Failure> {
    let location = match &want.location {
        Observed::Present(location) => location,
        Observed::Unknown(gap) => return Ok(Err(gap.clone())),
        Observed::Absent => return Ok(Err(scan::nowhere(&want.subject))),
    };
    let internal = |error: &dyn std::fmt::Display| Failure::internal(error.to_string());
    let subject = want.subject.to_string();
    let asked = Wanted { subject: &subject, digest: want.claimed, size: want.claimed_size };
    let fetched = match fetch::fetch(location, &asked, gather.fetching).map_err(|error| internal(&error))? {
        Observed::Present(fetched) => fetched,
        Observed::Unknown(gap) => return Ok(Err(gap)),
        Observed::Absent => return Ok(Err(scan::nowhere(&want.subject))),
    };
    let path = match location {
        BlobLocation::Local(path) => Some(path.clone()),
        _ => None,
    };
    let sought = Sought::of(&fetched, subject.clone(), path);
    let (beside, notes) = scan::look_beside(sought, gather).map_err(|error| internal(&error))?;
    let mut examined = scan::examine(&fetched, &want.subject, &beside, gather).map_err(|error| internal(&error))?;
    examined.notes.extend(notes);
    let integrity = match &examined.blob {
        Observed::Present(blob) => Integrity::of(blob.digest, blob.size, want.claimed, want.claimed_size),
        Observed::Absent | Observed::Unknown(_) => Integrity::NoBytes,
    };
    Ok(Ok((examined, integrity)))
}

/// The shipped roots and trust stores, and what a policy names of its own, keys among it: whoever signed properly is not called untrusted for
/// want of an anchor that is at hand.
fn anchors(policy: Option<&Path>, global: &Global) -> Result<TrustAnchors, Failure> {
    let mut all = TrustAnchors {
        anchors: trust::shipped().to_vec(),
        sigstore_roots: trust::shipped_sigstore_roots().to_vec(),
        keys: Vec::new(),
        trust_stores: trust::shipped_trust_stores().to_vec(),
    };
    if let Some(file) = policy {
        let policy = judge::load_policy(file, global)?;
        let own = policy.anchors();
        all.anchors.extend(own.anchors.iter().filter(|anchor| !anchor.shipped).cloned());
        all.sigstore_roots.extend(own.sigstore_roots.iter().filter(|root| !root.shipped).cloned());
        all.keys.extend(own.keys.iter().cloned());
        all.trust_stores.extend(own.trust_stores.iter().filter(|store| !store.shipped).cloned());
    }
    Ok(all)
}

fn text(
    args: &Args,
    subject: &Subject,
    examined: &Examined,
    integrity: Integrity,
    global: &Global,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    writeln!(out, "{subject}")?;
    match &examined.blob {
        // An image is told by its manifest, below; Lambda's API has no CodeSha256 in base64 for it.
        Observed::Present(_) if examined.image.is_some() => {}
        Observed::Present(blob) => {
            writeln!(out, "  SHA-256      {}", blob.digest.hex())?;
            writeln!(out, "  CodeSha256   {}", blob.digest.code_sha256())?;
            writeln!(out, "  size         {} bytes", blob.size)?;
        }
        Observed::Absent => writeln!(out, "  SHA-256      none: a folder has no digest of its own")?,
        Observed::Unknown(gap) => writeln!(out, "  SHA-256      {gap}")?,
    }
    match integrity {
        Integrity::Matches => writeln!(out, "  claimed      these are the bytes that are claimed")?,
        Integrity::Mismatch { expected, expected_size, .. } => {
            let size = expected_size.map(|size| format!(" of {size} bytes")).unwrap_or_default();
            writeln!(out, "  claimed      other bytes: {expected}{size}")?;
        }
        Integrity::NotClaimed | Integrity::NoBytes => {}
    }
    if let Some(image) = &examined.image {
        writeln!(out, "  manifest     {} ({})", image.manifest_digest, printable(&image.manifest_media_type))?;
        if let Some(index) = &image.index_digest {
            writeln!(out, "  index        {index}")?;
        }
        writeln!(out, "  architecture {}", printable(&image.architecture))?;
        for layer in &image.layers {
            writeln!(out, "  layer        {} {} bytes, diff_id {}", layer.digest, layer.size, layer.diff_id)?;
        }
    }
    match &examined.contents {
        Observed::Present(contents) => contents_text(args, contents, global, out)?,
        Observed::Absent => writeln!(out, "  contents     none")?,
        Observed::Unknown(gap) => writeln!(out, "  contents     {gap}")?,
    }
    match &examined.signatures {
        Observed::Present(signatures) => {
            for signature in signatures {
                signature_text(args, signature, global, out)?;
            }
        }
        Observed::Absent => writeln!(out, "  signatures   none: unsigned")?,
        Observed::Unknown(gap) => writeln!(out, "  signatures   {gap}")?,
    }
    for note in &examined.notes {
        writeln!(out, "  note         {}", printable(note))?;
    }
    Ok(())
}

fn contents_text(args: &Args, contents: &Contents, global: &Global, out: &mut Vec<u8>) -> std::io::Result<()> {
    let format = match contents.format {
        Format::Zip => "zip",
        Format::Image => "container image",
        Format::Directory => "folder",
        Format::Unrecognised => "unrecognised",
    };
    writeln!(out, "  format       {format}")?;
    let part = if contents.complete { "" } else { " (incomplete: see the anomalies)" };
    writeln!(out, "  entries      {}, {} bytes unpacked{part}", contents.entries, contents.unpacked_bytes)?;
    writeln!(out, "  anomalies    {}", contents.anomalies.len())?;
    let shown = if global.verbosity > 0 { usize::MAX } else { SHOWN };
    for Anomaly { kind, path, detail } in contents.anomalies.iter().take(shown) {
        writeln!(out, "    {:<18} {} {}", kind.id(), printable(path), printable(detail))?;
    }
    more(contents.anomalies.len(), shown, out)?;
    if args.files {
        writeln!(out, "  files")?;
        for entry in &contents.tree.entries {
            let mode = entry.mode.map_or_else(|| "    -".to_owned(), |mode| format!("{mode:05o}"));
            let kind = match &entry.kind {
                EntryKind::File => String::new(),
                EntryKind::Directory => "/".to_owned(),
                EntryKind::Symlink { target } => format!(" -> {}", printable(target)),
                EntryKind::Hardlink { target } => format!(" = {}", printable(target)),
                EntryKind::Special => " (special)".to_owned(),
            };
            writeln!(out, "    {mode} {:>12} {}{kind}", entry.size, printable(&entry.path))?;
        }
    }
    Ok(())
}

fn signature_text(args: &Args, signature: &JudgedSignature, global: &Global, out: &mut Vec<u8>) -> std::io::Result<()> {
    if args.explain_signature {
        return explain(signature, out, global.color);
    }
    let state = match &signature.outcome {
        Outcome::Valid(verified) => format!("holds, up to {}", verified.basis().anchors.join(", ")),
        Outcome::Invalid(rejection) => {
            let state = if rejection.is_integrity() { "does not hold" } else { "not trusted" };
            format!("{state}: {}", printable(&rejection.to_string()))
        }
        Outcome::Inconclusive(undetermined) => undetermined.gap.to_string(),
    };
    writeln!(out, "  signature    {} in {}: {state}", signature.scheme, printable(&signature.location))?;
    let presented = &signature.presented;
    if let Some(profile) = &presented.profile_version_arn {
        writeln!(out, "    profile    {}", printable(profile))?;
    }
    if let Some(job) = &presented.job_arn {
        writeln!(out, "    job        {}", printable(job))?;
    }
    if let Some(at) = presented.signed_at {
        writeln!(out, "    signed     {at}")?;
    }
    if let Some(at) = presented.expires_at {
        writeln!(out, "    expires    {at}")?;
    }
    writeln!(out, "    not bound  {}", signature.does_not_bind.join("; "))?;
    writeln!(out, "    steps      --explain-signature shows each")
}

fn more(total: usize, shown: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    match total.checked_sub(shown) {
        Some(rest @ 1..) => writeln!(out, "    and {rest} more; -v shows all"),
        Some(0) | None => Ok(()),
    }
}

/// The JSON form; names and values are kept exactly.
#[derive(Serialize)]
struct Page<'a> {
    format: &'static str,
    version: u32,
    subject: &'a Subject,
    sha256: Option<String>,
    code_sha256: Option<String>,
    size: Option<u64>,
    contents: Option<ContentsPage<'a>>,
    signatures: &'a Observed<Vec<JudgedSignature>>,
}

#[derive(Serialize)]
struct ContentsPage<'a> {
    format: Format,
    entries: u64,
    unpacked_bytes: u64,
    complete: bool,
    anomalies: &'a [Anomaly],
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [crate::unpack::FileEntry]>,
}

fn json(args: &Args, subject: &Subject, examined: &Examined, out: &mut Vec<u8>) -> std::io::Result<()> {
    let blob = examined.blob.present();
    let page = Page {
        format: "layerproof.inspect",
        version: 1,
        subject,
        sha256: blob.map(|b| b.digest.hex()),
        code_sha256: blob.map(|b| b.digest.code_sha256()),
        size: blob.map(|b| b.size),
        contents: examined.contents.present().map(|contents| ContentsPage {
            format: contents.format,
            entries: contents.entries,
            unpacked_bytes: contents.unpacked_bytes,
            complete: contents.complete,
            anomalies: &contents.anomalies,
            files: args.files.then_some(contents.tree.entries.as_slice()),
        }),
        signatures: &examined.signatures,
    };
    serde_json::to_writer_pretty(&mut *out, &page)?;
    out.push(b'\n');
    Ok(())
}
