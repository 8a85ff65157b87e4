//! The command line: one file per subcommand. Arguments are parsed first and acted on second; stdout is data, stderr is talk.
//!
//! Each `cli/NAME.rs` holds `pub struct Args` (clap) and
//! `pub fn run(args: &Args, global: &Global, out: &mut dyn io::Write) -> Result<Exit, Failure>`.

pub mod args;
pub mod cache;
pub mod completions;
pub mod exit;
pub mod explain;
pub mod global;
pub mod history;
pub mod inspect;
pub mod inventory;
pub mod judge;
pub mod listing;
pub mod output;
pub mod policy;
pub mod progress;
#[cfg(feature = "aws")]
mod record;
pub mod sbom;
pub mod scan;
pub mod targets;
pub mod verify;
pub mod verify_bundle;

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

pub use exit::{Exit, Failure};
pub use global::Global;

/// Proves what runs in AWS Lambda.
///
/// Hashes and unpacks the layer zips and container images that functions use, verifies their signatures against a trust
/// policy, and says which are mutable, unpinned, unsigned, shadowed or shared too widely.
#[derive(Debug, Parser)]
#[command(
    name = "layerproof",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Start here:
  layerproof scan --snapshot testdata/fleet --policy trust-policies/demo.yaml
  layerproof policy init > policy.yaml
  layerproof scan --profile audit --region eu-west-1 --policy policy.yaml
  layerproof verify layer.zip --as arn:aws:lambda:eu-west-1:111122223333:layer:deps:7 --policy policy.yaml

Exit codes: 0 pass, 1 policy failed, 2 usage or policy-file error, 3 incomplete, 4 nothing matched, 5 internal or I/O error."
)]
pub struct Cli {
    #[command(flatten)]
    global: global::GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify artifacts against a trust policy: the gate of a release pipeline.
    Verify(verify::Args),
    /// Verify one Sigstore bundle for one artifact and one signer, without a policy.
    VerifyBundle(verify_bundle::Args),
    /// Judge everything that an account runs, and say what changed since the last scan.
    Scan(scan::Args),
    /// List what an account runs, without reading any artifact.
    Inventory(inventory::Args),
    /// Show what an artifact holds and what its signatures say, without judging it.
    Inspect(inspect::Args),
    /// List the packages of an artifact, a function or an account: CycloneDX and SPDX.
    Sbom(sbom::Args),
    /// Explain a check, or list all of them.
    Explain(explain::Args),
    /// Check, start or query a trust policy.
    Policy(policy::Args),
    /// Look after the local store.
    Cache(cache::Args),
    /// Look at earlier scans and compare them.
    History(history::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
}

/// Runs the program with these arguments and gives its exit code. A panic is exit code 5.
pub fn main(argv: impl Iterator<Item = OsString>) -> u8 {
    let argv: Vec<OsString> = argv.collect();
    match panic::catch_unwind(|| run(argv)) {
        Ok(exit) => exit.code(),
        // The panic hook has already said where; what was being verified has not passed.
        Err(_) => Exit::Internal.code(),
    }
}

fn run(argv: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data on stdout and a pass; anything else is usage. A closed pipe changes neither.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Pass };
            let _closed_pipe = error.print();
            return exit;
        }
    };
    let outcome = cli.global.settle().and_then(|global| {
        talk(&global);
        let mut stdout = io::stdout().lock();
        let exit = dispatch(&cli.command, &global, &mut stdout)?;
        flush(&mut stdout).map(|()| exit)
    });
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            report_failure(&failure);
            failure.exit
        }
    }
}

/// Talk of the stages goes to stderr: warnings always, more with -v and -vv, nothing with --quiet.
fn talk(global: &Global) {
    let level = match (global.quiet, global.verbosity) {
        (true, _) => tracing::Level::ERROR,
        (false, 0) => tracing::Level::WARN,
        (false, 1) => tracing::Level::INFO,
        (false, _) => tracing::Level::DEBUG,
    };
    subscriber(level, io::stderr).init();
}

/// Lines of layerproof's own only, whatever the level: the AWS SDK and the HTTP stack write whole requests and answers, with presigned
/// links, tokens and environment values in them.
fn subscriber<W>(level: tracing::Level, writer: W) -> impl tracing::Subscriber + SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let crate_name = env!("CARGO_CRATE_NAME");
    let ours = filter_fn(move |line| {
        let rest = line.target().strip_prefix(crate_name);
        *line.level() <= level && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).with_target(false).without_time();
    registry().with(lines.with_filter(ours.with_max_level_hint(level)))
}

fn dispatch(command: &Command, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        Command::Verify(args) => verify::run(args, global, out),
        Command::VerifyBundle(args) => verify_bundle::run(args, global, out),
        Command::Scan(args) => scan::run(args, global, out),
        Command::Inventory(args) => inventory::run(args, global, out),
        Command::Inspect(args) => inspect::run(args, global, out),
        Command::Sbom(args) => sbom::run(args, global, out),
        Command::Explain(args) => explain::run(args, global, out),
        Command::Policy(args) => policy::run(args, global, out),
        Command::Cache(args) => cache::run(args, global, out),
        Command::History(args) => history::run(args, global, out),
        Command::Completions(args) => completions::run(args, &mut Cli::command(), out),
    }
}

fn flush(out: &mut dyn Write) -> Result<(), Failure> {
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::internal(format!("cannot write to standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The one place where failures are printed.
fn report_failure(failure: &Failure) {
    let mut stderr = anstream::stderr().lock();
    let bold_red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    let message = failure.message.trim_end();
    // The problems of a policy come with their own `error:` and their place, each.
    let says_so = anstream::adapter::strip_str(message).to_string().starts_with("error: ");
    let mut text = if says_so { format!("{message}\n") } else { format!("{bold_red}error{bold_red:#}: {message}\n") };
    for hint in &failure.hints {
        let cyan = anstyle::Style::new().fg_color(Some(anstyle::AnsiColor::Cyan.into()));
        text.push_str(&format!("{cyan}hint{cyan:#}: {hint}\n"));
    }
    // Nobody is left to tell where even stderr is closed.
    let _closed = stderr.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_libraries_log_of_their_answers_is_never_printed() {
        for (level, ours) in [(tracing::Level::DEBUG, true), (tracing::Level::TRACE, true), (tracing::Level::WARN, false)] {
            let said = Said::default();
            let writer = said.clone();
            tracing::subscriber::with_default(subscriber(level, move || writer.clone()), || {
                tracing::debug!("ours");
                tracing::trace!(target: "aws_smithy_runtime::client", "X-Amz-Signature");
                tracing::debug!(target: "reqwest::connect", "X-Amz-Signature");
                tracing::error!(target: "hyper_util", "X-Amz-Signature");
                tracing::warn!(target: "layerproof_of_somebody_else", "X-Amz-Signature");
            });
            let text = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
            assert_eq!((text.contains("ours"), text.contains("X-Amz-Signature")), (ours, false), "{level}: {text}");
        }
    }
}
