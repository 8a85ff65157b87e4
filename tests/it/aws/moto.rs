//! The second opinion: moto, an emulator of AWS that others wrote, asked by the real SDK for what it can do. It knows no pages, no
//! presigned links that can be followed and no GetLayerVersionByArn: for those there is the loopback AWS.
//!
//! `scripts/test` installs it and says where it is in `LAYERPROOF_MOTO`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_ecr::types::ImageTagMutability;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, FunctionVersion, LayerVersionContentInput, Runtime};
use futures_util::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

use super::sdk::{assume, config_with};
use crate::forge::zip::{Entry, write};
use crate::run::skip;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

const REGION: &str = "eu-west-1";

/// A running moto; it stops with the value.
pub struct Moto {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    child: Child,
    _home: TempDir,
}

/// Starts moto on a free port of the loopback interface. `None`, visibly, where it is not installed.
pub fn start() -> Option<Moto> {
    let Some(program) = std::env::var_os("LAYERPROOF_MOTO").map(PathBuf::from) else {
        skip("moto is not here: scripts/test installs it, where there is python3");
        return None;
    };
    let home = TempDir::with_prefix("layerproof-moto-").expect("a temporary folder");
    let log = home.path().join("log");
    let (out, err) = (File::create(&log).expect("a log"), File::options().append(true).open(&log).expect("a log"));
    let mut child = Command::new(&program)
        .args(["-H", "127.0.0.1", "-p", "0"])
        .env_clear()
        .env("HOME", home.path())
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()));
    let start = Instant::now();
    loop {
        // It names its port once it listens.
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let endpoint = said.lines().find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()));
        if let Some(endpoint) = endpoint.filter(|_| said.ends_with('\n')) {
            return Some(Moto { endpoint, child, _home: home });
        }
        let ended = child.try_wait().expect("a child");
        if ended.is_some() || start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("moto did not start, {ended:?}:\n{said}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    /// The environment in which a program asks it, as its own account 123456789012. Writes an empty configuration below `home`.
    pub fn env(&self, home: &Path, region: &str) -> Vec<(&'static str, String)> {
        let folder = home.join(".aws");
        std::fs::create_dir_all(&folder).expect("a folder in the test's home");
        let empty = |name: &str| {
            let path = folder.join(name);
            std::fs::write(&path, "").expect("a file in the test's home");
            path.display().to_string()
        };
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", region.into()),
            ("AWS_CONFIG_FILE", empty("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", empty("credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("AWS_ACCESS_KEY_ID", "AKIALOOPBACKMOTOBASE".into()),
            ("AWS_SECRET_ACCESS_KEY", "secret".into()),
        ]
    }

    /// The SDK as moto's own account, 123456789012, without retries.
    pub async fn config(&self) -> SdkConfig {
        config_with(&self.endpoint, Credentials::new("AKIALOOPBACKMOTOBASE", "secret", None, None, "test"), REGION).await
    }

    /// The SDK as a role of another account, which moto makes up as it is asked for.
    pub async fn role(&self, account: &str) -> SdkConfig {
        let role = format!("arn:aws:iam::{account}:role/layerproof");
        assume(&self.config().await, &self.endpoint, &role, None).await.expect("a role of any account")
    }

    /// Creates `count` functions `function-0000`, … in the account of `config`, with one layer, which it creates as well.
    pub async fn create_functions(&self, config: &SdkConfig, count: usize) -> Result<(), aws_sdk_lambda::Error> {
        let (lambda, role) = (aws_sdk_lambda::Client::new(config), self.create_execution_role(config).await);
        let content = LayerVersionContentInput::builder().zip_file(Blob::new(write(&[Entry::file("python/shared.py", "")]))).build();
        let layer = lambda.publish_layer_version().layer_name("shared").content(content).send().await?;
        let layer = layer.layer_version_arn().expect("an ARN").to_owned();
        let zip = Blob::new(write(&[Entry::file("app.py", "def handler(event, context):\n    return 1\n")]));
        let create = |n: usize| {
            let code = FunctionCode::builder().zip_file(zip.clone()).build();
            let function = lambda.create_function().function_name(format!("function-{n:04}")).runtime(Runtime::Python313);
            function.role(&role).handler("app.handler").code(code).layers(&layer).send()
        };
        stream::iter(0..count).map(create).buffer_unordered(4).try_for_each(async |_| Ok(())).await?;
        Ok(())
    }

    /// moto wants a function's role to exist. There is no IAM client here, so the request is written by hand; moto checks no signature.
    async fn create_execution_role(&self, config: &SdkConfig) -> String {
        let credentials = {
            use aws_credential_types::provider::ProvideCredentials;
            config.credentials_provider().expect("credentials").provide_credentials().await.expect("credentials")
        };
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261122/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
            credentials.access_key_id()
        );
        let answer = reqwest::Client::new()
            .post(&self.endpoint)
            .header("authorization", signed)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Action=CreateRole&Version=2010-05-08&RoleName=execution&AssumeRolePolicyDocument=%7B%7D")
            .send()
            .await
            .expect("an answer");
        let (status, body) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{status}: {body}");
        let arn = body.split_once("<Arn>").and_then(|(_, rest)| rest.split_once("</Arn>")).expect("an ARN").0;
        arn.to_owned()
    }
}

#[tokio::test]
async fn roles_of_three_accounts_see_their_own_functions_layers_and_repositories_in_moto_too() {
    let Some(moto) = start() else { return };
    let accounts = ["111122223333", "444455556666", "777788889999"];
    for (n, account) in accounts.iter().enumerate() {
        let role = moto.role(account).await;
        let me = aws_sdk_sts::Client::new(&role).get_caller_identity().send().await.unwrap();
        assert_eq!(me.account(), Some(*account));
        moto.create_functions(&role, n + 1).await.unwrap();
        let ecr = aws_sdk_ecr::Client::new(&role);
        let mutability = if n == 0 { ImageTagMutability::Immutable } else { ImageTagMutability::Mutable };
        ecr.create_repository().repository_name(format!("app-{n}")).image_tag_mutability(mutability).send().await.unwrap();
    }
    for (n, account) in accounts.iter().enumerate() {
        let role = moto.role(account).await;
        let lambda = aws_sdk_lambda::Client::new(&role);
        let functions = lambda.list_functions().function_version(FunctionVersion::All).send().await.unwrap();
        let latest = functions.functions().iter().filter(|f| f.version() == Some("$LATEST"));
        assert!(latest.clone().all(|f| f.function_arn().unwrap().contains(account) && f.layers().len() == 1), "{functions:?}");
        assert_eq!(latest.count(), n + 1);
        let layers = lambda.list_layers().send().await.unwrap();
        let arns: Vec<&str> = layers.layers().iter().filter_map(|layer| layer.layer_arn()).collect();
        assert_eq!(arns, [format!("arn:aws:lambda:{REGION}:{account}:layer:shared")]);
        let repositories = aws_sdk_ecr::Client::new(&role).describe_repositories().send().await.unwrap();
        let [repository] = repositories.repositories() else { panic!("{repositories:?}") };
        let mutability = if n == 0 { ImageTagMutability::Immutable } else { ImageTagMutability::Mutable };
        assert_eq!(
            (repository.repository_name(), repository.image_tag_mutability()),
            (Some(format!("app-{n}").as_str()), Some(&mutability))
        );
    }
}

#[tokio::test]
async fn two_thousand_functions_of_moto_are_listed_completely() {
    let Some(moto) = start() else { return };
    let role = moto.role("111122223333").await;
    moto.create_functions(&role, FUNCTIONS).await.unwrap();
    let lambda = aws_sdk_lambda::Client::new(&role);
    let pages = lambda.list_functions().function_version(FunctionVersion::All).into_paginator().items().send();
    let functions = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let names: std::collections::BTreeSet<&str> = functions.iter().filter_map(|f| f.function_name()).collect();
    assert_eq!(names.len(), FUNCTIONS);
}

/// As many as issue and facts speak of; creating them takes most of the test's time.
const FUNCTIONS: usize = 2_000;
