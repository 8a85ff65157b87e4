//! LYR001: two layers of a function provide the same path with different bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{capped, count};
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::Subject;
use crate::model::printable::printable;
use crate::unpack::overlay::Collision;

static RULE: Rule = Rule {
    id: "LYR001",
    slug: "shadowed-file",
    title: "One layer shadows files of another",
    severity: Severity::High,
    explanation: "Two layers of a function provide the same path below /opt with different bytes, so one of the two files is never seen. \
        A layer that is attached last can replace code of a layer that was reviewed and signed, while both signatures hold (merge order \
        hijacking). It is reported at high where the path is loaded or run, else at medium; where the bytes could not be compared, at \
        medium and low confidence. Files with equal bytes are not reported.",
    remediation: "Rebuild the layers so that their paths do not collide, or order them so that the intended file wins, and check which \
        layer was attached by whom.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: false,
    caveat: "AWS documents the order in which layers are merged; that the later layer wins is known at second hand only, so both readings \
        are given.",
};

pub(super) struct ShadowedFile;

impl Check for ShadowedFile {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for ((earlier, later), pair) in pairs(cx) {
            findings.extend(finding(cx, earlier, later, &pair));
        }
    }
}

/// Everything known of two layers that are merged in this order, over all functions that do so.
#[derive(Default)]
struct Pair<'a> {
    /// By path. Several lists of layers can have the pair and a third layer that provides the path as well.
    collisions: BTreeMap<&'a str, (&'a Collision, usize)>,
    users: BTreeSet<&'a FunctionArn>,
}

/// Collisions by the first and the last layer that provide the path: the two that win under one or the other reading. Function
/// versions with the same list of layers are looked at once.
fn pairs<'a>(cx: &Context<'a>) -> BTreeMap<(&'a LayerVersionArn, &'a LayerVersionArn), Pair<'a>> {
    let mut lists: BTreeMap<&[(LayerVersionArn, bool)], Vec<&FunctionArn>> = BTreeMap::new();
    for (version, overlay) in &cx.evidence.overlays {
        lists.entry(&overlay.layers).or_default().push(version);
    }
    let mut pairs: BTreeMap<(&LayerVersionArn, &LayerVersionArn), Pair<'_>> = BTreeMap::new();
    for users in lists.into_values() {
        let Some(overlay) = users.first().and_then(|version| cx.evidence.overlays.get(*version)) else { continue };
        for collision in overlay.collisions.iter().filter(|collision| collision.bytes_differ != Some(false)) {
            let layer = |index: Option<usize>| index.and_then(|i| overlay.layers.get(i)).map(|(arn, _)| arn);
            let first = layer(collision.winner_if_first_wins());
            let last = layer(collision.winner_if_later_wins());
            let (Some(first), Some(last)) = (first, last) else { continue };
            let pair = pairs.entry((first, last)).or_default();
            pair.collisions.entry(&collision.path).or_insert((collision, collision.providers.len()));
            pair.users.extend(users.iter().copied());
        }
    }
    pairs
}

fn finding(cx: &Context<'_>, earlier: &LayerVersionArn, later: &LayerVersionArn, pair: &Pair<'_>) -> Option<Finding> {
    let all = pair.collisions.values();
    let differing = all.clone().filter(|(collision, _)| collision.bytes_differ == Some(true)).count();
    let loaded = all.clone().filter(|(collision, _)| collision.bytes_differ == Some(true) && collision.executable).count();
    let unknown = all.len().checked_sub(differing)?;
    let subject = Subject::Layer(later.clone());
    let message = if differing > 0 {
        format!(
            "{subject} and {earlier} (merged before it) provide {} with different bytes, {loaded} of them loaded or run",
            count(differing, "path")
        )
    } else {
        format!("{subject} and {earlier} (merged before it) both provide {} whose bytes could not be compared", count(unknown, "path"))
    };
    let mut finding = Finding::new(&RULE, &subject, message);
    finding.severity = if loaded > 0 { Severity::High } else { Severity::Medium };
    finding.confidence = if differing > 0 { Confidence::High } else { Confidence::Low };
    finding.digest = cx.evidence.artifacts.get(&subject).and_then(|artifact| artifact.digest());
    finding.key = earlier.to_string();
    finding.affects = cx.reach().affects(pair.users.iter().copied());
    finding.details.push(format!("if the later layer wins (second hand), the files of {later} are loaded"));
    finding.details.push(format!("if the first layer stays, the files of {earlier} are loaded"));
    finding.details.extend(capped(paths(pair)));
    Some(finding)
}

/// One line per path, the ones that are loaded first; safe to print.
fn paths<'a>(pair: &'a Pair<'_>) -> impl Iterator<Item = String> + use<'a> {
    let mut paths: Vec<_> = pair.collisions.iter().collect();
    paths.sort_by_key(|(path, (collision, _))| (collision.bytes_differ.is_none(), !collision.executable, **path));
    paths.into_iter().map(|(path, (collision, providers))| {
        let mut line = format!("/opt/{}", printable(path));
        line.push_str(if collision.bytes_differ.is_some() { ": bytes differ" } else { ": bytes could not be compared" });
        if collision.executable {
            line.push_str(", loaded or run");
        }
        if *providers > 2 {
            line.push_str(&format!(", {providers} layers provide it"));
        }
        line
    })
}
