//! Paths that a snapshot's answers name: relative, inside the snapshot's folder, and through no symbolic link.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Components of a path below the snapshot's folder; `blobs/sha256/HEX` has three.
const MAX_COMPONENTS: usize = 16;
/// Bytes of such a path.
const MAX_BYTES: usize = 1_024;

/// Why a path that a snapshot names is not followed.
#[derive(Debug, thiserror::Error)]
pub enum PathProblem {
    /// Empty, absolute, too long, with `..` or with characters that no recorder writes.
    #[error("it is no plain relative path")]
    NotPlain,
    /// A component is a symbolic link, which could lead anywhere.
    #[error("it leads through a symbolic link")]
    Symlink,
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is a folder, a device or the like.
    #[error("it is not a regular file")]
    NotAFile,
    /// It cannot be looked at.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
}

/// A relative path as the answers of a snapshot may name one. Looks at no disk.
pub(super) fn plain(text: &str) -> Result<PathBuf, PathProblem> {
    // A link (`https://…`) would pass as a relative path; backslashes and drive letters mean something elsewhere.
    let odd = text.is_empty() || text.len() > MAX_BYTES || text.contains(['\\', ':']) || text.chars().any(char::is_control);
    let path = Path::new(text);
    let plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    // `a/./b` and `a//b` lose their oddness in `components`.
    let spelled_plainly = text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if odd || !plain || !spelled_plainly || path.components().count() > MAX_COMPONENTS {
        return Err(PathProblem::NotPlain);
    }
    Ok(path.into())
}

/// The file `relative` below `root`, if every component is a plain name and none is a symbolic link. `root` itself may be one: the user
/// named it.
pub fn contained(root: &Path, relative: &Path) -> Result<PathBuf, PathProblem> {
    let relative = plain(relative.to_str().ok_or(PathProblem::NotPlain)?)?;
    let mut path = root.to_path_buf();
    let mut is_file = false;
    for component in relative.components() {
        path.push(component);
        let metadata = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(PathProblem::Missing);
            }
            Err(error) => return Err(PathProblem::Io(error)),
        };
        if metadata.is_symlink() {
            return Err(PathProblem::Symlink);
        }
        is_file = metadata.is_file();
    }
    if is_file { Ok(path) } else { Err(PathProblem::NotAFile) }
}
