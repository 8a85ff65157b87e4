//! `layerproof cache`: what the store holds, whether it is whole, and how to make it smaller.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::output::{OutputFormat, counted, emit, emit_json};
use super::{Exit, Failure, Global};
use crate::model::printable::printable;
use crate::store::history::History;
use crate::store::{Amount, PruneOptions, Pruned, Store, StoreError, StoreInfo, Verified};

/// How long a command is silent before it shows its progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// Look at, verify and prune the local store of blobs and analyses
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Say where the store is and what it holds
    Info {
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Read everything again and compare it with its digest; what is damaged is moved aside, and the exit code is 5
    Verify {
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Remove what is not used; never a blob that a running layerproof uses, and never the scan history
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["older_than", "max_size", "all"]))]
    Prune {
        /// Remove what was last used longer ago than this: 30d, 12h, 90m, 2w
        #[arg(long, value_name = "AGE", value_parser = parse_age)]
        older_than: Option<Duration>,
        /// Remove what was unused longest, until the rest is at most this big: 2GB, 500MB, 1GiB
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        max_size: Option<u64>,
        /// Remove everything
        #[arg(long)]
        all: bool,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
}

/// Runs `layerproof cache`.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let store = Store::open(&global.cache_dir)?;
    match &args.command {
        Command::Info { format } => info(&store, *format, out),
        Command::Verify { format } => verify(&store, *format, global, out),
        Command::Prune { older_than, max_size, all, dry_run, format } => {
            let unused_since = match older_than {
                Some(age) => Some(before(global, *age)?),
                None => None,
            };
            let options = PruneOptions { unused_since, max_bytes: *max_size, all: *all, dry_run: *dry_run };
            prune(&store, &options, *format, out)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::internal(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn info(store: &Store, format: OutputFormat, out: &mut dyn Write) -> Result<Exit, Failure> {
    let info = store.info()?;
    match format {
        OutputFormat::Json => emit_json(out, "layerproof/cache-info/v1", &info)?,
        OutputFormat::Text => emit(out, &info_text(&info))?,
    }
    Ok(Exit::Pass)
}

fn info_text(info: &StoreInfo) -> String {
    let mut text = format!("{}\n", printable(&info.path.to_string_lossy()));
    let rows = [("blobs", info.blobs), ("analyses", info.analyses), ("temporary", info.temporary), ("corrupt", info.corrupt)];
    for (name, amount) in rows {
        let _ = writeln!(text, "  {name:<10} {:>8}  {:>10}", amount.files, human_size(amount.bytes));
    }
    let _ = writeln!(text, "  {:<10} {:>8}  {:>10}", "history", "", human_size(info.history_bytes));
    text
}

fn verify(store: &Store, format: OutputFormat, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let bar = progress_bar(global);
    let verified = store.verify(&mut |done, total| {
        // Drawn only where it takes long enough for somebody to wonder.
        if bar.elapsed() > PATIENCE {
            bar.set_length(total);
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    let verified = verified?;
    match format {
        OutputFormat::Json => emit_json(out, "layerproof/cache-verify/v1", &verified)?,
        OutputFormat::Text => emit(out, &verify_text(&verified))?,
    }
    if store.info()?.history_bytes > 0 {
        History::open(store)?.verify()?;
    }
    Ok(if verified.corrupt.is_empty() { Exit::Pass } else { Exit::Internal })
}

fn verify_text(verified: &Verified) -> String {
    let mut text = String::new();
    for bad in &verified.corrupt {
        let moved_to = bad.moved_to.to_string_lossy();
        let _ = writeln!(text, "corrupt: {}: {}; moved to {}", bad.claimed, bad.damage, printable(&moved_to));
    }
    for path in &verified.damaged_analyses {
        let _ = writeln!(text, "damaged analysis removed: {}", printable(&path.to_string_lossy()));
    }
    for path in &verified.strays {
        let _ = writeln!(text, "not ours, left alone: {}", printable(&path.to_string_lossy()));
    }
    let _ = writeln!(
        text,
        "{} good ({}), {} corrupt; {} whole, {} damaged",
        counted(verified.good.files, "blob"),
        human_size(verified.good.bytes),
        verified.corrupt.len(),
        counted(verified.analyses.files, "analysis"),
        verified.damaged_analyses.len()
    );
    text
}

fn prune(store: &Store, options: &PruneOptions, format: OutputFormat, out: &mut dyn Write) -> Result<Exit, Failure> {
    let pruned = store.prune(options)?;
    match format {
        OutputFormat::Json => emit_json(out, "layerproof/cache-prune/v1", &PrunedJson { dry_run: options.dry_run, pruned: &pruned })?,
        OutputFormat::Text => emit(out, &prune_text(&pruned, options.dry_run))?,
    }
    Ok(Exit::Pass)
}

#[derive(Serialize)]
struct PrunedJson<'a> {
    dry_run: bool,
    #[serde(flatten)]
    pruned: &'a Pruned,
}

fn prune_text(pruned: &Pruned, dry_run: bool) -> String {
    let parts =
        [(pruned.blobs, "blob"), (pruned.analyses, "analysis"), (pruned.corrupt, "corrupt file"), (pruned.temporary, "temporary file")];
    let freed = parts.iter().map(|(amount, _)| amount.bytes).fold(0, u64::saturating_add);
    let list: Vec<String> = parts.iter().filter(|(a, _)| a.files > 0).map(|(a, noun)| counted(a.files, noun)).collect();
    let verb = if dry_run { "would free" } else { "freed" };
    let mut text = match list.is_empty() {
        true => "nothing to remove\n".into(),
        false => format!("{verb} {}: {}\n", human_size(freed), list.join(", ")),
    };
    if pruned.in_use.files > 0 {
        let Amount { files, bytes } = pruned.in_use;
        let _ = writeln!(text, "kept {} ({}) that a running layerproof uses", counted(files, "blob"), human_size(bytes));
    }
    let _ = writeln!(text, "{} left ({})", counted(pruned.left.files, "file"), human_size(pruned.left.bytes));
    text
}

fn progress_bar(global: &Global) -> ProgressBar {
    if global.quiet {
        return ProgressBar::hidden();
    }
    // indicatif draws on stderr, and only where that is a terminal.
    let bar = ProgressBar::no_length();
    match ProgressStyle::with_template("verifying the store  {bytes} of {total_bytes}  {percent} %") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The moment that lies `age` before this run started.
fn before(global: &Global, age: Duration) -> Result<SystemTime, Failure> {
    SystemTime::from(global.started_at)
        .checked_sub(age)
        .ok_or_else(|| Failure::usage("--older-than reaches back before the beginning of time".to_owned()))
}

/// `30d`, `12h`, `90m`, `45s`, `2w`.
fn parse_age(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number and a unit, such as 30d, 12h, 90m or 2w".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let unit = match text.strip_prefix(digits) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        Some("w") => 604_800,
        _ => return Err(expected()),
    };
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "that is too long ago".to_owned())
}

/// `2GB` (decimal), `1GiB` (binary), `500MB`, `1000`.
fn parse_size(text: &str) -> Result<u64, String> {
    let expected = || "expected a number and a unit, such as 500MB, 2GB or 1GiB".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let unit: u64 = match text.strip_prefix(digits).map(str::to_ascii_lowercase).as_deref() {
        Some("" | "b") => 1,
        Some("kb") => 1_000,
        Some("mb") => 1_000_000,
        Some("gb") => 1_000_000_000,
        Some("tb") => 1_000_000_000_000,
        Some("kib") => 1 << 10,
        Some("mib") => 1 << 20,
        Some("gib") => 1 << 30,
        Some("tib") => 1 << 40,
        _ => return Err(expected()),
    };
    number.checked_mul(unit).ok_or_else(|| "that is too big".to_owned())
}

/// Bytes in decimal units, as `--max-size` takes them: `12.3 MB`.
fn human_size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_without_a_unit_is_a_mistake_and_not_seconds() {
        assert_eq!(parse_age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(parse_age("2w"), Ok(Duration::from_secs(14 * 86_400)));
        for wrong in ["30", "d", "", "-1d", "1.5d", "30 d", "30days", "30M", "99999999999999999999d", "9999999999999999999w"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("2GB"), Ok(2_000_000_000));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("512"), Ok(512));
        for wrong in ["GB", "", "2 GB", "2PB", "-2GB", "1.5GB", "99999999999TB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(human_size(999), "999 B");
        assert_eq!(human_size(2_500_000), "2.5 MB");
    }
}
