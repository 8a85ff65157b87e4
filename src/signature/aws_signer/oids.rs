//! Object identifiers of the format. Data, since the format is known at second hand.

use der::oid::ObjectIdentifier;

/// id-signedData, RFC 5652 section 5.1.
pub const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// id-data, RFC 5652 section 4.
pub const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-contentType, RFC 5652 section 11.1.
pub const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// id-messageDigest, RFC 5652 section 11.2.
pub const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-signingTime, RFC 5652 section 11.3.
pub const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// id-aa-cmsAlgorithmProtect, RFC 6211.
pub const ALGORITHM_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");
/// AWS Signer's own arc (one non-AWS source).
pub const SIGNER_ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1");
/// Signing job ARN (one non-AWS source).
pub const JOB_ARN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.2");
/// Expiry of the signature (one non-AWS source).
pub const EXPIRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.3");
/// Signing profile version ARN (one non-AWS source).
pub const PROFILE_VERSION_ARN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.4");
/// id-sha384.
pub const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
/// ecdsa-with-SHA384.
pub const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
