//! Groups of arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;

/// Which policy judges.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub struct PolicyArgs {
    /// Trust policy (YAML). There is no default: no policy, no verdict.
    #[arg(long, env = "LAYERPROOF_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Waivers (YAML). They never cover tampering and never turn a decision into Trusted.
    #[arg(long, env = "LAYERPROOF_WAIVERS", value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Runtime deprecation dates (JSON) in place of the built-in table.
    #[arg(long, value_name = "FILE")]
    pub runtime_table: Option<PathBuf>,
}

/// What is printed where, and what fails the run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Format, and a file where it is not standard output: text, json, sarif, junit, github. Repeatable: -o text -o sarif=out.sarif.
    #[arg(short, long, value_name = "FMT[=FILE]")]
    pub output: Vec<String>,
    /// Fail on findings of this severity and above (info, low, medium, high, critical), or `new` for findings that the last scan of
    /// the same scope did not have. Decisions that are not Trusted fail whatever is said here.
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub fail_on: String,
    /// Report only the findings of these rules, and tampering. Decisions are reported and count all the same.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub only: Vec<String>,
    /// End with 0 whatever was found; usage and internal errors stay 2 and 5. Echoed in the report.
    #[arg(long)]
    pub exit_zero: bool,
    /// File that findings without a place of their own point to in SARIF and annotations [default: the policy file].
    #[arg(long, value_name = "FILE")]
    pub sarif_anchor: Option<String>,
}
