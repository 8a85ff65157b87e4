//! Progress of long work: on stderr, only on a terminal, only for what takes over a second.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::global::Global;
use crate::scan::Progress;

/// Nothing is drawn before this, so that quick runs stay silent.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// A bar that appears after a second.
pub struct Bar {
    bar: ProgressBar,
    started: Instant,
    allowed: bool,
}

impl Bar {
    /// A bar for this run; it draws nothing with `--quiet` or where stderr is no terminal.
    pub fn new(global: &Global) -> Self {
        let bar = ProgressBar::hidden();
        let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self { bar, started: Instant::now(), allowed: !global.quiet && std::io::stderr().is_terminal() }
    }

    fn show(&self) {
        if self.allowed && self.bar.is_hidden() && self.started.elapsed() > SILENT_FOR {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Progress for Bar {
    fn stage(&self, what: &'static str, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(0);
        self.bar.set_message(what);
        self.show();
    }

    fn step(&self) {
        self.bar.inc(1);
        self.show();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
