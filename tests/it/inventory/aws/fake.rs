//! A small AWS on this machine: STS, account, Lambda and ECR, with one account's worth of answers that a test can break.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use layerproof::clients::aws::manners;
use serde_json::{Value, json};

use crate::inventory::account::{OTHER_SHA, OWN, VENDOR, ZERO_SHA};

/// A call as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub operation: String,
    pub account: String,
    pub region: String,
    pub parameters: BTreeMap<String, String>,
    /// How many calls of the operation, in this account, came before.
    pub earlier: usize,
}

impl Asked {
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What is answered.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(value: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: value.to_string() }
    }

    /// An error as Lambda and ECR both word it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            headers: vec![("x-amzn-errortype", code.into())],
            body: json!({"__type": code, "message": message, "Message": message}).to_string(),
        }
    }

    pub fn denied(operation: &str) -> Self {
        Self::error(403, "AccessDeniedException", &format!("User: x is not authorized to perform: {operation}"))
    }

    pub fn throttled(retry_after: &str) -> Self {
        let mut reply = Self::error(429, "TooManyRequestsException", "Rate exceeded");
        reply.headers.push(("retry-after", retry_after.into()));
        reply
    }

    /// An error as STS words it.
    pub fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let body =
            format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>");
        Self { status, headers: vec![("content-type", "text/xml".into())], body }
    }
}

type Rule = Box<dyn Fn(&Asked) -> Option<Reply> + Send>;

/// The server. It stops with the test's runtime.
pub struct Fake {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    asked: Mutex<Vec<Asked>>,
    rule: Mutex<Rule>,
}

impl Fake {
    /// A healthy account.
    pub async fn start() -> Self {
        Self::with(|_| None).await
    }

    /// An account in which `rule` comes first.
    pub async fn with(rule: impl Fn(&Asked) -> Option<Reply> + Send + 'static) -> Self {
        let shared = Arc::new(Shared { asked: Mutex::default(), rule: Mutex::new(Box::new(rule)) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, shared }
    }

    /// What a profile would say that leads here.
    pub async fn config(&self) -> SdkConfig {
        plain().endpoint_url(&self.url).load().await
    }

    /// The calls so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often an operation was asked.
    pub fn count(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation == operation).count()
    }
}

/// What a profile would say that names no endpoint. Nothing of the process's environment is read.
pub fn plain() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .empty_test_environment()
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(format!("AKIA{OWN}"), "secret", None, None, "test")))
        .retry_config(manners::retry())
        .timeout_config(manners::timeouts())
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut parameters: BTreeMap<String, String> = form(parts.uri.query().unwrap_or_default());
    let path: Vec<String> = parts.uri.path().trim_matches('/').split('/').map(decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let operation = match header("x-amz-target").rsplit_once('.') {
        Some((_, operation)) => {
            let sent: Value = serde_json::from_slice(&body).unwrap();
            for (name, value) in sent.as_object().unwrap() {
                parameters.insert(name.clone(), value.as_str().map(Into::into).unwrap_or_else(|| value.to_string()));
            }
            operation.to_owned()
        }
        None => match path[..] {
            [""] => {
                parameters = form(std::str::from_utf8(&body).unwrap());
                parameters.get("Action").cloned().unwrap_or_default()
            }
            ["listRegions"] => "ListRegions".into(),
            ["2015-03-31", "functions"] => "ListFunctions".into(),
            ["2015-03-31", "functions", name] => named(&mut parameters, "FunctionName", name, "GetFunction"),
            ["2015-03-31", "functions", name, "versions"] => named(&mut parameters, "FunctionName", name, "ListVersionsByFunction"),
            ["2015-03-31", "functions", name, "aliases"] => named(&mut parameters, "FunctionName", name, "ListAliases"),
            ["2020-06-30", "functions", name, "code-signing-config"] => {
                named(&mut parameters, "FunctionName", name, "GetFunctionCodeSigningConfig")
            }
            ["2020-04-22", "code-signing-configs", arn] => named(&mut parameters, "CodeSigningConfigArn", arn, "GetCodeSigningConfig"),
            ["2018-10-31", "layers"] if parameters.contains_key("find") => "GetLayerVersionByArn".into(),
            ["2018-10-31", "layers"] => "ListLayers".into(),
            ["2018-10-31", "layers", name, "versions"] => named(&mut parameters, "LayerName", name, "ListLayerVersions"),
            ["2018-10-31", "layers", name, "versions", number, "policy"] => {
                parameters.insert("VersionNumber".into(), number.into());
                named(&mut parameters, "LayerName", name, "GetLayerVersionPolicy")
            }
            _ => panic!("the fake does not know {} {}", parts.method, parts.uri),
        },
    };
    // Credential=KEY/DATE/REGION/…: the key tells the account.
    let credential = header("authorization").split("Credential=").nth(1).unwrap_or_default().to_owned();
    let scope: Vec<&str> = credential.split('/').collect();
    let account = scope[0].get(4..).unwrap_or_default().to_owned();
    let region = scope.get(2).copied().unwrap_or_default().to_owned();
    let asked = {
        let mut all = shared.asked.lock().unwrap();
        let earlier = all.iter().filter(|asked| asked.operation == operation && asked.account == account).count();
        let asked = Asked { operation, account, region, parameters, earlier };
        all.push(asked.clone());
        asked
    };
    let reply = shared.rule.lock().unwrap()(&asked).unwrap_or_else(|| healthy(&asked));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(reply.body.into()).unwrap()
}

fn named(parameters: &mut BTreeMap<String, String>, member: &str, value: &str, operation: &str) -> String {
    parameters.insert(member.into(), value.into());
    operation.into()
}

fn form(text: &str) -> BTreeMap<String, String> {
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The registry of an account in a region.
fn registry(asked: &Asked) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", asked.account, asked.region)
}

/// Account with `pay` ($LATEST and 1; a zip with an own and a vendor's layer, an alias, code signing) and `ship` ($LATEST; an image).
fn healthy(asked: &Asked) -> Reply {
    let account = &asked.account;
    let config = format!("arn:aws:lambda:{}:{account}:code-signing-config:csc-0123456789abcdef0", asked.region);
    let reply = match asked.operation.as_str() {
        "GetCallerIdentity" => {
            let body = format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/x</Arn><UserId>AIDA</UserId>\
                 <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            return Reply { status: 200, headers: vec![("content-type", "text/xml".into())], body };
        }
        "AssumeRole" => {
            let of = asked.parameter("RoleArn").split(':').nth(4).unwrap_or_default();
            let body = format!(
                "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:layerproof</AssumedRoleId>\
                 <Arn>arn:aws:sts::{of}:assumed-role/audit/layerproof</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA{of}</AccessKeyId>\
                 <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
                 </Credentials></AssumeRoleResult></AssumeRoleResponse>"
            );
            return Reply { status: 200, headers: vec![("content-type", "text/xml".into())], body };
        }
        "ListRegions" => json!({"Regions": [
            {"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}, {"RegionName": "us-east-1", "RegionOptStatus": "ENABLED"},
        ]}),
        "ListFunctions" => json!({"Functions": [zip(asked, "$LATEST"), zip(asked, "1"), image(asked)]}),
        "ListVersionsByFunction" => match asked.parameter("FunctionName") {
            "pay" => json!({"Versions": [zip(asked, "$LATEST"), zip(asked, "1")]}),
            "ship" => json!({"Versions": [image(asked)]}),
            _ => return Reply::error(404, "ResourceNotFoundException", "Function not found"),
        },
        "GetFunction" if asked.parameter("FunctionName") == "ship" => json!({
            "Configuration": image(asked),
            "Code": {"RepositoryType": "ECR", "ImageUri": format!("{}/ship:v1", registry(asked)),
                "ResolvedImageUri": format!("{}/ship@sha256:{}", registry(asked), "a".repeat(64))},
            "Tags": {"team": "logistics"},
        }),
        "GetFunction" => json!({
            "Configuration": zip(asked, asked.parameter("Qualifier")),
            "Code": {"RepositoryType": "S3", "Location": "https://bucket.s3.amazonaws.com/key?X-Amz-Signature=planted-signature"},
            "Tags": {"team": "payments"},
        }),
        "ListAliases" => json!({"Aliases": [{"AliasArn": "x", "Name": "live", "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}}]}),
        "GetFunctionCodeSigningConfig" => json!({"CodeSigningConfigArn": config, "FunctionName": asked.parameter("FunctionName")}),
        "GetCodeSigningConfig" => json!({"CodeSigningConfig": {
            "CodeSigningConfigId": "csc-0", "CodeSigningConfigArn": config, "LastModified": "2026-01-01T00:00:00.000+0000",
            "AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/1"]},
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"},
        }}),
        "ListLayers" => {
            json!({"Layers": [{"LayerName": "deps", "LayerArn": format!("arn:aws:lambda:{}:{account}:layer:deps", asked.region)}]})
        }
        "ListLayerVersions" => json!({"LayerVersions": [layer(asked, 3), layer(asked, 4)]}),
        "GetLayerVersionByArn" => json!({
            "LayerVersionArn": asked.parameter("Arn"), "Version": 3, "CreatedDate": "2026-01-01T00:00:00.000+0000",
            "Content": {"CodeSha256": OTHER_SHA, "CodeSize": 20, "Location": "https://b.s3.amazonaws.com/l?X-Amz-Signature=planted-signature"},
        }),
        "GetLayerVersionPolicy" => {
            return Reply::error(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
        }
        "DescribeRepositories" => {
            let repository = |name: &str| {
                json!({
                    "repositoryName": name, "repositoryUri": format!("{}/{name}", registry(asked)),
                    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
                })
            };
            json!({"repositories": [repository("ship"), repository("unused")]})
        }
        "DescribeImages" => json!({"imageDetails": [{"imageDigest": format!("sha256:{}", "a".repeat(64)), "imageTags": ["v1"]}]}),
        other => panic!("the fake has no answer to {other}"),
    };
    Reply::json(reply)
}

fn layer(asked: &Asked, version: u64) -> Value {
    json!({"LayerVersionArn": format!("arn:aws:lambda:{}:{}:layer:deps:{version}", asked.region, asked.account), "Version": version})
}

fn zip(asked: &Asked, version: &str) -> Value {
    let arn = format!("arn:aws:lambda:{}:{}:function:pay:{version}", asked.region, asked.account);
    json!({
        "FunctionName": "pay", "FunctionArn": arn, "Version": version, "PackageType": "Zip", "Runtime": "python3.13",
        "Architectures": ["x86_64"], "CodeSha256": ZERO_SHA, "CodeSize": 10, "State": "Active",
        "Description": "planted-description", "Environment": {"Variables": {"PASSWORD": "planted-password"}},
        "Layers": [
            {"Arn": format!("arn:aws:lambda:{}:{}:layer:deps:3", asked.region, asked.account), "CodeSize": 20},
            {"Arn": format!("arn:aws:lambda:{}:{VENDOR}:layer:agent:7", asked.region), "CodeSize": 20},
        ],
    })
}

fn image(asked: &Asked) -> Value {
    json!({
        "FunctionName": "ship", "FunctionArn": format!("arn:aws:lambda:{}:{}:function:ship:$LATEST", asked.region, asked.account),
        "Version": "$LATEST", "PackageType": "Image", "Architectures": ["x86_64"], "CodeSha256": "aa", "CodeSize": 0, "State": "Active",
    })
}
