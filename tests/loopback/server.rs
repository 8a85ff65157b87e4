//! The server: from a request to the service that answers it, past the faults and into the log.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::serve::ListenerExt;

use super::ask::{Ask, Called, Caller};
use super::fault::{Fault, Wrong};
use super::fleet::Fleet;
use super::link::Links;
use super::log::{Log, Seen};
use super::reply::{Protocol, REQUEST_ID, Refusal, Reply};
use super::session::Sessions;
use super::signer::{Job, Revoked};
use super::{SECRET_IN_CREDENTIALS, ecr, lambda, link, registry, s3, session, signer};

/// A running server; it stops with the value.
pub struct LoopbackAws {
    address: SocketAddr,
    aws: Arc<Aws>,
    /// Taken when the value goes.
    runtime: Option<tokio::runtime::Runtime>,
}

/// What requests see.
pub struct Aws {
    pub address: SocketAddr,
    pub fleet: Fleet,
    pub links: Links,
    pub sessions: Sessions,
    pub settings: Settings,
    faults: Mutex<Vec<Fault>>,
    log: Mutex<Log>,
}

/// What a builder sets beside faults.
#[derive(Default)]
pub struct Settings {
    /// By account.
    pub external_ids: BTreeMap<String, String>,
    pub session_calls: Option<usize>,
    pub expired_links: usize,
    pub links_live_for: Option<Duration>,
    pub largest_page: Option<usize>,
    pub disabled_regions: Vec<String>,
    pub no_referrers_api: bool,
    pub blobs_redirect: bool,
    pub revoked: Vec<Revoked>,
    /// By id.
    pub jobs: BTreeMap<String, Job>,
}

/// A server in the making.
pub struct Builder {
    fleet: Fleet,
    settings: Settings,
    faults: Vec<Fault>,
}

impl LoopbackAws {
    /// A server for this fleet.
    pub fn of(fleet: Fleet) -> Builder {
        Builder { fleet, settings: Settings::default(), faults: Vec::new() }
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`, for `--registry-endpoint HOST=…`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The environment in which a program asks this server, with `account`'s own credentials. Writes an empty configuration below `home`,
    /// so that nobody's own is read.
    pub fn env(&self, home: &Path, account: &str, region: &str) -> Vec<(String, String)> {
        let mut env = self.env_without_credentials(home, region);
        env.push(("AWS_ACCESS_KEY_ID".into(), access_key(account)));
        env.push(("AWS_SECRET_ACCESS_KEY".into(), secret_key()));
        env
    }

    /// As [`Self::env`], with the credentials in a profile of the shared credentials file, for `--profile`.
    pub fn env_with_profile(&self, home: &Path, profile: &str, account: &str, region: &str) -> Vec<(String, String)> {
        let env = self.env_without_credentials(home, region);
        let credentials = format!("[{profile}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", access_key(account), secret_key());
        std::fs::write(home.join(".aws/credentials"), credentials).expect("a file in the test's home");
        env
    }

    /// As [`Self::env`], with a profile that is logged in through IAM Identity Center (SSO): `aws sso login` was run, and its token is
    /// in the cache.
    pub fn env_with_sso(&self, home: &Path, profile: &str, account: &str, region: &str) -> Vec<(String, String)> {
        let mut env = self.env_without_credentials(home, region);
        let config = format!(
            "[sso-session office]\nsso_region = {region}\nsso_start_url = https://office.example/start\nsso_registration_scopes = \
             sso:account:access\n[profile {profile}]\nsso_session = office\nsso_account_id = {account}\nsso_role_name = auditor\n"
        );
        std::fs::write(home.join(".aws/config"), config).expect("a file in the test's home");
        let cache = home.join(".aws/sso/cache");
        std::fs::create_dir_all(&cache).expect("a folder in the test's home");
        let token = format!("{{\"accessToken\": \"{}\", \"expiresAt\": \"2036-01-01T00:00:00Z\"}}", session::SSO_TOKEN);
        // The cache's file name: SHA-1 of the session's name, `office`.
        std::fs::write(cache.join("e6427457497fe0f4f93a7334d2203b8e17ee82df.json"), token).expect("a file in the test's home");
        env.push(("HOME".into(), home.display().to_string()));
        env
    }

    /// As [`Self::env`], and there are no credentials anywhere.
    pub fn env_without_credentials(&self, home: &Path, region: &str) -> Vec<(String, String)> {
        let folder = home.join(".aws");
        std::fs::create_dir_all(&folder).expect("a folder in the test's home");
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::write(&path, "").expect("a file in the test's home");
            path.display().to_string()
        };
        let env = [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", region.into()),
            ("AWS_CONFIG_FILE", file("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", file("credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ];
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What was asked so far.
    pub fn log(&self) -> Log {
        lock(&self.aws.log).clone()
    }

    /// Begins the log anew, between two runs.
    pub fn forget_log(&self) {
        *lock(&self.aws.log) = Log::default();
    }

    /// Adds a fault to the running server.
    pub fn fault(&self, fault: Fault) {
        lock(&self.aws.faults).push(fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        lock(&self.aws.faults).clear();
    }
}

impl Drop for LoopbackAws {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Builder {
    /// Something that goes wrong. Of several that match, the first strikes.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Roles of this account are only assumed with this external id.
    pub fn external_id(mut self, account: &str, id: &str) -> Self {
        self.settings.external_ids.insert(account.into(), id.into());
        self
    }

    /// Credentials of an assumed role answer this many calls, then they have expired.
    pub fn sessions_expire_after(mut self, calls: usize) -> Self {
        self.settings.session_calls = Some(calls);
        self
    }

    /// The first `n` links that are handed out are expired already.
    pub fn expired_links(mut self, n: usize) -> Self {
        self.settings.expired_links = n;
        self
    }

    /// Links die after this time, in place of the ten minutes of the real ones.
    pub fn links_live_for(mut self, time: Duration) -> Self {
        self.settings.links_live_for = Some(time);
        self
    }

    /// Pages hold at most `items`, so that a small fleet has many.
    pub fn pages_of(mut self, items: usize) -> Self {
        self.settings.largest_page = Some(items);
        self
    }

    /// A region that exists and that no account has enabled: no credentials are known there.
    pub fn disabled_region(mut self, region: &str) -> Self {
        self.settings.disabled_regions.push(region.into());
        self
    }

    /// The registry has no referrers API: 404.
    pub fn without_referrers_api(mut self) -> Self {
        self.settings.no_referrers_api = true;
        self
    }

    /// The registry answers a blob with a redirect to a presigned link on another host name, as ECR does. The link takes no
    /// `Authorization`.
    pub fn blobs_redirect(mut self) -> Self {
        self.settings.blobs_redirect = true;
        self
    }

    /// AWS Signer names this as revoked, where it is asked about it.
    pub fn revoked(mut self, revoked: Revoked) -> Self {
        self.settings.revoked.push(revoked);
        self
    }

    /// A signing job, by its id.
    pub fn job(mut self, id: &str, job: Job) -> Self {
        self.settings.jobs.insert(id.into(), job);
        self
    }

    /// Starts it on a free port.
    pub fn start(self) -> LoopbackAws {
        self.start_on(0)
    }

    /// Starts it on this port of 127.0.0.1.
    pub fn start_on(self, port: u16) -> LoopbackAws {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port of the loopback interface");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let aws = Arc::new(Aws {
            address,
            fleet: self.fleet,
            links: Links::default(),
            sessions: Sessions::default(),
            settings: self.settings,
            faults: Mutex::new(self.faults),
            log: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&aws));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket").tap_io(|io| {
                // Small answers on a kept connection would wait for acknowledgements.
                let _ = io.set_nodelay(true);
            });
            axum::serve(listener, router).await
        });
        LoopbackAws { address, aws, runtime: Some(runtime) }
    }
}

impl Aws {
    /// The size of a page where `asked` was asked for and the service gives at most `most`.
    pub fn page_size(&self, asked: Option<usize>, default: usize, most: usize) -> usize {
        asked.unwrap_or(default).min(most).min(self.settings.largest_page.unwrap_or(most))
    }
}

/// The access key of an account's own user. The account stands in it, as it does, coded, in the real ones.
pub fn access_key(account: &str) -> String {
    format!("AKIA{account}BASE")
}

/// The secret of every access key.
pub fn secret_key() -> String {
    format!("secret+{SECRET_IN_CREDENTIALS}")
}

async fn answer(State(aws): State<Arc<Aws>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let ask = Ask::new(&parts, body);
    let caller = ask.caller();
    let (protocol, who, called) = match &caller {
        Some(caller) => {
            let (protocol, called) = signed(&aws, &ask, caller);
            (protocol, caller.clone(), called)
        }
        None => unsigned(&aws, &ask),
    };
    let Called { api, subject, answer } = match called {
        Ok(called) => called,
        Err(refusal) => Called::new("unknown", ask.path.join("/"), |_, _| Err(refusal)),
    };
    // Every fault counts the call, whichever strikes.
    let strikes: Vec<Wrong> =
        lock(&aws.faults).iter_mut().filter_map(|fault| fault.strikes(api, &who.account, &who.region, &subject)).collect();
    let wrong = strikes.into_iter().next();
    let entry = |status| Seen {
        api: api.into(),
        account: who.account.clone(),
        region: who.region.clone(),
        subject: subject.clone(),
        host: ask.host.clone(),
        range: ask.header("range").into(),
        status,
    };
    if wrong == Some(Wrong::Hang) {
        let entry = entry(0);
        lock(&aws.log).0.push(entry);
        return std::future::pending().await;
    }
    let principal = aws.sessions.principal(&who);
    let resource = if subject.is_empty() { "*" } else { &subject };
    let reply = match wrong.as_ref().and_then(|wrong| wrong.refusal(protocol, &principal, api, resource)) {
        Some(refusal) => refusal.reply(protocol),
        None => answer(&aws, wrong.as_ref()).unwrap_or_else(|refusal| refusal.reply(protocol)),
    };
    let challenged = protocol == Protocol::Registry && reply.status == 401;
    let reply = if challenged {
        reply.header("www-authenticate", format!("Basic realm=\"http://{}/\",service=\"ecr.amazonaws.com\"", aws.address))
    } else {
        reply
    };
    let (reply, body) = match &wrong {
        Some(wrong) => wrong.bend(reply),
        None => (Reply { body: Bytes::new(), ..reply.clone() }, Body::from(reply.body)),
    };
    let entry = entry(reply.status);
    lock(&aws.log).0.push(entry);
    let mut response =
        Response::builder().status(StatusCode::from_u16(reply.status).expect("a status")).header("x-amzn-requestid", REQUEST_ID);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(body).expect("an answer")
}

/// A call of the AWS API.
fn signed(aws: &Aws, ask: &Ask, caller: &Caller) -> (Protocol, Result<Called, Refusal>) {
    let (protocol, called) = match caller.service.as_str() {
        "lambda" => (Protocol::RestJson, lambda::route(ask, caller)),
        "ecr" => (Protocol::Json11, ecr::route(ask, caller)),
        "sts" => (Protocol::Query, session::route(ask, caller)),
        "account" => (Protocol::RestJson, session::route_account(ask, caller)),
        // Whoever sends credentials along with a presigned link is turned away there.
        "s3" if link::is_link(ask) => (Protocol::S3, link::route(aws, ask).1),
        "s3" => (Protocol::S3, s3::route(ask, caller)),
        "signer" => (Protocol::RestJson, signer::route(ask, caller)),
        _ => (Protocol::RestJson, Err(Refusal::new(404, "UnknownOperationException", "no such service"))),
    };
    let enabled = !aws.settings.disabled_regions.contains(&caller.region);
    if let Err(refusal) = aws.sessions.accept(caller, ask.header("x-amz-security-token"), protocol, enabled) {
        return (protocol, called.map(|called| Called { answer: Box::new(|_, _| Err(refusal)), ..called }));
    }
    (protocol, called)
}

/// A download, a registry's request, or nothing that AWS answers.
fn unsigned(aws: &Aws, ask: &Ask) -> (Protocol, Caller, Result<Called, Refusal>) {
    let (protocol, (account, region), called) = match ask.segments()[..] {
        ["v2", ..] => {
            let (place, called) = registry::route(ask);
            (Protocol::Registry, place, called)
        }
        ["federation", "credentials"] => (Protocol::RestJson, Default::default(), Ok(session::of_sso(ask))),
        _ if link::is_link(ask) => {
            let (place, called) = link::route(aws, ask);
            (Protocol::S3, place, called)
        }
        _ => {
            let refusal = Refusal::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
            (Protocol::RestJson, Default::default(), Err(refusal))
        }
    };
    (protocol, Caller { access_key: String::new(), account, region, service: String::new() }, called)
}

/// A lock that outlives a panic of another test's thread.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
