//! Images made by `umoci`, and moved by `skopeo`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::unpack::{Contents, Layout, Limits, WantDigests, analyse_image};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::debian::DockerRegistry;
use crate::run::skip;

/// The tag of an image of two layers, the lower of which is [`BASE`]'s.
pub const APP: &str = "app";
/// The tag of another image on the same base.
pub const OTHER: &str = "other";
/// The tag of the base.
pub const BASE: &str = "base";
/// The tag of an index of [`APP`] for x86_64 and [`ARM`] for arm64.
pub const MULTI: &str = "multi";
/// The tag of the image for arm64.
pub const ARM: &str = "arm";

/// An OCI layout with the images above, and the tools that made it.
pub struct Images {
    umoci: OsString,
    skopeo: OsString,
    folder: TempDir,
}

impl Images {
    /// Makes them; `None`, and a visible skip, where a tool is not here.
    pub fn make() -> Option<Self> {
        let (Some(umoci), Some(skopeo)) = (std::env::var_os("LAYERPROOF_UMOCI"), std::env::var_os("LAYERPROOF_SKOPEO")) else {
            skip("LAYERPROOF_UMOCI and LAYERPROOF_SKOPEO name no umoci and skopeo: run scripts/test");
            return None;
        };
        let folder = TempDir::with_prefix("layerproof-images-").expect("a temporary folder");
        let images = Self { umoci, skopeo, folder };
        images.build();
        Some(images)
    }

    fn build(&self) {
        self.umoci(&["init", "--layout", "layout"]);
        self.umoci(&["new", "--image", "layout:base"]);
        self.umoci(&["config", "--image", "layout:base", "--architecture", "amd64", "--os", "linux"]);
        self.insert(BASE, "/", &[("etc/os-release", b"ID=test\n"), ("opt/keep/hidden", b"1"), ("var/task/old.py", b"old")]);
        self.insert(BASE, "/var/runtime", &[("bootstrap", &noise(1, 300_000))]);

        self.umoci(&["tag", "--image", "layout:base", APP]);
        // What stands below /opt in the base is hidden by an opaque whiteout, the old file by one of its own.
        let files = self.files(&[("extensions/ext", b"2")]);
        self.umoci(&["insert", "--rootless", "--opaque", "--image", "layout:app", &files, "/opt"]);
        self.umoci(&["insert", "--rootless", "--image", "layout:app", "--whiteout", "/var/task/old.py"]);
        self.insert(APP, "/var/task", &[("app.py", b"print('x86_64')"), ("data.bin", &noise(2, 200_000))]);

        self.umoci(&["tag", "--image", "layout:base", OTHER]);
        self.insert(OTHER, "/var/task", &[("other.py", b"print('other')")]);

        self.umoci(&["new", "--image", "layout:arm"]);
        self.umoci(&["config", "--image", "layout:arm", "--architecture", "arm64", "--os", "linux"]);
        self.insert(ARM, "/var/task", &[("arm.py", b"print('arm64')")]);
        self.write_index();
    }

    /// skopeo and umoci make no index, so this writes one as `docker buildx` would.
    fn write_index(&self) {
        let mut listed = self.index_json();
        let manifests: Vec<Value> = [(APP, "amd64"), (ARM, "arm64")]
            .into_iter()
            .map(|(tag, architecture)| {
                let mut descriptor = self.descriptor(tag);
                descriptor.as_object_mut().expect("an object").remove("annotations");
                descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
                descriptor
            })
            .collect();
        let media_type = "application/vnd.oci.image.index.v1+json";
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).to_string();
        let digest = Digest::of(index.as_bytes());
        fs::write(self.layout().join("blobs/sha256").join(digest.hex()), &index).expect("the index is written");
        listed["manifests"].as_array_mut().expect("a list").push(json!({
            "mediaType": media_type, "digest": digest.to_string(), "size": index.len(),
            "annotations": {"org.opencontainers.image.ref.name": MULTI},
        }));
        fs::write(self.layout().join("index.json"), listed.to_string()).expect("index.json is written");
    }

    /// The layout's folder.
    pub fn layout(&self) -> PathBuf {
        self.folder.path().join("layout")
    }

    /// `sha256:…` of the manifest or index that carries a tag.
    pub fn digest(&self, tag: &str) -> String {
        self.descriptor(tag)["digest"].as_str().expect("a digest").to_owned()
    }

    /// `sha256:…` of the layers of an image, lowest first.
    pub fn layers(&self, tag: &str) -> Vec<String> {
        let manifest = self.manifest(tag);
        manifest["layers"].as_array().expect("layers").iter().map(|l| l["digest"].as_str().expect("a digest").to_owned()).collect()
    }

    /// `sha256:…` of the configuration of an image.
    pub fn config(&self, tag: &str) -> String {
        self.manifest(tag)["config"]["digest"].as_str().expect("a digest").to_owned()
    }

    /// What the image of a tag holds, read from the layout.
    pub fn contents(&self, tag: &str, architecture: &str) -> Contents {
        let limits = Limits::default();
        let layout = Layout::open(&self.layout(), &limits).expect("a layout");
        let digest = ClaimedDigest::from_oci(&self.digest(tag)).expect("a digest");
        let contents = analyse_image(&layout, &digest, architecture, &limits, &WantDigests::None).expect("readable").contents;
        assert_eq!(contents.anomalies, [], "umoci makes clean images");
        contents
    }

    /// Pushes an image, or an index with all that it lists, as it is.
    pub fn push(&self, tag: &str, registry: &DockerRegistry, reference: &str) {
        self.push_from(&format!("oci:layout:{tag}"), registry, reference, &["--all", "--preserve-digests"]);
    }

    /// Pushes `from`, a name of skopeo's, with more arguments.
    pub fn push_from(&self, from: &str, registry: &DockerRegistry, reference: &str, more: &[&str]) {
        let credentials = registry.credentials().map(|(user, password)| format!("{user}:{password}"));
        let to = format!("docker://{}/{reference}", registry.host());
        let mut args = vec!["copy", "-q", "--dest-tls-verify=false"];
        if let Some(credentials) = &credentials {
            args.extend(["--dest-creds", credentials]);
        }
        args.extend(more);
        args.extend([from, &to]);
        self.skopeo(&args);
    }

    /// Runs skopeo in the folder that holds `layout`.
    pub fn skopeo(&self, args: &[&str]) {
        self.run(&self.skopeo, "skopeo", &[&["--insecure-policy"], args].concat());
    }

    fn umoci(&self, args: &[&str]) {
        self.run(&self.umoci, "umoci", args);
    }

    fn run(&self, program: &OsString, name: &str, args: &[&str]) {
        let home = self.folder.path();
        let output = Command::new(program)
            .args(args)
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        assert!(output.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn insert(&self, tag: &str, target: &str, files: &[(&str, &[u8])]) {
        let folder = self.files(files);
        self.umoci(&["insert", "--rootless", "--image", &format!("layout:{tag}"), &folder, target]);
    }

    /// A new folder with these files; its name.
    fn files(&self, files: &[(&str, &[u8])]) -> String {
        let folder = tempfile::Builder::new().prefix("files-").tempdir_in(self.folder.path()).expect("a folder").keep();
        for (name, body) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
            fs::write(path, body).expect("a file");
        }
        folder.display().to_string()
    }

    fn manifest(&self, tag: &str) -> Value {
        let digest = self.digest(tag);
        let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
        read_json(&self.layout().join("blobs/sha256").join(hex))
    }

    fn descriptor(&self, tag: &str) -> Value {
        let index = self.index_json();
        let mut manifests = index["manifests"].as_array().expect("a list").iter();
        let found = manifests.find(|m| m["annotations"]["org.opencontainers.image.ref.name"] == tag);
        found.unwrap_or_else(|| panic!("no tag {tag}: {index}")).clone()
    }

    fn index_json(&self) -> Value {
        read_json(&self.layout().join("index.json"))
    }
}

/// Bytes that do not compress, the same on every run.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file of the layout")).expect("JSON")
}
