//! The history's file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use layerproof::store::StoreError;
use layerproof::store::history::{FindingRow, History, HistoryError, ScanRecord, SubjectRow};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::{Scratch, chmod, scratch};

pub fn record(rows: usize) -> ScanRecord {
    let finding = |i: usize| FindingRow {
        rule: format!("PIN{i:03}"),
        severity: "high".into(),
        status: if i == 1 { "waived".into() } else { "fail".into() },
        subject: format!("subject {i}"),
        message: "it's \"odd\"; DROP TABLE scans; \u{1b}[2J \u{0} é".into(),
        tampering: i == 0,
    };
    let subject = |i: usize| SubjectRow { verdict: "refused".into(), digest: format!("sha256:{i:064}") };
    ScanRecord {
        scope: "snapshot fleet".into(),
        started_at: "2026-01-02T03:04:05.123456789Z".parse().unwrap(),
        judged_at: "2025-01-02T03:04:05Z".parse().unwrap(),
        policy_sha256: "ab".repeat(32),
        tool_version: "0.1.0".into(),
        exit_code: 1,
        findings: (0..rows).map(|i| (format!("{i:064}"), finding(i))).collect(),
        subjects: (0..rows).map(|i| (format!("subject {i}"), subject(i))).collect(),
    }
}

/// Runs SQL on the history behind its back.
fn sql(s: &Scratch, text: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(s.dir.join("history.sqlite3")).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn a_scan_comes_back_as_it_was_to_the_nanosecond() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    let id = history.append(&record(5)).unwrap();
    assert_eq!(history.show(id).unwrap().unwrap(), record(5));
    assert_eq!(history.show(id + 1).unwrap(), None);
    drop(history);
    // And in another process's eyes.
    let mut again = History::open(&s.store).unwrap();
    assert_eq!(again.latest("snapshot fleet").unwrap().unwrap(), (id, record(5)));
    let [summary] = &again.list(10).unwrap()[..] else { panic!() };
    assert_eq!((summary.failing, summary.other, summary.subjects, summary.exit_code), (4, 1, 5, 1));
}

#[test]
fn the_latest_is_of_the_same_scope_and_the_last_kept_whatever_the_clock_said() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    assert_eq!(history.latest("a").unwrap(), None);
    let of = |scope: &str, time: &str| ScanRecord { scope: scope.into(), started_at: time.parse().unwrap(), ..record(1) };
    history.append(&of("a", "2026-05-01T00:00:00Z")).unwrap();
    let second = history.append(&of("a", "2026-04-01T00:00:00Z")).unwrap();
    history.append(&of("A", "2026-06-01T00:00:00Z")).unwrap();
    history.append(&of("a ", "2026-06-01T00:00:00Z")).unwrap();
    assert_eq!(history.latest("a").unwrap().unwrap().0, second);
    assert_eq!(history.list(2).unwrap().len(), 2);
    assert_eq!(history.list(0).unwrap().len(), 0);
}

#[test]
fn the_history_is_closed_to_others() {
    let s = scratch();
    chmod(&s.dir, 0o755);
    let mut history = History::open(&s.store).unwrap();
    history.append(&record(1)).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = fs::metadata(s.dir.join(format!("history.sqlite3{suffix}"))).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{suffix}");
    }
}

#[test]
fn random_bytes_are_refused_by_name_and_left_alone() {
    for bytes in [&[0x5a; 9000][..], b"x", b"SQLite format 3\0", &[0; 4096]] {
        let s = scratch();
        let file = s.dir.join("history.sqlite3");
        fs::write(&file, bytes).unwrap();
        chmod(&file, 0o600);
        let error = History::open(&s.store).unwrap_err();
        assert!(matches!(error, HistoryError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
        assert!(error.hint().unwrap().contains(file.to_str().unwrap()));
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_damaged_page_is_an_error_and_not_a_shorter_history() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    let id = history.append(&record(300)).unwrap();
    drop(history);
    let file = s.dir.join("history.sqlite3");
    let mut bytes = fs::read(&file).unwrap();
    assert!(bytes.len() > 20 * 4096);
    for byte in &mut bytes[5 * 4096..] {
        *byte = 0x5a;
    }
    fs::write(&file, &bytes).unwrap();
    let mut history = History::open(&s.store).unwrap();
    assert!(matches!(history.show(id), Err(HistoryError::Corrupt { .. })));
    assert!(matches!(history.verify(), Err(HistoryError::Corrupt { .. })));
}

#[test]
fn a_truncated_file_is_an_error() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    history.append(&record(300)).unwrap();
    drop(history);
    let file = s.dir.join("history.sqlite3");
    let length = fs::metadata(&file).unwrap().len();
    fs::File::options().write(true).open(&file).unwrap().set_len(length / 2 / 4096 * 4096).unwrap();
    let outcome = History::open(&s.store).and_then(|mut h| h.show(1).map(drop));
    assert!(matches!(outcome, Err(HistoryError::Corrupt { .. })), "{outcome:?}");
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let s = scratch();
    drop(History::open(&s.store).unwrap());
    sql(&s, "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', 1, x'00', 0)");
    let error = History::open(&s.store).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { presented: 999, .. }), "{error:?}");
    assert!(error.to_string().contains("history.sqlite3"), "{error}");
}

#[test]
fn the_same_schema_number_with_another_content_is_refused() {
    let s = scratch();
    drop(History::open(&s.store).unwrap());
    sql(&s, "UPDATE _sqlx_migrations SET checksum = x'00'");
    assert!(matches!(History::open(&s.store), Err(HistoryError::OtherSchema { version: 1, .. })));
}

#[test]
fn another_programs_database_is_not_written_to() {
    for text in ["CREATE TABLE bookmarks (url TEXT)", "PRAGMA application_id = 252006674; CREATE TABLE scans (id INTEGER)"] {
        let s = scratch();
        sql(&s, text);
        let file = s.dir.join("history.sqlite3");
        chmod(&file, 0o600);
        let before = fs::read(&file).unwrap();
        let error = History::open(&s.store).unwrap_err();
        assert!(matches!(error, HistoryError::Foreign { .. }), "{error:?}");
        assert_eq!(fs::read(&file).unwrap(), before);
    }
}

#[test]
fn a_history_that_is_a_link_or_open_to_others_is_refused() {
    let s = scratch();
    drop(History::open(&s.store).unwrap());
    let file = s.dir.join("history.sqlite3");
    chmod(&file, 0o666);
    assert!(matches!(History::open(&s.store), Err(HistoryError::Store(StoreError::WritableByOthers { .. }))));
    let elsewhere = s.dir.with_file_name("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert!(matches!(History::open(&s.store), Err(HistoryError::Store(StoreError::NotAFile { .. }))));
}

#[test]
fn a_row_that_reads_as_nothing_we_write_is_an_error_that_names_it() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    let id = history.append(&record(1)).unwrap();
    drop(history);
    sql(&s, "UPDATE scans SET started_at = 'yesterday'");
    let mut history = History::open(&s.store).unwrap();
    for error in [history.show(id).map(drop).unwrap_err(), history.list(1).map(drop).unwrap_err()] {
        assert!(matches!(error, HistoryError::Row { column: "started_at", .. }), "{error:?}");
    }
}

#[test]
fn two_histories_of_one_process_do_not_break_each_others_locks() {
    let s = scratch();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    History::open(&s.store).unwrap().append(&record(2)).unwrap();
                }
            });
        }
    });
    let mut history = History::open(&s.store).unwrap();
    history.verify().unwrap();
    assert_eq!(history.list(100).unwrap().len(), 40);
}

#[test]
fn a_scan_of_nothing_can_be_kept() {
    let s = scratch();
    let mut history = History::open(&s.store).unwrap();
    let empty = ScanRecord { findings: BTreeMap::new(), subjects: BTreeMap::new(), ..record(0) };
    let id = history.append(&empty).unwrap();
    assert_eq!(history.show(id).unwrap(), Some(empty));
}
