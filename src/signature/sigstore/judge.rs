//! The numbered steps of the module's documentation, over one attachment.

use std::collections::BTreeMap;

use sigstore_types::{DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use super::artifact::{Artifact, Bytes};
use super::certificate::Certificate;
use super::failure::rejection_of;
use super::key::{Hash, Message, PublicKey, Tried, Way};
use super::log::{self, Vouching};
use super::reading::{Content, Material, Reading, base64, malformed};
use super::root::{Ready, nobody};
use super::statement::{self, About};
use super::trail::Trail;
use super::{By, Claim, NAME, Proof, Signer, bundle, chain, claims, legacy, stamp};
use crate::model::attachment::{Attachment, AttachmentForm};
use crate::model::digest::Digest;
use crate::model::gap::{Gap, GapReason};
use crate::signature::{
    Basis, JudgedSignature, Outcome, Presented, PublicKeyAnchor, Rejection, SignedTarget, SignerIdentity, TimeSource, TrustAnchors,
    Undetermined, Verified,
};

/// What is trusted, made ready once for all attachments of an artifact.
pub(super) struct Court<'a> {
    roots: Vec<Ready>,
    keys: Vec<(&'a PublicKeyAnchor, PublicKey)>,
    now: jiff::Timestamp,
}

/// Why the steps ended early.
enum Stop {
    Rejected(Rejection),
    Unread(Box<Gap>),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Whose signature it says to be.
enum Party {
    Certificate(Box<Holder>),
    Key { hint: String },
}

/// The holder of a certificate.
struct Holder {
    leaf: Certificate,
    above: Vec<Certificate>,
    issuer: String,
    identity: String,
    claims: BTreeMap<&'static str, Claim>,
}

/// A signature value that its key made.
struct Made<'c> {
    way: Way,
    key: PublicKey,
    /// The key that the policy names, where it is one.
    named: Option<&'c PublicKeyAnchor>,
}

impl<'a> Court<'a> {
    /// A root that cannot be made ready vouches for nothing; it was checked when it was loaded.
    pub fn new(trust: &'a TrustAnchors, now: jiff::Timestamp) -> Self {
        let roots = trust.sigstore_roots.iter().filter_map(|root| Ready::of(&root.name, &root.json).ok()).collect();
        let keys = trust.keys.iter().filter_map(|key| Some((key, PublicKey::parse(&key.spki).ok()?))).collect();
        Self { roots, keys, now }
    }

    /// Judges one attachment; `None` where it is of a form that is not this scheme's.
    pub fn judge(&self, attachment: &Attachment, bytes: Bytes<'_>) -> Option<JudgedSignature> {
        let Attachment { location, target, form } = attachment;
        self.judge_form(location, form, &Artifact::new(target.digest, bytes), SignedTarget::beside(target.digest, target.role))
    }

    /// The same, whatever is known of the artifact.
    pub fn judge_form(
        &self,
        location: &str,
        form: &AttachmentForm,
        artifact: &Artifact<'_>,
        target: SignedTarget,
    ) -> Option<JudgedSignature> {
        let reading = match form {
            AttachmentForm::SigstoreBundle(json) => bundle::read(json),
            AttachmentForm::CosignSignature { payload, annotations } => legacy::signature(payload, annotations),
            AttachmentForm::CosignAttestation { envelope, annotations } => legacy::attestation(envelope, annotations),
            AttachmentForm::CosignBlob { signature, certificate } => legacy::blob(signature, certificate.as_deref()),
            AttachmentForm::NotaryEnvelope { .. } | AttachmentForm::Unknown(_) | AttachmentForm::Unreadable(_) => return None,
        };
        let mut trail = Trail::new();
        let mut presented = Presented::default();
        let outcome = match self.steps(reading, target, artifact, &mut trail, &mut presented) {
            Ok(basis) => Outcome::Valid(Verified::new(basis)),
            Err(Stop::Rejected(rejection)) => Outcome::Invalid(rejection),
            Err(Stop::Unread(gap)) => Outcome::Inconclusive(Undetermined { gap: *gap, chain_and_identity_verified: false }),
        };
        Some(JudgedSignature {
            scheme: NAME,
            location: location.into(),
            presented,
            outcome,
            steps: trail.into_steps(),
            does_not_bind: super::DOES_NOT_BIND,
        })
    }

    fn steps(
        &self,
        reading: Result<Reading, Rejection>,
        target: SignedTarget,
        artifact: &Artifact<'_>,
        trail: &mut Trail,
        presented: &mut Presented,
    ) -> Result<Basis, Stop> {
        // 1. Form and limits.
        let mut reading = trail.take(1, reading.map(|reading| (reading.kind.clone(), reading)))?;
        presented.form = Some(reading.kind.clone());
        if let Content::Envelope { payload, .. } = &reading.content {
            presented.predicate_type = statement::predicate_type(payload);
        }
        // 2. Log entries.
        trail.take(2, reading.check_entries().map(|()| (format!("{} entries", reading.entries.len()), ())))?;
        // 3. Signer.
        let party = trail.take(3, party(&reading, presented))?;
        // 4. Content.
        let about = trail.take(4, about(&reading, artifact).map(|about| (about.seen.clone(), about)))?;
        // 5. Signature value.
        let made = self.signature_value(&reading, &party, artifact, trail)?;
        let unread = stamp::take_unread(&mut reading);
        let untimed = unread > 0 && reading.entries.is_empty() && reading.timestamps.is_empty();
        if untimed && matches!(party, Party::Certificate(_)) {
            let gap = stamp::unread(format!("sha256:{}", artifact.hex()));
            trail.unknown(8, gap.to_string());
            return Err(Stop::Unread(Box::new(gap)));
        }
        // 6. to 9. Trusted root, evidence, times, validity.
        let proofs = match &party {
            Party::Certificate(holder) => self.vouched(&reading, holder, &made, artifact, trail)?,
            Party::Key { .. } => self.logged(&reading, &made, artifact, trail)?,
        };
        presented.signed_at = proofs.values().filter_map(|(proof, _)| proof.times.first().copied()).min();
        Ok(basis(&reading, target, party, about, &made, proofs))
    }

    fn signature_value<'c>(
        &'c self,
        reading: &Reading,
        party: &Party,
        artifact: &Artifact<'_>,
        trail: &mut Trail,
    ) -> Result<Made<'c>, Stop> {
        let candidates: Vec<(&PublicKey, Option<&'c PublicKeyAnchor>)> = match party {
            Party::Certificate(holder) => vec![(&holder.leaf.key, None)],
            Party::Key { .. } => self.keys.iter().map(|(anchor, key)| (key, Some(*anchor))).collect(),
        };
        let mut untried = false;
        for (key, named) in candidates {
            match tries(reading, key, artifact) {
                Tried::Made(way) => {
                    let by = named.map_or_else(String::new, |anchor| format!(" by the key `{}`", anchor.name));
                    return Ok(trail.take(5, Ok((format!("{}{by}", way.name), Made { way, key: key.clone(), named })))?);
                }
                Tried::NotMade => {}
                Tried::Untried => untried = true,
            }
        }
        if untried {
            let gap = artifact.gap();
            trail.unknown(5, gap.to_string());
            return Err(Stop::Unread(Box::new(gap)));
        }
        Ok(trail.take(5, Err(self.not_made(party)))?)
    }

    /// Whether a signature was damaged or is another key's can be told only where it says whose it is.
    fn not_made(&self, party: &Party) -> Rejection {
        let Party::Key { hint } = party else { return Rejection::BadSignature };
        let names = || self.keys.iter().map(|(anchor, _)| anchor.name.clone()).collect();
        let hinted = base64(hint).map(|bytes| data_encoding::HEXLOWER.encode(&bytes));
        let is_hinted = |sha256: &str| hint.eq_ignore_ascii_case(sha256) || hinted.as_deref() == Some(sha256);
        if self.keys.iter().any(|(anchor, _)| is_hinted(&anchor.sha256)) {
            Rejection::BadSignature
        } else {
            Rejection::OtherKey { hint: hint.chars().take(200).collect(), anchors: names() }
        }
    }

    /// A certificate counts under each root under which all holds.
    fn vouched(
        &self,
        reading: &Reading,
        holder: &Holder,
        made: &Made<'_>,
        artifact: &Artifact<'_>,
        trail: &mut Trail,
    ) -> Result<Proofs, Rejection> {
        let mut proofs = Proofs::new();
        let mut best: Option<(Trail, Result<(), Rejection>)> = None;
        for root in &self.roots {
            let mut under = trail.clone();
            let judged = under_root(root, reading, holder, made, artifact, self.now, &mut under);
            let result = judged.map(|proof| {
                proofs.insert(root.name.clone(), proof);
            });
            // Shown is the first root under which it holds, else the one under which it came farthest.
            if best.as_ref().is_none_or(|(shown, _)| shown.reached() < under.reached()) {
                best = Some((under, result));
            }
        }
        match best {
            None => trail.take(6, Err(self.untrusted(holder))),
            Some((under, result)) => {
                *trail = under;
                match result {
                    // The name of one root says little where several were asked.
                    Err(Rejection::UntrustedRoot { .. }) => Err(self.untrusted(holder)),
                    other => other.map(|()| proofs),
                }
            }
        }
    }

    fn untrusted(&self, holder: &Holder) -> Rejection {
        untrusted(holder, self.roots.iter().map(|root| root.name.clone()).collect())
    }

    /// A key counts by itself. What a log or an authority says of its signature is kept where it holds; an entry that is about something
    /// else, or that its own log does not vouch for, is refused.
    fn logged(&self, reading: &Reading, made: &Made<'_>, artifact: &Artifact<'_>, trail: &mut Trail) -> Result<Proofs, Rejection> {
        if reading.entries.is_empty() && reading.timestamps.is_empty() {
            trail.take(6, Ok(("a key by itself: no log entry, no time stamp, nobody states a time".into(), ())))?;
            return Ok(Proofs::new());
        }
        if !crate_verifies(reading, made) {
            trail.unknown(7, format!("log entries are not read for signatures by {}", made.way.name));
            return Ok(Proofs::new());
        }
        if !reading.entries.is_empty() {
            trail.take(7, consistent(reading, made, artifact).map(|()| ("the entries are about this signature".into(), ())))?;
        }
        let mut proofs = Proofs::new();
        let mut worst = None;
        for root in &self.roots {
            let mut under = trail.clone();
            match key_under_root(root, reading, made, artifact, self.now, &mut under) {
                Ok(proof) => {
                    proofs.insert(root.name.clone(), proof);
                    *trail = under;
                }
                Err(Rejection::UnknownLog { .. }) => {}
                Err(Rejection::TimeStamp { .. }) if reading.entries.is_empty() => {}
                Err(rejection) => worst = worst.or(Some((under, rejection))),
            }
        }
        match worst {
            Some((under, rejection)) if proofs.is_empty() => {
                *trail = under;
                Err(rejection)
            }
            Some(_) => Ok(proofs),
            None => {
                if proofs.is_empty() {
                    trail.take(6, Ok(("a key by itself: no named root has its log or authority, so nobody states a time".into(), ())))?;
                }
                Ok(proofs)
            }
        }
    }
}

type Proofs = BTreeMap<String, (Proof, Vouching)>;

fn party(reading: &Reading, presented: &mut Presented) -> Result<(String, Party), Rejection> {
    let (leaf, above) = match &reading.material {
        Material::Key { hint } => {
            presented.signer = Some(if hint.is_empty() { "a key".into() } else { format!("a key, hint {hint}") });
            return Ok(("a key".into(), Party::Key { hint: hint.clone() }));
        }
        Material::Certificate { leaf, above } => (leaf, above),
    };
    let leaf = Certificate::parse(leaf, "the signer's certificate")?;
    let parsed = (1..).zip(above).map(|(number, der)| Certificate::parse(der, &format!("certificate {number} above the signer's")));
    let above = parsed.collect::<Result<Vec<_>, _>>()?;
    presented.chain = std::iter::once(&leaf).chain(&above).map(Certificate::describe).collect();
    // bundle format, "x509_certificate_chain": a root is never part of it, or it would be taken for one that is trusted.
    if let Some(root) = above.iter().find(|certificate| certificate.is_self_issued()) {
        return Err(malformed("the certificate chain", format!("it holds the root `{}`", root.subject_text)));
    }
    if leaf.is_ca() {
        return Err(malformed("the signer's certificate", "it is that of a CA"));
    }
    let identity = leaf.identity()?;
    let issuer = claims::issuer(&leaf)?;
    let claims = claims::read(&leaf);
    let line = format!("{identity} (issuer {issuer})");
    presented.signer = Some(line.clone());
    Ok((line, Party::Certificate(Box::new(Holder { leaf, above, issuer, identity, claims }))))
}

fn about(reading: &Reading, artifact: &Artifact<'_>) -> Result<About, Rejection> {
    let target = artifact.hex();
    match &reading.content {
        Content::Artifact { claimed: Some((hash, claimed)), .. } => match artifact.digest(*hash) {
            Some(digest) if *digest != **claimed => {
                let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
                Err(Rejection::ContentDigest { expected: hex(claimed), presented: hex(&digest) })
            }
            Some(_) | None => Ok(About { seen: format!("the artifact sha256:{target}"), ..About::default() }),
        },
        Content::Artifact { claimed: None, .. } => Ok(About { seen: format!("the artifact sha256:{target}"), ..About::default() }),
        Content::Payload { payload, .. } => statement::simple_signing(payload, &target),
        Content::Envelope { payload_type, payload, .. } => statement::statement(payload_type, payload, &target, artifact),
    }
}

fn tries(reading: &Reading, key: &PublicKey, artifact: &Artifact<'_>) -> Tried {
    match &reading.content {
        Content::Artifact { signature, claimed } => match key.tries(artifact, signature) {
            // Only one digest is at hand, and by its own word the signature is over that one.
            Tried::Untried if key.signs_hashes() && matches!(claimed, Some((Hash::Sha256, _))) => Tried::NotMade,
            tried => tried,
        },
        Content::Payload { signature, payload } => key.tries(payload.as_ref(), signature),
        Content::Envelope { signature, payload_type, payload } => {
            key.tries(sigstore_types::pae(payload_type, payload).as_slice(), signature)
        }
    }
}

fn under_root(
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
            let timely = log::vouching(root, reading).and_then(|vouching| chain::valid_at(&holder.leaf, &paths, &vouching.times()));
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
    let vouching = log::vouching(root, reading);
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

fn known_logs(root: &Ready, reading: &Reading) -> Result<(), Rejection> {
    match reading.entries.iter().find(|entry| log::known(root, entry).is_none()) {
        Some(entry) => Err(Rejection::UnknownLog { log: log::id_of(entry), anchors: vec![root.name.clone()] }),
        None => Ok(()),
    }
}

fn key_under_root(
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
    let (times, vouching) = timed(log::vouching(root, reading), &result, now, trail)?;
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
fn crate_verifies(reading: &Reading, made: &Made<'_>) -> bool {
    let usual = match reading.content {
        Content::Envelope { .. } => made.key.usual_hash() == made.way.hash,
        Content::Artifact { .. } | Content::Payload { .. } => true,
    };
    made.way.crate_knows && usual
}

/// Entries must be about this signature whether or not a root is named, or one that is not would be taken for none.
fn consistent(reading: &Reading, made: &Made<'_>, artifact: &Artifact<'_>) -> Result<(), Rejection> {
    let verifier = nobody().ok_or_else(|| malformed("the log entry", "it could not be compared"))?;
    let unstamped = Reading { timestamps: Vec::new(), ..reading.clone() };
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(made.key.spki().to_vec())).skip_tlog_unsafe();
    verify(&verifier, &unstamped, made, artifact, Asked::Key(&policy)).map(|_| ())
}

fn untrusted(holder: &Holder, anchors: Vec<String>) -> Rejection {
    let top = holder.above.last().unwrap_or(&holder.leaf);
    Rejection::UntrustedRoot { root: format!("a certificate of `{}`", top.issuer_text), fingerprint: top.fingerprint(), anchors }
}

fn basis(reading: &Reading, target: SignedTarget, party: Party, about: About, made: &Made<'_>, proofs: Proofs) -> Basis {
    let by = match party {
        Party::Certificate(holder) => By::Certificate { issuer: holder.issuer, identity: holder.identity, claims: holder.claims },
        Party::Key { .. } => By::Key { spki_sha256: made.key.sha256() },
    };
    let stamped = proofs.values().flat_map(|(_, vouching)| vouching.stamped.iter().copied()).min();
    let logged = proofs.values().flat_map(|(_, vouching)| vouching.logged.iter().copied()).min();
    let (signed_at, time_source) = match (stamped, logged) {
        (Some(stamped), Some(logged)) if logged < stamped => (Some(logged), TimeSource::TransparencyLog),
        (Some(stamped), _) => (Some(stamped), TimeSource::TimestampAuthority),
        (None, Some(logged)) => (Some(logged), TimeSource::TransparencyLog),
        (None, None) => (None, TimeSource::Nobody),
    };
    let anchors = made.named.iter().map(|anchor| anchor.name.clone()).chain(proofs.keys().cloned()).collect();
    let proofs = proofs.into_iter().map(|(name, (proof, _))| (name, proof)).collect();
    Basis {
        scheme: NAME,
        target,
        statement: about.statement,
        anchors,
        identity: SignerIdentity::Sigstore(Box::new(Signer { by, proofs, form: reading.form, annotations: about.annotations })),
        signed_at,
        time_source,
        expires_at: None,
        signature_id: Digest::of(reading.signature()).hex(),
        revocation: Vec::new(),
    }
}

impl Vouching {
    /// Every time that is vouched for, earliest first.
    fn times(&self) -> Vec<jiff::Timestamp> {
        let mut times: Vec<_> = self.stamped.iter().chain(&self.logged).copied().collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

impl Artifact<'_> {
    /// Why a signature over more than the SHA-256 could not be tried.
    fn gap(&self) -> Gap {
        let (reason, next_step) = match self.bytes() {
            Bytes::Unknown => (GapReason::NotRecorded, "Give the artifact itself, not only its digest."),
            Bytes::Here(_) | Bytes::File(_) => {
                (GapReason::TooLarge { limit: "sigstore whole message".into() }, "Sign the artifact by a key that signs digests.")
            }
        };
        Gap {
            subject: format!("sha256:{}", self.hex()),
            wanted: "whether a signature holds that is over more than the SHA-256".into(),
            reason,
            detail: "Ed25519 signs the whole artifact; other keys may sign its SHA-384 or SHA-512".into(),
            next_step: next_step.into(),
        }
    }
}
