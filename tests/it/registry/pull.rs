//! Manifests and blobs.

use layerproof::clients::Network;
use layerproof::clients::registry::LoginFiles;
use layerproof::fetch::{Fetched, resolve};
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::model::image_ref::ImageRef;
use layerproof::model::observed::Observed;
use layerproof::unpack::AnomalyKind;
use serde_json::json;

use super::server::{INDEX, MANIFEST, Server, broken, endless, envelope, html, plain, redirect, silent, with};
use super::{Bed, digest, image, image_of, layer};
use crate::forge::oci::{CONFIG, LAYER_GZIP};

#[test]
fn an_image_is_pulled_whole_and_each_blob_is_asked_for_once() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let pulled = bed.pulled(&server.host, digest(&image));
    assert!(pulled.unknown.is_none() && pulled.other_bytes.is_empty(), "{pulled:?}");
    let analysed = bed.analysed(&pulled, digest(&image), "x86_64");
    assert!(analysed.contents.complete, "{:?}", analysed.contents.anomalies);
    assert_eq!(analysed.contents.tree.entries.len(), 2);
    assert_eq!(server.count("/blobs/"), 3);
    assert!(server.log().iter().all(|asked| asked.header("authorization").is_none() && asked.method == "GET"));

    server.forget();
    bed.pulled(&server.host, digest(&image));
    assert_eq!((server.count("/blobs/"), server.count(digest(&image))), (0, 1), "the list of referrers alone is asked for again");
    let again = Bed { refetch: true, clients: Bed::new().clients, ..bed };
    again.pulled(&server.host, digest(&image));
    assert_eq!(server.count("/blobs/"), 3);
}

#[test]
fn a_damaged_blob_in_the_store_is_downloaded_again() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    bed.pulled(&server.host, digest(&image));
    let (bytes, _) = layer("a", &"a".repeat(100_000));
    let path = bed.store.blob_folder().path(&Digest::of(&bytes).into());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "other").unwrap();
    server.forget();
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!(server.count("/blobs/"), 1);
    assert!(bed.analysed(&pulled, digest(&image), "x86_64").contents.complete);
}

#[test]
fn an_index_gives_lambdas_architecture_and_not_this_machines() {
    let (server, bed) = (Server::new(), Bed::new());
    let (amd, arm) = (image(&server, "amd64"), image_of(&server, "arm64", &[layer("arm", "x")]));
    let mut manifests = vec![];
    for (described, platform) in [
        (&amd, json!({"os": "linux", "architecture": "amd64"})),
        (&arm, json!({"os": "linux", "architecture": "arm64", "variant": "v8"})),
        (
            &json!({"mediaType": MANIFEST, "digest": Digest::of(b"attestation").to_string(), "size": 5}),
            json!({"os": "unknown", "architecture": "unknown"}),
        ),
    ] {
        let mut described = described.clone();
        described["platform"] = platform;
        manifests.push(described);
    }
    let index = server.manifest(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}), None);
    for (architecture, file) in [("x86_64", "amd64"), ("arm64", "arm")] {
        assert!(matches!(bed.fetch(&server.host, digest(&index), architecture), Observed::Present(Fetched::Image { .. })));
        let pulled = bed.pulled(&server.host, digest(&index));
        let analysed = bed.analysed(&pulled, digest(&index), architecture);
        assert!(analysed.contents.complete, "{:?}", analysed.contents.anomalies);
        assert!(analysed.contents.tree.entries.iter().any(|entry| entry.path == file), "{architecture}");
    }
    assert_eq!(server.count(&Digest::of(b"attestation").hex()), 0);
}

#[test]
fn other_bytes_under_a_blobs_digest_are_seen_and_are_not_the_image() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let (bytes, _) = layer("a", &"a".repeat(100_000));
    let mut other = bytes.clone();
    other[50_000] ^= 1;
    server.put(&format!("blobs/{}", Digest::of(&bytes)), "application/octet-stream", &other);
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!(pulled.other_bytes.len(), 1, "{:?}", pulled.other_bytes);
    assert!(pulled.other_bytes[0].contains(&Digest::of(&other).hex()));
    let contents = bed.analysed(&pulled, digest(&image), "x86_64").contents;
    assert!(!contents.complete && contents.anomalies.iter().any(|a| a.kind == AnomalyKind::DigestMismatch));
}

#[test]
fn a_manifest_that_is_not_the_one_asked_for_is_no_manifest() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    server.put(&format!("manifests/{}", digest(&image)), MANIFEST, br#"{"schemaVersion":2}"#);
    // Whatever the registry claims of it.
    let claimed = digest(&image).to_owned();
    server.fault(move |asked| {
        let hit = asked.path.contains("/manifests/sha256:");
        hit.then(|| with(with(plain(200, r#"{"schemaVersion":2}"#), "docker-content-digest", &claimed), "content-type", MANIFEST))
    });
    let pulled = bed.pulled(&server.host, digest(&image));
    assert_eq!(pulled.other_bytes.len(), 1);
    assert!(bed.analysed(&pulled, digest(&image), "x86_64").info.is_none());
}

#[test]
fn a_download_that_breaks_off_goes_on_from_there() {
    for ignores_range in [false, true] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let (bytes, _) = layer("a", &"a".repeat(100_000));
        let name = Digest::of(&bytes).to_string();
        let whole = bytes.clone();
        server.fault(move |asked| {
            let hit = asked.path.ends_with(&name);
            match asked.nth {
                0 | 1 if hit && (asked.nth == 0 || ignores_range) => Some(broken(&whole[..60_000 + asked.nth * 10_000], whole.len())),
                _ if hit && ignores_range => Some(with(plain(200, ""), "x", "y")).map(|mut response| {
                    *response.body_mut() = whole.clone().into();
                    response
                }),
                _ => None,
            }
        });
        let pulled = bed.pulled(&server.host, digest(&image));
        assert!(bed.analysed(&pulled, digest(&image), "x86_64").contents.complete, "{ignores_range}");
        let ranges: Vec<_> = server.log().iter().filter_map(|asked| asked.header("range").map(str::to_owned)).collect();
        assert_eq!(ranges.first().map(String::as_str), Some("bytes=60000-"), "{ignores_range}");
    }
}

#[test]
fn a_blob_that_always_breaks_off_is_a_gap() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    server.fault(|asked| asked.path.contains("/blobs/").then(|| broken(b"", 50)));
    assert_eq!(bed.gap(&server.host, digest(&image)).reason, GapReason::Unreachable);
    assert!(server.count("/blobs/") < 60, "{}", server.count("/blobs/"));
}

#[test]
fn pieces_of_a_blob_that_never_came_whole_are_no_proof_of_other_bytes() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let (bytes, _) = layer("a", &"a".repeat(100_000));
    let name = Digest::of(&bytes).to_string();
    // Whoever stands between breaks each answer off, and gets the rest wrong.
    server.fault(move |asked| {
        let hit = asked.path.ends_with(&name);
        match asked.header("range") {
            None if hit => Some(broken(&bytes[..50], bytes.len())),
            Some(_) if hit => {
                let range = format!("bytes 50-{}/{}", bytes.len() - 1, bytes.len());
                let mut rest = with(plain(206, ""), "content-range", &range);
                *rest.body_mut() = vec![b'x'; bytes.len() - 50].into();
                Some(rest)
            }
            _ => None,
        }
    });
    let gap = bed.gap(&server.host, digest(&image));
    assert_eq!(gap.reason, GapReason::Unreachable);
    assert!(gap.detail.contains("do not fit together"), "{gap:?}");
}

#[test]
fn an_endless_blob_fills_neither_disk_nor_memory() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    server.fault(|asked| asked.path.contains("/blobs/").then(endless));
    assert_eq!(bed.gap(&server.host, digest(&image)).reason, GapReason::TooLarge { limit: "descriptor_size".into() });
}

#[test]
fn an_endless_manifest_is_given_up_at_the_limit() {
    let (server, bed) = (Server::new(), Bed::new());
    server.fault(|asked| asked.path.contains("/manifests/").then(endless));
    let gap = bed.gap(&server.host, &Digest::of(b"x").to_string());
    assert_eq!(gap.reason, GapReason::TooLarge { limit: "manifest_bytes".into() });
}

#[test]
fn a_hundred_thousand_layers_are_not_asked_for() {
    let (server, bed) = (Server::new(), Bed::new());
    let one = layer("a", "a").0;
    for (layers, limit) in [(100_000, "manifest_bytes"), (10_000, "image_layers")] {
        let described = server.blob(LAYER_GZIP, &one);
        let config = server.blob(CONFIG, b"{}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": vec![described; layers]});
        let bomb = server.manifest(MANIFEST, &manifest, None);
        assert_eq!(bed.gap(&server.host, digest(&bomb)).reason, GapReason::TooLarge { limit: limit.into() });
    }
    assert_eq!(server.count("/blobs/"), 0);
}

#[test]
fn layers_that_claim_petabytes_are_not_asked_for() {
    let (server, bed) = (Server::new(), Bed::new());
    let mut described = server.blob(LAYER_GZIP, b"x");
    described["size"] = json!(u64::MAX);
    let config = server.blob(CONFIG, b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [described, described]});
    let bomb = server.manifest(MANIFEST, &manifest, None);
    assert_eq!(bed.gap(&server.host, digest(&bomb)).reason, GapReason::TooLarge { limit: "image_bytes".into() });
    assert_eq!(server.count("/blobs/"), 0);
}

#[test]
fn an_index_in_an_index_is_not_followed() {
    let (server, bed) = (Server::new(), Bed::new());
    let mut inner = image(&server, "amd64");
    for _ in 0..50 {
        inner["platform"] = json!({"os": "linux", "architecture": "amd64"});
        inner = server.manifest(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner]}), None);
    }
    let pulled = bed.pulled(&server.host, digest(&inner));
    assert!(bed.analysed(&pulled, digest(&inner), "x86_64").info.is_none());
    assert_eq!(server.count("/manifests/sha256:"), 2);
}

#[test]
fn urls_of_a_foreign_layer_are_never_followed() {
    let (server, elsewhere, bed) = (Server::new(), Server::new(), Bed::new());
    let (bytes, diff_id) = layer("a", "a");
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id.to_string()]}});
    let config = server.blob(CONFIG, config.to_string().as_bytes());
    let urls = json!([format!("http://{}/layer", elsewhere.host), "http://169.254.169.254/latest/meta-data"]);
    elsewhere.put("layer", "x", &bytes);
    let layers = json!([{
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": Digest::of(&bytes).to_string(), "size": bytes.len(), "urls": urls,
    }]);
    let manifest = server.manifest(MANIFEST, &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}), None);
    assert_eq!(bed.gap(&server.host, digest(&manifest)).reason, GapReason::Deleted, "the registry itself does not have it");
    assert!(elsewhere.log().is_empty());
}

#[test]
fn a_tag_that_moves_between_two_reads_changes_nothing() {
    let (server, bed) = (Server::new(), Bed::new());
    let first = image(&server, "amd64");
    let name: ImageRef = format!("{}/team/app:v1", server.host).parse().unwrap();
    let online = bed.clients.need("x", "x").unwrap();
    let resolved = resolve(&name, None, online);
    assert_eq!(resolved.present().unwrap().to_string(), digest(&first));
    image_of(&server, "amd64", &[layer("evil", "x")]);
    assert_ne!(resolve(&name, None, online), resolved, "it moved");
    let pulled = bed.pulled(&server.host, digest(&first));
    assert!(bed.analysed(&pulled, digest(&first), "x86_64").contents.tree.entries.iter().all(|entry| entry.path != "evil"));

    let gone: ImageRef = format!("{}/team/app:gone", server.host).parse().unwrap();
    assert!(resolve(&gone, None, online).is_absent());
    server.fault(|asked| asked.path.ends_with("/gone").then(|| envelope(403, "DENIED")));
    assert!(resolve(&gone, None, online).gap().is_some(), "denied is not absent");
}

#[test]
fn refusals_are_told_apart_and_say_what_to_do() {
    let denied = |host: &str| GapReason::Denied { action: format!("docker login {host}") };
    for (fault, wanted) in [
        ((|| envelope(401, "UNAUTHORIZED")) as fn() -> _, None),
        (|| envelope(403, "DENIED"), None),
        (|| envelope(404, "DENIED"), None),
        (|| envelope(404, "MANIFEST_UNKNOWN"), Some(GapReason::Deleted)),
        (|| envelope(404, "NAME_UNKNOWN"), Some(GapReason::Deleted)),
        (|| html(404), Some(GapReason::Unreachable)),
        (|| plain(404, "404 page not found"), Some(GapReason::Unreachable)),
        (|| envelope(429, "TOOMANYREQUESTS"), Some(GapReason::Throttled)),
        (|| envelope(403, "TOOMANYREQUESTS"), Some(GapReason::Throttled)),
        (|| plain(500, "oops"), Some(GapReason::Unreachable)),
        (|| plain(418, "tea"), Some(GapReason::Unreachable)),
        (silent, Some(GapReason::Unreachable)),
    ] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let name = digest(&image).to_owned();
        server.fault(move |asked| asked.path.ends_with(&format!("manifests/{name}")).then(fault));
        let gap = bed.gap(&server.host, digest(&image));
        assert_eq!(gap.reason, wanted.unwrap_or_else(|| denied(&server.host)), "{gap}");
    }
}

#[test]
fn throttling_is_waited_out_as_long_as_the_registry_says_and_no_longer_than_the_limit() {
    for (after, is_pulled) in [("1", true), ("86400", false)] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        server.fault(move |asked| {
            let hit = asked.path.contains("/blobs/") && asked.nth == 0;
            hit.then(|| with(envelope(429, "TOOMANYREQUESTS"), "retry-after", after))
        });
        let began = std::time::Instant::now();
        if is_pulled {
            bed.pulled(&server.host, digest(&image));
            assert!(began.elapsed().as_millis() >= 900);
        } else {
            assert_eq!(bed.gap(&server.host, digest(&image)).reason, GapReason::Throttled);
            assert!(began.elapsed().as_secs() < 60);
        }
    }
}

#[test]
fn a_redirect_to_an_object_store_is_followed_and_takes_no_login_along() {
    let (server, cdn, bed) = (Server::new(), Server::new(), super::login::bed_with_basic());
    let image = image(&server, "amd64");
    super::login::demand_basic(&server);
    let to = cdn.host.clone();
    for (name, bytes) in [("a", "a".repeat(100_000)), ("amd64", "b".into())] {
        let (bytes, _) = layer(name, &bytes);
        cdn.put(&Digest::of(&bytes).to_string(), "x", &bytes);
    }
    let config_is_here = |path: &str| !path.contains("/blobs/");
    let layers: Vec<String> = cdn_names(&cdn);
    server.fault(move |asked| {
        let name = layers.iter().find(|name| asked.path.ends_with(*name) && !config_is_here(&asked.path))?;
        Some(redirect(&format!("http://{to}/bucket/{name}?signature=secret")))
    });
    let pulled = bed.pulled(&server.host, digest(&image));
    assert!(bed.analysed(&pulled, digest(&image), "x86_64").contents.complete);
    assert_eq!(cdn.log().len(), 2);
    assert!(cdn.log().iter().all(|asked| asked.header("authorization").is_none()), "{:?}", cdn.log());
    assert!(server.log().iter().any(|asked| asked.header("authorization").is_some()));
}

fn cdn_names(_: &Server) -> Vec<String> {
    [("a", "a".repeat(100_000)), ("amd64", "b".into())].iter().map(|(name, body)| Digest::of(&layer(name, body).0).to_string()).collect()
}

#[test]
fn redirects_to_metadata_services_other_protocols_and_in_circles_are_not_followed() {
    for to in [
        "http://169.254.169.254/latest/meta-data",
        "http://example.com/x",
        "file:///etc/passwd",
        "/v2/circle",
        "http://[::ffff:169.254.169.254]/",
    ] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        server.fault(move |asked| (asked.path.contains("/blobs/") || asked.path.ends_with("circle")).then(|| redirect(to)));
        let gap = bed.gap(&server.host, digest(&image));
        assert!(gap.detail.contains("redirect"), "{to}: {gap}");
        assert!(server.count("circle") <= 15, "three blobs, five times each");
    }
}

#[test]
fn another_host_is_asked_where_an_endpoint_is_named_and_gaps_keep_the_name() {
    let server = Server::new();
    let image = image(&server, "amd64");
    let mut network = Network::default();
    network.registry_endpoints.insert("registry.example.com".into(), server.host.clone());
    let bed = Bed::with(network, LoginFiles::default());
    bed.pulled("registry.example.com", digest(&image));
    server.fault(|asked| asked.path.contains("/manifests/").then(|| envelope(403, "DENIED")));
    let other = Digest::of(b"x").to_string();
    assert_eq!(bed.gap("registry.example.com", &other).reason, GapReason::Denied { action: "docker login registry.example.com".into() });
    let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let mut network = Network::default();
    network.registry_endpoints.insert(ecr.into(), server.host.clone());
    let bed = Bed::with(network, LoginFiles::default());
    assert_eq!(bed.gap(ecr, &other).reason, GapReason::Denied { action: "ecr:BatchGetImage".into() });
}
