//! What strict readers accept in fields that have a grammar of their own. What they would refuse is kept as a property instead.

use crate::catalog::{PackageHash, Purl};

/// Parts of a host's name before its top-level domain, which readers of SPDX take.
const MAX_LABELS: usize = 101;

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
    if is_cpe_23(text) {
        Some(CpeForm::Formatted23)
    } else if is_cpe_22(text) {
        Some(CpeForm::Uri22)
    } else {
        None
    }
}

/// SPDX 2.3 annex F.2.2, `cpe23Type`: NISTIR 7695 formatted strings.
fn is_cpe_23(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let mut is_escaped = false;
    let mut fields = rest.split(|c| {
        let is_end = c == ':' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    let mut next = |is_good: fn(&str) -> bool| fields.next().is_some_and(is_good);
    next(|part| matches!(part, "a" | "h" | "o" | "*" | "-"))
        && (0..5).all(|_| next(is_cpe_word))
        && next(is_cpe_language)
        && (0..4).all(|_| next(is_cpe_word))
        && fields.next().is_none()
}

/// Any, none, or a word whose beginning and end may be left open.
fn is_cpe_word(text: &str) -> bool {
    if matches!(text, "*" | "-") {
        return true;
    }
    let mut rest = text.strip_prefix('*').unwrap_or_else(|| text.trim_start_matches('?')).as_bytes();
    let mut has_any = false;
    loop {
        rest = match rest {
            [b'\\', escaped, rest @ ..] if b"\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~".contains(escaped) => rest,
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"-._".contains(byte) => rest,
            _ => return has_any && (rest == b"*" || rest.iter().all(|byte| *byte == b'?')),
        };
        has_any = true;
    }
}

/// RFC 5646: language, and region or none.
fn is_cpe_language(text: &str) -> bool {
    let is_of = |text: &str, is: fn(&u8) -> bool, lengths: &[usize]| lengths.contains(&text.len()) && text.as_bytes().iter().all(is);
    let (language, region) = text.split_once('-').map_or((text, None), |(language, region)| (language, Some(region)));
    let is_region = |region| is_of(region, u8::is_ascii_alphabetic, &[2]) || is_of(region, u8::is_ascii_digit, &[3]);
    matches!(text, "*" | "-") || (is_of(language, u8::is_ascii_alphabetic, &[2, 3]) && region.is_none_or(is_region))
}

/// SPDX 2.3 annex F.2.1, `cpe22Type`.
fn is_cpe_22(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('c').and_then(|rest| rest.get(..2).filter(|pe| pe.eq_ignore_ascii_case("pe")).and(rest.get(2..)))
    else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(":/") else { return false };
    let mut fields = rest.split(':');
    let is_part = |part: &str| matches!(part, "" | "a" | "h" | "o" | "A" | "H" | "O");
    let is_field = |field: &str| field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~%".contains(&byte));
    fields.next().is_some_and(is_part) && fields.clone().count() <= 6 && fields.all(is_field)
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

/// Whether what follows `//` begins with a host that has a dot in its name, and a port or none.
fn has_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let Some((before, top)) = name.rsplit_once('.') else { return false };
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    (2..=63).contains(&top.len())
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && before.split(['-', '.']).count() <= MAX_LABELS
        && before.split(['-', '.']).all(is_label)
        && port.is_none_or(is_port)
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

    /// The grammars as the specification and its readers write them, beside ours.
    #[test]
    fn cpe_names_and_hosts_are_judged_as_their_grammars_say() {
        let word = r##"(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-])"##;
        let language = r"(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-])";
        let regex = |pattern: &str| regex::Regex::new(pattern).unwrap();
        let cpe_23 = regex(&format!(r"\Acpe:2\.3:[aho*\-](:{word}){{5}}(:{language})(:{word}){{4}}\z"));
        let cpe_22 = regex(r"\Ac[pP][eE]:/[AHOaho]?(:[A-Za-z0-9._\-~%]*){0,6}\z");
        let host = regex(r"\A(?i-u)[a-z0-9]+([-.][a-z0-9]+){0,100}\.[a-z]{2,63}(:[0-9]{1,5})?\z");
        let mut seed = 1_u64;
        let mut pick = |from: &[&'static str]| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            from[(seed >> 33) as usize % from.len()]
        };
        let mut counts = [[0_u32; 2]; 3];
        for _ in 0..60_000 {
            let words =
                ["*", "-", "a", "x.1", "?a", "??", "*b*", "b??", r"\:", r"\\", "\\", r"c\@", "", "**", "a*b", r"\é", "é", ":", r"\\:"];
            let languages = ["*", "-", "en", "eng-US", "en-419", "e", "en-", "en-4", "engl", "*", "*"];
            let mut fields = vec![
                pick(&["cpe:2.3", "cpe:2.3", "cpe", "CPE:2.3", "cpe:/", "cPE:/", "xpe:/"]),
                pick(&["a", "o", "*", "h", "b", "", "aa"]),
            ];
            let sound = pick(&["yes", "yes", "no"]) == "yes";
            let words: &[&'static str] = if sound { &words[..12] } else { &words };
            for place in 0..10 {
                fields.push(if place == 5 { pick(&languages) } else { pick(words) });
            }
            fields.truncate(if pick(&["all", "all", "some"]) == "all" { 12 } else { pick(&["1", "12", "123", "12345678"]).len() + 2 });
            let text = fields.join(pick(&[":", ":", ":", ":", "::"]));
            for (text, is, grammar, count) in
                [(&text, is_cpe_23(&text), &cpe_23, 0), (&text.replace("/:", "/"), is_cpe_22(&text.replace("/:", "/")), &cpe_22, 1)]
            {
                assert_eq!(is, grammar.is_match(text), "{text}");
                counts[count][usize::from(is)] += 1;
            }
            let many = "a-".repeat(99);
            let labels = ["a", "1", "x.y", "a-b", "-", "", ".", "com", "é", "A9", "K"];
            let mut name: String = (0..4).map(|_| [pick(&labels), pick(&[".", ".", "-", ""])].concat()).collect();
            name.push_str(pick(&["com", "io:8080", "x", "1", "io:", "io:123456", "co-m", ""]));
            let name = if pick(&["a", "b", "b"]) == "a" { format!("{many}{name}") } else { name };
            assert_eq!(has_host(&name), host.is_match(&name), "{name}");
            counts[2][usize::from(has_host(&name))] += 1;
        }
        assert!(counts.iter().flatten().all(|count| *count > 200), "{counts:?}");
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
