//! The fleet that is served: a snapshot, taken apart by account, region and API.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use data_encoding::BASE64;
use serde_json::Value;

use super::ask::Caller;
use super::fault::Wrong;
use super::reply::{Protocol, Refusal};

/// What AWS knows.
#[derive(Default)]
pub struct Fleet {
    places: BTreeMap<(String, String), Recorded>,
    files: Files,
    /// Manifests that name another as their subject: the subject's digest, and theirs with media type and size.
    referrers: Vec<(String, Value)>,
    /// Objects of Amazon S3 that no answer names, by bucket and key.
    objects: BTreeMap<(String, String), Bytes>,
}

/// What was recorded in one account and region.
#[derive(Default)]
pub struct Recorded {
    /// By API and whom it lists: all pages in one.
    lists: HashMap<(String, String), List>,
    /// By API and what is asked for.
    calls: HashMap<(String, String), Result<Value, (String, String)>>,
    /// Names of the functions that are listed.
    functions: HashSet<String>,
}

/// All pages of a listing.
#[derive(Default, Clone)]
pub struct List {
    items: Vec<Value>,
    /// What stands in for the page after the last item.
    error: Option<(String, String)>,
}

/// The bytes beside the answers.
enum Files {
    Memory(BTreeMap<String, Bytes>),
    Folder(PathBuf),
}

/// A page of a listing.
pub struct Page {
    pub items: Vec<Value>,
    pub next: Option<String>,
}

/// Listings: API, the member that holds the items, and the request member that says whose.
const LISTS: [(&str, &str, Option<&str>); 7] = [
    ("lambda.ListFunctions", "Functions", None),
    ("lambda.ListVersionsByFunction", "Versions", Some("FunctionName")),
    ("lambda.ListAliases", "Aliases", Some("FunctionName")),
    ("lambda.ListLayers", "Layers", None),
    ("lambda.ListLayerVersions", "LayerVersions", Some("LayerName")),
    ("ecr.DescribeRepositories", "repositories", None),
    ("ecr.DescribeImages", "imageDetails", Some("repositoryName")),
];

impl Default for Files {
    fn default() -> Self {
        Self::Memory(BTreeMap::new())
    }
}

impl Fleet {
    /// A snapshot on disk. Bytes are read when they are asked for.
    pub fn read(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let mut fleet = Self::default();
        for account in entries(&folder.join("accounts")) {
            for region in entries(&account) {
                for file in entries(&region) {
                    let api = name(&file).trim_end_matches(".json").to_owned();
                    let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                    fleet.record(&name(&account), &name(&region), &api, &bytes);
                }
            }
        }
        assert!(!fleet.places.is_empty(), "{} records no account", folder.display());
        for blob in entries(&folder.join("images/blobs/sha256")) {
            let small = blob.metadata().is_ok_and(|meta| meta.len() < 1 << 20);
            if let Some(bytes) = small.then(|| std::fs::read(&blob).ok()).flatten() {
                fleet.note_referrer(&name(&blob), &bytes);
            }
        }
        fleet.files = Files::Folder(folder);
        fleet
    }

    /// A snapshot in memory: its files by their paths.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut fleet = Self::default();
        for (path, bytes) in &files {
            match path.split('/').collect::<Vec<_>>()[..] {
                ["accounts", account, region, file] => fleet.record(account, region, file.trim_end_matches(".json"), bytes),
                ["images", "blobs", "sha256", hex] => fleet.note_referrer(hex, bytes),
                _ => {}
            }
        }
        fleet.files = Files::Memory(files.into_iter().map(|(path, bytes)| (path, Bytes::from(bytes))).collect());
        fleet
    }

    /// An account that has nothing in this region, so that roles in it can be assumed.
    pub fn with_empty(mut self, account: &str, region: &str) -> Self {
        self.places.entry((account.into(), region.into())).or_default();
        self
    }

    /// An object in a bucket, beside those that functions and layers read.
    pub fn with_object(mut self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Self {
        self.objects.insert((bucket.into(), key.into()), bytes.into());
        self
    }

    /// The bytes of such an object.
    pub fn kept(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.objects.get(&(bucket.to_owned(), key.to_owned())).cloned()
    }

    /// The keys of such objects, in order, with their sizes.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<(String, usize)> {
        let in_it = self.objects.iter().filter(|((of, key), _)| of == bucket && key.starts_with(prefix));
        in_it.map(|((_, key), bytes)| (key.clone(), bytes.len())).collect()
    }

    /// What was recorded there; `None`: nothing, as in a region that nobody uses.
    pub fn at(&self, account: &str, region: &str) -> Option<&Recorded> {
        self.places.get(&(account.to_owned(), region.to_owned()))
    }

    /// A listing, as this caller may see it; empty where nothing was recorded.
    pub fn list(&self, caller: &Caller, api: &str, whose: &str) -> &List {
        self.at(&caller.account, &caller.region).and_then(|place| place.list(api, whose)).unwrap_or(const { &List::EMPTY })
    }

    /// True for an account of the fleet.
    pub fn has_account(&self, account: &str) -> bool {
        self.places.keys().any(|(a, _)| a == account)
    }

    /// The accounts.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.places.keys().map(|(account, _)| account.clone()).collect()
    }

    /// The regions of an account.
    pub fn regions(&self, account: &str) -> BTreeSet<String> {
        self.places.keys().filter(|(a, _)| a == account).map(|(_, region)| region.clone()).collect()
    }

    /// Bytes by their path below the snapshot.
    pub fn file(&self, path: &str) -> Option<Bytes> {
        match &self.files {
            Files::Memory(files) => files.get(path).cloned(),
            Files::Folder(folder) => std::fs::read(folder.join(path)).ok().map(Bytes::from),
        }
    }

    /// Descriptors of the manifests whose subject is `digest`.
    pub fn referrers(&self, digest: &str) -> Vec<Value> {
        self.referrers.iter().filter(|(subject, _)| subject == digest).map(|(_, descriptor)| descriptor.clone()).collect()
    }

    /// The path of the blob of an object that some function or layer reads in place from S3. An answer that names no version stands for
    /// every version.
    pub fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Option<String> {
        let answers = self.places.values().flat_map(|place| place.calls.values()).filter_map(|answer| answer.as_ref().ok());
        answers
            .flat_map(|answer| [&answer["Code"], &answer["Content"]])
            .filter(|at| at["ResolvedS3Object"]["S3Bucket"] == bucket && at["ResolvedS3Object"]["S3Key"] == key)
            .filter(|at| at["ResolvedS3Object"]["S3ObjectVersion"].as_str().is_none_or(|v| version.is_none_or(|asked| asked == v)))
            .find_map(|at| at["Location"].as_str().map(str::to_owned))
    }

    fn record(&mut self, account: &str, region: &str, api: &str, bytes: &[u8]) {
        let calls: Vec<Value> = serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{account}/{region}/{api}: {e}"));
        let place = self.places.entry((account.into(), region.into())).or_default();
        for call in calls {
            let request = &call["request"];
            let error = call["error"].as_object().map(|_| (text(&call["error"]["code"]), text(&call["error"]["message"])));
            if let Some((_, member, of)) = LISTS.iter().find(|(list, ..)| *list == api) {
                let whose = of.map(|of| bare(&text(&request[of]))).unwrap_or_default();
                let list = place.lists.entry((api.into(), whose)).or_default();
                let items = call["response"][member].as_array().cloned().unwrap_or_default();
                if *member == "Functions" || *member == "Versions" {
                    place.functions.extend(items.iter().map(|function| text(&function["FunctionName"])));
                }
                list.items.extend(items);
                list.error = error.or(list.error.take());
            } else {
                let key = match api {
                    "lambda.GetFunction" => version_key(&text(&request["FunctionName"]), &text(&request["Qualifier"])),
                    "lambda.GetLayerVersionPolicy" => version_key(&text(&request["LayerName"]), &request["VersionNumber"].to_string()),
                    "lambda.GetFunctionCodeSigningConfig" => bare(&text(&request["FunctionName"])),
                    "lambda.GetCodeSigningConfig" => text(&request["CodeSigningConfigArn"]),
                    "lambda.GetLayerVersionByArn" => text(&request["Arn"]),
                    _ => panic!("{account}/{region}/{api}: a call that the loopback AWS does not know"),
                };
                place.calls.insert((api.into(), key), error.map_or_else(|| Ok(call["response"].clone()), Err));
            }
        }
    }

    fn note_referrer(&mut self, hex: &str, bytes: &[u8]) {
        let Ok(manifest) = serde_json::from_slice::<Value>(bytes) else { return };
        let Some(subject) = manifest["subject"]["digest"].as_str() else { return };
        let kind = manifest["artifactType"].as_str().or(manifest["config"]["mediaType"].as_str()).unwrap_or_default();
        let mut descriptor = serde_json::json!({
            "mediaType": manifest["mediaType"], "digest": format!("sha256:{hex}"), "size": bytes.len(), "artifactType": kind,
        });
        if manifest["annotations"].is_object() {
            descriptor["annotations"] = manifest["annotations"].clone();
        }
        self.referrers.push((subject.to_owned(), descriptor));
    }
}

impl Recorded {
    /// All items of a listing; `None` where nobody recorded it.
    pub fn list(&self, api: &str, whose: &str) -> Option<&List> {
        self.lists.get(&(api.to_owned(), whose.to_owned()))
    }

    /// A recorded answer.
    pub fn call(&self, api: &str, key: &str) -> Option<&Result<Value, (String, String)>> {
        self.calls.get(&(api.to_owned(), key.to_owned()))
    }

    /// True where a function of this name is listed.
    pub fn has_function(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    /// The version that an alias points to.
    pub fn alias(&self, function: &str, alias: &str) -> Option<String> {
        let aliases = self.list("lambda.ListAliases", function)?;
        aliases.items.iter().find(|a| a["Name"] == alias).map(|a| text(&a["FunctionVersion"]))
    }
}

impl List {
    const EMPTY: Self = Self { items: Vec::new(), error: None };

    /// The items.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// True where there is neither an item nor an error.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.error.is_none()
    }

    /// False where the listing ends in an error.
    pub fn is_complete(&self) -> bool {
        self.error.is_none()
    }

    /// The items that hold, with the same end.
    pub fn only(&self, holds: impl Fn(&Value) -> bool) -> Self {
        Self { items: self.items.iter().filter(|item| holds(item)).cloned().collect(), error: self.error.clone() }
    }

    /// The page at `marker`, which is opaque and good for this listing (`scope`) only.
    pub fn page(&self, scope: &str, marker: Option<&str>, size: usize, protocol: Protocol, wrong: Option<&Wrong>) -> Result<Page, Refusal> {
        let start = match marker {
            None => 0,
            Some(marker) => place_of(scope, marker).ok_or_else(|| match protocol {
                Protocol::Json11 => Refusal::new(400, "InvalidParameterException", "Invalid nextToken"),
                _ => Refusal::new(400, "InvalidParameterValueException", "Invalid Marker"),
            })?,
        };
        if let Some((code, message)) = self.error.as_ref().filter(|_| start >= self.items.len()) {
            return Err(Refusal::recorded(protocol, code, message));
        }
        let end = (start + size.max(1)).min(self.items.len());
        let more = end < self.items.len() || self.error.is_some();
        let next = if wrong == Some(&Wrong::MarkerLoop) { Some(start) } else { more.then_some(end) };
        Ok(Page { items: self.items[start..end].to_vec(), next: next.map(|at| marker_at(scope, at)) })
    }
}

/// Changes a JSON file of a snapshot in memory: the calls of an API in a place.
pub fn edit(files: &mut BTreeMap<String, Vec<u8>>, path: &str, change: impl FnOnce(&mut Value)) {
    let bytes = files.get_mut(path).unwrap_or_else(|| panic!("no {path}"));
    let mut calls = serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
    change(&mut calls);
    *bytes = calls.to_string().into_bytes();
}

/// `NAME` of a function or layer that is given by its name or ARN, without a version.
pub fn bare(name: &str) -> String {
    if name.starts_with("arn:") { name.split(':').nth(6).unwrap_or_default().into() } else { name.into() }
}

/// How a version of a function or layer is kept.
pub fn version_key(name: &str, version: &str) -> String {
    format!("{}\n{version}", bare(name))
}

fn marker_at(scope: &str, at: usize) -> String {
    BASE64.encode(format!("loopback\n{scope}\n{at}").as_bytes())
}

fn place_of(scope: &str, marker: &str) -> Option<usize> {
    let decoded = String::from_utf8(BASE64.decode(marker.as_bytes()).ok()?).ok()?;
    decoded.strip_prefix(&format!("loopback\n{scope}\n"))?.parse().ok()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Paths in a folder, sorted; none where there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
