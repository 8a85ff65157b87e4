//! The functions of the fleet, and what is wrong with each.

use serde_json::{Value, json};

use super::VENDOR;
use super::functions::{Code, DATA_EU, EU, Function, US, Version, function_arn};
use super::images::{Images, REGISTRY};
use super::layers::arn;
use super::recorder::Place;
use super::signed::{Signing, signed, tampered, unsigned};
use crate::forge::zip::Entry;

/// Every function.
pub fn all(images: &Images) -> Vec<Function> {
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
        image_function("dispatch-simulator", "Drives yesterday's tours again", "dispatch-optimizer", ":latest".into(), "x86_64"),
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
