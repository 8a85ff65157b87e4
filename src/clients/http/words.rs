//! Errors in words that hold no address: a presigned one is a credential.

use std::error::Error;

use super::link::Link;

/// Errors behind errors that are followed; a chain of eight has been seen.
const CHAIN: usize = 16;
/// Characters that are kept.
const CHARS: usize = 300;

/// What went wrong with a request, in words that hold no URL and, where `link` is given, no piece of it.
pub fn words(error: reqwest::Error, link: Option<&Link>) -> String {
    let text: String = chain(&error.without_url()).chars().take(CHARS).collect();
    if text.contains("://") || link.is_some_and(|link| link.leaks_in(&text)) { "the request failed".into() } else { text }
}

/// An error with the errors behind it, each said once: they nest, and each repeats some of the one below it. May hold addresses.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    for _ in 0..CHAIN {
        let Some(error) = next else { break };
        let text = error.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}
