//! Chains of certificates: each certificate's status by OCSP, and by revocation lists where OCSP gives none (Notary Project, trust store and
//! trust policy specification, "Certificate revocation evaluation").
//!
//! 1. A certificate that names neither a responder nor a list cannot be revoked by anybody; that is no gap.
//! 2. Its responders are asked in turn until one gives an answer that holds. One that does not know the certificate ends the round.
//! 3. Without such an answer every list that it names must be had, and must hold; it is revoked where one of them says so.
//! 4. The chain is revoked where one of its certificates is, for the time at which it was used. It is not revoked where each of them is known
//!    not to be.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::documents::{Documents, Live, Nowhere, Recorded};
use super::recording::Recorder;
use super::{AT_ONCE, Asking, WANTED};
use crate::model::gap::{Gap, GapReason};
use crate::signature::RevocationQuestion;
use crate::signature::revocation::{AnswerSource, Link, LinkId, RevocationAnswer, State, Status, Unusable, links};

/// What is known of one certificate.
#[derive(Debug, Clone)]
enum Known {
    /// Nobody can revoke it.
    NonRevokable,
    /// Somebody who may say so says this.
    Status(Status),
    /// Nothing: what was tried, one sentence each.
    Nothing { tried: Vec<String>, unsupported: bool },
}

/// Answers the questions about certificates.
pub(super) fn ask(
    questions: &BTreeSet<RevocationQuestion>,
    asking: &Asking<'_>,
    recorder: &Recorder,
) -> BTreeMap<RevocationQuestion, RevocationAnswer> {
    let mut chains = Vec::new();
    let mut distinct: BTreeMap<LinkId, Link> = BTreeMap::new();
    for question in questions {
        let RevocationQuestion::Certificates { chain, used_at, .. } = question else { continue };
        let links = links(chain);
        if let Ok(links) = &links {
            distinct.extend(links.iter().map(|link| (link.id(), link.clone())));
        }
        chains.push((question, links, *used_at));
    }
    if chains.is_empty() {
        return BTreeMap::new();
    }
    let known = statuses(distinct, asking, recorder);
    chains.into_iter().map(|(question, links, used_at)| (question.clone(), together(question, links, used_at, &known))).collect()
}

/// Each certificate once, however many chains it stands in.
fn statuses(distinct: BTreeMap<LinkId, Link>, asking: &Asking<'_>, recorder: &Recorder) -> BTreeMap<LinkId, Known> {
    let all = async {
        let found = stream::iter(distinct);
        match asking.online("", WANTED) {
            Ok(online) => {
                let live = Live::new(online, recorder);
                let live = &live;
                found.map(|(id, link)| async move { (id, status(&link, live, asking).await) }).buffer_unordered(AT_ONCE).collect().await
            }
            Err(gap) => {
                let nowhere = &Nowhere(gap.detail);
                found.map(|(id, link)| async move { (id, status(&link, nowhere, asking).await) }).buffer_unordered(AT_ONCE).collect().await
            }
        }
    };
    // Without a runtime nobody was asked; each link is then missing, and unknown.
    asking.clients.block_on(all).unwrap_or_default()
}

/// What those who are asked now say, and what they said when it was recorded where they say nothing now.
async fn status(link: &Link, documents: &impl Documents, asking: &Asking<'_>) -> Known {
    let now = of_link(link, documents, asking.now).await;
    match (now, asking.recorded) {
        (Known::Nothing { mut tried, unsupported }, Some(recording)) => match of_link(link, &Recorded(recording), asking.now).await {
            Known::Nothing { tried: also, .. } => {
                tried.extend(also);
                Known::Nothing { tried, unsupported }
            }
            known @ (Known::Status(_) | Known::NonRevokable) => known,
        },
        (known, _) => known,
    }
}

/// The steps are those of the module.
async fn of_link(link: &Link, documents: &impl Documents, now: Timestamp) -> Known {
    // 1
    if !link.is_revokable() {
        return Known::NonRevokable;
    }
    let mut tried = Vec::new();
    let mut unsupported = false;
    let mut note = |what: &str, place: &str, error: &dyn std::fmt::Display| tried.push(format!("{what} {place}: {error}"));

    // 2
    match link.ocsp_request() {
        Err(error) => note("OCSP of", link.subject(), &error),
        Ok(request) => {
            for place in link.responders() {
                match documents.ocsp(link, place, request.clone()).await {
                    Err(none) => note("OCSP at", place, &none.0),
                    Ok(response) => match link.judge_ocsp(&response, now) {
                        Ok(status) => {
                            documents.keep_ocsp(link, place, &response);
                            return Known::Status(status);
                        }
                        Err(error) => {
                            note("OCSP at", place, &error);
                            if error == Unusable::UnknownCertificate {
                                break;
                            }
                        }
                    },
                }
            }
        }
    }

    // 3
    let mut oldest: Option<Status> = None;
    for place in link.crls() {
        let status = match documents.crl(place).await {
            Err(none) => {
                note("CRL at", place, &none.0);
                return Known::Nothing { tried, unsupported };
            }
            Ok(list) => match link.judge_crl(&list, now) {
                Ok(status) => {
                    documents.keep_crl(place, &list);
                    status
                }
                Err(error) => {
                    note("CRL at", place, &error);
                    unsupported = matches!(error, Unusable::Unsupported { .. });
                    return Known::Nothing { tried, unsupported };
                }
            },
        };
        if status.state != State::Good {
            return Known::Status(status);
        }
        if oldest.as_ref().is_none_or(|oldest| status.this_update < oldest.this_update) {
            oldest = Some(status);
        }
    }
    match oldest {
        Some(status) => Known::Status(status),
        None => {
            if link.responders().is_empty() && link.crls().is_empty() {
                note("the places that", link.subject(), &"names are none that can be asked over HTTP");
            }
            Known::Nothing { tried, unsupported }
        }
    }
}

/// Step 4.
fn together(
    question: &RevocationQuestion,
    links: Result<Vec<Link>, Unusable>,
    used_at: Option<Timestamp>,
    known: &BTreeMap<LinkId, Known>,
) -> RevocationAnswer {
    let unknown = |reason: GapReason, detail: String| {
        RevocationAnswer::Unknown(Gap {
            subject: question.about(),
            wanted: WANTED.into(),
            reason,
            detail,
            next_step: "Look at the network, or record the answers where there is one (--record-revocations FILE) and pass them (--revocations FILE)."
                .into(),
        })
    };
    let links = match links {
        Ok(links) => links,
        Err(error) => return unknown(GapReason::NotRecorded, error.to_string()),
    };
    let mut revoked = Vec::new();
    let mut missing = Vec::new();
    let mut unsupported = false;
    let mut updates: Option<(Timestamp, Option<Timestamp>)> = None;
    for link in &links {
        match known.get(&link.id()) {
            Some(Known::NonRevokable) => {}
            Some(Known::Status(status)) => {
                if status.state.undoes(used_at) {
                    revoked.push(in_words(link, &status.state));
                }
                updates = Some(match updates {
                    None => (status.this_update, status.next_update),
                    Some((this, next)) => (this.min(status.this_update), next.into_iter().chain(status.next_update).min()),
                });
            }
            Some(Known::Nothing { tried, unsupported: not_supported }) => {
                unsupported |= not_supported;
                missing.push(format!("{}: {}", link.subject(), tried.join("; ")));
            }
            None => missing.push(format!("{}: nobody was asked", link.subject())),
        }
    }
    let source = match updates {
        None => AnswerSource::NonRevokable,
        Some((this_update, next_update)) => AnswerSource::Signed { this_update, next_update },
    };
    if !revoked.is_empty() {
        return RevocationAnswer::Revoked { what: revoked, source };
    }
    if !missing.is_empty() {
        return unknown(if unsupported { GapReason::NotBuilt } else { GapReason::NotRecorded }, missing.join("; "));
    }
    RevocationAnswer::NotRevoked { source }
}

fn in_words(link: &Link, state: &State) -> String {
    match state {
        State::Good => link.subject().to_owned(),
        State::Revoked { at, invalid_since, .. } => {
            let since = invalid_since.map(|since| format!(", invalid since {since}")).unwrap_or_default();
            format!("the certificate of {} (revoked at {at}, {}{since})", link.subject(), state.reason())
        }
    }
}
