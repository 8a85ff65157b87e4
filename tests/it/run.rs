//! The one way in which tests run the binary: in an environment scrubbed of everything that a developer's or a CI machine has set,
//! with a home folder of its own, and killed when it takes too long.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a command may take before it is killed and the test fails. Generous: test machines are slow and shared.
const TIMEOUT: Duration = Duration::from_secs(180);

/// The repository's root, which is where commands run unless told otherwise.
pub fn repo() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One run of `layerproof` as a user who has never run it before.
pub fn layerproof() -> Run {
    Run::new(Home::new())
}

/// Says that a test could not do its work, and why. Visible in the output of the test runner, which otherwise hides what a passing
/// test prints; counted by `scripts/test`. Under CI nothing may be skipped.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "skipped under CI: {why}");
    // One write, from the start of a line: tests run side by side.
    let _ = std::io::stderr().write_all(format!("\nSKIP: {why}\n").as_bytes());
}

/// The home folder of a user who exists for one test: cache and history live in it, so several runs can share them.
pub struct Home(TempDir);

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        Self(TempDir::with_prefix("layerproof-test-").expect("a temporary folder"))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A run in the making.
pub struct Run<H: AsHome = Home> {
    home: H,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    cwd: PathBuf,
    timeout: Duration,
}

/// A home that is owned by the run, or shared between runs.
pub trait AsHome {
    /// Its path.
    fn home(&self) -> &Path;
}

impl AsHome for Home {
    fn home(&self) -> &Path {
        self.path()
    }
}

impl AsHome for &Home {
    fn home(&self) -> &Path {
        self.path()
    }
}

impl<H: AsHome> Run<H> {
    /// A run in `home`, in the repository's root, with nothing on standard input.
    pub fn new(home: H) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_layerproof"));
        Self { home, program, args: Vec::new(), env: Vec::new(), stdin: Vec::new(), cwd: repo().into(), timeout: TIMEOUT }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().into()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// What stands on standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The folder to run in.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = dir.into();
        self
    }

    /// Another time limit than three minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs it to its end. Panics, and with it the test fails, where it does not end in time, dies of a signal, or writes
    /// something that is not UTF-8.
    pub fn run(self) -> Output {
        let home = self.home.home();
        let mut command = Command::new(&self.program);
        command.env_clear();
        command.env("HOME", home).env("TMPDIR", home).env("TERM", "dumb").env("TZ", "UTC");
        // Who is told no credentials must not look for those of the machine.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, below) in [
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
        ] {
            command.env(name, home.join(below));
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.args(&self.args).current_dir(&self.cwd);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = shown(&self.args);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("`{shown}` does not start: {e}"));

        // Each pipe has a thread of its own: a command that fills one while nobody reads it would wait for ever.
        let mut input = child.stdin.take().expect("piped");
        let bytes = self.stdin;
        let writer = thread::spawn(move || {
            // A command may end without reading what stands there.
            let _ = input.write_all(&bytes);
        });
        let stdout = drain(child.stdout.take().expect("piped"));
        let stderr = drain(child.stderr.take().expect("piped"));
        let status = wait(&mut child, self.timeout);
        writer.join().expect("the writer of standard input");
        let stdout = String::from_utf8(stdout.join().expect("the reader of stdout")).expect("stdout is UTF-8");
        let stderr = String::from_utf8(stderr.join().expect("the reader of stderr")).expect("stderr is UTF-8");
        let Some(status) = status else {
            panic!("`{shown}` was killed after {:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", self.timeout);
        };
        let Some(code) = status.code() else {
            panic!("`{shown}` died: {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        };
        Output { command: shown, code, stdout, stderr }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Output {
    /// The command, for messages.
    pub command: String,
    /// Exit code.
    pub code: i32,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Output {
    /// Asserts the exit code, and shows everything where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code == code, "{self} ended with {}, expected {code}", self.code);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{self} did not print JSON: {e}"))
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "`{}`\n--- stdout\n{}\n--- stderr\n{}\n---", self.command, self.stdout, self.stderr)
    }
}

fn shown(args: &[OsString]) -> String {
    let mut shown = String::from("layerproof");
    for arg in args {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    shown
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a readable pipe");
        bytes
    })
}

/// `None` where it had to be killed.
fn wait(child: &mut Child, timeout: Duration) -> Option<std::process::ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Some(status);
        }
        if start.elapsed() > timeout {
            child.kill().expect("a child to kill");
            child.wait().expect("a killed child");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(program: &str) -> Run {
        Run { program: program.into(), ..layerproof() }
    }

    #[test]
    fn no_variable_of_the_machine_reaches_the_binary() {
        let out = other("/usr/bin/env").env("GIVEN", "1").run().exits(0);
        let mut names: Vec<&str> = out.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        let ours = ["AWS_EC2_METADATA_DISABLED", "GIVEN", "HOME", "TERM", "TMPDIR", "TZ"];
        let folders = ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];
        assert_eq!(names, [&ours[..], &folders[..]].concat());
    }

    #[test]
    fn standard_input_and_both_outputs_arrive() {
        let out = other("/bin/sh").args(["-c", "cat; echo talk >&2; exit 7"]).stdin("data").run().exits(7);
        assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("data", "talk\n"));
    }

    #[test]
    #[should_panic(expected = "was killed after")]
    fn a_command_that_hangs_fails_its_test() {
        other("/bin/sleep").arg("60").timeout(Duration::from_millis(50)).run();
    }

    #[test]
    #[should_panic(expected = "ended with 3, expected 0")]
    fn another_exit_code_fails_its_test() {
        other("/bin/sh").args(["-c", "exit 3"]).run().exits(0);
    }
}
