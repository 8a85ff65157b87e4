//! AWS Signer's signature inside a Lambda zip (platform `AWSLambda-SHA384-ECDSA`), verified offline.
//!
//! AWS publishes no description of this format. What is known comes from one public source that is not AWS ([`SOURCE`]); so every
//! step is kept with what was expected and what stood there, and whatever departs from the description is never taken for
//! "unsigned". RFC 5652 (CMS) and RFC 5280 (X.509) carry the rest.
//!
//! 1.  The archive has exactly one signature file, `META_INF/aws_signer_signature_v1.0.SF`.
//! 2.  It is the last entry.
//! 3.  The archive can be read in one way only, and was read in full.
//! 4.  The file is one PEM block `PKCS7`.
//! 5.  In it is one CMS ContentInfo of type SignedData; its wrappers may be BER.
//! 6.  SignedData: version 1, SHA-384, id-data without content, X.509 certificates, one signer.
//! 7.  SignerInfo: version 1, signer by issuer and serial number, SHA-384, ecdsa-with-SHA384, no unsigned attributes.
//! 8.  Signed attributes: a DER SET OF, each once, one value each; contentType id-data; an algorithm protection agrees.
//! 9.  They name a signing profile version and a signing job.
//! 10. They give signing time and expiry, in this order.
//! 11. messageDigest is SHA-384 of the inner digest: SHA-384 over name and body of every other entry, in order.
//! 12. The certificates form one chain from the signer to a root, and nothing else.
//! 13. The signer's key is on P-384, and made the signature over the signed attributes.
//! 14. Each certificate is signed by the next, the root by itself.
//! 15. The signer may sign code and is no CA; the others are CAs and may issue what stands below them.
//! 16. The signing time is not in the future, and all certificates were valid at it. Signer's certificates live for days and there is
//!     no timestamp of a third party: the time is the signer's own word.
//! 17. The root is one that an anchor names, byte by byte.
//! 18. An anchor that a user pinned vouches for the account of the signing profile.
//!
//! Expiry (it is in the result) and the signer's identity are for the policy to judge; revocation needs a live question.

mod attributes;
mod cms;
mod digest;
mod file;
mod gaps;
mod oids;
mod pem;
mod steps;

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use self::attributes::{Attributes, Identity, Times};
use self::cms::SignedData;
use self::file::SignatureFiles;
use self::steps::STEPS;
use super::asn1::{self, tag};
use super::ber;
use super::trail::Trail;
use super::x509::{Certificate, Chain, KeyKind};
use super::{
    Analysed, Anchor, Basis, Candidate, JudgedSignature, Outcome, Presented, Rejection, RevocationQuestion, Scheme, Signatures,
    SignedTarget, SignerIdentity, TimeSource, TrustAnchors, Undetermined, Verified,
};
use crate::model::attachment::Attachments;
use crate::model::digest::{Digest, Sha384};
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::unpack::{Limits, UnpackError, WantDigests, ZipIndex, analyse_zip};

pub use digest::InnerDigest;
pub use file::SIGNATURE_FILE;

/// Where the knowledge of the format comes from, one sentence for reports.
pub const SOURCE: &str = "The format is known from one public source that is not AWS (radkawar/stackd, an emulator that reports replaying \
                          real signed zips); AWS publishes no description, and no zip signed by AWS has been checked here.";

/// What a signature of this scheme leaves open.
pub const DOES_NOT_BIND: &[&str] = &[
    "entry modes: setuid, setgid, executable and permission bits",
    "whether an entry is a file or a symbolic link",
    "modification times",
    "compression methods, and so the bytes of the zip file itself",
    "extra fields and comments",
    "the boundary between an entry's name and its body",
    "the boundaries between entries: two can be merged, or one split",
    "that neither certificate, signing job nor signing profile was revoked",
];

/// The signing platform of zips, as GetRevocationStatus takes it.
pub const PLATFORM_ID: &str = "AWSLambda-SHA384-ECDSA";

/// Bytes of the signature file. The published one has 3,325.
const MAX_FILE_BYTES: u64 = 256 << 10;

/// Signature files under names that are only alike: so many are judged.
const MAX_ALIKE: usize = 8;

/// The scheme.
pub struct AwsSigner;

impl Scheme for AwsSigner {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "AWS Signer inside a Lambda zip: a CMS over names and bodies of all entries, verified offline"
    }

    fn does_not_bind(&self) -> &'static [&'static str] {
        DOES_NOT_BIND
    }

    fn source(&self) -> &'static str {
        SOURCE
    }

    fn examine(&self, artifact: &Candidate<'_>, _: &Attachments, trust: &TrustAnchors, now: Timestamp, limits: &Limits) -> Signatures {
        let Candidate::Zip { subject, index, analysed } = artifact else { return Observed::Absent };
        let files = SignatureFiles::find(index);
        if files.count() == 0 {
            return if index.complete { Observed::Absent } else { Observed::Unknown(gaps::unlisted(subject.to_string(), index)) };
        }
        let own;
        let analysed = match analysed {
            Some(analysed) => *analysed,
            None => {
                let mut inner = InnerDigest::new(index);
                match analyse_zip(index, limits, &WantDigests::None, &mut [&mut inner]) {
                    Ok(contents) => own = (contents, inner),
                    Err(error) => return Observed::Unknown(gaps::unread(subject.to_string(), &error)),
                }
                Analysed { contents: &own.0, inner: &own.1 }
            }
        };
        let examination = Examination { subject: subject.to_string(), index, analysed, files: &files, trust, now };
        if files.exact.is_empty() {
            Observed::Present(files.alike.iter().take(MAX_ALIKE).map(|at| examination.judge_alike(*at)).collect())
        } else {
            Observed::Present(files.chosen().map(|at| examination.judge(at)).into_iter().collect())
        }
    }
}

/// The scheme's name.
pub const NAME: &str = "aws-signer";

/// One archive under examination.
struct Examination<'a> {
    subject: String,
    index: &'a ZipIndex,
    analysed: Analysed<'a>,
    files: &'a SignatureFiles,
    trust: &'a TrustAnchors,
    now: Timestamp,
}

/// Why the steps ended early.
enum Stop {
    Rejected(Rejection),
    Unread(Box<Gap>),
}

/// All steps hold.
struct Passed {
    basis: Basis,
    /// Attributes of Signer's own that the description does not have.
    unknown: Vec<String>,
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl Examination<'_> {
    /// Judges the signature file at this index.
    fn judge(&self, at: usize) -> JudgedSignature {
        let mut trail = Trail::new(STEPS);
        let mut presented = Presented::default();
        let outcome = match self.steps(at, &mut trail, &mut presented) {
            Ok(Passed { basis, unknown }) if unknown.is_empty() => Outcome::Valid(Verified::new(basis)),
            // Signed by Signer, but with a word of its own that may restrict what it says: not for us to guess.
            Ok(Passed { unknown, .. }) => Outcome::Inconclusive(Undetermined {
                gap: gaps::unconfirmed(self.subject.clone(), format!("signed attributes of unknown meaning: {}", unknown.join(", "))),
                chain_and_identity_verified: true,
            }),
            Err(Stop::Rejected(rejection)) => Outcome::Invalid(rejection),
            Err(Stop::Unread(gap)) => Outcome::Inconclusive(Undetermined { gap: *gap, chain_and_identity_verified: false }),
        };
        let location = self.index.entries.get(at).map(|entry| entry.path_lossless()).unwrap_or_default();
        JudgedSignature { scheme: NAME, location, presented, outcome, steps: trail.into_steps(), does_not_bind: DOES_NOT_BIND }
    }

    /// Judges a file whose name is only alike. Whatever comes of it, it is neither Valid nor nothing: the one description of the
    /// format may have the name wrong.
    fn judge_alike(&self, at: usize) -> JudgedSignature {
        let mut judged = self.judge(at);
        let (verified, why) = match &judged.outcome {
            Outcome::Valid(_) => (true, "all else holds".to_owned()),
            Outcome::Invalid(rejection) => (false, rejection.to_string()),
            Outcome::Inconclusive(undetermined) => (undetermined.chain_and_identity_verified, undetermined.gap.detail.clone()),
        };
        let detail = format!("the entry is named `{}`, not `{SIGNATURE_FILE}`; {why}", judged.location);
        judged.outcome = Outcome::Inconclusive(Undetermined {
            gap: gaps::unconfirmed(self.subject.clone(), detail),
            chain_and_identity_verified: verified,
        });
        judged
    }

    /// The numbered steps of the module's documentation.
    fn steps(&self, at: usize, trail: &mut Trail, presented: &mut Presented) -> Result<Passed, Stop> {
        // 1. Exactly one signature file.
        trail.take(1, self.one_file())?;
        // 2. It is the last entry.
        trail.take(2, self.last_entry(at))?;
        // 3. One way to read the archive.
        let inner = trail.take(3, self.unambiguous())?;
        // 4. One PEM block.
        let text = self.read(at).map_err(|gap| {
            trail.unknown(4, gap.to_string());
            Stop::Unread(gap)
        })?;
        let ber = trail.take(4, text.and_then(|text| unwrap_pem(&text)))?;
        // 5. ContentInfo.
        let der = trail.take(5, content(&ber))?;
        let fields = cms::content_info(&der)?;
        // 6. SignedData.
        let signed = trail.take(6, SignedData::parse(fields).map(|s| (format!("{} certificates, one signer", s.certificates.len()), s)))?;
        // 7. SignerInfo.
        let signer = trail.take(7, signed.signer_info().map(|s| ("version 1, SHA-384, ecdsa-with-SHA384".into(), s)))?;
        // 8. Signed attributes.
        let attributes = trail.take(8, form(signer.signed_attributes))?;
        present(&attributes, presented);
        // 9. Identity.
        let identity = trail.take(9, attributes.identity().map(|i| (format!("{}, {}", i.profile_version, i.job_arn), i)))?;
        // 10. Times.
        let times = trail.take(10, attributes.times().map(|t| (format!("signed {}, expires {}", t.signed_at, t.expires_at), t)))?;
        // 11. Content.
        trail.take(11, compare_digest(&attributes, &inner))?;
        // 12. Chain.
        let chain = trail.take(12, self.chain(&signed, &signer))?;
        presented.chain = chain.certificates().iter().map(Certificate::describe).collect();
        // 13. Signature value.
        trail.take(13, check_value(&chain, &signer))?;
        // 14. Signatures of the certificates.
        trail.take(14, chain.check_signatures().map(|()| ("each is signed by the next".into(), ())))?;
        // 15. What they may be used for.
        trail.take(15, chain.check_constraints().map(|()| ("code signing, below CAs".into(), ())))?;
        // 16. Time.
        trail.take(16, self.check_time(&chain, times.signed_at))?;
        // 17. Root.
        let anchors = trail.take(17, self.root(&chain, &identity))?;
        // 18. Accounts.
        let anchors = trail.take(18, check_accounts(anchors, &identity))?;

        let unknown = attributes.unknown_of_signer().iter().map(ToString::to_string).collect();
        Ok(Passed { basis: basis(&chain, identity, times, &anchors, signer.signature), unknown })
    }

    fn one_file(&self) -> Result<(String, ()), Rejection> {
        match self.files.count() {
            1 => Ok(("one".into(), ())),
            count => Err(Rejection::SeveralSignatures { count }),
        }
    }

    fn last_entry(&self, at: usize) -> Result<(String, ()), Rejection> {
        match self.index.entries.iter().skip(at).nth(1) {
            None => Ok((format!("entry {} of {}", at.saturating_add(1), self.index.entries.len()), ())),
            Some(entry) => Err(Rejection::EntryAfterSignature { entry: entry.path_lossless() }),
        }
    }

    /// Gives the inner digest, which exists only where every entry was read whole.
    fn unambiguous(&self) -> Result<(String, [u8; 48]), Rejection> {
        let Analysed { contents, inner } = self.analysed;
        let ambiguous = self.index.anomalies.iter().chain(&contents.anomalies).find(|anomaly| anomaly.kind.is_ambiguous());
        if let Some(anomaly) = ambiguous {
            let place = if anomaly.path.is_empty() { String::new() } else { format!(" at `{}`", anomaly.path) };
            return Err(Rejection::AmbiguousArchive { what: format!("{}{place}: {}", anomaly.kind.id(), anomaly.detail) });
        }
        let incomplete = || Rejection::AmbiguousArchive { what: "it could not be read in full".into() };
        if !self.index.complete || !contents.complete {
            return Err(incomplete());
        }
        let inner = inner.finish().ok_or_else(incomplete)?;
        Ok((format!("{} entries, all read", self.index.entries.len()), inner))
    }

    fn read(&self, at: usize) -> Result<Result<Vec<u8>, Rejection>, Box<Gap>> {
        let malformed = |detail: String| Ok(Err(cms::malformed("the signature file", detail)));
        let Some(entry) = self.index.entries.get(at) else { return malformed("it is gone".into()) };
        match self.index.read(entry, MAX_FILE_BYTES) {
            Ok(text) => Ok(Ok(text)),
            Err(UnpackError::Entry { detail, .. }) => malformed(detail),
            Err(error) => Err(Box::new(gaps::unread(self.subject.clone(), &error))),
        }
    }

    fn chain(&self, signed: &SignedData<'_>, signer: &cms::SignerInfo<'_>) -> Result<(String, Chain), Rejection> {
        let mut certificates = Vec::new();
        for (at, der) in signed.certificates.iter().enumerate() {
            certificates.push(Certificate::parse(der, &format!("certificate {}", at.saturating_add(1)))?);
        }
        let chain = Chain::assemble(certificates, signer.issuer, signer.serial, self.trust)?;
        let names: Vec<&str> = chain.certificates().iter().map(|c| c.subject_text.as_str()).collect();
        let note = if chain.root_presented { "" } else { " (the root is taken from an anchor)" };
        Ok((format!("{}{note}", names.join(" ‹ ")), chain))
    }

    /// The root that is known is that of the partition `aws`. Of the others nobody has told one, so a root of theirs is no forgery by itself.
    fn root(&self, chain: &Chain, identity: &Identity) -> Result<(String, Vec<&Anchor>), Rejection> {
        match chain.anchored(self.trust) {
            Ok(anchors) => Ok((format!("that of {}", names(&anchors)), anchors)),
            Err(Rejection::UntrustedRoot { root, fingerprint, .. }) if identity.profile_version.partition != "aws" => {
                Err(Rejection::UnknownPartitionRoot { partition: identity.profile_version.partition.clone(), root, fingerprint })
            }
            Err(other) => Err(other),
        }
    }

    fn check_time(&self, chain: &Chain, signed_at: Timestamp) -> Result<(String, ()), Rejection> {
        if signed_at > self.now {
            return Err(Rejection::FromTheFuture { signed_at, now: self.now });
        }
        chain.check_validity(signed_at)?;
        let until = chain.signer().map(|signer| format!("; the signer's certificate: {} to {}", signer.not_before, signer.not_after));
        Ok((format!("{signed_at}{}", until.unwrap_or_default()), ()))
    }
}

fn unwrap_pem(text: &[u8]) -> Result<(String, Vec<u8>), Rejection> {
    let ber = pem::decode(text)?;
    Ok((format!("{} bytes of PEM, {} within", text.len(), ber.len()), ber))
}

fn content(ber: &[u8]) -> Result<(String, Vec<u8>), Rejection> {
    let der = ber::to_der(ber).map_err(|error| cms::malformed("CMS", error))?;
    cms::content_info(&der)?;
    let form = if der == ber { "DER" } else { "BER wrappers around DER" };
    Ok((format!("SignedData, {form}"), der))
}

fn form(content: &[u8]) -> Result<(String, Attributes<'_>), Rejection> {
    let attributes = Attributes::parse(content)?;
    attributes.check_form()?;
    let unknown: Vec<String> =
        attributes.unknown_of_signer().iter().chain(&attributes.unknown_of_others()).map(ToString::to_string).collect();
    let note = if unknown.is_empty() { String::new() } else { format!("; of unknown meaning: {}", unknown.join(", ")) };
    Ok((format!("well-formed{note}"), attributes))
}

/// Fills in what the signature says of itself, as far as it can be read.
fn present(attributes: &Attributes<'_>, presented: &mut Presented) {
    presented.profile_version_arn = attributes.text(oids::PROFILE_VERSION_ARN).ok();
    presented.job_arn = attributes.text(oids::JOB_ARN).ok();
    presented.signed_at = attributes.time(oids::SIGNING_TIME).ok();
    presented.expires_at = attributes.time(oids::EXPIRY).ok();
}

fn compare_digest(attributes: &Attributes<'_>, inner: &[u8; 48]) -> Result<(String, ()), Rejection> {
    let signed = attributes.message_digest()?;
    let computed = Sha384::of(inner);
    if signed == computed {
        Ok((HEXLOWER.encode(&computed), ()))
    } else {
        Err(Rejection::ContentDigest { expected: HEXLOWER.encode(&signed), presented: HEXLOWER.encode(&computed) })
    }
}

/// RFC 5652 section 5.4: what is signed is the SET OF's DER, under the tag of a SET in place of the `[0]`.
fn check_value(chain: &Chain, signer: &cms::SignerInfo<'_>) -> Result<(String, ()), Rejection> {
    let certificate = chain.signer().ok_or(Rejection::BadSignature)?;
    if certificate.key.kind != KeyKind::P384 {
        return Err(Rejection::Algorithm {
            part: "the signer's key".into(),
            expected: "P-384".into(),
            presented: certificate.key.kind.to_string(),
        });
    }
    let message = asn1::encode(tag::SET, signer.signed_attributes);
    if certificate.key.verifies_p384_sha384(&message, signer.signature) {
        Ok((format!("verifies with the key of `{}`", certificate.subject_text), ()))
    } else {
        Err(Rejection::BadSignature)
    }
}

/// DESIGN §4 rule 9: a root can vouch for any account, so a pinned one counts for the accounts that it was pinned for.
fn check_accounts<'a>(anchors: Vec<&'a Anchor>, identity: &Identity) -> Result<(String, Vec<&'a Anchor>), Rejection> {
    let account = &identity.profile_version.account;
    let vouches = |anchor: &Anchor| if anchor.shipped { true } else { anchor.accounts.contains(account) };
    let (able, unable): (Vec<&Anchor>, Vec<&Anchor>) = anchors.into_iter().partition(|anchor| vouches(anchor));
    if able.is_empty() {
        let allowed = unable.iter().flat_map(|anchor| anchor.accounts.iter().cloned()).collect();
        return Err(Rejection::AccountNotVouched { account: account.clone(), anchors: names_of(&unable), allowed });
    }
    Ok((format!("account {account}, vouched for by {}", names(&able)), able))
}

fn basis(chain: &Chain, identity: Identity, times: Times, anchors: &[&Anchor], signature: &[u8]) -> Basis {
    let question = RevocationQuestion::AwsSigner {
        platform_id: PLATFORM_ID,
        profile_version_arn: identity.profile_version.to_string(),
        job_arn: identity.job_arn.clone(),
        certificate_hashes: chain.hashes(),
        signed_at: times.signed_at,
    };
    Basis {
        scheme: NAME,
        target: SignedTarget::INSIDE,
        statement: None,
        anchors: names_of(anchors),
        identity: SignerIdentity::AwsSigner { profile_version: identity.profile_version, job_arn: identity.job_arn },
        signed_at: Some(times.signed_at),
        time_source: TimeSource::Signer,
        expires_at: Some(times.expires_at),
        signature_id: Digest::of(signature).hex(),
        revocation: vec![question],
    }
}

fn names_of(anchors: &[&Anchor]) -> Vec<String> {
    anchors.iter().map(|anchor| anchor.name.clone()).collect()
}

fn names(anchors: &[&Anchor]) -> String {
    names_of(anchors).join(", ")
}
