//! LYR006: a file that an interpreter or loader runs by itself.

use super::copies::Copies;
use super::listing::{capped, count};
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;
use crate::model::printable::printable;
use crate::unpack::{EntryKind, FileEntry, Format};

static RULE: Rule = Rule {
    id: "LYR006",
    slug: "autoload-hook",
    title: "A file runs by itself at start",
    severity: Severity::High,
    explanation: "The artifact holds a file that runs without being imported by the function: sitecustomize or usercustomize at an import \
        root of Python, a .pth file in site-packages, or /etc/ld.so.preload in an image. It is the quietest way to run code in every \
        function that uses a layer. A .pth file is reported at medium and low confidence, since only lines that begin with import run; \
        a sitecustomize below another folder at low, since it runs only where PYTHONPATH names that folder.",
    remediation: "Remove the file, or find out who put it there and what it does; tracing agents are the usual legitimate owners.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

pub(super) struct AutoloadHook;

impl Check for AutoloadHook {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR006.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (contents, copies) in Copies::contents(cx) {
            let place = Place::of(&copies.lead.subject, contents.format);
            let entries = contents.tree.entries.iter();
            let mut hooks: Vec<(Hook, &str)> = entries.filter_map(|entry| Some((hook(place, entry)?, entry.path.as_str()))).collect();
            hooks.sort();
            let Some(worst) = hooks.first().map(|(hook, _)| *hook) else { continue };
            let message = format!("{} holds {} that can run unasked", copies.lead.subject, count(hooks.len(), "file"));
            let details = capped(hooks.iter().map(|(hook, path)| format!("{}: {}", printable(path), hook.words())));
            let mut finding = copies.finding(cx, &RULE, message, details);
            (finding.severity, finding.confidence) = worst.weight();
            findings.push(finding);
        }
    }
}

/// The kinds of hook, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hook {
    Preload,
    Customize,
    PathFile,
    CustomizeElsewhere,
}

impl Hook {
    fn weight(self) -> (Severity, Confidence) {
        match self {
            Self::Preload | Self::Customize => (RULE.severity, Confidence::High),
            Self::PathFile => (Severity::Medium, Confidence::Low),
            Self::CustomizeElsewhere => (Severity::Low, Confidence::Low),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Preload => "loaded into every process",
            Self::Customize => "imported whenever Python starts",
            Self::PathFile => "read whenever Python starts; lines that begin with import run",
            Self::CustomizeElsewhere => "imported at start where PYTHONPATH names its folder",
        }
    }
}

/// Where the tree is put at run time, which decides what an import root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `/opt`.
    Layer,
    /// `/var/task`.
    Task,
    /// `/`.
    Image,
    /// Not known: a local zip or folder is judged as either of the first two.
    Any,
}

impl Place {
    fn of(subject: &Subject, format: Format) -> Self {
        match (subject, format) {
            (_, Format::Image) | (Subject::Image(_), _) => Self::Image,
            (Subject::Layer(_), _) => Self::Layer,
            (Subject::Function(_), _) => Self::Task,
            (Subject::File(_), _) => Self::Any,
        }
    }
}

fn hook(place: Place, entry: &FileEntry) -> Option<Hook> {
    match entry.kind {
        EntryKind::File | EntryKind::Symlink { .. } | EntryKind::Hardlink { .. } => {}
        EntryKind::Directory | EntryKind::Special => return None,
    }
    let (place, path) = match place {
        // A distribution's own Python ships such files; what the image's author adds lies in these two folders.
        Place::Image if entry.path == "etc/ld.so.preload" => return Some(Hook::Preload),
        Place::Image => match (entry.path.strip_prefix("var/task/"), entry.path.strip_prefix("opt/")) {
            (Some(path), _) => (Place::Task, path),
            (None, Some(path)) => (Place::Layer, path),
            (None, None) => return None,
        },
        Place::Layer | Place::Task | Place::Any => (place, entry.path.as_str()),
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.ends_with(".pth") && is_site_packages(folder) {
        return Some(Hook::PathFile);
    }
    let root = customize_root(folder, name)?;
    let at_root = match place {
        Place::Layer => is_layer_root(root),
        Place::Task => root.is_empty() || is_site_packages(root),
        Place::Any | Place::Image => root.is_empty() || is_layer_root(root),
    };
    Some(if at_root { Hook::Customize } else { Hook::CustomizeElsewhere })
}

/// The folder that must be an import root for this file to be imported as `sitecustomize` or `usercustomize`.
fn customize_root<'a>(folder: &'a str, name: &str) -> Option<&'a str> {
    let is_hook = |module: &str| module == "sitecustomize" || module == "usercustomize";
    let (module, ending) = name.split_once('.')?;
    let is_code = matches!(ending, "py" | "pyc") || ending == "so" || ending.ends_with(".so");
    if !is_code {
        return None;
    }
    if is_hook(module) {
        return Some(folder);
    }
    let (parent, package) = folder.rsplit_once('/').unwrap_or(("", folder));
    (module == "__init__" && is_hook(package)).then_some(parent)
}

fn is_layer_root(folder: &str) -> bool {
    folder == "python" || is_site_packages(folder)
}

fn is_site_packages(folder: &str) -> bool {
    let (_, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    last == "site-packages" || last == "dist-packages"
}
