//! Reports: every format on the same samples.

mod exit;
mod github;
mod json;
mod junit;
mod output;
mod samples;
pub mod sarif;
mod summary;
mod text;

use layerproof::report::{self, RenderOptions, Report};

/// A page of a report in one format, without colour or width.
fn render(format: &str, report: &Report) -> String {
    render_with(format, report, &plain())
}

fn render_with(format: &str, report: &Report, options: &RenderOptions) -> String {
    let mut out = Vec::new();
    report::by_name(format).expect("a known format").render(report, options, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn plain() -> RenderOptions {
    RenderOptions { color: false, width: None, verbosity: 0, anchor: None }
}

fn verbose() -> RenderOptions {
    RenderOptions { verbosity: 2, ..plain() }
}

/// Files of `src/report` that are no format.
const NO_FORMATS: [&str; 5] = ["anchor", "exit", "mod", "shown", "summary"];

#[test]
fn a_format_that_is_written_but_not_registered_is_noticed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".rs").map(str::to_owned))
        .filter(|name| !NO_FORMATS.contains(&name.as_str()))
        .collect();
    files.sort();
    let mut registered: Vec<&str> = report::ALL.iter().map(|f| f.name()).collect();
    registered.sort_unstable();
    assert_eq!(files, registered);
}

#[test]
fn every_format_is_documented() {
    let page = include_str!("../../../docs/formats.md");
    for format in report::ALL {
        assert!(page.contains(&format!("## `{}`", format.name())), "docs/formats.md lacks {}", format.name());
        assert!(!format.describe().is_empty());
    }
}

#[test]
fn every_format_says_what_valid_signatures_do_not_bind() {
    for format in report::ALL {
        let text = render(format.name(), &samples::everything());
        assert!(text.contains("the mode bits of entries"), "{}", format.name());
    }
}

#[test]
fn no_format_lets_a_name_from_outside_act_on_a_terminal_or_a_runner() {
    for report in [samples::hostile("scan"), samples::hostile("verify")] {
        for format in report::ALL {
            let text = render_with(format.name(), &report, &verbose());
            for sign in ['\u{1b}', '\u{9b}', '\u{202e}', '\0', '\r', '\u{7f}'] {
                assert!(!text.contains(sign), "{} has {}", format.name(), sign.escape_unicode());
            }
            assert!(!text.contains("##["), "{}", format.name());
            let commands = text.lines().filter(|line| line.trim_start().starts_with("::")).count();
            if format.name() == "github" {
                assert_eq!(commands, text.lines().count(), "every line is one of our commands");
                assert!(text.lines().all(|l| ["::error file=", "::warning file=", "::notice file="].iter().any(|c| l.starts_with(c))));
            } else {
                assert_eq!(commands, 0, "{}:\n{text}", format.name());
            }
        }
    }
}

#[test]
fn no_format_shows_tampering_as_waived() {
    let mut report = samples::everything();
    for finding in &mut report.findings {
        finding.status = layerproof::finding::Status::Waived;
        finding.waived_by = Some("the-waiver".into());
    }
    report.findings.retain(|finding| finding.rule == "INT001");
    let text = render("text", &report);
    assert!(text.contains("INT001") && !text.contains("waived by"));
    assert!(render("json", &report).contains("\"status\": \"fail\""));
    assert!(!render("sarif", &report).contains("suppressions"));
    assert!(render("junit", &report).contains("<failure type=\"critical\""));
    assert!(render("github", &report).contains("title=INT001 critical::"));
    assert!(!report::github::step_summary(&report).contains("waived by"));
}

#[test]
fn many_gaps_of_one_sort_are_told_together_and_none_is_forgotten() {
    let mut report = samples::clean();
    let reason = layerproof::model::gap::GapReason::NotRecorded;
    report.gaps =
        (0..50).map(|i| layerproof::model::gap::Gap { subject: format!("layer-{i:02}"), ..samples::gap(reason.clone()) }).collect();
    let text = render("text", &report);
    assert!(text.contains("of 50 subjects: no answer holds it") && text.contains("and 45 more"));
    assert_eq!(text.matches("Ask the publisher").count(), 1);
    let text = render_with("text", &report, &verbose());
    assert!((0..50).all(|i| text.contains(&format!("layer-{i:02} "))));
}

#[test]
fn the_same_report_is_the_same_bytes() {
    for format in report::ALL {
        assert_eq!(render(format.name(), &samples::everything()), render(format.name(), &samples::everything()));
    }
}

#[test]
fn ten_thousand_findings_are_rendered_by_every_format() {
    let report = samples::many(10_000);
    for format in report::ALL {
        let text = render(format.name(), &report);
        assert!(!text.is_empty());
        if ["json", "sarif", "junit"].contains(&format.name()) {
            assert!(text.contains("layer:many-0009999:1"), "{} lost the last one", format.name());
        }
    }
}
