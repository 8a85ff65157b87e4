//! What a statement asks for, as `policy check` and `policy explain` say it.

use std::io::{self, Write};

use crate::model::printable::printable;
use crate::policy::Statement;
use crate::policy::level::Level;
use crate::policy::schema::{
    Authority, LogProof, NotaryAuthority, NotaryIdentity, Quantity, Requirement, SigstoreAuthority, SigstoreSigner,
};

/// What a statement asks for, line by line.
pub(super) fn ask(statement: &Statement, out: &mut dyn Write) -> io::Result<()> {
    let a = statement.aspects;
    write!(out, "    level   {}", statement.level.name())?;
    if statement.level != Level::Skip {
        write!(
            out,
            ": integrity enforce, authenticity {}, authentic_timestamp {}, expiry {}, revocation {}",
            a.authenticity.name(),
            a.authentic_timestamp.name(),
            a.expiry.name(),
            a.revocation.name()
        )?;
    }
    writeln!(out)?;
    if let Some(reason) = statement.exempts() {
        writeln!(out, "    exempts, never trusts: {}", printable(reason))?;
    }
    if let Some(target) = &statement.overrides {
        writeln!(out, "    replaces {target} for what it covers")?;
    }
    if let Some(requirement) = &statement.signatures {
        require(requirement, "    signed by", "      ", out)?;
    }
    for attestation in &statement.attestations {
        writeln!(out, "    attestation {}", printable(&attestation.predicate_type))?;
        require(&attestation.signed_by, "      signed by", "        ", out)?;
        if let Some(condition) = &attestation.condition {
            writeln!(out, "      where {}", printable(condition.text()))?;
        }
    }
    Ok(())
}

fn require(requirement: &Requirement, lead: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let quantity = match requirement.quantity {
        Quantity::Any => "any of".to_owned(),
        Quantity::All => "all of, by distinct signers".to_owned(),
        Quantity::AtLeast(n) => format!("at least {n} of, by distinct signers"),
    };
    writeln!(out, "{lead} {quantity}")?;
    for authority in &requirement.authorities {
        writeln!(out, "{indent}- {}", printable(&name_authority(authority)))?;
    }
    Ok(())
}

fn name_authority(authority: &Authority) -> String {
    let profiles: Vec<String> = authority.profiles().iter().map(ToString::to_string).collect();
    let profiles = profiles.join(" or ");
    match authority {
        Authority::AwsSigner { root, .. } => format!("AWS Signer inside the zip, root {root}, profile {profiles}"),
        Authority::AwsService { .. } => format!("AWS's own statement in a live answer, profile {profiles}"),
        Authority::Sigstore(sigstore) => name_sigstore(sigstore),
        Authority::Notary(notary) => name_notary(notary),
    }
}

fn name_sigstore(authority: &SigstoreAuthority) -> String {
    let mut parts = Vec::new();
    let keyed = match &authority.signer {
        SigstoreSigner::Keyless { issuer, identity, claims } => {
            parts.push(format!("issuer {issuer}"));
            parts.push(format!("identity {identity}"));
            parts.extend(claims.iter().map(|(name, asked)| format!("{name} {asked}")));
            false
        }
        SigstoreSigner::Key { file, valid_from, valid_until } => {
            parts.push(format!("public key {file}"));
            parts.extend(valid_from.map(|at| format!("from {at}")));
            parts.extend(valid_until.map(|at| format!("until {at}")));
            true
        }
    };
    parts.push(authority.transparency.in_words().to_owned());
    match (authority.timestamp, authority.transparency) {
        (true, _) => parts.push("time stamp required".into()),
        (false, LogProof::None) => parts.push("no trusted time".into()),
        (false, LogProof::ByForm | LogProof::InclusionProof | LogProof::Promise) => {}
    }
    if !keyed {
        parts.push(if authority.sct { "SCT required".into() } else { "SCT: none".into() });
    }
    parts.extend(authority.annotations.iter().map(|(key, value)| format!("annotation {key}={value}")));
    format!("Sigstore, root {}: {}", authority.root, parts.join(", "))
}

fn name_notary(authority: &NotaryAuthority) -> String {
    let identities: Vec<String> = authority
        .identities
        .iter()
        .map(|identity| match identity {
            NotaryIdentity::Subject { text, .. } => text.clone(),
            NotaryIdentity::Profile(profile) => profile.to_string(),
            NotaryIdentity::Anyone => "whoever has a certificate of it".into(),
        })
        .collect();
    let tsa = match &authority.tsa {
        Some(tsa) => format!(", time stamps of {tsa} {}", authority.verify_timestamp.name()),
        None => String::new(),
    };
    let annotations: String = authority.annotations.iter().map(|(key, value)| format!(", annotation {key}={value}")).collect();
    format!("Notary, trust store {}{tsa}, {}{annotations}", authority.trust_store, identities.join(" or "))
}
