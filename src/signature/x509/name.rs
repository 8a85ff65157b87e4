//! The attributes of a name as text.

use data_encoding::HEXLOWER;
use der::Encode;
use der::oid::ObjectIdentifier;
use x509_cert::der::{Any, Tag, Tagged};
use x509_cert::name::Name;

/// Attributes of one name that are read; names have about ten.
const MAX_ATTRIBUTES: usize = 64;

/// Short names of RFC 4514 section 3 and of what is in wide use besides, in capitals.
const SHORT: &[(ObjectIdentifier, &str)] = &[
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "SERIALNUMBER"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.17"), "POSTALCODE"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), "DC"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"), "UID"),
];

/// Short name or dotted OID, and value, in the order of the name. A value that is no text is `#` and its DER in hexadecimal.
pub(super) fn attributes(name: &Name) -> Vec<(String, String)> {
    name.iter()
        .take(MAX_ATTRIBUTES)
        .map(|attribute| {
            let id = attribute.oid;
            let short = SHORT.iter().find(|(known, _)| *known == id).map_or_else(|| id.to_string(), |(_, short)| (*short).into());
            (short, text(&attribute.value))
        })
        .collect()
}

fn text(value: &Any) -> String {
    let bytes = value.value();
    let plain = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => std::str::from_utf8(bytes).ok().map(str::to_owned),
        _ => None,
    };
    plain.unwrap_or_else(|| format!("#{}", HEXLOWER.encode(&value.to_der().unwrap_or_default())))
}
