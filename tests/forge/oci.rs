//! OCI images and layouts, the same bytes on every run.

use std::collections::BTreeMap;

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use super::zip::{crc32, stored_blocks};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const LAYER_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// One member of a layer.
#[derive(Clone)]
pub struct Member {
    pub path: String,
    pub mode: u32,
    pub kind: MemberKind,
}

/// What a member is.
#[derive(Clone)]
pub enum MemberKind {
    File(Vec<u8>),
    Folder,
    Symlink(String),
}

impl Member {
    /// A regular file, mode 0644. A name `.wh.NAME` is a whiteout.
    pub fn file(path: &str, body: impl AsRef<[u8]>) -> Self {
        Self { path: path.into(), mode: 0o644, kind: MemberKind::File(body.as_ref().to_vec()) }
    }

    /// A regular file, mode 0755.
    pub fn executable(path: &str, body: impl AsRef<[u8]>) -> Self {
        Self { mode: 0o755, ..Self::file(path, body) }
    }

    /// A directory, mode 0755.
    pub fn folder(path: &str) -> Self {
        Self { path: path.into(), mode: 0o755, kind: MemberKind::Folder }
    }

    /// A symbolic link.
    pub fn symlink(path: &str, target: &str) -> Self {
        Self { path: path.into(), mode: 0o777, kind: MemberKind::Symlink(target.into()) }
    }
}

/// An uncompressed tar (ustar) of these members, dated 1970, owned by root.
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        let (kind, body, link) = match &member.kind {
            MemberKind::File(body) => (b'0', body.as_slice(), ""),
            MemberKind::Folder => (b'5', &[][..], ""),
            MemberKind::Symlink(target) => (b'2', &[][..], target.as_str()),
        };
        let mut header = [0u8; 512];
        put(&mut header, 0, member.path.as_bytes());
        put(&mut header, 100, format!("{:07o}", member.mode).as_bytes());
        put(&mut header, 108, b"0000000");
        put(&mut header, 116, b"0000000");
        put(&mut header, 124, format!("{:011o}", body.len()).as_bytes());
        put(&mut header, 136, b"00000000000");
        put(&mut header, 148, b"        ");
        put(&mut header, 156, &[kind]);
        put(&mut header, 157, link.as_bytes());
        put(&mut header, 257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut header, 148, format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// gzip (RFC 1952) in stored blocks, without name or time.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(stored_blocks(bytes));
    out.extend(crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// An OCI layout under construction: paths below its folder, and their bytes.
#[derive(Default)]
pub struct Layout {
    files: BTreeMap<String, Vec<u8>>,
    index: Vec<Value>,
}

impl Layout {
    /// Adds an image of gzipped layers and gives its manifest's digest. `tag` goes into `index.json`.
    pub fn image(&mut self, architecture: &str, config: Value, layers: &[Vec<Member>], tag: Option<&str>) -> Digest {
        let tars: Vec<Vec<u8>> = layers.iter().map(|members| tar(members)).collect();
        let diff_ids: Vec<String> = tars.iter().map(|tar| Digest::of(tar).to_string()).collect();
        let config = json!({
            "created": "2026-10-01T00:00:00Z", "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.blob(CONFIG, config.to_string().into_bytes());
        let layers: Vec<Value> = tars.iter().map(|tar| self.blob(LAYER_GZIP, gzip(tar))).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).to_string().into_bytes();
        let digest = Digest::of(&manifest);
        let mut descriptor = self.blob(MANIFEST, manifest);
        if let Some(tag) = tag {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        }
        self.index.push(descriptor);
        digest
    }

    /// Adds a blob and gives its descriptor.
    pub fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = Digest::of(&bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()});
        self.files.insert(format!("blobs/sha256/{}", digest.hex()), bytes);
        descriptor
    }

    /// Adds a manifest that is no image, one whose `subject` is another manifest as a rule, and gives its descriptor. Its blobs go in by [`Layout::blob`]; the empty
    /// config is added here. `tag` goes into `index.json`.
    pub fn referrer(&mut self, manifest: &Value, tag: Option<&str>) -> Value {
        self.blob("application/vnd.oci.empty.v1+json", b"{}".to_vec());
        let mut descriptor = self.blob(MANIFEST, manifest.to_string().into_bytes());
        if manifest.get("subject").is_some() {
            let kind = manifest.get("artifactType").or(manifest["config"].get("mediaType"));
            descriptor["artifactType"] = kind.cloned().unwrap_or_default();
        }
        if let Some(annotations) = manifest.get("annotations") {
            descriptor["annotations"] = annotations.clone();
        }
        if let Some(tag) = tag {
            descriptor["annotations"]["org.opencontainers.image.ref.name"] = json!(tag);
        }
        self.index.push(descriptor.clone());
        descriptor
    }

    /// Adds the index that lists `referrers` (descriptors) under the tag schema `sha256-HEX`, for registries without the referrers API.
    pub fn fallback_tag(&mut self, subject: &Digest, referrers: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": referrers});
        let mut descriptor = self.blob(INDEX, index.to_string().into_bytes());
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": format!("sha256-{}", subject.hex())});
        self.index.push(descriptor.clone());
        descriptor
    }

    /// The bytes of a blob that was added.
    pub fn bytes(&self, digest: &Digest) -> &[u8] {
        &self.files[&format!("blobs/sha256/{}", digest.hex())]
    }

    /// Every file of the layout by its path.
    pub fn finish(mut self) -> BTreeMap<String, Vec<u8>> {
        self.files.insert("oci-layout".into(), b"{\"imageLayoutVersion\":\"1.0.0\"}".to_vec());
        let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": self.index});
        self.files.insert("index.json".into(), index.to_string().into_bytes());
        self.files
    }
}

fn put(header: &mut [u8; 512], at: usize, bytes: &[u8]) {
    header[at..at + bytes.len()].copy_from_slice(bytes);
}
