//! The rules, each a function of one source, each with samples that break it.

use std::collections::BTreeSet;

use super::code::{Source, closing, words};

/// Imports of a later stage, by `crate::X`, `crate::{X, Y}` or a chain of `super::` that leads to the root.
///
/// Can't see: macros that expand to a path; `super::` inside inline modules (counted as if it stood at the top of the file).
pub fn imports_against_the_flow(source: &Source, stages: &[&str]) -> Vec<String> {
    let Some(own) = stages.iter().position(|s| *s == source.stage()) else { return Vec::new() };
    let mut found = Vec::new();
    for (at, name) in imported_from_the_root(source) {
        match stages.iter().position(|s| *s == name) {
            Some(other) if other <= own => {}
            Some(_) => found.push(format!("{}: `{}` imports `{name}`, a later stage", source.place(at), source.stage())),
            None => found.push(format!("{}: `crate::{name}` is no stage", source.place(at))),
        }
    }
    found
}

/// Words of input and output, for stages that must know none.
pub fn input_and_output(source: &Source) -> Vec<String> {
    let banned = [
        "std::fs",
        "fs::",
        "std::net",
        "std::process",
        "std::env",
        "env::var",
        "tokio",
        "sqlx",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "tempfile",
        "rayon",
        "File::open",
    ];
    mentions(source, &banned)
}

/// What ends the process where a byte is not as expected: `unwrap` and its like, panics, and indexing.
///
/// A method of ours that is called `expect` and takes no text is none of these. Can't see: arithmetic that overflows, and calls that panic inside (`split_at`, `copy_from_slice`, `Vec::remove`).
pub fn what_can_panic(source: &Source) -> Vec<String> {
    let mut found =
        mentions(source, &[".unwrap()", ".expect(\"", "panic!", "unreachable!", "todo!", "unimplemented!", "assert!", "assert_eq!"]);
    let bytes = source.code.as_bytes();
    for (at, _) in source.code.match_indices('[') {
        // Types, patterns, attributes and macros have something else before the bracket, or a space. `[..]` takes all there is.
        let before = at.checked_sub(1).and_then(|n| bytes.get(n));
        let all = source.code[at..].starts_with("[..]");
        if !all && before.is_some_and(|b| b.is_ascii_alphanumeric() || b"_)]?".contains(b)) {
            found.push(format!("{}: indexing", source.place(at)));
        }
    }
    found
}

/// Every place where one of `what` stands as a word.
pub fn mentions(source: &Source, what: &[&str]) -> Vec<String> {
    what.iter()
        .flat_map(|word| words(&source.code, word).into_iter().map(move |at| (at, word)))
        .map(|(at, word)| format!("{}: {word}", source.place(at)))
        .collect()
}

/// Arms that take whatever is left, in a `match` whose other arms name one of `enums`.
///
/// Can't see: enums named through `Self::` or an alias; arms that name no variant at all; wildcards inside a tuple; `matches!` and
/// `if let`, which ask for one state on purpose.
pub fn catch_all_arms(source: &Source, enums: &[&str]) -> Vec<String> {
    let code = &source.code;
    let mut found = Vec::new();
    for at in words(code, "match") {
        let Some(open) = block_after(code, at) else { continue };
        let Some(close) = closing(code, open) else { continue };
        let arms = arms(code, open + 1, close);
        let judged = enums.iter().find(|name| arms.iter().any(|(_, pattern)| pattern.contains(&format!("{name}::"))));
        let Some(name) = judged else { continue };
        for (arm, pattern) in &arms {
            let bare = pattern.split(" if ").next().unwrap_or_default().trim();
            if bare == "_" || bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
                found.push(format!("{}: `{bare} =>` in a match on {name}", source.place(*arm)));
            }
        }
    }
    found
}

/// How a registry departs from the files beside it. `others` are files that are no entries.
pub fn registry_against_files(source: &Source, files: &BTreeSet<String>, others: &BTreeSet<String>) -> Vec<String> {
    let code = &source.code;
    let mut found = Vec::new();
    let declared: BTreeSet<String> = words(code, "mod")
        .into_iter()
        .filter_map(|at| code[at + 3..].trim_start().split_once(';').map(|(name, _)| name.trim().to_owned()))
        .filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .collect();
    found.extend(files.difference(&declared).map(|name| format!("{}: the file `{name}` has no `mod {name};`", source.path)));
    found.extend(others.difference(files).map(|name| format!("{}: `{name}` is named as no entry, but there is no such file", source.path)));

    let Some(entries) = entries(code) else {
        found.push(format!("{}: no `pub static ALL: &[…] = &[…];`", source.path));
        return found;
    };
    let named: BTreeSet<String> = entries.iter().cloned().collect();
    if named.len() != entries.len() {
        found.push(format!("{}: a file stands twice in ALL", source.path));
    }
    let expected: BTreeSet<String> = files.difference(others).cloned().collect();
    found.extend(expected.difference(&named).map(|name| format!("{}: the file `{name}` is not in ALL", source.path)));
    found.extend(named.difference(&expected).map(|name| format!("{}: ALL names `{name}`, which is no file of an entry", source.path)));
    found
}

/// Folders of a machine that stand in `bytes`.
pub fn machine_paths(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    // Put together here, so that this file does not hold them.
    for folder in ["work", "root", "home"].map(|name| format!("/{name}/")) {
        for at in 0..bytes.len().saturating_sub(folder.len() - 1) {
            // `example.com/home/` and `./root/` are no paths from the root of a machine.
            let before = at.checked_sub(1).map(|b| bytes[b]);
            let starts = before.is_none_or(|b| !(b.is_ascii_alphanumeric() || b"_.}-~".contains(&b)));
            if starts && bytes[at..].starts_with(folder.as_bytes()) {
                let end = bytes[at..].iter().position(|b| b.is_ascii_whitespace()).map_or(bytes.len(), |n| at + n).min(at + 60);
                found.push(String::from_utf8_lossy(&bytes[at..end]).into_owned());
            }
        }
    }
    found
}

/// The first name of each path from the crate's root, with where it stands.
fn imported_from_the_root(source: &Source) -> Vec<(usize, String)> {
    let code = &source.code;
    let mut found = Vec::new();
    for at in words(code, "crate") {
        if let Some(path) = code[at + 5..].strip_prefix("::") {
            found.extend(first_names(path).into_iter().map(|name| (at, name)));
        }
    }
    let depth = source.module().len();
    let mut skip_to = 0;
    for at in words(code, "super") {
        if at < skip_to {
            continue;
        }
        let mut rest = &code[at..];
        let mut supers = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            supers += 1;
            rest = after;
        }
        skip_to = code.len() - rest.len();
        if supers >= depth && supers > 0 {
            found.extend(first_names(rest).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// `a` of `a::b`; `a` and `b` of `{a::x, b}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String { text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect() };
    if !path.trim_start().starts_with('{') {
        return vec![name(path)];
    }
    let open = path.find('{').unwrap_or_default();
    let Some(close) = closing(path, open) else { return Vec::new() };
    split_at_commas(&path[open + 1..close]).into_iter().map(|(_, part)| name(part)).filter(|n| !n.is_empty()).collect()
}

/// The `{` of the block of a `match` whose scrutinee starts at `from`: the first one outside brackets.
fn block_after(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(byte) = code.as_bytes().get(at) {
        match byte {
            b'{' => return Some(at),
            b'(' | b'[' => at = closing(code, at)?,
            b';' | b'}' => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The patterns of a match's arms: what stands before each `=>` that is not inside brackets.
fn arms(code: &str, from: usize, to: usize) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut arms = Vec::new();
    let mut start = from;
    let mut at = from;
    while at < to {
        if bytes[at..to].starts_with(b"=>") {
            let pattern = code[start..at].trim();
            arms.push((
                start + (code[start..at].len() - code[start..at].trim_start().len()),
                pattern.trim_start_matches('|').trim().to_owned(),
            ));
            at += 2;
            // The body: a block, or up to a comma.
            let body = at + (code[at..to].len() - code[at..to].trim_start().len());
            if bytes.get(body) == Some(&b'{') {
                at = closing(code, body).map_or(to, |n| n + 1);
                // A block may go on as an expression: `{ … }.x(),`. Then the comma ends it; a comma after the block does no harm.
                let rest = code[at.min(to)..to].trim_start();
                if rest.starts_with(['.', '?']) {
                    at = comma(bytes, code, at, to);
                }
            } else {
                at = comma(bytes, code, body, to);
            }
            while at < to && (bytes[at] == b',' || bytes[at].is_ascii_whitespace()) {
                at += 1;
            }
            start = at;
        } else if matches!(bytes[at], b'(' | b'[' | b'{') {
            at = closing(code, at).map_or(to, |n| n + 1);
        } else {
            at += 1;
        }
    }
    arms
}

/// The next comma outside brackets, or `to`.
fn comma(bytes: &[u8], code: &str, from: usize, to: usize) -> usize {
    let mut at = from;
    while at < to {
        match bytes[at] {
            b',' => return at,
            b'(' | b'[' | b'{' => at = closing(code, at).unwrap_or(to),
            _ => {}
        }
        at += 1;
    }
    to
}

/// The modules that the entries of `ALL` name: `pin001` of `&pin001::Pin001`.
fn entries(code: &str) -> Option<Vec<String>> {
    let all = words(code, "ALL").into_iter().find(|at| code[..*at].trim_end().ends_with("static"))?;
    let list = all + code[all..].find('=')?;
    let open = list + code[list..].find('[')?;
    let close = closing(code, open)?;
    let names = split_at_commas(&code[open + 1..close])
        .into_iter()
        .map(|(_, entry)| without_attributes(entry).trim_start_matches('&').trim().split("::").next().unwrap_or_default().trim().to_owned())
        .filter(|name| !name.is_empty());
    Some(names.collect())
}

/// An entry without `#[cfg(…)]` before it.
fn without_attributes(entry: &str) -> &str {
    let mut entry = entry.trim();
    while let Some((_, rest)) = entry.strip_prefix("#[").and_then(|rest| rest.split_once(']')) {
        entry = rest.trim();
    }
    entry
}

/// The parts between commas outside brackets.
fn split_at_commas(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start <= text.len() {
        let end = comma(text.as_bytes(), text, start, text.len());
        parts.push((start, &text[start..end]));
        start = end + 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [&str; 4] = ["model", "store", "check", "cli"];

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| n.to_string()).collect()
    }

    #[test]
    fn an_import_against_the_flow_is_found_in_every_spelling() {
        for text in [
            "use crate::cli::Exit;",
            "use crate::{model::x, cli};",
            "use crate::{\n    model::{a, b},\n    cli::Exit,\n};",
            "fn f() -> crate::cli::Exit { crate::model::x() }",
            "use super::super::cli;",
            "use super::super::{model, cli::Exit};",
            "use crate::nowhere;",
        ] {
            let found = imports_against_the_flow(&Source::new("src/check/x.rs", text), &STAGES);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn an_import_with_the_flow_passes() {
        for text in [
            "use crate::model::x; use crate::store::{a, b}; use crate::check::y; use super::Rule; use super::super::model;",
            "// use crate::cli;",
            "const X: &str = \"crate::cli\";",
            "#[cfg(test)]\nmod tests { use crate::cli::Exit; }",
            "pub(crate) fn f() {} pub(in crate::check) fn g() {}",
        ] {
            let found = imports_against_the_flow(&Source::new("src/check/x.rs", text), &STAGES);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_catch_all_on_a_judged_enum_is_found() {
        for text in [
            "fn f() { match x { Outcome::Valid(v) => 1, _ => 0 } }",
            "fn f() { match x.y(|z| { z }) { crate::a::Outcome::Valid(v) => { 1 }\n _ => 0 } }",
            "fn f() { match x { Outcome::Valid(v) if v > 1 => g(1, 2), other => other } }",
            "fn f() { match x { Outcome::A | Outcome::B => match y { 1 => 2, _ => 3 }, _ if true => 4, Outcome::C => 5 } }",
        ] {
            let found = catch_all_arms(&Source::new("src/check/x.rs", text), &["Outcome"]);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn other_matches_may_have_a_catch_all() {
        for text in [
            "fn f() { match x { 1 => Outcome::A, _ => Outcome::B } }",
            "fn f() { match x { Outcome::A => match y { 1 => 2, _ => 3 }, Outcome::B(_) => 4 } }",
            "fn f() { match x { Outcome::A => { match y { Some(1) => 2, _ => 3 } } Outcome::B { .. } => 4 } }",
            "fn f() { match x { Other::A => 1, _ => 2 } }",
        ] {
            let found = catch_all_arms(&Source::new("src/check/x.rs", text), &["Outcome"]);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_registry_that_forgets_invents_or_repeats_a_file_is_found() {
        let good = "mod a;\npub mod b;\nmod shared;\npub static ALL: &[&dyn Check] = &[&a::A, &b::B];";
        let files = set(&["a", "b", "shared"]);
        let others = set(&["shared"]);
        let check = |text: &str, files: &BTreeSet<String>| registry_against_files(&Source::new("src/check/mod.rs", text), files, &others);
        assert!(check(good, &files).is_empty(), "{:?}", check(good, &files));
        assert_eq!(check(&good.replace(", &b::B", ""), &files).len(), 1, "forgotten in ALL");
        assert_eq!(check(&good.replace("pub mod b;", ""), &files).len(), 1, "forgotten as a module");
        assert_eq!(check(&good.replace("&b::B", "&b::B, &a::A"), &files).len(), 1, "twice");
        assert_eq!(check(&good.replace("&b::B", "&b::B, &shared::S"), &files).len(), 1, "a file that is no entry");
        assert_eq!(check(good, &set(&["a", "b", "c", "shared"])).len(), 2, "a file that nobody registered");
        assert_eq!(check(good, &set(&["a", "b"])).len(), 1, "a stale exception");
        assert_eq!(check("mod a;\nmod b;\nmod shared;", &files).len(), 1, "no registry");
    }

    #[test]
    fn a_path_of_a_machine_is_found_but_not_a_path_that_ends_alike() {
        for folder in ["work", "root", "home"] {
            let path = format!("/{folder}/x");
            assert_eq!(machine_paths(format!("see {path} there").as_bytes()).len(), 1);
            assert_eq!(machine_paths(path.as_bytes()).len(), 1);
            assert!(machine_paths(format!("example.com{path} .{path} a{path}").as_bytes()).is_empty());
        }
    }

    #[test]
    fn whatever_panics_on_a_byte_is_found() {
        for text in ["x.unwrap()", "x.expect(\"why\")", "x[0]", "f(x)[..4]", "a[1][2]", "x?[n]", "unreachable!()", "assert!(x)"] {
            let found = what_can_panic(&Source::new("src/unpack/x.rs", &format!("fn f() {{ {text} }}")));
            assert!(!found.is_empty(), "{text}");
        }
        let calm = "#[derive(Debug)] fn f(x: &[u8], y: [u8; 4]) -> Vec<[u8; 2]> { let [a, b] = y; vec![a]; x.unwrap_or(1); tags.expect(SET)?; y[..].len(); for i in [1] {} }";
        let found = what_can_panic(&Source::new("src/unpack/x.rs", calm));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_word_inside_another_is_no_mention() {
        let source = Source::new("src/check/x.rs", "fn f() { sprint!(); my_println!(); println!(\"x\") }");
        assert_eq!(mentions(&source, &["println!", "print!"]), ["src/check/x.rs:1: println!"]);
    }
}
