//! Bodies of answers, never more of them than a limit.

use std::time::Duration;

use reqwest::Response;

/// Bytes of an error answer that are read.
const ERROR_BYTES: usize = 16 << 10;

/// Why a body was not read to its end.
#[derive(Debug)]
pub enum NoBody {
    /// It is larger than the limit.
    TooLarge,
    /// It broke off.
    Failed(reqwest::Error),
}

/// The whole body, at most `limit` bytes of it.
///
/// # Errors
/// See [`NoBody`].
pub async fn whole(mut response: Response, limit: u64) -> Result<Vec<u8>, NoBody> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(NoBody::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(NoBody::Failed)? {
        if (bytes.len() as u64).saturating_add(chunk.len() as u64) > limit {
            return Err(NoBody::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The first kilobytes of an answer that is an error anyway, as far as they come in `time`.
pub async fn beginning(mut response: Response, time: Duration) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = ERROR_BYTES.saturating_sub(bytes.len());
            bytes.extend(chunk.iter().take(room));
            if chunk.len() >= room {
                break;
            }
        }
    };
    // Whatever did not come in time is not needed.
    let _ = tokio::time::timeout(time, read).await;
    bytes
}
