//! When AWS retires which runtime: a dated table that ships with layerproof, and that `--runtime-table FILE` replaces.
//!
//! Such tables go stale, so the table carries its date, and every finding made from it says how old it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::model::printable::printable;

/// Rows that a table may have. AWS has named some 60 runtimes in ten years.
pub const MAX_ROWS: usize = 1_000;

/// A dated table of runtimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeTable {
    /// When its rows were last compared with AWS's own schedule.
    pub dated: Date,
    /// Where its rows come from, one phrase. Print through `printable`.
    pub source: String,
    /// True for the table that ships with layerproof.
    pub shipped: bool,
    rows: BTreeMap<String, Lifecycle>,
}

/// The life of one runtime. A date that is `None` has not been announced, or is not known to the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// From this day on AWS no longer patches it.
    pub deprecated: Option<Date>,
    /// From this day on no function can be created with it.
    pub create_block: Option<Date>,
    /// From this day on functions that use it can no longer be updated, so a fix can't be deployed.
    pub update_block: Option<Date>,
}

impl RuntimeTable {
    /// The table that ships with layerproof, `src/check/runtimes.json`. A unit test parses it.
    pub fn shipped() -> Self {
        let mut table = Self::parse(include_str!("runtimes.json")).unwrap_or_else(|_| Self {
            dated: Date::constant(1970, 1, 1),
            source: "empty".into(),
            shipped: true,
            rows: BTreeMap::new(),
        });
        table.shipped = true;
        table
    }

    /// Reads a table: `{"version": 1, "dated": "YYYY-MM-DD", "source": "…", "runtimes": [{"name": "…", "deprecated": "YYYY-MM-DD",
    /// "create_block": …, "update_block": …}]}`. Each date may be left out where it is not known; unknown keys are errors.
    ///
    /// # Errors
    /// The text is no JSON of this shape, has another version, no rows or too many, names a runtime twice, or blocks a runtime before
    /// it deprecates it.
    pub fn parse(json: &str) -> Result<Self, RuntimeTableError> {
        let raw: RawTable = serde_json::from_str(json).map_err(|e| RuntimeTableError::Shape {
            line: e.line(),
            column: e.column(),
            detail: printable(&e.to_string()).into_owned(),
        })?;
        if raw.version != 1 {
            return Err(RuntimeTableError::Version { presented: raw.version });
        }
        if raw.runtimes.is_empty() || raw.runtimes.len() > MAX_ROWS {
            return Err(RuntimeTableError::Rows { presented: raw.runtimes.len() });
        }
        let mut rows = BTreeMap::new();
        for row in raw.runtimes {
            let life = Lifecycle { deprecated: row.deprecated, create_block: row.create_block, update_block: row.update_block };
            let block = [life.create_block, life.update_block].into_iter().flatten().min();
            if block.is_some_and(|block| life.deprecated.is_none_or(|deprecated| block < deprecated)) {
                return Err(RuntimeTableError::Order { name: row.name });
            }
            if rows.insert(row.name.clone(), life).is_some() {
                return Err(RuntimeTableError::Twice { name: row.name });
            }
        }
        Ok(Self { dated: raw.dated, source: raw.source, shipped: false, rows })
    }

    /// The life of a runtime. `None`: the table does not know the runtime, which says nothing about it.
    pub fn lifecycle(&self, runtime: &str) -> Option<Lifecycle> {
        self.rows.get(runtime).copied()
    }

    /// Whole days between the table's date and `now`; negative for a table from the future.
    pub fn age_days(&self, now: Timestamp) -> i64 {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.dated.duration_until(today).as_hours() / 24
    }

    /// Which table, by its date and source.
    pub fn name(&self) -> String {
        format!("runtime table of {} ({})", self.dated, printable(&self.source))
    }

    /// One line for reports: `runtime table of 2026-08-19, 95 days old (shipped; …)`.
    pub fn describe(&self, now: Timestamp) -> String {
        let origin = if self.shipped { "shipped with layerproof" } else { "given by --runtime-table" };
        format!("{}, {} days old ({origin})", self.name(), self.age_days(now))
    }
}

/// Text that is no runtime table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeTableError {
    /// Not JSON, or not of the shape.
    #[error("line {line}, column {column}: {detail}")]
    Shape {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong; safe to print.
        detail: String,
    },
    /// A version that this layerproof does not read.
    #[error("version {presented} is not supported; this layerproof reads version 1")]
    Version {
        /// What stood there.
        presented: u64,
    },
    /// No rows, or more than [`MAX_ROWS`].
    #[error("{presented} rows; between 1 and {MAX_ROWS} are allowed")]
    Rows {
        /// How many.
        presented: usize,
    },
    /// Two rows for one runtime.
    #[error("the runtime `{}` has two rows", printable(.name))]
    Twice {
        /// The runtime.
        name: String,
    },
    /// A block without or before deprecation.
    #[error("the runtime `{}` is blocked before it is deprecated", printable(.name))]
    Order {
        /// The runtime.
        name: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    version: u64,
    dated: Date,
    source: String,
    runtimes: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    name: String,
    deprecated: Option<Date>,
    create_block: Option<Date>,
    update_block: Option<Date>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_table_is_read_and_not_empty() {
        let table = RuntimeTable::shipped();
        assert!(RuntimeTable::parse(include_str!("runtimes.json")).is_ok());
        assert_eq!(table.lifecycle("nodejs20.x").unwrap().deprecated, Some(Date::constant(2026, 4, 30)));
        assert!(table.shipped && table.rows.len() > 40);
    }

    #[test]
    fn age_is_counted_in_whole_days() {
        let table = RuntimeTable::shipped();
        assert_eq!(table.age_days("2026-08-20T00:00:01Z".parse().unwrap()), 1);
        assert!(table.describe("2026-11-22T00:00:00Z".parse().unwrap()).ends_with(", 95 days old (shipped with layerproof)"));
    }

    #[test]
    fn broken_tables_are_refused_with_their_reason() {
        let table = |rows: &str| RuntimeTable::parse(&format!(r#"{{"version":1,"dated":"2026-01-01","source":"x","runtimes":[{rows}]}}"#));
        assert!(matches!(table(""), Err(RuntimeTableError::Rows { presented: 0 })));
        assert!(matches!(table(r#"{"name":"a"},{"name":"a"}"#), Err(RuntimeTableError::Twice { .. })));
        assert!(matches!(table(r#"{"name":"a","update_block":"2026-01-01"}"#), Err(RuntimeTableError::Order { .. })));
        assert!(matches!(table(r#"{"name":"a","depreciated":"2026-01-01"}"#), Err(RuntimeTableError::Shape { .. })));
        assert!(matches!(table(r#"{"name":"a","deprecated":"soon"}"#), Err(RuntimeTableError::Shape { .. })));
        let other = r#"{"version":2,"dated":"2026-01-01","source":"x","runtimes":[{"name":"a"}]}"#;
        assert!(matches!(RuntimeTable::parse(other), Err(RuntimeTableError::Version { presented: 2 })));
    }
}
