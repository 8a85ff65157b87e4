//! Somebody who pulls: a store, clients, and what came of it.

use std::fs;
use std::path::PathBuf;

use layerproof::clients::{Clients, Network};
use layerproof::fetch::{Fetched, Fetching, ImageBlobs, Wanted, fetch};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::digest::ClaimedDigest;
use layerproof::model::gap::Gap;
use layerproof::model::observed::Observed;
use layerproof::store::Store;
use layerproof::unpack::{Contents, Layout, Limits, WantDigests, analyse_image};
use serde_json::Value;
use tempfile::TempDir;

/// A store of its own, and clients without any login.
pub struct Puller {
    folder: TempDir,
    pub store: Store,
    clients: Clients,
}

/// A pulled image.
#[derive(Debug)]
pub struct Pulled {
    /// The digest that it has, as `fetch` says.
    pub digest: String,
    /// The index of what belongs to it.
    pub index: Value,
    /// Why it is not known which signatures there are.
    pub signatures_unknown: Option<Gap>,
    /// What it holds, read out of the store.
    pub contents: Contents,
}

impl Puller {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("layerproof-puller-").expect("a temporary folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        Self { folder, store, clients: Clients::online(Network::default()).expect("clients") }
    }

    /// Pulls `HOST/REPOSITORY[:TAG][@DIGEST]` for x86_64.
    pub fn pull(&self, image: &str) -> Result<Pulled, Gap> {
        self.pull_for(image, "x86_64", false)
    }

    /// Pulls for an architecture; with `refetch`, what the store holds does not count.
    pub fn pull_for(&self, image: &str, architecture: &str, refetch: bool) -> Result<Pulled, Gap> {
        let location = BlobLocation::Registry {
            asked_in: None,
            image: image.parse().expect("an image reference"),
            architecture: architecture.to_owned(),
        };
        let wanted = Wanted { subject: image, digest: None, size: None };
        let fetching = Fetching { store: &self.store, clients: &self.clients, refetch };
        match fetch(&location, &wanted, fetching).expect("this machine can do it") {
            Observed::Present(Fetched::Image { blobs: ImageBlobs::Stored { index, signatures_unknown }, digest, architecture }) => {
                let contents = self.read(&digest, &architecture, &index);
                Ok(Pulled { digest, index: serde_json::from_slice(&index).expect("JSON"), signatures_unknown, contents })
            }
            Observed::Unknown(gap) => Err(gap),
            other @ (Observed::Present(_) | Observed::Absent) => panic!("an image is no {other:?}"),
        }
    }

    /// The file in which the store keeps a blob.
    pub fn file_of(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
        self.store.dir().join("blobs/sha256").join(&hex[..2]).join(&hex[2..])
    }

    /// What the store holds of an image, read as a layout is.
    fn read(&self, digest: &str, architecture: &str, index: &[u8]) -> Contents {
        let layout = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        let blobs = layout.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).expect("a folder");
        for folder in fs::read_dir(self.store.dir().join("blobs/sha256")).expect("a store") {
            let folder = folder.expect("an entry").path();
            let first = folder.file_name().expect("a name").to_string_lossy().into_owned();
            for blob in fs::read_dir(&folder).expect("a folder of the store") {
                let blob = blob.expect("an entry");
                fs::hard_link(blob.path(), blobs.join(first.clone() + &blob.file_name().to_string_lossy())).expect("a link");
            }
        }
        fs::write(layout.path().join("index.json"), index).expect("index.json is written");
        fs::write(layout.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("oci-layout is written");
        let limits = Limits::default();
        let opened = Layout::open(layout.path(), &limits).expect("a layout");
        let digest = ClaimedDigest::from_oci(digest).expect("a digest");
        analyse_image(&opened, &digest, architecture, &limits, &WantDigests::All).expect("readable").contents
    }
}

/// A program of `examples/`, which cargo builds beside this test binary.
pub fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this test has a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push("examples");
    path.push(name);
    assert!(path.exists(), "{} is missing: run `cargo test` with all targets, or `cargo build --examples`", path.display());
    path
}
