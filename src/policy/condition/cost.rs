//! What an evaluation costs at most, known before it begins.
//!
//! The grammar allows no value to grow, so every list or mapping that is walked is a part of the predicate or stands in the expression, and
//! nothing that is compared is larger than the predicate. One unit is about a lookup.

use cel::common::ast::operators::{EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS, NOT_EQUALS};
use cel::common::ast::{CallExpr, Expr, IdedExpr};
use serde_json::Value;

use super::{MAX_PREDICATE_BYTES, MAX_PREDICATE_DEPTH, MAX_PREDICATE_VALUES};

/// The most that an evaluation may cost, units.
const MAX_COST: u64 = 10_000_000;

/// What a regular expression costs, units: it is compiled each time.
const REGEXP: u64 = 2_000;

/// Bytes of text that are looked at for one unit.
const BYTES_PER_UNIT: u64 = 64;

/// The sizes of a predicate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes {
    /// Values in it.
    values: u64,
    /// Bytes of its texts and keys.
    bytes: u64,
    /// Entries of its largest list or mapping.
    entries: u64,
    /// Bytes of its longest text or key.
    text: u64,
}

impl Sizes {
    /// Measures a predicate, without recursion; the error names the limit that it exceeds.
    pub(super) fn of(predicate: &Value) -> Result<Self, String> {
        let mut sizes = Self::default();
        let mut open = vec![(predicate, 1_usize)];
        while let Some((value, depth)) = open.pop() {
            sizes.values = sizes.values.saturating_add(1);
            if depth > MAX_PREDICATE_DEPTH {
                return Err(format!("the predicate is nested deeper than {MAX_PREDICATE_DEPTH} levels"));
            }
            match value {
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
                Value::String(text) => sizes.text(text),
                Value::Array(items) => {
                    sizes.entries(items.len());
                    open.extend(items.iter().map(|item| (item, depth + 1)));
                }
                Value::Object(entries) => {
                    sizes.entries(entries.len());
                    for (key, entry) in entries {
                        sizes.text(key);
                        open.push((entry, depth + 1));
                    }
                }
            }
            if sizes.values > MAX_PREDICATE_VALUES {
                return Err(format!("the predicate has more than {MAX_PREDICATE_VALUES} values"));
            }
            if sizes.bytes > MAX_PREDICATE_BYTES {
                return Err(format!("the predicate has more than {MAX_PREDICATE_BYTES} bytes of text"));
            }
        }
        Ok(sizes)
    }

    fn text(&mut self, text: &str) {
        let length = as_u64(text.len());
        self.bytes = self.bytes.saturating_add(length);
        self.text = self.text.max(length);
    }

    fn entries(&mut self, count: usize) {
        self.entries = self.entries.max(as_u64(count));
    }

    /// To look at all of it once.
    fn whole(self) -> u64 {
        self.values.saturating_add(self.bytes / BYTES_PER_UNIT)
    }

    /// To look at its longest text once.
    fn longest(self) -> u64 {
        self.text / BYTES_PER_UNIT
    }
}

/// The error says that it would be too much.
pub(super) fn check(expression: &IdedExpr, sizes: Sizes) -> Result<(), String> {
    let cost = cost(expression, sizes);
    if cost > MAX_COST {
        return Err(format!("it would be too much to evaluate over a predicate of this size: {cost} steps of at most {MAX_COST}"));
    }
    Ok(())
}

/// An upper bound, units. Recursion is bounded by the depth that the grammar allows.
fn cost(expression: &IdedExpr, sizes: Sizes) -> u64 {
    let parts: u64 = match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => 0,
        Expr::Select(select) => cost(&select.operand, sizes),
        Expr::Call(call) => sum(call.args.iter().chain(call.target.as_deref()), sizes).saturating_add(own_cost(call, sizes)),
        Expr::List(list) => {
            let copied = list.elements.iter().filter(|element| !is_literal(element)).count();
            sum(list.elements.iter(), sizes).saturating_add(sizes.whole().saturating_mul(as_u64(copied)))
        }
        Expr::Comprehension(walk) => {
            let once = sum([&walk.iter_range, &walk.accu_init, &walk.result], sizes);
            let step = sum([&walk.loop_cond, &walk.loop_step], sizes).saturating_add(2);
            let listed = if let Expr::List(list) = &walk.iter_range.expr { as_u64(list.elements.len()) } else { sizes.entries };
            // Each entry is copied once: all of them together are at most the predicate.
            once.saturating_add(sizes.whole()).saturating_add(step.saturating_mul(listed))
        }
        // The grammar lets neither through.
        Expr::Map(_) | Expr::Struct(_) => u64::MAX,
    };
    parts.saturating_add(1)
}

fn own_cost(call: &CallExpr, sizes: Sizes) -> u64 {
    let literal = |index: usize| call.args.get(index).is_some_and(is_literal);
    match call.func_name.as_str() {
        // A value that is compared with a literal is looked at no further than the literal is long.
        EQUALS | NOT_EQUALS if literal(0) || literal(1) => 1,
        LESS | LESS_EQUALS | GREATER | GREATER_EQUALS if literal(1) => 1,
        EQUALS | NOT_EQUALS | LESS | LESS_EQUALS | GREATER | GREATER_EQUALS => sizes.whole(),
        IN => match call.args.get(1).map(|list| &list.expr) {
            Some(Expr::List(list)) if list.elements.iter().all(is_literal) => as_u64(list.elements.len()),
            Some(_) | None if literal(0) => sizes.entries.saturating_add(sizes.longest()),
            Some(_) | None => sizes.whole(),
        },
        INDEX => sizes.longest(),
        "matches" => sizes.longest().saturating_mul(4).saturating_add(REGEXP),
        _ => sizes.longest().saturating_add(1),
    }
}

fn sum<'e>(parts: impl IntoIterator<Item = &'e IdedExpr>, sizes: Sizes) -> u64 {
    parts.into_iter().fold(0, |total, part| total.saturating_add(cost(part, sizes)))
}

fn is_literal(expression: &IdedExpr) -> bool {
    matches!(expression.expr, Expr::Literal(_))
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::grammar::parse;
    use super::*;

    /// `whole` costs 1,100, `longest` 10.
    const SIZES: Sizes = Sizes { values: 1_000, bytes: 6_400, entries: 50, text: 640 };

    fn of(text: &str, sizes: Sizes) -> u64 {
        cost(&parse(text).unwrap(), sizes)
    }

    #[test]
    fn a_predicate_is_measured_whole() {
        let sizes = Sizes::of(&json!({"ab": ["abc", 1, null], "c": {"d": "e"}})).unwrap();
        assert_eq!((sizes.values, sizes.bytes, sizes.entries, sizes.text), (7, 8, 3, 3));
        let deep = |open: &str, close: &str, levels: usize| {
            let text = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            Sizes::of(&serde_json::from_str(&text).unwrap()).map(|_| ())
        };
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert_eq!(deep(open, close, MAX_PREDICATE_DEPTH - 1), Ok(()), "{open}");
            assert!(deep(open, close, MAX_PREDICATE_DEPTH).unwrap_err().contains("levels"), "{open}");
        }
        let many = |values: usize| Sizes::of(&json!(vec![1; values - 1]));
        assert!(many(MAX_PREDICATE_VALUES as usize).is_ok());
        assert!(many(MAX_PREDICATE_VALUES as usize + 1).unwrap_err().contains("values"));
        let long = |bytes: u64| Sizes::of(&json!({"a": "x".repeat(bytes as usize - 1)}));
        assert!(long(MAX_PREDICATE_BYTES).is_ok());
        assert!(long(MAX_PREDICATE_BYTES + 1).unwrap_err().contains("bytes"));
    }

    #[test]
    fn what_grows_with_the_predicate_costs_as_much_as_the_predicate_is_large() {
        for (text, expected) in [
            ("predicate", 1),
            ("predicate.a", 2),
            ("predicate.a == 'x'", 5),
            ("'x' != predicate.a", 5),
            ("predicate.a == predicate.b", 1_105),
            ("predicate.a < 1", 5),
            ("1 < predicate.a", 1_104),
            ("predicate.a >= predicate.b", 1_105),
            ("predicate.a in ['x', 'y']", 8),
            ("'x' in predicate.a", 64),
            ("predicate.a in predicate.b", 1_105),
            ("predicate.a in [predicate.b]", 2_206),
            ("predicate['a'] == 'x'", 16),
            ("predicate.a.startsWith('x')", 15),
            ("predicate.a.matches('^x$')", 2_044),
        ] {
            assert_eq!(of(text, SIZES), expected, "{text}");
        }
    }

    #[test]
    fn a_walk_costs_its_steps_for_each_entry_and_a_walk_within_it_for_each_of_those() {
        let more = Sizes { entries: SIZES.entries + 1, ..SIZES };
        let step = |text: &str| of(text, more) - of(text, SIZES);
        let (cheap, dear) = (step("predicate.all(x, x == 1)"), step("predicate.all(x, x == predicate)"));
        assert_eq!(dear - cheap, 1_099);
        assert!(cheap > of("predicate == 1", SIZES) && of("predicate.all(x, x == 1)", SIZES) > 50 * cheap + 1_100);
        assert!(of("predicate.all(x, x.all(y, y == 1))", SIZES) > 50 * of("predicate.all(x, x == 1)", SIZES));
        // A list that is written out has the entries that it has.
        assert_eq!(step("[1, 2].exists(x, x == predicate.a)"), 0);
        let written = |list: &str| of(&format!("{list}.exists(x, x == predicate.a)"), SIZES);
        assert!(written("[1, 2, 3]") - written("[1, 2]") > 1_100);
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let expression = parse("predicate.a == predicate.b").unwrap();
        let sizes = |values| Sizes { values, ..Sizes::default() };
        assert_eq!(cost(&expression, sizes(MAX_COST - 5)), MAX_COST);
        assert_eq!(check(&expression, sizes(MAX_COST - 5)), Ok(()));
        assert!(check(&expression, sizes(MAX_COST - 4)).is_err());
    }
}
