//! Where packages lie: the rules by which Node.js looks for them (Modules: Packages; `require.resolve`), read backwards from a path.

/// Folders of tests: a `node_modules` below one of these, inside a package, is what a test needs and not what is installed.
const OF_TESTS: [&str; 12] =
    ["test", "tests", "__tests__", "spec", "specs", "fixture", "fixtures", "__fixtures__", "testdata", "example", "examples", "benchmark"];
/// Folders of Debian's own packages, which its Node.js looks into as well (Debian JavaScript policy).
pub(super) const OF_DEBIAN: [&str; 2] = ["usr/share/nodejs", "usr/lib/nodejs"];

/// What a folder that holds a `package.json` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'p> {
    /// An installed package, with the name that it is found by.
    Installed(&'p str),
    /// No `node_modules` above it: an application, a workspace, or nothing of interest.
    Loose,
    /// A part of a package, or what its tests need.
    Inside,
}

impl<'p> Place<'p> {
    /// Of a folder, by its path alone.
    pub(super) fn of(folder: &'p str) -> Self {
        for debian in OF_DEBIAN {
            if let Some(below) = folder.strip_prefix(debian).and_then(|rest| rest.strip_prefix('/'))
                && !has_node_modules(below)
            {
                return package_name(below).filter(|name| name.len() == below.len()).map_or(Self::Inside, Self::Installed);
            }
        }
        let Some(below) = below_last(folder) else { return Self::Loose };
        match package_name(below).filter(|name| name.len() == below.len()) {
            Some(name) if !is_fixture(folder) => Self::Installed(name),
            Some(_) | None => Self::Inside,
        }
    }
}

/// `@scope/name` or `name` at the beginning of what stands below a `node_modules`. `None` for what npm keeps beside packages (`.bin`,
/// `.pnpm`), and for a scope alone.
pub(super) fn package_name(below: &str) -> Option<&str> {
    let is_name = |part: &str| !part.is_empty() && !part.starts_with(['.', '@']);
    let mut parts = below.split('/');
    let first = parts.next()?;
    if first.len() > 1 && first.starts_with('@') {
        let second = parts.next().filter(|second| is_name(second))?;
        return below.get(..first.len().saturating_add(second.len()).saturating_add(1));
    }
    is_name(first).then_some(first)
}

/// What stands below the last `node_modules`.
pub(super) fn below_last(path: &str) -> Option<&str> {
    let after = path.rfind("/node_modules/").and_then(|at| path.get(at..)?.strip_prefix("/node_modules/"));
    after.or_else(|| path.strip_prefix("node_modules/"))
}

fn has_node_modules(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}

/// Whether one of the `node_modules` on the way stands below a folder of tests of a package.
pub(super) fn is_fixture(path: &str) -> bool {
    let mut rest = path;
    loop {
        let Some((_, below)) = split_at_node_modules(rest) else { return false };
        let inside = match package_name(below) {
            Some(name) => below.get(name.len()..).unwrap_or_default(),
            // `.pnpm/name@1.0.0/node_modules/name`: no package, and no tests.
            None => below.split_once('/').map_or("", |(_, after)| after),
        };
        let Some((between, _)) = split_at_node_modules(inside) else { return false };
        if package_name(below).is_some() && between.split('/').any(|part| OF_TESTS.contains(&part)) {
            return true;
        }
        rest = inside;
    }
}

/// What stands before and after the first `node_modules` of a path.
fn split_at_node_modules(path: &str) -> Option<(&str, &str)> {
    if let Some(below) = path.strip_prefix("node_modules/") {
        return Some(("", below));
    }
    path.split_once("/node_modules/")
}
