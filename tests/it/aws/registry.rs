//! The registry in front of a fleet's images: as ECR logs in, answers and redirects, read with plain requests.

use layerproof::model::digest::Digest;
use reqwest::Client;
use serde_json::Value;

use super::sdk::config;
use crate::loopback::{Builder, Fault, LoopbackAws, SECRET_IN_LINK, Synthetic, Wrong};

const REGION: &str = "eu-west-1";
const MANIFESTS: [&str; 1] = ["application/vnd.oci.image.manifest.v1+json"];

fn fleet() -> Builder {
    LoopbackAws::of(Synthetic { accounts: 2, functions: 1, images: 2, ..Synthetic::default() }.fleet())
}

/// User and password that ECR hands out to `account`.
async fn login(aws: &LoopbackAws, account: &str) -> (String, String) {
    let ecr = aws_sdk_ecr::Client::new(&config(aws, account, REGION).await);
    let token = ecr.get_authorization_token().send().await.unwrap();
    let token = token.authorization_data()[0].authorization_token().unwrap().to_owned();
    let decoded = String::from_utf8(data_encoding::BASE64.decode(token.as_bytes()).unwrap()).unwrap();
    let (user, password) = decoded.split_once(':').unwrap();
    (user.into(), password.into())
}

/// What the registry answers with status 200, redirects followed.
async fn got(aws: &LoopbackAws, (user, password): &(String, String), path: &str) -> Vec<u8> {
    let url = format!("{}/v2/apps/{path}", aws.endpoint());
    let answer = Client::new().get(url).basic_auth(user, Some(password)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.unwrap().into()
}

#[tokio::test]
async fn the_image_of_a_function_is_pulled_by_tag_and_by_digest_and_its_blobs_are_whole() {
    for aws in [fleet().start(), fleet().blobs_redirect().start()] {
        let account = Synthetic::account(1);
        let auth = login(&aws, &account).await;
        let bytes = got(&aws, &auth, "image-001/manifests/1.0.0").await;
        let digest = Digest::of(&bytes).to_string();
        assert_eq!(got(&aws, &auth, &format!("image-001/manifests/{digest}")).await, bytes);
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        for layer in manifest["layers"].as_array().unwrap() {
            let digest = layer["digest"].as_str().unwrap();
            let bytes = got(&aws, &auth, &format!("image-001/blobs/{digest}")).await;
            assert_eq!((Digest::of(&bytes).to_string().as_str(), bytes.len() as u64), (digest, layer["size"].as_u64().unwrap()));
        }
        assert_eq!(aws.log().count_in(&account, "registry:blob"), 2);

        let lambda = aws_sdk_lambda::Client::new(&config(&aws, &account, REGION).await);
        let function = lambda.get_function().function_name("image-001").send().await.unwrap();
        assert!(function.code().unwrap().resolved_image_uri().unwrap().ends_with(&format!("/apps/image-001@{digest}")));
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_the_password_that_ecr_handed_out() {
    let aws = fleet().start();
    let http = Client::new();
    let manifest = format!("{}/v2/apps/image-000/manifests/1.0.0", aws.endpoint());
    for request in
        [http.get(&manifest), http.get(&manifest).basic_auth("AWS", Some("guessed.200000000001.eu-west-1")), http.head(&manifest)]
    {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic realm="));
    }
    let (user, password) = login(&aws, &Synthetic::account(0)).await;
    let head = http.head(&manifest).basic_auth(&user, Some(&password)).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-type"].to_str().unwrap()), (200, MANIFESTS[0]));
    assert!(head.headers()["docker-content-digest"].to_str().unwrap().starts_with("sha256:"));
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_words_of_the_distribution_api() {
    let aws = fleet().start();
    let (user, password) = login(&aws, &Synthetic::account(0)).await;
    let http = Client::new();
    let zeroes = format!("sha256:{}", "0".repeat(64));
    for (path, code) in [
        ("apps/image-000/manifests/2.0.0".to_owned(), "MANIFEST_UNKNOWN"),
        (format!("apps/image-000/manifests/{zeroes}"), "MANIFEST_UNKNOWN"),
        (format!("apps/image-000/blobs/{zeroes}"), "BLOB_UNKNOWN"),
        ("apps/nobody/manifests/1.0.0".to_owned(), "NAME_UNKNOWN"),
    ] {
        let answer = http.get(format!("{}/v2/{path}", aws.endpoint())).basic_auth(&user, Some(&password)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["code"], code, "{path}");
    }
}

#[tokio::test]
async fn referrers_are_an_empty_index_or_no_such_route() {
    let subject = format!("sha256:{}", "1".repeat(64));
    for (aws, status) in [(fleet().start(), 200), (fleet().without_referrers_api().start(), 404)] {
        let (user, password) = login(&aws, &Synthetic::account(0)).await;
        let url = format!("{}/v2/apps/image-000/referrers/{subject}", aws.endpoint());
        let answer = Client::new().get(url).basic_auth(user, Some(password)).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let body = answer.bytes().await.unwrap();
        let index = serde_json::from_slice::<Value>(&body).ok();
        assert_eq!(index.map(|index| index["manifests"].clone()), (status == 200).then(|| serde_json::json!([])));
    }
}

#[tokio::test]
async fn a_manifest_that_names_a_subject_is_its_referrer() {
    let mut files = Synthetic { functions: 0, images: 1, ..Synthetic::default() }.files();
    let subject = format!("sha256:{}", "1".repeat(64));
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MANIFESTS[0], "artifactType": "application/vnd.cncf.notary.signature",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json"}, "layers": [], "subject": {"digest": subject},
    });
    let manifest = manifest.to_string().into_bytes();
    let digest = Digest::of(&manifest);
    files.insert(format!("images/blobs/sha256/{}", digest.hex()), manifest);
    let aws = LoopbackAws::of(crate::loopback::Fleet::from_files(files)).start();
    let auth = login(&aws, &Synthetic::account(0)).await;
    let index: Value = serde_json::from_slice(&got(&aws, &auth, &format!("image-000/referrers/{subject}")).await).unwrap();
    let listed: Vec<&str> = index["manifests"].as_array().unwrap().iter().filter_map(|m| m["digest"].as_str()).collect();
    assert_eq!(listed, [digest.to_string()]);
}

#[tokio::test]
async fn a_redirect_leads_to_a_host_that_takes_no_password() {
    let aws = fleet().blobs_redirect().start();
    let (user, password) = login(&aws, &Synthetic::account(0)).await;
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let get = |url: String| http.get(url).basic_auth(&user, Some(&password)).send();
    let manifest = get(format!("{}/v2/apps/image-000/manifests/1.0.0", aws.endpoint())).await.unwrap().bytes().await.unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let answer = get(format!("{}/v2/apps/image-000/blobs/{layer}", aws.endpoint())).await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(answer.status() == 307 && to.starts_with("http://localhost:") && to.contains(SECRET_IN_LINK), "{to}");
    assert_eq!(get(to.clone()).await.unwrap().status(), 400, "the password went along");
    assert_eq!(http.get(to).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn registry_faults_speak_as_registries_do() {
    let aws = fleet()
        .fault(Fault::on("registry:manifest").nth(1).throttles(Some(1)))
        .fault(Fault::on("registry:manifest").nth(2).denies())
        .fault(Fault::on("registry:manifest").nth(3).goes(Wrong::ExpiredToken))
        .start();
    let (user, password) = login(&aws, &Synthetic::account(0)).await;
    let url = format!("{}/v2/apps/image-000/manifests/1.0.0", aws.endpoint());
    for (status, code) in [(429, "TOOMANYREQUESTS"), (403, "DENIED"), (403, "DENIED")] {
        let answer = Client::new().get(&url).basic_auth(&user, Some(&password)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (status, status == 429));
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["code"], code);
    }
    assert_eq!(Client::new().get(&url).basic_auth(&user, Some(&password)).send().await.unwrap().status(), 200);
}
