-- Scan history. Only TEXT and BIGINT, so that the same tables serve on PostgreSQL; times are RFC 3339 text in UTC.
-- The id "LPRF" tells this file from any other program's.
PRAGMA application_id = 1280332358;

CREATE TABLE scans (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    scope         TEXT NOT NULL,
    started_at    TEXT NOT NULL,
    judged_at     TEXT NOT NULL,
    policy_sha256 TEXT NOT NULL,
    tool_version  TEXT NOT NULL,
    exit_code     BIGINT NOT NULL
);

CREATE INDEX scans_by_scope ON scans (scope, id);

CREATE TABLE findings (
    scan_id     BIGINT NOT NULL REFERENCES scans (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    rule        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    status      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    message     TEXT NOT NULL,
    tampering   BIGINT NOT NULL,
    PRIMARY KEY (scan_id, fingerprint)
);

CREATE TABLE subjects (
    scan_id BIGINT NOT NULL REFERENCES scans (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL,
    digest  TEXT NOT NULL,
    PRIMARY KEY (scan_id, subject)
);
