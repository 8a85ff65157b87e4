//! Recorded answers: what a file must be, and for what it counts.

use std::path::Path;

use layerproof::revocation::{Recording, RecordingError};

const GOOD: &str = r#"{"layerproof_revocations": 1, "recorded_at": "2026-09-01T00:00:00Z", "recorded_by": "x", "aws_signer": [AWS], "ocsp": [], "crls": []}"#;
const AWS: &str = r#"{"platform_id": "p", "profile_version_arn": "v", "job_arn": "j", "certificate_hashes": ["h"], "signed_at": "2026-08-01T00:00:00Z", "revoked_entities": []}"#;

fn parse(text: &str) -> Result<Recording, RecordingError> {
    Recording::parse(Path::new("file.json"), text)
}

fn with(aws: &str) -> String {
    GOOD.replace("AWS", aws)
}

#[test]
fn what_is_no_recording_is_refused_and_another_format_is_named() {
    assert_eq!(parse(&with(AWS)).unwrap().len(), 1);
    for text in [
        String::new(),
        "[]".into(),
        "{}".into(),
        with(AWS).replace("\"crls\"", "\"lists\""),
        with(&AWS.replace("\"revoked_entities\": []", "\"revoked_entities\": null")),
        with(&AWS.replace(", \"revoked_entities\": []", "")),
        with(&AWS.replace("2026-08-01T00:00:00Z", "yesterday")),
        with(&[AWS, AWS].join(",")),
        with(AWS).replace("\"ocsp\": []", r#""ocsp": [{"certificate": "aa", "issuer": "bb", "from": "f", "body": ""}]"#),
        with(AWS).replace("\"crls\": []", r#""crls": [{"from": "f", "body": "!"}]"#),
        with(AWS).replace("\"crls\": []", r#""crls": [{"from": "f", "body": ""}, {"from": "f", "body": "AA=="}]"#),
        with(AWS) + "x",
    ] {
        assert!(matches!(parse(&text), Err(RecordingError::Malformed { .. })), "{text}");
    }
    for format in [0, 2] {
        let text = with(AWS).replace("\"layerproof_revocations\": 1", &format!("\"layerproof_revocations\": {format}, \"new\": true"));
        assert!(matches!(parse(&text), Err(RecordingError::Format { presented, .. }) if presented == format), "{text}");
    }
}

#[test]
fn what_is_written_is_read_back_and_takes_the_place_of_the_old_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revocations.json");
    std::fs::write(&path, "an old one").unwrap();
    let recording = parse(&with(AWS)).unwrap();
    recording.write(&path).unwrap();
    assert_eq!(Recording::read(&path).unwrap(), recording);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    assert!(recording.write(&folder.path().join("no/such/folder.json")).is_err());
    assert!(matches!(Recording::read(&folder.path().join("none.json")), Err(RecordingError::Io { .. })));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(Recording::read(&path), Err(RecordingError::Malformed { .. })));
}
