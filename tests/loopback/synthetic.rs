//! Fleets of any size, in memory, the same on every run.

use std::collections::BTreeMap;

use layerproof::model::digest::Digest;
use serde_json::{Value, json};

use super::ask::partition;
use super::fleet::Fleet;
use crate::forge::oci::{Layout, Member};
use crate::forge::zip::{Entry, write};

/// A fleet whose functions share the layers of its first account.
#[derive(Clone, Debug)]
pub struct Synthetic {
    pub region: String,
    /// How many; see [`Synthetic::account`].
    pub accounts: usize,
    /// Zip functions of each account: `function-0000`, ….
    pub functions: usize,
    /// Published versions of each function, beside `$LATEST`, which is the last of them. Each has code of its own.
    pub versions: usize,
    /// Layers, all of the first account, one version each: `shared-000`, ….
    pub layers: usize,
    /// Bytes of ballast in each layer, which no compressor makes smaller.
    pub layer_bytes: usize,
    /// Layers that each function uses, in a row that starts at its own number.
    pub layers_each: usize,
    /// Image functions of each account, each with a repository: `image-000`, `apps/image-000`. `$LATEST` only.
    pub images: usize,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self { region: "eu-west-1".into(), accounts: 1, functions: 10, versions: 1, layers: 3, layer_bytes: 0, layers_each: 2, images: 0 }
    }
}

type Calls = BTreeMap<(String, &'static str), Vec<Value>>;

impl Synthetic {
    /// The `n`th account, from 0: `200000000001`, ….
    pub fn account(n: usize) -> String {
        format!("{}", 200_000_000_001 + n)
    }

    /// `arn:aws:iam::ACCOUNT:role/layerproof` of the `n`th account.
    pub fn role(n: usize) -> String {
        format!("arn:aws:iam::{}:role/layerproof", Self::account(n))
    }

    /// The fleet.
    pub fn fleet(&self) -> Fleet {
        Fleet::from_files(self.files())
    }

    /// The fleet as a snapshot's files by their paths: what a scan of the live fleet must say, a scan of these must say.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut calls = Calls::new();
        let layers: Vec<Value> = (0..self.layers).map(|n| self.layer(&mut files, n)).collect();
        let images = self.image_layout(&mut files);
        for account in (0..self.accounts).map(Self::account) {
            self.functions_of(&account, &layers, &mut files, &mut calls);
            self.images_of(&account, &images, &mut calls);
            self.layers_of(&account, &layers, &mut calls);
        }
        for ((account, api), calls) in calls {
            files.insert(format!("accounts/{account}/{}/{api}.json", self.region), json!(calls).to_string().into_bytes());
        }
        let places: Vec<Value> = (0..self.accounts)
            .map(|n| json!({"partition": partition(&self.region), "account": Self::account(n), "region": self.region}))
            .collect();
        let manifest = json!({
            "layerproof_snapshot": 1, "recorded_at": "2026-11-02T05:40:00Z", "recorded_by": "synthetic, no account was asked", "places": places,
        });
        files.insert("snapshot.json".into(), manifest.to_string().into_bytes());
        files
    }

    /// The answer of GetLayerVersionByArn.
    fn layer(&self, files: &mut BTreeMap<String, Vec<u8>>, n: usize) -> Value {
        let name = format!("shared-{n:03}");
        let mut entries = vec![Entry::directory("python/"), Entry::file(&format!("python/shared_{n:03}.py"), format!("NUMBER = {n}\n"))];
        if self.layer_bytes > 0 {
            entries.push(Entry::file("python/ballast.bin", ballast(n, self.layer_bytes)));
        }
        let zip = write(&entries);
        let arn = format!("arn:{}:lambda:{}:{}:layer:{name}", partition(&self.region), self.region, Self::account(0));
        json!({
            "Content": {"Location": keep(files, &zip), "CodeSha256": code_sha256(&zip), "CodeSize": zip.len()},
            "LayerArn": arn, "LayerVersionArn": format!("{arn}:1"), "Version": 1, "CreatedDate": "2026-08-25T07:33:12.000+0000",
            "CompatibleRuntimes": ["python3.13"], "CompatibleArchitectures": ["x86_64", "arm64"],
        })
    }

    fn functions_of(&self, account: &str, layers: &[Value], files: &mut BTreeMap<String, Vec<u8>>, calls: &mut Calls) {
        let mut listed = Vec::new();
        for n in 0..self.functions {
            let name = format!("function-{n:04}");
            let used: Vec<Value> = (0..self.layers_each.min(layers.len()))
                .map(|k| &layers[(n + k) % layers.len()])
                .map(|layer| json!({"Arn": layer["LayerVersionArn"], "CodeSize": layer["Content"]["CodeSize"]}))
                .collect();
            for version in 0..=self.versions {
                let code = if version == 0 { self.versions } else { version };
                let qualifier = if version == 0 { "$LATEST".to_owned() } else { version.to_string() };
                let zip =
                    write(&[Entry::file("app.py", format!("# {account} {name} {code}\ndef handler(event, context):\n    return {n}\n"))]);
                let mut configuration = json!({
                    "FunctionName": name,
                    "FunctionArn": format!("arn:{}:lambda:{}:{account}:function:{name}:{qualifier}", partition(&self.region), self.region),
                    "Version": qualifier, "LastModified": "2026-09-16T07:02:13.000+0000", "PackageType": "Zip",
                    "Runtime": "python3.13", "Handler": "app.handler", "Architectures": ["x86_64"],
                    "CodeSha256": code_sha256(&zip), "CodeSize": zip.len(), "Layers": used,
                });
                listed.push(configuration.clone());
                configuration["State"] = json!("Active");
                configuration["LastUpdateStatus"] = json!("Successful");
                let answer = json!({
                    "Configuration": configuration, "Code": {"RepositoryType": "S3", "Location": keep(files, &zip)},
                    "Tags": {"team": format!("team-{}", n % 7)},
                });
                record(calls, account, "lambda.GetFunction", json!({"FunctionName": name, "Qualifier": qualifier}), answer);
            }
            let aliases: Vec<Value> = (self.versions > 0)
                .then(|| {
                    json!({
                        "AliasArn": format!("arn:{}:lambda:{}:{account}:function:{name}:live", partition(&self.region), self.region),
                        "Name": "live", "FunctionVersion": self.versions.to_string(),
                    })
                })
                .into_iter()
                .collect();
            record(calls, account, "lambda.ListAliases", json!({"FunctionName": name}), json!({"Aliases": aliases}));
            record(calls, account, "lambda.GetFunctionCodeSigningConfig", json!({"FunctionName": name}), json!({}));
        }
        record(calls, account, "lambda.ListFunctions", json!({"FunctionVersion": "ALL"}), json!({"Functions": listed}));
    }

    fn layers_of(&self, account: &str, layers: &[Value], calls: &mut Calls) {
        let others: Vec<String> = (1..self.accounts).map(|n| format!("arn:aws:iam::{}:root", Self::account(n))).collect();
        let owner = account == Self::account(0);
        let mut listed = Vec::new();
        for layer in layers {
            let arn = layer["LayerVersionArn"].as_str().unwrap_or_default();
            let name = arn.split(':').nth(6).unwrap_or_default();
            record(calls, account, "lambda.GetLayerVersionByArn", json!({"Arn": arn}), layer.clone());
            if !owner {
                continue;
            }
            let version = json!({
                "LayerVersionArn": arn, "Version": 1, "CreatedDate": layer["CreatedDate"], "CompatibleRuntimes": layer["CompatibleRuntimes"],
            });
            listed.push(json!({"LayerName": name, "LayerArn": layer["LayerArn"], "LatestMatchingVersion": version}));
            record(calls, account, "lambda.ListLayerVersions", json!({"LayerName": name}), json!({"LayerVersions": [version]}));
            let request = json!({"LayerName": name, "VersionNumber": 1});
            let of_policies = calls.entry((account.into(), "lambda.GetLayerVersionPolicy")).or_default();
            of_policies.push(if others.is_empty() {
                let error = json!({"code": "ResourceNotFoundException", "message": "No policy is associated with the given resource."});
                json!({"request": request, "error": error})
            } else {
                let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": [{
                    "Sid": "others", "Effect": "Allow", "Principal": {"AWS": others}, "Action": "lambda:GetLayerVersion", "Resource": arn,
                }]});
                json!({"request": request, "response": {"Policy": policy.to_string(), "RevisionId": "1"}})
            });
        }
        record(calls, account, "lambda.ListLayers", json!({}), json!({"Layers": listed}));
    }

    /// Digests of the images, which all accounts have alike.
    fn image_layout(&self, files: &mut BTreeMap<String, Vec<u8>>) -> Vec<Digest> {
        let mut layout = Layout::default();
        let base = vec![Member::folder("etc"), Member::file("etc/os-release", "ID=loopback\n")];
        let images = (0..self.images)
            .map(|n| {
                let app =
                    vec![Member::folder("var"), Member::folder("var/task"), Member::file("var/task/app.py", format!("NUMBER = {n}\n"))];
                layout.image("amd64", json!({"Cmd": ["app.handler"]}), &[base.clone(), app], None)
            })
            .collect();
        files.extend(layout.finish().into_iter().map(|(path, bytes)| (format!("images/{path}"), bytes)));
        images
    }

    fn images_of(&self, account: &str, images: &[Digest], calls: &mut Calls) {
        let mut repositories = Vec::new();
        let mut listed = Vec::new();
        for (n, digest) in images.iter().enumerate() {
            let (name, repository) = (format!("image-{n:03}"), format!("apps/image-{n:03}"));
            let uri = format!("{account}.dkr.ecr.{}.amazonaws.com/{repository}", self.region);
            repositories.push(json!({
                "repositoryArn": format!("arn:{}:ecr:{}:{account}:repository/{repository}", partition(&self.region), self.region), "registryId": account,
                "repositoryName": repository, "repositoryUri": uri, "imageTagMutability": "IMMUTABLE",
            }));
            let image = json!({
                "registryId": account, "repositoryName": repository, "imageDigest": digest.to_string(), "imageTags": ["1.0.0"],
                "imagePushedAt": "2026-10-12T14:20:00Z",
            });
            record(calls, account, "ecr.DescribeImages", json!({"repositoryName": repository}), json!({"imageDetails": [image]}));
            let configuration = json!({
                "FunctionName": name, "FunctionArn": format!("arn:{}:lambda:{}:{account}:function:{name}:$LATEST", partition(&self.region), self.region),
                "Version": "$LATEST", "LastModified": "2026-09-16T07:02:13.000+0000", "PackageType": "Image", "Architectures": ["x86_64"],
                "CodeSha256": digest.hex(), "CodeSize": 0,
            });
            listed.push(configuration.clone());
            let code = json!({
                "RepositoryType": "ECR", "ImageUri": format!("{uri}:1.0.0"), "ResolvedImageUri": format!("{uri}@{digest}"),
            });
            let request = json!({"FunctionName": name, "Qualifier": "$LATEST"});
            record(calls, account, "lambda.GetFunction", request, json!({"Configuration": configuration, "Code": code}));
            record(calls, account, "lambda.ListAliases", json!({"FunctionName": name}), json!({"Aliases": []}));
            record(calls, account, "lambda.GetFunctionCodeSigningConfig", json!({"FunctionName": name}), json!({}));
        }
        record(calls, account, "ecr.DescribeRepositories", json!({}), json!({"repositories": repositories}));
        if let Some(Value::Array(functions)) = calls
            .get_mut(&(account.to_owned(), "lambda.ListFunctions"))
            .and_then(|calls| calls.first_mut())
            .map(|call| &mut call["response"]["Functions"])
        {
            functions.extend(listed);
        }
    }
}

fn record(calls: &mut Calls, account: &str, api: &'static str, request: Value, response: Value) {
    calls.entry((account.into(), api)).or_default().push(json!({"request": request, "response": response}));
}

/// Bytes that look random (xorshift64, Marsaglia 2003).
fn ballast(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ seed as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut out: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(|_| next()).collect();
    out.truncate(bytes);
    out
}

/// Keeps a zip and gives its path.
fn keep(files: &mut BTreeMap<String, Vec<u8>>, zip: &[u8]) -> String {
    let path = format!("blobs/sha256/{}", Digest::of(zip).hex());
    files.entry(path.clone()).or_insert_with(|| zip.to_vec());
    path
}

/// As Lambda writes it: base64 of the SHA-256.
fn code_sha256(zip: &[u8]) -> String {
    Digest::of(zip).code_sha256()
}
