//! The PEM text of the signature file (RFC 7468, strict form).

use data_encoding::BASE64;

use crate::signature::Rejection;

const BEGIN: &str = "-----BEGIN PKCS7-----";
const END: &str = "-----END PKCS7-----";

/// The DER or BER in the one block. Lines end in LF or CRLF; nothing stands before or after the block but line ends.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, Rejection> {
    let fail = |detail: &str| Rejection::Malformed { part: "PEM".into(), detail: detail.into() };
    let text = std::str::from_utf8(text).map_err(|_| fail("it is not text"))?;
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if first != BEGIN {
        return Err(fail(&format!("its first line is not `{BEGIN}` but `{}`", first.chars().take(60).collect::<String>())));
    }
    let mut base64 = String::new();
    let mut ended = false;
    for line in lines {
        if ended {
            if !line.is_empty() {
                return Err(fail("something stands after the block; one block only is allowed"));
            }
        } else if line == END {
            ended = true;
        } else if line.is_empty() || line.len() > 76 {
            return Err(fail("a line within the block is empty or over 76 characters"));
        } else {
            base64.push_str(line);
        }
    }
    if !ended {
        return Err(fail(&format!("`{END}` is missing")));
    }
    BASE64.decode(base64.as_bytes()).map_err(|error| fail(&format!("its base64 can't be read: {error}")))
}
