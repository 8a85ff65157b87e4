use layerproof::report::RenderOptions;

use super::{plain, render, render_with, samples, verbose};

#[test]
fn clean_scan() {
    insta::assert_snapshot!(render("text", &samples::clean()));
}

#[test]
fn scan_with_everything() {
    insta::assert_snapshot!(render("text", &samples::everything()));
}

#[test]
fn scan_with_everything_in_full() {
    insta::assert_snapshot!(render_with("text", &samples::everything(), &verbose()));
}

#[test]
fn scan_on_eighty_columns() {
    insta::assert_snapshot!(render_with("text", &samples::everything(), &RenderOptions { width: Some(80), ..plain() }));
}

#[test]
fn verify() {
    insta::assert_snapshot!(render("text", &samples::verify()));
}

#[test]
fn hostile_names() {
    insta::assert_snapshot!(render_with("text", &samples::hostile("verify"), &verbose()));
}

#[test]
fn the_last_line_is_the_exit_code_and_its_reason() {
    for report in [samples::clean(), samples::everything(), samples::verify(), samples::hostile("scan")] {
        for width in [None, Some(40), Some(20)] {
            let text = render_with("text", &report, &RenderOptions { width, ..plain() });
            let last = text.lines().last().unwrap();
            assert!(last.starts_with(&format!("exit {}: ", report.exit.code)), "{last}");
        }
    }
}

#[test]
fn no_arn_and_no_digest_is_ever_cut() {
    for report in [samples::everything(), samples::verify()] {
        for width in [20, 40, 60, 80, 200] {
            let text = render_with("text", &report, &RenderOptions { width: Some(width), ..verbose() });
            for decision in &report.decisions {
                assert!(text.contains(&decision.subject.name()), "{width}: {}", decision.subject.name());
            }
            for finding in &report.findings {
                assert!(text.contains(&finding.subject) && text.contains(&finding.fingerprint().0), "{width}");
            }
            for artifact in report.artifacts.iter().filter(|_| report.command == "verify") {
                let digest = artifact.digest().unwrap();
                assert!(text.contains(&digest.hex()) && text.contains(&digest.code_sha256()), "{width}");
            }
        }
    }
}

#[test]
fn a_refusal_is_shown_without_being_asked_for_and_trust_only_counted() {
    let text = render("text", &samples::everything());
    for shown in ["layer:tampered:2", "app:v1", "layer:gone:3", "layer:vendor:1"] {
        assert!(text.contains(shown), "{shown}");
    }
    assert!(text.contains("Trusted 1  (-v lists them)"));
}

#[test]
fn colour_comes_only_when_asked_for() {
    assert!(!render("text", &samples::everything()).contains('\u{1b}'));
    let text = render_with("text", &samples::everything(), &RenderOptions { color: true, ..plain() });
    assert!(text.contains("\u{1b}[31m"));
    // Taking the colour away leaves the very same text.
    let mut stripped = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, render("text", &samples::everything()));
}

#[test]
fn many_findings_are_a_count_until_asked_for() {
    let report = samples::many(10_000);
    let short = render("text", &report);
    assert!(short.lines().count() < 500 && short.contains("critical 2500") && short.contains("2400 more findings"));
    assert!(render_with("text", &report, &verbose()).contains("layer:many-0009999:1"));
}
