//! The functions: code, layers, aliases, code signing.

use serde_json::{Map, Value, json};

use super::images::{Images, REGISTRY};
use super::layers::{Layers, arn};
use super::recorder::{Place, Recorder};
use super::signed::{Signing, Zip, signed, tampered, unsigned};
use super::{DATA, PROD, VENDOR};
use crate::forge::zip::Entry;

const EU: Place = (PROD, "eu-west-1");
const US: Place = (PROD, "us-east-1");
const DATA_EU: Place = (DATA, "eu-west-1");

struct Function {
    place: Place,
    name: &'static str,
    about: &'static str,
    code_signing: Option<&'static str>,
    /// `$LATEST` first.
    versions: Vec<Version>,
    aliases: Vec<Value>,
}

struct Version {
    version: &'static str,
    modified: &'static str,
    runtime: &'static str,
    code: Code,
    layers: Vec<String>,
}

enum Code {
    Zip(Zip),
    /// What is downloaded, and what CodeSha256 speaks of.
    Swapped(Zip, Zip),
    /// Storage mode REFERENCE, without a version of the object.
    Referenced(Zip),
    Image {
        uri: String,
        resolved: String,
        architecture: &'static str,
    },
}

/// Records every function.
pub fn record(recorder: &mut Recorder, layers: &Layers, images: &Images) {
    let functions = all(images);
    for place in super::PLACES {
        let mut listed = Vec::new();
        for function in functions.iter().filter(|function| function.place == place) {
            for version in &function.versions {
                listed.push(function.configuration(version, layers, false));
            }
            record_function(recorder, function, layers);
        }
        page(recorder, place, listed);
    }
    let configurations =
        [(EU, "csc-0a4e6c1d92b7f3805", "Enforce", "Release profile only"), (EU, "csc-0f2b8d7a61c94e350", "Warn", "Being rolled out")];
    for (place, id, policy, about) in configurations {
        let arn = code_signing_arn(place, id);
        let config = json!({
            "CodeSigningConfigId": id,
            "CodeSigningConfigArn": arn,
            "Description": about,
            "AllowedPublishers": {"SigningProfileVersionArns": [Signing::release(place.1, "").profile_version()]},
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
            "LastModified": "2026-09-01T08:00:00.000+0000",
        });
        let request = json!({"CodeSigningConfigArn": arn});
        recorder.answer(place, "lambda.GetCodeSigningConfig", request, json!({"CodeSigningConfig": config}));
    }
}

/// Two pages where there is more than a handful, as ListFunctions would give more than fifty.
fn page(recorder: &mut Recorder, place: Place, mut listed: Vec<Value>) {
    const FIRST_PAGE: usize = 12;
    let rest = listed.split_off(listed.len().min(FIRST_PAGE));
    let marker = (!rest.is_empty()).then_some("page-2");
    let request = json!({"FunctionVersion": "ALL"});
    recorder.answer(place, "lambda.ListFunctions", request, json!({"NextMarker": marker, "Functions": listed}));
    if let Some(marker) = marker {
        let request = json!({"FunctionVersion": "ALL", "Marker": marker});
        recorder.answer(place, "lambda.ListFunctions", request, json!({"NextMarker": null, "Functions": rest}));
    }
}

fn record_function(recorder: &mut Recorder, function: &Function, layers: &Layers) {
    let Function { place, name, .. } = *function;
    for version in &function.versions {
        let code = match &version.code {
            Code::Zip(zip) | Code::Swapped(zip, _) => json!({"RepositoryType": "S3", "Location": recorder.zip(&zip.bytes)}),
            Code::Referenced(zip) => json!({
                "RepositoryType": "S3", "Location": recorder.zip(&zip.bytes),
                "ResolvedS3Object": {"S3Bucket": "harborline-builds", "S3Key": "route-planner/current.zip"},
            }),
            Code::Image { uri, resolved, .. } => json!({"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved}),
        };
        let request = json!({"FunctionName": name, "Qualifier": version.version});
        let answer = json!({"Configuration": function.configuration(version, layers, true), "Code": code});
        recorder.answer(place, "lambda.GetFunction", request, answer);
    }
    let request = json!({"FunctionName": name});
    recorder.answer(place, "lambda.ListAliases", request.clone(), json!({"Aliases": function.aliases}));
    let answer = match function.code_signing {
        Some(id) => json!({"CodeSigningConfigArn": code_signing_arn(place, id), "FunctionName": name}),
        None => json!({}),
    };
    recorder.answer(place, "lambda.GetFunctionCodeSigningConfig", request, answer);
}

fn all(images: &Images) -> Vec<Function> {
    let enforced = Some("csc-0a4e6c1d92b7f3805");
    let warned = Some("csc-0f2b8d7a61c94e350");
    let common = arn(EU, "parcel-common", 12);
    let zip = |version, modified, code, layers: &[&String]| Version {
        version,
        modified,
        runtime: "python3.13",
        code: Code::Zip(code),
        layers: layers.iter().map(|layer| (*layer).clone()).collect(),
    };
    let release = |label| Signing::release("eu-west-1", label);
    let app = |name: &str| vec![Entry::file("app.py", handler(name))];

    let label = signed(&app("render label, third layout"), &release("parcel-label-render-2"));
    let label_before = signed(&app("render label, second layout"), &release("parcel-label-render-1"));
    let quote = signed(&app("quote"), &release("checkout-quote-3"));
    let quote_fast = unsigned(&app("quote, with the cache"));
    let rates = signed(&app("import rate card"), &release("rate-card-import-1"));
    let rates_swapped = unsigned(&app("import rate card, and post it elsewhere"));
    let customs = tampered(&app("declare"), &release("customs-declare-5"), &handler("declare nothing"));

    let image = |repository: &'static str, reference: String, architecture| Code::Image {
        uri: format!("{REGISTRY}/{repository}{reference}"),
        resolved: format!("{REGISTRY}/{repository}@{}", images[repository]),
        architecture,
    };
    let image_function = |name, about, repository: &'static str, reference: String, architecture| Function {
        place: EU,
        name,
        about,
        code_signing: None,
        versions: ["$LATEST", "1"]
            .into_iter()
            .map(|version| Version {
                version,
                modified: "2026-10-12T14:31:00.000+0000",
                runtime: "",
                code: image(repository, reference.clone(), architecture),
                layers: Vec::new(),
            })
            .collect(),
        aliases: vec![alias(EU, name, "live", "1")],
    };

    vec![
        Function {
            place: EU,
            name: "parcel-label-render",
            about: "Renders the label that goes on a parcel",
            code_signing: enforced,
            versions: vec![
                zip("$LATEST", "2026-09-16T07:02:13.000+0000", label.clone(), &[&common]),
                zip("1", "2026-06-04T10:44:00.000+0000", label_before, &[&arn(EU, "parcel-common", 11)]),
                zip("2", "2026-09-16T07:02:51.000+0000", label, &[&common]),
            ],
            aliases: vec![alias(EU, "parcel-label-render", "live", "2")],
        },
        Function {
            place: EU,
            name: "checkout-quote",
            about: "Quotes a price while the customer waits",
            code_signing: warned,
            versions: vec![
                zip("$LATEST", "2026-10-28T19:12:40.000+0000", quote_fast.clone(), &[&common]),
                zip("3", "2026-09-20T09:00:02.000+0000", quote, &[&common]),
                zip("4", "2026-10-28T19:13:05.000+0000", quote_fast, &[&common]),
            ],
            aliases: vec![json!({
                "AliasArn": format!("{}:live", function_arn(EU, "checkout-quote")), "Name": "live", "FunctionVersion": "3",
                "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}},
            })],
        },
        Function {
            place: EU,
            name: "address-normalise",
            about: "Normalises what people type as their address",
            code_signing: None,
            versions: vec![zip(
                "$LATEST",
                "2026-05-20T08:15:09.000+0000",
                signed(&app("normalise"), &release("address-normalise")),
                &[&arn(EU, "http-client", 4), &common],
            )],
            aliases: Vec::new(),
        },
        Function {
            place: EU,
            name: "customs-declare",
            about: "Files customs declarations",
            code_signing: None,
            versions: vec![
                zip("$LATEST", "2026-10-30T23:58:12.000+0000", customs.clone(), &[&common]),
                zip("5", "2026-10-30T23:58:40.000+0000", customs, &[&common]),
            ],
            aliases: vec![alias(EU, "customs-declare", "live", "5")],
        },
        Function {
            place: EU,
            name: "rate-card-import",
            about: "Imports the carriers' rate cards each night",
            code_signing: enforced,
            versions: vec![Version {
                code: Code::Swapped(rates_swapped, rates.clone()),
                ..zip("$LATEST", "2026-09-18T11:20:33.000+0000", rates, &[&common])
            }],
            aliases: Vec::new(),
        },
        Function {
            place: EU,
            name: "invoice-pdf",
            about: "Prints invoices",
            code_signing: warned,
            versions: vec![
                zip(
                    "$LATEST",
                    "2025-06-05T09:12:00.000+0000",
                    signed(&app("print invoice"), &release("invoice-pdf-7")),
                    &[&arn(EU, "legacy-pdf", 9), &arn(EU, "image-tools", 2)],
                ),
                zip(
                    "7",
                    "2025-06-05T09:12:44.000+0000",
                    signed(&app("print invoice"), &release("invoice-pdf-7")),
                    &[&arn(EU, "legacy-pdf", 9), &arn(EU, "image-tools", 2)],
                ),
            ],
            aliases: vec![alias(EU, "invoice-pdf", "live", "7")],
        },
        Function {
            place: EU,
            name: "photo-thumbnail",
            about: "Shrinks photos of damaged parcels",
            code_signing: None,
            versions: vec![Version {
                runtime: "python3.9",
                ..zip(
                    "$LATEST",
                    "2026-07-09T10:10:10.000+0000",
                    unsigned(&app("thumbnail")),
                    &[&arn(EU, "image-tools", 3), &arn(EU, "http-client", 4)],
                )
            }],
            aliases: Vec::new(),
        },
        Function {
            place: EU,
            name: "route-planner",
            about: "Plans the vans' routes",
            code_signing: None,
            versions: vec![Version {
                code: Code::Referenced(unsigned(&app("plan route"))),
                ..zip("$LATEST", "2026-10-01T04:30:00.000+0000", unsigned(&[]), &[&arn(EU, "geo-index", 1), &arn(EU, "http-client", 4)])
            }],
            aliases: Vec::new(),
        },
        Function {
            place: EU,
            name: "notify-customer",
            about: "Sends delivery notifications",
            code_signing: None,
            versions: vec![zip(
                "$LATEST",
                "2026-08-12T17:45:21.000+0000",
                unsigned(&app("notify")),
                &[&arn(EU, "request-tracing", 6), &arn((VENDOR, "eu-west-1"), "vantage-agent", 21)],
            )],
            aliases: vec![alias(EU, "notify-customer", "live", "$LATEST")],
        },
        image_function("tracking-api", "Tells where a parcel is", "tracking-api", format!("@{}", images["tracking-api"]), "arm64"),
        image_function("driver-portal", "What drivers see on their handheld", "driver-portal", ":2026.10.3".into(), "x86_64"),
        image_function("dispatch-optimizer", "Orders the stops of a tour", "dispatch-optimizer", ":latest".into(), "x86_64"),
        Function {
            place: US,
            name: "parcel-label-render",
            about: "Renders the label that goes on a parcel",
            code_signing: None,
            versions: vec![
                zip(
                    "$LATEST",
                    "2026-09-16T15:30:00.000+0000",
                    signed(&app("render label, third layout"), &Signing::release("us-east-1", "parcel-label-render-us")),
                    &[&arn(US, "parcel-common", 12)],
                ),
                zip(
                    "1",
                    "2026-09-16T15:30:41.000+0000",
                    signed(&app("render label, third layout"), &Signing::release("us-east-1", "parcel-label-render-us")),
                    &[&arn(US, "parcel-common", 12)],
                ),
            ],
            aliases: vec![alias(US, "parcel-label-render", "live", "1")],
        },
        Function {
            place: DATA_EU,
            name: "sales-rollup",
            about: "Adds up yesterday's sales",
            code_signing: None,
            versions: vec![zip(
                "$LATEST",
                "2026-10-06T02:00:19.000+0000",
                signed(&app("roll up"), &release("sales-rollup")),
                &[&common, &arn(EU, "http-client", 5), &arn(EU, "address-tables", 2), &arn(DATA_EU, "rollup-schema", 1)],
            )],
            aliases: Vec::new(),
        },
        Function {
            place: DATA_EU,
            name: "address-refresh",
            about: "Refreshes the address tables",
            code_signing: None,
            versions: vec![zip(
                "$LATEST",
                "2026-08-04T05:00:00.000+0000",
                signed(&app("refresh"), &release("address-refresh")),
                &[&arn(EU, "address-tables", 1), &arn((VENDOR, "eu-west-1"), "vantage-agent", 20)],
            )],
            aliases: Vec::new(),
        },
    ]
}

fn handler(what: &str) -> String {
    format!("def handler(event, context):\n    # {what}\n    return {{\"statusCode\": 200}}\n")
}

fn alias(place: Place, function: &str, name: &str, version: &str) -> Value {
    json!({"AliasArn": format!("{}:{name}", function_arn(place, function)), "Name": name, "FunctionVersion": version, "RoutingConfig": null})
}

fn function_arn((account, region): Place, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

fn code_signing_arn((account, region): Place, id: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:code-signing-config:{id}")
}

impl Function {
    /// The configuration as ListFunctions gives it, or with the state that only GetFunction knows.
    fn configuration(&self, version: &Version, layers: &Layers, with_state: bool) -> Value {
        let mut configuration = Map::new();
        let mut put = |member: &str, value: Value| configuration.insert(member.into(), value);
        put("FunctionName", json!(self.name));
        put("FunctionArn", json!(format!("{}:{}", function_arn(self.place, self.name), version.version)));
        put("Version", json!(version.version));
        put("Description", json!(self.about));
        put("LastModified", json!(version.modified));
        match &version.code {
            Code::Zip(stated) | Code::Swapped(_, stated) | Code::Referenced(stated) => {
                put("PackageType", json!("Zip"));
                put("Runtime", json!(version.runtime));
                put("Handler", json!("app.handler"));
                put("Architectures", json!(["x86_64"]));
                put("CodeSha256", json!(stated.code_sha256()));
                put("CodeSize", json!(stated.bytes.len()));
                // Lambda looks for a signature in code only where a configuration asks it to.
                if self.code_signing.is_some() {
                    stated.add_statement(&mut configuration);
                }
            }
            Code::Image { resolved, architecture, .. } => {
                put("PackageType", json!("Image"));
                put("Architectures", json!([architecture]));
                // For images CodeSha256 is the digest in hexadecimal.
                put("CodeSha256", json!(resolved.rsplit(':').next()));
                put("CodeSize", json!(0));
            }
        }
        let uses: Vec<Value> = version.layers.iter().map(|arn| layer_use(arn, layers)).collect();
        if !uses.is_empty() {
            configuration.insert("Layers".into(), json!(uses));
        }
        if with_state {
            configuration.insert("State".into(), json!("Active"));
            configuration.insert("LastUpdateStatus".into(), json!("Successful"));
        }
        Value::Object(configuration)
    }
}

fn layer_use(arn: &str, layers: &Layers) -> Value {
    let mut entry = Map::from_iter([("Arn".to_owned(), json!(arn))]);
    match &layers[arn] {
        Some(zip) => {
            entry.insert("CodeSize".into(), json!(zip.bytes.len()));
            zip.add_statement(&mut entry);
        }
        // Lambda keeps a copy of what is deleted or no longer shared, and still knows its size.
        None => {
            entry.insert("CodeSize".into(), json!(48_213));
        }
    }
    Value::Object(entry)
}
