//! Debian's `docker-registry` on a loopback port, stopped with its value.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::run::skip;

/// The user and password that Amazon ECR's `GetAuthorizationToken` gives in the recorded answers of other tests.
pub const USER: &str = "AWS";
pub const PASSWORD: &str = "123456789012-auth-token";

/// [`USER`] and [`PASSWORD`] as `htpasswd -B` writes them. Made by
/// `perl -e 'print "AWS:", crypt("123456789012-auth-token", q($2y$05$layerprooflayerproofla)), "\n"'`.
const HTPASSWD: &str = "AWS:$2y$05$layerprooflayerprooflOBPb/HBUPGHdnOQuwoNcu09p8k875p.y\n";

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Whom the registry lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lets {
    Everybody,
    WhoKnowsThePassword,
}

/// A running registry.
pub struct DockerRegistry {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
    lets: Lets,
}

impl DockerRegistry {
    /// Starts one that is empty; `None`, and a visible skip, where the program is not here.
    pub fn start(lets: Lets) -> Option<Self> {
        let Some(program) = std::env::var_os("LAYERPROOF_DOCKER_REGISTRY") else {
            skip("LAYERPROOF_DOCKER_REGISTRY names no docker-registry: run scripts/test");
            return None;
        };
        let folder = TempDir::with_prefix("layerproof-registry-").expect("a temporary folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("htpasswd"), HTPASSWD).expect("the password is written");
        // JSON is YAML.
        let mut config = serde_json::json!({
            "version": 0.1,
            "log": {"level": "info", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": at("data")}, "delete": {"enabled": true}},
            "http": {"addr": "127.0.0.1:0", "secret": "of one test"},
        });
        if lets == Lets::WhoKnowsThePassword {
            config["auth"] = serde_json::json!({"htpasswd": {"realm": "a registry of a test", "path": at("htpasswd")}});
        }
        fs::write(at("config.yml"), config.to_string()).expect("the configuration is written");
        let mut child = Command::new(program)
            .args(["serve", &at("config.yml")])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry starts");
        let log = child.stderr.take().expect("piped");
        let (found, address) = mpsc::channel();
        // Read to the end: a full pipe would stop the registry.
        thread::spawn(move || {
            let mut seen = String::new();
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let address = rest.split(['"', ',', ' ']).next().and_then(|text| text.parse::<SocketAddr>().ok());
                    let _ = found.send(address.ok_or_else(|| line.clone()));
                }
                seen.push_str(&line);
            }
            let _ = found.send(Err(seen));
        });
        let address = match address.recv_timeout(START) {
            Ok(Ok(address)) => address,
            other => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("docker-registry does not listen: {other:?}");
            }
        };
        Some(Self { child, folder, address, lets })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The password that a push needs.
    pub fn credentials(&self) -> Option<(&'static str, &'static str)> {
        match self.lets {
            Lets::Everybody => None,
            Lets::WhoKnowsThePassword => Some((USER, PASSWORD)),
        }
    }

    /// The file in which the registry keeps a blob or a manifest.
    pub fn file_of(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a SHA-256 digest");
        let path = self.folder.path().join("data/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data");
        assert!(path.is_file(), "{} is where this version of docker-registry keeps it", path.display());
        path
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
