//! Conditions on predicates, in CEL: a part of the language that is read in full when the policy is loaded, and whose evaluation is
//! bounded before it begins.
//!
//! The predicate is written by whoever made the attestation, the expression by whoever wrote the policy. So the expression is checked once,
//! strictly (`grammar`), and each predicate is measured before it is looked at (`cost`): how long an evaluation may take follows from
//! the two, and where it would be too long the condition does not hold. What is evaluated has no way to build a larger value than the
//! predicate itself: no arithmetic, no concatenation, no `map`, no `filter`.

mod cost;
mod grammar;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::common::ast::IdedExpr;
use serde_json::Value;

use cost::Sizes;

/// The longest expression that is read, characters.
pub const MAX_EXPRESSION: usize = 4096;

/// The deepest nesting of a predicate that a condition is evaluated over.
pub const MAX_PREDICATE_DEPTH: usize = 100;

/// The most values of a predicate that a condition is evaluated over.
pub const MAX_PREDICATE_VALUES: u64 = 200_000;

/// The most text of a predicate that a condition is evaluated over, bytes.
pub const MAX_PREDICATE_BYTES: u64 = 8 << 20;

/// The longest text of an error that is kept, characters.
const MAX_MESSAGE: usize = 200;

/// A condition that was read.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    expression: Arc<IdedExpr>,
}

/// What a condition may ask about.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// `predicate`.
    pub predicate: &'a Value,
    /// `predicate_type`.
    pub predicate_type: &'a str,
    /// `subject.digest`: `sha256:…` of the artifact that was verified.
    pub subject: &'a str,
    /// `certificate`: the claims of a Sigstore certificate by their names, with `issuer` and `identity`. Empty for every other signer.
    pub certificate: &'a BTreeMap<&'a str, &'a str>,
}

impl Condition {
    /// Reads an expression. The error is a sentence that says what is wrong and, where known, at which column of the expression.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expression = grammar::parse(text)?;
        Ok(Self { text: text.to_owned(), expression: Arc::new(expression) })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds. The error is a sentence: an error of evaluation, a missing key, a value that is no boolean and a limit are never a
    /// pass (DESIGN §4 rule 3). It may hold text of the predicate: print through `printable`.
    pub fn holds(&self, given: &Given<'_>) -> Result<(), String> {
        let sizes = Sizes::of(given.predicate)?;
        cost::check(&self.expression, sizes)?;
        let mut context = cel::Context::default();
        context.add_variable_from_value("predicate", value(given.predicate));
        context.add_variable_from_value("predicate_type", given.predicate_type);
        context.add_variable_from_value("subject", HashMap::from([("digest", given.subject)]));
        let certificate: HashMap<&str, &str> = given.certificate.iter().map(|(name, text)| (*name, *text)).collect();
        context.add_variable_from_value("certificate", certificate);
        match cel::Value::resolve(&self.expression, &context) {
            Ok(cel::Value::Bool(true)) => Ok(()),
            Ok(cel::Value::Bool(false)) => Err("it is false".into()),
            Ok(other) => Err(format!("it gives a {}, not a boolean", other.type_of())),
            Err(error) => Err(format!("it cannot be evaluated: {}", error.to_string().chars().take(MAX_MESSAGE).collect::<String>())),
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

/// JSON as CEL sees it. Recursion is bounded by [`MAX_PREDICATE_DEPTH`], which [`Sizes::of`] has checked.
fn value(json: &Value) -> cel::Value {
    match json {
        Value::Null => cel::Value::Null,
        Value::Bool(bool) => cel::Value::Bool(*bool),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(int), _, _) => cel::Value::Int(int),
            (None, Some(uint), _) => cel::Value::UInt(uint),
            (None, None, Some(float)) => cel::Value::Float(float),
            (None, None, None) => cel::Value::Null,
        },
        Value::String(text) => cel::Value::from(text.as_str()),
        Value::Array(items) => cel::Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Value::Object(entries) => {
            cel::Value::from(entries.iter().map(|(key, entry)| (key.as_str(), value(entry))).collect::<HashMap<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    fn holds(text: &str, predicate: &Value) -> Result<(), String> {
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let certificate =
            BTreeMap::from([("issuer", "https://issuer.example"), ("source_repository_uri", "https://github.com/acme/layers")]);
        condition.holds(&Given {
            predicate,
            predicate_type: "https://slsa.dev/provenance/v1",
            subject: "sha256:00",
            certificate: &certificate,
        })
    }

    fn provenance() -> Value {
        json!({
            "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
            "buildDefinition": {
                "buildType": "t",
                "resolvedDependencies": [{"uri": "git+https://github.com/acme/layers", "digest": {"gitCommit": "abc"}}, {"uri": "pkg:b"}]
            },
            "count": 3, "ratio": 1.5, "yes": true, "nothing": null, "list": [1, 2, 3]
        })
    }

    #[test]
    fn what_a_policy_needs_to_say_can_be_said() {
        for text in [
            "predicate.runDetails.builder.id == 'https://github.com/actions/runner/github-hosted'",
            "predicate.buildDefinition.resolvedDependencies.exists(d, d.uri.startsWith('git+https://github.com/acme/'))",
            "predicate.buildDefinition.resolvedDependencies.all(d, has(d.uri) && d.uri != 'evil')",
            "predicate.list.exists_one(i, i == 2)",
            "predicate['count'] == 3 && predicate.count >= 3 && predicate.ratio < 2.0 && predicate.yes",
            "2 in predicate.list && !(4 in predicate.list) && 'count' in predicate",
            "size(predicate.list) == 3 && predicate.list.size() > 2",
            "has(predicate.nothing) && predicate.nothing == null && !has(predicate.missing)",
            "predicate.runDetails.builder.id.matches('^https://github\\\\.com/[a-z/-]+$')",
            "predicate_type == 'https://slsa.dev/provenance/v1' && subject.digest == 'sha256:00'",
            "certificate.issuer == 'https://issuer.example' && certificate.source_repository_uri.endsWith('/layers')",
            "predicate.count > 2 ? predicate.yes : false",
            "predicate.buildDefinition.buildType in ['t', 'u']",
            "predicate.count == 3 || predicate.missing == 1",
        ] {
            assert_eq!(holds(text, &provenance()), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_error_a_missing_key_and_what_is_no_boolean_are_never_a_pass() {
        for text in [
            "predicate.missing == 'x'",
            "predicate.missing.deeper == 'x'",
            "!(predicate.missing == 'x')",
            "predicate.missing != 'x'",
            "!predicate.missing.exists(x, x == 'evil')",
            "predicate.list[7] == 1",
            "predicate.list['a'] == 1",
            "predicate.count",
            "predicate.yes && predicate.count",
            "predicate",
            "predicate.runDetails.builder.id",
            "!predicate.count",
            "predicate.count > 'a'",
            "predicate.count.startsWith('3')",
            "predicate.count.all(x, x == 1)",
            "certificate.runner_environment == 'github-hosted'",
            "certificate.runner_environment != 'self-hosted'",
            "predicate.yes == false",
            "predicate.count == '3'",
            "[1, 2].exists(i, predicate.list[i] == predicate.missing)",
        ] {
            assert!(holds(text, &provenance()).is_err(), "{text}");
        }
        for predicate in [Value::Null, json!([]), json!("text"), json!(true), json!({})] {
            assert!(holds("predicate.runDetails.builder.id == 'x'", &predicate).is_err(), "{predicate}");
        }
        assert_eq!(holds("predicate", &json!(true)), Ok(()), "a predicate that is true itself");
    }

    #[test]
    fn all_over_nothing_holds_as_the_language_says() {
        assert_eq!(holds("predicate.list.all(x, x == 1)", &json!({"list": []})), Ok(()));
        assert!(holds("size(predicate.list) > 0 && predicate.list.all(x, x == 1)", &json!({"list": []})).is_err());
    }

    #[test]
    fn a_predicate_that_is_too_large_or_too_deep_is_refused_and_not_evaluated() {
        let mut deep = json!(1);
        for _ in 0..MAX_PREDICATE_DEPTH {
            deep = json!([deep]);
        }
        assert!(holds("predicate == 1", &deep).unwrap_err().contains("nested"));
        let wide = json!((0..MAX_PREDICATE_VALUES).collect::<Vec<u64>>());
        assert!(holds("predicate == 1", &wide).unwrap_err().contains("values"));
        let long = json!("x".repeat(usize::try_from(MAX_PREDICATE_BYTES).unwrap() + 1));
        assert!(holds("predicate == 'x'", &long).unwrap_err().contains("bytes"));
    }

    #[test]
    fn the_deepest_predicate_fits_the_stack_of_a_thread() {
        let mut deep = json!(1);
        for _ in 0..MAX_PREDICATE_DEPTH - 2 {
            deep = json!({ "a": deep });
        }
        let nested = json!({"l": deep, "r": deep});
        let index = format!("predicate{} == 1", "['l']['a']".repeat(14));
        let compare = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
            assert_eq!(holds("predicate.l == predicate.r", &nested), Ok(()));
            assert!(holds(&index, &nested).is_err());
        });
        compare.unwrap().join().unwrap();
    }

    #[test]
    fn what_would_take_too_long_is_refused_before_it_begins() {
        let list = json!((0..20_000).map(|i| json!({"name": format!("package-{i}"), "n": i})).collect::<Vec<_>>());
        let began = Instant::now();
        let nested = holds("predicate.all(a, predicate.all(b, a.name != b.name || a.n == b.n))", &list);
        assert!(nested.unwrap_err().contains("too much"), "");
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(holds("predicate.all(a, a.name != 'evil')", &list), Ok(()), "an SBOM's size is no obstacle");
    }

    #[test]
    fn the_costliest_evaluation_that_is_allowed_ends_soon() {
        let mut slowest = Duration::ZERO;
        for (count, text) in [
            (1_200_usize, "predicate.all(a, predicate.all(b, a.n >= 0 && b.n >= 0))"),
            (60_000, "predicate.all(a, a.name.contains('zzz') == false)"),
            (4_000, "predicate.all(a, a.name.matches('^[a-z0-9-]+$'))"),
            (100, "predicate.all(a, predicate.exists(b, b == a))"),
        ] {
            let list = json!((0..count).map(|i| json!({"name": format!("package-{i}"), "n": i})).collect::<Vec<_>>());
            let began = Instant::now();
            let result = holds(text, &list);
            slowest = slowest.max(began.elapsed());
            assert!(result.is_ok() || result.as_ref().is_err_and(|error| error.contains("too much")), "{text}: {result:?}");
        }
        assert!(slowest < Duration::from_secs(30), "{slowest:?}");
    }
}
