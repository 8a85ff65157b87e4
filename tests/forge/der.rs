//! A DER writer, with the few BER forms that AWS Signer's files use.

/// OBJECT IDENTIFIERs, dotted.
pub mod oids {
    pub const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
    pub const DATA: &str = "1.2.840.113549.1.7.1";
    pub const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
    pub const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
    pub const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
    pub const ALGORITHM_PROTECTION: &str = "1.2.840.113549.1.9.52";
    pub const JOB_ARN: &str = "1.3.187.137.1.2";
    pub const EXPIRY: &str = "1.3.187.137.1.3";
    pub const PROFILE_VERSION_ARN: &str = "1.3.187.137.1.4";
    pub const SHA256: &str = "2.16.840.1.101.3.4.2.1";
    pub const SHA384: &str = "2.16.840.1.101.3.4.2.2";
    pub const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
    pub const ECDSA_SHA384: &str = "1.2.840.10045.4.3.3";
    pub const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
    pub const P256: &str = "1.2.840.10045.3.1.7";
    pub const P384: &str = "1.3.132.0.34";
    pub const COMMON_NAME: &str = "2.5.4.3";
    pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    pub const KEY_USAGE: &str = "2.5.29.15";
    pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
    pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
    pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
    pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
    pub const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
    pub const SHA1: &str = "1.3.14.3.2.26";
    pub const SHA512: &str = "2.16.840.1.101.3.4.2.3";
    pub const ECDSA_SHA512: &str = "1.2.840.10045.4.3.4";
    pub const P521: &str = "1.3.132.0.35";
    pub const ED25519: &str = "1.3.101.112";
    pub const RSA: &str = "1.2.840.113549.1.1.1";
    pub const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
    pub const RSA_SHA384: &str = "1.2.840.113549.1.1.12";
    pub const RSA_SHA512: &str = "1.2.840.113549.1.1.13";
    pub const RSA_PSS: &str = "1.2.840.113549.1.1.10";
    pub const MGF1: &str = "1.2.840.113549.1.1.8";
    pub const COUNTRY: &str = "2.5.4.6";
    pub const STATE: &str = "2.5.4.8";
    pub const LOCALITY: &str = "2.5.4.7";
    pub const ORGANIZATION: &str = "2.5.4.10";
    pub const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
    pub const SUBJECT_KEY_ID: &str = "2.5.29.14";
    pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
    pub const AUTHORITY_KEY_ID: &str = "2.5.29.35";
    pub const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
    pub const FRESHEST_CRL: &str = "2.5.29.46";
    pub const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
    pub const OCSP: &str = "1.3.6.1.5.5.7.48.1";
    pub const EMBEDDED_SCTS: &str = "1.3.6.1.4.1.11129.2.4.2";
    pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
    pub const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
    pub const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
}

/// Tag, definite length, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        0x100..=0xffff => out.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => out.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// Tag, indefinite length, content, end-of-contents octets (BER only).
pub fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

/// SEQUENCE.
pub fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SET OF in DER order.
pub fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    tlv(0x31, &parts.concat())
}

/// OBJECT IDENTIFIER.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().expect("a dotted OID")).collect();
    let mut content = base128(arcs[0] * 40 + arcs[1]);
    for arc in &arcs[2..] {
        content.extend(base128(*arc));
    }
    tlv(0x06, &content)
}

/// INTEGER, not negative.
pub fn int(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take(7).take_while(|b| **b == 0).count();
    let mut content = bytes[skip..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// INTEGER, not negative, of these big-endian bytes.
pub fn int_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// ENUMERATED below 128.
pub fn enumerated(value: u8) -> Vec<u8> {
    tlv(0x0a, &[value])
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// OCTET STRING.
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, bytes)
}

/// BIT STRING with `unused` unused bits.
pub fn bits(bytes: &[u8], unused: u8) -> Vec<u8> {
    tlv(0x03, &[&[unused], bytes].concat())
}

/// NULL.
pub fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

/// BOOLEAN TRUE.
pub fn yes() -> Vec<u8> {
    tlv(0x01, &[0xff])
}

/// GeneralizedTime with `text` as it stands.
pub fn generalized_time(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

/// X.509 Time: UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). `text` is `YYYYMMDDHHMMSSZ`.
pub fn x509_time(text: &str) -> Vec<u8> {
    if &text[..4] < "2050" { tlv(0x17, &text.as_bytes()[2..]) } else { generalized_time(text) }
}

/// Context-specific, constructed.
pub fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// Context-specific, primitive: what stands for an IMPLICIT tag of a primitive type.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// AlgorithmIdentifier with NULL parameters, as RSA and some writers of digests have it.
pub fn algorithm_null(dotted: &str) -> Vec<u8> {
    seq(&[oid(dotted), null()])
}

/// AlgorithmIdentifier without parameters.
pub fn algorithm(dotted: &str) -> Vec<u8> {
    seq(&[oid(dotted)])
}

fn base128(mut value: u64) -> Vec<u8> {
    let mut out = vec![(value & 0x7f) as u8];
    value >>= 7;
    while value > 0 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.reverse();
    out
}
