//! Somebody who pulls: a store, clients without a login, and what `scan` then makes of the image.

use std::path::PathBuf;
use std::sync::Arc;

use layerproof::clients::{Clients, Network};
use layerproof::fetch::signatures::SignatureSources;
use layerproof::fetch::{Fetching, Wanted, fetch, resolve};
use layerproof::model::artifact::{BlobLocation, Subject};
use layerproof::model::digest::ClaimedDigest;
use layerproof::model::gap::Gap;
use layerproof::model::image_ref::ImageRef;
use layerproof::model::observed::Observed;
use layerproof::scan::{Beside, Examined, Gather, Progress, examine};
use layerproof::signature::{Outcome, TrustAnchors};
use layerproof::store::Store;
use layerproof::unpack::{Contents, Limits};
use tempfile::TempDir;

/// A store of its own, and clients.
pub struct Puller {
    _folder: TempDir,
    pub store: Store,
    clients: Clients,
}

/// A pulled image, as `scan` sees it.
#[derive(Debug)]
pub struct Pulled(Examined);

impl Puller {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("layerproof-puller-").expect("a temporary folder");
        let store = Store::open(&folder.path().join("store")).expect("a store");
        Self { _folder: folder, store, clients: Clients::online(Network::default()).expect("clients") }
    }

    /// The next run of the same user: the store as it is, clients of its own.
    pub fn next_run(self) -> Self {
        Self { clients: Clients::online(Network::default()).expect("clients"), ..self }
    }

    /// The digest that a tag has.
    pub fn resolve(&self, image: &str) -> Observed<ClaimedDigest> {
        resolve(&parsed(image), None, self.clients.need(image, "the tag").expect("not offline"))
    }

    /// Pulls `HOST/REPOSITORY@DIGEST` for x86_64.
    pub fn pull(&self, image: &str) -> Result<Pulled, Gap> {
        self.pull_for(image, "x86_64", false)
    }

    /// Pulls for an architecture; with `refetch`, what the store holds does not count.
    pub fn pull_for(&self, image: &str, architecture: &str, refetch: bool) -> Result<Pulled, Gap> {
        let location = BlobLocation::Registry { asked_in: None, image: parsed(image), architecture: architecture.to_owned() };
        let wanted = Wanted { subject: image, digest: None, size: None };
        let fetching = Fetching { store: &self.store, clients: &self.clients, refetch };
        let fetched = match fetch(&location, &wanted, fetching).expect("this machine can do it") {
            Observed::Present(fetched) => fetched,
            Observed::Unknown(gap) => return Err(gap),
            Observed::Absent => panic!("an image that is not there is a gap"),
        };
        let gather = Gather {
            fetching: Fetching { store: &self.store, clients: &self.clients, refetch },
            signatures: &SignatureSources::default(),
            anchors: &TrustAnchors::default(),
            limits: &Limits::default(),
            now: "2026-11-22T00:00:00Z".parse().expect("a time"),
            progress: &Silent,
        };
        Ok(Pulled(examine(&fetched, &Subject::Image(parsed(image)), &Beside::default(), &gather).expect("this machine can do it")))
    }

    /// The file in which the store keeps a blob.
    pub fn file_of(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
        self.store.dir().join("blobs/sha256").join(&hex[..2]).join(&hex[2..])
    }
}

impl Pulled {
    /// The digest that the image was asked for by, as computed.
    pub fn digest(&self) -> String {
        self.0.blob.present().unwrap_or_else(|| panic!("no manifest: {:?}", self.0)).digest.to_string()
    }

    /// The digests of the layers, as computed, lowest first.
    pub fn layers(&self) -> Vec<String> {
        let info = self.0.image.as_ref().unwrap_or_else(|| panic!("no manifest: {:?}", self.0));
        info.layers.iter().map(|layer| layer.digest.to_string()).collect()
    }

    /// What it holds.
    pub fn contents(&self) -> Arc<Contents> {
        self.0.contents.present().unwrap_or_else(|| panic!("not read: {:?}", self.0)).clone()
    }

    /// What signatures stand beside it: none only where that is known.
    pub fn signatures(&self) -> Result<Vec<String>, Gap> {
        match &self.0.signatures {
            Observed::Absent => Ok(Vec::new()),
            Observed::Unknown(gap) => Err(gap.clone()),
            Observed::Present(found) => Ok(found
                .iter()
                .map(|signature| match &signature.outcome {
                    Outcome::Inconclusive(undetermined) => undetermined.gap.detail.clone(),
                    Outcome::Invalid(_) => format!("{} signature that does not hold at {}", signature.scheme, signature.location),
                    Outcome::Valid(_) => panic!("nobody signed anything here: {signature:?}"),
                })
                .collect()),
        }
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

fn parsed(image: &str) -> ImageRef {
    image.parse().expect("an image reference")
}

struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &'static str, _: usize) {}

    fn step(&self) {}
}
