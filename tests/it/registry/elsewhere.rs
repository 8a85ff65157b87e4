//! Signatures in another repository than the artifact's, and on an index above it.

use layerproof::clients::Login;
use layerproof::fetch::signatures::{Beside, SignatureSource, SignatureSources};
use layerproof::fetch::{Fetched, Fetching, ImageBlobs, Wanted, fetch};
use layerproof::model::artifact::{BlobLocation, Subject};
use layerproof::model::attachment::{Attachments, Target, TargetRole};
use layerproof::model::digest::{ClaimedDigest, Digest};
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;
use layerproof::signature::beside::layout::{attachments, attachments_of};
use layerproof::unpack::{Layout, Limits};
use serde_json::{Value, json};

use super::server::{INDEX, MANIFEST, Server, envelope, plain};
use super::{Bed, digest, image};

const NOTARY: &str = "application/vnd.cncf.notary.signature";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn look(bed: &Bed, server: &Server, about: &Digest) -> Beside {
    let source: SignatureSource = format!("oci://{}/signatures", server.host).parse().unwrap();
    let sources = SignatureSources::open(&[source], Login::default());
    let fetching = Fetching { store: &bed.store, clients: &bed.clients, refetch: false };
    sources.look(&ClaimedDigest::from(*about), "layer.zip", fetching).unwrap().pop().unwrap()
}

fn found(bed: &Bed, beside: &Beside, bytes: &[u8]) -> Attachments {
    let target = Target { digest: Digest::of(bytes), size: bytes.len() as u64, media_type: String::new(), role: TargetRole::Itself };
    let mut found = Attachments { gaps: beside.gaps.clone(), ..Attachments::default() };
    for manifests in &beside.manifests {
        let layout = Layout::in_store(&bed.store, manifests.index.clone());
        let there = attachments_of(&layout, &Subject::File("layer.zip".into()), target.clone(), &Limits::default());
        found.found.extend(there.attachments.found);
        found.gaps.extend(there.attachments.gaps);
    }
    found
}

/// A referrer of `subject` with one layer, under its digest.
fn referrer(server: &Server, subject: &str, artifact_type: &str, layer: Value) -> Value {
    let config = server.blob("application/vnd.oci.empty.v1+json", b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": config, "layers": [layer],
        "subject": {"mediaType": "application/octet-stream", "digest": subject, "size": 1},
    });
    server.manifest(MANIFEST, &manifest, None)
}

#[test]
fn signatures_of_a_zip_are_found_in_a_repository_by_its_digest() {
    let (server, bed) = (Server::new(), Bed::new());
    let zip = Digest::of(b"zip");
    assert_eq!(found(&bed, &look(&bed, &server, &zip), b"zip"), Attachments::default());
    let bundle = referrer(&server, &zip.to_string(), BUNDLE, server.blob(BUNDLE, b"bundle"));
    server.manifest(INDEX, &json!({"schemaVersion": 2, "manifests": [bundle]}), Some(&format!("sha256-{}", zip.hex())));
    let payload = server.blob("application/vnd.dev.cosign.simplesigning.v1+json", b"payload");
    let config = server.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let cosign = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [payload]});
    server.manifest(MANIFEST, &cosign, Some(&format!("sha256-{}.sig", zip.hex())));
    let found = found(&bed, &look(&bed, &server, &zip), b"zip");
    assert_eq!((found.found.len(), found.gaps.len()), (2, 0), "{found:?}");
    assert!(found.found.iter().all(|attachment| attachment.target.digest == zip));
}

#[test]
fn another_zips_signature_in_that_repository_does_not_count() {
    let (server, bed) = (Server::new(), Bed::new());
    let zip = Digest::of(b"zip");
    let other = referrer(&server, &Digest::of(b"other").to_string(), BUNDLE, server.blob(BUNDLE, b"bundle"));
    server.manifest(INDEX, &json!({"schemaVersion": 2, "manifests": [other]}), Some(&format!("sha256-{}", zip.hex())));
    let found = found(&bed, &look(&bed, &server, &zip), b"zip");
    assert!(
        matches!(found.found.as_slice(), [one] if matches!(&one.form, layerproof::model::attachment::AttachmentForm::Unreadable(gap) if gap.reason == GapReason::Malformed)),
        "{found:?}"
    );
}

#[test]
fn a_repository_that_denies_throttles_or_fails_is_never_empty() {
    let answers: [fn() -> axum::response::Response; 3] =
        [|| envelope(403, "DENIED"), || envelope(429, "TOOMANYREQUESTS"), || plain(500, "")];
    for answer in answers {
        for place in ["/referrers/", "/manifests/sha256-"] {
            let (server, bed) = (Server::new(), Bed::new());
            server.fault(move |asked| asked.path.contains(place).then(answer));
            let beside = look(&bed, &server, &Digest::of(b"zip"));
            assert_eq!(beside.gaps.len(), 1, "{place}");
            assert_eq!(beside.gaps[0].subject, "layer.zip");
        }
    }
}

/// A referrer in the fallback list that is denied: that it is missing is nobody's fault who made the image.
#[test]
fn a_referrer_that_could_not_be_had_is_no_malformed_image() {
    let (server, bed) = (Server::new(), Bed::new());
    let image = image(&server, "amd64");
    let bundle = referrer(&server, digest(&image), BUNDLE, server.blob(BUNDLE, b"bundle"));
    let hex = digest(&image).trim_start_matches("sha256:").to_owned();
    server.manifest(INDEX, &json!({"schemaVersion": 2, "manifests": [bundle]}), Some(&format!("sha256-{hex}")));
    let denied = digest(&bundle).to_owned();
    server.fault(move |asked| asked.path.ends_with(&denied).then(|| envelope(403, "DENIED")));
    let pulled = bed.pulled(&server.host, digest(&image));
    assert!(matches!(pulled.unknown.as_ref().unwrap().reason, GapReason::Denied { .. }));
    let layout = Layout::in_store(&bed.store, pulled.index);
    let computed = computed(&bed, digest(&image));
    let found = attachments(&layout, &Subject::File("image".into()), computed, &Limits::default()).0.attachments;
    assert!(found.found.is_empty() && found.gaps.iter().all(|gap| !gap.author_can_cause()), "{found:?}");
}

fn computed(bed: &Bed, digest: &str) -> Digest {
    Digest::of(&std::fs::read(bed.store.blob_folder().path(&ClaimedDigest::from_oci(digest).unwrap())).unwrap())
}

#[test]
fn beside_a_tag_and_a_digest_the_tags_index_is_looked_at_where_it_lists_the_digest() {
    for lists in [true, false] {
        let (server, bed) = (Server::new(), Bed::new());
        let image = image(&server, "amd64");
        let listed = if lists { digest(&image).to_owned() } else { Digest::of(b"other").to_string() };
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": listed, "size": 1}]});
        let index = server.manifest(INDEX, &index, Some("v2"));
        let envelope = referrer(&server, digest(&index), NOTARY, server.blob("application/cose", b"envelope"));
        let hex = digest(&index).trim_start_matches("sha256:").to_owned();
        server.manifest(INDEX, &json!({"schemaVersion": 2, "manifests": [envelope]}), Some(&format!("sha256-{hex}")));
        let location = BlobLocation::Registry {
            asked_in: None,
            image: format!("{}/team/app:v2@{}", server.host, digest(&image)).parse().unwrap(),
            architecture: "x86_64".into(),
        };
        let wanted = Wanted { subject: "the image", digest: None, size: None };
        let fetched = fetch(&location, &wanted, Fetching { store: &bed.store, clients: &bed.clients, refetch: false }).unwrap();
        let Observed::Present(Fetched::Image { blobs: ImageBlobs::Stored { index: stored, signatures_unknown, .. }, .. }) = fetched else {
            panic!("{fetched:?}")
        };
        assert_eq!(signatures_unknown, None);
        let layout = Layout::in_store(&bed.store, stored);
        let found = attachments(&layout, &Subject::File("image".into()), computed(&bed, digest(&image)), &Limits::default()).0;
        let targets: Vec<(String, TargetRole)> =
            found.attachments.found.iter().map(|a| (a.target.digest.to_string(), a.target.role)).collect();
        let expected = if lists { vec![(digest(&index).to_owned(), TargetRole::IndexAbove)] } else { Vec::new() };
        assert_eq!(targets, expected);
        assert_eq!(server.count(&format!("referrers/{}", digest(&index))), usize::from(lists), "nothing is asked in vain");
    }
}
