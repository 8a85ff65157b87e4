//! `-o FMT[=FILE]`: which formats go where, and writing them.

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Failure;
use crate::model::printable::printable;
use crate::report::{self, Format, RenderOptions, Report};

/// One `-o`.
#[derive(Clone)]
pub struct Output {
    format: &'static dyn Format,
    target: Target,
}

/// Where an output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output: no `=FILE`, or `=-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Output {
    /// `text` on standard output: what a command does without `-o`.
    pub fn text() -> Self {
        Self { format: report::text::FORMAT, target: Target::Stdout }
    }

    /// The format's name.
    pub fn format(&self) -> &'static str {
        self.format.name()
    }

    /// Where it goes.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("format", &self.format.name()).field("target", &self.target).finish()
    }
}

/// `text`, `json=report.json`.
impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let format = report::by_name(name).ok_or_else(|| unknown_format(name))?;
        let target = match file {
            None | Some("-") => Target::Stdout,
            Some("") => return Err(format!("no file is named after `{name}=`")),
            Some(file) => Target::File(file.into()),
        };
        Ok(Self { format, target })
    }
}

/// Refuses two outputs to standard output, or to one file. Call it before any work is done; [`write_all`] does so too.
pub fn validate(outputs: &[Output]) -> Result<(), Failure> {
    let mut seen: Vec<(Option<PathBuf>, &Output)> = Vec::new();
    for output in outputs {
        let place = match &output.target {
            Target::Stdout => None,
            Target::File(path) => Some(identity(path)),
        };
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == place) {
            let (a, b) = (other.format.name(), output.format.name());
            let where_to = match &output.target {
                Target::Stdout => "standard output".to_owned(),
                Target::File(path) => shown(path),
            };
            return Err(Failure::usage(format!("`{a}` and `{b}` would both be written to {where_to}"))
                .hint(format!("name a file of its own: -o {b}=FILE")));
        }
        if let Target::File(path) = &output.target {
            spare_archives(path)?;
        }
        seen.push((place, output));
    }
    Ok(())
}

/// Refuses a file that is a zip or a tar: what was to be looked at, and no report of an earlier run. Written over, it would be gone.
pub(super) fn spare_archives(path: &Path) -> Result<(), Failure> {
    const MAGIC_OF_TAR: (usize, &[u8]) = (257, b"ustar");
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    let mut start = Vec::new();
    // What can't be read can't be told; writing it says why.
    let Ok(_) = fs::File::open(path).and_then(|file| file.take(262).read_to_end(&mut start)) else { return Ok(()) };
    let is_zip = [b"PK\x03\x04", b"PK\x05\x06"].iter().any(|magic| start.starts_with(*magic));
    let is_tar = start.get(MAGIC_OF_TAR.0..).is_some_and(|rest| rest.starts_with(MAGIC_OF_TAR.1));
    if is_zip || is_tar {
        let what = if is_zip { "zip" } else { "tar" };
        return Err(
            Failure::usage(format!("{} is a {what}, and would be written over", shown(path))).hint("name another file after the `=`")
        );
    }
    Ok(())
}

/// Writes every output: files first, each whole or not at all, then standard output into `out`.
///
/// Where one fails the others are written all the same, and the failure (exit 5) names each. A reader that has closed standard output
/// is no failure.
pub fn write_all(outputs: &[Output], report: &Report, options: &RenderOptions, out: &mut dyn Write) -> Result<(), Failure> {
    validate(outputs)?;
    let mut problems = Vec::new();
    for output in outputs {
        if let Target::File(path) = &output.target {
            // A file is no terminal.
            let options = RenderOptions { color: false, width: None, ..options.clone() };
            let written = write_file(path, |file| output.format.render(report, &options, file));
            problems.extend(written.err().map(|e| format!("cannot write {} to {}: {e}", output.format.name(), shown(path))));
        }
    }
    for output in outputs.iter().filter(|o| o.target == Target::Stdout) {
        let mut buffered = BufWriter::new(&mut *out);
        let written = output.format.render(report, options, &mut buffered).and_then(|()| buffered.flush());
        match written {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                // What is still buffered has no reader; dropping the buffer would try it again.
                let _ = buffered.into_parts();
            }
            Err(e) => {
                let _ = buffered.into_parts();
                problems.push(format!("cannot write {} to standard output: {e}", output.format.name()));
            }
            Ok(()) => {}
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::internal(problems.join("\n"))) }
}

/// Appends the Markdown page to the file that the environment variable `GITHUB_STEP_SUMMARY` names. The runner made that file, and other
/// steps may have written to it.
pub fn append_step_summary(path: &Path, report: &Report) -> Result<(), Failure> {
    let page = report::github::step_summary(report);
    let appended = fs::OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(page.as_bytes()));
    appended.map_err(|e| Failure::internal(format!("cannot append the step summary to {}: {e}", shown(path))))
}

/// Renders into a temporary file of the same folder and renames it, so that nobody ever reads half a report. What is not a regular
/// file (`/dev/null`, a pipe) must not be renamed over and is written as it is.
pub(super) fn write_file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
        Ok(metadata) if !metadata.is_file() => {
            let mut file = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
            render(&mut file)?;
            return file.flush();
        }
        // A symbolic link stays one; what it leads to is replaced.
        Ok(_) => fs::canonicalize(path)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(e) => return Err(e),
    };
    let folder = folder_of(&target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".layerproof-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The temporary file's name would only puzzle: the error is about the target.
    let mut file = BufWriter::new(builder.tempfile_in(folder).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotFound, "there is no such folder"),
        kind => io::Error::from(kind),
    })?);
    render(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|e| e.error)?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The same for two spellings of one file, also of one that is not there yet.
pub(super) fn identity(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let folder = fs::canonicalize(folder_of(path)).unwrap_or_else(|_| folder_of(path).to_owned());
    path.file_name().map_or_else(|| path.to_owned(), |name| folder.join(name))
}

pub(super) fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

fn unknown_format(name: &str) -> String {
    let known: Vec<&str> = report::ALL.iter().map(|f| f.name()).collect();
    let near = known.iter().copied().min_by_key(|k| distance(&name.to_lowercase(), k)).filter(|k| distance(&name.to_lowercase(), k) <= 2);
    let hint = near.map_or_else(|| ".".to_owned(), |k| format!("; did you mean `{k}`?"));
    format!("there is no format `{}`{hint} The formats are {}", printable(name), known.join(", "))
}

/// Edit distance (Levenshtein), for words of a few letters: longer ones are far from everything.
pub(super) fn distance(a: &str, b: &str) -> usize {
    if a.len() > 32 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let substituted = row.get(j).copied().unwrap_or(usize::MAX) + usize::from(x != *y);
            let deleted = row.get(j + 1).copied().unwrap_or(usize::MAX) + 1;
            let inserted = next.last().copied().unwrap_or(usize::MAX) + 1;
            next.push(substituted.min(deleted).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
