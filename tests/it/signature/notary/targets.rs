//! What is signed: descriptors and blobs.

use layerproof::model::artifact::Subject;
use layerproof::signature::{Candidate, Outcome};
use layerproof::unpack::{Limits, ZipIndex};
use serde_json::json;

use super::{Case, holds, refused, target, trust};
use crate::forge::keys::{Hash, SigningKey};
use crate::forge::notary::{Notary, Target};
use crate::forge::{Entry, zip};

#[test]
fn a_signature_of_another_artifact_is_refused() {
    let world = Notary::new();
    refused(&world, &world.sign(&Target::of(b"{\"schemaVersion\":3}")), "other-artifact", "digest");
    let size = world.sign(&Target { size: 20, ..target() });
    refused(&world, &size, "other-artifact", "size");
    let kind = world.sign(&Target { media_type: "application/vnd.oci.image.index.v1+json".into(), ..target() });
    refused(&world, &kind, "other-artifact", "media type");
    let upper = world.sign(&Target { digest: target().digest.to_uppercase(), ..target() });
    refused(&world, &upper, "other-artifact", "digest");
    let longer = world.sign(&Target { digest: format!("sha512:{}", Hash::Sha512.hex(super::CONTENT)), ..target() });
    refused(&world, &longer, "other-artifact", "digest");
}

#[test]
fn a_payload_of_another_shape_is_refused() {
    let world = Notary::new();
    let payload = |edit: fn(&mut serde_json::Value), words: &str| refused(&world, &world.sign(&target()).payload(edit), "malformed", words);
    payload(|p| *p = json!({}), "targetArtifact");
    payload(|p| *p = json!([]), "no JSON object");
    payload(|p| p["subject"] = json!("x"), "member `subject`");
    payload(|p| p["TargetArtifact"] = p["targetArtifact"].clone(), "TargetArtifact");
    payload(|p| p["targetArtifact"]["Digest"] = json!("sha256:00"), "letter case");
    payload(|p| p["targetArtifact"]["size"] = json!("19"), "size");
    payload(|p| p["targetArtifact"]["size"] = json!(-19), "size");
    payload(|p| p["targetArtifact"]["size"] = json!(19.0), "size");
    payload(|p| p["targetArtifact"]["digest"] = json!(null), "digest");
    payload(|p| p["targetArtifact"]["mediaType"] = json!(""), "mediaType");
    payload(|p| p["targetArtifact"]["annotations"] = json!({"a": 1}), "no text");
    payload(|p| p["targetArtifact"]["annotations"] = json!(["a"]), "annotations");
}

#[test]
fn user_metadata_is_what_the_user_signed_without_the_reserved_names() {
    let world = Notary::new();
    let (_, signer) = holds(&world, &world.sign(&target().annotated("team", "release").annotated("io.cncf.notary.level", "strict")));
    assert_eq!(signer.annotations.into_iter().collect::<Vec<_>>(), [("team".to_owned(), "release".to_owned())]);
}

/// A blob's signature, over a zip in a file.
fn blob(key: SigningKey, edit: impl Fn(&mut Target), content: &[u8], file: &[u8]) -> Outcome {
    let hash = match crate::forge::notary::envelope::notary_scheme(&key).hash() {
        Hash::Sha256 => ("sha256", Hash::Sha256),
        Hash::Sha384 => ("sha384", Hash::Sha384),
        Hash::Sha512 => ("sha512", Hash::Sha512),
    };
    let world = Notary::with_leaf_key(key);
    let digest = format!("{}:{}", hash.0, hash.1.hex(content));
    let mut target = Target { media_type: "application/octet-stream".into(), digest, size: content.len() as u64, ..target() };
    edit(&mut target);
    let case = Case { blob: true, content: content.into(), content_type: "", ..Case::new(world.sign(&target).jws(), trust(&world)) };
    let place = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(place.path(), file).unwrap();
    let index = ZipIndex::open(place.path(), &Limits::default()).unwrap();
    let subject = Subject::File("layer.zip".into());
    case.judge_beside(&Candidate::Zip { subject: &subject, index: &index, analysed: None }).outcome
}

#[test]
fn blobs_are_compared_by_the_hash_of_the_signers_key() {
    let content = zip::write(&[Entry::file("handler.py", "print('one')\n")]);
    for key in [SigningKey::p256("notary leaf"), SigningKey::p384("notary leaf"), SigningKey::p521("notary leaf")] {
        let outcome = blob(key.clone(), |_| {}, &content, &content);
        assert!(matches!(outcome, Outcome::Valid(_)), "{outcome:?}");
        let other = |target: &mut Target| target.digest = format!("{}0", &target.digest[..target.digest.len() - 1]);
        let flipped = |target: &mut Target| target.digest = format!("{}1", &target.digest[..target.digest.len() - 1]);
        let both = [blob(key.clone(), other, &content, &content), blob(key.clone(), flipped, &content, &content)];
        assert!(both.iter().any(|outcome| matches!(outcome, Outcome::Invalid(_))), "{both:?}");
        assert!(matches!(blob(key, |target| target.size += 1, &content, &content), Outcome::Invalid(_)));
    }
}

#[test]
fn a_blobs_digest_by_another_hash_than_the_keys_is_refused() {
    let content = zip::write(&[Entry::file("handler.py", "print('one')\n")]);
    let weaker = |target: &mut Target| target.digest = format!("sha256:{}", Hash::Sha256.hex(&content));
    let outcome = blob(SigningKey::p384("notary leaf"), weaker, &content, &content);
    assert!(matches!(outcome, Outcome::Invalid(_)), "{outcome:?}");
}

#[test]
fn a_blob_whose_bytes_are_not_at_hand_unchanged_is_inconclusive_and_never_passes() {
    let content = zip::write(&[Entry::file("handler.py", "print('one')\n")]);
    let other = zip::write(&[Entry::file("handler.py", "print('two')\n")]);
    let outcome = blob(SigningKey::p384("notary leaf"), |_| {}, &content, &other);
    assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome:?}");
    let longer = [content.as_slice(), b"x"].concat();
    assert!(matches!(blob(SigningKey::p521("notary leaf"), |_| {}, &content, &other), Outcome::Inconclusive(_)));
    assert!(!matches!(blob(SigningKey::p384("notary leaf"), |_| {}, &longer, &content), Outcome::Valid(_)));
}

#[test]
fn a_signature_of_a_blob_does_not_stand_for_a_descriptor_of_the_same_bytes() {
    let world = Notary::new();
    let case = Case { content_type: "", ..Case::new(world.sign(&target()).jws(), trust(&world)) };
    assert_eq!(case.rejected().0, "other-artifact");
}
