//! What stands beside an image: denied, throttled and garbled is never "unsigned".

use layerproof::fetch::Fetching;
use layerproof::fetch::signatures::SignatureSources;
use layerproof::model::artifact::Subject;
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::scan::{Beside, Gather, Progress, examine};
use layerproof::signature::beside::layout::attachments;
use layerproof::signature::{Outcome, Signatures, TrustAnchors};
use layerproof::unpack::{Layout, Limits};
use serde_json::{Value, json};

use super::server::{INDEX, MANIFEST, Server, endless, envelope, html, json_of, plain, serve, with};
use super::{Bed, Pulled, digest, image};

type Answer = fn() -> axum::response::Response;

const NOTARY: &str = "application/vnd.cncf.notary.signature";

/// A signature of the Notary kind about `image`, in the registry but in no list.
fn signature(server: &Server, image: &Value, number: usize) -> Value {
    let blob = server.blob("application/jose+json", format!("signature {number}").as_bytes());
    let config = server.blob("application/vnd.oci.empty.v1+json", b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": NOTARY, "config": config, "layers": [blob],
        "subject": {"mediaType": MANIFEST, "digest": digest(image), "size": 1},
    });
    let mut described = server.manifest(MANIFEST, &manifest, None);
    described["artifactType"] = json!(NOTARY);
    described
}

fn list(manifests: &[Value]) -> Value {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
}

fn listed(pulled: &Pulled) -> Vec<String> {
    let index: Value = serde_json::from_slice(&pulled.index).unwrap();
    index["manifests"].as_array().unwrap().iter().skip(1).map(|m| m["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_registry_without_the_api_and_without_tags_has_no_signatures() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let pulled = bed.pulled(&server.host, digest(&image));
    assert!(pulled.unknown.is_none() && listed(&pulled).is_empty());
    let hex = digest(&image).trim_start_matches("sha256:");
    for asked in
        [format!("referrers/{}", digest(&image)), format!("sha256-{hex}"), format!("sha256-{hex}.sig"), format!("sha256-{hex}.att")]
    {
        assert!(server.log().iter().any(|a| a.path.ends_with(&asked)), "{asked}");
    }
}

#[test]
fn denied_throttled_and_garbled_lists_are_never_empty_lists() {
    let answers: [(&str, Answer); 13] = [
        ("401", || envelope(401, "UNAUTHORIZED")),
        ("403", || envelope(403, "DENIED")),
        ("404 that means denied", || envelope(404, "DENIED")),
        ("404 for people", || html(404)),
        ("404 in JSON of another kind", || with(plain(404, r#"{"message": "denied"}"#), "content-type", "application/json")),
        ("429", || envelope(429, "TOOMANYREQUESTS")),
        ("500", || plain(500, "")),
        ("503", || html(503)),
        ("200 for people", || html(200)),
        ("200 and nothing", || plain(200, "")),
        ("200 and no list", || json_of(INDEX, &json!({"schemaVersion": 2}))),
        ("200 and something else", || json_of(INDEX, &json!([]))),
        ("endless", endless),
    ];
    for place in ["/referrers/", "/manifests/sha256-"] {
        for (what, answer) in answers {
            let (server, bed) = (Server::new(), Bed::new());
            let image = image(&server, "amd64");
            server.fault(move |asked| asked.path.contains(place).then(answer));
            let pulled = bed.pulled(&server.host, digest(&image));
            assert!(pulled.unknown.is_some(), "{place} {what}");
            assert!(bed.analysed(&pulled, digest(&image), "x86_64").contents.complete, "the image itself was pulled");
        }
    }
}

#[test]
fn a_tag_that_is_missing_without_words_is_unknown() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    server.fault(|asked| asked.path.ends_with(".sig").then(|| plain(404, "404 page not found")));
    assert_eq!(bed.pulled(&server.host, digest(&image)).unknown.unwrap().reason, GapReason::Unreachable);
}

#[test]
fn pages_of_referrers_are_read_to_the_end() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let all: Vec<Value> = (0..3).map(|number| signature(&server, &image, number)).collect();
    let wanted: Vec<String> = all.iter().map(|d| digest(d).to_owned()).collect();
    server.fault(move |asked| {
        let page: usize = asked.path.contains("/referrers/").then(|| asked.query.trim_start_matches("page=").parse().unwrap_or(0))?;
        let response = json_of(INDEX, &list(&all[page..=page]));
        Some(if page < 2 { with(response, "link", &format!("<?page={}>; rel=\"next\"", page + 1)) } else { response })
    });
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!((listed(&pulled), pulled.unknown), (wanted, None));
}

/// The next page of referrers, in every form that RFC 8288 lets a registry write it, and in some that cannot be read.
#[test]
fn a_signature_on_the_next_page_is_never_unsigned_however_the_page_is_named() {
    let long = format!("<?page=1&x={}>; rel=\"next\"", "a".repeat(9_000));
    let named: [(&[&[u8]], bool); 8] = [
        (&[b"</v2/x>; rel=\"first\"", b"<?page=1>; rel=\"next\""], true),
        (&[b"</v2/x>; rel=\"first\", <?page=1>; rel=\"next\""], true),
        (&[b"<?page=1>; rel=\"NEXT\""], true),
        (&[b"<?page=1>; REL=Next"], true),
        (&[b"<?page=1>; title=\"a;b\"; rel=\"prev next\""], true),
        (&[b"<?page=1&x=a,b>; rel=\"Next\""], false),
        (&[b"<?page=1&x=\xff>; rel=\"next\""], false),
        (&[long.as_bytes()], false),
    ];
    for (links, is_read) in named {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let signed = signature(&server, &image, 1);
        let wanted = digest(&signed).to_owned();
        let links: Vec<Vec<u8>> = links.iter().map(|link| link.to_vec()).collect();
        let what: Vec<String> = links.iter().map(|link| String::from_utf8_lossy(link).chars().take(60).collect()).collect();
        server.fault(move |asked| {
            if !asked.path.contains("/referrers/") {
                return None;
            }
            if asked.query.contains("page=1") {
                return Some(json_of(INDEX, &list(std::slice::from_ref(&signed))));
            }
            let mut response = json_of(INDEX, &list(&[]));
            for link in &links {
                response.headers_mut().append("link", axum::http::HeaderValue::from_bytes(link).unwrap());
            }
            Some(response)
        });
        let pulled = bed.pulled(&server.host, digest(&image));
        assert_eq!(listed(&pulled) == [wanted], is_read, "{what:?}");
        assert_eq!(pulled.unknown.is_none(), is_read, "{what:?}");
    }
}

#[test]
fn pages_that_go_round_lead_elsewhere_or_never_end_are_unknown() {
    for link in ["<?page=0>; rel=\"next\"", "<http://example.com/v2/x>; rel=\"next\"", "next", "<?page=N>; rel=\"next\""] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        server.fault(move |asked| {
            let link = link.replace('N', &asked.nth.to_string());
            asked.path.contains("/referrers/").then(|| with(json_of(INDEX, &list(&[])), "link", &link))
        });
        assert!(bed.pulled(&server.host, digest(&image)).unknown.is_some(), "{link}");
        assert!(server.count("/referrers/") <= 16, "{link}");
    }
}

#[test]
fn a_list_that_was_filtered_unasked_is_unknown() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    server
        .fault(|asked| asked.path.contains("/referrers/").then(|| with(json_of(INDEX, &list(&[])), "oci-filters-applied", "artifactType")));
    assert!(bed.pulled(&server.host, digest(&image)).unknown.is_some());
}

#[test]
fn too_many_and_oversized_referrers_are_a_gap_and_do_not_hide_the_others() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let good = signature(&server, &image, 1);
    let mut large = signature(&server, &image, 2);
    large["size"] = json!(5_000_000);
    let both = list(&[large, good.clone()]);
    server.fault(move |asked| asked.path.contains("/referrers/").then(|| json_of(INDEX, &both)));
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!(pulled.unknown.as_ref().unwrap().reason, GapReason::TooLarge { limit: "signature_bytes".into() });
    assert_eq!(listed(&pulled), [digest(&good)]);

    let (server, bed) = (Server::new(), Bed::new());
    let image = super::image(&server, "amd64");
    let many = list(&vec![signature(&server, &image, 1); 300]);
    server.fault(move |asked| asked.path.contains("/referrers/").then(|| json_of(INDEX, &many)));
    let gap = bed.pulled(&server.host, digest(&image)).unknown.unwrap();
    assert_eq!(gap.reason, GapReason::TooLarge { limit: "referrers".into() });
}

#[test]
fn a_referrer_that_is_not_as_large_as_it_is_listed_is_a_gap() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let mut small = signature(&server, &image, 1);
    small["size"] = json!(1);
    let all = list(&[small]);
    server.fault(move |asked| asked.path.contains("/referrers/").then(|| json_of(INDEX, &all)));
    let pulled = bed.pulled(&server.host, digest(&image));
    assert!(pulled.unknown.is_some() && listed(&pulled).is_empty());
}

#[test]
fn a_listed_signature_that_is_denied_or_gone_is_a_gap() {
    for (status, code) in [(403, "DENIED"), (404, "MANIFEST_UNKNOWN")] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let signature = signature(&server, &image, 1);
        let name = digest(&signature).to_owned();
        let all = list(&[signature]);
        server.fault(move |asked| asked.path.contains("/referrers/").then(|| json_of(INDEX, &all)));
        server.fault(move |asked| asked.path.ends_with(&name).then(|| envelope(status, code)));
        let pulled = bed.pulled(&server.host, digest(&image));
        assert!(pulled.unknown.is_some() && listed(&pulled).is_empty());
    }
}

#[test]
fn fallback_tag_and_cosigns_tags_are_pulled_with_their_blobs() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let hex = digest(&image).trim_start_matches("sha256:");
    let notary = signature(&server, &image, 1);
    server.manifest(INDEX, &list(std::slice::from_ref(&notary)), Some(&format!("sha256-{hex}")));
    let payload = server.blob("application/vnd.dev.cosign.simplesigning.v1+json", b"payload");
    let config = server.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let cosign = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [payload]});
    server.manifest(MANIFEST, &cosign, Some(&format!("sha256-{hex}.sig")));
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!((listed(&pulled).len(), &pulled.unknown), (2, &None));
    for bytes in [&b"payload"[..], b"signature 1"] {
        assert!(bed.store.get(&Digest::of(bytes).into()).unwrap().is_some());
    }
    let found = found(&bed, &pulled, digest(&image));
    assert_eq!(found, [format!("sha256-{hex}.sig"), digest(&notary).to_owned()]);
}

/// What examining makes of what was pulled.
fn examined(bed: &Bed, server: &Server, image: &Value) -> Signatures {
    struct Silent;
    impl Progress for Silent {
        fn stage(&self, _: &'static str, _: usize) {}
        fn step(&self) {}
    }
    let Observed::Present(fetched) = bed.fetch(&server.host, digest(image), "x86_64") else { panic!() };
    let (anchors, limits, now) = (TrustAnchors::default(), Limits::default(), "2026-11-22T00:00:00Z".parse().unwrap());
    let gather = Gather {
        fetching: Fetching { store: &bed.store, clients: &bed.clients, refetch: false },
        signatures: &SignatureSources::default(),
        anchors: &anchors,
        limits: &limits,
        now,
        progress: &Silent,
    };
    examine(&fetched, &Subject::File("image".into()), &Beside::default(), &gather).unwrap().signatures
}

#[test]
fn a_gap_never_hides_behind_what_was_found_nor_reads_as_unsigned() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    assert!(examined(&bed, &server, &image).is_absent(), "nothing is there, and the registry said so");
    server.fault(|asked| asked.path.ends_with(".att").then(|| envelope(403, "DENIED")));
    let denied = examined(&bed, &server, &image);
    assert!(matches!(denied.gap().unwrap().reason, GapReason::Denied { .. }), "{denied:?}");
    let hex = digest(&image).trim_start_matches("sha256:");
    server.manifest(INDEX, &list(&[signature(&server, &image, 1)]), Some(&format!("sha256-{hex}")));
    let both = examined(&bed, &server, &image);
    let found = both.present().unwrap();
    let outcomes: Vec<&Outcome> = found.iter().map(|signature| &signature.outcome).collect();
    let [Outcome::Invalid(_), Outcome::Inconclusive(undetermined)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert!(matches!(undetermined.gap.reason, GapReason::Denied { .. }), "{undetermined:?}");
}

/// Where the scheme finds signatures in what was pulled.
fn found(bed: &Bed, pulled: &Pulled, image: &str) -> Vec<String> {
    let layout = Layout::in_store(&bed.store, pulled.index.clone());
    let bytes = std::fs::read(bed.store.blob_folder().path(&ClaimedDigest::from_oci(image).unwrap())).unwrap();
    let subject = Subject::File("image".into());
    let (there, _) = attachments(&layout, &subject, Digest::of(&bytes), &Limits::default());
    let mut found: Vec<String> = there.attachments.found.into_iter().map(|attachment| attachment.location).collect();
    found.sort();
    found.reverse();
    if found.iter().any(|f| f.starts_with("sha256:")) {
        found.sort_by_key(|f| f.starts_with("sha256:"));
    }
    found
}

#[test]
fn a_registry_with_the_referrers_api_lists_what_was_pushed_with_a_subject() {
    let ferro = ferro_oci_server::build_app(ferro_oci_server::Config::from_raw(None, None).blob_store().unwrap());
    let (host, runtime) = serve(ferro);
    let staging = Server::new();
    let image = image(&staging, "amd64");
    let signature = signature(&staging, &image, 1);
    push(&runtime, &host, &staging);
    let bed = Bed::new();
    let pulled = bed.pulled(&host, digest(&image));
    assert_eq!((listed(&pulled), &pulled.unknown), (vec![digest(&signature).to_owned()], &None));
    assert_eq!(found(&bed, &pulled, digest(&image)), [digest(&signature)]);
    assert!(bed.store.get(&Digest::of(b"signature 1").into()).unwrap().is_some());
    runtime.shutdown_background();
}

/// Copies what a staging server holds into a real one.
fn push(runtime: &tokio::runtime::Runtime, host: &str, staging: &Server) {
    let http = reqwest::Client::new();
    let mut content = staging.content();
    content.sort_by_key(|(name, _, _)| name.starts_with("manifests/"));
    for (name, media_type, bytes) in content {
        let base = format!("http://{host}/v2/team/app");
        let (method, address) = match name.strip_prefix("blobs/") {
            Some(digest) => (reqwest::Method::POST, format!("{base}/blobs/uploads/?digest={digest}")),
            None => (reqwest::Method::PUT, format!("{base}/{name}")),
        };
        let request = http.request(method, address).header("content-type", media_type).body(bytes);
        let response = runtime.block_on(request.send()).unwrap();
        assert!(response.status().is_success(), "{name}: {}", response.status());
    }
}

/// What whoever may push to the repository can bring about is refused, and never taken for something that we could not look at.
#[track_caller]
fn is_the_pushers_doing(signatures: &Signatures, what: &str) {
    match signatures {
        Observed::Absent => panic!("{what}: it reads as unsigned"),
        Observed::Unknown(gap) => assert!(gap.author_can_cause(), "{what}: {gap:?}"),
        Observed::Present(found) => {
            let blamed = found.iter().any(|signature| match &signature.outcome {
                Outcome::Invalid(_) => true,
                Outcome::Inconclusive(undetermined) => undetermined.gap.author_can_cause(),
                Outcome::Valid(_) => false,
            });
            assert!(blamed, "{what}: {found:#?}");
        }
    }
}

#[test]
fn a_signature_that_is_listed_and_was_never_pushed_does_not_lift_a_refusal() {
    let config = json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(b"{}").to_string(), "size": 2});
    let missing = json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "digest": Digest::of(b"no").to_string(), "size": 2});
    for whole in [true, false] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let hex = digest(&image).trim_start_matches("sha256:").to_owned();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "config": config, "layers": [missing], "subject": {"mediaType": MANIFEST, "digest": digest(&image), "size": 1},
        });
        server.blob("application/vnd.oci.empty.v1+json", b"{}");
        let referrer = if whole { server.manifest(MANIFEST, &manifest, None) } else { missing.clone() };
        server.manifest(INDEX, &list(&[referrer]), Some(&format!("sha256-{hex}")));
        is_the_pushers_doing(&examined(&bed, &server, &image), if whole { "its blob is not there" } else { "its manifest is not there" });
    }
}

/// Two readers of one manifest must not disagree: what the one finds no blobs in, the other would miss them in.
#[test]
fn a_signature_whose_manifest_is_odd_is_pulled_all_the_same_and_judged() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 4] = [
        ("a null", |manifest| manifest["config"]["artifactType"] = Value::Null),
        ("a platform of another kind", |manifest| manifest["layers"][0]["platform"] = json!("linux")),
        ("no config", |manifest| drop(manifest.as_object_mut().unwrap().remove("config"))),
        ("an empty list of manifests", |manifest| manifest["manifests"] = json!([])),
    ];
    for (what, change) in changes {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let hex = digest(&image).trim_start_matches("sha256:").to_owned();
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": server.blob("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [server.blob("application/vnd.dev.sigstore.bundle.v0.3+json", b"{}")],
            "subject": {"mediaType": MANIFEST, "digest": digest(&image), "size": 1},
        });
        change(&mut manifest);
        let referrer = server.manifest(MANIFEST, &manifest, None);
        server.manifest(INDEX, &list(&[referrer]), Some(&format!("sha256-{hex}")));
        is_the_pushers_doing(&examined(&bed, &server, &image), what);
    }
}

#[test]
fn what_could_not_be_had_does_not_hide_what_the_pusher_brought_about() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let hex = digest(&image).trim_start_matches("sha256:").to_owned();
    server.fault(|asked| asked.path.contains("/referrers/").then(|| envelope(403, "DENIED")));
    let mut huge = signature(&server, &image, 1);
    huge["size"] = json!(1_u64 << 40);
    server.manifest(INDEX, &list(&[huge]), Some(&format!("sha256-{hex}")));
    is_the_pushers_doing(&examined(&bed, &server, &image), "too large, after a denial");
}
