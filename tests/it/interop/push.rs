//! Everything of a layout into a repository, byte for byte: blobs, manifests, tags, and what refers to what.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::cases::testdata;
use crate::registry_real::push::Repository;

const TAG: &str = "org.opencontainers.image.ref.name";

/// Pushes `layouts/NAME` as the repository NAME of a registry.
pub fn layout(host: &str, name: &str) {
    let repository = Repository::new(host, name);
    let folder = testdata("layouts").join(name);
    let read = |digest: &str| {
        let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
        fs::read(folder.join("blobs/sha256").join(hex)).unwrap_or_else(|error| panic!("{name}: {digest}: {error}"))
    };
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).expect("index.json")).expect("JSON");
    // What an index lists comes before it, and a signature after what it is about.
    let mut manifests: Vec<(String, String)> = Vec::new();
    let listed = index["manifests"].as_array().expect("a list");
    for descriptor in listed {
        add(descriptor, &read, &mut manifests);
    }
    let known: BTreeMap<&str, &str> = manifests.iter().map(|(digest, media_type)| (digest.as_str(), media_type.as_str())).collect();
    for file in fs::read_dir(folder.join("blobs/sha256")).expect("the blobs") {
        let digest = format!("sha256:{}", file.expect("a file").file_name().into_string().expect("a digest"));
        if !known.contains_key(digest.as_str()) {
            repository.blob("application/octet-stream", read(&digest));
        }
    }
    for (digest, media_type) in &manifests {
        repository.put(None, media_type, read(digest));
    }
    for descriptor in listed {
        let digest = descriptor["digest"].as_str().expect("a digest");
        if let Some(tag) = descriptor["annotations"][TAG].as_str() {
            repository.put(Some(tag), known[digest], read(digest));
        }
    }
}

fn add(descriptor: &Value, read: &dyn Fn(&str) -> Vec<u8>, manifests: &mut Vec<(String, String)>) {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let document: Value = serde_json::from_slice(&read(digest)).expect("a manifest");
    for listed in document["manifests"].as_array().into_iter().flatten() {
        add(listed, read, manifests);
    }
    if !manifests.iter().any(|(known, _)| known == digest) {
        manifests.push((digest.to_owned(), descriptor["mediaType"].as_str().expect("a media type").to_owned()));
    }
}
