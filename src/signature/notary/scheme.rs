//! The verifier: the numbered steps of the module's page.

use std::path::Path;

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::envelope::{Envelope, malformed};
use super::headers::Times;
use super::payload::{Compared, TargetArtifact};
use super::plugin::Demand;
use super::steps::STEPS;
use super::times::Judged;
use super::{NAME, Signer, SigningScheme, algorithm, certificates, gaps, headers, plugin, stores, times};
use crate::model::attachment::{Attachment, AttachmentForm, Attachments, Target};
use crate::model::digest::{Digest, Sha384};
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::signature::revocation::ChainOf;
use crate::signature::trail::Trail;
use crate::signature::x509::{Certificate, Hash};
use crate::signature::{
    Basis, Candidate, JudgedSignature, Outcome, Presented, Rejection, RevocationQuestion, Scheme, Signatures, SignedTarget, SignerIdentity,
    TimeSource, TrustAnchors, Undetermined, Verified,
};
use crate::unpack::Limits;

/// The signing platform of images, as GetRevocationStatus takes it.
pub const PLATFORM_ID: &str = "Notation-OCI-SHA384-ECDSA";

/// What a signature of this scheme leaves open.
pub const DOES_NOT_BIND: &[&str] = &[
    "the name under which the artifact is found: registry, repository and tag",
    "under notary.x509: the signing time, which is the signer's own word",
    "headers that are not signed: the signing agent, and others that are not known",
    "that no certificate was revoked",
];

/// The scheme.
pub struct Notary;

impl Scheme for Notary {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "Notary Project: JWS and COSE envelopes beside images and blobs, AWS Signer's among them"
    }

    fn does_not_bind(&self) -> &'static [&'static str] {
        DOES_NOT_BIND
    }

    fn source(&self) -> &'static str {
        "Notary Project specifications 1.1; where they are silent, notation-core-go and notation-go."
    }

    fn examine(&self, artifact: &Candidate<'_>, beside: &Attachments, trust: &TrustAnchors, now: Timestamp, _: &Limits) -> Signatures {
        let (subject, file) = match artifact {
            Candidate::Zip { subject, index, .. } => (subject.to_string(), Some(index.path())),
            Candidate::Image { subject, .. } => (subject.to_string(), None),
            Candidate::Other => return Observed::Absent,
        };
        let examination = Examination { subject, file, trust, now };
        let judged: Vec<JudgedSignature> = beside.found.iter().filter_map(|attachment| examination.judge(attachment)).collect();
        if judged.is_empty() { Observed::Absent } else { Observed::Present(judged) }
    }
}

/// One artifact under examination.
struct Examination<'a> {
    subject: String,
    /// Where the bytes of the artifact lie, where they are one file.
    file: Option<&'a Path>,
    trust: &'a TrustAnchors,
    now: Timestamp,
}

/// All steps hold, as far as they could be judged.
struct Passed {
    basis: Basis,
    /// What could not be judged.
    open: Option<Gap>,
}

impl Examination<'_> {
    fn judge(&self, attachment: &Attachment) -> Option<JudgedSignature> {
        let AttachmentForm::NotaryEnvelope { envelope, media_type, blob } = &attachment.form else { return None };
        let mut trail = Trail::new(STEPS);
        let mut presented = Presented::default();
        let outcome = match self.steps(envelope, media_type, *blob, &attachment.target, &mut trail, &mut presented) {
            Ok(Passed { basis, open: None }) => Outcome::Valid(Verified::new(basis)),
            Ok(Passed { open: Some(gap), .. }) => Outcome::Inconclusive(Undetermined { gap, chain_and_identity_verified: true }),
            Err(rejection) => Outcome::Invalid(rejection),
        };
        Some(JudgedSignature {
            scheme: NAME,
            location: attachment.location.clone(),
            presented,
            outcome,
            steps: trail.into_steps(),
            does_not_bind: DOES_NOT_BIND,
        })
    }

    /// The numbered steps of the module's documentation.
    fn steps(
        &self,
        bytes: &[u8],
        media_type: &str,
        blob: bool,
        target: &Target,
        trail: &mut Trail,
        presented: &mut Presented,
    ) -> Result<Passed, Rejection> {
        // 1. Envelope.
        let envelope = trail.take(1, Envelope::parse(bytes, media_type).map(|e| (format!("{}, {} bytes", e.form, bytes.len()), e)))?;
        presented.form = Some(envelope.form.into());
        // 2. Content type.
        trail.take(2, headers::check_content_type(&envelope).map(|()| (envelope.content_type.clone(), ())))?;
        // 3. Signing scheme and times.
        let times = trail.take(3, headers::times(&envelope).map(|times| (describe_times(&times), times)))?;
        presented.signed_at = Some(times.signed_at);
        presented.expires_at = times.expires_at;
        presented.profile_version_arn = envelope.text(plugin::PROFILE_VERSION).ok().flatten().map(Into::into);
        presented.job_arn = envelope.text(plugin::JOB).ok().flatten().map(Into::into);
        // 4. Critical headers.
        let unknown = trail.take(4, headers::check_critical(&envelope).map(|unknown| (envelope.critical.join(", "), unknown)))?;
        // 5. Certificates.
        let chain = trail.take(5, parse_certificates(&envelope.certificates))?;
        presented.chain = chain.iter().map(Certificate::describe).collect();
        let signer = chain.first().ok_or_else(|| malformed("certificates", "there is none"))?;
        presented.signer = Some(signer.subject_text.clone());
        // 6. Algorithm.
        let hash = algorithm::check(&envelope.algorithm, signer.key.kind);
        let hash = trail.take(6, hash.map(|hash| (format!("{} by {}", envelope.algorithm, signer.key.kind), hash)))?;
        // 7. Signature value.
        let verifies = signer.key.verifies_jose(&envelope.signed, &envelope.signature);
        let value =
            if verifies { Ok((format!("verifies with the key of `{}`", signer.subject_text), ())) } else { Err(Rejection::BadSignature) };
        trail.take(7, value)?;
        // 8. Payload.
        let signed = trail.take(8, TargetArtifact::parse(&envelope.payload).map(|signed| (signed.describe(), signed)))?;
        // 9. Target.
        let unread = self.check_target(&signed, target, blob, hash, trail)?;
        // 10. Chain.
        let names: Vec<&str> = chain.iter().map(|certificate| certificate.subject_text.as_str()).collect();
        trail.take(10, certificates::check_order(&chain).map(|()| (names.join(" ‹ "), ())))?;
        // 11. Certificate uses.
        trail.take(
            11,
            certificates::check_signer(&chain)
                .map(|()| (format!("{} below {} CAs", signer.subject_text, chain.len().saturating_sub(1)), ())),
        )?;
        // 12. Plugin.
        let (aws_signer, unbuilt) = match plugin::check(&envelope, times.scheme, &unknown) {
            Ok(Demand::None) => trail.take(12, Ok(("none".into(), (None, None))))?,
            Ok(Demand::AwsSigner(by)) => trail.take(12, Ok((by.profile_version.to_string(), (Some(by), None))))?,
            Ok(Demand::NotBuilt(what)) => {
                trail.unknown(12, what.clone());
                (None, Some(gaps::plugin(self.subject.clone(), &what)))
            }
            Err(rejection) => trail.take(12, Err(rejection))?,
        };
        // 13. Trust store.
        let anchors = trail.take(13, stores::trusting(&chain, times.scheme, self.trust).map(|names| (names.join(", "), names)))?;
        // 14. Times of the chain.
        let judged = times::judge(&chain, &times, envelope.timestamp.as_deref(), &envelope.signature, self.trust, self.now);
        trail.take(14, Ok((describe_judged(&judged), ())))?;

        let identity = Signer {
            signing_scheme: times.scheme,
            subject: signer.subject_attributes.clone(),
            spki_sha256: Digest::of(&signer.spki).hex(),
            chain_time: judged.chain_time.clone(),
            aws_signer,
            annotations: signed.annotations,
        };
        let basis = basis(&chain, identity, &times, &judged, target, anchors, &envelope.signature);
        Ok(Passed { basis, open: unbuilt.or(unread) })
    }

    /// Step 9. Gives a gap where the digest could not be computed.
    fn check_target(
        &self,
        signed: &TargetArtifact,
        target: &Target,
        blob: bool,
        hash: Hash,
        trail: &mut Trail,
    ) -> Result<Option<Gap>, Rejection> {
        if !blob {
            return trail.take(9, signed.check_descriptor(target).map(|()| (target.digest.to_string(), None)));
        }
        match signed.check_blob(target, hash, self.file) {
            Ok(Compared::Equal) => trail.take(9, Ok((target.digest.to_string(), None))),
            Ok(Compared::NoBytes(hash)) => {
                let gap = gaps::digest(self.subject.clone(), hash);
                trail.unknown(9, gap.detail.clone());
                Ok(Some(gap))
            }
            Err(rejection) => trail.take(9, Err(rejection)),
        }
    }
}

fn parse_certificates(list: &[Vec<u8>]) -> Result<(String, Vec<Certificate>), Rejection> {
    if list.is_empty() {
        return Err(malformed("certificates", "there is none"));
    }
    let numbered = (1..).zip(list);
    let chain: Result<Vec<Certificate>, Rejection> =
        numbered.map(|(number, der): (usize, _)| Certificate::parse_general(der, &format!("certificate {number}"))).collect();
    Ok((format!("{} certificates", list.len()), chain?))
}

fn describe_times(times: &Times) -> String {
    let scheme = match times.scheme {
        SigningScheme::X509 => "notary.x509",
        SigningScheme::SigningAuthority => "notary.x509.signingAuthority",
    };
    let expiry = times.expires_at.map(|time| format!(", expires {time}")).unwrap_or_default();
    format!("{scheme}, signed {}{expiry}", times.signed_at)
}

fn describe_judged(judged: &Judged) -> String {
    let time = &judged.chain_time;
    let mut parts = vec![time.fault.clone().unwrap_or_else(|| "the chain holds".into())];
    for (store, result) in time.timestamp.iter().flat_map(|stamp| &stamp.under) {
        parts.push(match result {
            Ok(span) => format!("time stamp of {} to {} under {store}", span.earliest, span.latest),
            Err(why) => format!("no time stamp under {store}: {why}"),
        });
    }
    parts.join("; ")
}

fn basis(
    chain: &[Certificate],
    identity: Signer,
    times: &Times,
    judged: &Judged,
    target: &Target,
    anchors: Vec<String>,
    signature: &[u8],
) -> Basis {
    let (signed_at, time_source) = match (times.scheme, judged.stamped_by) {
        (SigningScheme::SigningAuthority, _) => (times.signed_at, TimeSource::SigningAuthority),
        (SigningScheme::X509, Some(stamped_by)) => (stamped_by, TimeSource::TimestampAuthority),
        (SigningScheme::X509, None) => (times.signed_at, TimeSource::Signer),
    };
    Basis {
        scheme: NAME,
        target: SignedTarget::beside(target.digest, target.role),
        statement: None,
        anchors,
        revocation: questions(chain, &identity, times, judged),
        identity: SignerIdentity::Notary(Box::new(identity)),
        signed_at: Some(signed_at),
        time_source,
        expires_at: times.expires_at,
        signature_id: Digest::of(signature).hex(),
    }
}

/// What must be asked. As in notation, only a signing authority's time excuses a later revocation of the signer: a time stamp may be of an
/// authority that the statement does not name.
fn questions(chain: &[Certificate], identity: &Signer, times: &Times, judged: &Judged) -> Vec<RevocationQuestion> {
    let signer = match &identity.aws_signer {
        Some(by) => RevocationQuestion::AwsSigner {
            platform_id: PLATFORM_ID,
            profile_version_arn: by.profile_version.to_string(),
            job_arn: by.job_arn.clone(),
            certificate_hashes: certificate_hashes(chain),
            signed_at: times.signed_at,
        },
        None => RevocationQuestion::Certificates {
            of: ChainOf::Signer,
            chain: chain.iter().map(|certificate| certificate.der.clone()).collect(),
            used_at: match times.scheme {
                SigningScheme::SigningAuthority => Some(times.signed_at),
                SigningScheme::X509 => None,
            },
        },
    };
    let authority =
        |chain: &Vec<Vec<u8>>| RevocationQuestion::Certificates { of: ChainOf::TimestampAuthority, chain: chain.clone(), used_at: None };
    [signer].into_iter().chain(judged.authorities.iter().map(authority)).collect()
}

/// For AWS Signer's GetRevocationStatus, signer first: hex(SHA-384(TBS)) ‖ hex(SHA-384(TBS of the issuer)); the root is its own.
fn certificate_hashes(chain: &[Certificate]) -> Vec<String> {
    let hash = |certificate: &Certificate| HEXLOWER.encode(&Sha384::of(&certificate.tbs));
    let issuers = chain.iter().skip(1).chain(chain.last());
    chain.iter().zip(issuers).map(|(certificate, issuer)| hash(certificate) + &hash(issuer)).collect()
}
