//! AWS on loopback: Lambda's REST API, Amazon S3 with path-style buckets, and the host of presigned links. What the host of links and S3
//! answer is each test's own; every request is kept to be counted and looked at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_lambda::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::stream;
use layerproof::clients::aws::Session;
use layerproof::clients::http::Patience;
use layerproof::clients::registry::LoginFiles;
use layerproof::clients::{Clients, Network};
use layerproof::fetch::{Fetched, Fetching, Wanted, fetch};
use layerproof::model::artifact::{BlobLocation, S3Object};
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::Gap;
use layerproof::model::inventory::Place;
use layerproof::model::observed::Observed;
use layerproof::store::{Store, StoredBlob};
use tempfile::TempDir;

/// What must never be seen in anything that a person is shown.
pub const SIGNATURE: &str = "5e1f0decafc0ffee5e1f0decafc0ffee5e1f0decafc0ffee5e1f0decafc0ffee";
/// The session token in a link: base64, so that it is percent-encoded there.
pub const TOKEN: &str = "IQoJb3JpZ2luX2VjEJv//////////wEaCXVzLWVhc3QtMSJHMEUCIQDplanted+secret/token==";

const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `bytes=5-` as 5.
    pub fn range(&self) -> Option<usize> {
        self.header("range").map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap())
    }
}

/// A server on loopback, stopped when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    pub fn start(answer: impl Fn(SocketAddr, &Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        let answer = Arc::new(answer);
        let app = axum::Router::new().fallback(move |request: Request| {
            let (log, answer) = (log.clone(), answer.clone());
            async move {
                let target = request.uri().path_and_query().unwrap().to_string();
                let seen = Seen { target, headers: request.headers().clone() };
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(seen.clone());
                    log.iter().filter(|other| kind(&other.target) == kind(&seen.target)).count()
                };
                answer(address, &seen, number)
            }
        });
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, seen, runtime: Some(runtime) }
    }

    /// The requests whose path begins so.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.target.starts_with(path)).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// The first two segments of a path: `/link`, `/2015-03-31/functions`.
fn kind(target: &str) -> String {
    target.split(['?', '/']).skip(1).take(1).collect()
}

/// What the API says of the zip.
#[derive(Clone)]
pub struct Stated {
    pub bytes: Vec<u8>,
    pub size: Option<u64>,
    /// `Code` of GetFunction, beside `Location`.
    pub code: serde_json::Value,
    /// The version in GetFunction's answer.
    pub version: String,
    /// In place of the link.
    pub location: Option<String>,
    /// Code and status of an error instead of an answer.
    pub error: Option<(u16, &'static str, &'static str)>,
}

impl Stated {
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), size: None, code: serde_json::json!({}), version: "7".into(), location: None, error: None }
    }
}

/// An account in the cloud, a store, and the clients between them.
pub struct Cloud {
    pub server: Server,
    pub store: Store,
    pub clients: Clients,
    _folder: TempDir,
}

/// Patience for tests: they wait for little.
pub fn hasty() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        api: Duration::from_secs(10),
        attempts: 4,
        questions: 3,
        links: 3,
        backoff: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(4),
        retry_after_cap: Duration::from_secs(2),
        pace_window: Duration::from_secs(5),
        pace_bytes: 1,
        slowest: 1,
        total: Duration::from_secs(60),
        silent: 2,
        silent_pause: Duration::from_millis(400),
    }
}

impl Cloud {
    /// Lambda states `stated`; `answer` is the host of links, and Amazon S3.
    pub fn new(stated: Stated, answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        Self::patient(hasty(), stated, answer)
    }

    pub fn patient(patience: Patience, stated: Stated, answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        Self::with(Clients::with(Network::default(), patience, LoginFiles::default()).unwrap(), stated, answer)
    }

    pub fn with(clients: Clients, stated: Stated, answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        let server =
            Server::start(move |address, seen, number| lambda(&stated, address, seen, number).unwrap_or_else(|| answer(seen, number)));
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let online = clients.need("test", "clients").unwrap();
        online.aws().keep(place(), session(&format!("http://{}", server.address)));
        Self { server, store, clients, _folder: folder }
    }

    pub fn fetch(&self, location: &BlobLocation, claimed: &[u8]) -> Observed<Fetched> {
        self.fetch_with(location, claimed, claimed.len() as u64, false)
    }

    pub fn fetch_with(&self, location: &BlobLocation, claimed: &[u8], size: u64, refetch: bool) -> Observed<Fetched> {
        let digest = Some(ClaimedDigest::from(Digest::of(claimed)));
        let wanted = Wanted { subject: "the subject", digest, size: Some(size) };
        fetch(location, &wanted, Fetching { store: &self.store, clients: &self.clients, refetch }).unwrap()
    }
}

/// Lambda's own API.
fn lambda(stated: &Stated, address: SocketAddr, seen: &Seen, number: usize) -> Option<Response> {
    let function = seen.target.starts_with("/2015-03-31/functions/pay?Qualifier=");
    let layer = seen.target.starts_with("/2018-10-31/layers?find=LayerVersion&Arn=");
    if !function && !layer {
        return None;
    }
    if let Some((status, code, message)) = stated.error {
        let body = serde_json::json!({ "Message": message, "Type": "User" }).to_string();
        return Some(Response::builder().status(status).header("x-amzn-errortype", code).body(body.into()).unwrap());
    }
    let location = stated.location.clone().unwrap_or_else(|| link(address, number));
    let digest = Digest::of(&stated.bytes).code_sha256();
    let size = stated.size.unwrap_or(stated.bytes.len() as u64);
    let body = if function {
        let mut code = serde_json::json!({ "RepositoryType": "S3", "Location": location });
        for (name, value) in stated.code.as_object().unwrap() {
            code[name] = value.clone();
        }
        serde_json::json!({
            "Configuration": {
                "FunctionName": "pay",
                "FunctionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:{}", stated.version),
                "Version": stated.version, "PackageType": "Zip", "CodeSha256": digest, "CodeSize": size,
            },
            "Code": code,
        })
    } else {
        serde_json::json!({
            "LayerArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:deps"),
            "LayerVersionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:deps:{}", stated.version),
            "Version": 7,
            "Content": { "Location": location, "CodeSha256": digest, "CodeSize": size },
        })
    };
    Some(Response::builder().header("content-type", "application/json").body(body.to_string().into()).unwrap())
}

/// The link that the n-th answer carries.
fn link(address: SocketAddr, number: usize) -> String {
    let token: String =
        TOKEN.bytes().map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") }).collect();
    format!(
        "http://{address}/link/{number}/zip?X-Amz-Security-Token={token}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261122T000000Z\
         &X-Amz-Expires=600&X-Amz-Signature={SIGNATURE}"
    )
}

pub fn place() -> Place {
    Place { partition: "aws".into(), account: ACCOUNT.into(), region: REGION.into() }
}

fn session(endpoint: &str) -> Session {
    let credentials = || Credentials::new("AKIDPLANTED", "secret-planted", None, None, "test");
    let region = Region::new(REGION);
    // A proxy of the machine that tests run on is not asked.
    let http = aws_smithy_http_client::Builder::new()
        .build_with_connector_fn(|_, _| Connector::builder().proxy_config(ProxyConfig::disabled()).build_http());
    Session {
        lambda: aws_sdk_lambda::Client::from_conf(
            aws_sdk_lambda::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region.clone())
                .credentials_provider(credentials())
                .endpoint_url(endpoint)
                .http_client(http.clone())
                .retry_config(aws_sdk_lambda::config::retry::RetryConfig::disabled())
                .build(),
        ),
        ecr: aws_sdk_ecr::Client::from_conf(
            aws_sdk_ecr::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region.clone())
                .credentials_provider(credentials())
                .endpoint_url(endpoint)
                .http_client(http.clone())
                .build(),
        ),
        s3: aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region)
                .credentials_provider(credentials())
                .endpoint_url(endpoint)
                .http_client(http.clone())
                .force_path_style(true)
                .build(),
        ),
    }
}

pub fn function(qualifier: &str) -> BlobLocation {
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:{qualifier}").parse().unwrap();
    BlobLocation::LambdaFunction { asked_in: place(), arn }
}

pub fn layer() -> BlobLocation {
    BlobLocation::LambdaLayer { asked_in: place(), arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:deps:7").parse().unwrap() }
}

pub fn object(version: Option<&str>) -> BlobLocation {
    let object = S3Object { bucket: "artifacts".into(), key: "team/deps.zip".into(), version: version.map(Into::into) };
    BlobLocation::S3Object { asked_in: place(), object }
}

/// A zip's bytes, as good as any: nothing here looks into them.
pub fn some_bytes(count: usize) -> Vec<u8> {
    (0..count as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8).collect()
}

/// The whole of it.
pub fn whole(bytes: &[u8]) -> Response {
    Response::builder().header("etag", "\"one\"").body(bytes.to_vec().into()).unwrap()
}

/// All from `from` on, as it was asked for.
pub fn rest(bytes: &[u8], from: usize) -> Response {
    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    part(&bytes[from..], &range, "\"one\"")
}

pub fn part(bytes: &[u8], range: &str, tag: &str) -> Response {
    Response::builder().status(206).header("etag", tag).header("content-range", range).body(bytes.to_vec().into()).unwrap()
}

/// The first `count` bytes of a body that is announced as a whole, then the connection breaks.
pub fn broken(bytes: &[u8], count: usize) -> Response {
    let response = Response::builder().header("etag", "\"one\"").header("content-length", bytes.len());
    response.body(breaking(&bytes[..count])).unwrap()
}

fn breaking(bytes: &[u8]) -> Body {
    let bytes = Bytes::copy_from_slice(bytes);
    // The pause lets the bytes leave before the connection ends.
    let body = stream::unfold(0, move |step| {
        let bytes = bytes.clone();
        async move {
            match step {
                0 => Some((Ok(bytes), 1)),
                1 => {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Some((Err(std::io::Error::other("reset")), 2))
                }
                _ => None,
            }
        }
    });
    Body::from_stream(body)
}

/// An error as Amazon S3 words it.
pub fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Response::builder().status(status).header("content-type", "application/xml").body(body.into()).unwrap()
}

pub fn status(status: StatusCode) -> Response {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

pub fn blob(found: Observed<Fetched>) -> StoredBlob {
    match found {
        Observed::Present(Fetched::Blob(blob)) => blob,
        other => panic!("{other:?}"),
    }
}

/// The gap, which shows nothing of the link however it is looked at.
pub fn gap(found: Observed<Fetched>) -> Gap {
    let Observed::Unknown(gap) = found else { panic!("{found:?}") };
    let shown = format!("{gap} {gap:?} {}", serde_json::to_string(&gap).unwrap());
    for secret in [SIGNATURE, TOKEN, "secret-planted", "X-Amz-", "http://", "5e1f0decafc0"] {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
    assert!(!gap.next_step.is_empty() && !gap.detail.is_empty(), "{gap:?}");
    gap
}
