//! Steps 6 to 9 of the module's documentation: what one trusted root vouches for, with the crate.

use sigstore_types::{DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use super::artifact::{Artifact, Bytes};
use super::failure::rejection_of;
use super::key::{Hash, Message};
use super::log::{self, Vouching};
use super::party::{Holder, Made};
use super::reading::{Content, Reading, malformed};
use super::root::{Ready, nobody};
use super::{Proof, chain};
use crate::signature::Rejection;
use crate::signature::trail::Trail;

pub(super) fn under_root(
    root: &Ready,
    reading: &Reading,
    holder: &Holder,
    made: &Made<'_>,
    artifact: &Artifact<'_>,
    now: jiff::Timestamp,
    trail: &mut Trail,
) -> Result<(Proof, Vouching), Rejection> {
    // 6. Trusted root.
    let paths = chain::paths(&holder.leaf, &holder.above, root);
    trail.take(6, belongs(root, reading, holder, &paths))?;
    // 7. Evidence.
    if !crate_verifies(reading, made) {
        let presented = made.way.name.to_owned();
        let expected = "the usual hash of the key's kind, and RSA by PKCS #1".into();
        return trail.take(7, Err(Rejection::Algorithm { part: "the signature by a certificate".into(), expected, presented }));
    }
    let mut policy = VerificationPolicy::any_identity();
    if reading.entries.is_empty() {
        policy = policy.skip_tlog_unsafe();
    }
    if !root.has_ct {
        policy = policy.skip_sct();
    }
    let verified = verify(&root.verifier, reading, made, artifact, Asked::Certificate(&policy));
    let result = match verified {
        Ok(result) => result,
        Err(rejection) => {
            // webpki says that a chain does not hold, not why: where it is a question of time, the times say it better.
            let timely = log::vouching(root, reading, now).and_then(|vouching| chain::valid_at(&holder.leaf, &paths, &vouching.times()));
            let rejection = match (rejection, timely) {
                (Rejection::Chain { .. }, Err(rejection @ Rejection::OutsideValidity { .. })) => rejection,
                (rejection, _) => rejection,
            };
            return trail.take(7, Err(rejection));
        }
    };
    let sct = if result.sct_verified() { "SCT, " } else { "" };
    trail.take(7, Ok((format!("{sct}{} entries, {} time stamps", reading.entries.len(), reading.timestamps.len()), ())))?;
    // 8. Times. 9. Validity.
    let vouching = log::vouching(root, reading, now);
    let (times, vouching) = timed(vouching, &result, now, trail)?;
    trail.take(9, chain::valid_at(&holder.leaf, &paths, &times).map(|()| ("all of them at all of the times".into(), ())))?;
    Ok((proof(reading, &vouching, times, result.sct_verified()), vouching))
}

/// Step 6 for a certificate: made for this root, or for another one, or damaged.
fn belongs(root: &Ready, reading: &Reading, holder: &Holder, paths: &[chain::Path<'_>]) -> Result<(String, ()), Rejection> {
    if paths.is_empty() {
        let certificates = root.authorities.iter().flat_map(|authority| &authority.certificates);
        return match certificates.chain(&holder.above).find(|ca| holder.leaf.claims_issuer(ca) && !holder.leaf.is_signed_by(ca)) {
            Some(ca) => Err(malformed("the signer's certificate", format!("`{}` did not sign what it says", ca.subject_text))),
            None => Err(untrusted(holder, vec![root.name.clone()])),
        };
    }
    known_logs(root, reading)?;
    Ok((format!("a certificate authority of `{}`", root.name), ()))
}

pub(super) fn known_logs(root: &Ready, reading: &Reading) -> Result<(), Rejection> {
    match reading.entries.iter().find(|entry| log::known(root, entry).is_none()) {
        Some(entry) => Err(Rejection::UnknownLog { log: log::id_of(entry), anchors: vec![root.name.clone()] }),
        None => Ok(()),
    }
}

pub(super) fn key_under_root(
    root: &Ready,
    reading: &Reading,
    made: &Made<'_>,
    artifact: &Artifact<'_>,
    now: jiff::Timestamp,
    trail: &mut Trail,
) -> Result<(Proof, Vouching), Rejection> {
    // 6. Trusted root.
    trail.take(6, known_logs(root, reading).map(|()| (format!("logs of `{}`", root.name), ())))?;
    // 7. Evidence.
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(made.key.spki().to_vec()));
    let policy = if reading.entries.is_empty() { policy.skip_tlog_unsafe() } else { policy };
    let result = verify(&root.verifier, reading, made, artifact, Asked::Key(&policy));
    let result = trail.take(7, result.map(|result| (format!("{} entries", reading.entries.len()), result)))?;
    // 8. Times. 9. Validity.
    let (times, vouching) = timed(log::vouching(root, reading, now), &result, now, trail)?;
    trail.take(9, Ok(("log keys and authorities at all of the times".into(), ())))?;
    Ok((proof(reading, &vouching, times, false), vouching))
}

/// Step 8, and what of step 9 the logs and authorities themselves are held to.
fn timed(
    vouching: Result<Vouching, Rejection>,
    result: &VerificationResult,
    now: jiff::Timestamp,
    trail: &mut Trail,
) -> Result<(Vec<jiff::Timestamp>, Vouching), Rejection> {
    let vouching = match vouching {
        Ok(vouching) => vouching,
        Err(rejection) => return trail.take(9, Err(rejection)),
    };
    let mut times = vouching.times();
    times.extend(result.verified_timestamps());
    times.sort_unstable();
    times.dedup();
    let checked = match times.iter().max() {
        // Only a key comes here without a time: its log vouches for the entry, and says no more.
        None => Ok(("none".into(), ())),
        Some(latest) if *latest > now => Err(Rejection::FromTheFuture { signed_at: *latest, now }),
        Some(_) => Ok((times.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), ())),
    };
    trail.take(8, checked)?;
    Ok((times, vouching))
}

fn proof(reading: &Reading, vouching: &Vouching, times: Vec<jiff::Timestamp>, sct: bool) -> Proof {
    Proof {
        transparency: log::transparency(&reading.entries),
        logs: vouching.logs.iter().cloned().collect(),
        timestamp_authorities: vouching.stampers.iter().cloned().collect(),
        times,
        sct,
    }
}

/// What the crate is asked.
#[derive(Clone, Copy)]
enum Asked<'p> {
    Certificate(&'p VerificationPolicy),
    Key(&'p PublicKeyVerificationPolicy),
}

/// The crate, on the parts that were read. Everything that it says is one [`Rejection`].
fn verify(
    verifier: &Verifier,
    reading: &Reading,
    made: &Made<'_>,
    artifact: &Artifact<'_>,
    asked: Asked<'_>,
) -> Result<VerificationResult, Rejection> {
    let signed = made.way.hash.and_then(|hash| {
        let digest = match &reading.content {
            Content::Payload { payload, .. } => payload.digest(hash)?.into_owned(),
            Content::Artifact { .. } | Content::Envelope { .. } => artifact.digest(hash)?.into_owned(),
        };
        Some((hash, digest))
    });
    let bundle = reading.to_bundle(signed);
    let policy: &dyn sigstore_verify::Policy = match asked {
        Asked::Certificate(policy) => policy,
        Asked::Key(policy) => policy,
    };
    let by_digest = || verifier.verify(Sha256Hash::from(*artifact.sha256()), &bundle, policy);
    let result = match &reading.content {
        Content::Payload { payload, .. } => verifier.verify(payload.as_ref(), &bundle, policy),
        Content::Envelope { .. } | Content::Artifact { .. } => match artifact.bytes() {
            Bytes::Here(bytes) => verifier.verify(bytes, &bundle, policy),
            Bytes::Unknown => by_digest(),
            Bytes::File(_) if made.way.hash == Some(Hash::Sha256) && !artifact.was_read() => by_digest(),
            Bytes::File(path) => match (made.way.hash, artifact.whole()) {
                (None, Some(whole)) => verifier.verify(whole.as_ref(), &bundle, policy),
                (_, _) => match std::fs::File::open(path) {
                    Ok(file) => verifier.verify_reader(file, &bundle, policy),
                    Err(_) => by_digest(),
                },
            },
        },
    };
    result.map_err(|error| rejection_of(&error))
}

/// The crate knows one hash per key for DSSE, and no RSA-PSS, P-521 or SHA-512 with the other curves.
pub(super) fn crate_verifies(reading: &Reading, made: &Made<'_>) -> bool {
    let usual = match reading.content {
        Content::Envelope { .. } => made.key.usual_hash() == made.way.hash,
        Content::Artifact { .. } | Content::Payload { .. } => true,
    };
    made.way.crate_knows && usual
}

/// Entries must be about this signature whether or not a root is named, or one that is not would be taken for none.
pub(super) fn consistent(reading: &Reading, made: &Made<'_>, artifact: &Artifact<'_>) -> Result<(), Rejection> {
    let verifier = nobody().ok_or_else(|| malformed("the log entry", "it could not be compared"))?;
    let unstamped = Reading { timestamps: Vec::new(), ..reading.clone() };
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(made.key.spki().to_vec())).skip_tlog_unsafe();
    verify(&verifier, &unstamped, made, artifact, Asked::Key(&policy)).map(|_| ())
}

pub(super) fn untrusted(holder: &Holder, anchors: Vec<String>) -> Rejection {
    let top = holder.above.last().unwrap_or(&holder.leaf);
    Rejection::UntrustedRoot { root: format!("a certificate of `{}`", top.issuer_text), fingerprint: top.fingerprint(), anchors }
}
