//! How functions are recorded; which there are stands in `deployed`.

use serde_json::{Map, Value, json};

use super::deployed;
use super::images::Images;
use super::layers::Layers;
use super::recorder::{Place, Recorder};
use super::signed::{Signing, Zip};
use super::{DATA, PROD};

pub const EU: Place = (PROD, "eu-west-1");
pub const US: Place = (PROD, "us-east-1");
pub const DATA_EU: Place = (DATA, "eu-west-1");

/// A function.
pub struct Function {
    pub place: Place,
    pub name: &'static str,
    pub about: &'static str,
    pub code_signing: Option<&'static str>,
    /// `$LATEST` first.
    pub versions: Vec<Version>,
    pub aliases: Vec<Value>,
}

/// One version of it.
pub struct Version {
    pub version: &'static str,
    pub modified: &'static str,
    pub runtime: &'static str,
    pub code: Code,
    pub layers: Vec<String>,
}

/// Its code.
pub enum Code {
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
    let functions = deployed::all(images);
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

/// The ARN of a function.
pub fn function_arn((account, region): Place, name: &str) -> String {
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
