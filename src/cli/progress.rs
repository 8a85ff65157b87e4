//! Progress of long work: on stderr, only on a terminal, only for what takes over a second.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::global::Global;
use crate::scan::Progress;

/// Nothing is drawn before this, so that quick runs stay silent.
const SILENT_FOR: Duration = Duration::from_secs(1);

const TICK: Duration = Duration::from_millis(120);

/// A bar that appears after a second, also where all of it is one long step.
pub struct Bar {
    bar: ProgressBar,
    /// Dropping the sender ends the wait.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// A bar for this run; it draws nothing with `--quiet` or where stderr is no terminal.
    pub fn new(global: &Global) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::with(style, global)
    }

    /// A line while accounts are listed, whose size nobody knows before: how many calls have been made, and for how long.
    pub fn listing(global: &Global, calls: Arc<AtomicU64>) -> Self {
        let count = move |_: &ProgressState, out: &mut dyn Write| {
            // A line of progress that cannot be written is nobody's loss.
            let _ = write!(out, "{}", calls.load(Ordering::Relaxed));
        };
        let style = ProgressStyle::with_template("{spinner} listing what is deployed: {calls} calls to AWS, {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self::with(style.with_key("calls", count), global)
    }

    fn with(style: ProgressStyle, global: &Global) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(style);
        let allowed = !global.quiet && std::io::stderr().is_terminal();
        let waiting = allowed.then(|| {
            let (sender, receiver) = mpsc::channel::<()>();
            let shown = bar.clone();
            let wait = move || {
                if receiver.recv_timeout(SILENT_FOR) == Err(RecvTimeoutError::Timeout) {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                    shown.enable_steady_tick(TICK);
                }
            };
            (sender, thread::spawn(wait))
        });
        Self { bar, waiting }
    }
}

impl Progress for Bar {
    fn stage(&self, what: &'static str, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(0);
        self.bar.set_message(what);
    }

    fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((sender, wait)) = self.waiting.take() {
            drop(sender);
            // The thread cannot panic; and if it did, there is only a bar to lose.
            let _ended = wait.join();
        }
        self.bar.finish_and_clear();
    }
}
