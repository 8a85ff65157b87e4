//! What skopeo cannot push: artifacts with a subject, and tags made of digests.

use layerproof::model::digest::Digest;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::images::Images;

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// One repository of a registry that lets everybody in.
pub struct Repository {
    runtime: tokio::runtime::Runtime,
    client: Client,
    base: String,
}

impl Repository {
    pub fn new(host: &str, name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { runtime, client, base: format!("http://{host}/v2/{name}") }
    }

    /// Pushes a blob and gives its descriptor.
    pub fn blob(&self, media_type: &str, bytes: Vec<u8>) -> Value {
        let descriptor = described(media_type, &bytes);
        let digest = descriptor["digest"].as_str().expect("a digest").to_owned();
        self.runtime.block_on(async {
            let started = self.client.post(format!("{}/blobs/uploads/", self.base)).send().await.expect("an upload starts");
            assert_eq!(started.status(), StatusCode::ACCEPTED);
            let location = started.headers()["location"].to_str().expect("a location").to_owned();
            let mut url = started.url().join(&location).expect("a URL");
            url.query_pairs_mut().append_pair("digest", &digest);
            let done = self.client.put(url).body(bytes).send().await.expect("the blob is sent");
            assert_eq!(done.status(), StatusCode::CREATED, "{}", done.text().await.unwrap_or_default());
        });
        descriptor
    }

    /// Pushes a manifest or index under a tag or its digest, and gives its descriptor.
    pub fn manifest(&self, reference: Option<&str>, manifest: &Value) -> Value {
        self.put(reference, manifest["mediaType"].as_str().expect("a media type"), manifest.to_string().into_bytes())
    }

    /// Pushes the bytes of a manifest or index under a tag or its digest, and gives its descriptor.
    pub fn put(&self, reference: Option<&str>, media_type: &str, bytes: Vec<u8>) -> Value {
        let descriptor = described(media_type, &bytes);
        let reference = reference.unwrap_or_else(|| descriptor["digest"].as_str().expect("a digest")).to_owned();
        let url = format!("{}/manifests/{reference}", self.base);
        self.runtime.block_on(async {
            let done = self.client.put(url).header("content-type", media_type).body(bytes).send().await.expect("the manifest is sent");
            assert_eq!(done.status(), StatusCode::CREATED, "{}", done.text().await.unwrap_or_default());
        });
        descriptor
    }

    /// Pushes an image of a layout, byte for byte, under a tag: its manifest's descriptor.
    pub fn image(&self, images: &Images, tag: &str) -> Value {
        let read = |digest: &str| {
            let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
            std::fs::read(images.layout().join("blobs/sha256").join(hex)).expect("a blob")
        };
        for digest in images.layers(tag).into_iter().chain([images.config(tag)]) {
            self.blob("application/octet-stream", read(&digest));
        }
        self.put(Some(tag), MANIFEST, read(&images.digest(tag)))
    }

    /// Pushes an artifact of one blob that says that it is about `subject`: its descriptor.
    pub fn artifact(&self, subject: &Value, artifact_type: &str, body: &[u8]) -> Value {
        let layer = self.blob(artifact_type, body.to_vec());
        let config = self.blob(EMPTY, b"{}".to_vec());
        let subject = json!({"mediaType": subject["mediaType"], "digest": subject["digest"], "size": subject["size"]});
        let mut descriptor = self.manifest(
            None,
            &json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": config, "layers": [layer],
                    "subject": subject}),
        );
        descriptor["artifactType"] = artifact_type.into();
        descriptor
    }
}

fn described(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}
