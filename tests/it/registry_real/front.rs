//! A front before a real registry that notes each request before it hands it on, and can answer some of them itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub range: Option<String>,
}

/// What happens to a download after some of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The connection breaks.
    Break,
    /// Nothing more comes.
    Stall,
}

/// A running front. It stops with its value.
pub struct Front {
    runtime: Option<Runtime>,
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    client: reqwest::Client,
    seen: Mutex<Vec<Seen>>,
    /// Part of a path, and what is answered in the registry's place.
    refusals: Mutex<Vec<(String, StatusCode, String)>>,
    /// Part of a path; what happens to the next answer to it; after how many bytes.
    harms: Mutex<Vec<(String, Harm, usize)>>,
}

impl Front {
    /// Starts one before `upstream`, `HOST:PORT`.
    pub fn before(upstream: String) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let inner = Arc::new(Inner { upstream, client, seen: Mutex::default(), refusals: Mutex::default(), harms: Mutex::default() });
        let app = Router::new().fallback(hand_on).with_state(inner.clone());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime: Some(runtime), address, inner }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Answers with `status` and an error body of the registry's kind where the path has `part`.
    pub fn refuse(&self, part: &str, status: StatusCode, code: &str) {
        let body = serde_json::json!({"errors": [{"code": code, "message": "said by a test"}]}).to_string();
        self.inner.refusals.lock().expect("no panic in the front").push((part.into(), status, body));
    }

    /// Harms the next answer to a path that has `part`, after `bytes` of its body. One answer each.
    pub fn harm_next(&self, part: &str, harm: Harm, bytes: usize) {
        self.inner.harms.lock().expect("no panic in the front").push((part.into(), harm, bytes));
    }

    /// What came since this was last asked.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.inner.seen.lock().expect("no panic in the front"))
    }

    /// The digests of the blobs that were downloaded since this was last asked, sorted.
    pub fn take_blobs(&self) -> Vec<String> {
        let blob = |seen: &Seen| Some(seen.path.split_once("/blobs/")?.1.to_owned());
        let mut blobs: Vec<String> = self.take().iter().filter(|seen| seen.method == Method::GET).filter_map(blob).collect();
        blobs.sort();
        blobs
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Inner {
    /// The harm that waits for this path; it is then no more.
    fn harm_of(&self, path: &str) -> Option<(Harm, usize)> {
        let mut harms = self.harms.lock().expect("no panic in the front");
        let at = harms.iter().position(|(part, ..)| path.contains(part))?;
        let (_, harm, bytes) = harms.remove(at);
        Some((harm, bytes))
    }
}

async fn hand_on(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    inner.seen.lock().expect("no panic in the front").push(Seen {
        method: request.method().clone(),
        path: path.clone(),
        range: request.headers().get("range").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    });
    let refusal = inner.refusals.lock().expect("no panic in the front").iter().find(|(part, ..)| path.contains(part)).cloned();
    if let Some((_, status, body)) = refusal {
        return Response::builder().status(status).header("content-type", "application/json").body(Body::from(body)).expect("a response");
    }
    let mut headers = request.headers().clone();
    headers.remove("host");
    let url = format!("http://{}{path}", inner.upstream);
    match inner.client.request(request.method().clone(), url).headers(headers).send().await {
        Ok(answer) => {
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = answer.headers().clone();
            }
            let body = match inner.harm_of(&path) {
                Some((harm, bytes)) => harmed(harm, answer.bytes().await.expect("the registry answers").slice(..bytes)),
                None => Body::from_stream(answer.bytes_stream()),
            };
            response.body(body).expect("a response")
        }
        Err(error) => Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::from(error.to_string())).expect("a response"),
    }
}

fn harmed(harm: Harm, bytes: impl Into<axum::body::Bytes>) -> Body {
    let first = stream::iter([Ok(bytes.into())]);
    match harm {
        Harm::Break => Body::from_stream(first.chain(stream::once(async {
            // So that what came before is sent.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Err(std::io::Error::other("broken by a test"))
        }))),
        Harm::Stall => Body::from_stream(first.chain(stream::pending())),
    }
}
