//! What strict readers accept in fields that have a grammar of their own. What they would refuse is kept as a property instead.

use std::sync::LazyLock;

use regex::Regex;

use crate::catalog::{PackageHash, Purl};

/// SPDX 2.3 annex F.2.2, `cpe23Type`: NISTIR 7695 formatted strings.
static CPE_23: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = r##"(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-])"##;
    let language = r"(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-])";
    Regex::new(&format!(r"\Acpe:2\.3:[aho*\-](:{word}){{5}}(:{language})(:{word}){{4}}\z")).ok()
});

/// SPDX 2.3 annex F.2.1, `cpe22Type`.
static CPE_22: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\Ac[pP][eE]:/[AHOaho]?(:[A-Za-z0-9._\-~%]*){0,6}\z").ok());

/// A host name with a dot in it, and a port or none.
static HOST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\A(?i)[a-z0-9]+([-.][a-z0-9]+){0,100}\.[a-z]{2,63}(:[0-9]{1,5})?\z").ok());

/// Which of the two forms a CPE name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CpeForm {
    /// `cpe:/a:…`
    Uri22,
    /// `cpe:2.3:a:…`
    Formatted23,
}

/// The form of a CPE name; `None` where it has neither.
pub(super) fn cpe(text: &str) -> Option<CpeForm> {
    let is = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|regex| regex.is_match(text));
    if is(&CPE_23) {
        Some(CpeForm::Formatted23)
    } else if is(&CPE_22) {
        Some(CpeForm::Uri22)
    } else {
        None
    }
}

/// The package URL as text, where it is a whole one: a type, a name, no empty segments, and qualifiers with good keys.
pub(super) fn purl(purl: &Purl) -> Option<String> {
    let is_kind = purl.kind.starts_with(|c: char| c.is_ascii_lowercase())
        && purl.kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    let is_namespace = purl.namespace.as_deref().is_none_or(|namespace| namespace.split('/').all(|segment| !segment.is_empty()));
    let is_key = |key: &String| {
        key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
    };
    let is_version = purl.version.as_deref().is_none_or(|version| !version.is_empty());
    let is_whole = is_kind && is_namespace && is_version && !purl.name.is_empty() && purl.qualifiers.keys().all(is_key);
    is_whole.then(|| purl.to_string())
}

/// The names that CycloneDX 1.5 and SPDX 2.3 have for a hash's algorithm, where its value has the right form.
pub(super) fn hash(hash: &PackageHash) -> Option<(&'static str, &'static str)> {
    const ALGORITHMS: [(&str, &str, usize); 12] = [
        ("MD5", "MD5", 32),
        ("SHA-1", "SHA1", 40),
        ("SHA-256", "SHA256", 64),
        ("SHA-384", "SHA384", 96),
        ("SHA-512", "SHA512", 128),
        ("SHA3-256", "SHA3-256", 64),
        ("SHA3-384", "SHA3-384", 96),
        ("SHA3-512", "SHA3-512", 128),
        ("BLAKE2b-256", "BLAKE2b-256", 64),
        ("BLAKE2b-384", "BLAKE2b-384", 96),
        ("BLAKE2b-512", "BLAKE2b-512", 128),
        // SPDX 2.3 says "at least 256", in bits; its readers take that for digits. CycloneDX wants 64 digits.
        ("BLAKE3", "", 64),
    ];
    let (cyclonedx, spdx, digits) = ALGORITHMS.into_iter().find(|(name, _, _)| *name == hash.algorithm)?;
    let is_hex = hash.hex.len() == digits && hash.hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_hex.then_some((cyclonedx, spdx))
}

/// True for an absolute URI of RFC 3986 with a scheme of letters, without IP literals (`[…]`). Text beyond ASCII is none.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() {
        return false;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        },
        None => ("", rest),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    is_made_of(user, b":")
        && is_made_of(name, b"")
        && port.bytes().all(|b| b.is_ascii_digit())
        && is_made_of(path, b":@/")
        && is_made_of(query, b":@/?")
        && is_made_of(fragment, b":@/?")
}

/// Unreserved characters, sub-delimiters, whole percent escapes, and what else is said.
fn is_made_of(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            b'%' => {
                let mut is_digit = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                is_digit() && is_digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || more.contains(&byte),
        };
        if !is_good {
            return false;
        }
    }
    true
}

/// True for the address of a web page, on a host with a dot in its name: SPDX 2.3 §7.11, `homepage`.
pub(super) fn is_web_page(text: &str) -> bool {
    is_uri(text) && ["http://", "https://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(has_host))
}

/// True for what SPDX 2.3 §7.7 lets a download location be, as far as it is a URI.
pub(super) fn is_download(text: &str) -> bool {
    let bare = ["git+", "hg+", "svn+", "bzr+"].iter().find_map(|vcs| text.strip_prefix(vcs)).unwrap_or(text);
    let schemes = ["http://", "https://", "ssh://", "git://", "svn://", "sftp://", "ftp://"];
    is_uri(text) && schemes.iter().any(|scheme| bare.strip_prefix(scheme).is_some_and(has_host))
}

/// Whether what follows `//` begins with a host that has a dot in its name.
fn has_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    HOST.as_ref().is_some_and(|regex| regex.is_match(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "x",
            "https:",
            "git@github.com:a/b.git",
            "http://a b/",
            "http://a/<b>",
            "http://a/%zz",
            "http://a/%4",
            "http://[::1]/",
            "http://a:b/",
            "http://ä.example/",
            "http://a/\u{0}",
            "http://a/#b#c",
            "http://u@v@a/",
            "http://a/\\",
            "http://a/{x}",
            "1a:b",
            "http://a/\u{202e}",
            "http://a/|",
        ] {
            assert!(!is_uri(text), "{text}");
        }
        for text in ["https://a.example/b?c=d#e", "git+https://u:p@a.example:1/b.git", "scm:git:git://a.example/b", "urn:x:y", "mailto:a@b"]
        {
            assert!(is_uri(text), "{text}");
        }
    }

    #[test]
    fn homepages_and_downloads_have_hosts_and_known_schemes() {
        for text in ["https://localhost/", "ftp://a.example/", "https://a_b.example/", "https:///x", "https://.example/", "javascript:x"] {
            assert!(!is_web_page(text), "{text}");
        }
        assert!(is_web_page("https://www.a-b.example:8080/x"));
        for text in ["git+file:///x", "file:///x", "git+https://localhost/x", "scm:git:git://a.example/b"] {
            assert!(!is_download(text), "{text}");
        }
        assert!(is_download("git+ssh://git@a.example/b.git"));
    }

    #[test]
    fn half_a_cpe_is_none() {
        assert_eq!(cpe("cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*"), Some(CpeForm::Formatted23));
        assert_eq!(cpe(r"cpe:2.3:a:\@scope\/name:x:1.0:*:*:*:*:*:*:*"), Some(CpeForm::Formatted23));
        assert_eq!(cpe("cpe:/o:fedoraproject:fedora:38"), Some(CpeForm::Uri22));
        for text in ["cpe:2.3:o:amazon:amazon_linux:2", "cpe:2.3:a:a b:c:1:*:*:*:*:*:*:*", "cpe:2.3:a:v:p:1:*:*:*:*:*:*:*\n", "", "cpe"] {
            assert_eq!(cpe(text), None, "{text}");
        }
    }

    #[test]
    fn a_hash_of_the_wrong_length_or_case_is_none() {
        let of = |algorithm: &str, hex: &str| hash(&PackageHash { algorithm: algorithm.into(), hex: hex.into() });
        assert_eq!(of("SHA-1", &"a".repeat(40)), Some(("SHA-1", "SHA1")));
        for (algorithm, hex) in [("SHA-1", "a".repeat(64)), ("SHA-1", "A".repeat(40)), ("SHA-1", "g".repeat(40)), ("CRC", "a".repeat(8))] {
            assert_eq!(of(algorithm, &hex), None, "{algorithm} {hex}");
        }
    }

    #[test]
    fn a_package_url_without_a_name_or_type_is_none() {
        assert_eq!(purl(&Purl::npm("@a/b", Some("1"))).unwrap(), "pkg:npm/%40a/b@1");
        assert_eq!(purl(&Purl::new("npm", "", None)), None);
        assert_eq!(purl(&Purl::new("", "x", None)), None);
        assert_eq!(purl(&Purl::new("a b", "x", None)), None);
        assert_eq!(purl(&Purl::new("npm", "x", None).with("a b", "c")), None);
    }
}
