//! Media types that several stages know.

/// Media and artifact types by which a signature beside an image is told, each a prefix, with what the format is called.
pub const SIGNATURE_FORMATS: &[(&str, &str)] = &[
    ("application/jose+json", "Notary Project signature (JWS)"),
    ("application/cose", "Notary Project signature (COSE)"),
    ("application/vnd.cncf.notary.signature", "Notary Project signature"),
    ("application/vnd.dev.sigstore.bundle", "Sigstore bundle"),
    ("application/vnd.dev.cosign.simplesigning", "cosign signature (legacy)"),
    ("application/vnd.dev.cosign.artifact.sig", "cosign signature (legacy)"),
    ("application/vnd.dsse.envelope", "signed attestation (DSSE)"),
];

/// What the first of these types that is a signature's is called.
pub fn signature_format<'t>(types: impl IntoIterator<Item = &'t str>) -> Option<&'static str> {
    types
        .into_iter()
        .find_map(|media_type| SIGNATURE_FORMATS.iter().find(|(prefix, _)| media_type.starts_with(prefix)).map(|(_, format)| *format))
}
