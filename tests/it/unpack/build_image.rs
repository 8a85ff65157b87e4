//! Writes tars and OCI layouts, any part of which can be wrong.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use layerproof::model::digest::{ClaimedDigest, Digest};
use serde_json::{Value, json};

/// One tar member.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub body: Vec<u8>,
    pub kind: u8,
    pub link: Vec<u8>,
    pub mode: u32,
    pub size: Option<u64>,
    pub checksum: Option<u32>,
}

pub fn member(kind: u8, name: &str, body: impl Into<Vec<u8>>) -> Member {
    Member { name: name.into(), body: body.into(), kind, link: Vec::new(), mode: 0o644, size: None, checksum: None }
}

pub fn file(name: &str, body: &str) -> Member {
    member(b'0', name, body)
}

pub fn folder(name: &str) -> Member {
    Member { mode: 0o755, ..member(b'5', name, "") }
}

pub fn symlink(name: &str, target: &str) -> Member {
    Member { link: target.into(), ..member(b'2', name, "") }
}

pub fn hardlink(name: &str, target: &str) -> Member {
    Member { link: target.into(), ..member(b'1', name, "") }
}

/// PAX records for the next member.
pub fn pax(records: &[(&str, &str)]) -> Member {
    let mut body = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        body += &format!("{length}{rest}");
    }
    member(b'x', "PaxHeaders/x", body)
}

pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for m in members {
        let mut header = [0_u8; 512];
        header[..m.name.len().min(100)].copy_from_slice(&m.name[..m.name.len().min(100)]);
        header[100..107].copy_from_slice(format!("{:07o}", m.mode).as_bytes());
        header[108..115].copy_from_slice(b"0000000");
        header[116..123].copy_from_slice(b"0000000");
        header[124..135].copy_from_slice(format!("{:011o}", m.size.unwrap_or(m.body.len() as u64)).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[156] = m.kind;
        header[157..157 + m.link.len().min(100)].copy_from_slice(&m.link[..m.link.len().min(100)]);
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum = m.checksum.unwrap_or(header.iter().map(|b| u32::from(*b)).sum());
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(&m.body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend([0; 1024]);
    out
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
pub const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const TAR_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A layout in a temporary directory.
pub struct Layout {
    pub dir: tempfile::TempDir,
}

impl Layout {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        fs::write(dir.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        fs::write(dir.path().join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Stores a blob under its digest.
    pub fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        fs::write(self.place(digest), bytes).unwrap();
        digest
    }

    pub fn place(&self, digest: Digest) -> std::path::PathBuf {
        self.path().join("blobs/sha256").join(digest.hex())
    }

    pub fn described(&self, media_type: &str, bytes: &[u8]) -> Value {
        json!({"mediaType": media_type, "digest": self.blob(bytes).to_string(), "size": bytes.len()})
    }

    pub fn config(&self, diff_ids: &[Digest]) -> Value {
        let diff_ids: Vec<String> = diff_ids.iter().map(Digest::to_string).collect();
        let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        self.described(CONFIG, config.to_string().as_bytes())
    }

    pub fn manifest(&self, config: &Value, layers: &[Value]) -> Value {
        self.described(
            MANIFEST,
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).to_string().as_bytes(),
        )
    }

    /// An image of these tars, gzip-compressed; the descriptor of its manifest.
    pub fn image(&self, tars: &[Vec<u8>]) -> Value {
        let layers: Vec<Value> = tars.iter().map(|tar| self.described(TAR_GZIP, &gzip(tar))).collect();
        let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::of(tar)).collect();
        self.manifest(&self.config(&diff_ids), &layers)
    }

    pub fn index(&self, manifests: &[Value]) -> Value {
        self.described(INDEX, json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string().as_bytes())
    }
}

pub fn digest_in(descriptor: &Value) -> ClaimedDigest {
    ClaimedDigest::from_oci(descriptor["digest"].as_str().unwrap()).unwrap()
}

pub fn on(mut descriptor: Value, architecture: &str) -> Value {
    descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
    descriptor
}
