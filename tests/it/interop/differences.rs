//! Where layerproof and a tool say another thing of a case, and why.

use std::collections::BTreeMap;

/// What is said of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Accepted,
    Refused,
}

/// Cases that differ for one reason.
#[derive(Debug)]
pub struct Difference {
    /// Their names.
    pub cases: &'static [&'static str],
    /// What the tool says.
    pub tool: Says,
    /// Why, in one sentence.
    pub why: &'static str,
    /// What says which of the two is right.
    pub by: &'static str,
}

/// All of them.
pub static DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["c2-p384", "c2-p521", "c3-p384", "c3-p521", "c3-blob-p384"],
        tool: Says::Refused,
        why: "cosign verifies by SHA-256 unless it is told otherwise, and so refuses what it signed itself; layerproof takes the hash that goes with the key",
        by: "cosign, which accepts all of them with `--signature-digest-algorithm`",
    },
    Difference {
        cases: &["c2-index-child", "c3-index-child", "nt-index-child"],
        tool: Says::Refused,
        why: "the index that lists the manifest is signed, and an index names each manifest by its digest; layerproof says that it was the index",
        by: "OCI image-spec, image index: descriptors are content addresses",
    },
    Difference {
        cases: &["c2-does-not-look-for-bundles"],
        tool: Says::Refused,
        why: "cosign v2 looks for bundles only where a flag says so; layerproof looks for every form in one run",
        by: "cosign v2, which accepts it with `--new-bundle-format` (`c2-reads-v3-bundle`)",
    },
    Difference {
        cases: &["c3-attestation-as-signature", "c3-attestation-key-for-signature", "c3-blob-attestation-as-signature"],
        tool: Says::Accepted,
        why: "cosign v3 takes any attestation by the key for a signature of the artifact; whoever states something about an artifact does not thereby approve of it",
        by: "in-toto attestation framework: the predicate type says what is meant; cosign v2 refuses (`c2-attestation-as-signature`)",
    },
    Difference {
        cases: &["c2-certificate", "c2-certificate-root-alone", "c2-certificate-stamp-absent", "c2-certificate-stamped-stamp-not-asked"],
        tool: Says::Accepted,
        why: "neither log nor believed authority states when the certificate was used; cosign then asks only whether it is valid now, and for layerproof a policy without any witness of the time cannot be written",
        by: "Sigstore client specification, \"Establishing a Time for the Signature\"",
    },
    Difference {
        cases: &["c3-certificate-stamped", "c3-certificate-no-time", "c3-certificate-stamped-stamp-not-asked", "c3-ended-stamped"],
        tool: Says::Accepted,
        why: "a bundle of version 0.3 holds one certificate and no chain; cosign v3 writes chains into it all the same, and reads them only by a flag",
        by: "Sigstore protobuf-specs, `VerificationMaterial.x509_certificate_chain`; cosign without the flag (`c3-certificate-chain-not-allowed`)",
    },
    Difference {
        cases: &[
            "c2-certificate-stamped",
            "c2-ended-stamped",
            "c3-key-stamped",
            "c3-leaf-stamped",
            "c3-leaf-stamped-stamp-not-asked",
            "c3-ended-leaf-stamped",
            "c3-logged-stamped-ci",
            "c3-logged-stamped-ci-stamp-not-asked",
            "c3-blob-stamped",
        ],
        tool: Says::Accepted,
        why: "the authority that stamps time has an RSA key, and layerproof verifies the stamps of Sigstore signatures by ECDSA only: a limit of ours, and the tool is right",
        by: "RFC 3161 and RFC 5652, which leave the algorithm open",
    },
    Difference {
        cases: &["c2-says-other-type", "c3-reads-c2-says-other-type"],
        tool: Says::Accepted,
        why: "cosign does not look at `critical.type` of what was signed, which tells a signature of an image from anything else that the key has signed",
        by: "containers-signature(5), which fixes the value of `critical.type`",
    },
    Difference {
        cases: &["x-c3-wrong-subject-without-api", "x-nt-wrong-subject-without-api"],
        tool: Says::Accepted,
        why: "the manifest that is listed for the image says that it is about another; layerproof does not choose which of the two to believe",
        by: "OCI distribution-spec 1.1, \"Listing Referrers\": what is listed has the image as its `subject`",
    },
    Difference {
        cases: &["c2-logged-ci-pattern-not-anchored", "c3-logged-ci-pattern-not-anchored"],
        tool: Says::Accepted,
        why: "cosign matches a pattern anywhere within the identity, so that anybody may add what is missing; layerproof matches in full",
        by: "layerproof's policy: a pattern names identities, not parts of them",
    },
    Difference {
        cases: &["x-c3-blob-downgraded"],
        tool: Says::Accepted,
        why: "nobody signs the version of a bundle, and cosign v3 misses no proof of inclusion in one of 0.3 that was made one of 0.1; layerproof asks for the proof whatever the version",
        by: "Sigstore protobuf-specs: from version 0.2 on a bundle has a proof of inclusion",
    },
    Difference {
        cases: &["x-nt-jws-unknown-member"],
        tool: Says::Accepted,
        why: "the envelope has a member that the format does not know",
        by: "Notary Project, signature-envelope-jws.md: no other member at the top of the envelope",
    },
];

/// The difference of each case.
pub fn by_case() -> BTreeMap<&'static str, &'static Difference> {
    let mut found = BTreeMap::new();
    for difference in DIFFERENCES {
        for case in difference.cases {
            assert!(found.insert(*case, difference).is_none(), "{case} is listed twice");
        }
    }
    found
}
