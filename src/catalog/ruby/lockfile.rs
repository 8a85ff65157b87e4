//! `Gemfile.lock`. Format: `Bundler::LockfileParser` and `LockfileGenerator`: sections of indented lines.

use crate::catalog::Flaw;

/// Lines of one lockfile. Large applications have some 2,000.
const MAX_LINES: usize = 200_000;

/// What a lockfile says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lockfile {
    pub(super) gems: Vec<Locked>,
    /// `NAME VERSION PLATFORM` and the SHA-256 of the gem file.
    pub(super) checksums: Vec<(String, String)>,
}

/// A gem that is locked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) platform: Option<String>,
    pub(super) needs: Vec<(String, String)>,
}

/// Reads a lockfile. What is below `PATH` is the source of a gem in the artifact itself, and no package that was locked.
pub(super) fn parse(text: &str) -> Result<Lockfile, Flaw> {
    let mut lock = Lockfile::default();
    let mut section = "";
    let mut is_specs = false;
    let mut is_known = false;
    for (at, line) in text.lines().enumerate() {
        if at >= MAX_LINES {
            return Err(Flaw::too_large("ruby::MAX_LINES", format!("more than {MAX_LINES} lines")));
        }
        // Nobody was asked which side of a merge holds.
        if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
            return Err(Flaw::malformed(format!("line {}: the mark of a merge that was not finished", at.saturating_add(1))));
        }
        let body = line.trim_start_matches(' ');
        let indent = line.len().saturating_sub(body.len());
        let body = body.trim_end();
        match (section, indent) {
            _ if body.is_empty() => {}
            (_, 0) => {
                section = body;
                is_specs = false;
                is_known |= matches!(body, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE" | "PLATFORMS" | "DEPENDENCIES");
            }
            ("GEM" | "GIT" | "PLUGIN SOURCE", 2) => is_specs = body == "specs:",
            ("GEM" | "GIT" | "PLUGIN SOURCE", 4) if is_specs => {
                let Some((name, version, platform)) = named(body) else { continue };
                lock.gems.push(Locked { name, version, platform, needs: Vec::new() });
            }
            ("GEM" | "GIT" | "PLUGIN SOURCE", 6) if is_specs => {
                let (name, constraint) = body.split_once(' ').unwrap_or((body, ""));
                let constraint = constraint.trim_start_matches('(').trim_end_matches(')');
                let needs = lock.gems.last_mut().map(|gem| &mut gem.needs);
                if let Some(needs) = needs {
                    needs.push((name.trim_end_matches('!').to_owned(), constraint.to_owned()));
                }
            }
            ("CHECKSUMS", 2) => {
                let Some((gem, hashes)) = body.split_once(") ") else { continue };
                let Some((name, version, platform)) = named(&format!("{gem})")) else { continue };
                let sha256 = hashes.split(',').find_map(|hash| hash.trim().strip_prefix("sha256="));
                let sha256 = sha256.filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let gem = format!("{name} {version} {}", platform.as_deref().unwrap_or("ruby"));
                lock.checksums.extend(sha256.map(|hex| (gem, hex.to_ascii_lowercase())));
            }
            _ => {}
        }
    }
    if is_known { Ok(lock) } else { Err(Flaw::malformed("no section of a lockfile")) }
}

/// `NAME (VERSION)` or `NAME (VERSION-PLATFORM)`: no version of a gem has a hyphen.
fn named(body: &str) -> Option<(String, String, Option<String>)> {
    let (name, rest) = body.split_once(" (")?;
    let inner = rest.strip_suffix(')')?;
    let (version, platform) = inner.split_once('-').map_or((inner, None), |(version, platform)| (version, Some(platform.to_owned())));
    let is_good = !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit());
    is_good.then(|| (name.to_owned(), version.to_owned(), platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "PATH\n  remote: .\n  specs:\n    app (0.1)\n      rack\n\nGIT\n  remote: https://h/x.git\n  revision: abc\n  specs:\n    x (1.0)\n
GEM\n  remote: https://h/\n  specs:\n    nokogiri (1.15.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  app!\n
CHECKSUMS\n  nokogiri (1.15.0-x86_64-linux) sha256=E3B0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n  racc (1.7.1) sha256=abc\n  app (0.1)\n";

    #[test]
    fn what_is_locked_is_read_and_the_project_itself_is_no_gem() {
        let lock = parse(LOCK).unwrap();
        let names: Vec<String> = lock.gems.iter().map(|g| format!("{} {} {:?}", g.name, g.version, g.platform.as_deref())).collect();
        assert_eq!(names, ["x 1.0 None", "nokogiri 1.15.0 Some(\"x86_64-linux\")", "racc 1.7.1 None"]);
        assert_eq!(lock.gems[1].needs, [("racc".to_owned(), "~> 1.4".to_owned())]);
    }

    #[test]
    fn a_hash_that_is_none_is_not_taken() {
        let lock = parse(LOCK).unwrap();
        assert_eq!(lock.checksums.len(), 1);
        assert!(lock.checksums[0].0 == "nokogiri 1.15.0 x86_64-linux" && lock.checksums[0].1.starts_with("e3b0c442"));
    }

    #[test]
    fn an_unfinished_merge_and_any_other_text_are_flaws() {
        for text in ["", "hello\n  world\n", "GEM\n<<<<<<< HEAD\n  specs:\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
