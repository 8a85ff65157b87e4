//! Envelopes, time stamps and trust stores of notation-go and notation-core-go, which stay outside of this repository: each has the verdict that its
//! name says. Of most, the artifact was never published, only its digest; so these tests stand here and not with those of the whole.

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
    use jiff::Timestamp;
    use serde_json::Value;

    use crate::model::artifact::Subject;
    use crate::model::attachment::{Attachment, AttachmentForm, Attachments, Target, TargetRole};
    use crate::model::digest::Digest;
    use crate::model::observed::Observed;
    use crate::signature::notary::{Notary, Signer, cose, jws};
    use crate::signature::timestamp::{Fault, Token};
    use crate::signature::trust::{TrustStore, TrustStoreError};
    use crate::signature::{Basis, Candidate, JudgedSignature, Outcome, Rejection, Scheme, SignerIdentity, TimeSource, TrustAnchors};
    use crate::unpack::{Layout, Limits};

    const NOW: &str = "2026-11-29T00:00:00Z";

    /// The folder of the vectors, or that it is not there.
    fn folder() -> Option<PathBuf> {
        let shared = match std::env::var_os("LAYERPROOF_SHARED_DATA") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        };
        let folder = shared.join("notary-and-signer");
        if folder.is_dir() {
            return Some(folder);
        }
        assert!(std::env::var_os("CI").is_none(), "in CI the published vectors must not be skipped: {}", folder.display());
        println!("SKIPPED: {} is not there; LAYERPROOF_SHARED_DATA names the folder that holds it", folder.display());
        None
    }

    fn read(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The files of a folder, by name.
    fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path)))
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{}", folder.display());
        files
    }

    fn store(name: &str, folder: &Path) -> Result<TrustStore, TrustStoreError> {
        let files = files(folder);
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        TrustStore::load(name, &files)
    }

    /// What an envelope states of its artifact, read without the verifier's own reader, and its certificates.
    fn stated(envelope: &[u8]) -> (Target, Vec<Vec<u8>>) {
        let (payload, certificates) = if envelope.starts_with(b"{") {
            let json: Value = serde_json::from_slice(envelope).unwrap();
            let chain = json["header"]["x5c"].as_array().unwrap().iter().map(|c| BASE64.decode(c.as_str().unwrap().as_bytes()).unwrap());
            // Of the two invalid ones it is padded, which RFC 7515 section 2 forbids.
            let payload = json["payload"].as_str().unwrap().trim_end_matches('=');
            (BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap(), chain.collect())
        } else {
            let split = cose::parse(envelope).unwrap();
            (split.payload, split.certificates)
        };
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        let target = &payload["targetArtifact"];
        let hex = target["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let target = Target {
            digest: Digest::of_bytes_that_are_not_here(hex),
            size: target["size"].as_u64().unwrap(),
            media_type: target["mediaType"].as_str().unwrap().into(),
            role: TargetRole::Itself,
        };
        (target, certificates)
    }

    fn judge(envelope: &[u8], stores: Vec<TrustStore>, now: &str) -> JudgedSignature {
        let trust = TrustAnchors { trust_stores: stores, ..TrustAnchors::default() };
        let media_type = if envelope.starts_with(b"{") { jws::MEDIA_TYPE } else { cose::MEDIA_TYPE };
        let form = AttachmentForm::NotaryEnvelope { envelope: Arc::from(envelope), media_type: media_type.into(), blob: false };
        let attachment = Attachment { location: "vector".into(), target: stated(envelope).0, form };
        let beside = Attachments { found: vec![attachment], gaps: Vec::new() };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        std::fs::write(folder.path().join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        let limits = Limits::default();
        let layout = Layout::open(folder.path(), &limits).unwrap();
        let subject = Subject::File("vector".into());
        let image = Candidate::Image { subject: &subject, layout: &layout, digest: Digest::of(b"") };
        let now: Timestamp = now.parse().unwrap();
        let Observed::Present(mut signatures) = Notary.examine(&image, &beside, &trust, now, &limits) else { panic!("no signature") };
        signatures.pop().unwrap()
    }

    /// A store of this type with the last certificate of the envelope.
    fn own_store(envelope: &[u8], name: &str) -> TrustStore {
        TrustStore::load(name, &[("own", stated(envelope).1.last().unwrap())]).unwrap()
    }

    fn valid<'a>(signature: &'a JudgedSignature, name: &str) -> (&'a Basis, &'a Signer) {
        let Outcome::Valid(verified) = &signature.outcome else { panic!("{name}: {:#?}", signature.steps) };
        let SignerIdentity::Notary(signer) = &verified.basis().identity else { panic!("{name}") };
        (verified.basis(), signer)
    }

    #[test]
    fn envelopes_of_notation_go_have_the_verdict_of_their_name() {
        let Some(folder) = folder() else { return };
        let stores = folder.join("notation-go/verifier/testdata/truststore/x509");
        let mut seen = 0;
        for (name, envelope) in files(&folder.join("notation-go/internal/mock/testdata")) {
            seen += 1;
            let (kind, foreign) = if name.starts_with("sa_") { ("signingAuthority", "ca") } else { ("ca", "signingAuthority") };
            let shipped = store(&format!("{kind}:valid"), &stores.join(kind).join("valid-trust-store")).unwrap();
            let own = own_store(&envelope, &format!("{kind}:own"));
            let signature = judge(&envelope, vec![shipped, own], NOW);
            // A store of the other type never counts.
            let other = judge(&envelope, vec![own_store(&envelope, &format!("{foreign}:own"))], NOW);
            match name.as_str() {
                "ca_invalid_sig_env.json" | "sa_invalid_sig_env.json" => {
                    let Outcome::Invalid(Rejection::Malformed { part, .. }) = &signature.outcome else {
                        panic!("{name}: {:?}", signature.outcome)
                    };
                    assert_eq!(part, "payload");
                    continue;
                }
                "ca_valid_sig_env.json" | "sa_valid_sig_env.json" | "ca_expired_sig_env.json" | "sa_expired_sig_env.json" => {
                    let (basis, signer) = valid(&signature, &name);
                    assert_eq!(basis.anchors, [format!("{kind}:valid"), format!("{kind}:own")]);
                    assert_eq!(basis.expires_at.unwrap() < NOW.parse().unwrap(), name.contains("expired"), "{name}");
                    assert_eq!((&signer.chain_time.fault, signer.chain_time.expired), (&None, false), "{name}");
                    let authority = kind == "signingAuthority";
                    assert_eq!(basis.time_source == TimeSource::SigningAuthority, authority, "{name}");
                }
                "sig_env_with_metadata.json" => {
                    let (_, signer) = valid(&signature, &name);
                    let annotations: Vec<(&str, &str)> = signer.annotations.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                    assert_eq!(annotations, [("io.wabbit-networks.buildId", "123"), ("io.wabbit-networks.buildTime", "1672944615")]);
                    assert!(signer.chain_time.expired && signer.chain_time.fault.as_ref().unwrap().contains("not valid at now"));
                }
                _ => {
                    assert!(name.contains("plugin"), "{name}");
                    let Outcome::Inconclusive(undetermined) = &signature.outcome else { panic!("{name}: {:#?}", signature.steps) };
                    assert!(undetermined.chain_and_identity_verified && undetermined.gap.detail.contains("plugin"), "{name}");
                }
            }
            assert!(matches!(other.outcome, Outcome::Invalid(Rejection::UntrustedRoot { .. })), "{name}: {:?}", other.outcome);
        }
        assert_eq!(seen, 17);
    }

    #[test]
    fn the_published_jws_and_cose_envelopes_of_one_manifest_verify_and_no_flipped_bit_of_what_is_signed_does() {
        let Some(folder) = folder() else { return };
        for name in ["jws_signature.sig", "cose_signature.sig"] {
            let envelope = read(&folder.join("notation-go/internal/testdata").join(name));
            let manifest = "19dbd2e48e921426ee8ace4dc892edfb2ecdc1d1a72d5416c83670c30acecef0";
            let manifest = read(&folder.join("notation-go/internal/testdata/oci-layout/blobs/sha256").join(manifest));
            assert_eq!(Digest::of(&manifest), stated(&envelope).0.digest);
            let trust = || vec![own_store(&envelope, "ca:own")];
            valid(&judge(&envelope, trust(), NOW), name);
        }
    }

    #[test]
    fn published_time_stamps_hold_or_not_as_their_names_say() {
        let Some(folder) = folder() else { return };
        let tsa = folder.join("notation-go/verifier/testdata/truststore/x509/tsa");
        for (name, envelope) in files(&folder.join("notation-go/verifier/testdata/timestamp/sigEnv")) {
            let stores = vec![
                own_store(&envelope, "ca:own"),
                store("tsa:right", &tsa.join("test-timestamp")).unwrap(),
                store("tsa:wrong", &tsa.join("test-mismatch")).unwrap(),
            ];
            let signature = judge(&envelope, stores, NOW);
            let (basis, signer) = valid(&signature, &name);
            let time = &signer.chain_time;
            let Some(stamp) = &time.timestamp else {
                assert_eq!(name, "withoutTimestamp.sig");
                continue;
            };
            let (right, wrong) = (&stamp.under["tsa:right"], &stamp.under["tsa:wrong"]);
            assert!(wrong.as_ref().unwrap_err().contains("does not lead to"), "{name}: {wrong:?}");
            match name.as_str() {
                "timestampAfterNotAfter.sig" | "timestampBeforeNotBefore.sig" => {
                    assert!(right.as_ref().unwrap_err().contains("is valid"), "{name}: {right:?}");
                    assert_eq!(basis.time_source, TimeSource::Signer);
                    assert_eq!(basis.revocation.len(), 1);
                }
                _ => {
                    let span = right.as_ref().unwrap_or_else(|why| panic!("{name}: {why}"));
                    assert!(span.earliest <= span.latest);
                    assert_eq!((basis.time_source, basis.signed_at), (TimeSource::TimestampAuthority, Some(span.latest)));
                    assert_eq!(basis.revocation.len(), 2);
                }
            }
            if name.contains("Expired") {
                assert!(time.expired && time.fault.is_some(), "{name}");
            }
        }
    }

    #[test]
    fn published_tokens_fail_for_the_reason_of_their_name() {
        let Some(folder) = folder() else { return };
        let tokens = folder.join("notation-go/verifier/testdata/timestamp/countersignature");
        let parse = |path: PathBuf| Token::parse(&read(&path), b"something else").unwrap_err();
        // Of what it is was not published; all else in it holds.
        assert_eq!(parse(tokens.join("TimeStampToken.p7s")), Fault::Imprint);
        assert_eq!(parse(tokens.join("TimeStampTokenWithInvalidTSTInfo.p7s")), Fault::Content);
        let fault = parse(tokens.join("TimeStampTokenWithInvalideContentType.p7s"));
        assert!(matches!(fault, Fault::Malformed { part: "SignedData", .. }), "{fault}");
        assert!(matches!(parse(tokens.join("TimeStampTokenWithoutCertificate.p7s")), Fault::OtherCertificate(_)));
        let broken = folder.join("notation-core-go/internal/timestamp/testdata/TimeStampTokenWithInvalidSignature.p7s");
        assert_eq!(parse(broken), Fault::BadSignature);
    }

    #[test]
    fn conformance_envelopes_without_a_chain_are_refused_for_that() {
        let Some(folder) = folder() else { return };
        let jws_text = read(&folder.join("notation-core-go/signature/jws/testdata/conformance.json"));
        let Err(Rejection::Malformed { part, .. }) = jws::parse(&jws_text) else { panic!("a JWS without certificates") };
        assert_eq!(part, "x5c");
        let cose_text: Value =
            serde_json::from_slice(&read(&folder.join("notation-core-go/signature/cose/testdata/conformance.json"))).unwrap();
        let hex = cose_text["expectedOutput"]["cborHex"].as_str().unwrap().to_lowercase();
        let Err(Rejection::Malformed { part, .. }) = cose::parse(&HEXLOWER.decode(hex.as_bytes()).unwrap()) else {
            panic!("a COSE without")
        };
        assert_eq!(part, "x5chain");
    }

    #[test]
    fn trust_stores_of_notation_go_load_or_not_as_their_names_say() {
        let Some(folder) = folder() else { return };
        let stores = folder.join("notation-go/verifier/testdata/truststore/x509");
        for name in ["valid-trust-store", "valid-trust-store-2", "valid-trust-store-self-signed"] {
            store("ca:x", &stores.join("ca").join(name)).unwrap();
        }
        for name in ["trust-store-with-leaf-certs", "trust-store-with-leaf-certs-in-single-file"] {
            assert!(matches!(store("ca:x", &stores.join("ca").join(name)), Err(TrustStoreError::NotACa { .. })), "{name}");
        }
        let invalid = store("ca:x", &stores.join("ca/trust-store-with-invalid-certs"));
        assert!(matches!(invalid, Err(TrustStoreError::Unreadable { .. })));
        store("tsa:x", &stores.join("tsa/test-timestamp")).unwrap();
        store("tsa:x", &stores.join("tsa/test-mismatch")).unwrap();
        for name in ["test-nonCA", "test-nonSelfIssued"] {
            assert!(matches!(store("tsa:x", &stores.join("tsa").join(name)), Err(TrustStoreError::NotARoot { .. })), "{name}");
        }
        let several = folder.join("notation-core-go/x509/testdata");
        // The files with several hold the same certificate several times.
        for name in ["der.der", "multi-der.der", "pem.crt", "multi-pem.crt"] {
            assert_eq!(TrustStore::load("ca:x", &[(name, &read(&several.join(name)))]).unwrap().certificates.len(), 1, "{name}");
        }
    }
}
