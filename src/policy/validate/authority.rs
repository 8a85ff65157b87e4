//! Requirements and the authorities that they list.

use std::ops::Range;

use super::super::condition::Condition;
use super::super::parse::{Node, Value};
use super::super::problem::Problems;
use super::super::schema::{Attestation, Authority, Quantity, Requirement};
use super::super::scope::ProfilePattern;
use super::fields::{Fields, list, number};
use super::{notary, sigstore};

const QUANTITIES: &[&str] = &["any", "all", "at_least"];
const AUTHORITIES: &[&str] = &["aws_signer", "aws_service", "sigstore", "notary"];
const REQUIREMENT_KEYS: &[&str] = &["any", "all", "at_least", "of", "aws_signer", "aws_service", "sigstore", "notary"];

/// What reading the statements brings: problems, and the trust material that authorities name.
pub(super) struct Reading<'a, 't> {
    pub(super) problems: &'a mut Problems<'t>,
    pub(super) named: Vec<(Named, Range<usize>)>,
}

/// Trust material that an authority names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A root of AWS Signer.
    Root(String),
    /// A trusted root of Sigstore.
    SigstoreRoot(String),
    /// A public key, by its file.
    Key(String),
    /// A trust store of the Notary Project.
    TrustStore(String),
}

impl Reading<'_, '_> {
    /// Notes that the authority in which `text` stands counts on this.
    pub(super) fn names(&mut self, named: Named, span: &Range<usize>) {
        self.named.push((named, span.clone()));
    }
}

/// `any: […]`, `all: […]`, `at_least: N` with `of: […]`, or a single authority.
pub(super) fn requirement(node: &Node, what: &str, reading: &mut Reading<'_, '_>) -> Option<Requirement> {
    let problems = &mut *reading.problems;
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
            let authority = authority(node, reading)?;
            return Some(Requirement { quantity: Quantity::Any, authorities: vec![authority] });
        }
    };
    let form = if form == "at_least" { "of" } else { form };
    let items = list(items?, &format!("`{form}`"), problems);
    let authorities: Vec<Authority> = items.iter().filter_map(|item| authority(item, reading)).collect();
    for (i, one) in authorities.iter().enumerate() {
        if authorities.iter().take(i).any(|other| other == one) {
            reading.problems.add(&fields.key_span(form), format!("`{form}` lists the same authority twice"));
        }
    }
    Some(Requirement { quantity, authorities })
}

/// `- predicate_type: …` with `signed_by` and perhaps `where`.
pub(super) fn attestation(node: &Node, reading: &mut Reading<'_, '_>) -> Option<Attestation> {
    let what = "an attestation";
    let problems = &mut *reading.problems;
    let fields = Fields::of(node, what, &["predicate_type", "signed_by", "where"], problems)?;
    let predicate_type = fields.require_text("predicate_type", what, problems);
    let signed_by = fields.get("signed_by").map(|node| requirement(node, "`signed_by`", reading));
    let problems = &mut *reading.problems;
    if signed_by.is_none() {
        // Anybody can attach an attestation; one that nobody in particular signed says nothing.
        problems.add_with_help(&fields.span, "an attestation has no `signed_by`", "name who must have signed it, as under `signatures`");
    }
    if let Some(node) = fields.get("signed_by") {
        refuse_service(node, signed_by.as_ref().and_then(Option::as_ref), problems);
    }
    let condition = fields.text("where", problems);
    // The whole attestation falls where its condition can't be read: without it, it would ask for less.
    let condition = match condition.as_ref().map(|text| Condition::parse(text.value)) {
        None if fields.get("where").is_some() => return None,
        None => None,
        Some(Ok(condition)) => Some(condition),
        Some(Err(why)) => {
            let span = condition.as_ref().map_or(fields.span.clone(), |text| text.span.clone());
            problems.add(&span, format!("`where` cannot be read: {why}"));
            return None;
        }
    };
    Some(Attestation { predicate_type: predicate_type?.value.to_owned(), signed_by: signed_by??, condition })
}

fn refuse_service(node: &Node, requirement: Option<&Requirement>, problems: &mut Problems<'_>) {
    for authority in requirement.iter().flat_map(|r| &r.authorities) {
        match authority {
            Authority::AwsSigner { .. } | Authority::AwsService { .. } => {
                problems.add(&node.span, format!("`{}` signs no attestations", authority.key()));
            }
            Authority::Sigstore(_) | Authority::Notary(_) => {}
        }
    }
}

fn authority(node: &Node, reading: &mut Reading<'_, '_>) -> Option<Authority> {
    let problems = &mut *reading.problems;
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
        "aws_signer" => aws_signer(inner, reading),
        "aws_service" => aws_service(inner, problems),
        "sigstore" => sigstore::authority(inner, reading),
        _ => notary::authority(inner, reading),
    }
}

fn aws_signer(node: &Node, reading: &mut Reading<'_, '_>) -> Option<Authority> {
    let what = "`aws_signer`";
    let problems = &mut *reading.problems;
    let fields = Fields::of(node, what, &["root", "profiles"], problems)?;
    let root = fields.require_text("root", what, problems);
    let profiles = profiles(&fields, what, problems);
    let root = root?;
    reading.names(Named::Root(root.value.to_owned()), &root.span);
    Some(Authority::AwsSigner { root: root.value.to_owned(), profiles })
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
