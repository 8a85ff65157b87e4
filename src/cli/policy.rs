//! `layerproof policy check|init|explain|import`: nothing here touches an artifact or the network.

mod ask;
mod import;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Exit, Failure, Global};
use crate::model::arn::{FunctionArn, LayerVersionArn, SigningProfileArn, is_account};
use crate::model::artifact::Subject;
use crate::model::image_ref::ImageRef;
use crate::model::printable::printable;
use crate::policy::schema::Authority;
use crate::policy::scope::matching;
use crate::policy::{Policy, Statement};
use ask::ask;

/// Check, start, explain and import trust policies.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Say everything that is wrong with policy files, and what their statements cover
    Check(CheckArgs),
    /// Write a strict policy to start from to stdout
    Init(InitArgs),
    /// Say which statements are about a target, why, and what each would ask for; reads no artifact
    Explain(ExplainArgs),
    /// Write a policy that says what another tool's says to stdout
    Import(import::Args),
}

#[derive(Debug, Clone, clap::Args)]
struct CheckArgs {
    /// Policy files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, clap::Args)]
struct InitArgs {
    /// An account that publishes functions and layers, twelve digits; may be given several times
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<String>,
    /// A signing profile that may sign, as ARN; may be given several times
    #[arg(long = "profile", value_name = "ARN")]
    profiles: Vec<String>,
}

#[derive(Debug, Clone, clap::Args)]
struct ExplainArgs {
    /// A function or layer version ARN, an image reference, or a file
    target: String,
    /// The trust policy
    #[arg(long, value_name = "FILE", env = "LAYERPROOF_POLICY")]
    policy: PathBuf,
    /// The ARN or image reference whose scope a file takes
    #[arg(long = "as", value_name = "ARN")]
    as_subject: Option<String>,
}

/// Runs the subcommand.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    match &args.command {
        Command::Check(args) => check(args, global, out),
        Command::Init(args) => init(args, out),
        Command::Explain(args) => explain(args, global, out),
        Command::Import(args) => import::run(args, global, out),
    }
}

fn check(args: &CheckArgs, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut failures = Vec::new();
    for file in &args.files {
        match Policy::load(file) {
            Ok(policy) => describe(&policy, out).map_err(|error| unwritable(&error))?,
            Err(error) => failures.push(error.render(global.color)),
        }
    }
    if failures.is_empty() { Ok(Exit::Pass) } else { Err(Failure::usage(failures.join("\n\n"))) }
}

fn describe(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let count = policy.statements.len();
    writeln!(out, "{}: {count} statement{}, no problems", printable(&policy.file), if count == 1 { "" } else { "s" })?;
    for statement in &policy.statements {
        writeln!(out, "  {} (line {})", statement.name, statement.line)?;
        writeln!(out, "    covers  {}", printable(&statement.scope.to_string()))?;
        ask(statement, out)?;
    }
    for anchor in &policy.anchors().anchors {
        let accounts = if anchor.shipped { "shipped".to_owned() } else { format!("pinned, for {}", anchor.accounts.join(", ")) };
        writeln!(out, "  root {} ({accounts}) SHA-256 {}", printable(&anchor.name), anchor.sha256)?;
        let mut used = policy.statements.iter().flat_map(Statement::authorities);
        if !used.any(|authority| matches!(authority, Authority::AwsSigner { root, .. } if *root == anchor.name)) {
            writeln!(out, "    note: no statement names it")?;
        }
    }
    for root in &policy.anchors().sigstore_roots {
        writeln!(out, "  trusted root {} SHA-256 {}: {}", printable(&root.name), root.sha256, printable(&root.provenance))?;
    }
    for key in &policy.anchors().keys {
        writeln!(out, "  key {} SHA-256 {}", printable(&key.name), key.sha256)?;
    }
    for store in &policy.anchors().trust_stores {
        let count = store.certificates.len();
        let plural = if count == 1 { "" } else { "s" };
        writeln!(out, "  trust store {} ({count} certificate{plural}): {}", printable(&store.name), printable(&store.provenance))?;
    }
    Ok(())
}

fn explain(args: &ExplainArgs, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let policy = Policy::load(&args.policy).map_err(|error| Failure::usage(error.render(global.color)))?;
    let subject = subject(&args.target, args.as_subject.as_deref())?;
    let matched = matching(&policy, &subject);
    explain_to(&policy, &subject, out).map_err(|error| unwritable(&error))?;
    Ok(if matched.is_empty() { Exit::NothingMatched } else { Exit::Pass })
}

fn explain_to(policy: &Policy, subject: &Subject, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {subject}", subject.kind())?;
    let matched = matching(policy, subject);
    for hit in &matched {
        let statement = hit.statement;
        let place = format!("{}:{}", printable(&policy.file), statement.line);
        match hit.overridden_by {
            Some(by) => writeln!(out, "  {} ({place}) matches, and is replaced by {by}", statement.name)?,
            None => {
                writeln!(out, "  {} ({place}) applies: it is about {}", statement.name, printable(&statement.scope.to_string()))?;
                ask(statement, out)?;
                profiles_here(statement, subject, out)?;
            }
        }
    }
    for statement in &policy.statements {
        if let Some(why) = statement.scope.mismatch(subject) {
            writeln!(out, "  {} (line {}) does not apply: {}", statement.name, statement.line, printable(&why))?;
        }
    }
    if matched.is_empty() {
        writeln!(out, "no statement is about it, which is a refusal")?;
        if matches!(subject, Subject::File(_)) {
            writeln!(out, "a local file takes the scope of a layer, function or image only by --as ARN")?;
        }
    } else {
        writeln!(out, "every statement that applies must hold")?;
    }
    Ok(())
}

/// What the placeholders stand for, for this subject.
fn profiles_here(statement: &Statement, subject: &Subject, out: &mut dyn Write) -> io::Result<()> {
    for profile in statement.authorities().flat_map(Authority::profiles) {
        match profile.resolve(subject) {
            Some(resolved) if resolved.to_string() == profile.to_string() => {}
            Some(resolved) => writeln!(out, "    here {profile} is {resolved}")?,
            None => writeln!(out, "    here {profile} stands for nothing, and matches nothing")?,
        }
    }
    Ok(())
}

fn subject(target: &str, as_subject: Option<&str>) -> Result<Subject, Failure> {
    if let Some(text) = as_subject {
        return named_subject(text)?.ok_or_else(|| {
            Failure::usage(format!("--as `{}` is neither an ARN of a function or layer version nor an image reference", printable(text)))
        });
    }
    const FILES: &[&str] = &["zip:", "dir:", "oci:", "oci-archive:"];
    if FILES.iter().any(|prefix| target.starts_with(prefix)) {
        return Ok(Subject::File(target.to_owned()));
    }
    let forced = ["fn:", "layer:", "image:"].iter().find_map(|prefix| target.strip_prefix(prefix));
    match (named_subject(forced.unwrap_or(target))?, forced) {
        (Some(subject), _) => Ok(subject),
        (None, Some(text)) => Err(Failure::usage(format!("`{}` is no ARN or image reference", printable(text)))
            .hint("a statement's scope is about ARNs, so the whole one is needed: `layerproof inventory --snapshot DIR` lists them")),
        (None, None) => Ok(Subject::File(target.to_owned())),
    }
}

/// The ARN or image reference in `text`; `None` where it has the form of neither.
fn named_subject(text: &str) -> Result<Option<Subject>, Failure> {
    if text.starts_with("arn:") {
        if let Ok(arn) = text.parse::<LayerVersionArn>() {
            return Ok(Some(Subject::Layer(arn)));
        }
        let arn = text.parse::<FunctionArn>().map_err(|_| {
            Failure::usage(format!("`{}` is not the ARN of a function or of a layer version", printable(text)))
                .hint("a layer is named with its version: arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION")
        })?;
        // What runs under an ARN without qualifier is `$LATEST`.
        let arn = if arn.qualifier.is_none() { arn.qualified("$LATEST") } else { arn };
        return Ok(Some(Subject::Function(arn)));
    }
    if Path::new(text).exists() {
        return Ok(None);
    }
    Ok(text.parse::<ImageRef>().ok().map(Subject::Image))
}

fn init(args: &InitArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    for account in &args.accounts {
        if !is_account(account) {
            return Err(Failure::usage(format!("--account `{}` is not twelve digits", printable(account))));
        }
    }
    for profile in &args.profiles {
        profile.parse::<SigningProfileArn>().map_err(|error| Failure::usage(format!("--profile: {error}")))?;
    }
    out.write_all(starter(&args.accounts, &args.profiles).as_bytes()).map_err(|error| unwritable(&error))?;
    Ok(Exit::Pass)
}

/// A strict policy for these accounts and profiles; examples stand in for what is not given.
fn starter(accounts: &[String], profiles: &[String]) -> String {
    const EXAMPLE: &str = "111122223333";
    let example = vec![EXAMPLE.to_owned()];
    let accounts = if accounts.is_empty() { &example } else { accounts };
    let mut text = String::from(
        "# Trust policy for layerproof. `layerproof policy check FILE` says what is wrong with it,\n\
         # `layerproof policy explain ARN --policy FILE` which statements are about a target.\n\
         # Every statement that matches a subject must hold; a subject that none matches is refused.\n\
         # Images, and whatever cosign, a workflow or Notation signs: trust-policies/sigstore.yaml, notary.yaml and docs/policy.md.\n\
         version: 1\n\nstatements:\n",
    );
    for (i, account) in accounts.iter().enumerate() {
        let suffix = if accounts.len() == 1 { String::new() } else { format!("-{}", i + 1) };
        for kind in ["layer", "function"] {
            text.push_str(&format!("  - name: our-{kind}s{suffix}\n    scope:\n      kind: {kind}\n"));
            if *account == EXAMPLE {
                text.push_str("      # Replace the account by the one that publishes.\n");
            }
            text.push_str(&format!("      arn: \"arn:aws:lambda:*:{account}:{kind}:*\"\n"));
            text.push_str(
                "    # Revocation is enforced: where AWS Signer cannot be asked, the outcome is undecided. `aspects: {revocation: log}` would log it.\n    level: strict\n    signatures:\n      any:\n        - aws_signer:\n            root: aws-signer-lambda-unconfirmed\n            profiles:\n",
            );
            if profiles.is_empty() {
                text.push_str("              # Replace the profile by the one that your pipeline signs with.\n");
                text.push_str(&format!("              - \"arn:aws:signer:{{region}}:{account}:/signing-profiles/release\"\n"));
            }
            for profile in profiles {
                text.push_str(&format!("              - \"{profile}\"\n"));
            }
            text.push('\n');
        }
    }
    text
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::internal(format!("could not write: {error}"))
}
