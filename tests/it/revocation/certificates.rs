//! Certificates, asked about over HTTP on loopback: who is asked, in what order, and what is believed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use jiff::Timestamp;
use layerproof::clients::http::Patience;
use layerproof::clients::registry::LoginFiles;
use layerproof::clients::{Clients, Login, Network};
use layerproof::model::gap::{Gap, GapReason};
use layerproof::revocation::{Answered, Asking, CRL_BYTES, OCSP_BYTES, Recording, ask};
use layerproof::signature::RevocationQuestion;
use layerproof::signature::revocation::{AnswerSource, ChainOf, RevocationAnswer};

use super::{Pki, now};
use crate::forge::pki::{Extension, at};
use crate::forge::revocation::{Answer, Crl, OcspResponse, Status};

/// A responder and a host of lists in one, on loopback; stopped when it is dropped.
pub struct Ca {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Ca {
    /// `answer` is given method, path and body.
    pub fn start(answer: impl Fn(&str, &[u8]) -> Response + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (log, answer) = (seen.clone(), Arc::new(answer));
        let app = axum::Router::new().fallback(move |request: Request| {
            let (log, answer) = (log.clone(), answer.clone());
            async move {
                let what = format!("{} {}", request.method(), request.uri().path());
                log.lock().unwrap().push(what.clone());
                let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
                answer(&what, &body)
            }
        });
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, seen, runtime: Some(runtime) }
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub fn pki(&self) -> Pki {
        Pki::at(&format!("http://{}/ocsp", self.address), &format!("http://{}/ca.crl", self.address))
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub fn bytes(bytes: Vec<u8>) -> Response {
    Response::new(Body::from(bytes))
}

pub fn status(code: u16) -> Response {
    Response::builder().status(StatusCode::from_u16(code).unwrap()).body(Body::empty()).unwrap()
}

fn good(pki: &Pki) -> Vec<u8> {
    OcspResponse::by_issuer(&pki.root, Answer::about(&pki.leaf.cert, &pki.root, Status::Good)).der()
}

fn revoked(pki: &Pki) -> Vec<u8> {
    OcspResponse::by_issuer(&pki.root, Answer::about(&pki.leaf.cert, &pki.root, Status::Revoked(at("2026-09-02T00:00:00Z"), Some(1)))).der()
}

pub fn question(pki: &Pki, used_at: Option<&str>) -> RevocationQuestion {
    RevocationQuestion::Certificates { of: ChainOf::Signer, chain: pki.chain(), used_at: used_at.map(at) }
}

pub fn online() -> Clients {
    Clients::with(Network::default(), Patience::default(), LoginFiles::default()).unwrap()
}

pub fn ask_with(clients: &Clients, pki: &Pki, recorded: Option<&Recording>, now: Timestamp) -> (RevocationAnswer, Answered) {
    let question = question(pki, None);
    let login = Login::default();
    let asking = Asking { clients, nobody: None, login: &login, recorded, now };
    let answered = ask(&BTreeSet::from([question.clone()]), asking);
    (answered.answers[&question].clone(), answered)
}

fn answer_of(pki: &Pki) -> RevocationAnswer {
    ask_with(&online(), pki, None, now()).0
}

#[track_caller]
pub fn unknown(answer: RevocationAnswer) -> Gap {
    match answer {
        RevocationAnswer::Unknown(gap) => gap,
        RevocationAnswer::NotRevoked { .. } | RevocationAnswer::Revoked { .. } => panic!("{answer:?}"),
    }
}

/// A server whose answers are made for the chain that names it: the address is known only then.
fn of(ocsp: impl Fn(&Pki) -> Response + Send + Sync + 'static, list: impl Fn(&Pki) -> Response + Send + Sync + 'static) -> (Ca, Pki) {
    let known: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
    let told = known.clone();
    let ca = Ca::start(move |what, _| {
        let address = told.lock().unwrap().expect("an address");
        let pki = Pki::at(&format!("http://{address}/ocsp"), &format!("http://{address}/ca.crl"));
        if what.contains("/ocsp") { ocsp(&pki) } else { list(&pki) }
    });
    *known.lock().unwrap() = Some(ca.address);
    let pki = ca.pki();
    (ca, pki)
}

#[test]
fn a_revoked_certificate_is_revoked_and_no_list_is_asked() {
    let (ca, pki) = of(|pki| bytes(revoked(pki)), |pki| bytes(Crl::of(&pki.root).der()));
    let RevocationAnswer::Revoked { what, source } = answer_of(&pki) else { panic!("not revoked") };
    assert!(what[0].contains("CN=release") && what[0].contains("keyCompromise"), "{what:?}");
    assert!(matches!(source, AnswerSource::Signed { .. }));
    assert_eq!(ca.seen(), ["POST /ocsp"]);
}

#[test]
fn a_list_stands_in_where_ocsp_gives_nothing_and_can_revoke() {
    let broken: [fn(&Pki) -> Response; 6] = [
        |_| status(500),
        |_| status(404),
        |_| bytes(b"<!doctype html>".to_vec()),
        |_| bytes(OcspResponse::error(3)),
        |pki| bytes(OcspResponse::by_issuer(&pki.root, Answer::about(&pki.leaf.cert, &pki.root, Status::Unknown)).der()),
        |_| Response::builder().status(302).header("location", "/elsewhere").body(Body::empty()).unwrap(),
    ];
    for ocsp in broken {
        let (ca, pki) = of(ocsp, |pki| bytes(Crl::of(&pki.root).revoke(&pki.leaf.cert, "2026-09-01T00:00:00Z", None).der()));
        assert!(matches!(answer_of(&pki), RevocationAnswer::Revoked { .. }), "{:?}", ca.seen());
        assert_eq!(ca.seen(), ["POST /ocsp", "GET /ca.crl"]);
        let (_, pki) = of(ocsp, |pki| bytes(Crl::of(&pki.root).der()));
        // The server of this chain is gone: nobody answers.
        assert_eq!(unknown(answer_of(&pki)).reason, GapReason::NotRecorded);
        let (_ca, pki) = of(ocsp, |pki| bytes(Crl::of(&pki.root).der()));
        assert!(matches!(answer_of(&pki), RevocationAnswer::NotRevoked { source: AnswerSource::Signed { .. } }));
    }
}

#[test]
fn nothing_that_holds_is_unknown_and_names_what_was_tried() {
    let (_ca, pki) = of(
        |_| status(503),
        |pki| {
            let mut list = Crl::of(&pki.root);
            list.next_update = Some(at("2026-09-02T00:00:00Z"));
            bytes(list.der())
        },
    );
    let gap = unknown(answer_of(&pki));
    assert!(gap.detail.contains("HTTP 503") && gap.detail.contains("stale") && gap.detail.contains("CN=release"), "{gap}");
    assert!(!gap.author_can_cause(), "what is in the way of an answer is not the author's doing");
    let (_ca, pki) = of(|_| status(503), |pki| bytes(Crl::of(&pki.root).delta(3).der()));
    assert_eq!(unknown(answer_of(&pki)).reason, GapReason::NotBuilt);
}

#[test]
fn answers_without_an_end_and_those_that_never_come_are_given_up() {
    let endless = || Body::from_stream(stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 65_536])));
    let (_ca, pki) = of(move |_| Response::new(endless()), move |_| Response::new(endless()));
    let gap = unknown(answer_of(&pki));
    assert!(gap.detail.contains(&OCSP_BYTES.to_string()) && gap.detail.contains(&CRL_BYTES.to_string()), "{gap}");
    let never = || Response::new(Body::from_stream(stream::pending::<Result<Vec<u8>, std::convert::Infallible>>()));
    let (_ca, pki) = of(move |_| never(), |pki| bytes(Crl::of(&pki.root).der()));
    assert!(matches!(answer_of(&pki), RevocationAnswer::NotRevoked { .. }), "the list is asked after five seconds");
}

#[test]
fn metadata_services_and_odd_addresses_are_not_asked() {
    for place in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/x",
        "http://metadata.google.internal/x",
        "http://user:password@example.com/",
        "http://0xa9fea9fe/",
        "ftp://example.com/ca.crl",
        "ldap://example.com/cn=ca",
        "file:///etc/passwd",
    ] {
        for pki in [Pki::at(place, ""), Pki::at("", place)] {
            let gap = unknown(answer_of(&pki));
            let said = gap.detail.contains("is not asked") || gap.detail.contains("none that can be asked");
            assert!(said, "{place}: {gap}");
        }
    }
    let redirect = |_: &Pki| {
        Response::builder().status(302).header("location", "http://169.254.169.254/latest/meta-data").body(Body::empty()).unwrap()
    };
    let (_ca, pki) = of(redirect, redirect);
    let gap = unknown(answer_of(&pki));
    assert!(gap.detail.contains("a redirect to http://169.254.169.254/latest/meta-data is not followed"), "{gap}");
}

#[test]
fn every_list_that_a_certificate_names_must_hold() {
    let (ca, mut pki) = of(|_| status(500), |pki| bytes(Crl::of(&pki.root).der()));
    let point = |path: &str| {
        let whole = Extension::crl_distribution_point(&format!("http://{}{path}", ca.address)).value;
        whole[2..].to_vec()
    };
    assert!(whole_length_is_short(&point("/ca.crl")));
    pki.leaf.cert.set(Extension::new(
        crate::forge::der::oids::CRL_DISTRIBUTION_POINTS,
        crate::forge::der::tlv(0x30, &[point("/ca.crl"), point("/b.crl")].concat()),
    ));
    assert!(matches!(answer_of(&pki), RevocationAnswer::NotRevoked { .. }));
    assert_eq!(ca.seen().iter().filter(|what| what.contains(".crl")).count(), 2);
}

/// The outer header of a short sequence is two bytes.
fn whole_length_is_short(point: &[u8]) -> bool {
    point.first() == Some(&0x30) && point.len() < 0x80
}

#[test]
fn who_can_be_revoked_by_nobody_is_no_gap_and_opens_no_connection() {
    let pki = Pki::at("", "");
    assert_eq!(ask_with(&Clients::offline(), &pki, None, now()).0, RevocationAnswer::NotRevoked { source: AnswerSource::NonRevokable });
}

#[test]
fn a_chain_that_does_not_hold_opens_no_connection() {
    let (ca, mut pki) = of(|pki| bytes(good(pki)), |pki| bytes(Crl::of(&pki.root).der()));
    pki.root.key = super::stranger().key;
    let chain = vec![pki.leaf.signed_by(&pki.root), ca.pki().root.self_signed()];
    let question = RevocationQuestion::Certificates { of: ChainOf::Signer, chain, used_at: None };
    let (clients, login) = (online(), Login::default());
    let asking = Asking { clients: &clients, nobody: None, login: &login, recorded: None, now: now() };
    let answered = ask(&BTreeSet::from([question.clone()]), asking);
    unknown(answered.answers[&question].clone());
    assert!(ca.seen().is_empty());
}

#[test]
fn offline_is_unknown_unless_a_recording_has_it_and_that_is_verified_again() {
    let (ca, pki) = of(|pki| bytes(good(pki)), |_| status(404));
    let (answer, answered) = ask_with(&online(), &pki, None, now());
    assert!(matches!(answer, RevocationAnswer::NotRevoked { .. }), "{answer:?}");
    assert_eq!(answered.live.len(), 1);
    let asked = ca.seen().len();
    let offline = Clients::offline();
    let gap = unknown(ask_with(&offline, &pki, None, now()).0);
    assert!(gap.detail.contains("--offline"), "{gap}");
    let (replayed, again) = ask_with(&offline, &pki, Some(&answered.live), now());
    assert_eq!(replayed, answer, "what is signed is as good recorded as live");
    assert!(again.live.is_empty(), "a recording grows no younger by being repeated");
    // A week later it is stale, whoever recorded it.
    let gap = unknown(ask_with(&offline, &pki, Some(&answered.live), at("2026-09-09T00:00:00Z")).0);
    assert!(gap.detail.contains("stale"), "{gap}");
    // Of another certificate of the same responder nothing is recorded.
    let mut other = ca.pki();
    other.leaf.cert.serial.push(1);
    unknown(ask_with(&offline, &other, Some(&answered.live), now()).0);
    assert_eq!(ca.seen().len(), asked);
}

#[test]
fn equal_questions_and_shared_certificates_are_asked_once() {
    let (ca, pki) = of(|pki| bytes(good(pki)), |_| status(404));
    let (clients, login) = (online(), Login::default());
    let questions: BTreeSet<_> = [None, Some("2026-09-01T00:00:00Z"), Some("2026-09-02T00:00:00Z")].map(|used| question(&pki, used)).into();
    let asking = Asking { clients: &clients, nobody: None, login: &login, recorded: None, now: now() };
    assert_eq!(ask(&questions, asking).answers.len(), 3);
    assert_eq!(ca.seen(), ["POST /ocsp"]);
}

#[test]
fn what_proves_nothing_is_not_kept() {
    let (_ca, pki) = of(|_| bytes(b"<!doctype html>".to_vec()), |_| bytes(b"<!doctype html>".to_vec()));
    let (answer, answered) = ask_with(&online(), &pki, None, now());
    unknown(answer);
    assert!(answered.live.is_empty());
}
