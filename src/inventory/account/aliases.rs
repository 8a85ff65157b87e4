//! Aliases of a function.

use super::answered::{Answers, Stopped};
use super::answers::{AliasConfiguration, LIST_ALIASES, ListAliases};
use super::functions::{gone, version_number};
use crate::model::arn::FunctionArn;
use crate::model::function::{Alias, AliasWeight};
use crate::model::observed::Observed;

/// Aliases of one function.
const MAX_ALIASES: usize = 10_000;

/// Every alias of `function`, sorted by name.
pub(super) fn read(answers: &mut Answers<'_>, function: &FunctionArn) -> Observed<Vec<Alias>> {
    let subject = function.to_string();
    let (pages, stopped) = answers.ask_all::<ListAliases>(&LIST_ALIASES, &[&function.name], &subject, "the aliases");
    match stopped {
        None => {}
        Some(Stopped::Gap(gap)) => return Observed::Unknown(gap),
        Some(Stopped::NotFound { message }) => return Observed::Unknown(gone(answers, &subject, "the aliases", message)),
    }
    let fail = |problem: &str| Observed::Unknown(answers.malformed(&LIST_ALIASES, &subject, "the aliases", problem));
    let mut aliases = Vec::new();
    for configuration in pages.into_iter().flat_map(|page| page.aliases) {
        if aliases.len() >= MAX_ALIASES {
            return fail("more aliases than are read");
        }
        match alias(configuration) {
            Ok(alias) => aliases.push(alias),
            // One alias that cannot be read may be the one that takes the traffic.
            Err(problem) => return fail(&problem),
        }
    }
    aliases.sort_by(|a, b| a.name.cmp(&b.name));
    if aliases.windows(2).any(|pair| matches!(pair, [a, b] if a.name == b.name)) {
        return fail("an alias is listed twice");
    }
    Observed::Present(aliases)
}

fn alias(configuration: AliasConfiguration) -> Result<Alias, String> {
    let AliasConfiguration { name, function_version: version, routing_config } = configuration;
    let good_name = !name.is_empty() && name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !good_name || name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{name}` is no alias name"));
    }
    let mut weights = Vec::new();
    for (version, weight) in routing_config.and_then(|config| config.additional_version_weights).unwrap_or_default() {
        if version_number(&version).is_none() || !(0.0..=1.0).contains(&weight) {
            return Err(format!("alias `{name}`: version `{version}` with weight {weight}"));
        }
        // In 0.0..=1000.0, so that the cast is exact. A weight above nothing stays above nothing: it takes traffic.
        let permille = ((weight * 1000.0).round() as u32).max(u32::from(weight > 0.0));
        weights.push(AliasWeight { version, permille });
    }
    if version_number(&version).is_none() {
        return Err(format!("alias `{name}` points to `{version}`"));
    }
    Ok(Alias { name, version, weights })
}
