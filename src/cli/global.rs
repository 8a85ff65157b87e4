//! What every subcommand may need, settled once.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::exit::Failure;

/// Flags that every subcommand takes.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Say more: -v shows what passed too, -vv every detail.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Global options")]
    verbose: u8,
    /// No progress and no talk on stderr; errors stay.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
    /// Colour on standard output. NO_COLOR and CLICOLOR_FORCE are respected.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN", help_heading = "Global options")]
    color: Color,
    /// Open no socket. Evidence that would need one is then missing, never assumed.
    #[arg(long, env = "LAYERPROOF_OFFLINE", value_parser = clap::builder::FalseyValueParser::new(), global = true, help_heading = "Global options")]
    offline: bool,
    /// Folder of the store and of the scan history [default: $XDG_CACHE_HOME/layerproof or ~/.cache/layerproof].
    #[arg(long, env = "LAYERPROOF_CACHE_DIR", global = true, value_name = "DIR", help_heading = "Global options")]
    cache_dir: Option<PathBuf>,
    /// Judge as of this time (RFC 3339), for replays. Echoed in every report; never taken from the environment.
    #[arg(long, global = true, value_name = "TIME", value_parser = time, help_heading = "Global options")]
    now: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Settings that hold for the whole run.
#[derive(Debug, Clone)]
pub struct Global {
    /// 0, 1 (`-v`) or 2 (`-vv`).
    pub verbosity: u8,
    /// `--quiet`: no talk on stderr but errors.
    pub quiet: bool,
    /// Whether stdout may carry ANSI colour (`--color`, NO_COLOR, CLICOLOR_FORCE, terminal).
    pub color: bool,
    /// Columns of the terminal, where stdout is one.
    pub width: Option<usize>,
    /// `--offline`: no client is built, no socket is opened.
    pub offline: bool,
    /// The store's folder.
    pub cache_dir: PathBuf,
    /// The time that everything is judged at: the wall clock, or `--now`.
    pub now: Timestamp,
    /// The wall clock, for history only.
    pub started_at: Timestamp,
    /// True where `--now` was given.
    pub now_overridden: bool,
}

impl GlobalArgs {
    /// Reads the clock and the environment, once.
    pub fn settle(&self) -> Result<Global, Failure> {
        #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read; everything else is given the time")]
        let clock = Timestamp::now();
        // Milliseconds, as signatures have them: finer than that is noise in a report, and cannot be typed for a replay.
        let started_at = Timestamp::from_millisecond(clock.as_millisecond()).unwrap_or(clock);
        let cache_dir = match &self.cache_dir {
            Some(dir) if dir.as_os_str().is_empty() => {
                return Err(Failure::usage("--cache-dir (LAYERPROOF_CACHE_DIR) is empty").hint("give a folder, or leave it out"));
            }
            Some(dir) => dir.clone(),
            None => default_cache_dir()?,
        };
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => match anstream::AutoStream::choice(&io::stdout()) {
                anstream::ColorChoice::Never => false,
                anstream::ColorChoice::Auto | anstream::ColorChoice::AlwaysAnsi | anstream::ColorChoice::Always => true,
            },
        };
        Ok(Global {
            verbosity: self.verbose.min(2),
            quiet: self.quiet,
            color,
            width: terminal_width(),
            offline: self.offline,
            cache_dir,
            now: self.now.unwrap_or(started_at),
            started_at,
            now_overridden: self.now.is_some(),
        })
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected a date and time with its zone, such as 2026-11-23T00:00:00Z".to_owned())
}

fn default_cache_dir() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache"))).map(|base| base.join("layerproof")).ok_or_else(
        || Failure::usage("there is no folder for the store: neither XDG_CACHE_HOME nor HOME is set").hint("pass --cache-dir DIR"),
    )
}

fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    (columns >= 40).then_some(usize::from(columns))
}
