//! `layerproof verify-bundle`: one Sigstore bundle, one artifact, one signer, no policy. The command line is that of Sigstore's
//! conformance protocol (sigstore-conformance, docs/cli_protocol.md), so that the public suite can drive the binary.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::global::Global;
use crate::model::attachment::{Attachment, AttachmentForm, Target, TargetRole};
use crate::model::digest::{ClaimedDigest, Digest, Hasher};
use crate::model::printable::printable;
use crate::signature::sigstore::{self, By, Bytes, Signer, Transparency};
use crate::signature::trust::{PublicKeyAnchor, SigstoreRoot, shipped_sigstore_roots};
use crate::signature::{JudgedSignature, Outcome, SignerIdentity, TrustAnchors, Verified, explain};

/// Bytes of a bundle, a key or a root that are read: one more than is accepted anywhere, so that what is too long is refused as such.
const MAX_INPUT_BYTES: u64 = (16 << 20) + 1;
const CHUNK_BYTES: usize = 1 << 16;

/// Arguments of `verify-bundle`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  layerproof verify-bundle --bundle layer.zip.sigstore.json \\
      --certificate-identity https://github.com/acme/layers/.github/workflows/release.yml@refs/heads/main \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com layer.zip
  layerproof verify-bundle --bundle layer.zip.sigstore.json --key cosign.pub layer.zip
  layerproof verify-bundle --bundle app.sigstore.json --key cosign.pub --trusted-root trusted_root.json sha256:HEX

A certificate needs a proof of inclusion (bundles of version 0.1: a promise will do), or under a root without a log a time stamp; a key
needs what its bundle brings along, and at least a log entry. For anything else write a policy. Nothing is asked of the network.

Exit codes: 0 verified, 1 refused, 2 usage, 3 the artifact itself is needed and only its digest was given, 5 a file can't be read.")]
pub struct Args {
    /// Verify against Sigstore's staging instance, which vouches for tests only.
    #[arg(long, conflicts_with = "trusted_root")]
    staging: bool,
    /// The bundle (JSON).
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Who must have signed: the subject alternative name of the certificate, exactly.
    #[arg(long, value_name = "IDENTITY", required_unless_present = "key", requires = "certificate_oidc_issuer")]
    certificate_identity: Option<String>,
    /// Who must have vouched for that identity: the OIDC issuer, exactly.
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The public key (PEM) that must have signed, for bundles without a certificate.
    #[arg(long, value_name = "PEM", conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    key: Option<PathBuf>,
    /// Trusted root (JSON) in place of the one of Sigstore's public-good instance that ships with layerproof.
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The artifact: a file, or `sha256:` and the digest in hexadecimal.
    #[arg(value_name = "FILE_OR_DIGEST")]
    artifact: String,
}

/// Verifies the bundle.
pub fn run(args: &Args, global: &Global, out: &mut dyn Write) -> Result<Exit, Failure> {
    let trust = TrustAnchors { sigstore_roots: vec![root(args)?], keys: key(args)?, ..TrustAnchors::default() };
    let has_logs = trust.sigstore_roots.iter().any(SigstoreRoot::has_logs);
    let bundle = read(&args.bundle, "the bundle")?;
    let location = args.bundle.display().to_string();
    let form = AttachmentForm::SigstoreBundle(Arc::from(bundle));
    let judged = match given_digest(&args.artifact)? {
        Some(digest) => sigstore::judge_digest(&location, &form, digest, &trust, global.now),
        None => {
            let path = Path::new(&args.artifact);
            let (digest, size) = hashed(path)?;
            let target = Target { digest, size, media_type: String::new(), role: TargetRole::Itself };
            sigstore::judge(&Attachment { location, target, form }, Bytes::File(path), &trust, global.now)
        }
    };
    let judged = judged.ok_or_else(|| Failure::internal("a bundle was not taken for a bundle"))?;
    if global.verbosity > 0 {
        explain(&judged, out, global.color).map_err(|error| Failure::internal(format!("cannot write: {error}")))?;
    }
    let (exit, line) = verdict(args, &judged, has_logs);
    if !global.quiet {
        writeln!(out, "{line}").map_err(|error| Failure::internal(format!("cannot write: {error}")))?;
    }
    Ok(exit)
}

fn verdict(args: &Args, judged: &JudgedSignature, has_logs: bool) -> (Exit, String) {
    let refused = |why: &str| (Exit::PolicyFailed, format!("refused: {}", printable(why)));
    match &judged.outcome {
        Outcome::Invalid(rejection) => refused(&rejection.to_string()),
        Outcome::Inconclusive(undetermined) => (Exit::Incomplete, format!("not verified: {}", undetermined.gap)),
        Outcome::Valid(verified) => match mismatch(args, verified, has_logs) {
            Some(why) => refused(&why),
            None => (Exit::Pass, format!("verified: {}", printable(&verified.basis().identity.describe()))),
        },
    }
}

/// What of the signer or of what vouches for it is not as asked.
fn mismatch(args: &Args, verified: &Verified, has_logs: bool) -> Option<String> {
    let SignerIdentity::Sigstore(signer) = &verified.basis().identity else { return Some("not a Sigstore signature".into()) };
    let Signer { by, proofs, .. } = signer.as_ref();
    match by {
        By::Certificate { issuer, identity, .. } => {
            let (Some(wanted), Some(wanted_issuer)) = (&args.certificate_identity, &args.certificate_oidc_issuer) else {
                return Some("it is signed by a certificate, and a key was given".into());
            };
            if identity != wanted {
                return Some(format!("it is signed by `{identity}`, not by `{wanted}`"));
            }
            if issuer != wanted_issuer {
                return Some(format!("the identity is of the issuer `{issuer}`, not of `{wanted_issuer}`"));
            }
            // Without a policy nothing says that a time stamp alone is enough.
            let is_logged = proofs.values().any(|proof| proof.transparency > Transparency::None);
            (has_logs && !is_logged)
                .then(|| "no log vouches for it, and the trusted root has some; a policy may say that a time stamp is enough".into())
        }
        By::Key { .. } if args.key.is_none() => Some("it is signed by a key, and an identity was asked for".into()),
        By::Key { .. } => {
            proofs.is_empty().then(|| "no log of the trusted root vouches for it; where a key alone is enough, a policy must say so".into())
        }
    }
}

fn root(args: &Args) -> Result<SigstoreRoot, Failure> {
    if args.staging {
        return sigstore::staging().ok_or_else(|| Failure::internal("the staging root can't be used"));
    }
    match &args.trusted_root {
        Some(path) => SigstoreRoot::parse(&path.display().to_string(), &read(path, "the trusted root")?)
            .map_err(|error| Failure::usage(error.to_string()).hint("fetch the instance's trusted_root.json again")),
        None => {
            let shipped = shipped_sigstore_roots().iter().find(|root| root.name == sigstore::PUBLIC_GOOD);
            shipped.cloned().ok_or_else(|| Failure::internal("the shipped root can't be used"))
        }
    }
}

fn key(args: &Args) -> Result<Vec<PublicKeyAnchor>, Failure> {
    let Some(path) = &args.key else { return Ok(Vec::new()) };
    let anchor = PublicKeyAnchor::parse(&path.display().to_string(), &read(path, "the key")?);
    Ok(vec![anchor.map_err(|error| Failure::usage(error.to_string()))?])
}

/// `sha256:` and the digest, unless a file is named so.
fn given_digest(named: &str) -> Result<Option<ClaimedDigest>, Failure> {
    if !named.starts_with("sha256:") || Path::new(named).exists() {
        return Ok(None);
    }
    ClaimedDigest::from_oci(&named.to_ascii_lowercase()).map(Some).map_err(|error| Failure::usage(error.to_string()))
}

/// SHA-256 and size of a file.
fn hashed(path: &Path) -> Result<(Digest, u64), Failure> {
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| Failure::internal(format!("cannot read the artifact {}: {error}", printable(&shown)));
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut size = 0_u64;
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok((hasher.finish(), size));
        }
        size += read as u64;
        hasher.update(&buffer[..read]);
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(MAX_INPUT_BYTES).read_to_end(&mut bytes));
    file.map_err(|error| Failure::internal(format!("cannot read {what} {}: {error}", printable(&shown))))?;
    Ok(bytes)
}
