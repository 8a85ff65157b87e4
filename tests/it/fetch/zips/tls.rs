//! Whose certificates are believed: those of `--ca-bundle`, and of nobody who merely claims to be the host.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use layerproof::clients::registry::LoginFiles;
use layerproof::clients::{Clients, ClientsError, Network};
use layerproof::model::digest::Sha384;
use layerproof::model::gap::GapReason;
use layerproof::store::Integrity;
use rustls::pki_types::{CertificateDer, PrivateSec1KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::cloud::*;
use crate::forge::ca::{CertSpec, Key, TestCa, pem};
use crate::forge::der::{self, oids};

#[test]
fn only_a_host_that_the_ca_bundle_vouches_for_is_believed() {
    let bytes = some_bytes(1000);
    let folder = TempDir::new().unwrap();
    for (bundle, name, believed) in [
        (Some("ours"), "localhost", true),
        (Some("foreign"), "localhost", false),
        (None, "localhost", false),
        (Some("ours"), "bucket.s3.amazonaws.com", false),
    ] {
        let address = https(name, bytes.clone());
        let location = Some(format!("https://localhost:{}/zip?X-Amz-Signature={SIGNATURE}", address.port()));
        let ca_bundle = bundle.map(|label| {
            let path = folder.path().join(label);
            std::fs::write(&path, TestCa::named(label).root_pem()).unwrap();
            path
        });
        let clients = Clients::with(Network { ca_bundle, ..Network::default() }, hasty(), LoginFiles::default()).unwrap();
        let cloud = Cloud::with(clients, Stated { location, ..Stated::of(&bytes) }, |_, _| unreachable!());
        let found = cloud.fetch(&layer(), &bytes);
        if believed {
            assert_eq!(blob(found).integrity, Integrity::Matches, "{bundle:?} {name}");
        } else {
            let gap = gap(found);
            assert_eq!(gap.reason, GapReason::Unreachable, "{bundle:?} {name}");
            assert!(gap.next_step.contains("--ca-bundle"), "asking again brings nothing: {gap:?}");
        }
    }
}

#[test]
fn a_ca_bundle_that_cannot_be_used_is_told_before_anything_is_asked() {
    let folder = TempDir::new().unwrap();
    let online = |ca_bundle: PathBuf| Clients::online(Network { ca_bundle: Some(ca_bundle), ..Network::default() }).err().unwrap();
    assert!(matches!(online("/nowhere/ca.pem".into()), ClientsError::CaBundle(_)));
    for text in [String::new(), "no certificate".into(), pem("CERTIFICATE", b"not DER"), pem("PRIVATE KEY", b"x")] {
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, &text).unwrap();
        let error = online(path);
        assert!(matches!(error, ClientsError::CaBundle(_)) && error.is_usage(), "{text}: {error}");
        assert!(error.to_string().contains("ca.pem") && error.hint().is_some_and(|hint| hint.contains("PEM")), "{error}");
    }
}

/// A server with a certificate of the CA `ours` for `name`, that answers everything with `bytes`. It ends with the test process.
fn https(name: &str, bytes: Vec<u8>) -> SocketAddr {
    let ca = TestCa::named("ours");
    let label = "ours link host";
    let mut leaf = CertSpec::ca(9, &ca.root.subject, label, "20490101000000Z", Key::of(label).spki());
    leaf.ca = Some(false);
    leaf.key_usage = Some(0x80);
    // subjectAltName with one dNSName, context tag 2 (RFC 5280 §4.2.1.6).
    leaf.extra = vec![("2.5.29.17", false, der::seq(&[der::tlv(0x82, name.as_bytes())]))];
    // ECPrivateKey (RFC 5915 §3).
    let secret = Sha384::of(label.as_bytes());
    let key = der::seq(&[der::int(1), der::octets(&secret), der::context(0, &der::oid(oids::P384))]);
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf.sign(&Key::of(&ca.root.subject)))], PrivateSec1KeyDer::from(key).into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever does not believe the certificate hangs up.
            let _ = serve(stream.unwrap(), &config, &bytes);
        }
    });
    address
}

fn serve(stream: TcpStream, config: &Arc<ServerConfig>, bytes: &[u8]) -> std::io::Result<()> {
    let connection = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    let mut tls = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    while tls.read_line(&mut line)? > 2 {
        line.clear();
    }
    let tls = tls.get_mut();
    write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len())?;
    tls.write_all(bytes)?;
    tls.conn.send_close_notify();
    tls.flush()
}
