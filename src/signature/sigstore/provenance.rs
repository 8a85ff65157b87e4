//! SLSA provenance against the certificate that signed it.
//!
//! A predicate says what its signer wants it to say; the certificate says what the identity provider knew of the build. Where both speak
//! of one thing and differ, the predicate is forged or of another build, so what it says can never be the only evidence (the rule of
//! slsa-verifier). Silence is no contradiction: a builder of another kind writes other fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{By, Claim, Signer};
use crate::signature::Statement;

/// SLSA provenance that is compared.
const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";

/// What the provenance says otherwise than the certificate does, in one sentence; `None` where nothing differs, where the statement is
/// no provenance, and for keys, which say nothing.
pub fn contradicts(signer: &Signer, statement: &Statement) -> Option<String> {
    let By::Certificate { identity, claims, .. } = &signer.by else { return None };
    let said = match statement.predicate_type.as_str() {
        SLSA_V1 => Said::v1(&statement.predicate),
        SLSA_V02 => Said::v02(&statement.predicate),
        _ => return None,
    };
    Known { identity, claims }.against(&said)
}

/// What a predicate says of the build; everything that is not text is said to be nothing.
#[derive(Debug, Default)]
struct Said<'a> {
    builder: Option<&'a str>,
    /// Repositories, as URLs, each with the ref behind `@` where there is one.
    sources: Vec<&'a str>,
    reference: Option<&'a str>,
    workflow: Option<&'a str>,
    trigger: Option<&'a str>,
    repository_id: Option<&'a str>,
    owner_id: Option<&'a str>,
    runner: Option<&'a str>,
    commit: Option<&'a str>,
    invocation: Option<&'a str>,
}

fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

impl<'a> Said<'a> {
    /// <https://slsa.dev/spec/v1.0/provenance>, with GitHub's buildType <https://actions.github.io/buildtypes/workflow/v1>.
    fn v1(predicate: &'a Value) -> Self {
        let definition = "/buildDefinition";
        let external = |field: &str| at(predicate, &format!("{definition}/externalParameters/{field}"));
        let github = |field: &str| at(predicate, &format!("{definition}/internalParameters/github/{field}"));
        Self {
            builder: at(predicate, "/runDetails/builder/id"),
            sources: [external("workflow/repository"), external("source"), external("source/uri")].into_iter().flatten().collect(),
            reference: external("workflow/ref"),
            workflow: external("workflow/path"),
            trigger: github("event_name"),
            repository_id: github("repository_id"),
            owner_id: github("repository_owner_id"),
            runner: github("runner_environment"),
            commit: at(predicate, &format!("{definition}/resolvedDependencies/0/digest/gitCommit")),
            invocation: at(predicate, "/runDetails/metadata/invocationId"),
        }
    }

    /// <https://slsa.dev/spec/v0.2/provenance>, with the environment that GitHub's builders write.
    fn v02(predicate: &'a Value) -> Self {
        let environment = |field: &str| at(predicate, &format!("/invocation/environment/{field}"));
        Self {
            builder: at(predicate, "/builder/id"),
            sources: at(predicate, "/invocation/configSource/uri").into_iter().collect(),
            reference: environment("github_ref"),
            workflow: at(predicate, "/invocation/configSource/entryPoint").filter(|path| path.starts_with(".github/")),
            trigger: environment("github_event_name"),
            repository_id: environment("github_repository_id"),
            owner_id: environment("github_repository_owner_id"),
            runner: None,
            commit: at(predicate, "/invocation/configSource/digest/sha1"),
            invocation: None,
        }
    }
}

/// What the certificate says.
struct Known<'a> {
    identity: &'a str,
    claims: &'a BTreeMap<&'static str, Claim>,
}

impl Known<'_> {
    fn against(&self, said: &Said<'_>) -> Option<String> {
        for source in &said.sources {
            let (repository, reference) = split_reference(source);
            if let Some(found) = self.differs("source_repository_uri", "source repository", Some(&plain_repository(repository))) {
                return Some(found);
            }
            if let Some(found) = self.differs("source_repository_ref", "source ref", reference.filter(|text| text.starts_with("refs/"))) {
                return Some(found);
            }
        }
        let pairs = [
            ("source_repository_ref", "source ref", said.reference.filter(|text| text.starts_with("refs/"))),
            ("build_trigger", "trigger", said.trigger),
            ("source_repository_id", "repository id", said.repository_id),
            ("source_repository_owner_id", "repository owner id", said.owner_id),
            ("runner_environment", "runner", said.runner),
            ("source_repository_digest", "commit", said.commit),
            ("run_invocation_uri", "run", said.invocation),
        ];
        pairs
            .into_iter()
            .find_map(|(claim, what, presented)| self.differs(claim, what, presented))
            .or_else(|| self.workflow_differs(said))
            .or_else(|| self.builder_differs(said))
    }

    /// A claim that can't be read equals nothing; one that is not there says nothing.
    fn differs(&self, name: &str, what: &str, presented: Option<&str>) -> Option<String> {
        let presented = presented?;
        match self.claims.get(name)? {
            Claim::Text(text) if text.eq_ignore_ascii_case(presented) && is_location(name) => None,
            Claim::Text(text) if text == presented => None,
            Claim::Text(text) => Some(format!("the provenance's {what} is `{presented}`, the certificate's `{text}`")),
            Claim::Malformed => Some(format!("the provenance's {what} is `{presented}`, and the certificate's can't be read")),
        }
    }

    /// The workflow that was triggered, as `build_config_uri` has it: `REPOSITORY/PATH@REF`.
    fn workflow_differs(&self, said: &Said<'_>) -> Option<String> {
        let path = said.workflow?;
        let Some(Claim::Text(uri)) = self.claims.get("build_config_uri") else { return None };
        let workflow = uri.rsplit_once('@').map_or(uri.as_str(), |(workflow, _)| workflow);
        let same = workflow.strip_suffix(path).is_some_and(|repository| repository.ends_with('/'));
        (!same).then(|| format!("the provenance's workflow is `{path}`, the certificate's `{uri}`"))
    }

    /// A builder that names a workflow is the signer; GitHub's runners are named by what hosts them.
    fn builder_differs(&self, said: &Said<'_>) -> Option<String> {
        const RUNNER: &str = "https://github.com/actions/runner/";
        let builder = said.builder?;
        if let Some(hosted) = builder.strip_prefix(RUNNER) {
            return self.differs("runner_environment", "builder", Some(hosted));
        }
        if !builder.contains("/.github/workflows/") {
            return None;
        }
        let workflow = |text: &str| text.split('@').next().unwrap_or_default().to_owned();
        let same = if builder.contains('@') { builder == self.identity } else { workflow(builder) == workflow(self.identity) };
        (!same).then(|| format!("the provenance's builder is `{builder}`, the certificate is of `{}`", self.identity))
    }
}

/// GitHub's owners and repositories are the same in any case.
fn is_location(name: &str) -> bool {
    name == "source_repository_uri"
}

/// `git+https://…@refs/heads/main` into the repository and the ref.
fn split_reference(source: &str) -> (&str, Option<&str>) {
    let plain = source.strip_prefix("git+").unwrap_or(source);
    match plain.rsplit_once('@') {
        Some((repository, reference)) if repository.contains("://") && !reference.contains("://") => (repository, Some(reference)),
        Some(_) | None => (plain, None),
    }
}

fn plain_repository(repository: &str) -> String {
    let plain = repository.trim_end_matches('/');
    plain.strip_suffix(".git").unwrap_or(plain).to_owned()
}
