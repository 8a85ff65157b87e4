//! `any`, `all` and `at_least` over what came of each listed authority.

use std::collections::BTreeMap;

use super::authority::{Found, Signer};
use crate::policy::schema::Quantity;

/// What came of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tally {
    /// Met, by these candidates.
    Met(Vec<usize>),
    /// Could be met, were all known.
    Undecided,
    /// Not met. The number of authorities that distinct signers meet, and the number that is needed.
    Refused {
        /// Met.
        met: usize,
        /// Needed.
        needed: usize,
    },
}

/// Counts listed authorities that are met by distinct signers with distinct signatures (DESIGN §4 rule 2).
///
/// Undecided needs more than a gap (rule 5): either the right signer up to the right root, with only another aspect unknown, or
/// that no listed authority is refused. So an authority that this version cannot look at never lifts another's refusal.
pub(super) fn tally(quantity: Quantity, found: &[Found]) -> Tally {
    let needed = quantity.needed(found.len());
    let met = assign(&found.iter().map(|f| f.met.iter().collect()).collect::<Vec<_>>());
    if needed > 0 && met.len() >= needed {
        return Tally::Met(met);
    }
    let potential = assign(&found.iter().map(|f| f.met.iter().chain(&f.unproven).collect()).collect::<Vec<_>>());
    let unseen = found.iter().filter(|f| f.is_unseen()).count();
    let nobody_refused = !found.iter().any(Found::is_refused);
    if needed > 0 && (potential.len() >= needed || (nobody_refused && potential.len() + unseen >= needed)) {
        return Tally::Undecided;
    }
    Tally::Refused { met: met.len(), needed }
}

/// The largest assignment of authorities to signers in which no signer and no signature stands twice: Kuhn's augmenting paths over
/// authorities and signers, so that a greedy choice never miscounts. Gives the candidates used.
fn assign(authorities: &[Vec<&Signer>]) -> Vec<usize> {
    let names = names(authorities);
    let name = |signer: &Signer| names.get(signer.signer_key.as_str()).copied().unwrap_or_default();
    // A signature value that two signers claim is one signature; the first claim counts.
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for signer in authorities.iter().flatten() {
        owner.entry(&signer.signature_id).or_insert(name(signer));
    }
    let edges: Vec<BTreeMap<&str, usize>> = authorities
        .iter()
        .map(|signers| {
            let mut by_signer = BTreeMap::new();
            for signer in signers.iter().filter(|s| owner.get(s.signature_id.as_str()) == Some(&name(s))) {
                by_signer.entry(name(signer)).or_insert(signer.candidate);
            }
            by_signer
        })
        .collect();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for authority in 0..edges.len() {
        let mut visited = Vec::new();
        augment(authority, &edges, &mut taken, &mut visited);
    }
    taken.iter().filter_map(|(signer, authority)| edges.get(*authority)?.get(signer).copied()).collect()
}

/// One name for each signer, by `signer_key`: those that hold one key are one, whatever names that key, and so are those that are one with
/// one of them. Each turn makes a name smaller, or ends.
fn names<'s>(authorities: &[Vec<&'s Signer>]) -> BTreeMap<&'s str, &'s str> {
    let all = || authorities.iter().flatten().copied();
    let mut names: BTreeMap<&str, &str> = all().map(|signer| (signer.signer_key.as_str(), signer.signer_key.as_str())).collect();
    loop {
        let mut least: BTreeMap<&str, &str> = BTreeMap::new();
        for signer in all() {
            let (Some(key), Some(name)) = (&signer.lasting_key, names.get(signer.signer_key.as_str())) else { continue };
            least.entry(key).and_modify(|least| *least = (*least).min(name)).or_insert(name);
        }
        let mut changed = false;
        for signer in all() {
            let least = signer.lasting_key.as_ref().and_then(|key| least.get(key.as_str()));
            if let (Some(least), Some(name)) = (least, names.get_mut(signer.signer_key.as_str()))
                && *least < *name
            {
                *name = least;
                changed = true;
            }
        }
        if !changed {
            return names;
        }
    }
}

/// Finds a signer for `authority`, moving others to another signer of theirs where that makes room. The depth is at most the
/// number of signers, each of which is visited once.
fn augment<'s>(
    authority: usize,
    edges: &[BTreeMap<&'s str, usize>],
    taken: &mut BTreeMap<&'s str, usize>,
    visited: &mut Vec<&'s str>,
) -> bool {
    let Some(signers) = edges.get(authority) else { return false };
    for signer in signers.keys() {
        if visited.contains(signer) {
            continue;
        }
        visited.push(signer);
        let free = match taken.get(signer).copied() {
            None => true,
            Some(other) => augment(other, edges, taken, visited),
        };
        if free {
            taken.insert(signer, authority);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::*;
    use crate::policy::decision::ReasonCode;

    fn signer(key: &str, signature: &str) -> Signer {
        let candidate = signature.bytes().map(usize::from).sum();
        Signer { signature_id: signature.into(), signer_key: key.into(), lasting_key: None, candidate }
    }

    fn met<const N: usize>(signers: [&Signer; N]) -> Found {
        Found { met: signers.map(Clone::clone).to_vec(), ..Found::default() }
    }

    fn unproven(signer: &Signer) -> Found {
        Found { unproven: vec![signer.clone()], causes: vec![Cause::undecided(ReasonCode::RevocationUnknown, "x")], ..Found::default() }
    }

    fn refused() -> Found {
        Found { causes: vec![Cause::refuse(ReasonCode::Unsigned, "x")], ..Found::default() }
    }

    fn unseen() -> Found {
        Found { causes: vec![Cause::undecided(ReasonCode::NotBuilt, "x")], ..Found::default() }
    }

    fn count(tally: Tally) -> &'static str {
        match tally {
            Tally::Met(_) => "met",
            Tally::Undecided => "undecided",
            Tally::Refused { .. } => "refused",
        }
    }

    #[test]
    fn one_signer_does_not_count_twice_under_all() {
        let (a1, a2, b) = (signer("a", "1"), signer("a", "2"), signer("b", "3"));
        assert_eq!(tally(Quantity::All, &[met([&a1]), met([&a2])]), Tally::Refused { met: 1, needed: 2 });
        assert_eq!(count(tally(Quantity::All, &[met([&a1]), met([&b])])), "met");
    }

    #[test]
    fn signers_that_hold_one_key_are_one_also_by_way_of_a_third() {
        let with = |key: &str, signature: &str, lasting: &str| Signer { lasting_key: Some(lasting.into()), ..signer(key, signature) };
        let (a, b, c) = (with("a", "1", "k1"), with("b", "2", "k2"), with("c", "3", "k3"));
        assert_eq!(count(tally(Quantity::All, &[met([&a]), met([&b]), met([&c])])), "met");
        let (b1, b2) = (with("b", "2", "k1"), with("b", "4", "k3"));
        assert_eq!(tally(Quantity::All, &[met([&a]), met([&b1])]), Tally::Refused { met: 1, needed: 2 });
        assert_eq!(tally(Quantity::All, &[met([&c]), met([&a]), met([&b1, &b2])]), Tally::Refused { met: 1, needed: 3 });
    }

    #[test]
    fn one_signature_does_not_count_twice_under_at_least() {
        let (a, b) = (signer("a", "1"), signer("b", "1"));
        assert_eq!(count(tally(Quantity::AtLeast(2), &[met([&a]), met([&b])])), "refused");
    }

    #[test]
    fn one_authority_met_twice_is_one_of_the_listed() {
        let (a, b) = (signer("a", "1"), signer("b", "2"));
        assert_eq!(count(tally(Quantity::AtLeast(2), &[met([&a, &b]), refused(), refused()])), "refused");
    }

    #[test]
    fn a_greedy_choice_does_not_miscount() {
        // The first authority could take either; the others each need one of them.
        let (a, b, c) = (signer("a", "1"), signer("b", "2"), signer("c", "3"));
        let found = [met([&a, &b, &c]), met([&a]), met([&a, &b])];
        assert_eq!(count(tally(Quantity::All, &found)), "met");
    }

    #[test]
    fn an_authority_that_cannot_be_looked_at_never_lifts_a_refusal() {
        assert_eq!(count(tally(Quantity::Any, &[refused(), unseen()])), "refused");
        assert_eq!(count(tally(Quantity::AtLeast(1), &[refused(), unseen()])), "refused");
        assert_eq!(count(tally(Quantity::All, &[refused(), unseen()])), "refused");
        assert_eq!(count(tally(Quantity::AtLeast(2), &[met([&signer("a", "1")]), unseen(), refused()])), "refused");
    }

    #[test]
    fn nothing_that_could_be_looked_at_is_undecided_and_never_met() {
        assert_eq!(count(tally(Quantity::Any, &[unseen()])), "undecided");
        assert_eq!(count(tally(Quantity::Any, &[unseen(), unseen()])), "undecided");
        assert_eq!(count(tally(Quantity::All, &[met([&signer("a", "1")]), unseen()])), "undecided");
        assert_eq!(tally(Quantity::Any, &[]), Tally::Refused { met: 0, needed: 1 });
        assert_eq!(tally(Quantity::All, &[]), Tally::Refused { met: 0, needed: 0 });
    }

    #[test]
    fn a_verified_signer_with_an_unknown_aspect_is_undecided_beside_a_refusal() {
        let a = signer("a", "1");
        assert_eq!(count(tally(Quantity::Any, &[unproven(&a), refused()])), "undecided");
        assert_eq!(count(tally(Quantity::All, &[unproven(&a), refused()])), "refused");
        // The same signer for both can never become two.
        assert_eq!(count(tally(Quantity::All, &[unproven(&a), met([&a])])), "refused");
    }
}
