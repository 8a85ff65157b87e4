//! Signatures in files: beside a file, in folders by digest, and as JSON lines about many artifacts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::BASE64;
use layerproof::clients::{Clients, Login};
use layerproof::fetch::Fetching;
use layerproof::fetch::signatures::{Beside, MAX_FILE_BYTES, SignatureFile, SignatureSource, SignatureSources, sidecars};
use layerproof::model::attachment::{AttachmentForm, Target, TargetRole};
use layerproof::model::digest::Digest;
use layerproof::model::gap::GapReason;
use layerproof::signature::beside::files::{Lines, attachments};
use layerproof::signature::beside::{Found, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS};
use layerproof::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

fn target(bytes: &[u8]) -> Target {
    Target { digest: Digest::of(bytes), size: bytes.len() as u64, media_type: String::new(), role: TargetRole::Itself }
}

/// A folder with an artifact in it.
struct Place {
    folder: TempDir,
    artifact: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let artifact = folder.path().join("layer.zip");
        fs::write(&artifact, "artifact").unwrap();
        Self { folder, artifact }
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn sidecars(&self) -> Found {
        attachments(&sidecars(&self.artifact, "layer.zip"), "layer.zip", &target(b"artifact"))
    }

    fn forms(&self) -> Vec<AttachmentForm> {
        let found = self.sidecars();
        assert_eq!(found.attachments.gaps, []);
        found.attachments.found.into_iter().map(|attachment| attachment.form).collect()
    }

    #[track_caller]
    fn unreadable(&self) -> GapReason {
        match self.forms().as_slice() {
            [AttachmentForm::Unreadable(gap)] => gap.reason.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What the folder, as a source, says of the artifact.
    fn look(&self) -> Beside {
        let sources = SignatureSources::open(&[SignatureSource::Folder(self.folder.path().into())], Login::default());
        let store = Store::open(&self.folder.path().join("store")).unwrap();
        let fetching = Fetching { store: &store, clients: &Clients::offline(), refetch: false };
        sources.look(&Digest::of(b"artifact").into(), "layer.zip", fetching).unwrap().pop().unwrap()
    }
}

#[test]
fn each_ending_beside_a_file_is_told_apart() {
    let place = Place::new();
    assert_eq!(place.sidecars(), Found::default(), "nothing is there");
    place.put("layer.zip.sigstore.json", "bundle");
    place.put("layer.zip.sigstore", "older bundle");
    place.put("layer.zip.jws.sig", "jws");
    place.put("layer.zip.cose.sig", "cose");
    place.put("layer.zip.sig", "MEUC");
    place.put("layer.zip.crt", "certificate");
    // None of these is one of its signatures.
    place.put("layer.zip.txt", "x");
    place.put("layer.sig", "x");
    place.put("other.zip.sigstore.json", "x");
    let arc = |text: &str| Arc::<[u8]>::from(text.as_bytes());
    let notary = |text: &str, kind: &str| AttachmentForm::NotaryEnvelope { envelope: arc(text), media_type: kind.into(), blob: true };
    assert_eq!(
        place.forms(),
        [
            AttachmentForm::SigstoreBundle(arc("bundle")),
            AttachmentForm::SigstoreBundle(arc("older bundle")),
            AttachmentForm::CosignBlob { signature: arc("MEUC"), certificate: Some(arc("certificate")) },
            notary("jws", "application/jose+json"),
            notary("cose", "application/cose"),
        ]
    );
    assert_eq!(place.sidecars().attachments.found[0].target, target(b"artifact"));
}

#[test]
fn a_file_called_bundle_is_told_by_its_content() {
    let place = Place::new();
    place.put("layer.zip.bundle", r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}"#);
    assert!(matches!(place.forms().as_slice(), [AttachmentForm::SigstoreBundle(_)]));
    let old = r#"{"base64Signature": "MEUC", "cert": "LS0t", "rekorBundle": {}}"#;
    place.put("layer.zip.bundle", old);
    let forms = place.forms();
    let [AttachmentForm::CosignBlob { signature, certificate: Some(bundle) }] = forms.as_slice() else { panic!("{forms:?}") };
    assert_eq!((&signature[..], &bundle[..]), (&b"MEUC"[..], old.as_bytes()));
    place.put("layer.zip.bundle", "\0\0");
    assert_eq!(place.unreadable(), GapReason::Malformed);
}

#[test]
fn a_link_to_a_signature_is_followed_and_one_that_leads_nowhere_is_not_nothing() {
    let place = Place::new();
    let kept = place.put("kept-elsewhere", "bundle");
    let beside = place.folder.path().join("layer.zip.sigstore.json");
    symlink(&kept, &beside).unwrap();
    assert!(matches!(place.forms().as_slice(), [AttachmentForm::SigstoreBundle(_)]));
    fs::remove_file(kept).unwrap();
    // Whoever may put a file there can put such a link there: it lifts no refusal.
    assert_eq!(place.unreadable(), GapReason::Malformed);
    fs::remove_file(&beside).unwrap();
    symlink(&beside, &beside).unwrap();
    assert_eq!(place.unreadable(), GapReason::Malformed, "a link to itself");
}

#[test]
fn a_folder_or_pipe_with_the_name_of_a_signature_is_never_opened_nor_passed_over() {
    let place = Place::new();
    let beside = place.folder.path().join("layer.zip.sig");
    fs::create_dir(&beside).unwrap();
    assert_eq!(place.unreadable(), GapReason::Malformed);
    fs::remove_dir(&beside).unwrap();
    // A pipe would block whoever opens it.
    assert!(std::process::Command::new("mkfifo").arg(&beside).status().unwrap().success());
    assert_eq!(place.unreadable(), GapReason::Malformed);
}

#[test]
fn a_signature_that_cannot_be_read_is_a_gap_and_so_is_one_whose_certificate_cannot() {
    let place = Place::new();
    let beside = |name: &str| place.folder.path().join(name);
    // A regular file that nobody can read from its beginning, root neither.
    let unreadable = "/proc/self/mem";
    symlink(unreadable, beside("layer.zip.sigstore.json")).unwrap();
    assert_eq!(place.unreadable(), GapReason::Unreachable);
    fs::remove_file(beside("layer.zip.sigstore.json")).unwrap();
    place.put("layer.zip.sig", "MEUC");
    symlink(unreadable, beside("layer.zip.pem")).unwrap();
    assert_eq!(place.unreadable(), GapReason::Unreachable);
    fs::remove_file(beside("layer.zip.pem")).unwrap();
    let closed = place.put("layer.zip.pem", "certificate");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // Permissions do not hold for root.
    if fs::read(&closed).is_err() {
        assert!(matches!(place.unreadable(), GapReason::Denied { .. }));
    }
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let place = Place::new();
    let huge = fs::File::create(place.folder.path().join("layer.zip.sigstore.json")).unwrap();
    huge.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert_eq!(place.unreadable(), GapReason::TooLarge { limit: "signature_file_bytes".into() });
    huge.set_len(MAX_ATTACHMENT_BYTES + 1).unwrap();
    assert_eq!(place.unreadable(), GapReason::TooLarge { limit: "attachment_bytes".into() });
}

#[test]
fn a_folder_is_looked_into_by_digest_and_what_is_named_after_others_is_left_alone() {
    let place = Place::new();
    let hex = Digest::of(b"artifact").hex();
    let other = Digest::of(b"other").hex();
    assert_eq!(place.look(), Beside::default());
    for ending in [".sigstore.json", ".build-7.sigstore.json", ".sig", ".pem", ".jws.sig"] {
        place.put(&format!("sha256-{hex}{ending}"), ending);
    }
    place.put(&format!("sha256:{hex}.jsonl"), "");
    for name in [format!("sha256-{other}.sigstore.json"), format!("{hex}.sigstore.json"), format!("sha256-{}.sig", &hex[..63])] {
        place.put(&name, "x");
    }
    place.put(&format!("sha256-{}.sigstore.json", hex.to_uppercase()), "x");
    place.put(&format!("sha256-{hex}.txt"), "x");
    let found = place.look();
    assert_eq!((found.gaps.len(), found.manifests.len()), (0, 0));
    let mut endings: Vec<&str> = found.files.iter().map(|file| file.ending.as_str()).collect();
    endings.sort_unstable();
    assert_eq!(endings, [".build-7.sigstore.json", ".jsonl", ".jws.sig", ".sig", ".sigstore.json"]);
    let signature = found.files.iter().find(|file| file.ending == ".sig").unwrap();
    assert_eq!(signature.certificate.as_deref(), Some(&b".pem"[..]));
}

#[test]
fn a_folder_that_cannot_be_listed_is_a_gap_and_never_empty() {
    let place = Place::new();
    let gone = place.folder.path().join("gone");
    let sources = SignatureSources::open(&[SignatureSource::Folder(gone)], Login::default());
    let store = Store::open(&place.folder.path().join("store")).unwrap();
    let fetching = Fetching { store: &store, clients: &Clients::offline(), refetch: false };
    let looked = sources.look(&Digest::of(b"artifact").into(), "layer.zip", fetching).unwrap();
    assert_eq!(looked[0].gaps.len(), 1);
    assert_eq!(looked[0].gaps[0].subject, "layer.zip");
}

#[test]
fn a_link_in_a_recorded_account_is_not_followed() {
    let place = Place::new();
    let outside = place.put("outside", "bundle");
    let folder = place.folder.path().join("signatures");
    fs::create_dir(&folder).unwrap();
    symlink(outside, folder.join(format!("sha256-{}.sigstore.json", Digest::of(b"artifact").hex()))).unwrap();
    let store = Store::open(&place.folder.path().join("store")).unwrap();
    let fetching = Fetching { store: &store, clients: &Clients::offline(), refetch: false };
    let look = |source: SignatureSource| {
        let sources = SignatureSources::open(&[source], Login::default());
        sources.look(&Digest::of(b"artifact").into(), "layer.zip", fetching).unwrap().pop().unwrap()
    };
    assert!(look(SignatureSource::Folder(folder.clone())).files[0].content.is_ok());
    let recorded = look(SignatureSource::Recorded(folder));
    assert_eq!(recorded.files[0].content.as_ref().unwrap_err().reason, GapReason::Malformed);
}

#[test]
fn offline_a_bucket_and_a_repository_are_gaps() {
    let place = Place::new();
    let sources: Vec<SignatureSource> = ["s3://bucket/signatures", "oci://registry.example/signatures"].map(|s| s.parse().unwrap()).into();
    let sources = SignatureSources::open(&sources, Login::default());
    let store = Store::open(&place.folder.path().join("store")).unwrap();
    let fetching = Fetching { store: &store, clients: &Clients::offline(), refetch: false };
    for beside in sources.look(&Digest::of(b"artifact").into(), "layer.zip", fetching).unwrap() {
        assert_eq!((beside.files.len(), beside.manifests.len()), (0, 0));
        assert_eq!(beside.gaps.len(), 1);
    }
}

#[test]
fn what_is_no_place_for_signatures_is_refused() {
    for text in ["", "nothing-of-this-name", "s3://", "s3://UPPER/x", "s3://a/x", "oci://registry.example/app:tag", "/dev/null"] {
        assert!(text.parse::<SignatureSource>().is_err(), "{text}");
    }
    let parsed: SignatureSource = "s3://bucket/a/b".parse().unwrap();
    assert_eq!(parsed.to_string(), "s3://bucket/a/b/");
    assert_eq!("s3://bucket".parse::<SignatureSource>().unwrap().to_string(), "s3://bucket/");
}

/// A bundle with an attestation about these bytes.
fn attestation(about: &[&[u8]]) -> Value {
    let subjects: Vec<Value> = about.iter().map(|bytes| json!({"name": "x", "digest": {"sha256": Digest::of(bytes).hex()}})).collect();
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": subjects});
    let payload = BASE64.encode(statement.to_string().as_bytes());
    json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": payload}})
}

fn message(about: &[u8]) -> Value {
    let digest = Digest::of(about).code_sha256();
    json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": {"messageDigest": {"digest": digest}}})
}

fn of_lines(text: &str) -> Found {
    let bytes: Arc<[u8]> = text.as_bytes().into();
    Lines::read("all.jsonl", &bytes).attachments("layer.zip", &target(b"artifact"))
}

#[test]
fn lines_about_other_artifacts_neither_count_nor_accuse() {
    let lines = [
        attestation(&[b"other"]),
        attestation(&[b"other", b"artifact"]),
        message(b"other"),
        message(b"artifact"),
        attestation(&[b"artifact", b"artifact"]),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n\n")).collect();
    let found = of_lines(&text);
    assert_eq!(found.attachments.gaps, []);
    let locations: Vec<&str> = found.attachments.found.iter().map(|attachment| attachment.location.as_str()).collect();
    assert_eq!(locations, ["all.jsonl line 3", "all.jsonl line 7", "all.jsonl line 9"]);
    for attachment in &found.attachments.found {
        assert!(matches!(attachment.form, AttachmentForm::SigstoreBundle(_)));
    }
    assert_eq!(of_lines(&lines[0].to_string()), Found::default(), "a file of one bundle that is another artifact's");
}

#[test]
fn a_line_that_does_not_say_what_it_is_about_may_be_about_this_artifact() {
    let half = json!({"dsseEnvelope": {"payload": "!"}});
    let no_subject = attestation(&[]);
    let found = of_lines(&format!("{half}\n{no_subject}\nno JSON\n[1]\n{}\n", message(b"other")));
    let forms: Vec<bool> =
        found.attachments.found.iter().map(|attachment| matches!(attachment.form, AttachmentForm::Unreadable(_))).collect();
    assert_eq!(forms, [false, false, true, true]);
}

#[test]
fn a_bare_envelope_is_told_from_a_bundle_and_filed_by_its_subjects() {
    let bare = |about: &[u8]| {
        let bundle = attestation(&[about]);
        json!({"payloadType": "application/vnd.in-toto+json", "payload": bundle["dsseEnvelope"]["payload"], "signatures": []})
    };
    let found = of_lines(&format!("{}\n{}\n", bare(b"artifact"), bare(b"other")));
    assert!(matches!(found.attachments.found.as_slice(), [one] if matches!(one.form, AttachmentForm::Unknown(_))));
}

#[test]
fn a_huge_line_is_named_and_does_not_hide_the_next() {
    let huge = format!("{{\"x\": \"{}\"}}", "a".repeat(MAX_ATTACHMENT_BYTES as usize));
    let found = of_lines(&format!("{huge}\n{}\n", message(b"artifact")));
    let forms: Vec<&AttachmentForm> = found.attachments.found.iter().map(|attachment| &attachment.form).collect();
    let [AttachmentForm::SigstoreBundle(_), AttachmentForm::Unreadable(gap)] = forms.as_slice() else { panic!() };
    assert_eq!(gap.reason, GapReason::TooLarge { limit: "attachment_bytes".into() });
}

#[test]
fn endless_lines_about_one_artifact_end_at_a_limit_that_is_named() {
    let found = of_lines(&format!("{}\n", message(b"artifact")).repeat(MAX_ATTACHMENTS + 1));
    assert_eq!(found.attachments.found.len(), MAX_ATTACHMENTS);
    assert_eq!(found.attachments.gaps[0].reason, GapReason::TooLarge { limit: "attachments".into() });
    let found = of_lines(&"{}\n".repeat(100_001));
    assert!(found.attachments.gaps.iter().any(|gap| gap.reason == GapReason::TooLarge { limit: "attachment_lines".into() }));
}

#[test]
fn the_same_signature_in_two_places_is_one() {
    let file = |location: &str| SignatureFile {
        location: location.into(),
        ending: ".sigstore.json".into(),
        content: Ok(b"bundle"[..].into()),
        certificate: None,
    };
    let beside = |location: &str| attachments(&[file(location)], "layer.zip", &target(b"artifact"));
    let mut found = beside("a");
    found.extend(beside("b"));
    assert_eq!(found.attachments.found.len(), 1);
}
