//! Programs and runtimes: looked for only in files that are named as they are.

use super::version_text::{alone, is_end, is_start, numbers, places, run};
use super::{Finding, Look};

/// Percent, for the program's own text in a file of its name.
const OWN_TEXT: u8 = 95;

/// What a file of this name is.
pub(super) fn find(look: &Look<'_>) -> Vec<Finding> {
    let name = look.name;
    let mut found = Vec::new();
    if let Some(series) = name.strip_prefix("libpython").or_else(|| name.strip_prefix("python")) {
        found.extend(python(look, series));
    } else if matches!(name, "node" | "nodejs") || name.starts_with("libnode.so") {
        found.extend(node(look));
    } else if name == "ruby" || name.starts_with("libruby") {
        found.extend(ruby(look));
    } else if name.starts_with("curl") {
        found.extend(curl(look));
    }
    found
}

fn finding(name: &'static str, version: &str, cpes: &'static [(&'static str, &'static str)]) -> Finding {
    Finding { name, version: Some(version.to_owned()), cpes, confidence: OWN_TEXT }
}

/// `PY_VERSION` of patchlevel.h, alone: `3.11.9`; its series is in the file's name, or the only one there is.
fn python(look: &Look<'_>, name: &str) -> Option<Finding> {
    let (series, _) = run(name.as_bytes(), 8, |byte| byte.is_ascii_digit() || byte == b'.')?;
    let series = series.trim_end_matches('.');
    let start = if series.contains('.') { format!("{series}.") } else { "3.".into() };
    let mut versions: Vec<String> = alone(&look.constants, &start, 3, 3);
    if !series.contains('.') {
        // The version of Unicode's data, of SQLite or of zlib may stand there too; Python's copyright stands in every Python.
        let is_python = places(&look.constants, "Python Software Foundation").next().is_some();
        versions.retain(|_| is_python);
    }
    let version = if versions.len() == 1 { versions.pop() } else { None }?;
    Some(finding("python", &version, &[("python", "python")]))
}

/// The user agent of node_version.h: `node.js/v20.10.0`; or, where that is not there, the path of its headers.
fn node(look: &Look<'_>) -> Option<Finding> {
    let mut versions: Vec<&str> = Vec::new();
    for (_, rest) in places(&look.constants, "node.js/v").chain(places(&look.constants, "/node-v")) {
        let Some((version, rest)) = numbers(rest, 3, 3) else { continue };
        let is_closed = is_end(rest) || rest.first().is_some_and(|byte| b" /-.".contains(byte));
        if is_closed && !versions.contains(&version) {
            versions.push(version);
        }
    }
    let [version] = versions.as_slice() else { return None };
    Some(finding("node", version, &[("nodejs", "node.js")]))
}

/// `ruby_description` of version.c: `ruby 3.3.0 (2023-12-25 revision 5124f9ac75)`, `ruby 2.7.0p0 (`.
fn ruby(look: &Look<'_>) -> Option<Finding> {
    places(&look.constants, "ruby ").filter(|(before, _)| is_start(before)).find_map(|(_, rest)| {
        let (version, rest) = numbers(rest, 3, 3)?;
        let (patch, rest) = run(rest, 12, |byte| byte.is_ascii_alphanumeric())?;
        let is_release = patch.is_empty() || patch.strip_prefix('p').is_some_and(|level| level.bytes().all(|byte| byte.is_ascii_digit()));
        (is_release && rest.starts_with(b" (20")).then(|| finding("ruby", version, &[("ruby-lang", "ruby")]))
    })
}

/// `CURL_ID` of tool_version.h: `curl 7.80.0 (x86_64-pc-linux-gnu) %s`.
fn curl(look: &Look<'_>) -> Option<Finding> {
    places(&look.constants, "curl ").filter(|(before, _)| is_start(before)).find_map(|(_, rest)| {
        let (version, rest) = numbers(rest, 3, 3)?;
        let rest = rest.strip_prefix(b"-DEV").unwrap_or(rest);
        rest.starts_with(b" (").then(|| finding("curl", version, &[("haxx", "curl")]))
    })
}
