//! Files, folders and OCI image layouts on this machine, as the user named them.

mod error;
mod oci_layout;
mod scope;
mod sniff;
mod target;

use std::path::Path;

pub use error::{Blame, TargetError};
pub use oci_layout::{ImageChoice, MAX_INDEX_BYTES, MAX_LAYOUT_ENTRIES};
pub use scope::Scope;
pub use target::{FunctionSelector, LayerSelector, Target};

use super::{BoxFuture, InventoryError, Request, Source};
use crate::clients::Clients;
use crate::model::inventory::{Inventory, SourceInfo};

/// The source of artifacts that have no account behind them: nothing is listed, and `Inventory::files` holds what was named.
pub struct Local;

impl Source for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn describe(&self) -> &'static str {
        "files, folders and OCI image layouts on this machine"
    }

    fn is_meant(&self, request: &Request) -> bool {
        !request.files.is_empty()
    }

    fn inventory<'a>(&'a self, request: &'a Request, _: &'a Clients) -> BoxFuture<'a, Result<Inventory, InventoryError>> {
        let name = request.files.iter().map(|file| file.given.as_str()).collect::<Vec<_>>().join(" ");
        let source = SourceInfo { kind: self.name(), name, recorded_at: None, unauthenticated: false };
        Box::pin(std::future::ready(Ok(Inventory::empty(source))))
    }
}

/// Whether a path is a file or a folder; anything else (FIFO, device, socket) could block a reader for ever.
fn metadata(path: &Path) -> Result<std::fs::Metadata, TargetError> {
    let shown = || path.to_path_buf();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() || metadata.is_dir() => Ok(metadata),
        Ok(_) => Err(TargetError::NeitherFileNorFolder { path: shown() }),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Err(TargetError::Missing { path: shown() })
        }
        Err(source) => Err(TargetError::Unreadable { path: shown(), source }),
    }
}
