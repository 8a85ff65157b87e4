//! Which part of CEL is read.

use cel::common::ast::operators::{
    ADD, CONDITIONAL, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS, LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, NOT_EQUALS,
    NOT_STRICTLY_FALSE,
};
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::parser::Parser;
use regex::RegexBuilder;

use super::MAX_EXPRESSION;

/// The deepest nesting of an expression.
const MAX_DEPTH: usize = 32;

/// Brackets within brackets, before anything is parsed: the parser itself descends by recursion.
const MAX_BRACKETS: usize = 10;

/// Dots, brackets and negations in all, before anything is parsed.
const MAX_PARTS: usize = 200;

/// Choices by `? :`, before anything is parsed: each stands within the one before it.
const MAX_CHOICES: usize = 8;

/// `exists` within `exists` within `exists` is one too many.
const MAX_WALKS: usize = 2;

/// The largest automaton that a regular expression of `matches` may become, bytes.
const MAX_AUTOMATON: usize = 1 << 18;

/// What a condition may ask about.
const NAMES: &[&str] = &["predicate", "predicate_type", "subject", "certificate"];

/// Functions, besides operators and `has`, `all`, `exists`, `exists_one`.
const FUNCTIONS: &[&str] = &["size", "contains", "startsWith", "endsWith", "matches"];

const OPERATORS: &[&str] = &[
    CONDITIONAL,
    LOGICAL_AND,
    LOGICAL_OR,
    LOGICAL_NOT,
    EQUALS,
    NOT_EQUALS,
    LESS,
    LESS_EQUALS,
    GREATER,
    GREATER_EQUALS,
    IN,
    INDEX,
    NOT_STRICTLY_FALSE,
];

/// Reads an expression, and refuses what is outside of the part that is read. The error is a sentence.
pub(super) fn parse(text: &str) -> Result<IdedExpr, String> {
    if text.chars().count() > MAX_EXPRESSION {
        return Err(format!("it is longer than {MAX_EXPRESSION} characters"));
    }
    measure(text)?;
    let parsed = Parser::new().max_recursion_depth(32).parse_with_source_info(text);
    let (expression, source) = parsed.map_err(|errors| match errors.errors.first() {
        Some(first) if first.pos.1 > 0 => format!("line {}, column {}: {}", first.pos.0, first.pos.1, first.msg),
        Some(first) => first.msg.clone(),
        None => "it is no CEL".into(),
    })?;
    let mut check = Check { scope: Vec::new(), asks: false };
    check.expression(&expression, 1).map_err(|(id, why)| match source.offset_for(id) {
        Some((start, _)) => format!("column {}: {why}", column(text, start)),
        None => why,
    })?;
    if !check.asks {
        return Err("it asks for nothing: it names none of `predicate`, `predicate_type`, `subject` and `certificate`".into());
    }
    Ok(expression)
}

/// Refuses what would let the parser descend too far. Texts in quotes do not count.
fn measure(text: &str) -> Result<(), String> {
    if text.contains("'''") || text.contains("\"\"\"") {
        return Err("texts in three quotes are not read here".into());
    }
    let (mut open, mut parts, mut choices) = (0_usize, 0_usize, 0_usize);
    let mut before = [' '; 2];
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '(' | '[' | '{' => (open, parts) = (open.saturating_add(1), parts.saturating_add(1)),
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '?' => choices = choices.saturating_add(1),
            '.' | '!' | '-' => parts = parts.saturating_add(1),
            '\'' | '"' => {
                // In a raw text the backslash is a character like any other.
                let raw = matches!(before, [other, 'r' | 'R'] if !other.is_alphanumeric() && other != '_');
                while let Some(inner) = characters.next() {
                    if inner == c {
                        break;
                    }
                    if inner == '\\' && !raw {
                        characters.next();
                    }
                }
            }
            _ => {}
        }
        if open > MAX_BRACKETS {
            return Err(format!("brackets are nested deeper than {MAX_BRACKETS} levels"));
        }
        if choices > MAX_CHOICES {
            return Err(format!("it has more than {MAX_CHOICES} question marks"));
        }
        if parts > MAX_PARTS {
            return Err(format!("it has more than {MAX_PARTS} dots, brackets and negations"));
        }
        before = [before[1], c];
    }
    Ok(())
}

struct Check<'e> {
    /// Variables of the walks around.
    scope: Vec<&'e str>,
    /// True once something is asked about.
    asks: bool,
}

/// The expression that is wrong, and why.
type Wrong = (u64, String);

impl<'e> Check<'e> {
    fn expression(&mut self, at: &'e IdedExpr, depth: usize) -> Result<(), Wrong> {
        let wrong = |why: String| Err((at.id, why));
        if depth > MAX_DEPTH {
            return wrong(format!("it is nested deeper than {MAX_DEPTH} levels"));
        }
        match &at.expr {
            Expr::Literal(LiteralValue::Bytes(_)) => wrong("bytes are not read here".into()),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) if NAMES.contains(&name.as_str()) => {
                self.asks = true;
                Ok(())
            }
            // The names of accumulators begin with `@`, which nobody can write.
            Expr::Ident(name) if self.scope.contains(&name.as_str()) || name.starts_with('@') => Ok(()),
            Expr::Ident(name) => wrong(format!("`{name}` is unknown; it may ask about `{}`", NAMES.join("`, `"))),
            Expr::Select(select) => self.expression(&select.operand, depth + 1),
            Expr::List(list) if !list.optional_indices.is_empty() => wrong("optional elements are not read here".into()),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.expression(element, depth + 1)),
            Expr::Call(call) => {
                self.call(at.id, call)?;
                call.target.as_deref().into_iter().chain(&call.args).try_for_each(|part| self.expression(part, depth + 1))
            }
            Expr::Comprehension(walk) => {
                if self.scope.len() >= MAX_WALKS {
                    return wrong(format!("`all`, `exists` and `exists_one` stand within each other more than {MAX_WALKS} deep"));
                }
                let taken = NAMES.contains(&walk.iter_var.as_str()) || self.scope.contains(&walk.iter_var.as_str());
                if taken || walk.iter_var2.is_some() {
                    return wrong(format!("`{}` is the name of something else", walk.iter_var));
                }
                self.expression(&walk.iter_range, depth + 1)?;
                self.expression(&walk.accu_init, depth + 1)?;
                self.scope.push(&walk.iter_var);
                let inner =
                    [&walk.loop_cond, &walk.loop_step, &walk.result].into_iter().try_for_each(|part| self.expression(part, depth + 1));
                self.scope.pop();
                inner
            }
            Expr::Map(_) | Expr::Struct(_) => wrong("mappings are not written here".into()),
            Expr::Unspecified => wrong("it is incomplete".into()),
        }
    }

    fn call(&self, id: u64, call: &CallExpr) -> Result<(), Wrong> {
        let wrong = |why: String| Err((id, why));
        match call.func_name.as_str() {
            "matches" => {
                // One expression and no more: of several the interpreter would take another one than is looked at here.
                let expression = match (&call.target, &call.args[..]) {
                    (Some(_), [expression]) | (None, [_, expression]) => Some(&expression.expr),
                    (Some(_) | None, _) => None,
                };
                let Some(Expr::Literal(LiteralValue::String(pattern))) = expression else {
                    return wrong("the regular expression of `matches` must be written out, and be its only argument".into());
                };
                full_match(pattern.inner()).map_err(|why| (id, why))
            }
            name if FUNCTIONS.contains(&name) || OPERATORS.contains(&name) => Ok(()),
            // `exists_one` counts with it.
            ADD if matches!(&call.args[..], [IdedExpr { expr: Expr::Ident(name), .. }, IdedExpr { expr: Expr::Literal(LiteralValue::Int(_)), .. }] if name.starts_with('@')) => {
                Ok(())
            }
            ADD | "map" | "filter" => wrong("`+`, `map` and `filter` are not read here; use `all`, `exists` or `exists_one`".into()),
            name => {
                wrong(format!("`{name}` is not read here; there are `has`, `all`, `exists`, `exists_one`, `{}`", FUNCTIONS.join("`, `")))
            }
        }
    }
}

/// `matches` looks anywhere in a text. Only expressions that say from where to where are read, so that none that was meant in full matches
/// a part: they begin with `^`, end with `$`, and have neither flags nor an alternative outside of parentheses.
fn full_match(pattern: &str) -> Result<(), String> {
    const SHAPE: &str = "`matches` looks anywhere in a text: write `^...$`, with alternatives in parentheses and without flags";
    let mut depth = 0_usize;
    let (mut escaped, mut in_class) = (false, false);
    let mut last_dollar_escaped = true;
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        last_dollar_escaped = escaped;
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            // A class within a class, or one that begins with its own end, is more than this reader follows.
            '[' if in_class => return Err(SHAPE.into()),
            '[' => {
                in_class = true;
                if characters.peek() == Some(&'^') {
                    characters.next();
                }
                if characters.peek() == Some(&']') {
                    return Err(SHAPE.into());
                }
            }
            ']' => in_class = false,
            _ if in_class => {}
            '(' => {
                depth = depth.saturating_add(1);
                if characters.peek() == Some(&'?') {
                    characters.next();
                    if characters.next() != Some(':') {
                        return Err(SHAPE.into());
                    }
                }
            }
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return Err(SHAPE.into()),
            _ => {}
        }
    }
    if !pattern.starts_with('^') || !pattern.ends_with('$') || last_dollar_escaped || in_class || pattern.len() < 2 {
        return Err(SHAPE.into());
    }
    let built = RegexBuilder::new(pattern).size_limit(MAX_AUTOMATON).build();
    built.map(|_| ()).map_err(|error| {
        let reason = error.to_string();
        format!("the regular expression of `matches` is none: {}", reason.lines().last().unwrap_or("").trim())
    })
}

/// Column of a place in the expression, from 1.
fn column(text: &str, start: impl TryInto<usize>) -> usize {
    let start: usize = start.try_into().unwrap_or(0);
    start.min(text.len()).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, part: &str) {
        match parse(text) {
            Ok(_) => panic!("{text} is read"),
            Err(error) => assert!(error.contains(part), "{text}: {error}"),
        }
    }

    #[test]
    fn what_is_no_cel_is_refused_with_its_column() {
        refused("predicate.a ==", "column");
        refused("predicate.a = 1", "column");
        refused("", "");
        refused("(predicate", "column");
        refused("predicate.a == 'x", "column");
    }

    #[test]
    fn a_condition_that_asks_for_nothing_is_refused() {
        refused("true", "asks for nothing");
        refused("1 == 1", "asks for nothing");
        refused("[1].all(x, x == 1)", "asks for nothing");
    }

    #[test]
    fn misspelt_names_and_functions_are_refused_when_the_policy_is_read() {
        refused("predciate.a == 1", "`predciate` is unknown");
        refused("predicate.a.beginsWith('x')", "`beginsWith` is not read");
        refused("predicate.all(x, y == 1)", "`y` is unknown");
        refused("type(predicate) == int", "is not read");
    }

    #[test]
    fn whatever_can_grow_a_value_is_refused() {
        refused("predicate.a + predicate.a == 'xx'", "not read");
        refused("predicate.a * 2 == 4", "not read");
        refused("predicate.map(x, x) == []", "not read");
        refused("predicate.filter(x, x == 1).size() == 1", "not read");
        refused("predicate.a == {'a': 1}", "mappings");
        refused("predicate.a == b'x'", "bytes");
    }

    #[test]
    fn walks_within_walks_within_walks_are_refused() {
        refused("predicate.all(a, a.all(b, b.all(c, c == 1)))", "2 deep");
        refused("predicate.all(a, a.all(a, a == 1))", "something else");
        refused("predicate.all(predicate, true)", "something else");
    }

    #[test]
    fn deep_nesting_is_refused_and_overflows_nothing() {
        for text in [
            format!("{}predicate{}", "(".repeat(2000), ")".repeat(2000)),
            format!("predicate{} == 1", "[0]".repeat(1300)),
            format!("{}predicate", "!".repeat(2000)),
            format!("predicate{} == 1", ".a".repeat(2000)),
            format!("predicate == {}", "[".repeat(2000)),
            format!("predicate == {}1{}", "[".repeat(1900), "]".repeat(1900)),
        ] {
            assert!(parse(&text).is_err(), "{text}");
        }
        // What passes the first measure is parsed within the stack that a thread has.
        for text in [
            format!("{}predicate{}", "(".repeat(MAX_BRACKETS), ")".repeat(MAX_BRACKETS)),
            format!("predicate{} == 1", "[0]".repeat(MAX_PARTS)),
            format!("predicate{} == 1", ".a".repeat(MAX_PARTS)),
            format!("{}predicate", "!".repeat(MAX_PARTS)),
            format!("predicate == {}1", "-".repeat(MAX_PARTS)),
            format!("{}true", "predicate ? true : ".repeat(MAX_CHOICES)),
            format!("{}true", "predicate ? ".repeat(MAX_CHOICES)),
            format!("predicate.a{}", " && predicate.a".repeat(200)),
            format!("predicate.a{}", " == predicate.a".repeat(200)),
            format!("predicate.a == 1{}", " || 1 in predicate".repeat(200)),
            format!("{}predicate{}", "[".repeat(MAX_BRACKETS), "]".repeat(MAX_BRACKETS)),
            "predicate.a(".repeat(MAX_BRACKETS),
        ] {
            let parsed = std::thread::Builder::new().stack_size(2 << 20).spawn(move || drop(parse(&text)));
            parsed.unwrap().join().unwrap();
        }
        // The most that is let through of each, and one more.
        for (text, part) in [("(", "brackets"), ("[", "brackets"), ("{", "brackets")].map(|(text, part)| (text.repeat(MAX_BRACKETS), part))
        {
            assert_eq!(measure(&text), Ok(()), "{text}");
            assert!(measure(&format!("{text}(")).is_err_and(|why| why.contains(part)), "{text}");
            assert_eq!(measure(&format!("{text}){}", "[](){}".repeat(20))), Ok(()), "{text}");
        }
        assert_eq!(measure(&"?".repeat(MAX_CHOICES)), Ok(()));
        assert!(measure(&"?".repeat(MAX_CHOICES + 1)).is_err_and(|why| why.contains("question marks")));
        for part in [".", "!", "-", "()"] {
            assert_eq!(measure(&part.repeat(MAX_PARTS)), Ok(()), "{part}");
            assert!(measure(&part.repeat(MAX_PARTS + 1)).is_err_and(|why| why.contains("dots")), "{part}");
        }
        // Texts in quotes do not count, wherever they end.
        for text in [
            format!("predicate.a == '{}'", "(".repeat(MAX_BRACKETS + 1)),
            format!("predicate.a == \"'{}\"", "?".repeat(MAX_CHOICES + 1)),
            format!("predicate.a == '\\'{}'", ".".repeat(MAX_PARTS + 1)),
            format!("predicate.a == r'{}\\'", "(".repeat(MAX_BRACKETS + 1)),
        ] {
            assert_eq!(measure(&text), Ok(()), "{text}");
        }
        for text in [
            format!("predicate.a == r'\\' || {}predicate{}", "(".repeat(MAX_BRACKETS + 1), ")".repeat(MAX_BRACKETS + 1)),
            format!("predicate.a == '\\\\' || {}predicate{}", "(".repeat(MAX_BRACKETS + 1), ")".repeat(MAX_BRACKETS + 1)),
        ] {
            assert!(measure(&text).is_err_and(|why| why.contains("brackets")), "{text}");
        }
        refused(&format!("predicate == '{}'", "x".repeat(MAX_EXPRESSION)), "longer");
        refused("predicate == '''x'''", "three quotes");
        refused("predicate == \"\"\"x\"\"\"", "three quotes");
    }

    #[test]
    fn a_regexp_that_could_match_a_part_is_refused() {
        for pattern in [
            "acme",
            "^acme",
            "acme$",
            "^a|b$",
            "^a\\\\$",
            "(?m)^a$",
            "^(?m:a)$",
            "^(?i)a$",
            "^[a$",
            "^[]a]|b$",
            "^a[[b]]$",
            "$",
            "^",
            "^(a)|b$",
            "^((a))b|c$",
        ] {
            refused(&format!("predicate.a.matches('{pattern}')"), "`matches`");
        }
        refused("predicate.a.matches(predicate.b)", "written out");
        refused("predicate.a.matches(predicate.b, '^a$')", "only argument");
        refused("matches('^a$', predicate.a, '^a$')", "only argument");
        refused("predicate.a.matches('^(\\\\w{100}){100}$')", "none");
        for pattern in ["^a$", "^(a|b)$", "^[^|]+$", "^a\\\\|b$", "^(?:a|b)c\\\\.d$"] {
            assert!(parse(&format!("predicate.a.matches('{pattern}')")).is_ok(), "{pattern}");
        }
    }
}
