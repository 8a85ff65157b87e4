//! Every loop over foreign bytes stops at one of these.

use std::time::Duration;

/// Limits with their reasons. A limit that is hit is an anomaly that names the field here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in one archive. Real layers of 9,758 files exist; Lambda's 250 MB leave room for far fewer than this.
    pub entries: u64,
    /// Bytes after inflation, of one archive or one image. Lambda: 250 MB for zips, 10 GB for images.
    pub total_bytes: u64,
    /// Inflated bytes per stored byte, of one entry above 1 MiB. Deflate can reach 1032.
    pub ratio: u64,
    /// Bytes of one entry.
    pub file_bytes: u64,
    /// Path components.
    pub depth: usize,
    /// Bytes of one name or link target.
    pub name_bytes: usize,
    /// Bytes of a manifest, image index or image configuration.
    pub manifest_bytes: u64,
    /// Layers of an image. Docker's own limit is 127.
    pub image_layers: usize,
    /// Time for one artifact.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 500_000,
            total_bytes: 11 << 30,
            ratio: 1_100,
            file_bytes: 6 << 30,
            depth: 128,
            name_bytes: 4_096,
            manifest_bytes: 4 << 20,
            image_layers: 256,
            time: Duration::from_secs(600),
        }
    }
}
