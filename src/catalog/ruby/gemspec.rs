//! The specification of an installed gem, as `Gem::Specification#to_ruby` writes it: one assignment or call a line. It is Ruby, and is
//! read, never run: what is not a literal is not known.

use crate::catalog::{Flaw, LinkKind};

/// Lines of one specification. One that lists 5,000 files has them in one line.
const MAX_LINES: usize = 20_000;
/// Elements of one list, and dependencies.
const MAX_ITEMS: usize = 2_000;
/// Bytes of a summary that are kept.
const MAX_SUMMARY: usize = 512;

/// What a specification says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gemspec {
    pub(super) name: String,
    pub(super) version: String,
    /// `ruby` for a gem without native code, or whose native code is built when it is installed.
    pub(super) platform: String,
    pub(super) licences: Vec<String>,
    pub(super) authors: Vec<String>,
    pub(super) summary: Option<String>,
    pub(super) links: Vec<(LinkKind, String)>,
    /// Names and constraints of what it needs to run.
    pub(super) needs: Vec<(String, String)>,
    pub(super) flaws: Vec<Flaw>,
}

/// Reads a specification.
pub(super) fn parse(text: &str) -> Result<Gemspec, Flaw> {
    let mut gem = Gemspec::default();
    let mut stub: Option<[&str; 3]> = None;
    let (mut name, mut version, mut platform) = (None, None, None);
    let mut is_else = false;
    for (at, line) in text.lines().enumerate() {
        if at >= MAX_LINES {
            gem.flaws.push(Flaw::too_large("ruby::MAX_LINES", format!("more than {MAX_LINES} lines")));
            break;
        }
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("# stub: ").filter(|_| stub.is_none()) {
            let mut words = rest.split_whitespace();
            if let (Some(name), Some(version), Some(platform)) = (words.next(), words.next(), words.next()) {
                stub = Some([name, version, platform]);
            }
            continue;
        }
        // `if s.respond_to? :add_runtime_dependency then … else … end`: the other half says the same for RubyGems before 1.2, which knew
        // no dependencies for development, and so has these among the others.
        match line {
            "else" => is_else = true,
            "end" => is_else = false,
            _ => {}
        }
        let Some((receiver, statement)) = line.split_once('.') else { continue };
        if is_else || receiver.is_empty() || !receiver.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        if let Some((method, arguments)) = statement.split_once('(').filter(|(method, _)| method.ends_with("_dependency")) {
            if matches!(method, "add_runtime_dependency" | "add_dependency") && gem.needs.len() < MAX_ITEMS {
                gem.needs.extend(need(arguments));
            }
            continue;
        }
        let Some((attribute, value)) = statement.split_once('=') else { continue };
        let value = value.trim_start();
        match attribute.trim_end() {
            "name" => name = name.or(literal(value).map(|(text, _)| text)),
            "version" => version = version.or(literal(value.strip_prefix("Gem::Version.new(").unwrap_or(value)).map(|(text, _)| text)),
            "platform" => platform = platform.or(read_platform(value)),
            "license" | "licenses" => gem.licences.extend(literals(value)),
            "author" | "authors" => gem.authors.extend(literals(value)),
            "summary" => {
                let line = literal(value).map(|(text, _)| text.split_whitespace().collect::<Vec<_>>().join(" "));
                gem.summary =
                    line.and_then(|line| Some(line.get(..line.floor_char_boundary(MAX_SUMMARY))?.to_owned())).filter(|s| !s.is_empty());
            }
            "homepage" => gem.links.extend(literal(value).map(|(url, _)| (LinkKind::Website, url))),
            "metadata" => gem.links.extend(metadata(value)),
            _ => {}
        }
    }
    let [stub_name, stub_version, stub_platform] = stub.unwrap_or_default();
    gem.name = told(name, stub_name, "name", &mut gem.flaws).ok_or_else(|| Flaw::malformed("nothing says the gem's name"))?;
    gem.version =
        told(version, stub_version, "version", &mut gem.flaws).ok_or_else(|| Flaw::malformed("nothing says the gem's version"))?;
    gem.platform = platform.or_else(|| (!stub_platform.is_empty()).then(|| stub_platform.to_owned())).unwrap_or_else(|| "ruby".to_owned());
    Ok(gem)
}

/// RubyGems reads the stub line to find a gem, and the rest to use it: both must say the same.
fn told(value: Option<String>, stub: &str, what: &str, flaws: &mut Vec<Flaw>) -> Option<String> {
    let is_good =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    match value {
        Some(value) if !stub.is_empty() && value != stub => {
            flaws.push(Flaw::malformed(format!("its stub line says another {what} than the rest")));
            Some(value)
        }
        Some(value) => Some(value),
        None => (!stub.is_empty()).then(|| stub.to_owned()),
    }
    .filter(|text| is_good(text))
}

/// `Gem::Platform.new(["x86_64", "linux", nil])`, or a text.
fn read_platform(value: &str) -> Option<String> {
    let parts = literals(value.strip_prefix("Gem::Platform.new(").unwrap_or(value));
    (!parts.is_empty()).then(|| parts.join("-"))
}

/// `%q<NAME>.freeze, [">= 1", "< 2"])`.
fn need(arguments: &str) -> Option<(String, String)> {
    let (name, rest) = literal(arguments.trim_start())?;
    let constraints = rest.find('[').and_then(|at| rest.get(at..)).map(literals).unwrap_or_default();
    Some((name, constraints.join(", ")))
}

/// `{ "source_code_uri" => "https://…" }`.
fn metadata(value: &str) -> Vec<(LinkKind, String)> {
    let mut links = Vec::new();
    let mut texts = literals(value).into_iter();
    while let (Some(key), Some(url)) = (texts.next(), texts.next()) {
        match key.as_str() {
            "source_code_uri" => links.push((LinkKind::Vcs, url)),
            "bug_tracker_uri" => links.push((LinkKind::IssueTracker, url)),
            _ => {}
        }
    }
    links
}

/// The texts of a literal, a list or a hash, up to the end of the list.
fn literals(value: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = value.trim_start();
    let is_list = rest.starts_with(['[', '{', '(']);
    while texts.len() < MAX_ITEMS {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | '{' | '(' | ',' | '=' | '>'));
        if rest.starts_with([']', '}', ')']) {
            break;
        }
        if let Some((text, after)) = literal(rest) {
            texts.push(text);
            rest = after;
        } else if rest.starts_with(['"', '\'']) || rest.starts_with("%q") {
            // A text that does not end: looking for its end once is enough.
            break;
        } else {
            // `.freeze`, `nil`, or an expression: up to what separates elements.
            let skipped = rest.find([',', ']', '}', ')']).filter(|at| *at > 0);
            match skipped.and_then(|at| rest.get(at..)) {
                Some(after) => rest = after,
                None => break,
            }
        }
        if !is_list {
            break;
        }
    }
    texts
}

/// One text and what follows: `"…"`, `'…'`, `%q<…>`. Text with an expression in it is not known.
fn literal(value: &str) -> Option<(String, &str)> {
    let (open, close, rest) = match value.strip_prefix("%q") {
        Some(rest) => {
            let open = rest.chars().next()?;
            let close = match open {
                '<' => '>',
                '(' => ')',
                '[' => ']',
                '{' => '}',
                c if c.is_ascii_punctuation() => c,
                _ => return None,
            };
            (open, close, rest.strip_prefix(open)?)
        }
        None => {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            (quote, quote, value.strip_prefix(quote)?)
        }
    };
    let mut text = String::new();
    let mut signs = rest.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            c if c == close => return Some((text, rest.get(at.saturating_add(c.len_utf8())..)?)),
            '\\' => {
                let (_, escaped) = signs.next()?;
                if open == '"' {
                    text.extend(escape(escaped, &mut signs)?);
                } else {
                    if escaped != '\\' && escaped != close {
                        text.push('\\');
                    }
                    text.push(escaped);
                }
            }
            '#' if open == '"' && rest.get(at..).is_some_and(|rest| rest.starts_with("#{")) => return None,
            c => text.push(c),
        }
    }
    None
}

/// What follows a backslash within double quotes, as `String#dump` writes it.
fn escape(sign: char, signs: &mut std::str::CharIndices<'_>) -> Option<Option<char>> {
    let hex = |signs: &mut std::str::CharIndices<'_>, count: usize| {
        let rest = signs.as_str();
        let digits = rest.get(..count)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        for _ in 0..count {
            signs.next();
        }
        Some(code)
    };
    let code = match sign {
        'n' => return Some(Some('\n')),
        't' => return Some(Some('\t')),
        'r' => return Some(Some('\r')),
        'e' => return Some(Some('\u{1b}')),
        'u' if signs.as_str().starts_with('{') => {
            signs.next();
            let end = signs.as_str().bytes().take(7).position(|byte| byte == b'}')?;
            let code = hex(signs, end)?;
            signs.next();
            code
        }
        'u' => hex(signs, 4)?,
        // A byte; those above 127 are parts of characters and not put together.
        'x' => hex(signs, 2)?,
        other => return Some(Some(other)),
    };
    Some(char::from_u32(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOKOGIRI: &str = r##"# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.10 x86_64-linux lib
# stub: ext/nokogiri/extconf.rb

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.13.10"
  s.platform = "x86_64-linux".freeze

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.metadata = { "bug_tracker_uri" => "https://h/issues", "x" => "y", "source_code_uri" => "https://h/src" } if s.respond_to? :metadata=
  s.authors = ["Mike \"M\" D.".freeze, 'A\'B'.freeze]
  s.homepage = "https://nokogiri.org".freeze
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  s.summary = "Nokogiri (\u92F8) \u{41} makes\nit easy".freeze

  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4", "< 2"])
    s.add_development_dependency(%q<minitest>.freeze, ["~> 5.15"])
  else
    s.add_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_dependency(%q<minitest>.freeze, ["~> 5.15"])
  end
end
"##;

    #[test]
    fn what_old_rubygems_are_told_is_not_needed() {
        assert_eq!(parse(NOKOGIRI).unwrap().needs, [("racc".to_owned(), "~> 1.4, < 2".to_owned())]);
        let new = "s.name = 'a'\ns.version = '1'\ns.add_dependency(%q<b>.freeze, [\">= 0\".freeze])\ns.add_development_dependency(%q<c>.freeze, [])\n";
        assert_eq!(parse(new).unwrap().needs, [("b".to_owned(), ">= 0".to_owned())]);
    }

    #[test]
    fn every_field_is_read_as_ruby_would() {
        let gem = parse(NOKOGIRI).unwrap();
        assert_eq!((gem.name.as_str(), gem.version.as_str(), gem.platform.as_str()), ("nokogiri", "1.13.10", "x86_64-linux"));
        assert_eq!(gem.licences, ["MIT", "Ruby"]);
        assert_eq!(gem.authors, ["Mike \"M\" D.", "A'B"]);
        assert_eq!(gem.summary.as_deref(), Some("Nokogiri (\u{92f8}) A makes it easy"));
        let links =
            [(LinkKind::IssueTracker, "https://h/issues"), (LinkKind::Vcs, "https://h/src"), (LinkKind::Website, "https://nokogiri.org")];
        assert_eq!(gem.links, links.map(|(kind, url)| (kind, url.to_owned())));
        assert!(gem.flaws.is_empty());
    }

    #[test]
    fn a_stub_that_says_another_version_is_a_flaw_and_alone_it_is_believed() {
        let gem = parse("# stub: a 1.0 ruby lib\ns.name = \"a\"\ns.version = \"2.0\"\n").unwrap();
        assert_eq!((gem.version.as_str(), gem.flaws.len()), ("2.0", 1));
        let gem = parse("# stub: a 1.0 java lib\ns.version = A::VERSION\n").unwrap();
        assert_eq!((gem.name.as_str(), gem.version.as_str(), gem.platform.as_str()), ("a", "1.0", "java"));
    }

    #[test]
    fn ruby_is_not_run() {
        for text in [
            "s.name = \"#{`id`}\"\ns.version = \"1\"\n",
            "s.name = File.read('x')\ns.version = '1'\n",
            "s.name = 'a'\ns.version = \"1",
            "s.name = '../../x'\ns.version = '1'\n",
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_without_end_and_odd_escapes_end() {
        assert_eq!(literals("[\"a\", nil, b.c, %q{d}, \"e"), ["a", "d"]);
        assert_eq!(literals("\"a\", \"b\""), ["a"]);
        for text in ["\"a#{b}\"", "\"\\", "\"\\u12", "\"\\u{}", "\"\\xé\"", "%q", "%qaba", "'", "\"\\u{1234567}\""] {
            assert_eq!(literal(text), None, "{text}");
        }
        assert_eq!(literals(&"[,".repeat(1 << 20)).len(), 0);
        assert_eq!(literals(&"%q(,".repeat(1 << 18)).len(), 0);
        assert_eq!(literals(&format!("[{}", "nil,".repeat(1 << 18))).len(), 0);
    }
}
