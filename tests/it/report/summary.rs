use std::collections::BTreeMap;

use layerproof::evidence::Evidence;
use layerproof::finding::Status;
use layerproof::model::inventory::Inventory;
use layerproof::policy::decision::{Decision, DecisionSubject};
use layerproof::report::summary::{Fetches, summarise};
use layerproof::report::{Report, Summary};

use super::samples;

fn summary(report: &Report) -> Summary {
    let inventory = Inventory {
        files: Vec::new(),
        images: Vec::new(),
        templates: Vec::new(),
        source: report.source.clone(),
        places: Vec::new(),
        functions: Vec::new(),
        layers: BTreeMap::new(),
        repositories: BTreeMap::new(),
        gaps: Vec::new(),
        coverage: Vec::new(),
        notes: Vec::new(),
    };
    let artifacts = report.artifacts.iter().map(|a| (a.subject.clone(), a.clone())).collect();
    let evidence = Evidence {
        inventory,
        artifacts,
        overlays: BTreeMap::new(),
        live: false,
        revocations: BTreeMap::new(),
        signing_jobs: BTreeMap::new(),
    };
    let decisions: BTreeMap<DecisionSubject, Decision> = report.decisions.iter().map(|d| (d.subject.clone(), d.clone())).collect();
    summarise(&evidence, &decisions, &report.findings, Fetches { downloaded: 0, from_store: 2 })
}

#[test]
fn every_verdict_is_a_key_and_each_decision_counts_once_in_its_own_row() {
    let summary = summary(&samples::everything());
    let counts = |row: &BTreeMap<&'static str, usize>| ["trusted", "exempt", "undecided", "no-statement", "refused"].map(|v| row[v]);
    assert_eq!(counts(&summary.artifacts), [1, 1, 1, 1, 1]);
    assert_eq!(counts(&summary.versions), [0, 0, 0, 0, 1]);
    assert_eq!(counts(&summary.aliases), [0, 0, 0, 0, 1]);
    assert_eq!((summary.images, summary.blobs_from_store), (1, 2));
}

#[test]
fn only_what_fails_counts_as_a_finding_of_a_severity_and_shared_bytes_count_once() {
    let mut report = samples::everything();
    let mut twin = report.artifacts[0].clone();
    twin.subject = samples::layer("arn:aws:lambda:eu-central-1:111122223333:layer:deps:7");
    report.artifacts.push(twin);
    let counted = summary(&report);
    assert_eq!(counted.unique_blobs, 3, "one of four has no bytes, and two share theirs");
    assert_eq!(counted.findings.values().sum::<usize>(), 3);
    assert_eq!((counted.findings["high"], counted.waived, counted.incomplete), (0, 1, 1));
    report.findings[0].status = Status::Waived;
    assert_eq!(summary(&report).findings["critical"], 1, "tampering is not waived");
}
