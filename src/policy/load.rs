//! The one place where a policy touches the disk, before anything is judged.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::parse::MAX_FILE_BYTES;
use super::problem::{Problem, render_problems};
use super::schema::Policy;
use crate::model::printable::printable;

/// Why a policy or waiver file could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file could not be read.
    #[error("could not read `{}`: {source}", printable(.file))]
    Read {
        /// The file as given.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large, or no UTF-8 text.
    #[error("`{}` is not a text file of at most {MAX_FILE_BYTES} bytes", printable(.file))]
    NotText {
        /// The file as given.
        file: String,
    },
    /// The file was read, and is wrong.
    #[error("{rendered}")]
    Problems {
        /// The file as given.
        file: String,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
        /// The same for people, without colour.
        rendered: String,
        /// The same with ANSI colour.
        rendered_color: String,
    },
}

impl PolicyError {
    /// The message for a person, in colour where `color` is set.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::Problems { rendered_color, .. } if color => rendered_color.clone(),
            Self::Read { .. } | Self::NotText { .. } | Self::Problems { .. } => self.to_string(),
        }
    }

    /// For the problems of `file`, whose text is `text`.
    pub(super) fn of(file: String, text: &str, problems: Vec<Problem>) -> Self {
        let rendered = render_problems(&problems, &file, text, false);
        let rendered_color = render_problems(&problems, &file, text, true);
        Self::Problems { file, problems, rendered, rendered_color }
    }
}

impl Policy {
    /// Reads a policy file, and the root certificates that it pins, from the paths that it gives relative to itself.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let file = path.display().to_string();
        let text = read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut read_root = |name: &str| {
            read_limited(&folder.join(name)).map_err(|error| match error {
                PolicyError::Read { source, .. } => format!("could not read `{}` next to the policy: {source}", printable(name)),
                PolicyError::NotText { .. } | PolicyError::Problems { .. } => {
                    format!("`{}` is too large for a certificate", printable(name))
                }
            })
        };
        Self::parse(&file, &text, &mut read_root).map_err(|problems| PolicyError::of(file, &text, problems))
    }
}

/// The text of a policy or waiver file.
pub(super) fn read_text(path: &Path) -> Result<String, PolicyError> {
    String::from_utf8(read_limited(path)?).map_err(|_| PolicyError::NotText { file: path.display().to_string() })
}

fn read_limited(path: &Path) -> Result<Vec<u8>, PolicyError> {
    let file = || path.display().to_string();
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
        .map_err(|source| PolicyError::Read { file: file(), source })?;
    if bytes.len() > MAX_FILE_BYTES { Err(PolicyError::NotText { file: file() }) } else { Ok(bytes) }
}
