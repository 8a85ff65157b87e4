//! What the envelopes of the Notary Project have in common here: who signs, who is trusted, and what a lost time stamp takes away.

use std::sync::Arc;

use layerproof::model::attachment::AttachmentForm;
use layerproof::signature::revocation::ChainOf;
use layerproof::signature::{Basis, RevocationQuestion, SignerIdentity, TimeSource, TrustAnchors};

use super::court::{Image, store};
use super::sweep::Judgement;
use crate::forge::SigningKey;
use crate::forge::notary::envelope::EnvelopeBuilder;
use crate::forge::notary::{Notary, Target};
use crate::forge::pki::at;

const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj";
const JOB: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/00000000-0000-4000-8000-000000000001";
const OTHER_PROFILE: &str = "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/experiments/KlMnOpQrSt";
const OTHER_JOB: &str = "arn:aws:signer:eu-west-1:444455556666:/signing-jobs/00000000-0000-4000-8000-000000000002";

/// When the time stamps were made: a few seconds after the signer says to have signed.
const STAMPED: &str = "2026-09-01T10:20:35Z";
const STAMPED_ASN1: &str = "20260901102035Z";

/// An envelope, one for another artifact, and one for the same artifact that differs in all else.
pub struct Three {
    pub good: EnvelopeBuilder,
    pub other: EnvelopeBuilder,
    pub twin: EnvelopeBuilder,
}

/// The image, with trust stores of our CAs, those of AWS Signer's shape and foreign ones.
pub fn image() -> Image {
    let (world, aws, foreign) = (Notary::new(), Notary::aws_signer(), Notary::foreign());
    Image::new(TrustAnchors {
        trust_stores: vec![
            store("ca:test", vec![world.root_der()]),
            store("ca:foreign", vec![foreign.root_der()]),
            store("signingAuthority:test", vec![world.root_der()]),
            store("signingAuthority:aws", vec![aws.root_der()]),
            store("tsa:test", vec![world.tsa.root.self_signed()]),
            store("tsa:foreign", vec![foreign.tsa.root.self_signed()]),
        ],
        ..TrustAnchors::default()
    })
}

fn other_target() -> Target {
    Target::of(b"{\"another\": \"manifest\"}").annotated("stage", "test")
}

fn target(image: &Image) -> Target {
    Target::of(&image.manifest).annotated("stage", "production")
}

fn all_else(builder: EnvelopeBuilder) -> EnvelopeBuilder {
    let mut builder = builder.at("2026-09-01T11:00:00Z");
    builder.agent = Some("another agent/2.0".into());
    builder
}

fn stamped(builder: EnvelopeBuilder) -> EnvelopeBuilder {
    let certificates = builder.world.tsa.chain();
    builder.stamped().token(move |token| {
        token.certificates = certificates.clone();
        token.gen_time = STAMPED_ASN1.into();
        token.accuracy = Some([1, 500, 0]);
        token.nonce = Some(7);
        token.ordering = true;
    })
}

/// `notary.x509` with expiry and time stamp, by a P-256 key.
pub fn x509(image: &Image) -> Three {
    x509_by(Notary::new(), image)
}

/// The same by an RSA key.
pub fn x509_by_rsa(image: &Image) -> Three {
    x509_by(Notary::with_leaf_key(SigningKey::rsa(2048)), image)
}

fn x509_by(world: Notary, image: &Image) -> Three {
    let good = |target: &Target| stamped(world.sign(target).expiry("2027-09-01T00:00:00Z"));
    // Another signer below the same CA, who signed later and for longer.
    let twin = Notary::with_leaf_key(SigningKey::p256("layerproof test another notary leaf"));
    let twin = all_else(twin.sign(&Target::of(&image.manifest).annotated("stage", "test")).expiry("2030-09-01T00:00:00Z"));
    let twin = stamped(twin).token(|token| token.gen_time = "20260901110005Z".into());
    Three { good: good(&target(image)), other: all_else(good(&other_target())), twin }
}

/// `notary.x509.signingAuthority` without a plugin.
pub fn signing_authority(image: &Image) -> Three {
    let world = Notary::new();
    let good = |target: &Target| world.sign(target).signing_authority().expiry("2027-09-01T00:00:00Z");
    let twin = world.sign(&Target::of(&image.manifest)).signing_authority().expiry("2030-09-01T00:00:00Z");
    Three { good: good(&target(image)), other: all_else(good(&other_target())), twin: all_else(twin) }
}

/// As AWS Signer signs.
pub fn aws_signer(image: &Image) -> Three {
    let world = Notary::aws_signer();
    Three {
        good: world.aws(&target(image), PROFILE, JOB),
        other: all_else(world.aws(&other_target(), OTHER_PROFILE, OTHER_JOB)),
        twin: all_else(world.aws(&target(image), OTHER_PROFILE, OTHER_JOB).expiry("2040-01-01T00:00:00Z")),
    }
}

pub fn judge(image: &Image, envelope: &[u8], media_type: &str) -> Judgement<Basis> {
    let envelope = Arc::from(envelope);
    image.judge(AttachmentForm::NotaryEnvelope { envelope, media_type: media_type.into(), blob: false })
}

/// The mutant is the good one without its time stamp: the signer's word is all that is left of the time.
pub fn takes_the_time_stamp(good: &Basis, mutant: &Basis) -> bool {
    let holds = spans(good) > 0 && spans(mutant) == 0;
    let times = good.signed_at == Some(at(STAMPED) + jiff::SignedDuration::from_millis(1500))
        && mutant.signed_at == Some(at(crate::forge::notary::SIGNED_AT))
        && mutant.time_source == TimeSource::Signer;
    holds && times && without_time_stamp(good) == without_time_stamp(mutant)
}

/// Under how many trust stores the time stamp holds.
fn spans(basis: &Basis) -> usize {
    let SignerIdentity::Notary(signer) = &basis.identity else { panic!("{:?}", basis.identity) };
    signer.chain_time.timestamp.iter().flat_map(|stamp| stamp.under.values()).filter(|span| span.is_ok()).count()
}

fn without_time_stamp(basis: &Basis) -> Basis {
    let mut basis = basis.clone();
    let SignerIdentity::Notary(signer) = &mut basis.identity else { panic!("{:?}", basis.identity) };
    signer.chain_time.timestamp = None;
    basis.revocation.retain(|question| !matches!(question, RevocationQuestion::Certificates { of: ChainOf::TimestampAuthority, .. }));
    (basis.signed_at, basis.time_source) = (None, TimeSource::Nobody);
    basis
}
