//! A registry on loopback that does as it is told, also what no registry should.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::stream;
use layerproof::model::digest::Digest;
use serde_json::{Value, json};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    /// How many times this path was asked before.
    pub nth: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

type Fault = Box<dyn Fn(&Asked) -> Option<Response> + Send + Sync>;

#[derive(Default)]
struct Shared {
    /// By the end of the path: `manifests/TAG`, `blobs/sha256:…`.
    content: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    faults: Mutex<Vec<Fault>>,
    log: Mutex<Vec<Asked>>,
}

/// A running registry; gone when dropped.
pub struct Server {
    shared: Arc<Shared>,
    pub host: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves an app on a free port of loopback.
pub fn serve(app: Router) -> (String, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    runtime.spawn(async move { axum::serve(listener, app).await });
    (host, runtime)
}

impl Server {
    /// Without a referrers API, as older registries are.
    pub fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let (host, runtime) = serve(app);
        Self { shared, host, runtime: Some(runtime) }
    }

    /// Asked before the content, in the order in which they were told.
    pub fn fault(&self, fault: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static) {
        self.shared.faults.lock().unwrap().push(Box::new(fault));
    }

    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        self.put(&format!("blobs/{digest}"), "application/octet-stream", bytes);
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    }

    /// Under its digest, and the tag where one is given.
    pub fn manifest(&self, media_type: &str, document: &Value, tag: Option<&str>) -> Value {
        let bytes = document.to_string().into_bytes();
        let digest = Digest::of(&bytes);
        for name in [Some(digest.to_string().as_str()), tag].into_iter().flatten() {
            self.put(&format!("manifests/{name}"), media_type, &bytes);
        }
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    }

    pub fn put(&self, name: &str, media_type: &str, bytes: &[u8]) {
        self.shared.content.lock().unwrap().insert(name.into(), (media_type.into(), bytes.into()));
    }

    /// Name, media type and bytes of everything.
    pub fn content(&self) -> Vec<(String, String, Vec<u8>)> {
        self.shared.content.lock().unwrap().iter().map(|(name, (kind, bytes))| (name.clone(), kind.clone(), bytes.clone())).collect()
    }

    pub fn log(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().clone()
    }

    /// Requests whose path holds this.
    pub fn count(&self, part: &str) -> usize {
        self.log().iter().filter(|asked| asked.path.contains(part)).count()
    }

    pub fn forget(&self) {
        self.shared.log.lock().unwrap().clear();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = {
        let mut log = shared.log.lock().unwrap();
        let nth = log.iter().filter(|earlier| earlier.path == path).count();
        log.push(Asked { method, path: path.clone(), query, headers: request.headers().clone(), nth });
        log.last().unwrap().clone()
    };
    if let Some(response) = shared.faults.lock().unwrap().iter().find_map(|fault| fault(&asked)) {
        return response;
    }
    if path == "/v2/" {
        return plain(200, "");
    }
    let content = shared.content.lock().unwrap();
    let Some((media_type, bytes)) = content.iter().find(|(name, _)| path.ends_with(&format!("/{name}"))).map(|(_, found)| found) else {
        return match path.contains("/manifests/") || path.contains("/blobs/") {
            true => envelope(404, "MANIFEST_UNKNOWN"),
            false => plain(404, "404 page not found\n"),
        };
    };
    let from = asked.header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let response = Response::builder().header("content-type", media_type);
    match from {
        Some(from) => response
            .status(206)
            .header("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()))
            .body(Body::from(bytes[from..].to_vec())),
        None => response.body(Body::from(bytes.clone())),
    }
    .unwrap()
}

pub fn plain(status: u16, text: &str) -> Response {
    Response::builder().status(status).header("content-type", "text/plain; charset=utf-8").body(Body::from(text.to_owned())).unwrap()
}

pub fn html(status: u16) -> Response {
    Response::builder().status(status).header("content-type", "text/html").body(Body::from("<html>Sign in</html>")).unwrap()
}

pub fn envelope(status: u16, code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": "so it is", "detail": null}]}).to_string();
    Response::builder().status(status).header("content-type", "application/json").body(Body::from(body)).unwrap()
}

pub fn json_of(media_type: &str, document: &Value) -> Response {
    Response::builder().header("content-type", media_type).body(Body::from(document.to_string())).unwrap()
}

pub fn with(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

pub fn redirect(to: &str) -> Response {
    with(plain(307, ""), "location", to)
}

/// These bytes, and then the connection breaks.
pub fn broken(bytes: &[u8], announced: usize) -> Response {
    // Not at once, or the first bytes would never leave.
    let parts = stream::unfold(Some(bytes.to_vec()), |state| async move {
        match state {
            Some(bytes) if !bytes.is_empty() => Some((Ok(bytes), Some(Vec::new()))),
            _ => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Some((Err(std::io::Error::other("broken")), None))
            }
        }
    });
    Response::builder().header("content-length", announced).body(Body::from_stream(parts)).unwrap()
}

/// Bytes without end, and without a length.
pub fn endless() -> Response {
    let parts = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 64 << 10]));
    Response::builder().status(StatusCode::OK).body(Body::from_stream(parts)).unwrap()
}

/// Nothing, for ever.
pub fn silent() -> Response {
    Response::builder().body(Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>())).unwrap()
}
