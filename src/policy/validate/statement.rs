//! One statement, and what must hold between its parts.

use super::super::level::{Action, Aspects, Level};
use super::super::parse::Node;
use super::super::problem::Problems;
use super::super::schema::{Scope, ScopeKind, Statement};
use super::authority::{self, Reading};
use super::fields::{Fields, choice, list, shorten};
use crate::model::arn_pattern::ResourceType;
use crate::model::document::line_and_column;

const KEYS: &[&str] = &["name", "scope", "level", "aspects", "reason", "overrides", "signatures", "attestations"];
const ASPECTS: &[&str] = &["authenticity", "authentic_timestamp", "expiry", "revocation"];

/// The statement in `node`; `None` where so much is wrong that there is nothing to compare with others.
pub(super) fn statement(node: &Node, text: &str, reading: &mut Reading<'_, '_>) -> Option<Statement> {
    let what = "a statement";
    let problems = &mut *reading.problems;
    let fields = Fields::of(node, what, KEYS, problems)?;
    let name = fields.require_text("name", what, problems);
    if let Some(name) = &name
        && (name.value.len() > 64 || !name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
    {
        problems.add(&name.span, format!("the name `{}` is not made of `a-z`, `0-9` and `-`, 64 at most", shorten(name.value)));
    }
    let scope = fields.require("scope", what, problems).and_then(|node| scope(node, problems));
    let levels = Level::ALL.iter().map(|level| (level.name(), *level)).collect::<Vec<_>>();
    let level = fields.require_text("level", what, problems).and_then(|text| choice(&text, "`level`", &levels, problems));
    let aspects = level.map(|level| aspects(&fields, level, problems));
    let signatures = fields.get("signatures").map(|node| authority::requirement(node, "`signatures`", reading));
    let attestations = fields.get("attestations").map(|node| {
        let items = list(node, "`attestations`", reading.problems);
        items.iter().filter_map(|item| authority::attestation(item, reading)).collect::<Vec<_>>()
    });
    let problems = &mut *reading.problems;
    let (line, _) = line_and_column(text, node.span.start);
    let reason = fields.text("reason", problems).map(|text| text.value.to_owned());
    let overrides = fields.text("overrides", problems).map(|text| text.value.to_owned());

    if let Some(level) = level {
        authorities_for_level(&fields, level, problems);
    }
    let statement = Statement {
        name: name?.value.to_owned(),
        line,
        scope: scope?,
        level: level?,
        aspects: aspects?,
        reason,
        overrides,
        signatures: signatures.clone().flatten(),
        attestations: attestations.unwrap_or_default(),
    };
    exemption(&statement, &fields, problems);
    placeholders(&statement, &fields, problems);
    Some(statement)
}

fn scope(node: &Node, problems: &mut Problems<'_>) -> Option<Scope> {
    let what = "`scope`";
    let fields = Fields::of(node, what, &["kind", "arn", "repository"], problems)?;
    let kinds = [ScopeKind::Function, ScopeKind::Layer, ScopeKind::Image, ScopeKind::Any].map(|kind| (kind.name(), kind));
    let kind = fields.require_text("kind", what, problems).and_then(|text| choice(&text, "`kind`", &kinds, problems));
    let arn = fields.text("arn", problems).map(|text| match text.value.parse::<crate::model::arn_pattern::ArnPattern>() {
        Ok(pattern) => {
            let fits = match kind {
                Some(ScopeKind::Function) => pattern.resource() == ResourceType::Function,
                Some(ScopeKind::Layer) => pattern.resource() == ResourceType::Layer,
                Some(ScopeKind::Image) => {
                    problems.add_with_help(&text.span, "images have no `arn` here", "use `repository: REGISTRY/REPOSITORY`");
                    true
                }
                Some(ScopeKind::Any) | None => true,
            };
            if !fits {
                let kind = kind.map_or("", ScopeKind::name);
                problems.add(&text.span, format!("the kind is `{kind}`, but the pattern is about something else in its sixth segment"));
            }
            Some(pattern)
        }
        // What names a repository is no ARN, and was typed into the wrong field.
        Err(_) if kind == Some(ScopeKind::Image) => {
            problems.add_with_help(&text.span, "images have no `arn` here", "use `repository: REGISTRY/REPOSITORY`");
            None
        }
        Err(error) => {
            problems.add(&text.span, error.to_string());
            None
        }
    });
    let repository = fields.text("repository", problems).map(|text| {
        match kind {
            Some(ScopeKind::Image | ScopeKind::Any) | None => {}
            Some(ScopeKind::Function | ScopeKind::Layer) => problems.add(&text.span, "`repository` is for images"),
        }
        text.value.parse().map_err(|message: String| problems.add(&text.span, message)).ok()
    });
    if fields.get("arn").is_some() && fields.get("repository").is_some() {
        problems.add(&fields.key_span("repository"), "`arn` and `repository` exclude each other: nothing has both");
    }
    let broken = matches!(arn, Some(None)) || matches!(repository, Some(None));
    let incomplete = (fields.get("arn").is_some() && arn.is_none()) || (fields.get("repository").is_some() && repository.is_none());
    // A scope whose pattern is broken must not be taken for one without a pattern.
    (!broken && !incomplete).then_some(Scope { kind: kind?, arn: arn.flatten(), repository: repository.flatten() })
}

fn aspects(fields: &Fields<'_>, level: Level, problems: &mut Problems<'_>) -> Aspects {
    let mut aspects = level.aspects();
    let Some(node) = fields.get("aspects") else { return aspects };
    if level == Level::Skip {
        problems.add(&fields.key_span("aspects"), "`skip` looks at nothing, so it has no `aspects`");
        return aspects;
    }
    if let super::super::parse::Value::Map(entries) = &node.value
        && let Some((key, _)) = entries.iter().find(|(key, _)| key.text == "integrity")
    {
        problems.add(&key.span, "integrity cannot be overridden");
        return aspects;
    }
    let Some(overrides) = Fields::of(node, "`aspects`", ASPECTS, problems) else { return aspects };
    let mut set = |key: &str, action: &mut Action, choices: &[(&str, Action)]| {
        if let Some(chosen) = overrides.text(key, problems).and_then(|text| choice(&text, &format!("`{key}`"), choices, problems)) {
            *action = chosen;
        }
    };
    let enforce_or_log = [("enforce", Action::Enforce), ("log", Action::Log)];
    set("authenticity", &mut aspects.authenticity, &enforce_or_log);
    set("authentic_timestamp", &mut aspects.authentic_timestamp, &enforce_or_log);
    set("expiry", &mut aspects.expiry, &enforce_or_log);
    set("revocation", &mut aspects.revocation, &[("enforce", Action::Enforce), ("log", Action::Log), ("skip", Action::Skip)]);
    aspects
}

/// DESIGN §4 rule 2: whoever is not skipped is asked for something.
fn authorities_for_level(fields: &Fields<'_>, level: Level, problems: &mut Problems<'_>) {
    let asks = fields.get("signatures").is_some() || fields.get("attestations").is_some();
    match level {
        Level::Skip => {
            for key in ["signatures", "attestations"] {
                if fields.get(key).is_some() {
                    problems.add(&fields.key_span(key), format!("`skip` asks for nothing, so it has no `{key}`"));
                }
            }
        }
        Level::Strict | Level::Permissive | Level::Audit if !asks => {
            problems.add_with_help(
                &fields.span,
                "the statement names no authority, so nothing could meet it",
                "add `signatures:`, or say `level: skip` with a reason",
            );
        }
        Level::Strict | Level::Permissive | Level::Audit => {}
    }
}

/// DESIGN §4 rule 1: an exemption is bounded and says why.
fn exemption(statement: &Statement, fields: &Fields<'_>, problems: &mut Problems<'_>) {
    let Some(reason) = statement.exempts() else { return };
    let cause = match statement.level {
        Level::Audit | Level::Skip => format!("`level: {}`", statement.level.name()),
        Level::Strict | Level::Permissive => "`authenticity` that is not enforced".to_owned(),
    };
    if reason.is_empty() && fields.get("reason").is_none() {
        problems.add_with_help(&fields.span, format!("{cause} exempts, and has no `reason`"), "add `reason: ...`; reports show it");
    }
    if !statement.scope.is_bounded() {
        let help = match statement.scope.kind {
            ScopeKind::Any => "name the kind, and an account of twelve digits",
            ScopeKind::Function | ScopeKind::Layer => "write the account out in `arn`, twelve digits",
            ScopeKind::Image => "write the registry out in `repository`",
        };
        problems.add_with_help(&fields.key_span("scope"), format!("{cause} on a scope that is open to any account"), help);
    }
}

/// DESIGN §4 rule 4: a profile of "the account" of an unknown account is anybody's profile.
fn placeholders(statement: &Statement, fields: &Fields<'_>, problems: &mut Problems<'_>) {
    let mut profiles = statement.authorities().flat_map(super::super::schema::Authority::profiles);
    let by_account = profiles.any(super::super::scope::ProfilePattern::names_account_by_placeholder);
    if by_account && statement.scope.literal_account().is_none() {
        problems.add_with_help(
            &fields.key_span("scope"),
            "a profile uses an account placeholder, but the scope is open to any account, whose owner could sign with a profile of their own",
            "write the account out in the scope, twelve digits",
        );
    }
}
