//! Why the history can't be used.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::printable::printable;
use crate::store::StoreError;
use crate::store::error::{quoted, shown};

/// How long one process waits for another's transaction.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// The history can't be used. Ends as exit 5; the file is never deleted or replaced by us.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file is not safe to use, or can't be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No SQLite database, or a damaged one.
    #[error("{} is damaged, or no database: {detail}", shown(.path))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// A database of another program.
    #[error("{} is a database of another program (application id {presented:#x})", shown(.path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        presented: i64,
    },
    /// Written by a newer layerproof.
    #[error("{} was written by a newer layerproof: it has schema {presented}, and this version knows schemas up to {newest}", shown(.path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        presented: i64,
        /// The newest that this version knows.
        newest: i64,
    },
    /// A migration of the same number with other content was applied: not a released version's file.
    #[error("{} has a schema {version} that differs from this version's", shown(.path))]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// Schema version.
        version: i64,
    },
    /// Another process held the file for too long.
    #[error("{} is locked by another process, for more than {} seconds", shown(.path), BUSY.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A row does not read as what this program writes.
    #[error("scan {id} in {} has no valid {column}", shown(.path))]
    Row {
        /// The file.
        path: PathBuf,
        /// The scan.
        id: i64,
        /// The column.
        column: &'static str,
    },
    /// Anything else that SQLite or the operating system refused.
    #[error("the scan history {} could not be {operation}: {source}", shown(.path))]
    Database {
        /// The file.
        path: PathBuf,
        /// `opened`, `read`, `written`.
        operation: &'static str,
        /// Why not.
        source: sqlx::Error,
    },
}

impl HistoryError {
    /// The next step, where there is one. Safe to print.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Corrupt { path, .. } | Self::Foreign { path, .. } | Self::OtherSchema { path, .. } | Self::Row { path, .. } => {
                Some(format!(
                    "restore {} from a backup, or move it away with its `-wal` and `-shm` files: the next scan then begins a new history, \
                     in which every finding is new",
                    quoted(path)
                ))
            }
            Self::Newer { .. } => Some("use that version of layerproof, or another store with `--cache-dir`".into()),
            Self::Busy { .. } => Some("wait for the other layerproof to end, and run again".into()),
            Self::Database { .. } => None,
        }
    }

    /// Tells damage and waiting from other errors by SQLite's result codes, <https://sqlite.org/rescode.html>.
    pub(super) fn from_sqlx(path: &Path, operation: &'static str, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        let code = source.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse::<i32>().ok());
        // The low byte is the primary code: 5 BUSY, 6 LOCKED, 11 CORRUPT, 26 NOTADB.
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy { path },
            Some(11 | 26) => Self::Corrupt { path, detail: printable(&source.to_string()).into_owned() },
            _ => Self::Database { path, operation, source },
        }
    }
}
