//! `inspect --explain-signature`: the numbered steps of one signature, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{ALL, JudgedSignature, Outcome, StepResult};
use crate::model::printable::printable;

/// Prints each step with what was expected, what stood there and what came of it; then the outcome, what the signature does not
/// bind, and where the knowledge of the format comes from.
///
/// # Errors
/// What `out` gives.
pub fn explain(signature: &JudgedSignature, out: &mut dyn Write, color: bool) -> io::Result<()> {
    let paint = |style: Style, text: &str| if color { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let bold = Style::new().bold();
    writeln!(out, "{} {}", paint(bold, signature.scheme), printable(&signature.location))?;
    let width = signature.steps.iter().map(|step| step.title.len()).max().unwrap_or(0);
    for step in &signature.steps {
        let (word, style) = match step.result {
            StepResult::Ok => ("ok", AnsiColor::Green.on_default()),
            StepResult::Failed => ("FAILED", AnsiColor::Red.on_default().bold()),
            StepResult::Unknown => ("unknown", AnsiColor::Yellow.on_default()),
            StepResult::NotReached => ("not reached", Style::new().dimmed()),
        };
        writeln!(out, "{:>3}. {:<width$}  {}", step.number, step.title, paint(style, word))?;
        writeln!(out, "       expected  {}", printable(&step.expected))?;
        if !step.presented.is_empty() {
            writeln!(out, "       presented {}", printable(&step.presented))?;
        }
    }
    let chain = &signature.presented.chain;
    if !chain.is_empty() {
        writeln!(out, "{}", paint(bold, "certificates, signer first"))?;
        for certificate in chain {
            writeln!(out, "     - {}", printable(certificate))?;
        }
    }
    write!(out, "{} ", paint(bold, "outcome"))?;
    match &signature.outcome {
        Outcome::Valid(verified) => {
            let basis = verified.basis();
            writeln!(out, "{}", paint(AnsiColor::Green.on_default(), "valid"))?;
            writeln!(out, "     signer   {}", printable(&basis.identity.describe()))?;
            writeln!(out, "     anchors  {}", printable(&basis.anchors.join(", ")))?;
            if let Some(signed_at) = basis.signed_at {
                writeln!(out, "     signed   {signed_at}")?;
            }
            if let Some(expires_at) = basis.expires_at {
                writeln!(out, "     expires  {expires_at} (the policy judges this)")?;
            }
        }
        Outcome::Invalid(rejection) => {
            writeln!(out, "{}: {}", paint(AnsiColor::Red.on_default().bold(), "invalid"), printable(&rejection.to_string()))?;
        }
        Outcome::Inconclusive(undetermined) => {
            let chain = if undetermined.chain_and_identity_verified { "were" } else { "were not" };
            writeln!(out, "{}: {}", paint(AnsiColor::Yellow.on_default(), "inconclusive"), printable(&undetermined.gap.to_string()))?;
            writeln!(out, "     chain and identity {chain} verified")?;
            writeln!(out, "     {}", printable(&undetermined.gap.next_step))?;
        }
    }
    if !signature.does_not_bind.is_empty() {
        writeln!(out, "{}", paint(bold, "not bound by this signature"))?;
        for phrase in signature.does_not_bind {
            writeln!(out, "     - {phrase}")?;
        }
    }
    if let Some(scheme) = ALL.iter().find(|scheme| scheme.name() == signature.scheme) {
        writeln!(out, "{}", paint(bold, "source of the format"))?;
        writeln!(out, "     {}", scheme.source())?;
    }
    Ok(())
}
