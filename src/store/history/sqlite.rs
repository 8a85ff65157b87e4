//! Scan history in SQLite: `history.sqlite3` in the store. No set-up: the file and its tables are made when first needed.
//!
//! SQL is written so that PostgreSQL can follow: `$1` placeholders, TEXT and BIGINT.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::runtime::{Builder, Runtime};

use super::{FindingRow, ScanRecord, SubjectRow};
use crate::model::printable::printable;
use crate::store::error::{quoted, shown};
use crate::store::folder;
use crate::store::{Store, StoreError};

/// The file's name in the store.
pub(in crate::store) const FILE: &str = "history.sqlite3";

/// `application_id` of our databases, "LPRF"; the first migration sets it.
const APPLICATION_ID: i64 = 0x4c50_5246;

/// The smallest page of SQLite, bytes.
const SQLITE_PAGE: u64 = 512;

/// How long one process waits for another's transaction.
const BUSY: Duration = Duration::from_secs(30);

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// The scan history. A sync face on async `sqlx`: not to be called from within an async runtime.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    runtime: Runtime,
    connection: Option<SqliteConnection>,
}

/// One scan in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanSummary {
    /// Id, rising with time.
    pub id: i64,
    /// What makes two runs comparable.
    pub scope: String,
    /// Wall-clock time of the run.
    pub started_at: Timestamp,
    /// The time that everything was judged at.
    pub judged_at: Timestamp,
    /// SHA-256 of the policy file, hexadecimal.
    pub policy_sha256: String,
    /// layerproof's version.
    pub tool_version: String,
    /// Exit code.
    pub exit_code: u8,
    /// Findings with status fail.
    pub failing: u64,
    /// Findings of any other status.
    pub other: u64,
    /// Subjects with a verdict.
    pub subjects: u64,
}

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
}

impl History {
    /// Opens the history of a store, creating or upgrading it where needed.
    pub fn open(store: &Store) -> Result<Self, HistoryError> {
        let path = store.dir().join(FILE);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            folder::check_file(&store.dir().join(format!("{FILE}{suffix}")))?;
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| HistoryError::Database {
            path: path.clone(),
            operation: "opened",
            source: sqlx::Error::Io(e),
        })?;
        // Of two processes that find no tables, one makes them.
        let lock_path = store.dir().join("history.lock");
        let lock = folder::open_private(&lock_path)?;
        lock.lock().map_err(StoreError::io("lock", &lock_path))?;
        prepare(&path)?;
        let connection = runtime.block_on(connect(&path))?;
        Ok(Self { path, runtime, connection: Some(connection) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a finished scan and gives its id. All or nothing: a kill leaves no half scan.
    pub fn append(&mut self, record: &ScanRecord) -> Result<i64, HistoryError> {
        self.run("written", async |connection| {
            let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
            let id: i64 = sqlx::query_scalar(
                "INSERT INTO scans (scope, started_at, judged_at, policy_sha256, tool_version, exit_code) \
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            )
            .bind(&record.scope)
            .bind(record.started_at.to_string())
            .bind(record.judged_at.to_string())
            .bind(&record.policy_sha256)
            .bind(&record.tool_version)
            .bind(i64::from(record.exit_code))
            .fetch_one(&mut *tx)
            .await?;
            for (fingerprint, row) in &record.findings {
                sqlx::query(
                    "INSERT INTO findings (scan_id, fingerprint, rule, severity, status, subject, message, tampering) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(id)
                .bind(fingerprint)
                .bind(&row.rule)
                .bind(&row.severity)
                .bind(&row.status)
                .bind(&row.subject)
                .bind(&row.message)
                .bind(i64::from(row.tampering))
                .execute(&mut *tx)
                .await?;
            }
            for (subject, row) in &record.subjects {
                sqlx::query("INSERT INTO subjects (scan_id, subject, verdict, digest) VALUES ($1, $2, $3, $4)")
                    .bind(id)
                    .bind(subject)
                    .bind(&row.verdict)
                    .bind(&row.digest)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(id)
        })
    }

    /// The last scan of a scope, by id.
    pub fn latest(&mut self, scope: &str) -> Result<Option<(i64, ScanRecord)>, HistoryError> {
        let id: Option<i64> = self.run("read", async |connection| {
            sqlx::query_scalar("SELECT id FROM scans WHERE scope = $1 ORDER BY id DESC LIMIT 1")
                .bind(scope)
                .fetch_optional(connection)
                .await
        })?;
        let Some(id) = id else { return Ok(None) };
        Ok(self.show(id)?.map(|record| (id, record)))
    }

    /// The last `limit` scans, newest first.
    pub fn list(&mut self, limit: u32) -> Result<Vec<ScanSummary>, HistoryError> {
        let rows = self.run("read", async |connection| {
            sqlx::query(
                "SELECT id, scope, started_at, judged_at, policy_sha256, tool_version, exit_code, \
                 (SELECT COUNT(*) FROM findings f WHERE f.scan_id = s.id AND f.status = 'fail') AS failing, \
                 (SELECT COUNT(*) FROM findings f WHERE f.scan_id = s.id AND f.status <> 'fail') AS other, \
                 (SELECT COUNT(*) FROM subjects t WHERE t.scan_id = s.id) AS subjects \
                 FROM scans s ORDER BY id DESC LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await
        })?;
        rows.iter().map(|row| self.summary(row)).collect()
    }

    /// One scan with its findings and verdicts; `None` where there is no such id.
    pub fn show(&mut self, id: i64) -> Result<Option<ScanRecord>, HistoryError> {
        let rows = self.run("read", async |connection| {
            // One transaction, so that all three are of one state.
            let mut tx = connection.begin().await?;
            let scan = sqlx::query(
                "SELECT id, scope, started_at, judged_at, policy_sha256, tool_version, exit_code, 0 AS failing, 0 AS other, \
                 0 AS subjects FROM scans WHERE id = $1",
            )
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
            let findings =
                sqlx::query("SELECT fingerprint, rule, severity, status, subject, message, tampering FROM findings WHERE scan_id = $1")
                    .bind(id)
                    .fetch_all(&mut *tx)
                    .await?;
            let subjects =
                sqlx::query("SELECT subject, verdict, digest FROM subjects WHERE scan_id = $1").bind(id).fetch_all(&mut *tx).await?;
            tx.commit().await?;
            Ok((scan, findings, subjects))
        })?;
        let (Some(scan), findings, subjects) = rows else { return Ok(None) };
        let scan = self.summary(&scan)?;
        let row_error = |source| describe(&self.path, "read", source);
        let findings: Result<BTreeMap<_, _>, _> = findings.iter().map(finding).collect();
        let subjects: Result<BTreeMap<_, _>, _> = subjects.iter().map(subject).collect();
        Ok(Some(ScanRecord {
            scope: scan.scope,
            started_at: scan.started_at,
            judged_at: scan.judged_at,
            policy_sha256: scan.policy_sha256,
            tool_version: scan.tool_version,
            exit_code: scan.exit_code,
            findings: findings.map_err(row_error)?,
            subjects: subjects.map_err(row_error)?,
        }))
    }

    /// Has SQLite check the whole file.
    pub fn verify(&mut self) -> Result<(), HistoryError> {
        let said: Vec<String> =
            self.run("read", async |connection| sqlx::query_scalar("PRAGMA integrity_check(10)").fetch_all(connection).await)?;
        if said == ["ok"] {
            return Ok(());
        }
        Err(HistoryError::Corrupt { path: self.path.clone(), detail: printable(&said.join("; ")).into_owned() })
    }

    fn run<T>(
        &mut self,
        operation: &'static str,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, HistoryError> {
        let result = match &mut self.connection {
            Some(connection) => self.runtime.block_on(work(connection)),
            None => Err(sqlx::Error::WorkerCrashed),
        };
        result.map_err(|source| describe(&self.path, operation, source))
    }

    fn summary(&self, row: &SqliteRow) -> Result<ScanSummary, HistoryError> {
        let fail = |source| describe(&self.path, "read", source);
        let id: i64 = row.try_get("id").map_err(fail)?;
        let invalid = |column| HistoryError::Row { path: self.path.clone(), id, column };
        let time = |column| -> Result<Timestamp, HistoryError> {
            let text: String = row.try_get(column).map_err(fail)?;
            text.parse().map_err(|_| invalid(column))
        };
        let count = |column| -> Result<u64, HistoryError> {
            let number: i64 = row.try_get(column).map_err(fail)?;
            u64::try_from(number).map_err(|_| invalid(column))
        };
        Ok(ScanSummary {
            id,
            scope: row.try_get("scope").map_err(fail)?,
            started_at: time("started_at")?,
            judged_at: time("judged_at")?,
            policy_sha256: row.try_get("policy_sha256").map_err(fail)?,
            tool_version: row.try_get("tool_version").map_err(fail)?,
            exit_code: u8::try_from(count("exit_code")?).map_err(|_| invalid("exit_code"))?,
            failing: count("failing")?,
            other: count("other")?,
            subjects: count("subjects")?,
        })
    }
}

impl Drop for History {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Folds the write-ahead log in. Everything is committed without it.
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

/// Creates the file with mode 0600, which SQLite then gives its other files too, and refuses a file that SQLite would write over: it
/// takes one of less than a page for an empty database. Where a power cut left a rollback journal, it first has to put the file right.
///
/// A file that is there is not opened here: closing it would drop the locks that another [`History`] of this process has on it
/// (<https://sqlite.org/howtocorrupt.html> section 2.2).
fn prepare(path: &Path) -> Result<(), HistoryError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(StoreError::Io { operation: "create", path: path.to_owned(), source }.into()),
    }
    let length = fs::symlink_metadata(path).map_err(StoreError::io("look at", path))?.len();
    if length > 0 && length < SQLITE_PAGE && !path.with_file_name(format!("{FILE}-journal")).exists() {
        let detail = format!("it has only {length} bytes");
        return Err(HistoryError::Corrupt { path: path.to_owned(), detail });
    }
    Ok(())
}

async fn connect(path: &Path) -> Result<SqliteConnection, HistoryError> {
    let fail = |source| describe(path, "opened", source);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(fail)?;

    // Before anything is written: is it ours?
    let presented: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(fail)?;
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master").fetch_one(&mut connection).await.map_err(fail)?;
    // A kill before the first migration leaves sqlx's own, empty table.
    let applied: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%sqlx_migrations%'")
        .fetch_one(&mut connection)
        .await
        .map_err(fail)?;
    if presented != APPLICATION_ID && !(presented == 0 && tables == applied) {
        return Err(HistoryError::Foreign { path: path.to_owned(), presented });
    }

    let _mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut connection).await.map_err(fail)?;
    let newest = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or_default();
    match MIGRATIONS.run_direct(None, &mut connection, false).await {
        Ok(()) => Ok(connection),
        Err(MigrateError::VersionMissing(presented)) => Err(HistoryError::Newer { path: path.to_owned(), presented, newest }),
        Err(MigrateError::VersionMismatch(version) | MigrateError::Dirty(version)) => {
            Err(HistoryError::OtherSchema { path: path.to_owned(), version })
        }
        Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) => Err(fail(source)),
        Err(other) => Err(fail(sqlx::Error::Migrate(Box::new(other)))),
    }
}

fn finding(row: &SqliteRow) -> Result<(String, FindingRow), sqlx::Error> {
    let tampering: i64 = row.try_get("tampering")?;
    let finding = FindingRow {
        rule: row.try_get("rule")?,
        severity: row.try_get("severity")?,
        status: row.try_get("status")?,
        subject: row.try_get("subject")?,
        message: row.try_get("message")?,
        tampering: tampering != 0,
    };
    Ok((row.try_get("fingerprint")?, finding))
}

fn subject(row: &SqliteRow) -> Result<(String, SubjectRow), sqlx::Error> {
    Ok((row.try_get("subject")?, SubjectRow { verdict: row.try_get("verdict")?, digest: row.try_get("digest")? }))
}

/// Tells damage and waiting from other errors by SQLite's result codes, <https://sqlite.org/rescode.html>.
fn describe(path: &Path, operation: &'static str, source: sqlx::Error) -> HistoryError {
    let path = path.to_owned();
    let code = source.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse::<i32>().ok());
    // The low byte is the primary code: 5 BUSY, 6 LOCKED, 11 CORRUPT, 26 NOTADB.
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => HistoryError::Busy { path },
        Some(11 | 26) => HistoryError::Corrupt { path, detail: printable(&source.to_string()).into_owned() },
        _ => HistoryError::Database { path, operation, source },
    }
}
