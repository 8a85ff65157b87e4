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

/// Short name or dotted OID, and value, in the order of the name. A value that is no text is `#` and its DER in hexadecimal. So is the
/// whole of a name of which two readers would make two things: with several attributes in one part of it, or with too many.
pub(super) fn attributes(name: &Name) -> Vec<(String, String)> {
    if name.iter_rdn().any(|part| part.len() != 1) || name.iter().count() > MAX_ATTRIBUTES {
        return vec![("#".into(), HEXLOWER.encode(&name.to_der().unwrap_or_default()))];
    }
    name.iter()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Vec<(String, String)> {
        attributes(&name.parse().unwrap())
    }

    #[test]
    fn values_are_read_as_they_are() {
        let mut name = read("O=Acme,C=US");
        name.sort();
        assert_eq!(name, [("C", "US"), ("O", "Acme")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_name_with_two_attributes_in_one_part_has_none_that_an_identity_could_match() {
        assert_eq!(read("O=Acme,ST=WA,C=US").len(), 3);
        let several = read("O=Acme,ST=WA+C=US");
        assert!(several.len() == 1 && several[0].0 == "#", "{several:?}");
    }

    #[test]
    fn an_attribute_behind_many_others_is_not_overlooked() {
        let most = vec!["OU=x"; MAX_ATTRIBUTES].join(",");
        assert_eq!(read(&most).len(), MAX_ATTRIBUTES);
        assert_eq!(read(&format!("{most},O=Evil"))[0].0, "#");
    }
}
