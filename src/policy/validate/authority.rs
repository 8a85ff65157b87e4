//! Requirements and the authorities that they list.

use regex::Regex;

use super::super::parse::{Node, Value};
use super::super::problem::Problems;
use super::super::schema::{Attestation, Authority, Identity, Quantity, Requirement, SigstoreAuthority};
use super::super::scope::ProfilePattern;
use super::fields::{Fields, Text, list, number, shorten};

/// The longest regular expression or condition that is read, characters.
const MAX_EXPRESSION: usize = 4096;

const QUANTITIES: &[&str] = &["any", "all", "at_least"];
const AUTHORITIES: &[&str] = &["aws_signer", "aws_service", "sigstore", "notary"];
const REQUIREMENT_KEYS: &[&str] = &["any", "all", "at_least", "of", "aws_signer", "aws_service", "sigstore", "notary"];

/// `any: […]`, `all: […]`, `at_least: N` with `of: […]`, or a single authority.
pub(super) fn requirement(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Requirement> {
    let fields = Fields::of(node, what, REQUIREMENT_KEYS, problems)?;
    let forms: Vec<&str> = QUANTITIES.iter().chain(AUTHORITIES).copied().filter(|key| fields.get(key).is_some()).collect();
    let [form] = forms[..] else {
        let message = if forms.is_empty() { format!("{what} names no authority") } else { format!("{what} has several forms at once") };
        problems.add_with_help(
            &fields.span,
            message,
            "exactly one of `any: [...]`, `all: [...]`, `at_least: N` with `of: [...]`, or one authority",
        );
        return None;
    };
    if form != "at_least" && fields.get("of").is_some() {
        problems.add(&fields.key_span("of"), "`of` goes with `at_least` only");
    }
    let (quantity, items) = match form {
        "any" => (Quantity::Any, fields.get("any")),
        "all" => (Quantity::All, fields.get("all")),
        "at_least" => {
            let count = number(fields.get("at_least")?, "`at_least`", problems);
            let of = fields.require("of", "`at_least`", problems)?;
            let listed = if let Value::List(items) = &of.value { items.len() } else { 0 };
            // A count that can be met by nothing, or never (DESIGN §4 rule 2).
            let n = count.and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=listed).contains(n));
            if count.is_some() && n.is_none() && listed > 0 {
                let span = fields.get("at_least").map_or(fields.span.clone(), |node| node.span.clone());
                problems.add(&span, format!("`at_least` must be from 1 to {listed}, the length of `of`"));
            }
            (Quantity::AtLeast(n.unwrap_or(1)), Some(of))
        }
        _ => {
            let authority = authority(node, problems)?;
            return Some(Requirement { quantity: Quantity::Any, authorities: vec![authority] });
        }
    };
    let form = if form == "at_least" { "of" } else { form };
    let authorities: Vec<Authority> =
        list(items?, &format!("`{form}`"), problems).iter().filter_map(|item| authority(item, problems)).collect();
    for (i, one) in authorities.iter().enumerate() {
        if authorities.iter().take(i).any(|other| other == one) {
            problems.add(&fields.key_span(form), format!("`{form}` lists the same authority twice"));
        }
    }
    Some(Requirement { quantity, authorities })
}

/// `- predicate_type: …` with `signed_by` and perhaps `where`.
pub(super) fn attestation(node: &Node, problems: &mut Problems<'_>) -> Option<Attestation> {
    let what = "an attestation";
    let fields = Fields::of(node, what, &["predicate_type", "signed_by", "where"], problems)?;
    let predicate_type = fields.require_text("predicate_type", what, problems);
    let signed_by = fields.get("signed_by").map(|node| requirement(node, "`signed_by`", problems));
    if signed_by.is_none() {
        // Anybody can attach an attestation; one that nobody in particular signed says nothing.
        problems.add_with_help(&fields.span, "an attestation has no `signed_by`", "name who must have signed it, as under `signatures`");
    }
    if let Some(node) = fields.get("signed_by") {
        refuse_service(node, signed_by.as_ref().and_then(Option::as_ref), problems);
    }
    let condition = fields.text("where", problems);
    too_long(condition.as_ref(), "`where`", problems);
    Some(Attestation {
        predicate_type: predicate_type?.value.to_owned(),
        signed_by: signed_by??,
        condition: condition.map(|text| text.value.to_owned()),
    })
}

fn refuse_service(node: &Node, requirement: Option<&Requirement>, problems: &mut Problems<'_>) {
    for authority in requirement.iter().flat_map(|r| &r.authorities) {
        match authority {
            Authority::AwsSigner { .. } | Authority::AwsService { .. } => {
                problems.add(&node.span, format!("`{}` signs no attestations", authority.key()));
            }
            Authority::Sigstore(_) | Authority::Notary { .. } => {}
        }
    }
}

fn authority(node: &Node, problems: &mut Problems<'_>) -> Option<Authority> {
    let fields = Fields::of(node, "an authority", AUTHORITIES, problems)?;
    let kinds: Vec<&str> = AUTHORITIES.iter().copied().filter(|key| fields.get(key).is_some()).collect();
    let [kind] = kinds[..] else {
        if kinds.len() > 1 {
            problems.add_with_help(&fields.span, "one entry names several authorities", "start a new entry with `-` for each");
        } else if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
            problems.add(&fields.span, "an authority is empty");
        }
        return None;
    };
    let inner = fields.get(kind)?;
    match kind {
        "aws_signer" => aws_signer(inner, problems),
        "aws_service" => aws_service(inner, problems),
        "sigstore" => sigstore(inner, problems),
        _ => notary(inner, problems),
    }
}

fn aws_signer(node: &Node, problems: &mut Problems<'_>) -> Option<Authority> {
    let what = "`aws_signer`";
    let fields = Fields::of(node, what, &["root", "profiles"], problems)?;
    let root = fields.require_text("root", what, problems);
    let profiles = profiles(&fields, what, problems);
    Some(Authority::AwsSigner { root: root?.value.to_owned(), profiles })
}

fn aws_service(node: &Node, problems: &mut Problems<'_>) -> Option<Authority> {
    let what = "`aws_service`";
    let fields = Fields::of(node, what, &["profiles"], problems)?;
    Some(Authority::AwsService { profiles: profiles(&fields, what, problems) })
}

fn profiles(fields: &Fields<'_>, what: &str, problems: &mut Problems<'_>) -> Vec<ProfilePattern> {
    let mut found = Vec::new();
    for text in fields.require_texts("profiles", what, problems) {
        match text.value.parse::<ProfilePattern>() {
            Ok(pattern) => found.push(pattern),
            Err(message) => problems.add(&text.span, message),
        }
    }
    found
}

fn sigstore(node: &Node, problems: &mut Problems<'_>) -> Option<Authority> {
    let what = "`sigstore`";
    let fields = Fields::of(node, what, &["issuer", "identity", "identity_regexp", "key"], problems)?;
    if let Some(key) = fields.text("key", problems) {
        if ["issuer", "identity", "identity_regexp"].iter().any(|other| fields.get(other).is_some()) {
            problems.add(&fields.key_span("key"), "`key` stands alone: a key has no issuer and no identity");
        }
        return Some(Authority::Sigstore(SigstoreAuthority::Key { file: key.value.to_owned() }));
    }
    if fields.get("key").is_some() {
        return None;
    }
    let issuer = fields.require_text("issuer", what, problems);
    let identity = match (fields.get("identity").is_some(), fields.get("identity_regexp").is_some()) {
        (true, false) => fields.text("identity", problems).and_then(|text| exact_identity(&text, problems)),
        (false, true) => fields.text("identity_regexp", problems).and_then(|text| regexp_identity(&text, problems)),
        (true, true) => {
            problems.add(&fields.key_span("identity_regexp"), "`identity` and `identity_regexp` exclude each other");
            None
        }
        (false, false) => {
            problems.add_with_help(&fields.span, "`sigstore` names no identity", "add `identity`, `identity_regexp`, or `key`");
            None
        }
    };
    Some(Authority::Sigstore(SigstoreAuthority::Keyless { issuer: issuer?.value.to_owned(), identity: identity? }))
}

fn exact_identity(text: &Text<'_>, problems: &mut Problems<'_>) -> Option<Identity> {
    if text.value.contains('*') {
        problems.add_with_help(&text.span, "`identity` is exact; `*` is no wildcard here", "use `identity_regexp`");
        return None;
    }
    Some(Identity::Exact(text.value.to_owned()))
}

fn regexp_identity(text: &Text<'_>, problems: &mut Problems<'_>) -> Option<Identity> {
    too_long(Some(text), "`identity_regexp`", problems);
    // By itself first, so that a stray parenthesis cannot close the group that keeps an alternation within the anchors.
    let anchored = Regex::new(text.value).and_then(|_| Regex::new(&format!(r"\A(?:{})\z", text.value)));
    match anchored {
        Err(error) => {
            let reason = error.to_string();
            let reason = shorten(reason.lines().last().unwrap_or("").trim());
            problems.add(&text.span, format!("`identity_regexp` is no regular expression: {reason}"));
            return None;
        }
        Ok(regexp) if regexp.is_match("") => {
            problems.add(&text.span, "`identity_regexp` matches the empty text, so it may match anybody");
            return None;
        }
        Ok(_) => {}
    }
    Some(Identity::Regexp(text.value.to_owned()))
}

fn notary(node: &Node, problems: &mut Problems<'_>) -> Option<Authority> {
    let what = "`notary`";
    let fields = Fields::of(node, what, &["trust_store", "identities"], problems)?;
    let store = fields.require_text("trust_store", what, problems);
    if let Some(text) = &store {
        let named = text.value.strip_prefix("ca:").or_else(|| text.value.strip_prefix("signingAuthority:"));
        if named.is_none_or(|name| name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))) {
            problems.add(&text.span, "`trust_store` is `ca:NAME` or `signingAuthority:NAME`");
        }
    }
    let identities = fields.require_texts("identities", what, problems);
    for text in &identities {
        if !text.value.starts_with("x509.subject:") && !text.value.starts_with("arn:") {
            problems.add_with_help(
                &text.span,
                format!("`{}` is no identity", shorten(text.value)),
                "write `x509.subject: C=..., ST=..., O=...` or a signing profile ARN; `*` is not read, it would trust everybody in the store",
            );
        }
    }
    let identities = identities.iter().map(|text| text.value.to_owned()).collect();
    Some(Authority::Notary { trust_store: store?.value.to_owned(), identities })
}

fn too_long(text: Option<&Text<'_>>, what: &str, problems: &mut Problems<'_>) {
    if let Some(text) = text.filter(|text| text.value.chars().count() > MAX_EXPRESSION) {
        problems.add(&text.span, format!("{what} is longer than {MAX_EXPRESSION} characters"));
    }
}
