//! Every loop over foreign bytes stops at one of these.

use std::time::{Duration, Instant};

/// Limits with their reasons. A limit that is hit is an anomaly that names the field here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in one archive or directory, or in all layers of one image. Real layers of 9,758 files exist; images reach 300,000.
    pub entries: u64,
    /// Bytes of a zip's central directory, which is held in memory. The 9,758 files of that layer take 1.3 MB.
    pub directory_bytes: u64,
    /// Bytes after inflation of one image or directory. Lambda: 10 GB for images.
    pub total_bytes: u64,
    /// Bytes after inflation of one zip. Lambda refuses to deploy more than 250 MB; four times that.
    pub zip_bytes: u64,
    /// Inflated bytes per stored byte, of one zip entry or one image layer. Deflate can reach 1,032, so for Deflate more is a lie.
    pub ratio: u64,
    /// The ratio is judged only above this many inflated bytes: zstd brings a small file of zeros to a ratio of 10,000 in all honesty.
    pub ratio_above: u64,
    /// Bytes of one entry.
    pub file_bytes: u64,
    /// Path components. Linux itself allows 2,048 in one path; npm trees reach 40.
    pub depth: usize,
    /// Bytes of one name or link target. `PATH_MAX` of Linux.
    pub name_bytes: usize,
    /// Bytes of one set of PAX records of a tar entry. Extended attributes of 64 KiB each are legal.
    pub pax_bytes: u64,
    /// Base-2 logarithm of the zstd window, which is held in memory. 27 (128 MiB) is what the `zstd` command itself accepts.
    pub zstd_window_log: u32,
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
            directory_bytes: 32 << 20,
            total_bytes: 11 << 30,
            zip_bytes: 1 << 30,
            ratio: 1_100,
            ratio_above: 64 << 20,
            file_bytes: 6 << 30,
            depth: 128,
            name_bytes: 4_096,
            pax_bytes: 1 << 20,
            zstd_window_log: 27,
            manifest_bytes: 4 << 20,
            image_layers: 256,
            time: Duration::from_secs(600),
        }
    }
}

/// Steps for each look at the clock.
const CLOCK_STEPS: usize = 64;

/// The moment at which the time for one artifact is over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// `limits.time` from now.
    pub fn start(limits: &Limits) -> Self {
        Self(Instant::now().checked_add(limits.time))
    }

    /// True once the time is over, for steps that mostly take hardly longer than to look at the clock: of many, few look.
    pub fn is_over_at(self, step: usize) -> bool {
        step.is_multiple_of(CLOCK_STEPS) && self.is_over()
    }

    /// True once the time is over.
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}
