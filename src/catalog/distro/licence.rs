//! Licences in the short names that Debian (copyright-format 1.0, "License specification") and Fedora (before it took SPDX, 2022) have.

use crate::catalog::Licence;

/// Words of one licence text. Longer ones are no expressions: a kernel's has 60.
const MAX_WORDS: usize = 512;

/// Short names that mean one licence, lower case, with the SPDX identifier. `BSD`, `GPL`, `Python`, `Public Domain` mean several or none and are
/// missing on purpose. Those of the GNU family are read by [`gnu`]; identifiers of SPDX are taken in any case of letters.
const NAMES: [(&str, &str); 29] = [
    ("apache-2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("asl 1.0", "Apache-1.0"),
    ("asl 1.1", "Apache-1.1"),
    ("asl 2.0", "Apache-2.0"),
    // Both distributions mean Perl's.
    ("artistic", "Artistic-1.0-Perl"),
    ("artistic-2", "Artistic-2.0"),
    ("artistic 2.0", "Artistic-2.0"),
    ("boost", "BSL-1.0"),
    ("cc0", "CC0-1.0"),
    ("cc-by-3", "CC-BY-3.0"),
    ("cc-by-4", "CC-BY-4.0"),
    ("cc-by-sa-3", "CC-BY-SA-3.0"),
    ("cc-by-sa-4", "CC-BY-SA-4.0"),
    ("cpl", "CPL-1.0"),
    ("expat", "MIT"),
    ("gpl+", "GPL-1.0-or-later"),
    ("mit/x11", "MIT"),
    ("mpl-1", "MPL-1.0"),
    ("mpl-2", "MPL-2.0"),
    ("mplv1.0", "MPL-1.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2.0", "MPL-2.0"),
    ("ofl", "OFL-1.1"),
    ("openldap-2.8", "OLDAP-2.8"),
    ("psf", "PSF-2.0"),
    ("psf-2", "PSF-2.0"),
    ("unicode-dfs-2016", "Unicode-DFS-2016"),
    ("zplv2.1", "ZPL-2.1"),
];

/// Exceptions after `with`, lower case, and the SPDX exception. One that depends on the licence's version names both.
const EXCEPTIONS: [(&str, &str, &str); 10] = [
    ("autoconf exception", "Autoconf-exception-2.0", "Autoconf-exception-3.0"),
    ("bison exception", "Bison-exception-2.2", "Bison-exception-2.2"),
    ("classpath exception", "Classpath-exception-2.0", "Classpath-exception-2.0"),
    ("font exception", "Font-exception-2.0", "Font-exception-2.0"),
    ("gcc exception", "GCC-exception-2.0", "GCC-exception-3.1"),
    ("gcc runtime library exception", "GCC-exception-2.0", "GCC-exception-3.1"),
    ("libtool exception", "Libtool-exception", "Libtool-exception"),
    ("linux-syscall-note exception", "Linux-syscall-note", "Linux-syscall-note"),
    ("llvm exception", "LLVM-exception", "LLVM-exception"),
    ("texinfo exception", "Texinfo-exception", "Texinfo-exception"),
];

/// A licence as a distribution writes it: an SPDX expression as it stands, one made of short names where each of them means one licence, or the
/// text. Nothing is guessed: `BSD` may have two clauses or three.
pub(in crate::catalog) fn read(text: &str) -> Option<Licence> {
    let text = text.trim();
    if let Some(expression) = Licence::expression(text) {
        return Some(expression);
    }
    translated(text).and_then(|text| Licence::expression(&text)).or_else(|| Licence::named(text))
}

/// The text with each short name replaced, `and`, `or` and `with` as SPDX writes them.
fn translated(text: &str) -> Option<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    let words: Vec<&str> = spaced.split_whitespace().take(MAX_WORDS.saturating_add(1)).collect();
    if words.len() > MAX_WORDS {
        return None;
    }
    let mut out = String::new();
    let mut name: Vec<&str> = Vec::new();
    let mut after_comma = false;
    for word in words {
        let operator = match word.to_ascii_lowercase().as_str() {
            "and" | "&" => Some(" AND "),
            "or" => Some(" OR "),
            "(" => Some("("),
            ")" => Some(")"),
            "," => Some(","),
            _ => None,
        };
        let Some(operator) = operator else {
            if after_comma {
                return None;
            }
            name.push(word);
            continue;
        };
        if !name.is_empty() {
            out.push_str(&named(&name)?);
            name.clear();
        }
        match operator {
            // `a or b, and c`: what stands before the comma is one operand.
            "," if !after_comma && !out.contains('(') => {
                out = format!("({out})");
                after_comma = true;
            }
            "," => return None,
            "(" | ")" if after_comma => return None,
            operator => {
                out.push_str(operator);
                after_comma = false;
            }
        }
    }
    if !name.is_empty() {
        out.push_str(&named(&name)?);
    }
    Some(out)
}

/// One licence, with its exception.
fn named(words: &[&str]) -> Option<String> {
    let with = words.iter().position(|word| word.eq_ignore_ascii_case("with"));
    let Some(with) = with else { return identifier(&words.join(" ")) };
    let id = identifier(&words.get(..with)?.join(" "))?;
    let exception = words.get(with.saturating_add(1)..)?.join(" ").to_lowercase();
    let known = EXCEPTIONS.iter().find(|(name, ..)| *name == exception);
    let own = || spdx::identifiers::EXCEPTIONS.iter().find(|own| own.name.eq_ignore_ascii_case(&exception)).map(|own| own.name);
    let spdx = known.map(|(_, second, third)| if id.contains("-3.0-") { *third } else { *second }).or_else(own)?;
    Some(format!("{id} WITH {spdx}"))
}

/// The SPDX identifier of a short name.
fn identifier(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some((_, spdx)) = NAMES.iter().find(|(short, _)| *short == lower) {
        return Some((*spdx).to_owned());
    }
    if let Some(id) = gnu(&lower) {
        return Some(id);
    }
    let id = spdx::identifiers::LICENSES.iter().find(|license| license.name.eq_ignore_ascii_case(name))?;
    Some(id.name.to_owned())
}

/// `gpl-2+`, `gplv2+`, `lgplv2.1`, `gfdl-niv-1.3+`: the GNU licences with their version and whether a later one will do.
fn gnu(name: &str) -> Option<String> {
    let (family, rest) = [("gpl", "GPL"), ("lgpl", "LGPL"), ("agpl", "AGPL"), ("gfdl", "GFDL")].iter().find_map(|(short, family)| {
        let rest = name.strip_prefix(short)?;
        Some((*family, rest.trim_start_matches(['-', 'v', ' '])))
    })?;
    let (middle, rest) = match rest.strip_prefix("niv-").or_else(|| rest.strip_prefix("nif-")) {
        Some(rest) if family == "GFDL" => ("-no-invariants", rest),
        Some(_) | None => ("", rest),
    };
    let (version, end) = rest.strip_suffix('+').map_or((rest, "only"), |version| (version, "or-later"));
    let version = if version.len() == 1 { format!("{version}.0") } else { version.to_owned() };
    let id = format!("{family}-{version}{middle}-{end}");
    spdx::license_id(&id).map(|id| id.name.to_owned())
}
