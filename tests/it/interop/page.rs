//! `docs/interop.md` tells what the table says: its two tables are made of `verdicts.json` and of the differences.

use std::fs;

use super::cases::{Case, Tool, Verdicts};
use super::differences::{self, Says};
use crate::run::repo;

#[test]
fn page_tells_the_counts_and_every_difference() {
    let path = repo().join("docs/interop.md");
    let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let verdicts = Verdicts::read();
    for expected in [counts(&verdicts), differences(&verdicts)] {
        assert!(page.contains(&expected), "docs/interop.md does not hold this table:\n\n{expected}");
    }
    for version in verdicts.made.values() {
        let version = version.split_once(" (").map_or(version.as_str(), |(version, _)| version);
        assert!(page.contains(version), "docs/interop.md does not name {version}");
    }
}

fn counts(verdicts: &Verdicts) -> String {
    let listed = differences::by_case();
    let mut table = String::from(
        "| tool | cases | both accept | both refuse | only the tool accepts | only layerproof accepts |\n|---|---|---|---|---|---|\n",
    );
    let mut row = |name: &str, is_meant: &dyn Fn(&Case) -> bool| {
        let of = |accepted: bool, differs: bool| {
            let is_so = |case: &&Case| case.accepted == accepted && listed.contains_key(case.name.as_str()) == differs;
            verdicts.cases.iter().filter(|case| is_meant(case)).filter(is_so).count()
        };
        let each = [of(true, false), of(false, false), of(true, true), of(false, true)];
        let [both_accept, both_refuse, only_tool, only_we] = each;
        let all: usize = each.iter().sum();
        table.push_str(&format!("| {name} | {all} | {both_accept} | {both_refuse} | {only_tool} | {only_we} |\n"));
    };
    for tool in Tool::ALL {
        row(tool.shown(), &|case| case.tool == tool);
    }
    row("all", &|_| true);
    table
}

fn differences(verdicts: &Verdicts) -> String {
    let mut table = String::from("| cases | the tool | layerproof | why | by |\n|---|---|---|---|---|\n");
    for difference in differences::DIFFERENCES {
        let cases: Vec<String> = difference.cases.iter().map(|name| format!("`{name}`")).collect();
        for name in difference.cases {
            let accepted = verdicts.case(name).accepted;
            assert_eq!(accepted, difference.tool == Says::Accepted, "{name}");
        }
        let (theirs, ours) = match difference.tool {
            Says::Accepted => ("accepts", "refuses"),
            Says::Refused => ("refuses", "accepts"),
        };
        table.push_str(&format!("| {} | {theirs} | {ours} | {} | {} |\n", cases.join(" "), difference.why, difference.by));
    }
    table
}
