use layerproof::report::github::{MAX_PER_TYPE, step_summary};

use super::{render, samples};

#[test]
fn scan_with_everything() {
    insta::assert_snapshot!(render("github", &samples::everything()));
}

#[test]
fn at_most_ten_of_each_type_worst_first_and_the_rest_counted() {
    let mut report = samples::many(10_000);
    report.decisions = samples::everything().decisions;
    let text = render("github", &report);
    for kind in ["error", "warning", "notice"] {
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with(&format!("::{kind} "))).collect();
        assert_eq!(lines.len(), MAX_PER_TYPE, "{kind}");
    }
    assert!(text.lines().next().unwrap().contains("title=refused by the trust policy"));
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("::notice ") && last.contains("::exit 1: the policy failed%0A") && last.contains("annotations not shown here"),
        "{last}"
    );
}

#[test]
fn a_clean_run_says_so_and_nothing_else() {
    let text = render("github", &samples::clean());
    assert_eq!(text.lines().count(), 1);
    assert!(text.starts_with("::notice file=trust-policies/demo.yaml,line=1,title=layerproof::exit 0: passed"));
}

#[test]
fn a_refusal_stands_at_the_line_of_its_statement() {
    assert!(render("github", &samples::verify()).starts_with("::error file=trust-policies/demo.yaml,line=12,title=refused"));
}

#[test]
fn step_summary_page() {
    let mut report = samples::everything();
    report.gaps.truncate(1);
    insta::assert_snapshot!(step_summary(&report));
}

#[test]
fn the_page_stays_under_a_mebibyte_and_no_name_is_markup() {
    let mut report = samples::many(10_000);
    for finding in &mut report.findings {
        finding.message = "#".repeat(100_000);
    }
    report.notes = vec!["|".repeat(100_000); 1_000];
    assert!(step_summary(&report).len() < 1 << 20);
    let page = step_summary(&samples::hostile("scan"));
    for markup in ["<b", "](http", "::error", "::stop", "##[", "@"] {
        assert!(!page.contains(markup), "{markup}");
    }
    for line in page.lines().filter(|l| l.starts_with('|') && l.contains("<code>")) {
        assert!([4, 5].contains(&line.matches('|').count()), "{line}");
    }
}
