#!/usr/bin/env python3
"""Runs the real tool on every case and writes what it accepted and refused: testdata/signatures/verdicts.json.

usage: check.py SIGNATURES BIN WORK HOST-WITH-API HOST-WITHOUT-API TOOL=VERSION…

A case says what whoever made it expects of a verifier; where the tool says otherwise, the case has `surprise` and an explanation out of
SURPRISES. One that is not explained there fails the run, and so does an explanation that nothing needs any more.
"""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from layout import INDEX, Layout, push  # noqa: E402

OUT, BIN, WORK, WITH_API, WITHOUT_API = sys.argv[1:6]
MADE = dict(argument.split("=", 1) for argument in sys.argv[6:])
PROGRAM = {"cosign_v2": "cosign-v2", "cosign_v3": "cosign-v3", "notation": "notation", "notation_go": "notation-blob"}
ISSUER = "https://issuer.example.test"
IDENTITY = "release@example.test"
SLSA = "https://slsa.dev/provenance/v1"

ED25519 = "cosign signs images with an imported Ed25519 key by Ed25519ph, and then verifies by plain Ed25519: it refuses its own signature"
ANY_PREDICATE = "cosign v3 takes any attestation by the key for a signature: it does not ask for the predicate type of `cosign sign`"
PATTERN = "cosign matches a pattern anywhere within the identity: whoever writes one must anchor it"
TYPE = "cosign does not look at critical.type of what was signed"
SURPRISES = {
    "c2-ed25519-sha512": ED25519,
    "c3-ed25519-sha512": ED25519,
    "c3-blob-p384": "the bundle says SHA2_384, but cosign verifies by SHA-256 unless --signature-digest-algorithm says otherwise",
    "c3-blob-ed25519": "cosign v3 signs files by plain Ed25519 with an empty messageDigest, and then wants a digest: it refuses its own signature",
    "c3-blob-ed25519-sha512": "as c3-blob-ed25519",
    "c3-attestation-as-signature": ANY_PREDICATE,
    "c3-attestation-key-for-signature": ANY_PREDICATE,
    "c3-blob-attestation-as-signature": ANY_PREDICATE,
    "c2-certificate-stamp-absent": "the flag names whom to believe; cosign v2 wants a stamp only where the certificate has ended",
    "c2-says-other-type": TYPE,
    "c3-reads-c2-says-other-type": TYPE,
    "c2-logged-ci-pattern-not-anchored": PATTERN,
    "c3-logged-ci-pattern-not-anchored": PATTERN,
    "x-c3-blob-downgraded": "the version of a bundle is signed by nobody: cosign v3 takes one of 0.3 for one of 0.1 and misses no proof of inclusion",
    "x-nt-jws-unknown-member": "the specification allows no other member at the top of the envelope; the tool passes over it",
    "x-nt-jws-no-thumbprints": "the specification asks for the annotation; the tool does without",
}

cases = []


def case(name, tool, expected, args, trust, *, layout=None, platform=None, blob=None, signature=None, what="signature", env=None, note=None):
    made = {"name": name, "tool": tool, "what": what}
    if layout:
        folder = os.path.join(OUT, "layouts", layout)
        entry = Layout.read(folder).tagged("latest")
        digest = entry["digest"]
        if platform:
            (digest,) = [
                child["digest"]
                for child in Layout.read(folder).document(digest)["manifests"]
                if child["platform"]["architecture"] == platform
            ]
        host = WITHOUT_API if layout.endswith("without-api") else WITH_API
        made.update(layout=f"layouts/{layout}", digest=digest, image=f"{host}/{layout}@{digest}")
        args = [*args, made["image"]]
    if blob:
        made.update(blob=f"blobs/{blob}", signature=f"blobs/{signature}")
        if tool != "notation_go":
            args = [*args, made["blob"]]
    if note:
        made["note"] = note
    cases.append((made, trust, expected == "accept", args, env or {}))


# --- cosign ---------------------------------------------------------------------------------------------------------------------------


def key(name):
    return {"kind": "key", "key": f"trust/key-{name}.pub"}


def cosign_key(name, tool, layout, key_name, expected, *more, command="verify", trust=None, **others):
    """By a public key, without a log."""
    args = [command, "--key", f"trust/key-{key_name}.pub", "--insecure-ignore-tlog", *more]
    if others.pop("bundle", False):
        args += ["--new-bundle-format", "--trusted-root", "trust/trusted-root.json"]
    case(name, tool, expected, args, {**key(key_name), **(trust or {})}, layout=layout, **others)


def cosign_v2_certificate(name, layout, expected, *, chain="ca-chain", identity=IDENTITY, issuer=ISSUER, tsa=None, roots=None, **others):
    """By a private authority: the old way, with the certificates on the command line."""
    args = ["verify", "--insecure-ignore-tlog", "--insecure-ignore-sct"]
    args += ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    trust = {"kind": "certificate-chain", "identity": identity, "issuer": issuer}
    if roots:
        args += ["--ca-roots", f"trust/{roots}.pem"]
        trust["roots"] = [f"trust/{roots}.pem"]
    else:
        args += ["--certificate-chain", f"trust/{chain}.pem"]
        trust["chain"] = f"trust/{chain}.pem"
    if tsa:
        args += ["--timestamp-certificate-chain", f"trust/{tsa}.pem"]
        trust["tsa_chain"] = f"trust/{tsa}.pem"
    case(name, "cosign_v2", expected, args, trust, layout=layout, **others)


def cosign_v3_root(name, layout, expected, *, root="trusted-root", identity=IDENTITY, issuer=ISSUER, stamps=True, chain=True, **others):
    """By a private authority: a trusted root. A bundle of version 0.3 with a chain within is read only where that is allowed."""
    args = ["verify", *(["--allow-certificate-chain"] if chain else []), "--insecure-ignore-tlog", "--insecure-ignore-sct", "--trusted-root", f"trust/{root}.json"]
    args += ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    if stamps:
        args.append("--use-signed-timestamps")
    trust = {"kind": "trusted-root", "trusted_root": f"trust/{root}.json", "identity": identity, "issuer": issuer}
    case(name, "cosign_v3", expected, args, {**trust, "signed_timestamps": stamps, "allow_certificate_chain": chain}, layout=layout, **others)


for tool, prefix in (("cosign_v2", "c2"), ("cosign_v3", "c3")):
    for algorithm in ("p256", "rsa2048", "rsa4096"):
        cosign_key(f"{prefix}-{algorithm}", tool, f"{prefix}-{algorithm}", algorithm, "accept")
    # What signs with another hash is only verified where that hash is asked for.
    for algorithm, digest in (("p384", "sha384"), ("p521", "sha512"), ("ed25519", "sha512")):
        cosign_key(f"{prefix}-{algorithm}", tool, f"{prefix}-{algorithm}", algorithm, "refuse")
        cosign_key(
            f"{prefix}-{algorithm}-{digest}", tool, f"{prefix}-{algorithm}", algorithm, "accept", "--signature-digest-algorithm", digest,
            trust={"signature_digest_algorithm": digest},
        )
    cosign_key(f"{prefix}-other-key", tool, f"{prefix}-p256", "other", "refuse")
    cosign_key(f"{prefix}-key-of-another-kind", tool, f"{prefix}-p256", "rsa2048", "refuse")
    cosign_key(f"{prefix}-annotations-not-asked", tool, f"{prefix}-annotated", "p256", "accept")
    for label, asked, expected in (
        ("one", {"env": "prod"}, "accept"),
        ("both", {"env": "prod", "team": "blue"}, "accept"),
        ("wrong", {"env": "dev"}, "refuse"),
        ("one-of-two-wrong", {"env": "prod", "team": "red"}, "refuse"),
        ("absent", {"region": "eu"}, "refuse"),
    ):
        flags = [flag for pair in asked.items() for flag in ("-a", "=".join(pair))]
        cosign_key(
            f"{prefix}-annotation-{label}", tool, f"{prefix}-annotated", "p256", expected, *flags, trust={"annotations": asked}
        )
    cosign_key(f"{prefix}-annotation-none-signed", tool, f"{prefix}-p256", "p256", "refuse", "-a", "env=prod", trust={"annotations": {"env": "prod"}})
    cosign_key(f"{prefix}-several-by-the-first", tool, f"{prefix}-several", "p256", "accept")
    cosign_key(f"{prefix}-several-by-the-second", tool, f"{prefix}-several", "second", "accept")
    cosign_key(f"{prefix}-several-by-neither", tool, f"{prefix}-several", "other", "refuse")
    cosign_key(f"{prefix}-index", tool, f"{prefix}-index", "p256", "accept")
    cosign_key(f"{prefix}-index-child", tool, f"{prefix}-index", "p256", "refuse", platform="arm64")
    cosign_key(f"{prefix}-index-recursive", tool, f"{prefix}-index-recursive", "p256", "accept")
    cosign_key(f"{prefix}-index-recursive-child", tool, f"{prefix}-index-recursive", "p256", "accept", platform="arm64")
    cosign_key(f"{prefix}-unsigned", tool, "unsigned", "p256", "refuse")
    cosign_key(f"{prefix}-without-api", tool, f"{prefix}-without-api", "p256", "accept")
    cosign_key(f"{prefix}-without-api-other-key", tool, f"{prefix}-without-api", "other", "refuse")
    cosign_key(f"x-{prefix}-payload", tool, f"x-{prefix}-payload", "p256", "refuse")
    cosign_key(f"x-{prefix}-signature", tool, f"x-{prefix}-signature", "p256", "refuse")
    cosign_key(f"x-{prefix}-moved", tool, f"x-{prefix}-moved", "p256", "refuse")
    attested = {"command": "verify-attestation", "what": "attestation"}
    provenance = {"predicate_type": SLSA}
    cosign_key(f"{prefix}-attestation", tool, f"{prefix}-attested", "p256", "accept", "--type", "slsaprovenance1", trust=provenance, **attested)
    cosign_key(
        f"{prefix}-attestation-of-another-type", tool, f"{prefix}-attested", "p256", "refuse", "--type", "spdxjson",
        trust={"predicate_type": "https://spdx.dev/Document"}, **attested,
    )
    cosign_key(f"{prefix}-attestation-other-key", tool, f"{prefix}-attested", "other", "refuse", "--type", "slsaprovenance1", trust=provenance, **attested)
    # An attestation says something of an image; it is no signature on it.
    cosign_key(f"{prefix}-attestation-as-signature", tool, f"{prefix}-attested", "p256", "refuse")
    cosign_key(f"{prefix}-signature-as-attestation", tool, f"{prefix}-p256", "p256", "refuse", "--type", "slsaprovenance1", trust=provenance, **attested)

cosign_key(
    "x-c2-attestation-flipped", "cosign_v2", "x-c2-attestation-flipped", "p256", "refuse", "--type", "slsaprovenance1",
    command="verify-attestation", what="attestation", trust={"predicate_type": SLSA},
)
elsewhere = {"signature_repository": f"{WITH_API}/c2-elsewhere-signatures", "signature_layout": "layouts/c2-elsewhere-signatures"}
cosign_key(
    "c2-elsewhere", "cosign_v2", "c2-elsewhere", "p256", "accept", trust=elsewhere,
    env={"COSIGN_REPOSITORY": f"{WITH_API}/c2-elsewhere-signatures"},
)
cosign_key("c2-elsewhere-not-said", "cosign_v2", "c2-elsewhere", "p256", "refuse")
cosign_key("c3-reads-v2", "cosign_v3", "c2-p256", "p256", "accept")
cosign_key("c3-reads-v2-other-key", "cosign_v3", "c2-p256", "other", "refuse")
cosign_key("c3-legacy", "cosign_v3", "c3-legacy", "p256", "accept")
cosign_key("c2-reads-legacy-of-v3", "cosign_v2", "c3-legacy", "p256", "accept")
cosign_key("c2-reads-v3-bundle", "cosign_v2", "c3-p256", "p256", "accept", bundle=True)
cosign_key("c2-does-not-look-for-bundles", "cosign_v2", "c3-p256", "p256", "refuse")
signed_and_attested = "c3-signed-and-attested"
cosign_key("c3-attested-by-another-signature", "cosign_v3", signed_and_attested, "p256", "accept")
cosign_key(
    "c3-attested-by-another-attestation", "cosign_v3", signed_and_attested, "second", "accept", "--type", "slsaprovenance1",
    command="verify-attestation", what="attestation", trust={"predicate_type": SLSA},
)
cosign_key(
    "c3-signature-key-for-attestation", "cosign_v3", signed_and_attested, "p256", "refuse", "--type", "slsaprovenance1",
    command="verify-attestation", what="attestation", trust={"predicate_type": SLSA},
)
cosign_key("c3-attestation-key-for-signature", "cosign_v3", signed_and_attested, "second", "refuse")
cosign_key("c3-key-stamped-stamp-not-asked", "cosign_v3", "c3-key-stamped", "p256", "accept")
cosign_key(
    "c3-key-stamped", "cosign_v3", "c3-key-stamped", "p256", "accept", "--use-signed-timestamps", "--trusted-root", "trust/trusted-root.json",
    trust={"trusted_root": "trust/trusted-root.json", "signed_timestamps": True},
)
cosign_key(
    "c3-key-stamped-by-another", "cosign_v3", "c3-key-stamped", "p256", "refuse", "--use-signed-timestamps", "--trusted-root",
    "trust/trusted-root-other-tsa.json", trust={"trusted_root": "trust/trusted-root-other-tsa.json", "signed_timestamps": True},
)
cosign_key(
    "c3-key-stamp-absent", "cosign_v3", "c3-p256", "p256", "refuse", "--use-signed-timestamps", "--trusted-root", "trust/trusted-root.json",
    trust={"trusted_root": "trust/trusted-root.json", "signed_timestamps": True},
)

cosign_v2_certificate("c2-certificate", "c2-certificate", "accept")
cosign_v2_certificate("c2-certificate-other-identity", "c2-certificate", "refuse", identity="other@example.test")
cosign_v2_certificate("c2-certificate-longer-identity", "c2-certificate", "refuse", identity="release@example.test.evil.test")
cosign_v2_certificate("c2-certificate-other-issuer", "c2-certificate", "refuse", issuer="https://issuer.example.test/")
cosign_v2_certificate("c2-certificate-other-root", "c2-certificate", "refuse", chain="other-root")
cosign_v2_certificate("c2-certificate-namesake-root", "c2-certificate", "refuse", chain="namesake-root")
cosign_v2_certificate("c2-certificate-root-alone", "c2-certificate", "accept", roots="root", note="the intermediate is the signature's own")
cosign_v2_certificate("c2-certificate-stamped", "c2-certificate-stamped", "accept", tsa="tsa-chain")
cosign_v2_certificate("c2-certificate-stamped-stamp-not-asked", "c2-certificate-stamped", "accept")
cosign_v2_certificate("c2-certificate-stamped-by-another", "c2-certificate-stamped", "refuse", tsa="other-tsa-chain")
cosign_v2_certificate("c2-certificate-stamp-absent", "c2-certificate", "refuse", tsa="tsa-chain")
cosign_v2_certificate("c2-ended", "c2-ended", "refuse")
cosign_v2_certificate("c2-ended-stamped", "c2-ended-stamped", "accept", tsa="tsa-chain")
cosign_v2_certificate("c2-ended-stamped-stamp-not-asked", "c2-ended-stamped", "refuse")

cosign_v3_root("c3-certificate-stamped", "c3-certificate-stamped", "accept")
cosign_v3_root("c3-certificate-other-identity", "c3-certificate-stamped", "refuse", identity="other@example.test")
cosign_v3_root("c3-certificate-longer-identity", "c3-certificate-stamped", "refuse", identity="release@example.test.evil.test")
cosign_v3_root("c3-certificate-other-issuer", "c3-certificate-stamped", "refuse", issuer="https://issuer.example.test/")
cosign_v3_root("c3-certificate-other-root", "c3-certificate-stamped", "refuse", root="trusted-root-other-ca")
cosign_v3_root("c3-certificate-stamped-by-another", "c3-certificate-stamped", "refuse", root="trusted-root-other-tsa")
cosign_v3_root("c3-certificate-stamp-absent", "c3-certificate", "refuse")
cosign_v3_root("c3-certificate-no-time", "c3-certificate", "accept", stamps=False, note="the clock of the verifier is the only time")
cosign_v3_root("c3-certificate-stamped-stamp-not-asked", "c3-certificate-stamped", "accept", stamps=False)
cosign_v3_root("c3-ended", "c3-ended", "refuse", stamps=False)
cosign_v3_root("c3-ended-stamped", "c3-ended-stamped", "accept")
cosign_v3_root("c3-ended-stamped-stamp-not-asked", "c3-ended-stamped", "refuse", stamps=False)
cosign_v3_root("x-c3-stamp-dropped", "x-c3-stamp-dropped", "refuse")
cosign_v3_root("x-c3-ended-stamp-dropped", "x-c3-ended-stamp-dropped", "refuse")
cosign_v3_root("c3-certificate-chain-not-allowed", "c3-certificate-stamped", "refuse", chain=False)
cosign_v3_root("c3-leaf-stamped", "c3-leaf-stamped", "accept", chain=False)
cosign_v3_root("c3-leaf-stamped-stamp-not-asked", "c3-leaf-stamped", "accept", chain=False, stamps=False)
cosign_v3_root("c3-leaf-other-identity", "c3-leaf-stamped", "refuse", chain=False, identity="other@example.test")
cosign_v3_root("c3-leaf-other-issuer", "c3-leaf-stamped", "refuse", chain=False, issuer="https://issuer.example.test/")
cosign_v3_root("c3-leaf-other-root", "c3-leaf-stamped", "refuse", chain=False, root="trusted-root-other-ca")
cosign_v3_root("c3-leaf-stamped-by-another", "c3-leaf-stamped", "refuse", chain=False, root="trusted-root-other-tsa")
cosign_v3_root("c3-ended-leaf", "c3-ended-leaf", "refuse", chain=False, stamps=False)
cosign_v3_root("c3-ended-leaf-stamped", "c3-ended-leaf-stamped", "accept", chain=False)
cosign_v3_root("c3-ended-leaf-stamped-stamp-not-asked", "c3-ended-leaf-stamped", "refuse", chain=False, stamps=False)
for said, expected in (
    ("other-reference", "accept"), ("other-type", "refuse"), ("atomic-type", "accept"), ("other-digest", "refuse"), ("no-digest", "refuse"), ("number", "accept"),
):
    cosign_key(f"c2-says-{said}", "cosign_v2", f"c2-says-{said}", "p256", expected)
    cosign_key(f"c3-reads-c2-says-{said}", "cosign_v3", f"c2-says-{said}", "p256", expected)
cosign_key("c2-says-number-asked", "cosign_v2", "c2-says-number", "p256", "refuse", "-a", "build=42", trust={"annotations": {"build": "42"}}, note="the number 42 is not the text 42")
cosign_key("x-c2-several-first-broken", "cosign_v2", "x-c2-several-first-broken", "second", "accept")
cosign_key("x-c2-several-first-broken-by-first", "cosign_v2", "x-c2-several-first-broken", "p256", "refuse")
cosign_key("x-c3-several-one-broken-by-that-one", "cosign_v3", "x-c3-several-one-broken", "p256", "refuse")
cosign_key("x-c3-several-one-broken-by-the-other", "cosign_v3", "x-c3-several-one-broken", "second", "accept")
cosign_key("x-c3-several-one-broken-by-neither", "cosign_v3", "x-c3-several-one-broken", "other", "refuse")
cosign_key("x-c3-wrong-subject-without-api", "cosign_v3", "x-c3-wrong-subject-without-api", "p256", "accept", note="found by its tag; the envelope is about this image")
cosign_key("c3-certificate-by-key", "cosign_v3", "c3-certificate", "p256", "refuse")


# With a log: for v2 its key alone, for v3 a trusted root that has it.
CI = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
GITHUB = "https://token.actions.githubusercontent.com"


def logged_key(name, tool, layout, expected, *more, log="rekor", key_name="p256", command="verify", what="signature", trust=None, note=None):
    args = [command, "--key", f"trust/key-{key_name}.pub", *more]
    trust = {**key(key_name), **(trust or {})}
    env = None
    if tool == "cosign_v2":
        args.append("--offline")
        env = {"SIGSTORE_REKOR_PUBLIC_KEY": f"trust/{log}.pub"}
        trust["log_key"] = f"trust/{log}.pub"
    else:
        args += ["--trusted-root", f"trust/trusted-root-{log}.json"]
        trust["trusted_root"] = f"trust/trusted-root-{log}.json"
    case(name, tool, expected, args, {**trust, "log": True}, layout=layout, env=env, what=what, note=note)


def logged_ci(name, tool, layout, expected, *more, log="rekor", identity=CI, pattern=None, issuer=GITHUB, chain="ca-chain", claims=None, stamps=False, blob=None, signature=None, note=None):
    args = ["verify-blob" if blob else "verify", "--insecure-ignore-sct", *more]
    trust = {"kind": "certificate-chain" if tool == "cosign_v2" else "trusted-root", "issuer": issuer, "log": True}
    if pattern:
        args += ["--certificate-identity-regexp", pattern]
        trust["identity_regexp"] = pattern
    else:
        args += ["--certificate-identity", identity]
        trust["identity"] = identity
    args += ["--certificate-oidc-issuer", issuer]
    for claim, value in (claims or {}).items():
        args += [f"--certificate-github-workflow-{claim}", value]
        trust.setdefault("github_claims", {})[claim] = value
    env = None
    if tool == "cosign_v2":
        args += ["--offline", "--certificate-chain", f"trust/{chain}.pem"]
        env = {"SIGSTORE_REKOR_PUBLIC_KEY": f"trust/{log}.pub"}
        trust.update(log_key=f"trust/{log}.pub", chain=f"trust/{chain}.pem")
    else:
        root = f"trust/trusted-root-{log}.json" if chain == "ca-chain" else "trust/trusted-root-rekor-other-ca.json"
        args += ["--trusted-root", root]
        trust["trusted_root"] = root
        if stamps:
            args.append("--use-signed-timestamps")
        trust["signed_timestamps"] = stamps
    if blob:
        args += ["--bundle", f"blobs/{signature}"]
    case(name, tool, expected, args, trust, layout=layout, blob=blob, signature=signature, env=env, note=note)


for tool, prefix in (("cosign_v2", "c2"), ("cosign_v3", "c3")):
    logged_key(f"{prefix}-logged", tool, f"{prefix}-logged", "accept")
    logged_key(f"{prefix}-logged-in-another-log", tool, f"{prefix}-logged", "refuse", log="other-rekor")
    logged_key(f"{prefix}-logged-other-key", tool, f"{prefix}-logged", "refuse", key_name="other")
    logged_key(f"{prefix}-not-logged", tool, f"{prefix}-p256", "refuse")
    cosign_key(f"{prefix}-logged-log-not-asked", tool, f"{prefix}-logged", "p256", "accept")
    logged_key(
        f"{prefix}-logged-attestation", tool, f"{prefix}-logged-attested", "accept", "--type", "slsaprovenance1",
        command="verify-attestation", what="attestation", trust={"predicate_type": SLSA},
    )
    ci = f"{prefix}-logged-ci"
    ended = "the certificate has ended; the time of the log is within it"
    logged_ci(ci, tool, ci, "accept", note=ended)
    logged_ci(f"{ci}-other-workflow", tool, ci, "refuse", identity=CI.replace("release", "test"))
    logged_ci(f"{ci}-other-issuer", tool, ci, "refuse", issuer=ISSUER)
    logged_ci(f"{ci}-other-root", tool, ci, "refuse", chain="other-root")
    logged_ci(f"{ci}-in-another-log", tool, ci, "refuse", log="other-rekor")
    logged_ci(f"{ci}-pattern", tool, ci, "accept", pattern="^https://github\\.com/acme/app/.*@refs/heads/main$")
    logged_ci(f"{ci}-pattern-wrong", tool, ci, "refuse", pattern="^https://github\\.com/evil/.*$")
    logged_ci(f"{ci}-pattern-not-anchored", tool, ci, "refuse", pattern="github.com/acme")
    logged_ci(f"{ci}-claims", tool, ci, "accept", claims={"repository": "acme/app", "ref": "refs/heads/main", "trigger": "push", "name": "release"})
    logged_ci(f"{ci}-claim-wrong", tool, ci, "refuse", claims={"repository": "acme/other"})
    logged_ci(f"{ci}-claim-prefix", tool, ci, "refuse", claims={"repository": "acme/ap"})
    logged_key(f"x-{prefix}-log-promise", tool, f"x-{prefix}-log-promise", "refuse")
    logged_ci(f"x-{prefix}-log-time", tool, f"x-{prefix}-log-time", "refuse")
    logged_key(f"x-{prefix}-log-dropped", tool, f"x-{prefix}-log-dropped", "refuse")
    logged_key(f"x-{prefix}-log-of-another", tool, f"x-{prefix}-log-of-another", "refuse")
logged_key("c2-logged-rsa", "cosign_v2", "c2-logged-rsa", "accept", key_name="rsa2048")
logged_key("x-c2-log-index", "cosign_v2", "x-c2-log-index", "refuse")
logged_key("c3-reads-v2-logged", "cosign_v3", "c2-logged", "accept")
logged_key("c3-reads-v2-logged-in-another-log", "cosign_v3", "c2-logged", "refuse", log="other-rekor")
logged_key("x-c3-log-proof", "cosign_v3", "x-c3-log-proof", "refuse")
logged_key("x-c3-log-checkpoint", "cosign_v3", "x-c3-log-checkpoint", "refuse")
logged_key("x-c3-log-promise-dropped", "cosign_v3", "x-c3-log-promise-dropped", "accept", note="the inclusion proof is there; a key needs no time")
logged_ci("x-c3-log-promise-dropped-ci", "cosign_v3", "x-c3-log-promise-dropped-ci", "refuse", note="nothing signs the time any more")
logged_key("x-c3-log-downgraded", "cosign_v3", "x-c3-log-downgraded", "refuse")
logged_ci("c3-logged-stamped-ci", "cosign_v3", "c3-logged-stamped-ci", "accept", stamps=True)
logged_ci("c3-logged-stamped-ci-stamp-not-asked", "cosign_v3", "c3-logged-stamped-ci", "accept")
logged_ci("c3-logged-stamped-ci-in-another-log", "cosign_v3", "c3-logged-stamped-ci", "refuse", log="other-rekor", stamps=True)
logged_ci("c3-logged-ci-stamp-absent", "cosign_v3", "c3-logged-ci", "refuse", stamps=True)
logged_ci("c3-logged-ci-blob", "cosign_v3", None, "accept", blob="hello.zip", signature="hello.zip.c3-logged-ci.sigstore.json")
logged_ci("c3-logged-ci-blob-changed", "cosign_v3", None, "refuse", blob="hello-longer.zip", signature="hello.zip.c3-logged-ci.sigstore.json")
logged_ci("c3-logged-ci-blob-other-workflow", "cosign_v3", None, "refuse", identity=CI + "x", blob="hello.zip", signature="hello.zip.c3-logged-ci.sigstore.json")


def blob(name, tool, file, signature, key_name, expected, *more, command="verify-blob", what="signature", trust=None):
    flag = "--bundle" if signature.endswith(".json") else "--signature"
    args = [command, "--key", f"trust/key-{key_name}.pub", "--insecure-ignore-tlog", flag, f"blobs/{signature}", *more]
    if (trust or {}).get("log"):
        args.remove("--insecure-ignore-tlog")
    case(name, tool, expected, args, {**key(key_name), **(trust or {})}, blob=file, signature=signature, what=what)


for algorithm in ("p256", "rsa2048"):
    blob(f"c2-blob-{algorithm}", "cosign_v2", "hello.zip", f"hello.zip.c2-{algorithm}.sig", algorithm, "accept")
blob("c2-blob-other-key", "cosign_v2", "hello.zip", "hello.zip.c2-p256.sig", "other", "refuse")
blob("c2-blob-changed", "cosign_v2", "hello-longer.zip", "hello.zip.c2-p256.sig", "p256", "refuse")
blob("c2-blob-legacy-bundle", "cosign_v2", "hello.zip", "hello.zip.c2-legacy-bundle.json", "p256", "accept")
blob("c2-blob-legacy-bundle-changed", "cosign_v2", "hello-longer.zip", "hello.zip.c2-legacy-bundle.json", "p256", "refuse")
blob("c2-blob-bundle", "cosign_v2", "hello.zip", "hello.zip.c2-p256.sigstore.json", "p256", "accept", "--new-bundle-format", "--trusted-root", "trust/trusted-root.json")
blob("c2-blob-bundle-changed", "cosign_v2", "hello-longer.zip", "hello.zip.c2-p256.sigstore.json", "p256", "refuse", "--new-bundle-format", "--trusted-root", "trust/trusted-root.json")
blob("c3-blob-p384-sha384", "cosign_v3", "hello.zip", "hello.zip.c3-p384.sigstore.json", "p384", "accept", "--signature-digest-algorithm", "sha384", trust={"signature_digest_algorithm": "sha384"})
blob("c3-blob-ed25519-sha512", "cosign_v3", "hello.zip", "hello.zip.c3-ed25519.sigstore.json", "ed25519", "accept", "--signature-digest-algorithm", "sha512", trust={"signature_digest_algorithm": "sha512"})
for algorithm in ("p256", "p384", "rsa2048", "ed25519"):
    blob(f"c3-blob-{algorithm}", "cosign_v3", "hello.zip", f"hello.zip.c3-{algorithm}.sigstore.json", algorithm, "accept")
with_log = {"trusted_root": "trust/trusted-root-rekor.json", "log": True}
blob("c3-blob-logged", "cosign_v3", "hello.zip", "hello.zip.c3-logged.sigstore.json", "p256", "accept", "--trusted-root", "trust/trusted-root-rekor.json", trust=with_log)
blob("x-c3-blob-downgraded", "cosign_v3", "hello.zip", "hello.zip.x-c3-downgraded.sigstore.json", "p256", "refuse", "--trusted-root", "trust/trusted-root-rekor.json", trust=with_log)
blob("c3-blob-other-key", "cosign_v3", "hello.zip", "hello.zip.c3-p256.sigstore.json", "other", "refuse")
blob("c3-blob-changed", "cosign_v3", "hello-longer.zip", "hello.zip.c3-p256.sigstore.json", "p256", "refuse")
blob("c3-blob-reads-v2", "cosign_v3", "hello.zip", "hello.zip.c2-p256.sigstore.json", "p256", "accept")
blob(
    "c3-blob-stamped", "cosign_v3", "hello.zip", "hello.zip.c3-stamped.sigstore.json", "p256", "accept", "--use-signed-timestamps",
    "--trusted-root", "trust/trusted-root.json", trust={"trusted_root": "trust/trusted-root.json", "signed_timestamps": True},
)
blob(
    "c3-blob-attestation", "cosign_v3", "hello.zip", "hello.zip.c3-attestation.sigstore.json", "p256", "accept", "--type", "slsaprovenance1",
    command="verify-blob-attestation", what="attestation", trust={"predicate_type": SLSA},
)
blob(
    "c3-blob-attestation-changed", "cosign_v3", "hello-longer.zip", "hello.zip.c3-attestation.sigstore.json", "p256", "refuse",
    "--type", "slsaprovenance1", command="verify-blob-attestation", what="attestation", trust={"predicate_type": SLSA},
)
blob(
    "c3-blob-attestation-of-another-type", "cosign_v3", "hello.zip", "hello.zip.c3-attestation.sigstore.json", "p256", "refuse",
    "--type", "spdxjson", command="verify-blob-attestation", what="attestation", trust={"predicate_type": "https://spdx.dev/Document"},
)
blob("c3-blob-attestation-as-signature", "cosign_v3", "hello.zip", "hello.zip.c3-attestation.sigstore.json", "p256", "refuse")


# --- Notation -------------------------------------------------------------------------------------------------------------------------


def notation(name, layout, policy, expected, metadata=None, **others):
    args = ["verify", "--verbose", "--insecure-registry"]
    for pair in (metadata or {}).items():
        args += ["-m", "=".join(pair)]
    trust = {"kind": "notation", "config": f"trust/notation/{policy}/notation"}
    if metadata:
        trust["user_metadata"] = metadata
    case(name, "notation", expected, args, trust, layout=layout, env={"XDG_CONFIG_HOME": f"trust/notation/{policy}"}, **others)


def notation_blob(name, file, signature, policy, expected):
    trust = {"kind": "notation", "config": f"trust/notation/{policy}/notation"}
    case(
        name, "notation_go", expected, ["verify", f"blobs/{file}", f"blobs/{signature}"], trust, blob=file, signature=signature,
        env={"XDG_CONFIG_HOME": f"trust/notation/{policy}"},
    )


for form in ("jws", "cose"):
    for algorithm in ("rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"):
        notation(f"nt-{form}-{algorithm}", f"nt-{form}-{algorithm}", "strict", "accept")
    p256 = f"nt-{form}-p256"
    notation(f"{p256}-other-root", p256, "other-root", "refuse")
    notation(f"{p256}-namesake-root", p256, "namesake-root", "refuse")
    notation(f"{p256}-other-identity", p256, "other-identity", "refuse")
    notation(f"{p256}-exact-identity", p256, "exact", "accept")
    notation(f"nt-{form}-rsa2048-exact-identity", f"nt-{form}-rsa2048", "exact", "refuse")
    notation(f"nt-{form}-expiring", f"nt-{form}-expiring", "strict", "accept")
    notation(f"nt-{form}-expired", f"nt-{form}-expired", "strict", "refuse")
    notation(f"nt-{form}-expired-permissive", f"nt-{form}-expired", "permissive", "accept")
    notation(f"nt-{form}-expired-logged", f"nt-{form}-expired", "expiry-logged", "accept")
    held = f"nt-{form}-metadata"
    notation(f"{held}-not-asked", held, "strict", "accept")
    notation(f"{held}-one", held, "strict", "accept", {"build": "42"})
    notation(f"{held}-both", held, "strict", "accept", {"build": "42", "commit": "abc"})
    notation(f"{held}-wrong", held, "strict", "refuse", {"build": "43"})
    notation(f"{held}-absent", held, "strict", "refuse", {"region": "eu"})
    notation(f"nt-{form}-stamped", f"nt-{form}-stamped", "tsa", "accept")
    notation(f"nt-{form}-stamped-not-asked", f"nt-{form}-stamped", "strict", "accept")
    notation(f"nt-{form}-stamped-by-another", f"nt-{form}-stamped", "other-tsa", "refuse")
    notation(f"nt-{form}-stamped-by-another-after-expiry", f"nt-{form}-stamped", "other-tsa-after-expiry", "accept")
    notation(f"nt-{form}-stamp-absent", p256, "tsa", "refuse")
    notation(f"nt-{form}-stamp-absent-after-expiry", p256, "tsa-after-expiry", "accept")
    ended = f"nt-{form}-ended"
    notation(ended, ended, "strict", "refuse")
    notation(f"{ended}-tsa", ended, "tsa", "refuse")
    notation(f"{ended}-permissive", ended, "permissive", "accept")
    notation(f"{ended}-stamped", f"{ended}-stamped", "tsa", "accept")
    notation(f"{ended}-stamped-after-expiry", f"{ended}-stamped", "tsa-after-expiry", "accept")
    notation(f"{ended}-stamped-not-asked", f"{ended}-stamped", "strict", "refuse")
    notation(f"{ended}-stamped-by-another", f"{ended}-stamped", "other-tsa", "refuse")
    notation(f"nt-{form}-without-api", f"nt-{form}-without-api", "strict", "accept")
    notation(f"nt-{form}-without-api-other-root", f"nt-{form}-without-api", "other-root", "refuse")
    notation(f"x-nt-{form}-payload", f"x-nt-{form}-payload", "strict", "refuse")
    notation(f"x-nt-{form}-signature", f"x-nt-{form}-signature", "strict", "refuse")

notation("nt-any-identity", "nt-jws-p256", "any-identity", "accept")
notation("nt-intermediate-trusted", "nt-jws-p256", "intermediate", "accept")
notation("nt-leaf-trusted", "nt-jws-p256", "leaf-in-store", "refuse", note="a store of type ca may hold authorities and self-signed signers alone")
notation("nt-two-stores", "nt-jws-p256", "two-stores", "accept")
notation("nt-store-missing", "nt-jws-p256", "store-missing", "refuse")
notation("nt-signing-authority-store", "nt-jws-p256", "signing-authority", "refuse")
notation("nt-scoped", "nt-jws-p256", "scoped", "accept")
notation("nt-scope-of-another", "nt-jws-p384", "scoped", "refuse")
notation("nt-scoped-elsewhere", "nt-jws-p256", "scoped-elsewhere", "refuse")
notation("nt-permissive-other-root", "nt-jws-p256", "permissive-other-root", "refuse")
notation("nt-audit-other-root", "nt-jws-p256", "audit-other-root", "accept")
notation("nt-authenticity-logged", "nt-jws-p256", "authenticity-logged", "accept")
notation("nt-skip", "nt-jws-p256", "skip", "accept")
notation("nt-override-integrity", "nt-jws-p256", "override-integrity", "refuse")
notation("nt-identity-without-state", "nt-jws-p256", "identity-without-state", "refuse")
notation("nt-direct", "nt-direct", "strict", "accept")
notation("nt-self", "nt-self", "self", "accept")
notation("nt-self-not-trusted", "nt-self", "strict", "refuse")
notation("nt-several-one-trusted", "nt-several", "strict", "accept")
notation("nt-several-other-trusted", "nt-several", "self", "accept")
notation("nt-several-none-trusted", "nt-several", "other-root", "refuse")
notation("nt-other-stamp", "nt-other-stamp", "tsa", "refuse")
notation("nt-by-tag", "nt-by-tag", "strict", "accept")
notation("nt-index", "nt-index", "strict", "accept")
notation("nt-index-child", "nt-index", "strict", "refuse", platform="arm64")
notation("nt-unsigned", "unsigned", "strict", "refuse")
notation("nt-does-not-read-cosign", "c3-p256", "strict", "refuse")
notation("x-nt-jws-expiry-dropped", "x-nt-jws-expiry-dropped", "strict", "refuse")
notation("x-nt-jws-stamp-dropped", "x-nt-jws-stamp-dropped", "tsa", "refuse")
notation("x-nt-jws-stamp-of-another", "x-nt-jws-stamp-of-another", "tsa", "refuse")
notation("x-nt-jws-agent", "x-nt-jws-agent", "strict", "accept", note="nothing signs the agent")
notation("x-nt-jws-unknown-member", "x-nt-jws-unknown-member", "strict", "refuse")
notation("x-nt-jws-thumbprints", "x-nt-jws-thumbprints", "strict", "accept", note="nothing signs the list of thumbprints")
notation("x-nt-jws-no-thumbprints", "x-nt-jws-no-thumbprints", "strict", "refuse", note="the specification asks for the annotation")
notation("x-nt-jws-new-manifest", "x-nt-jws-new-manifest", "strict", "accept")
notation("x-nt-jws-two-layers", "x-nt-jws-two-layers", "strict", "refuse")
notation("x-nt-wrong-subject-without-api", "x-nt-wrong-subject-without-api", "strict", "accept", note="found by its tag; the envelope is about this image")
notation("x-nt-foreign-by-tag-without-api", "x-nt-foreign-by-tag-without-api", "strict", "refuse")
notation("x-nt-jws-called-cose", "x-nt-jws-called-cose", "strict", "refuse")
notation("x-nt-moved", "x-nt-moved", "strict", "refuse")

for form in ("jws", "cose"):
    for algorithm in ("rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"):
        notation_blob(f"nt-blob-{form}-{algorithm}", "hello.zip", f"hello.zip.nt-{algorithm}.{form}.sig", "strict", "accept")
    envelope = f"hello.zip.nt-p256.{form}.sig"
    notation_blob(f"nt-blob-{form}-changed", "hello-longer.zip", envelope, "strict", "refuse")
    notation_blob(f"nt-blob-{form}-other-root", "hello.zip", envelope, "other-root", "refuse")
    notation_blob(f"nt-blob-{form}-other-identity", "hello.zip", envelope, "other-identity", "refuse")
    notation_blob(f"nt-blob-{form}-permissive", "hello.zip", envelope, "permissive", "accept")
    notation_blob(f"nt-blob-{form}-audit-other-root", "hello.zip", envelope, "audit-other-root", "accept")


# --- running --------------------------------------------------------------------------------------------------------------------------

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def reason(output):
    """The first line that tells of an error, or the last line; without what changes from run to run."""
    lines = [ANSI.sub("", line).strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("level=error")]
    told += [line for line in lines if "failed verification with error: " in line]
    told += [line for line in lines if line.lower().startswith("error")]
    told += [line for line in lines if line.startswith(("Successfully verified", "Verified OK"))]
    line = (told or lines[-1:] or [""])[0].removeprefix("level=error msg=")
    return line.replace(OUT + "/", "")[:400]


def run(tool, args, env):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COSIGN_", "SIGSTORE_", "XDG_"))}
    clean.update(HOME=WORK, XDG_CACHE_HOME=os.path.join(WORK, "cache"))
    for name, value in env.items():
        # Notation wants this one absolute.
        clean[name] = os.path.join(OUT, value) if name == "XDG_CONFIG_HOME" else value
    # Whatever would ask something of the outside finds nobody there.
    clean.update(HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")
    return subprocess.run([os.path.join(BIN, PROGRAM[tool]), *args], cwd=OUT, env=clean, capture_output=True, text=True, timeout=120, check=False)


def main():
    os.makedirs(WORK, exist_ok=True)
    for name in sorted(os.listdir(os.path.join(OUT, "layouts"))):
        host = WITHOUT_API if name.endswith("without-api") else WITH_API
        push(os.path.join(OUT, "layouts", name), f"{host}/{name}")
    names = [made["name"] for made, *_ in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    only = os.environ.get("INTEROP_ONLY")
    verdicts, surprises, unexplained = [], 0, []
    for made, trust, expected, args, env in cases:
        if only and not re.search(only, made["name"]):
            continue
        done = run(made["tool"], args, env)
        accepted = done.returncode == 0
        shown = [f"{name}={value}" for name, value in env.items()] + [PROGRAM[made["tool"]], *args]
        verdict = {
            **made,
            "trust": trust,
            "command": " ".join(shown),
            "exit": done.returncode,
            "accepted": accepted,
            "reason": reason(done.stderr if not accepted else done.stdout + "\n" + done.stderr),
        }
        if accepted != expected:
            surprises += 1
            verdict["surprise"] = SURPRISES.get(made["name"], "not explained")
            if made["name"] not in SURPRISES:
                unexplained.append(made["name"])
                print(f"surprise: {made['name']}: {'accepted' if accepted else 'refused'}: {verdict['reason']}")
        elif made["name"] in SURPRISES:
            unexplained.append(made["name"])
            print(f"no surprise any more: {made['name']}")
        if accepted != expected:
            if only:
                print(verdict["command"], done.stdout, done.stderr, sep="\n")
        verdicts.append(verdict)
    if only:
        return
    with open(os.path.join(OUT, "verdicts.json"), "w", encoding="utf-8") as file:
        # The tools judge by the clock of the machine: whoever compares gives this time.
        checked = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        json.dump({"checked": checked, "made": MADE, "cases": verdicts}, file, indent=1, ensure_ascii=False)
        file.write("\n")
    accepted = sum(verdict["accepted"] for verdict in verdicts)
    print(f"{len(verdicts)} cases: {accepted} accepted, {len(verdicts) - accepted} refused, {surprises} surprises, {len(unexplained)} of them not explained")
    if unexplained:
        sys.exit(1)


started = time.monotonic()
main()
print(f"took {time.monotonic() - started:.0f} s")
