//! Images out of registries that are honest, broken and hostile. Every weakness that docs/adr/0012-registry-client.md lists has a test
//! here that is named for it.

#[cfg(feature = "aws")]
mod ecr;
mod elsewhere;
mod login;
mod pull;
mod referrers;
mod server;

use std::time::Duration;

use layerproof::clients::http::Patience;
use layerproof::clients::registry::LoginFiles;
use layerproof::clients::{Clients, Network};
use layerproof::fetch::{Fetched, Fetching, ImageBlobs, Wanted, fetch};
use layerproof::model::artifact::BlobLocation;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::Gap;
use layerproof::model::observed::Observed;
use layerproof::store::Store;
use layerproof::unpack::{Image, Layout, Limits, WantDigests, analyse_image};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::forge::oci::{CONFIG, LAYER_GZIP, Member, gzip, tar};
use server::{MANIFEST, Server};

/// A store, and clients that lose their patience soon.
struct Bed {
    /// Gone when dropped.
    _folder: TempDir,
    store: Store,
    clients: Clients,
    refetch: bool,
}

impl Bed {
    fn new() -> Self {
        Self::with(Network::default(), LoginFiles::default())
    }

    fn with(network: Network, logins: LoginFiles) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let patience = Patience {
            connect: Duration::from_secs(5),
            read: Duration::from_millis(1_500),
            answer: Duration::from_secs(5),
            questions: 3,
            backoff: Duration::from_millis(5),
            backoff_cap: Duration::from_millis(20),
            retry_after_cap: Duration::from_secs(2),
            slowest: 1 << 10,
            ..Patience::default()
        };
        Self { _folder: folder, store, clients: Clients::with(network, patience, logins).unwrap(), refetch: false }
    }

    fn fetch(&self, host: &str, digest: &str, architecture: &str) -> Observed<Fetched> {
        let image = format!("{host}/team/app@{digest}").parse().unwrap();
        let location = BlobLocation::Registry { asked_in: None, image, architecture: architecture.into() };
        let wanted = Wanted { subject: "the image", digest: Some(ClaimedDigest::from_oci(digest).unwrap()), size: None };
        fetch(&location, &wanted, Fetching { store: &self.store, clients: &self.clients, refetch: self.refetch }).unwrap()
    }

    #[track_caller]
    fn pulled(&self, host: &str, digest: &str) -> Pulled {
        match self.fetch(host, digest, "x86_64") {
            Observed::Present(Fetched::Image { blobs: ImageBlobs::Stored { index, signatures_unknown, other_bytes, .. }, .. }) => {
                Pulled { index, unknown: signatures_unknown, other_bytes }
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn gap(&self, host: &str, digest: &str) -> Gap {
        match self.fetch(host, digest, "x86_64") {
            Observed::Unknown(gap) => gap,
            other => panic!("{other:?}"),
        }
    }

    fn analysed(&self, pulled: &Pulled, digest: &str, architecture: &str) -> Image {
        let layout = Layout::in_store(&self.store, pulled.index.clone());
        let digest = ClaimedDigest::from_oci(digest).unwrap();
        analyse_image(&layout, &digest, architecture, &Limits::default(), &WantDigests::None).unwrap()
    }
}

#[derive(Debug)]
struct Pulled {
    index: Vec<u8>,
    unknown: Option<Gap>,
    other_bytes: Vec<String>,
}

/// A layer with one file.
fn layer(name: &str, body: &str) -> (Vec<u8>, Digest) {
    let tar = tar(&[Member::file(name, body)]);
    (gzip(&tar), Digest::of(&tar))
}

/// An image of two layers in the registry; its manifest's descriptor.
fn image(server: &Server, architecture: &str) -> Value {
    image_of(server, architecture, &[layer("a", &"a".repeat(100_000)), layer(architecture, "b")])
}

fn image_of(server: &Server, architecture: &str, layers: &[(Vec<u8>, Digest)]) -> Value {
    let diff_ids: Vec<String> = layers.iter().map(|(_, diff_id)| diff_id.to_string()).collect();
    let config = json!({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = server.blob(CONFIG, config.to_string().as_bytes());
    let layers: Vec<Value> = layers.iter().map(|(bytes, _)| server.blob(LAYER_GZIP, bytes)).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    server.manifest(MANIFEST, &manifest, Some("v1"))
}

fn digest(described: &Value) -> &str {
    described["digest"].as_str().unwrap()
}
