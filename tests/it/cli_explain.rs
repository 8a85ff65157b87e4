//! `layerproof explain`.

use layerproof::check::ALL;
use layerproof::cli::explain::{Args, Form, run};
use layerproof::cli::{Exit, Failure, Global};

fn explain(rule: Option<&str>, format: Form, color: bool) -> Result<String, Failure> {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let global = Global {
        verbosity: 0,
        quiet: false,
        color,
        width: Some(80),
        offline: true,
        cache_dir: "unused".into(),
        now,
        started_at: now,
        now_overridden: false,
    };
    let mut out = Vec::new();
    let exit = run(&Args { rule: rule.map(Into::into), format }, &global, &mut out)?;
    assert_eq!(exit, Exit::Pass);
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn id_and_slug_work_in_any_case() {
    let by_id = explain(Some("SIG004"), Form::Text, false).unwrap();
    for name in ["sig004", "signature-invalid", "Signature-Invalid", " SIG004 "] {
        assert_eq!(explain(Some(name), Form::Text, false).unwrap(), by_id);
    }
    assert!(by_id.starts_with("SIG004 signature-invalid\n"));
    for part in ["Severity   critical", "What it means", "What to do", "Caveat", "never covered by waivers"] {
        assert!(by_id.contains(part), "{part}");
    }
}

#[test]
fn text_stays_within_the_terminal_and_has_colour_only_where_asked_for() {
    for check in ALL {
        let text = explain(Some(check.rule().id), Form::Text, false).unwrap();
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{}", check.rule().id);
    }
    assert!(explain(Some("SIG004"), Form::Text, true).unwrap().contains("\u{1b}[1m"));
}

#[test]
fn mistyped_rule_ends_with_exit_2_and_the_nearest_names() {
    let failure = explain(Some("sig04"), Form::Text, false).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.hints[0].contains("SIG004 (signature-invalid)"), "{failure:?}");
    let failure = explain(Some("layer-unsinged"), Form::Text, false).unwrap_err();
    assert!(failure.hints[0].contains("SIG001 (layer-unsigned)"), "{failure:?}");
    let failure = explain(Some("autoload"), Form::Text, false).unwrap_err();
    assert!(failure.hints[0].contains("LYR006"), "{failure:?}");
}

#[test]
fn hostile_rule_name_is_shortened_and_made_safe_to_print() {
    let failure = explain(Some(&"\u{1b}[2J".repeat(100_000)), Form::Text, false).unwrap_err();
    assert!(!failure.message.contains('\u{1b}') && failure.message.len() < 1_000, "{}", failure.message);
    assert_eq!(failure.hints, ["`layerproof explain` lists all rules"]);
}

#[test]
fn without_a_rule_all_are_listed() {
    let text = explain(None, Form::Text, false).unwrap();
    assert_eq!(text.lines().count(), ALL.len() + 1);
    let json: serde_json::Value = serde_json::from_str(&explain(None, Form::Json, false).unwrap()).unwrap();
    assert_eq!(json["rules"].as_array().unwrap().len(), ALL.len());
    assert!(explain(None, Form::Markdown, false).unwrap().contains("| [SIG004](SIG004.md) | `signature-invalid` | critical |"));
}

#[test]
fn json_and_markdown_of_one_rule() {
    let json: serde_json::Value = serde_json::from_str(&explain(Some("int001"), Form::Json, false).unwrap()).unwrap();
    assert_eq!(
        (json["id"].as_str(), json["severity"].as_str(), json["tampering"].as_bool()),
        (Some("INT001"), Some("critical"), Some(true))
    );
    assert!(explain(Some("int001"), Form::Markdown, false).unwrap().starts_with("# INT001: "));
}
