//! What is wrong with the entries of one archive taken together: duplicates, files that are folders, links that lead out.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use unicode_normalization::UnicodeNormalization;

use super::anomaly::{Anomalies, AnomalyKind};
use super::limits::Deadline;
use super::tree::EntryKind;
use crate::model::printable::lossless;

/// Symbolic links that are followed for one target. Linux's own limit.
const MAX_HOPS: usize = 40;
/// Path components that are followed for one target: as many as fit `PATH_MAX`.
const MAX_STEPS: usize = 2_048;

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// The name as the archive has it.
    pub(super) raw: &'a [u8],
    /// The normalised path.
    pub(super) path: &'a str,
    /// What it is.
    pub(super) kind: &'a EntryKind,
    /// Its place in the archive.
    pub(super) place: u32,
}

/// What is usual in the kind of archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Judge names that differ only by case or Unicode form. Not in images: they live on Linux only, and honest ones hold such pairs.
    pub(super) look_alikes: bool,
    /// Judge where symbolic links lead. Not in images: their root is the root, and the kernel keeps every path below it.
    pub(super) link_targets: bool,
    /// A directory may be named twice, as tar writers do to set its times.
    pub(super) repeated_directories: bool,
}

/// Judges the entries of one archive, in any order; soonest where they are sorted by path. `false` where the time ran out.
pub(super) fn check(nodes: &[Node<'_>], rules: Rules, deadline: Deadline, anomalies: &mut Anomalies) -> bool {
    let by_path = ByPath::of(nodes);
    if by_path.has_duplicates() {
        check_duplicates(&by_path.in_archive_order(), rules, anomalies);
    }
    if rules.look_alikes {
        if by_path.may_have_look_alikes() {
            check_look_alikes(&by_path.in_archive_order(), anomalies);
        }
        if nodes.iter().any(|node| node.raw.contains(&b'\\')) {
            check_backslashes(&by_path.in_archive_order(), anomalies);
        }
    }
    // Where there is something to tell, it is told in the order of the archive.
    let mut any = Anomalies::default();
    let others = by_path.no_directories();
    let mut done = check_folders(&by_path.0, &others, deadline, &mut any);
    if !done {
        anomalies.extend(any.into_vec());
    } else if !any.is_empty() {
        done = check_folders(&by_path.in_archive_order(), &others, deadline, anomalies);
    }
    if done && rules.link_targets && nodes.iter().any(|node| matches!(node.kind, EntryKind::Symlink { .. })) {
        done = check_links(&by_path.in_archive_order(), deadline, anomalies);
    }
    if !done {
        anomalies.push(AnomalyKind::LimitExceeded, "", format!("time: stopped while comparing {} entries", nodes.len()));
    }
    done
}

/// Nodes sorted by path; those of one path in archive order. Nearly all archives have nothing odd, and that is soon told from it.
struct ByPath<'n, 'a>(Vec<&'n Node<'a>>);

impl<'n, 'a> ByPath<'n, 'a> {
    fn of(nodes: &'n [Node<'a>]) -> Self {
        let mut sorted: Vec<&Node<'a>> = nodes.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(b.path).then(a.place.cmp(&b.place)));
        Self(sorted)
    }

    fn in_archive_order(&self) -> Vec<&'n Node<'a>> {
        let mut nodes = self.0.clone();
        nodes.sort_by_key(|node| node.place);
        nodes
    }

    /// Whether several nodes have one path.
    fn has_duplicates(&self) -> bool {
        self.0.windows(2).any(|pair| matches!(pair, [a, b] if a.path == b.path))
    }

    /// False only where no two paths are one where case or Unicode form does not count.
    fn may_have_look_alikes(&self) -> bool {
        // A path in ASCII has one form, and of two that differ by case one has a capital.
        if !self.0.iter().all(|node| node.path.is_ascii()) {
            return true;
        }
        let has_capital = |path: &str| path.bytes().any(|byte| byte.is_ascii_uppercase());
        let mut folded: Vec<String> =
            self.0.iter().filter(|node| has_capital(node.path)).map(|node| node.path.to_ascii_lowercase()).collect();
        folded.sort();
        folded.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) || folded.iter().any(|path| find(&self.0, path).is_some())
    }

    /// Of each path the last node that is no directory, sorted by path.
    fn no_directories(&self) -> Vec<&'n Node<'a>> {
        let mut others: Vec<&Node<'a>> = self.0.iter().copied().filter(|node| !is_directory(node)).collect();
        others.reverse();
        others.dedup_by(|a, b| a.path == b.path);
        others.reverse();
        others
    }
}

/// A node of this path among nodes sorted by path.
fn find<'n, 'a>(sorted: &[&'n Node<'a>], path: &str) -> Option<&'n Node<'a>> {
    let place = sorted.binary_search_by(|node| node.path.cmp(path)).ok()?;
    sorted.get(place).copied()
}

fn check_duplicates(nodes: &[&Node<'_>], rules: Rules, anomalies: &mut Anomalies) {
    let mut first: HashMap<&str, &Node<'_>> = HashMap::with_capacity(nodes.len());
    let mut raw_names: HashSet<&[u8]> = HashSet::with_capacity(nodes.len());
    for node in nodes {
        let exact = !raw_names.insert(node.raw);
        let Some(earlier) = first.get(node.path) else {
            first.insert(node.path, node);
            continue;
        };
        let directories = is_directory(node) && is_directory(earlier);
        if directories && rules.repeated_directories {
            continue;
        }
        let detail =
            if exact { "another entry has the same name".to_owned() } else { format!("the same path as `{}`", lossless(earlier.raw)) };
        anomalies.push(AnomalyKind::DuplicateName, lossless(node.raw), detail);
        if is_directory(node) != is_directory(earlier) {
            anomalies.push(AnomalyKind::FileAsFolder, node.path, "one entry makes it a directory, another does not");
        }
    }
}

fn check_look_alikes(nodes: &[&Node<'_>], anomalies: &mut Anomalies) {
    let mut by_form: HashMap<Cow<'_, str>, &str> = HashMap::with_capacity(nodes.len());
    let mut by_case: HashMap<String, &str> = HashMap::with_capacity(nodes.len());
    for node in nodes {
        // Nearly all names are ASCII, which has one form and two cases.
        let (form, case) = if node.path.is_ascii() {
            (Cow::Borrowed(node.path), node.path.to_ascii_lowercase())
        } else {
            let form: String = node.path.nfc().collect();
            // Upper case first: `ß` and `SS` are one name to a file system that folds fully.
            let case = form.to_uppercase().to_lowercase();
            (Cow::Owned(form), case)
        };
        if let Some(other) = by_form.get(&form) {
            if *other != node.path {
                anomalies.push(AnomalyKind::DuplicateByUnicode, node.path, format!("the same as `{other}` after Unicode normalisation"));
            }
            continue;
        }
        by_form.insert(form, node.path);
        if let Some(other) = by_case.get(&case) {
            anomalies.push(AnomalyKind::DuplicateByCase, node.path, format!("the same as `{other}` where case does not count"));
        } else {
            by_case.insert(case, node.path);
        }
    }
}

/// Names that become another entry's, or lead below one, for readers that take a backslash for a separator.
fn check_backslashes(nodes: &[&Node<'_>], anomalies: &mut Anomalies) {
    let kinds: HashMap<&str, &EntryKind> = nodes.iter().map(|n| (n.path, n.kind)).collect();
    for node in nodes.iter().filter(|node| node.raw.contains(&b'\\')) {
        let parts: Vec<&str> = node.path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
        let path = parts.join("/");
        if kinds.contains_key(path.as_str()) && path != node.path {
            anomalies.push(
                AnomalyKind::DuplicateName,
                lossless(node.raw),
                format!("the same path as `{path}` where a backslash separates"),
            );
        }
        for (at, _) in path.match_indices('/') {
            let Some(folder) = path.get(..at) else { continue };
            let kind = match kinds.get(folder) {
                None | Some(EntryKind::Directory) => continue,
                Some(EntryKind::Symlink { .. }) => AnomalyKind::ThroughSymlink,
                Some(EntryKind::File | EntryKind::Hardlink { .. } | EntryKind::Special) => AnomalyKind::FileAsFolder,
            };
            anomalies.push(kind, lossless(node.raw), format!("below `{folder}`, which is no folder, where a backslash separates"));
        }
    }
}

/// `others`: see [`ByPath::no_directories`].
fn check_folders(nodes: &[&Node<'_>], others: &[&Node<'_>], deadline: Deadline, anomalies: &mut Anomalies) -> bool {
    let mut told: HashSet<&str> = HashSet::new();
    // Neighbours mostly lie in one folder, or in folders of one folder: what that is has been asked.
    let mut sound = "";
    for (step, node) in nodes.iter().enumerate() {
        if deadline.is_over_at(step) {
            return false;
        }
        let folder = node.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder == sound {
            continue;
        }
        let known = common_folder(folder, std::mem::replace(&mut sound, folder));
        for at in memchr::memchr_iter(b'/', node.path.as_bytes()).filter(|at| *at > known) {
            let Some(folder) = node.path.get(..at) else { continue };
            match find(others, folder).map(|node| node.kind) {
                Some(EntryKind::Symlink { target }) => {
                    sound = "";
                    anomalies.push(AnomalyKind::ThroughSymlink, node.path, format!("below `{folder}`, a symbolic link to `{target}`"));
                }
                Some(EntryKind::File | EntryKind::Hardlink { .. } | EntryKind::Special) if told.insert(folder) => {
                    anomalies.push(AnomalyKind::FileAsFolder, folder, format!("a file, and the folder of `{}`", node.path));
                }
                Some(_) | None => {}
            }
        }
    }
    true
}

/// Bytes of the deepest folder that two folders are in, or are.
fn common_folder(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let is_end = |path: &str| path.len() == same || path.as_bytes().get(same) == Some(&b'/');
    if is_end(a) && is_end(b) { same } else { a.get(..same).and_then(|same| same.rfind('/')).unwrap_or(0) }
}

fn check_links(nodes: &[&Node<'_>], deadline: Deadline, anomalies: &mut Anomalies) -> bool {
    let links: HashMap<&str, &str> = nodes
        .iter()
        .filter_map(|n| match n.kind {
            EntryKind::Symlink { target } => Some((n.path, target.as_str())),
            EntryKind::File | EntryKind::Directory | EntryKind::Hardlink { .. } | EntryKind::Special => None,
        })
        .collect();
    for node in nodes {
        if deadline.is_over() {
            return false;
        }
        let EntryKind::Symlink { target } = node.kind else { continue };
        if let Some(how) = escape(node.path, target, &links) {
            anomalies.push(AnomalyKind::SymlinkEscape, node.path, format!("target `{target}` {how}"));
        } else if target.starts_with('/') {
            anomalies.push(AnomalyKind::AbsoluteLink, node.path, format!("target `{target}`"));
        }
    }
    true
}

/// How a link's target leaves the root: by its text alone, or once the archive's other links are followed.
fn escape(path: &str, target: &str, links: &HashMap<&str, &str>) -> Option<&'static str> {
    let (folder, target) = match mounted(target) {
        Some(below) => ("", below),
        None if target.starts_with(['/', '\\']) => return Some("is absolute"),
        None => (path.rsplit_once('/').map_or("", |(folder, _)| folder), target),
    };
    if walk(folder, target, &|_| None).is_none() {
        return Some("leads out of the root");
    }
    if walk(folder, target, &|at| links.get(at).map(|t| (*t).to_owned())).is_none() {
        return Some("leads out of the root by way of other links, or too far to follow");
    }
    None
}

/// What stands below the folder that Lambda unpacks a layer (`/opt`) or a function (`/var/task`) to, in an absolute target.
fn mounted(target: &str) -> Option<&str> {
    ["/opt/", "/var/task/"].into_iter().find_map(|mount| target.strip_prefix(mount))
}

/// The path that `target` leads to from `folder`, or `None` where it climbs above the root. A loop of links ends where it is.
fn walk(folder: &str, target: &str, link: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut at: Vec<String> = folder.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    let mut todo: VecDeque<String> = target.split('/').map(str::to_owned).collect();
    let (mut hops, mut steps) = (0_usize, 0_usize);
    while let Some(part) = todo.pop_front() {
        steps = steps.saturating_add(1);
        if steps > MAX_STEPS {
            return None;
        }
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop()?;
                continue;
            }
            _ => at.push(part),
        }
        if let Some(next) = link(&at.join("/")) {
            hops = hops.saturating_add(1);
            if hops > MAX_HOPS {
                break;
            }
            let below = mounted(&next);
            if below.is_none() && next.starts_with('/') {
                return None;
            }
            match below {
                Some(_) => at.clear(),
                None => drop(at.pop()),
            }
            for part in below.unwrap_or(&next).rsplit('/') {
                todo.push_front(part.to_owned());
            }
        }
    }
    Some(at.join("/"))
}

/// What the bits of a mode say, of one entry.
pub(super) fn check_mode(path: &str, kind: &EntryKind, mode: Option<u32>, anomalies: &mut Anomalies) {
    let Some(mode) = mode else { return };
    match kind {
        EntryKind::Special => anomalies.push(AnomalyKind::SpecialFile, path, format!("a device, FIFO or socket (mode {mode:o})")),
        EntryKind::Symlink { .. } | EntryKind::Hardlink { .. } => {}
        EntryKind::File => {
            if mode & 0o6000 != 0 {
                anomalies.push(AnomalyKind::Setuid, path, format!("mode {:04o}", mode & 0o7777));
            }
            if mode & 0o002 != 0 {
                anomalies.push(AnomalyKind::WorldWritable, path, format!("mode {:04o}", mode & 0o7777));
            }
        }
        // Setgid on a directory hands down a group and lends no rights; the sticky bit keeps others' files safe, as in /tmp.
        EntryKind::Directory => {
            if mode & 0o1002 == 0o002 {
                anomalies.push(AnomalyKind::WorldWritable, path, format!("directory, mode {:04o}", mode & 0o7777));
            }
        }
    }
}

fn is_directory(node: &Node<'_>) -> bool {
    matches!(node.kind, EntryKind::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every archive of up to three entries with these names: what is soon told must be what the long way tells.
    #[test]
    fn what_is_odd_is_never_passed_over_for_being_rare() {
        const NAMES: [&str; 9] = ["a", "A", "a/b", "A/b", "a/B", "ß", "SS", "e\u{301}", "\u{e9}"];
        let file = EntryKind::File;
        let mut odd = 0;
        let places = 0..NAMES.len();
        for (one, two, three) in places.clone().flat_map(|one| {
            let places = places.clone();
            places.clone().flat_map(move |two| places.clone().map(move |three| (one, two, three)))
        }) {
            let names = [NAMES[one], NAMES[two], NAMES[three]];
            let nodes: Vec<Node<'_>> =
                names.iter().zip(0..).map(|(name, place)| Node { raw: name.as_bytes(), path: name, kind: &file, place }).collect();
            let inner: Vec<&Node<'_>> = nodes.iter().collect();
            let rules = Rules { look_alikes: true, link_targets: false, repeated_directories: false };
            let mut long = Anomalies::default();
            check_duplicates(&inner, rules, &mut long);
            check_look_alikes(&inner, &mut long);
            let mut soon = Anomalies::default();
            assert!(check(&nodes, rules, Deadline::start(&crate::unpack::Limits::default()), &mut soon));
            let soon: Vec<_> = soon.into_vec().into_iter().filter(|a| a.kind != AnomalyKind::FileAsFolder).collect();
            let long = long.into_vec();
            odd += usize::from(!long.is_empty());
            assert_eq!(soon, long, "{names:?}");
        }
        assert!(odd > 400, "{odd}");
    }

    /// Every archive of up to four entries with these names and kinds: no folder is left out for having neighbours.
    #[test]
    fn what_lies_below_a_link_or_a_file_is_told_whatever_stands_beside_it() {
        const NAMES: [&str; 6] = ["a", "a-b/c", "a/b", "a/b/c", "a/b/d/e", "a/bc/d"];
        let link = EntryKind::Symlink { target: "x".into() };
        let kinds = [EntryKind::File, EntryKind::Directory, link];
        let one: Vec<(&str, &EntryKind)> = NAMES.iter().flat_map(|name| kinds.iter().map(move |kind| (*name, kind))).collect();
        let mut odd = 0;
        for code in 0..one.len().pow(4) {
            let parts = [code % 18, code / 18 % 18, code / 324 % 18, code / 5_832];
            let nodes: Vec<Node<'_>> = parts
                .iter()
                .zip(0..)
                .map(|(part, place)| Node { raw: one[*part].0.as_bytes(), path: one[*part].0, kind: one[*part].1, place })
                .collect();
            let by_path = ByPath::of(&nodes);
            for order in [by_path.0.clone(), by_path.in_archive_order()] {
                let mut expected = Vec::new();
                let mut told = HashSet::new();
                for node in &order {
                    for (at, _) in node.path.match_indices('/') {
                        let last = nodes.iter().rev().find(|other| other.path == &node.path[..at] && !is_directory(other));
                        match last.map(|node| node.kind) {
                            Some(EntryKind::Symlink { .. }) => expected.push((AnomalyKind::ThroughSymlink, node.path)),
                            Some(_) if told.insert(&node.path[..at]) => expected.push((AnomalyKind::FileAsFolder, &node.path[..at])),
                            Some(_) | None => {}
                        }
                    }
                }
                let mut found = Anomalies::default();
                assert!(check_folders(&order, &by_path.no_directories(), Deadline::start(&crate::unpack::Limits::default()), &mut found));
                let found = found.into_vec();
                let found: Vec<(AnomalyKind, &str)> = found.iter().map(|anomaly| (anomaly.kind, anomaly.path.as_str())).collect();
                odd += usize::from(!expected.is_empty());
                assert_eq!(found, expected, "{nodes:?}");
            }
        }
        assert!(odd > 50_000, "{odd}");
    }
}
