//! Trust policies: the twelve rules of DESIGN §4, each by the mistake that it prevents.

mod command;
mod documents;
mod evidence;
mod notation;
mod parts;
mod properties;
mod revocation;
mod rules_01_05;
mod rules_06_12;
mod schema;
mod waivers;

use layerproof::policy::{Policy, Problem};

/// Parses a policy that pins no roots.
pub fn parse(text: &str) -> Result<Policy, Vec<Problem>> {
    Policy::parse("policy.yaml", text, &mut |file| Err(format!("there is no `{file}`")))
}

/// One strict statement about our layers, with `extra` lines of the statement below it.
pub fn statement(extra: &str) -> String {
    format!(
        "version: 1\nstatements:\n  - name: ours\n    scope: {{kind: layer, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}}\n{}",
        extra.lines().map(|line| format!("    {line}\n")).collect::<String>()
    )
}

/// `level: strict` and a lone AWS Signer authority.
pub const SIGNED: &str = "level: strict\nsignatures: {any: [{aws_signer: {root: aws-signer-lambda-unconfirmed, profiles: [\"arn:aws:signer:{region}:111122223333:/signing-profiles/release\"]}}]}";

/// The problems of a text, one per line.
pub fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect(),
    }
}

/// Fails where the text has no problem with `part` in its message.
#[track_caller]
pub fn refused(text: &str, part: &str) {
    let found = problems(text);
    assert!(found.iter().any(|p| p.contains(part)), "no problem says `{part}`: {found:?}\n{text}");
}
