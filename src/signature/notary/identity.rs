//! Trusted identities of the form `x509.subject: C=US,ST=WA,O=acme` (specs/trust-store-trust-policy.md, "Trusted Identities Constraints").

use std::collections::BTreeMap;

use data_encoding::HEXLOWER_PERMISSIVE;
use der::asn1::{Any, Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::{Decode, Tag, Tagged};

use super::Signer;

const PREFIX: &str = "x509.subject:";

/// Characters of one identity.
const MAX_LENGTH: usize = 4096;

/// Attributes that an identity must have.
const MANDATORY: &[&str] = &["C", "ST", "O"];

/// A distinguished name (RFC 4514) whose attributes the signer's subject must have. Values are compared exactly, types in any letter case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIdentity {
    attributes: BTreeMap<String, String>,
}

impl TrustedIdentity {
    /// Reads `x509.subject: DN`. The name has `C`, `ST` (or `S`) and `O`, each type once, one attribute between two commas, and no empty
    /// value. Escapes are those of RFC 4514: a backslash before `, ; + " < > # = \` or a space, or before two hexadecimal digits.
    ///
    /// # Errors
    /// What is wrong, one sentence without the identity. `*` and ARNs are no identities of this form.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_LENGTH {
            return Err(format!("it has more than {MAX_LENGTH} characters"));
        }
        let name = text.strip_prefix(PREFIX).ok_or_else(|| format!("it does not begin with `{PREFIX}`"))?;
        let mut attributes = BTreeMap::new();
        for part in split(name)? {
            let (kind, value) = attribute(&part)?;
            if attributes.insert(kind.clone(), value).is_some() {
                return Err(format!("the attribute {kind} stands there twice"));
            }
        }
        match MANDATORY.iter().find(|kind| !attributes.contains_key(**kind)) {
            Some(kind) => Err(format!("the attribute {kind} is missing; C, ST and O are mandatory")),
            None => Ok(Self { attributes }),
        }
    }

    /// True where the subject of the signer's certificate has all these attributes with these values. False for AWS Signer: all of its
    /// customers share one subject, and its identities are ARNs. False also where the subject has some attribute twice, as in notation:
    /// it could be read in two ways.
    pub fn matches(&self, signer: &Signer) -> bool {
        if signer.aws_signer.is_some() {
            return false;
        }
        let mut subject: BTreeMap<&str, &str> = BTreeMap::new();
        for (kind, value) in &signer.subject {
            if subject.insert(kind, value).is_some() {
                return false;
            }
        }
        self.attributes.iter().all(|(kind, value)| subject.get(kind.as_str()) == Some(&value.as_str()))
    }

    /// True where every signer of one of the two is also one of the other: such identities may not stand in one statement.
    pub fn overlaps(&self, other: &Self) -> bool {
        let within = |a: &Self, b: &Self| a.attributes.iter().all(|(kind, value)| b.attributes.get(kind) == Some(value));
        within(self, other) || within(other, self)
    }
}

/// Parts between commas or semicolons (RFC 4514 section 2.1; RFC 2253 took semicolons), escapes kept.
fn split(name: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut escaped = false;
    for c in name.chars() {
        match c {
            _ if escaped => {
                part.push(c);
                escaped = false;
            }
            '\\' => {
                part.push(c);
                escaped = true;
            }
            ',' | ';' => parts.push(std::mem::take(&mut part)),
            '+' => return Err("`+` joins two attributes, which is not allowed; write `\\+` in a value".into()),
            '"' => return Err("`\"` is not allowed; write `\\\"` in a value".into()),
            c => part.push(c),
        }
    }
    if escaped {
        return Err("it ends with a backslash".into());
    }
    parts.push(part);
    Ok(parts)
}

fn attribute(part: &str) -> Result<(String, String), String> {
    let Some((kind, value)) = part.split_once('=') else { return Err(format!("`{}` is no attribute of the form TYPE=VALUE", part.trim())) };
    let kind = kind.trim().to_ascii_uppercase();
    let is_name = kind.starts_with(|c: char| c.is_ascii_alphabetic()) && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_oid = kind.parse::<der::oid::ObjectIdentifier>().is_ok();
    if !is_name && !is_oid {
        return Err(format!("`{kind}` is no attribute type"));
    }
    let kind = if kind == "S" { "ST".into() } else { kind };
    let value = unescape(trim(value))?;
    if value.is_empty() { Err(format!("the attribute {kind} is empty")) } else { Ok((kind, value)) }
}

/// Without the spaces around it; one that is escaped belongs to the value.
fn trim(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let trimmed = value.trim_end_matches(' ');
    let backslashes = trimmed.chars().rev().take_while(|c| *c == '\\').count();
    // An odd number of backslashes escapes the first of the spaces that were cut off.
    if backslashes % 2 == 1 { value.get(..trimmed.len().saturating_add(1)).unwrap_or(value) } else { trimmed }
}

fn unescape(value: &str) -> Result<String, String> {
    if let Some(hex) = value.strip_prefix('#') {
        return from_der(hex).ok_or_else(|| "a value that begins with `#` is the DER of a text, in hexadecimal".into());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.chars();
    // Each turn takes a character, or ends.
    while let Some(c) = rest.next() {
        if c != '\\' {
            if matches!(c, '<' | '>' | '\0') {
                return Err(format!("`{}` must be escaped by a backslash", c.escape_debug()));
            }
            bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match rest.next() {
            Some(c @ (',' | ';' | '+' | '"' | '<' | '>' | '#' | '=' | '\\' | ' ')) => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Some(high) => {
                let pair: String = [Some(high), rest.next()].into_iter().flatten().collect();
                let byte = HEXLOWER_PERMISSIVE.decode(pair.as_bytes()).ok().filter(|byte| byte.len() == 1);
                bytes.extend(byte.ok_or_else(|| format!("`\\{}` is no escape of RFC 4514", pair.escape_debug()))?);
            }
            None => return Err("it ends with a backslash".into()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "its escapes are not UTF-8".into())
}

fn from_der(hex: &str) -> Option<String> {
    let der = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
    let value = Any::from_der(&der).ok()?;
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok().map(|text| text.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::notary::{AwsSigner, ChainTime, SigningScheme};

    fn signer(subject: &[(&str, &str)]) -> Signer {
        Signer {
            signing_scheme: SigningScheme::X509,
            subject: subject.iter().map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned())).collect(),
            spki_sha256: String::new(),
            chain_time: ChainTime { fault: None, expired: false, timestamp: None },
            aws_signer: None,
            annotations: BTreeMap::new(),
        }
    }

    fn matches(identity: &str, subject: &[(&str, &str)]) -> bool {
        TrustedIdentity::parse(identity).unwrap().matches(&signer(subject))
    }

    const SUBJECT: &[(&str, &str)] = &[("C", "US"), ("ST", "WA"), ("L", "Seattle"), ("O", "Notary"), ("CN", "a, b")];

    #[test]
    fn an_identity_is_a_subset_in_any_order() {
        assert!(matches("x509.subject: C=US, ST=WA, O=Notary", SUBJECT));
        assert!(matches("x509.subject:o=Notary,s=WA,c=US,CN=a\\, b", SUBJECT));
        assert!(matches("x509.subject: C=US;ST=WA;O=Notary", SUBJECT));
        assert!(matches("x509.subject: C=US,ST=WA,O=\\4eotary", SUBJECT));
        // UTF8String, PrintableString, IA5String.
        for tag in ["0c", "13", "16"] {
            assert!(matches(&format!("x509.subject: C=US,ST=WA,O=#{tag}064e6f74617279"), SUBJECT), "{tag}");
        }
    }

    #[test]
    fn another_value_letter_case_or_space_is_another_signer() {
        for identity in [
            "x509.subject: C=US,ST=WA,O=notary",
            "x509.subject: C=US,ST=WA,O=Notary\\ ",
            "x509.subject: C=US,ST=WA,O=\\ Notary",
            "x509.subject: C=US,ST=WA,O=Notar",
            "x509.subject: C=US,ST=WA,O=Notary,OU=x",
            "x509.subject: C=US,ST=WA,O=Notary,CN=a",
            "x509.subject: C=US,ST=WA,O=US",
        ] {
            assert!(!matches(identity, SUBJECT), "{identity}");
        }
    }

    #[test]
    fn a_comma_in_a_value_does_not_make_an_attribute() {
        // A CA that lets customers choose their organisation must not let them choose another's.
        assert!(!matches("x509.subject: C=US,ST=WA,O=acme", &[("C", "US"), ("ST", "WA"), ("O", "evil,O=acme")]));
        assert!(matches("x509.subject: C=US,ST=WA,O=evil\\,O\\=acme", &[("C", "US"), ("ST", "WA"), ("O", "evil,O=acme")]));
    }

    #[test]
    fn a_subject_with_an_attribute_twice_matches_nothing() {
        let twice = [("C", "US"), ("ST", "WA"), ("O", "evil"), ("O", "acme")];
        assert!(!matches("x509.subject: C=US,ST=WA,O=acme", &twice));
        assert!(!matches("x509.subject: C=US,ST=WA,O=evil", &twice));
        assert!(!matches("x509.subject: C=US,ST=WA,O=acme", &[("C", "US"), ("ST", "WA"), ("O", "acme"), ("OU", "a"), ("OU", "b")]));
    }

    #[test]
    fn the_subject_that_all_of_aws_signers_customers_share_is_no_identity() {
        let subject = [("CN", "AWS Signer"), ("OU", "AWS Cryptography"), ("O", "AWS"), ("L", "Seattle"), ("ST", "WA"), ("C", "US")];
        let identity = TrustedIdentity::parse("x509.subject: C=US,ST=WA,O=AWS,CN=AWS Signer").unwrap();
        let profile_version = "arn:aws:signer:us-east-1:999999999999:/signing-profiles/evil/AAAAAAAAAA".parse().unwrap();
        let by = Signer { aws_signer: Some(AwsSigner { profile_version, job_arn: String::new() }), ..signer(&subject) };
        assert!(identity.matches(&signer(&subject)));
        assert!(!identity.matches(&by));
    }

    #[test]
    fn identities_that_say_too_little_or_can_be_read_in_two_ways_are_refused() {
        for identity in [
            "",
            "*",
            "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release",
            "x509.subject:",
            "x509.subject: *",
            "X509.subject: C=US,ST=WA,O=a",
            "x509.subject: C=US,ST=WA",
            "x509.subject: C=US,O=a",
            "x509.subject: ST=WA,O=a",
            "x509.subject: C=US,ST=WA,O=",
            "x509.subject: C=US,ST=WA,O=  ",
            "x509.subject: C=US,ST=WA,O=a,",
            "x509.subject: C=US,,ST=WA,O=a",
            "x509.subject: C=US,ST=WA,O=a,O=b",
            "x509.subject: C=US,ST=WA,S=WA,O=a",
            "x509.subject: C=US+ST=WA,O=a",
            "x509.subject: C=US,ST=WA,O=\"a\"",
            "x509.subject: C=US,ST=WA,O=a\\",
            "x509.subject: C=US,ST=WA,O=a\\x",
            "x509.subject: C=US,ST=WA,O=a\\ff",
            "x509.subject: C=US,ST=WA,O=<a>",
            "x509.subject: C=US,ST=WA,O=#0c01",
            "x509.subject: C=US,ST=WA,O=#",
            "x509.subject: C=US,ST=WA,O=a,C N=x",
            "x509.subject: C=US,ST=WA,O=a,x",
        ] {
            assert!(TrustedIdentity::parse(identity).is_err(), "{identity}");
        }
        let long = format!("x509.subject: C=US,ST=WA,O={}", "a".repeat(5000));
        assert!(TrustedIdentity::parse(&long).is_err());
    }

    #[test]
    fn identities_of_which_one_contains_the_other_overlap() {
        let parse = |text: &str| TrustedIdentity::parse(text).unwrap();
        let wide = parse("x509.subject: C=US,ST=WA,O=a");
        assert!(wide.overlaps(&parse("x509.subject: C=US,ST=WA,O=a,CN=b")));
        assert!(parse("x509.subject: C=US,ST=WA,O=a,CN=b").overlaps(&wide));
        assert!(!wide.overlaps(&parse("x509.subject: C=US,ST=WA,O=b,CN=b")));
    }
}
