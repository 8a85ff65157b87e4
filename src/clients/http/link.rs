//! Presigned links. Such a link is a credential: whoever holds it may read. [`Link`] shows itself nowhere, and what a host said is held
//! against it with [`Link::leaks_in`] before anybody sees it.

use std::fmt;

use reqwest::Url;

use super::address::{Refused, admit};

/// A presigned link. Neither `Debug` nor anything else shows more of it than its host.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(pub(super) Url);

impl Link {
    /// Reads a link that an API gave.
    ///
    /// # Errors
    /// What is no link, or leads where none may: see [`Refused`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let url = Url::parse(text).map_err(|_| Refused::NotAnAddress)?;
        admit(&url, None)?;
        Ok(Self(url))
    }

    /// Its host, which is no secret.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// True where `text` holds a piece of what makes the link a credential: of a value of its query, as written or decoded.
    pub fn leaks_in(&self, text: &str) -> bool {
        const PIECE: usize = 12;
        let text = text.to_ascii_lowercase();
        let as_written = self.0.query().unwrap_or_default().split('&').filter_map(|pair| Some(pair.split_once('=')?.1.to_owned()));
        let decoded = self.0.query_pairs().map(|(_, value)| value.into_owned());
        as_written.chain(decoded).map(|secret| secret.to_ascii_lowercase()).any(|secret| {
            let short = (4..PIECE).contains(&secret.len()) && text.contains(&secret);
            short || text.as_bytes().windows(PIECE).any(|piece| secret.as_bytes().windows(PIECE).any(|part| part == piece))
        })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "https://bucket.s3.eu-west-1.amazonaws.com/key?X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2FsecretSECRET%3D\
        &X-Amz-Signature=9a1f0b77c2d4e6f8aa&X-Amz-Expires=600";

    #[test]
    fn a_link_never_shows_itself_in_debug() {
        let link = Link::parse(SIGNED).unwrap();
        assert_eq!(format!("{link:?}"), "Link(bucket.s3.eu-west-1.amazonaws.com)");
    }

    #[test]
    fn pieces_of_the_signature_are_seen_however_they_are_written() {
        let link = Link::parse(SIGNED).unwrap();
        for text in
            [SIGNED, "signature 9a1f0b77c2d4e6", "IQoJb3JpZ2luX2VjE/secretSECRET=", "iqojb3jpz2lux2vje%2fsecre", "..F0B77C2D4E6F8.."]
        {
            assert!(link.leaks_in(text), "{text}");
        }
        for text in ["", "AccessDenied: Request has expired", "/key", "bucket.s3.eu-west-1.amazonaws.com"] {
            assert!(!link.leaks_in(text), "{text}");
        }
    }

    #[test]
    fn links_to_metadata_plain_http_and_logins_are_refused() {
        for (link, refused) in [
            ("http://bucket.s3.amazonaws.com/key", Refused::NotHttps),
            ("http://localhost.example.com/", Refused::NotHttps),
            ("http://10.0.0.1/", Refused::NotHttps),
            ("ftp://127.0.0.1/", Refused::NotHttps),
            ("file:///etc/passwd", Refused::NotHttps),
            ("s3://bucket/key", Refused::NotHttps),
            ("https://user:password@example.com/", Refused::Login),
            ("https://169.254.169.254/latest/meta-data", Refused::Metadata),
            ("https://0xa9fea9fe/", Refused::Metadata),
            ("https://2852039166/", Refused::Metadata),
            ("https://0251.0376.0251.0376/", Refused::Metadata),
            ("https://[::ffff:169.254.169.254]/", Refused::Metadata),
            ("https://[64:ff9b::a9fe:a9fe]/", Refused::Metadata),
            ("https://[fe80::1]/", Refused::Metadata),
            ("https://[fd00:ec2::254]/", Refused::Metadata),
            ("https://169.254.170.2/v2/credentials", Refused::Metadata),
            ("https://0.0.0.0/", Refused::Metadata),
            ("no link", Refused::NotAnAddress),
        ] {
            assert_eq!(Link::parse(link).unwrap_err(), refused, "{link}");
        }
        for link in ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/x", "https://10.0.0.1/x", SIGNED] {
            assert!(Link::parse(link).is_ok(), "{link}");
        }
    }
}
