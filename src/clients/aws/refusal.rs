//! Why a call brought no answer, in AWS's words, without what must not be repeated.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::clients::http;

/// Characters of a message that are kept.
const MAX_MESSAGE: usize = 2_000;
/// Characters of a code that are kept.
const MAX_CODE: usize = 128;

/// A call that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The service answered with an error.
    Service {
        /// `AccessDeniedException`; `Http503` where the answer named none.
        code: String,
        /// AWS's own words, scrubbed. Untrusted text.
        message: String,
    },
    /// It answered with something that is no answer.
    Unreadable {
        /// What is wrong with it.
        message: String,
    },
    /// No answer came: no route, no name, no connection, no credentials any more, or no patience.
    Unreachable {
        /// Why.
        message: String,
    },
}

impl Refusal {
    /// What an error of the SDK means.
    pub fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, Response>) -> Self {
        match error {
            SdkError::ServiceError(context) => {
                let code = match (context.err().code(), context.raw().status().as_u16()) {
                    (Some(code), _) => code.chars().take(MAX_CODE).collect(),
                    // "All is well", and then something that cannot be parsed.
                    (None, 200..300) => return Self::Unreadable { message: chain(error) },
                    (None, 429) => "TooManyRequestsException".into(),
                    (None, status) => format!("Http{status}"),
                };
                Self::Service { code, message: scrubbed(context.err().message().unwrap_or_default()) }
            }
            SdkError::ResponseError(_) => Self::Unreadable { message: chain(error) },
            SdkError::ConstructionFailure(_) | SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                Self::Unreachable { message: chain(error) }
            }
            _ => Self::Unreadable { message: chain(error) },
        }
    }

    /// AWS's error code, where it answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Unreadable { .. } | Self::Unreachable { .. } => None,
        }
    }

    /// The words.
    pub fn message(&self) -> &str {
        match self {
            Self::Service { message, .. } | Self::Unreadable { message } | Self::Unreachable { message } => message,
        }
    }
}

/// True where a code says that the account does not use the region: AWS does not know its credentials there.
pub fn is_region_off(code: &str) -> bool {
    matches!(code, "UnrecognizedClientException" | "InvalidClientTokenId")
}

/// An error with the errors behind it, each said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    scrubbed(&http::chain(error))
}

/// `message` without the query of a presigned link and without access key ids: whoever has the link has the bytes.
pub fn scrubbed(message: &str) -> String {
    let kept: Vec<String> = message.chars().take(MAX_MESSAGE).collect::<String>().split(' ').map(scrubbed_word).collect();
    kept.join(" ")
}

fn scrubbed_word(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    // Signature version 4 and version 2, plain or encoded once more.
    let is_presigned = ["x-amz-", "x%2damz-", "signature=", "awsaccesskeyid=", "signature%3d"].iter().any(|mark| lower.contains(mark));
    if is_presigned {
        let end = [word.find('?'), lower.find("%3f"), lower.find("x-amz-")].into_iter().flatten().min().unwrap_or(0);
        return format!("{}[left out]", word.get(..end).unwrap_or_default());
    }
    if is_access_key(word) { "[left out]".into() } else { word.into() }
}

/// `AKIA…` and `ASIA…`, twenty characters (IAM identifiers, unique ids).
fn is_access_key(word: &str) -> bool {
    ["AKIA", "ASIA"].iter().any(|prefix| {
        word.match_indices(prefix).any(|(at, _)| {
            let rest = word.get(at + prefix.len()..).unwrap_or_default();
            rest.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count() >= 16
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_presigned_query_and_no_key_id_survives_in_a_message() {
        let secret = "deadbeefcafe";
        for text in [
            format!("could not read https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature={secret} sorry"),
            format!("(\"https://b.s3.amazonaws.com/k?versionId=1&x-amz-security-token={secret}\")"),
            format!("https%3A%2F%2Fb%2Fk%3FX%2DAmz-Signature%3D{secret}"),
            format!("X-Amz-Signature={secret}"),
            format!("https://b/k?AWSAccessKeyId=x&Signature={secret}"),
        ] {
            assert!(!scrubbed(&text).contains(secret), "{}", scrubbed(&text));
        }
        assert!(!scrubbed("user AKIAIOSFODNN7EXAMPLE is denied").contains("AKIA"));
        let plain = "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: lambda:GetFunction";
        assert_eq!(scrubbed(plain), plain);
    }
}
