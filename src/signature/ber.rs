//! BER to DER, for the wrappers of a CMS only.
//!
//! AWS Signer and some time stamp authorities write the outermost values with indefinite length (X.690 section 8.1.3.6) around values that are DER. RFC 5652
//! section 2 lets a sender do so, while certificates and signed attributes are DER always. So indefinite lengths are rewritten in
//! the upper levels and refused below them, where they could give one signature several spellings.

use super::asn1::{self, Asn1Error, Length, tag};

/// ContentInfo, its `[0]`, SignedData, and the fields of SignedData; a certificate or SignerInfo stands below them.
const WRAPPER_LEVELS: usize = 4;

/// The same value with definite lengths.
pub(in crate::signature) fn to_der(bytes: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let mut rest = bytes;
    let der = value(&mut rest, 0)?;
    if rest.is_empty() { Ok(der) } else { Err(Asn1Error::Trailing(rest.len())) }
}

fn value(input: &mut &[u8], level: usize) -> Result<Vec<u8>, Asn1Error> {
    let (tag, length, header) = asn1::header(input)?;
    let wrapper = tag & tag::CONSTRUCTED != 0 && level < WRAPPER_LEVELS;
    let mut rest = input.get(header..).ok_or(Asn1Error::Truncated)?;
    let content = match length {
        Length::Definite(length) => {
            let content = rest.get(..length).ok_or(Asn1Error::Truncated)?;
            rest = rest.get(length..).ok_or(Asn1Error::Truncated)?;
            if wrapper { values(content, level)? } else { content.to_vec() }
        }
        Length::Indefinite if wrapper => {
            let mut content = Vec::new();
            loop {
                if let Some(after) = rest.strip_prefix(&[0, 0]) {
                    rest = after;
                    break content;
                }
                content.extend(value(&mut rest, level.saturating_add(1))?);
            }
        }
        Length::Indefinite => return Err(Asn1Error::Indefinite),
    };
    *input = rest;
    Ok(asn1::encode(tag, &content))
}

fn values(mut content: &[u8], level: usize) -> Result<Vec<u8>, Asn1Error> {
    let mut out = Vec::with_capacity(content.len());
    while !content.is_empty() {
        out.extend(value(&mut content, level.saturating_add(1))?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_become_definite() {
        assert_eq!(to_der(&[0x30, 0x80, 0xa0, 0x80, 0x02, 0x01, 0x05, 0, 0, 0, 0]).unwrap(), [0x30, 0x05, 0xa0, 0x03, 0x02, 0x01, 0x05]);
    }

    #[test]
    fn deep_nesting_stops_at_the_named_level() {
        assert_eq!(to_der(&[0x30; 100_000]), Err(Asn1Error::Truncated));
        let deep: Vec<u8> = [0x30, 0x80].repeat(50_000);
        assert_eq!(to_der(&deep), Err(Asn1Error::Indefinite));
    }

    #[test]
    fn missing_or_doubled_end_marks_are_refused() {
        assert!(to_der(&[0x30, 0x80, 0x02, 0x01, 0x05]).is_err());
        assert_eq!(to_der(&[0x30, 0x80, 0x02, 0x01, 0x05, 0, 0, 0, 0]), Err(Asn1Error::Trailing(2)));
        assert_eq!(to_der(&[0x04, 0x80, 0, 0]), Err(Asn1Error::Indefinite));
    }
}
