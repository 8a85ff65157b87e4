//! The artifacts of a `verify`, one block each.

use std::io;

use jiff::Timestamp;

use super::decisions::{kind, reasons};
use super::page::{BOLD, DIM, Page, of_verdict, title};
use crate::evidence::Artifact;
use crate::model::observed::Observed;
use crate::policy::decision::{Decision, DecisionSubject};
use crate::report::Report;
use crate::report::exit::counted;
use crate::signature::{Basis, JudgedSignature, Outcome, SignerIdentity};
use crate::store::Integrity;
use crate::unpack::Format;

/// Anomalies that are listed without `-v`.
const MAX_ANOMALIES: usize = 10;

pub(super) fn write(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    for artifact in &report.artifacts {
        page.blank()?;
        page.styled(0, BOLD, &format!("{} {}", artifact.subject.kind(), artifact.subject))?;
        bytes(artifact, page)?;
        contents(artifact, verbosity, page)?;
        signatures(artifact, verbosity, report.now, page)?;
        attested(artifact, page)?;
        let own = DecisionSubject::Artifact(artifact.subject.clone());
        for decision in report.decisions.iter().filter(|d| d.subject == own) {
            decided(decision, verbosity, page)?;
        }
    }
    let of_artifact = |decision: &&Decision| match &decision.subject {
        DecisionSubject::Artifact(subject) => report.artifacts.iter().any(|a| a.subject == *subject),
        DecisionSubject::FunctionVersion(_) | DecisionSubject::Alias(_) => false,
    };
    for decision in report.decisions.iter().filter(|d| !of_artifact(d)) {
        page.blank()?;
        page.styled(0, BOLD, &format!("{} {}", kind(&decision.subject), decision.subject.name()))?;
        decided(decision, verbosity, page)?;
    }
    Ok(())
}

fn bytes(artifact: &Artifact, page: &mut Page<'_>) -> io::Result<()> {
    let format = artifact.contents.present().map(|contents| contents.format);
    match &artifact.blob {
        Observed::Present(blob) => {
            let size = counted(usize::try_from(blob.size).unwrap_or(usize::MAX), "byte");
            if format == Some(Format::Image) {
                // Lambda's API gives an image's digest as it is, and no CodeSha256 in base64.
                page.field(2, "manifest", &format!("{}, {size}", blob.digest))?;
            } else {
                page.field(2, "SHA-256", &blob.digest.hex())?;
                page.field(2, "CodeSha256", &blob.digest.code_sha256())?;
                page.field(2, "size", &size)?;
            }
        }
        Observed::Absent if format == Some(Format::Directory) => page.field(2, "bytes", "none to hash: a folder is read entry by entry")?,
        Observed::Absent => page.field(2, "bytes", "there are none")?,
        Observed::Unknown(gap) => page.field(2, "bytes", &format!("{gap}. {}", gap.next_step))?,
    }
    match artifact.integrity {
        Integrity::Matches => page.field(2, "claimed", "the bytes are the claimed ones"),
        Integrity::NotClaimed | Integrity::NoBytes => Ok(()),
        Integrity::Mismatch { expected, presented, expected_size, presented_size } => {
            let size = expected_size.map_or_else(String::new, |size| format!("; {size} bytes claimed, {presented_size} read"));
            page.field(2, "claimed", &format!("NOT the claimed bytes: {} claimed, {} computed{size}", expected.hex(), presented.hex()))
        }
    }
}

fn contents(artifact: &Artifact, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    let contents = match &artifact.contents {
        Observed::Present(contents) => contents,
        Observed::Absent => return Ok(()),
        Observed::Unknown(gap) => return page.field(2, "entries", &gap.to_string()),
    };
    let part = if contents.complete { "" } else { "; NOT complete, the walk was stopped" };
    let entries = usize::try_from(contents.entries).unwrap_or(usize::MAX);
    page.field(2, "entries", &format!("{entries}, {} bytes unpacked{part}", contents.unpacked_bytes))?;
    let limit = if verbosity > 0 { contents.anomalies.len() } else { MAX_ANOMALIES };
    for anomaly in contents.anomalies.iter().take(limit) {
        let mut text = anomaly.kind.id();
        for part in [&anomaly.path, &anomaly.detail] {
            if !part.is_empty() {
                text.push_str(": ");
                text.push_str(part);
            }
        }
        page.field(2, "anomaly", &text)?;
    }
    if contents.anomalies.len() > limit {
        page.wrapped(2, DIM, &format!("and {} more anomalies (-v)", contents.anomalies.len() - limit))?;
    }
    Ok(())
}

fn signatures(artifact: &Artifact, verbosity: u8, now: Timestamp, page: &mut Page<'_>) -> io::Result<()> {
    match &artifact.signatures {
        Observed::Present(all) if !all.is_empty() => all.iter().try_for_each(|signature| one_signature(signature, verbosity, now, page)),
        Observed::Present(_) | Observed::Absent => {
            let whole = artifact.contents.present().is_none_or(|contents| contents.complete);
            page.field(2, "signature", if whole { "none: unsigned" } else { "none was found; the archive could not be read to its end" })
        }
        Observed::Unknown(gap) => page.field(2, "signature", &format!("{gap}. {}", gap.next_step)),
    }
}

fn one_signature(signature: &JudgedSignature, verbosity: u8, now: Timestamp, page: &mut Page<'_>) -> io::Result<()> {
    let name = format!("{} in {}", signature.scheme, signature.location);
    match &signature.outcome {
        Outcome::Valid(verified) => {
            page.field(2, "signature", &format!("{name}: valid"))?;
            basis(verified.basis(), now, page)?;
            // Without -v the notes say it, once for all signatures.
            for phrase in signature.does_not_bind.iter().filter(|_| verbosity > 0) {
                page.field(4, "not bound", phrase)?;
            }
        }
        Outcome::Invalid(rejection) => {
            // Whoever is not named may have signed properly: that is no word on the signature itself.
            let state = if rejection.is_integrity() { "INVALID" } else { "NOT TRUSTED" };
            page.field(2, "signature", &format!("{name}: {state}, {rejection}"))?;
            presented(signature, page)?;
        }
        Outcome::Inconclusive(undetermined) => {
            page.field(2, "signature", &format!("{name}: inconclusive, {}. {}", undetermined.gap, undetermined.gap.next_step))?;
            presented(signature, page)?;
        }
    }
    for step in signature.steps.iter().filter(|_| verbosity > 1) {
        let result = serde_json::to_value(step.result).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        page.body(4, &format!("{}. {}: {result}; expected {}; presented {}", step.number, step.title, step.expected, step.presented))?;
    }
    Ok(())
}

fn basis(basis: &Basis, now: Timestamp, page: &mut Page<'_>) -> io::Result<()> {
    match &basis.identity {
        SignerIdentity::AwsSigner { profile_version, job_arn } => {
            page.field(4, "signer", &profile_version.to_string())?;
            page.field(4, "job", job_arn)?;
        }
        identity @ (SignerIdentity::Sigstore(_) | SignerIdentity::Notary(_)) => {
            page.field(4, "signer", &identity.describe())?;
            if let Some((_, job_arn)) = identity.aws_signer() {
                page.field(4, "job", job_arn)?;
            }
        }
    }
    if let Some(statement) = &basis.statement {
        page.field(4, "states", &statement.predicate_type)?;
    }
    if basis.target.index_above {
        page.field(4, "signs", "an index that lists it")?;
    }
    match basis.signed_at {
        Some(at) => page.field(4, "signed at", &format!("{at} ({})", basis.time_source.in_words()))?,
        None => page.field(4, "signed at", "no trusted time")?,
    }
    match basis.expires_at {
        Some(at) => page.field(4, "expires at", &format!("{at}{}", if at <= now { ": EXPIRED" } else { "" }))?,
        None => page.field(4, "expires at", "never")?,
    }
    page.field(4, "anchor", &basis.anchors.join(", "))
}

/// What a signature that does not hold says of itself.
fn presented(signature: &JudgedSignature, page: &mut Page<'_>) -> io::Result<()> {
    let presented = &signature.presented;
    let says = [
        ("says signer", presented.profile_version_arn.clone()),
        ("says job", presented.job_arn.clone()),
        ("says signed", presented.signed_at.map(|t| t.to_string())),
        ("says until", presented.expires_at.map(|t| t.to_string())),
    ];
    for (label, text) in says {
        if let Some(text) = text {
            page.field(4, label, &text)?;
        }
    }
    Ok(())
}

fn attested(artifact: &Artifact, page: &mut Page<'_>) -> io::Result<()> {
    let signing = &artifact.attested.signing;
    if !signing.claims_signed() {
        return Ok(());
    }
    let parts: Vec<&str> = [&signing.profile_version_arn, &signing.job_arn].into_iter().filter_map(|p| p.as_deref()).collect();
    page.field(2, "AWS states", &format!("{}; stated, not verified", parts.join(", ")))
}

fn decided(decision: &Decision, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    page.styled(2, of_verdict(decision.verdict), title(decision.verdict))?;
    reasons(4, decision, verbosity, page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RenderOptions;
    use crate::signature::{SignedTarget, TimeSource};

    fn shown(expires_at: Option<&str>) -> String {
        let basis_of = Basis {
            scheme: "aws-signer",
            anchors: vec!["demo-root".into()],
            identity: SignerIdentity::AwsSigner {
                profile_version: "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj".parse().unwrap(),
                job_arn: "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/1\u{1b}[2J".into(),
            },
            target: SignedTarget::INSIDE,
            statement: None,
            signed_at: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            time_source: TimeSource::Signer,
            expires_at: expires_at.map(|t| t.parse().unwrap()),
            signature_id: String::new(),
            revocation: Vec::new(),
        };
        let mut out = Vec::new();
        let options = RenderOptions { color: false, width: None, verbosity: 0, anchor: None };
        basis(&basis_of, "2026-03-01T00:00:00Z".parse().unwrap(), &mut Page::new(&mut out, &options)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_expired_signature_is_not_shown_as_a_date_among_others() {
        assert!(shown(Some("2026-03-01T00:00:00Z")).contains("2026-03-01T00:00:00Z: EXPIRED"));
        assert!(!shown(Some("2026-03-01T00:00:01Z")).contains("EXPIRED"));
        assert!(shown(None).contains("never"));
    }

    #[test]
    fn the_signer_the_anchor_and_whose_word_the_time_is_are_shown() {
        let text = shown(None);
        for part in ["/signing-profiles/release/AbCdEfGhIj", "(the signer's own word)", "demo-root", "signing-jobs/1\\u{1b}[2J"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
