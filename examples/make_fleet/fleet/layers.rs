//! The layers: what they hold, how they are signed, and who may use them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::recorder::{Place, Recorder, denied};
use super::signed::{Signing, Zip, only_said_to_be_signed, signed, tampered, unsigned};
use super::{DATA, PLACES, PROD, VENDOR};
use crate::forge::zip::Entry;

const EU: &str = "eu-west-1";
const US: &str = "us-east-1";

/// What functions need to know of a layer version, by ARN. A version that is gone or denied has no zip.
pub type Layers = BTreeMap<String, Option<Zip>>;

struct Layer {
    home: Place,
    name: &'static str,
    version: u32,
    created: &'static str,
    runtimes: &'static [&'static str],
    zip: Option<Zip>,
    /// Statements of the version's policy; empty for none.
    policy: Vec<Value>,
    /// Places besides the layer's own whose functions use it, and were answered.
    asked_from: &'static [Place],
}

/// Records every layer version.
pub fn record(recorder: &mut Recorder) -> Layers {
    let layers = all();
    let mut names: BTreeMap<(Place, &str), Vec<&Layer>> = BTreeMap::new();
    for layer in &layers {
        names.entry((layer.home, layer.name)).or_default().push(layer);
        record_version(recorder, layer);
    }
    for place in PLACES {
        let here: Vec<_> = names.iter().filter(|((home, _), _)| *home == place).collect();
        let latest: Vec<Value> = here
            .iter()
            .filter_map(|((_, name), versions)| {
                let newest = versions.iter().rfind(|layer| layer.zip.is_some())?;
                Some(json!({"LayerName": name, "LayerArn": layer_arn(place, name), "LatestMatchingVersion": listed(newest)}))
            })
            .collect();
        recorder.answer(place, "lambda.ListLayers", json!({}), json!({"Layers": latest}));
        for ((_, name), versions) in here {
            let versions: Vec<Value> = versions.iter().rev().filter(|layer| layer.zip.is_some()).map(|layer| listed(layer)).collect();
            if !versions.is_empty() {
                recorder.answer(place, "lambda.ListLayerVersions", json!({"LayerName": name}), json!({"LayerVersions": versions}));
            }
        }
    }
    // The vendor shares one version of its agent and stopped sharing the next.
    let refused = format!("{}:21", layer_arn((VENDOR, EU), "vantage-agent"));
    let place = (PROD, EU);
    let message = denied(place, "lambda:GetLayerVersion", &refused);
    recorder.error(place, "lambda.GetLayerVersionByArn", json!({"Arn": refused}), "AccessDeniedException", &message);

    let mut known: Layers = layers.into_iter().map(|layer| (layer.arn(), layer.zip)).collect();
    known.insert(refused, None);
    known
}

fn record_version(recorder: &mut Recorder, layer: &Layer) {
    let arn = layer.arn();
    let request = json!({"Arn": arn});
    let recorded_home = PLACES.contains(&layer.home);
    let Some(zip) = &layer.zip else {
        let message = format!("Layer version {arn} does not exist.");
        recorder.error(layer.home, "lambda.GetLayerVersionByArn", request, "ResourceNotFoundException", &message);
        let request = json!({"LayerName": layer.name, "VersionNumber": layer.version});
        recorder.error(layer.home, "lambda.GetLayerVersionPolicy", request, "ResourceNotFoundException", &message);
        return;
    };
    let mut content = json!({
        "Location": recorder.zip(&zip.bytes), "CodeSha256": zip.code_sha256(), "CodeSize": zip.bytes.len(),
    });
    zip.add_statement(content.as_object_mut().expect("an object"));
    let answer = json!({
        "Content": content,
        "LayerArn": layer_arn(layer.home, layer.name),
        "LayerVersionArn": arn,
        "CreatedDate": layer.created,
        "Version": layer.version,
        "CompatibleRuntimes": layer.runtimes,
        "CompatibleArchitectures": ["x86_64", "arm64"],
    });
    let places = layer.asked_from.iter().copied().chain(recorded_home.then_some(layer.home));
    for place in places {
        recorder.answer(place, "lambda.GetLayerVersionByArn", request.clone(), answer.clone());
    }
    if !recorded_home {
        return;
    }
    let request = json!({"LayerName": layer.name, "VersionNumber": layer.version});
    if layer.policy.is_empty() {
        let message = "No policy is associated with the given resource.";
        recorder.error(layer.home, "lambda.GetLayerVersionPolicy", request, "ResourceNotFoundException", message);
    } else {
        let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": layer.policy}).to_string();
        recorder.answer(layer.home, "lambda.GetLayerVersionPolicy", request, json!({"Policy": policy}));
    }
}

fn all() -> Vec<Layer> {
    const PYTHON: &[&str] = &["python3.12", "python3.13"];
    let layer = |home, name, version, created, zip| Layer {
        home,
        name,
        version,
        created,
        runtimes: PYTHON,
        zip: Some(zip),
        policy: Vec::new(),
        asked_from: &[],
    };
    let release = |label| Signing::release(EU, label);
    vec![
        layer((PROD, EU), "parcel-common", 11, "2026-06-02T09:14:07.000+0000", signed(&common("2.3.1"), &release("parcel-common-11"))),
        shared(layer(
            (PROD, EU),
            "parcel-common",
            12,
            "2026-09-14T08:20:11.000+0000",
            signed(&common("2.4.0"), &release("parcel-common-12")),
        )),
        // The same name and version in another region, from another build.
        layer(
            (PROD, US),
            "parcel-common",
            12,
            "2026-09-15T16:41:55.000+0000",
            signed(&common("2.4.0+local"), &Signing::release(US, "parcel-common-12-us")),
        ),
        layer((PROD, EU), "http-client", 4, "2026-05-19T11:02:30.000+0000", unsigned(&http_client("1.8.2"))),
        shared(layer(
            (PROD, EU),
            "http-client",
            5,
            "2026-08-25T07:33:12.000+0000",
            only_said_to_be_signed(&http_client("1.9.0"), &release("http-client-5")),
        )),
        layer(
            (PROD, EU),
            "image-tools",
            2,
            "2025-06-03T10:00:21.000+0000",
            signed(
                &image_tools("3.1", 0o100_755),
                &Signing { signed_at: "2025-06-03T09:58:02.114Z", expires_at: "2026-06-03T09:58:02.114Z", ..release("image-tools-2") },
            ),
        ),
        layer(
            (PROD, EU),
            "image-tools",
            3,
            "2026-07-08T13:26:49.000+0000",
            signed(&image_tools("3.2", 0o104_755), &release("image-tools-3")),
        ),
        layer((PROD, EU), "request-tracing", 6, "2026-04-11T15:48:03.000+0000", unsigned(&request_tracing())),
        layer((PROD, EU), "geo-index", 1, "2026-02-27T08:05:36.000+0000", unsigned(&geo_index())),
        Layer { zip: None, ..layer((PROD, EU), "legacy-pdf", 9, "2023-11-30T12:00:00.000+0000", unsigned(&[])) },
        Layer {
            runtimes: &["nodejs22.x"],
            policy: vec![allow("everyone", json!("*"), &arn((PROD, EU), "label-fonts", 1))],
            ..layer((PROD, EU), "label-fonts", 1, "2026-01-20T09:31:18.000+0000", signed(&label_fonts(), &release("label-fonts-1")))
        },
        shared(layer(
            (PROD, EU),
            "address-tables",
            1,
            "2026-08-03T06:10:44.000+0000",
            tampered(&address_tables("2026-07"), &release("address-tables-1"), "SW1A 1AA;London;forward-to=depot-99\n"),
        )),
        shared(layer(
            (PROD, EU),
            "address-tables",
            2,
            "2026-10-05T06:12:09.000+0000",
            signed(&address_tables("2026-09"), &Signing { profile: "sandbox", ..release("address-tables-2") }),
        )),
        layer((DATA, EU), "rollup-schema", 1, "2026-09-30T12:00:00.000+0000", signed(&rollup_schema(), &release("rollup-schema-1"))),
        Layer {
            asked_from: &[(DATA, EU)],
            ..layer((VENDOR, EU), "vantage-agent", 20, "2026-07-30T18:00:00.000+0000", unsigned(&vantage_agent()))
        },
    ]
}

/// Shared with the data account, which uses it.
fn shared(layer: Layer) -> Layer {
    let statement = allow("data-account", json!({"AWS": format!("arn:aws:iam::{DATA}:root")}), &layer.arn());
    Layer { policy: vec![statement], asked_from: &[(DATA, EU)], ..layer }
}

fn common(version: &str) -> Vec<Entry> {
    vec![
        Entry::directory("python/"),
        Entry::directory("python/harborline/"),
        Entry::file("python/harborline/__init__.py", format!("__version__ = \"{version}\"\n")),
        Entry::file("python/harborline/retry.py", "ATTEMPTS = 5\nBASE_DELAY_SECONDS = 0.2\n"),
        Entry::file(
            "python/harborline/money.py",
            "from decimal import Decimal\n\n\ndef cents(text):\n    return int(Decimal(text) * 100)\n",
        ),
        Entry::file(
            format!("python/harborline_common-{version}.dist-info/METADATA").as_str(),
            format!("Metadata-Version: 2.1\nName: harborline-common\nVersion: {version}\nLicense: Proprietary\n"),
        ),
    ]
}

/// Brings its own `retry.py`, which shadows the one of `parcel-common` or is shadowed by it.
fn http_client(version: &str) -> Vec<Entry> {
    vec![
        Entry::file("python/harborline_http/__init__.py", format!("__version__ = \"{version}\"\nTIMEOUT_SECONDS = 10\n")),
        Entry::file("python/harborline/retry.py", "ATTEMPTS = 50\nBASE_DELAY_SECONDS = 0.0\n"),
        Entry::file(
            format!("python/harborline_http-{version}.dist-info/METADATA").as_str(),
            format!("Metadata-Version: 2.1\nName: harborline-http\nVersion: {version}\n"),
        ),
    ]
}

fn image_tools(version: &str, mode: u32) -> Vec<Entry> {
    vec![
        Entry::directory("bin/"),
        Entry::file("bin/resize-photo", format!("#!/bin/sh\n# resize-photo {version}\nexec /opt/lib/resize \"$@\"\n")).with_mode(mode),
        Entry::file("lib/resize", format!("resize {version}\n")).with_mode(0o100_755),
    ]
}

fn request_tracing() -> Vec<Entry> {
    vec![
        Entry::file("extensions/request-tracing", "#!/bin/sh\nexec python3 /opt/python/request_tracing/agent.py\n").with_mode(0o100_755),
        Entry::file("python/sitecustomize.py", "import request_tracing\n\nrequest_tracing.patch()\n"),
        Entry::file("python/request_tracing/__init__.py", "def patch():\n    pass\n"),
        Entry::file("python/request_tracing/agent.py", "print(\"registered\")\n"),
    ]
}

/// Climbs out of `/opt` by name and by link.
fn geo_index() -> Vec<Entry> {
    vec![
        Entry::file("python/geo_index/__init__.py", "CELLS = 4096\n"),
        Entry::symlink("python/geo_index/cache", "../../../../tmp/geo"),
        Entry::file("../var/task/override.py", "print(\"outside /opt\")\n"),
    ]
}

fn label_fonts() -> Vec<Entry> {
    vec![Entry::directory("fonts/"), Entry::file("fonts/harborline-sans.txt", "a font in all but shape\n")]
}

fn address_tables(edition: &str) -> Vec<Entry> {
    vec![
        Entry::file("tables/redirects.csv", "SW1A 1AA;London;forward-to=none\n"),
        Entry::file("python/address_tables/__init__.py", format!("EDITION = \"{edition}\"\n")),
    ]
}

fn rollup_schema() -> Vec<Entry> {
    vec![Entry::file("schema/sales.json", "{\"day\": \"date\", \"cents\": \"integer\"}\n")]
}

fn vantage_agent() -> Vec<Entry> {
    vec![
        Entry::file("extensions/vantage-agent", "#!/bin/sh\nexec sleep infinity\n").with_mode(0o100_755),
        Entry::file("python/vantage/__init__.py", "VERSION = \"20.0.3\"\n"),
    ]
}

fn allow(sid: &str, principal: Value, resource: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "lambda:GetLayerVersion", "Resource": resource})
}

fn listed(layer: &Layer) -> Value {
    json!({
        "LayerVersionArn": layer.arn(), "Version": layer.version, "CreatedDate": layer.created, "CompatibleRuntimes": layer.runtimes,
    })
}

fn layer_arn((account, region): Place, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:layer:{name}")
}

/// The ARN of a layer version.
pub fn arn(home: Place, name: &str, version: u32) -> String {
    format!("{}:{version}", layer_arn(home, name))
}

impl Layer {
    fn arn(&self) -> String {
        arn(self.home, self.name, self.version)
    }
}
