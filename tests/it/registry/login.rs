//! Who logs in, where a login goes, and what becomes of it.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64;
use layerproof::clients::Network;
use layerproof::clients::registry::{LoginFiles, RegistryLogin};
use layerproof::model::gap::GapReason;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Server, envelope, json_of, plain, redirect, with};
use super::{Bed, digest, image};

pub const SECRET: &str = "hunter2-very-secret";

pub fn basic() -> String {
    BASE64.encode(format!("AWS:{SECRET}").as_bytes())
}

/// A `config.json` that answers for every host of loopback that a test may get.
fn files(folder: &TempDir, host: &str, config: &Value) -> LoginFiles {
    let text = config.to_string().replace("HOST", host);
    let path = folder.path().join("config.json");
    std::fs::write(&path, text).unwrap();
    LoginFiles { auth_file: None, docker_config: Some(path), helpers: Some(folder.path().into()) }
}

fn bed_for(server: &Server, config: Value) -> (TempDir, Bed) {
    let folder = TempDir::new().unwrap();
    let files = files(&folder, &server.host, &config);
    (folder, Bed::with(Network::default(), files))
}

/// With a login for every registry on this machine, whatever its port.
pub fn bed_with_basic() -> Bed {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("docker-credential-all"),
        format!("#!/bin/sh\ncat >/dev/null\necho '{{\"ServerURL\":\"x\",\"Username\":\"AWS\",\"Secret\":\"{SECRET}\"}}'\n"),
    )
    .unwrap();
    std::fs::set_permissions(folder.path().join("docker-credential-all"), PermissionsExt::from_mode(0o755)).unwrap();
    let files = files(&folder, "", &json!({"credsStore": "all"}));
    let _ = folder.keep();
    Bed::with(Network::default(), files)
}

/// As ECR does it.
pub fn demand_basic(server: &Server) {
    server.fault(|asked| {
        let known = asked.header("authorization") == Some(format!("Basic {}", basic()).as_str());
        (!known).then(|| with(envelope(401, "UNAUTHORIZED"), "www-authenticate", "Basic realm=\"x\",service=\"ecr.amazonaws.com\""))
    });
}

#[test]
fn basic_login_out_of_docker_config() {
    for config in [
        json!({"auths": {"HOST": {"auth": basic()}}}),
        json!({"auths": {"https://HOST/v1/": {"auth": basic()}}}),
        json!({"auths": {"HOST/team/app": {"username": "AWS", "password": SECRET}, "HOST": {"auth": BASE64.encode(b"x:y")}}}),
    ] {
        let server = Server::new();
        demand_basic(&server);
        let image = image(&server, "amd64");
        let (_folder, bed) = bed_for(&server, config);
        assert!(bed.pulled(&server.host, digest(&image)).unknown.is_none());
    }
}

#[test]
fn a_wrong_password_is_denied_and_not_taken_for_anonymous() {
    let server = Server::new();
    demand_basic(&server);
    let image = image(&server, "amd64");
    for config in [json!({"auths": {"HOST": {"auth": BASE64.encode(b"AWS:wrong")}}}), json!({})] {
        let (_folder, bed) = bed_for(&server, config);
        server.forget();
        let gap = bed.gap(&server.host, digest(&image));
        assert_eq!(gap.reason, GapReason::Denied { action: format!("docker login {}", server.host) });
        assert!(server.count("/manifests/") <= 2, "the login is tried once more and no oftener");
    }
}

#[test]
fn a_login_file_that_is_broken_is_an_error_that_names_it_and_not_anonymous() {
    let server = Server::new();
    let image = image(&server, "amd64");
    demand_basic(&server);
    for text in [
        "{",
        "[]",
        r#"{"auths": {"HOST": {"auth": "not base64 hunter2"}}}"#,
        r#"{"credHelpers": {"HOST": "../evil"}}"#,
        r#"{"credsStore": "missing"}"#,
    ] {
        let folder = TempDir::new().unwrap();
        let mut files = files(&folder, &server.host, &json!({}));
        std::fs::write(folder.path().join("config.json"), text.replace("HOST", &server.host)).unwrap();
        let gap = Bed::with(Network::default(), files.clone()).gap(&server.host, digest(&image));
        assert!(gap.detail.contains("config.json") && !gap.detail.contains("hunter2"), "{gap}");
        files.auth_file = Some(folder.path().join("none.json"));
        let gap = Bed::with(Network::default(), files).gap(&server.host, digest(&image));
        assert!(gap.detail.contains("none.json"), "{gap}");
    }
}

#[test]
fn a_credential_helper_gives_the_login_and_a_hanging_output_is_cut() {
    let server = Server::new();
    demand_basic(&server);
    let image = image(&server, "amd64");
    assert!(bed_with_basic().pulled(&server.host, digest(&image)).unknown.is_none());
    for (script, words) in [("exit 1", "fails"), ("head -c 200000 /dev/zero", "more than"), ("echo '{}'", "Username")] {
        let (folder, bed) = bed_for(&server, json!({"credHelpers": {"HOST": "x"}}));
        let program = folder.path().join("docker-credential-x");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let gap = bed.gap(&server.host, digest(&image));
        assert!(gap.detail.contains(words), "{script}: {gap}");
    }
}

/// A registry that wants tokens of its own `/token`, each good for a number of requests.
fn demand_tokens(server: &Server, uses: usize, expires_in: u64) -> Arc<AtomicUsize> {
    let (given, used) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (host, count) = (server.host.clone(), Arc::clone(&given));
    server.fault(move |asked| {
        if asked.path == "/token" {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            used.store(0, Ordering::SeqCst);
            return Some(json_of("application/json", &json!({"token": format!("t{number}"), "expires_in": expires_in})));
        }
        let current = format!("Bearer t{}", count.load(Ordering::SeqCst));
        if asked.header("authorization") == Some(current.as_str()) && used.fetch_add(1, Ordering::SeqCst) < uses {
            return None;
        }
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"{host}\",scope=\"ignored\"");
        Some(with(envelope(401, "UNAUTHORIZED"), "www-authenticate", &challenge))
    });
    given
}

#[test]
fn one_token_serves_a_whole_repository() {
    let server = Server::new();
    let given = demand_tokens(&server, 1_000, 300);
    let image = image(&server, "amd64");
    let (_folder, bed) = bed_for(&server, json!({"auths": {"HOST": {"auth": basic()}}}));
    assert!(bed.pulled(&server.host, digest(&image)).unknown.is_none());
    assert_eq!(given.load(Ordering::SeqCst), 1);
    let asked = server.log().into_iter().find(|asked| asked.path == "/token").unwrap();
    assert!(asked.query.contains("scope=repository%3Ateam%2Fapp%3Apull"), "{}", asked.query);
    assert_eq!(asked.header("authorization"), Some(format!("Basic {}", basic()).as_str()));
    assert!(server.log().iter().filter(|a| a.path != "/token").all(|a| a.header("authorization").is_none_or(|h| h.starts_with("Bearer "))));
}

#[test]
fn a_token_that_ends_early_is_renewed_and_one_about_to_end_is_not_used() {
    let server = Server::new();
    let given = demand_tokens(&server, 3, 300);
    let image = image(&server, "amd64");
    assert!(Bed::new().pulled(&server.host, digest(&image)).unknown.is_none());
    assert!(given.load(Ordering::SeqCst) >= 3, "{given:?}");

    let server = Server::new();
    let given = demand_tokens(&server, 1_000, 0);
    let image = super::image(&server, "amd64");
    assert!(Bed::new().pulled(&server.host, digest(&image)).unknown.is_none());
    assert!(given.load(Ordering::SeqCst) >= 5, "a token that is over when it comes is used once: {given:?}");
}

#[test]
fn an_identity_token_is_posted_and_exchanged() {
    let server = Server::new();
    demand_tokens(&server, 1_000, 300);
    let image = image(&server, "amd64");
    let (_folder, bed) = bed_for(&server, json!({"auths": {"HOST": {"auth": "", "identitytoken": SECRET}}}));
    assert!(bed.pulled(&server.host, digest(&image)).unknown.is_none());
    let asked = server.log().into_iter().find(|asked| asked.path == "/token").unwrap();
    assert_eq!((asked.method.as_str(), asked.query.as_str()), ("POST", ""));
}

#[test]
fn a_login_is_not_sent_to_a_realm_elsewhere_or_in_the_clear() {
    for realm in ["http://example.com/token", "https://example.com/token", "http://169.254.169.254/", "ftp://127.0.0.1/", "nowhere"] {
        let server = Server::new();
        let image = image(&server, "amd64");
        server.fault(move |_| Some(with(envelope(401, "UNAUTHORIZED"), "www-authenticate", &format!("Bearer realm=\"{realm}\""))));
        let (_folder, bed) = bed_for(&server, json!({"auths": {"HOST": {"auth": basic()}}}));
        let gap = bed.gap(&server.host, digest(&image));
        assert!(gap.detail.contains("is not sent"), "{realm}: {gap}");
        assert!(server.log().iter().all(|asked| asked.header("authorization").is_none()), "{realm}");
    }
}

#[test]
fn a_token_service_that_redirects_gets_no_login_sent_on() {
    let (server, other) = (Server::new(), Server::new());
    let image = image(&server, "amd64");
    let (host, to) = (server.host.clone(), other.host.clone());
    server.fault(move |asked| {
        Some(match asked.path.as_str() {
            "/token" => redirect(&format!("http://{to}/token")),
            _ => with(envelope(401, "UNAUTHORIZED"), "www-authenticate", &format!("Bearer realm=\"http://{host}/token\"")),
        })
    });
    let (_folder, bed) = bed_for(&server, json!({"auths": {"HOST": {"auth": basic()}}}));
    bed.gap(&server.host, digest(&image));
    assert!(other.log().is_empty());
}

#[test]
fn a_token_service_that_quotes_the_login_or_never_ends_shows_nothing() {
    for (status, endless) in [(401, false), (500, false), (200, true)] {
        let server = Server::new();
        let image = image(&server, "amd64");
        let host = server.host.clone();
        server.fault(move |asked| {
            Some(match asked.path.as_str() {
                "/token" if endless => super::server::endless(),
                "/token" => plain(status, &format!("{:?}", asked.headers)),
                _ => with(envelope(401, "UNAUTHORIZED"), "www-authenticate", &format!("Bearer realm=\"http://{host}/token\"")),
            })
        });
        let (_folder, bed) = bed_for(&server, json!({"auths": {"HOST": {"auth": basic()}}}));
        let gap = format!("{:?}", bed.gap(&server.host, digest(&image)));
        assert!(!gap.contains(SECRET) && !gap.contains(&basic()), "{gap}");
    }
}

#[test]
fn no_secret_is_in_debug_output() {
    let logins = [
        RegistryLogin::Basic { username: SECRET.into(), password: SECRET.into() },
        RegistryLogin::Bearer(SECRET.into()),
        RegistryLogin::IdentityToken(SECRET.into()),
    ];
    assert!(!format!("{logins:?}").contains(SECRET));
}

#[test]
fn a_ca_bundle_that_is_none_is_an_error_and_not_the_default() {
    use layerproof::clients::Clients;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ca.pem");
    for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let network = Network { ca_bundle: Some(path.clone()), ..Network::default() };
        assert!(Clients::online(network).is_err(), "{text:?}");
    }
}
