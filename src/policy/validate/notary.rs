//! `notary:` authorities.

use super::super::parse::Node;
use super::super::problem::Problems;
use super::super::schema::{Authority, NotaryAuthority, NotaryIdentity, VerifyTimestamp};
use super::super::scope::ProfilePattern;
use super::authority::{Named, Reading};
use super::fields::{Fields, Text, choice, shorten};
use super::sigstore::annotations;
use crate::signature::notary::TrustedIdentity;
use crate::signature::trust::shipped_trust_stores;

const WHAT: &str = "`notary`";

/// The authority in `node`.
pub(super) fn authority(node: &Node, reading: &mut Reading<'_, '_>) -> Option<Authority> {
    let problems = &mut *reading.problems;
    let fields = Fields::of(node, WHAT, &["trust_store", "tsa", "verify_timestamp", "identities", "annotations"], problems)?;
    let store = fields.require_text("trust_store", WHAT, problems);
    if let Some(text) = store.as_ref().filter(|text| !is_store(text.value, &["ca", "signingAuthority"])) {
        problems.add(&text.span, "`trust_store` is `ca:NAME` or `signingAuthority:NAME`");
    }
    let tsa = fields.text("tsa", problems);
    if let Some(text) = &tsa {
        if !is_store(text.value, &["tsa"]) {
            problems.add(&text.span, "`tsa` is `tsa:NAME`");
        } else if store.as_ref().is_some_and(|store| store.value.starts_with("signingAuthority:")) {
            problems.add(
                &text.span,
                "`tsa` goes with a trust store of type `ca`: under the other scheme the signing authority states the time",
            );
        }
    }
    let timestamps = [("always", VerifyTimestamp::Always), ("after_cert_expiry", VerifyTimestamp::AfterCertExpiry)];
    let verify = fields.text("verify_timestamp", problems);
    let verify_timestamp = verify.as_ref().map(|text| choice(text, "`verify_timestamp`", &timestamps, problems));
    if fields.get("verify_timestamp").is_some() && fields.get("tsa").is_none() {
        problems.add(&fields.key_span("verify_timestamp"), "`verify_timestamp` needs `tsa`, the trust store whose time stamps count");
    }
    let identities = identities(&fields, store.as_ref().map(|text| text.value), problems);
    let annotations = annotations(&fields, problems);
    if (fields.get("tsa").is_some() && tsa.is_none()) || (fields.get("verify_timestamp").is_some() && verify.is_none()) {
        return None;
    }
    let store = store?;
    let verify_timestamp = match verify_timestamp {
        None => VerifyTimestamp::Always,
        Some(chosen) => chosen?,
    };
    reading.names(Named::TrustStore(store.value.to_owned()), &store.span);
    if let Some(tsa) = &tsa {
        reading.names(Named::TrustStore(tsa.value.to_owned()), &tsa.span);
    }
    let tsa = tsa.map(|text| text.value.to_owned());
    Some(Authority::Notary(Box::new(NotaryAuthority {
        trust_store: store.value.to_owned(),
        tsa,
        verify_timestamp,
        identities: identities?,
        annotations: annotations?,
    })))
}

/// True for `TYPE:NAME` of one of these types, with a name as Notation takes it.
pub(super) fn is_store(text: &str, types: &[&str]) -> bool {
    let Some((kind, name)) = text.split_once(':') else { return false };
    types.contains(&kind)
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && name != "."
        && name != ".."
}

fn identities(fields: &Fields<'_>, store: Option<&str>, problems: &mut Problems<'_>) -> Option<Vec<NotaryIdentity>> {
    let texts = fields.require_texts("identities", WHAT, problems);
    let mut found: Vec<NotaryIdentity> = Vec::new();
    let mut good = !texts.is_empty();
    for text in &texts {
        let identity = identity(text, store, texts.len(), problems);
        if let Some(NotaryIdentity::Subject { identity: one, .. }) = &identity {
            let overlaps =
                found.iter().any(|other| matches!(other, NotaryIdentity::Subject { identity: other, .. } if one.overlaps(other)));
            if overlaps {
                problems.add(&text.span, format!("`{}` overlaps an identity above it, so one of them adds nothing", shorten(text.value)));
            }
        }
        match identity {
            Some(identity) => found.push(identity),
            None => good = false,
        }
    }
    good.then_some(found)
}

fn identity(text: &Text<'_>, store: Option<&str>, count: usize, problems: &mut Problems<'_>) -> Option<NotaryIdentity> {
    let shipped = store.is_some_and(|store| shipped_trust_stores().iter().any(|shipped| shipped.name == store));
    let good = if text.value == "*" {
        if shipped {
            problems.add(&text.span, "`*` would trust whoever is a customer of AWS Signer; name the profiles");
        } else if count > 1 {
            problems.add(&text.span, "`*` stands alone: beside it the other identities mean nothing");
        }
        Ok(NotaryIdentity::Anyone)
    } else if text.value.starts_with("arn:") {
        if store.is_some_and(|store| !store.starts_with("signingAuthority:")) {
            problems.add(&text.span, "a signing profile goes with a trust store of type `signingAuthority`: AWS Signer is one");
        }
        text.value.parse::<ProfilePattern>().map(NotaryIdentity::Profile)
    } else if text.value.starts_with("x509.subject:") {
        if shipped {
            problems.add(&text.span, "AWS Signer signs for all of its customers with certificates of one subject; name the profiles");
        }
        TrustedIdentity::parse(text.value)
            .map(|identity| NotaryIdentity::Subject { text: text.value.to_owned(), identity })
            .map_err(|why| format!("`{}` is no identity: {why}", shorten(text.value)))
    } else {
        let help = "write `x509.subject: C=..., ST=..., O=...`, a signing profile ARN, or `*` by itself for whoever is in the trust store";
        problems.add_with_help(&text.span, format!("`{}` is no identity", shorten(text.value)), help);
        return None;
    };
    match good {
        Ok(identity) => Some(identity),
        Err(why) => {
            problems.add(&text.span, why);
            None
        }
    }
}
