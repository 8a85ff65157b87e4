//! `sigstore:` authorities.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::parse::{Node, Value};
use super::super::problem::Problems;
use super::super::schema::{Authority, LogProof, SigstoreAuthority, SigstoreSigner};
use super::super::text_match::{FullMatch, TextMatch};
use super::authority::{Named, Reading};
use super::fields::{Fields, Text, choice, nearest, quoted, shorten, text};
use crate::signature::sigstore::{GITHUB, PUBLIC_GOOD, claims::names};

const WHAT: &str = "`sigstore`";

const KEYS: &[&str] = &[
    "root",
    "issuer",
    "issuer_regexp",
    "identity",
    "identity_regexp",
    "claims",
    "key",
    "valid_from",
    "valid_until",
    "transparency",
    "timestamp",
    "sct",
    "annotations",
];

/// Goes with a certificate.
const KEYLESS: &[&str] = &["issuer", "issuer_regexp", "identity", "identity_regexp", "claims", "sct"];

/// Goes with a key.
const KEYED: &[&str] = &["valid_from", "valid_until"];

/// The authority in `node`.
pub(super) fn authority(node: &Node, reading: &mut Reading<'_, '_>) -> Option<Authority> {
    let fields = Fields::of(node, WHAT, KEYS, reading.problems)?;
    let root = fields.text("root", reading.problems);
    if fields.get("root").is_some() && root.is_none() {
        return None;
    }
    // Said at once, whatever else is wrong with the authority: every mistake is reported in one go.
    if let Some(text) = &root {
        reading.names(Named::SigstoreRoot(text.value.to_owned()), &text.span);
    }
    let problems = &mut *reading.problems;
    let root_name = root.as_ref().map_or(PUBLIC_GOOD, |text| text.value);
    let keyed = fields.get("key").is_some();
    let signer = if keyed { key(&fields, problems) } else { keyless(&fields, problems) };
    let proofs = [("inclusion_proof", LogProof::InclusionProof), ("promise", LogProof::Promise), ("none", LogProof::None)];
    let transparency = chosen(&fields, "transparency", &proofs, problems);
    let timestamp = chosen(&fields, "timestamp", &[("required", true)], problems);
    let sct = chosen(&fields, "sct", &[("required", true), ("none", false)], problems);
    let annotations = annotations(&fields, problems);
    // GitHub's own instance has neither a transparency log nor a CT log; its time stamp authority states the time.
    let github = root_name == GITHUB;
    let authority = SigstoreAuthority {
        root: root_name.to_owned(),
        signer: signer?,
        transparency: transparency?.unwrap_or(if github { LogProof::None } else { LogProof::ByForm }),
        timestamp: timestamp?.unwrap_or(github),
        sct: sct?.unwrap_or(!github && !keyed),
        annotations: annotations?,
    };
    time_is_known(&authority, &fields, problems);
    if let SigstoreSigner::Key { file, .. } = &authority.signer {
        reading.names(Named::Key(file.clone()), &fields.get("key").map_or(fields.span.clone(), |node| node.span.clone()));
    }
    // A key by itself, without a log or a time stamp, rests on no root; one that is named all the same must be there.
    let rests_on_root = !keyed || authority.transparency != LogProof::None || authority.timestamp;
    if rests_on_root && root.is_none() {
        reading.names(Named::SigstoreRoot(authority.root.clone()), &fields.span);
    }
    Some(Authority::Sigstore(Box::new(authority)))
}

/// Where nobody vouches for a time, nothing can be said about validity at it.
fn time_is_known(authority: &SigstoreAuthority, fields: &Fields<'_>, problems: &mut Problems<'_>) {
    if authority.transparency != LogProof::None || authority.timestamp {
        return;
    }
    match &authority.signer {
        SigstoreSigner::Keyless { .. } => problems.add_with_help(
            &fields.key_span("transparency"),
            "without the log nobody states when a certificate that lives for minutes was used",
            "add `timestamp: required`, which asks for a time stamp authority's word",
        ),
        SigstoreSigner::Key { valid_from, valid_until, .. } => {
            for (key, bound) in [("valid_from", valid_from), ("valid_until", valid_until)] {
                if bound.is_some() {
                    problems.add_with_help(
                        &fields.key_span(key),
                        format!("`{key}` cannot be checked: neither a log nor a time stamp authority states when the key was used"),
                        "add `timestamp: required`, or take `transparency: none` out",
                    );
                }
            }
        }
    }
}

fn keyless(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<SigstoreSigner> {
    for key in KEYED {
        if fields.get(key).is_some() {
            problems.add(&fields.key_span(key), format!("`{key}` goes with `key` only"));
        }
    }
    let issuer = exact_or_regexp(fields, "issuer", "issuer_regexp", problems);
    let identity = exact_or_regexp(fields, "identity", "identity_regexp", problems);
    let claims = claims(fields, problems);
    Some(SigstoreSigner::Keyless { issuer: issuer?, identity: identity?, claims: claims? })
}

fn key(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<SigstoreSigner> {
    for key in KEYLESS {
        if fields.get(key).is_some() {
            problems.add(&fields.key_span(key), format!("`{key}` does not go with `key`: a key has no certificate"));
        }
    }
    let file = fields.text("key", problems);
    let valid_from = moment(fields, "valid_from", problems);
    let valid_until = moment(fields, "valid_until", problems);
    let (valid_from, valid_until) = (valid_from?, valid_until?);
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && from >= until
    {
        problems.add(&fields.key_span("valid_until"), "`valid_until` is not after `valid_from`");
    }
    Some(SigstoreSigner::Key { file: file?.value.to_owned(), valid_from, valid_until })
}

fn exact_or_regexp(fields: &Fields<'_>, exact: &str, regexp: &str, problems: &mut Problems<'_>) -> Option<TextMatch> {
    match (fields.get(exact).is_some(), fields.get(regexp).is_some()) {
        (true, false) => fields.text(exact, problems).and_then(|text| exact_text(&text, exact, problems)),
        (false, true) => fields.text(regexp, problems).and_then(|text| regexp_text(&text, regexp, problems)),
        (true, true) => {
            problems.add(&fields.key_span(regexp), format!("`{exact}` and `{regexp}` exclude each other"));
            None
        }
        (false, false) => {
            problems.add_with_help(&fields.span, format!("{WHAT} names no {exact}"), format!("add `{exact}`, `{regexp}`, or `key`"));
            None
        }
    }
}

fn exact_text(text: &Text<'_>, key: &str, problems: &mut Problems<'_>) -> Option<TextMatch> {
    if text.value.contains('*') {
        problems.add_with_help(&text.span, format!("`{key}` is exact; `*` is no wildcard here"), "use a regular expression");
        return None;
    }
    Some(TextMatch::Exact(text.value.to_owned()))
}

fn regexp_text(text: &Text<'_>, key: &str, problems: &mut Problems<'_>) -> Option<TextMatch> {
    match FullMatch::parse(text.value) {
        Ok(expression) => Some(TextMatch::Regexp(expression)),
        Err(why) => {
            problems.add(&text.span, format!("`{key}`: {}", shorten(&why)));
            None
        }
    }
}

/// `claims: {NAME: text}` or `{NAME: {regexp: …}}`.
fn claims(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<BTreeMap<&'static str, TextMatch>> {
    let mut claims = BTreeMap::new();
    let Some(node) = fields.get("claims") else { return Some(claims) };
    let known: Vec<&'static str> = claim_names().collect();
    let mut good = true;
    for (key, node) in mapping(node, "`claims`", problems)? {
        let Some(name) = known.iter().find(|name| **name == key.text) else {
            let help = match (nearest(&key.text, &known), key.text.as_str()) {
                (_, "issuer") => "the issuer is `issuer`, beside `claims`".to_owned(),
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, _) => format!("the claims are {}", quoted(&known)),
            };
            problems.add_with_help(&key.span, format!("unknown claim `{}`", shorten(&key.text)), help);
            good = false;
            continue;
        };
        let what = format!("the claim `{name}`");
        let asked = if let Value::Map(_) = &node.value {
            Fields::of(node, &what, &["regexp"], problems)
                .and_then(|inner| inner.require_text("regexp", &what, problems))
                .and_then(|text| regexp_text(&text, name, problems))
        } else {
            text(node, &what, problems).and_then(|text| exact_text(&text, name, problems))
        };
        match asked {
            Some(asked) => drop(claims.insert(*name, asked)),
            None => good = false,
        }
    }
    // A claim that could not be read must not be taken for one that is not asked for.
    good.then_some(claims)
}

/// `annotations: {NAME: text}`.
pub(super) fn annotations(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<BTreeMap<String, String>> {
    let mut annotations = BTreeMap::new();
    let Some(node) = fields.get("annotations") else { return Some(annotations) };
    let mut good = true;
    for (key, node) in mapping(node, "`annotations`", problems)? {
        match text(node, &format!("the annotation `{}`", shorten(&key.text)), problems) {
            Some(text) => drop(annotations.insert(key.text.clone(), text.value.to_owned())),
            None => good = false,
        }
    }
    good.then_some(annotations)
}

fn mapping<'n>(node: &'n Node, what: &str, problems: &mut Problems<'_>) -> Option<&'n [(super::super::parse::Key, Node)]> {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => Some(entries),
        Value::Map(_) => {
            problems.add_with_help(&node.span, format!("{what} is empty"), "an empty mapping would ask for nothing; leave it out");
            None
        }
        Value::List(_) | Value::Scalar { .. } => {
            problems.add(&node.span, format!("{what} must be a mapping"));
            None
        }
    }
}

/// `Some(None)` where the key is not there, `None` where its value is wrong.
fn chosen<T: Copy>(fields: &Fields<'_>, key: &str, choices: &[(&str, T)], problems: &mut Problems<'_>) -> Option<Option<T>> {
    if fields.get(key).is_none() {
        return Some(None);
    }
    let text = fields.text(key, problems)?;
    choice(&text, &format!("`{key}`"), choices, problems).map(Some)
}

/// `Some(None)` where the key is not there, `None` where its value is no moment.
fn moment(fields: &Fields<'_>, key: &str, problems: &mut Problems<'_>) -> Option<Option<Timestamp>> {
    if fields.get(key).is_none() {
        return Some(None);
    }
    let text = fields.text(key, problems)?;
    match text.value.parse::<Timestamp>() {
        Ok(at) => Some(Some(at)),
        Err(_) => {
            let help = "a moment in UTC, as in 2026-04-01T00:00:00Z";
            problems.add_with_help(&text.span, format!("`{key}` is no moment: `{}`", shorten(text.value)), help);
            None
        }
    }
}

/// The claims that a policy may name; the issuer has a key of its own.
fn claim_names() -> impl Iterator<Item = &'static str> {
    names().iter().map(|(name, _, _)| *name).filter(|name| *name != "issuer")
}
