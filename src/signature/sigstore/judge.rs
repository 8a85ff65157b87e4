//! The numbered steps of the module's documentation, over one attachment.

use std::collections::BTreeMap;

use super::artifact::{Artifact, Bytes};
use super::key::{Hash, Message, PublicKey, Tried};
use super::log::Vouching;
use super::party::{Holder, Made, Party, party};
use super::reading::{Content, Reading, base64};
use super::root::Ready;
use super::statement::{self, About};
use super::steps::STEPS;
use super::under::{consistent, crate_verifies, key_under_root, under_root, untrusted};
use super::{By, NAME, Proof, Signer, bundle, legacy, stamp};
use crate::model::attachment::{Attachment, AttachmentForm};
use crate::model::digest::Digest;
use crate::model::gap::Gap;
use crate::signature::trail::Trail;
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
        let mut trail = Trail::new(STEPS);
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
