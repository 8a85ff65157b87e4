//! Notation's trust policies (specs/trust-store-trust-policy.md, version 1.0) as a policy of ours: equivalent, or refused with the field that
//! cannot be said.
//!
//! Of several policies Notation takes the one whose scope names the repository, and the one with the scope `*` only where there is none. Here
//! every statement that matches must hold, so what names repositories overrides what names all.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Node, Value};
use super::problem::{Problem, Problems};
use super::scope::RepositoryPattern;
use super::validate::fields::{Fields, Text, choice, list, shorten};
use crate::model::document::{Form, json, line_and_column};
use crate::model::printable::printable;

/// The largest file that is read, bytes.
const MAX_BYTES: usize = 1 << 20;

const FORM: Form = Form {
    max_bytes: MAX_BYTES,
    max_depth: 16,
    max_values: 20_000,
    decorated: false,
    help_depth: "a trust policy needs six",
    help_values: "split the trust policy",
    help_empty: "a trust policy is one JSON object",
};

/// What a trust store is in the policy that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `TYPE:NAME` as the policy that is written names it.
    pub name: String,
    /// Its files, relative to the policy that is written; none for a store that ships with layerproof.
    pub files: Vec<String>,
}

/// Which of Notation's files it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `trustpolicy.json` or `trustpolicy.oci.json`.
    Oci,
    /// `trustpolicy.blob.json`, for the functions or layers of this ARN pattern.
    Blob {
        /// As it goes into `scope.arn`.
        arn: String,
        /// `function` or `layer`.
        kind: &'static str,
    },
}

/// Gives a trust store by `TYPE:NAME`; the error is a sentence.
pub type FindStore<'f> = dyn FnMut(&str) -> Result<Store, String> + 'f;

/// The text of the policy that says the same, or everything that cannot be said, each with the field's JSON pointer, line and column.
pub fn import(file: &str, text: &str, kind: &Kind, find: &mut FindStore<'_>) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::new(text);
    let document = match json(text, &FORM) {
        Ok(document) => document,
        Err(faults) => {
            faults.into_iter().for_each(|fault| problems.add(&fault.span, fault.message));
            return Err(problems.into_sorted());
        }
    };
    let mut importer = Importer { problems: &mut problems, kind, find, stores: BTreeMap::new(), names: BTreeSet::new(), text };
    let statements = importer.document(&document);
    let stores = std::mem::take(&mut importer.stores);
    match statements {
        Some(statements) if problems.is_empty() => Ok(written(file, &stores, &statements)),
        Some(_) | None => Err(problems.into_sorted()),
    }
}

struct Importer<'a, 't, 'f> {
    problems: &'a mut Problems<'t>,
    kind: &'a Kind,
    find: &'a mut FindStore<'f>,
    /// By Notation's name.
    stores: BTreeMap<String, Store>,
    names: BTreeSet<String>,
    text: &'t str,
}

/// One of Notation's policies, before it is known which is the global one.
struct Imported {
    /// In Notation's words.
    named: String,
    line: usize,
    /// Repositories; none for `*`.
    repositories: Vec<String>,
    global: bool,
    body: String,
}

impl Importer<'_, '_, '_> {
    fn document(&mut self, document: &Node) -> Option<Vec<String>> {
        let fields = Fields::of(document, "a trust policy", &["version", "trustPolicies"], self.problems)?;
        if let Some(version) = fields.require_text("version", "a trust policy", self.problems)
            && version.value != "1.0"
        {
            self.problems.add(&version.span, "/version: only version 1.0 is known");
        }
        let node = fields.require("trustPolicies", "a trust policy", self.problems)?;
        let items = list(node, "/trustPolicies", self.problems);
        if let (Kind::Blob { .. }, [_, second, ..]) = (self.kind, items) {
            let help = "leave one policy in the file for each scope";
            self.problems.add_with_help(
                &second.span,
                "/trustPolicies/1: a policy for blobs is chosen by name when Notation is called",
                help,
            );
            return None;
        }
        let policies: Vec<Imported> = items.iter().enumerate().filter_map(|(at, item)| self.policy(at, item)).collect();
        let globals = policies.iter().filter(|policy| policy.global).count();
        if globals > 1 {
            self.problems.add(&node.span, "/trustPolicies: several policies have the scope `*`");
        }
        let global = policies.iter().find(|policy| policy.global).map(|policy| self.statement_name(&policy.named, 0));
        Some(policies.iter().flat_map(|policy| self.statements(policy, global.as_deref())).collect())
    }

    /// One statement for each repository, or one for all.
    fn statements(&mut self, policy: &Imported, global: Option<&str>) -> Vec<String> {
        let head = |name: &str, scope: &str, overrides: Option<&str>| {
            let overrides = overrides.map_or_else(String::new, |name| format!("    overrides: {name}\n"));
            let was = quoted(&policy.named);
            format!("  # {was}, line {}\n  - name: {name}\n    scope: {scope}\n{overrides}{}", policy.line, policy.body)
        };
        if policy.global {
            let scope = match self.kind {
                Kind::Oci => "{kind: image}".to_owned(),
                Kind::Blob { arn, kind } => format!("{{kind: {kind}, arn: {}}}", quoted(arn)),
            };
            return vec![head(global.unwrap_or("imported"), &scope, None)];
        }
        let names: Vec<String> = (0..policy.repositories.len()).map(|at| self.statement_name(&policy.named, at)).collect();
        let pairs = names.iter().zip(&policy.repositories);
        pairs.map(|(name, repository)| head(name, &format!("{{kind: image, repository: {}}}", quoted(repository)), global)).collect()
    }

    /// `[a-z0-9-]`, 64 at most, and not taken.
    fn statement_name(&mut self, named: &str, at: usize) -> String {
        let plain: String = named.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(48).collect();
        let plain = plain.trim_matches('-');
        let base = if plain.is_empty() { "imported" } else { plain };
        let mut number = at.saturating_add(1);
        loop {
            let name = if number == 1 { base.to_owned() } else { format!("{base}-{number}") };
            if self.names.insert(name.clone()) {
                return name;
            }
            number = number.saturating_add(1);
        }
    }

    fn policy(&mut self, at: usize, item: &Node) -> Option<Imported> {
        let pointer = format!("/trustPolicies/{at}");
        let blob = matches!(self.kind, Kind::Blob { .. });
        let scope_key = if blob { "globalPolicy" } else { "registryScopes" };
        let known = &["name", scope_key, "signatureVerification", "trustStores", "trustedIdentities"];
        let fields = Fields::of(item, &pointer, known, self.problems)?;
        let name = fields.require_text("name", &pointer, self.problems);
        let scopes = if blob { Some((Vec::new(), true)) } else { self.scopes(&fields, &pointer) };
        let verification = fields.require("signatureVerification", &pointer, self.problems);
        let how = verification.and_then(|node| self.verification(node, &format!("{pointer}/signatureVerification")));
        let (repositories, global) = scopes?;
        let how = how?;
        let name = name?;
        let mut body = format!("    level: {}\n", how.level);
        for (key, action) in &how.aspects {
            if body.ends_with(&format!("level: {}\n", how.level)) {
                body.push_str("    aspects:\n");
            }
            body.push_str(&format!("      {key}: {action}\n"));
        }
        let exempts = matches!(how.level, "audit" | "skip") || how.aspects.contains(&("authenticity", "log"));
        if exempts {
            if global && !blob {
                let help = "an exemption is bounded: list the repositories in `registryScopes`";
                let what = format!("{pointer}/signatureVerification/level: `{}` for every registry cannot be said", how.level);
                self.problems.add_with_help(&how.span, what, help);
            }
            body.push_str(&format!("    reason: {}\n", quoted(&format!("level {} of Notation's policy {}", how.level, name.value))));
        }
        if how.level == "skip" {
            for key in ["trustStores", "trustedIdentities"] {
                // Notation writes and takes empty lists.
                let is_empty = |node: &Node| matches!(&node.value, Value::List(items) if items.is_empty());
                if fields.get(key).is_some_and(|node| !is_empty(node)) {
                    self.problems.add(&fields.key_span(key), format!("{pointer}/{key}: `skip` looks at nothing"));
                }
            }
        } else {
            let authorities = self.authorities(&fields, &pointer, how.verify_timestamp)?;
            body.push_str("    signatures:\n      any:\n");
            authorities.iter().for_each(|authority| body.push_str(authority));
        }
        let (line, _) = line_and_column(self.text, item.span.start);
        Some(Imported { named: name.value.to_owned(), line, repositories, global, body })
    }

    /// Repositories, and whether it is the policy for all of them.
    fn scopes(&mut self, fields: &Fields<'_>, pointer: &str) -> Option<(Vec<String>, bool)> {
        let texts = fields.require_texts("registryScopes", pointer, self.problems);
        if let [Text { value: "*", .. }] = &texts[..] {
            return Some((Vec::new(), true));
        }
        for (at, text) in texts.iter().enumerate() {
            let field = format!("{pointer}/registryScopes/{at}");
            if text.value.contains('*') {
                self.problems.add(&text.span, format!("{field}: `*` stands alone or not at all"));
            } else if let Err(why) = text.value.parse::<RepositoryPattern>() {
                self.problems.add(&text.span, format!("{field}: {why}"));
            }
        }
        (!texts.is_empty()).then(|| (texts.iter().map(|text| text.value.to_owned()).collect(), false))
    }

    fn verification(&mut self, node: &Node, pointer: &str) -> Option<How> {
        let fields = Fields::of(node, pointer, &["level", "override", "verifyTimestamp"], self.problems)?;
        let levels = ["strict", "permissive", "audit", "skip"].map(|level| (level, level));
        let level = fields.require_text("level", pointer, self.problems)?;
        let chosen = choice(&level, &format!("{pointer}/level"), &levels, self.problems)?;
        let verify_timestamp = match fields.text("verifyTimestamp", self.problems) {
            Some(text) => {
                let choices = [("always", "always"), ("afterCertExpiry", "after_cert_expiry")];
                choice(&text, &format!("{pointer}/verifyTimestamp"), &choices, self.problems)?
            }
            None => "always",
        };
        let mut aspects = Vec::new();
        if let Some(node) = fields.get("override") {
            let pointer = format!("{pointer}/override");
            if chosen == "skip" {
                self.problems.add(&fields.key_span("override"), format!("{pointer}: `skip` cannot be overridden"));
            }
            let overrides = Fields::of(node, &pointer, &["authenticity", "authenticTimestamp", "expiry", "revocation"], self.problems)?;
            let (enforce, log, skip) = (("enforce", "enforce"), ("log", "log"), ("skip", "skip"));
            for (theirs, ours, choices) in [
                ("authenticity", "authenticity", &[enforce, log][..]),
                ("authenticTimestamp", "authentic_timestamp", &[enforce, log]),
                ("expiry", "expiry", &[enforce, log]),
                ("revocation", "revocation", &[enforce, log, skip]),
            ] {
                if let Some(text) = overrides.text(theirs, self.problems) {
                    aspects.push((ours, choice(&text, &format!("{pointer}/{theirs}"), choices, self.problems)?));
                }
            }
        }
        Some(How { level: chosen, span: level.span, aspects, verify_timestamp })
    }

    /// Each trust store that says who signs, with each that says who stamps the time: any of them.
    fn authorities(&mut self, fields: &Fields<'_>, pointer: &str, verify_timestamp: &str) -> Option<Vec<String>> {
        let stores = fields.require_texts("trustStores", pointer, self.problems);
        let identities = fields.require_texts("trustedIdentities", pointer, self.problems);
        let mut found: Vec<(String, String)> = Vec::new();
        for (at, text) in stores.iter().enumerate() {
            match (self.find)(text.value) {
                Ok(store) => {
                    found.push((text.value.to_owned(), store.name.clone()));
                    self.stores.insert(text.value.to_owned(), store);
                }
                Err(why) => self.problems.add(&text.span, format!("{pointer}/trustStores/{at}: {why}")),
            }
        }
        let stamps: Vec<Option<&str>> = match found.iter().filter(|(theirs, _)| theirs.starts_with("tsa:")).collect::<Vec<_>>()[..] {
            [] => vec![None],
            ref several => several.iter().map(|(_, ours)| Some(ours.as_str())).collect(),
        };
        let mut authorities = Vec::new();
        let mut used = vec![false; identities.len()];
        for (theirs, ours) in found.iter().filter(|(theirs, _)| !theirs.starts_with("tsa:")) {
            let authority_signs = theirs.starts_with("signingAuthority:");
            let shipped = self.stores.get(theirs).is_some_and(|store| store.files.is_empty());
            let mut lines = String::new();
            for (identity, used) in identities.iter().zip(&mut used) {
                let is_profile = identity.value.starts_with("arn:");
                // Profiles are AWS Signer's, a signing authority; and its certificates do not tell its customers apart.
                if if is_profile { authority_signs } else { !shipped } {
                    lines.push_str(&format!("              - {}\n", quoted(identity.value)));
                    *used = true;
                }
            }
            if lines.is_empty() {
                continue;
            }
            for stamp in if authority_signs { &[None][..] } else { &stamps } {
                let tsa = stamp.map_or_else(String::new, |name| {
                    format!("            tsa: {}\n            verify_timestamp: {verify_timestamp}\n", quoted(name))
                });
                authorities
                    .push(format!("        - notary:\n            trust_store: {}\n{tsa}            identities:\n{lines}", quoted(ours)));
            }
        }
        // Of a store that could not be had it is not known who goes with it.
        let all_found = found.len() == stores.len();
        for (at, (identity, _)) in identities.iter().zip(&used).enumerate().filter(|(_, (_, used))| all_found && !**used) {
            let what = format!("{pointer}/trustedIdentities/{at}: `{}` goes with none of the trust stores", shorten(identity.value));
            let help = "a signing profile goes with `signingAuthority`; for AWS Signer's own trust store, name profiles";
            self.problems.add_with_help(&identity.span, what, help);
        }
        if authorities.is_empty() && self.problems.is_empty() {
            self.problems.add(&fields.key_span("trustStores"), format!("{pointer}/trustStores: none says who may sign"));
        }
        Some(authorities)
    }
}

struct How {
    level: &'static str,
    span: std::ops::Range<usize>,
    aspects: Vec<(&'static str, &'static str)>,
    verify_timestamp: &'static str,
}

fn written(file: &str, stores: &BTreeMap<String, Store>, statements: &[String]) -> String {
    let mut text = format!("# Imported from {}.\n# Paths are relative to this file.\nversion: 1\n", quoted(file));
    let own: BTreeMap<&str, &Store> =
        stores.values().filter(|store| !store.files.is_empty()).map(|store| (store.name.as_str(), store)).collect();
    if !own.is_empty() {
        text.push_str("\ntrust_stores:\n");
        for store in own.values() {
            text.push_str(&format!("  - name: {}\n    files:\n", quoted(&store.name)));
            store.files.iter().for_each(|file| text.push_str(&format!("      - {}\n", quoted(file))));
        }
    }
    text.push_str("\nstatements:\n");
    text.push_str(&statements.join("\n"));
    text
}

/// A text in double quotes: JSON's escapes are YAML's, and what a terminal would obey is escaped before.
fn quoted(text: &str) -> String {
    serde_json::Value::from(printable(text).as_ref()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str) -> Result<Store, String> {
        match name {
            "signingAuthority:aws-signer-ts" => Ok(Store { name: name.into(), files: Vec::new() }),
            "ca:missing" => Err("there is no such store".into()),
            _ => Ok(Store { name: name.into(), files: vec![format!("truststore/x509/{}/c.pem", name.replace(':', "/"))] }),
        }
    }

    fn policy(inner: &str) -> String {
        format!("{{\"version\": \"1.0\", \"trustPolicies\": [{inner}]}}")
    }

    fn one(scopes: &str, verification: &str, rest: &str) -> String {
        format!("{{\"name\": \"Acme's images\", \"registryScopes\": [{scopes}], \"signatureVerification\": {verification}{rest}}}")
    }

    const SIGNED: &str = ", \"trustStores\": [\"ca:acme\"], \"trustedIdentities\": [\"x509.subject: C=US, ST=WA, O=Acme\"]";

    #[track_caller]
    fn refused(text: &str, part: &str) {
        let problems = import("trustpolicy.json", text, &Kind::Oci, &mut store).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message.contains(part)), "{part}: {problems:#?}");
    }

    fn read(text: &str) -> crate::policy::Policy {
        let yaml = import("trustpolicy.json", text, &Kind::Oci, &mut store).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let certificate = include_bytes!("../../testdata/signer/test-root.pem");
        crate::policy::Policy::parse("p.yaml", &yaml, &mut |_| Ok(certificate.to_vec())).unwrap_or_else(|why| panic!("{why:#?}\n{yaml}"))
    }

    #[test]
    fn what_is_imported_passes_the_check() {
        let all = read(&policy(
            &[
                one("\"ghcr.io/acme/app\", \"localhost:5000/x\"", "{\"level\": \"strict\"}", SIGNED),
                one("\"*\"", "{\"level\": \"permissive\", \"override\": {\"expiry\": \"enforce\", \"revocation\": \"skip\"}}", SIGNED),
                one("\"ghcr.io/acme/old\"", "{\"level\": \"audit\"}", SIGNED),
                one("\"ghcr.io/acme/none\"", "{\"level\": \"skip\"}", ""),
                one("\"ghcr.io/acme/empty\"", "{\"level\": \"skip\"}", ", \"trustStores\": [], \"trustedIdentities\": []"),
            ]
            .join(","),
        ));
        let names: Vec<&str> = all.statements.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names.len(), 6, "{names:?}");
        let global = all.statements.iter().find(|s| s.scope.repository.is_none()).unwrap();
        assert_eq!(
            (global.aspects.expiry.name(), global.aspects.revocation.name(), global.level.name()),
            ("enforce", "skip", "permissive")
        );
        // A policy that names a repository replaces the one for all.
        assert!(
            all.statements.iter().filter(|s| s.scope.repository.is_some()).all(|s| s.overrides.as_deref() == Some(global.name.as_str()))
        );
        assert_eq!(all.statements.iter().filter(|s| s.exempts().is_some()).count(), 3);
    }

    #[test]
    fn time_stamps_and_several_stores_are_kept() {
        let rest = ", \"trustStores\": [\"ca:a\", \"ca:b\", \"tsa:t\", \"signingAuthority:s\"], \"trustedIdentities\": [\"*\"]";
        let all = read(&policy(&one("\"ghcr.io/acme/app\"", "{\"level\": \"strict\", \"verifyTimestamp\": \"afterCertExpiry\"}", rest)));
        let authorities: Vec<_> = all.statements[0].authorities().collect();
        assert_eq!(authorities.len(), 3);
        let stamped = authorities.iter().filter(|authority| {
            matches!(authority, super::super::schema::Authority::Notary(n) if n.tsa.as_deref() == Some("tsa:t")
                && n.verify_timestamp == super::super::schema::VerifyTimestamp::AfterCertExpiry)
        });
        assert_eq!(stamped.count(), 2);
    }

    #[test]
    fn aws_signers_store_is_the_one_that_ships() {
        let rest = ", \"trustStores\": [\"signingAuthority:aws-signer-ts\"], \"trustedIdentities\": [\"arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release\"]";
        let all = read(&policy(&one("\"111122223333.dkr.ecr.eu-west-1.amazonaws.com/app\"", "{\"level\": \"strict\"}", rest)));
        assert!(all.anchors().trust_stores.iter().all(|store| store.shipped));
    }

    #[test]
    fn what_cannot_be_said_is_refused_with_its_field() {
        let strict = "{\"level\": \"strict\"}";
        let app = "\"ghcr.io/acme/app\"";
        refused(
            &policy(&one("\"*\"", "{\"level\": \"audit\"}", SIGNED)),
            "/trustPolicies/0/signatureVerification/level: `audit` for every registry",
        );
        refused(&policy(&one("\"*\"", "{\"level\": \"skip\"}", "")), "/trustPolicies/0/signatureVerification/level");
        refused(
            &policy(&one("\"*\"", "{\"level\": \"strict\", \"override\": {\"authenticity\": \"log\"}}", SIGNED)),
            "for every registry cannot be said",
        );
        refused(&policy(&one("\"ghcr.io/acme/*\"", strict, SIGNED)), "/trustPolicies/0/registryScopes/0");
        refused(&policy(&one("\"registry/app\"", strict, SIGNED)), "/trustPolicies/0/registryScopes/0");
        refused(&policy(&one(app, "{\"level\": \"lax\"}", SIGNED)), "/trustPolicies/0/signatureVerification/level");
        refused(&policy(&one(app, "{\"level\": \"strict\", \"override\": {\"integrity\": \"log\"}}", SIGNED)), "integrity");
        refused(&policy(&one(app, "{\"level\": \"strict\", \"override\": {\"expiry\": \"skip\"}}", SIGNED)), "/override/expiry");
        refused(&policy(&one(app, "{\"level\": \"skip\", \"override\": {\"expiry\": \"log\"}}", "")), "/override");
        refused(&policy(&one(app, "{\"level\": \"skip\"}", SIGNED)), "/trustPolicies/0/trustStores: `skip`");
        refused(&policy(&one(app, strict, "")), "trustStores");
        refused(
            &policy(&one(app, strict, &SIGNED.replace("ca:acme", "ca:missing"))),
            "/trustPolicies/0/trustStores/0: there is no such store",
        );
        refused(&policy(&one(app, strict, &SIGNED.replace("ca:acme", "tsa:acme"))), "/trustPolicies/0/trustedIdentities/0");
        let aws = SIGNED.replace("ca:acme", "signingAuthority:aws-signer-ts");
        refused(&policy(&one(app, strict, &aws)), "/trustPolicies/0/trustedIdentities/0");
        let profile =
            SIGNED.replace("x509.subject: C=US, ST=WA, O=Acme", "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release");
        refused(&policy(&one(app, strict, &profile)), "/trustPolicies/0/trustedIdentities/0");
        refused(&policy("").replace("1.0", "2.0"), "/version");
        refused(
            &policy(&format!("{},{}", one("\"*\"", strict, SIGNED), one("\"*\"", strict, SIGNED))),
            "several policies have the scope `*`",
        );
        refused("{\"version\": \"1.0\", \"trustPolicies\": [], \"other\": 1}", "unknown key `other`");
        refused(&policy(&one(app, strict, SIGNED)).replace("\"name\"", "\"name\": \"x\", \"name\""), "twice");
    }

    #[test]
    fn a_name_that_would_end_its_line_stays_in_its_line() {
        let text = policy(&one("\"ghcr.io/acme/app\"", "{\"level\": \"skip\"}", "")).replace("Acme's images", "x\\n  - name: evil\\n");
        let all = read(&text);
        assert_eq!(all.statements.len(), 1);
    }

    #[test]
    fn a_policy_for_blobs_takes_the_scope_that_is_given() {
        let text = policy(&format!(
            "{{\"name\": \"blobs\", \"globalPolicy\": true, \"signatureVerification\": {{\"level\": \"strict\"}}{SIGNED}}}"
        ));
        let kind = Kind::Blob { arn: "arn:aws:lambda:*:111122223333:layer:*".into(), kind: "layer" };
        let yaml = import("trustpolicy.blob.json", &text, &kind, &mut store).unwrap();
        assert!(yaml.contains("kind: layer") && yaml.contains("arn:aws:lambda:*:111122223333:layer:*"), "{yaml}");
    }
}
