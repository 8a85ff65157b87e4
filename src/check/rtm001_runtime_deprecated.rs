//! RTM001: AWS no longer patches a function's runtime.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::listing::count;
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "RTM001",
    slug: "runtime-deprecated",
    title: "A function's runtime is deprecated",
    severity: Severity::Medium,
    explanation: "AWS has deprecated the runtime and no longer patches it. From the update block on, a fix cannot even be deployed; a function \
        that is past that date is reported at high. Published versions that no alias routes to are reported at low. The dates come from a \
        table whose date and age every finding states.",
    remediation: "Move the function to the runtime's successor and test it there; republish the versions that aliases route to.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "The table of dates ages; --runtime-table FILE replaces it.",
};

pub(super) struct RuntimeDeprecated;

impl Check for RuntimeDeprecated {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/RTM001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut users: BTreeMap<(FunctionArn, &str), Vec<&FunctionArn>> = BTreeMap::new();
        let mut unlisted: BTreeMap<&str, Vec<&FunctionArn>> = BTreeMap::new();
        for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
            let Some(runtime) = version.runtime.as_deref() else { continue };
            if cx.runtimes.lifecycle(runtime).is_some() {
                users.entry((version.arn.unqualified(), runtime)).or_default().push(&version.arn);
            } else {
                unlisted.entry(runtime).or_default().push(&version.arn);
            }
        }
        let table = cx.runtimes.name();
        for ((function, runtime), versions) in users {
            findings.extend(deprecated(cx, &function, runtime, &versions).map(|mut finding| {
                finding.details.push(table.clone());
                finding
            }));
        }
        for (runtime, versions) in unlisted {
            findings.push(not_in_table(cx, runtime, versions, &table));
        }
    }
}

fn deprecated(cx: &Context<'_>, function: &FunctionArn, runtime: &str, versions: &[&FunctionArn]) -> Option<Finding> {
    let life = cx.runtimes.lifecycle(runtime)?;
    let today = cx.now.to_zoned(TimeZone::UTC).date();
    let since = life.deprecated.filter(|day| *day <= today)?;
    let name = printable(&function.to_string()).into_owned();
    let runtime = printable(runtime).into_owned();
    let mut finding = Finding::about(&RULE, name.clone(), format!("{name} uses {runtime}, deprecated since {since}"));
    finding.account = Some(function.account.clone());
    finding.affects = cx.reach().affects(versions.iter().copied());
    if let Some(day) = life.update_block {
        if day <= today {
            finding.severity = Severity::High;
            finding.details.push(format!("functions that use it cannot be updated since {day}: a fix cannot be deployed"));
        } else {
            finding.details.push(format!("functions that use it cannot be updated from {day} on"));
        }
    }
    if !versions.iter().any(|version| cx.reach().is_live(version)) {
        finding.severity = Severity::Low;
        finding.details.push("only published versions that no alias routes to use it".into());
    }
    finding.key = runtime;
    Some(finding)
}

/// A runtime that the table does not know: nothing is claimed about it, and that is said.
fn not_in_table(cx: &Context<'_>, runtime: &str, versions: Vec<&FunctionArn>, table: &str) -> Finding {
    let functions: BTreeSet<FunctionArn> = versions.iter().map(|version| version.unqualified()).collect();
    let runtime = printable(runtime);
    let message =
        format!("the runtime {runtime} of {} is not in the table, so its dates are not known", count(functions.len(), "function"));
    let mut finding = Finding::about(&RULE, format!("runtime {runtime}"), message);
    finding.severity = Severity::Info;
    finding.confidence = Confidence::Low;
    finding.affects = cx.reach().affects(versions);
    finding.details.push(table.to_owned());
    finding
}
