//! From an authority's certificate to one of a trust store.

use crate::signature::x509::Certificate;

/// Certificates of one chain.
const MAX_LENGTH: usize = 8;

/// Signatures that are tried for one token: certificates of one name could be many.
const MAX_TRIES: usize = 64;

/// Leaf first, root last; the root is a self-signed certificate of `store`. Tokens may hold cross-signed certificates, so that more than one
/// may have issued another.
pub(super) fn find(leaf: &Certificate, others: &[Certificate], store: &[Vec<u8>]) -> Option<Vec<Certificate>> {
    let roots: Vec<Certificate> =
        store.iter().filter_map(|der| Certificate::parse_general(der, "trust store").ok()).filter(Certificate::is_self_signed).collect();
    let mut search = Search { others, roots: &roots, tries: 0 };
    let mut chain = vec![leaf];
    search.extend(&mut chain)?;
    Some(chain.into_iter().cloned().collect())
}

struct Search<'a> {
    others: &'a [Certificate],
    roots: &'a [Certificate],
    tries: usize,
}

impl<'a> Search<'a> {
    fn extend(&mut self, chain: &mut Vec<&'a Certificate>) -> Option<()>
    where
        Self: 'a,
    {
        let top = *chain.last()?;
        let (others, roots) = (self.others, self.roots);
        if let Some(root) = roots.iter().find(|root| self.issued(root, top)) {
            chain.push(root);
            return Some(());
        }
        if chain.len() >= MAX_LENGTH {
            return None;
        }
        for other in others {
            if chain.iter().any(|used| used.der == other.der) || !self.issued(other, top) {
                continue;
            }
            chain.push(other);
            if self.extend(chain).is_some() {
                return Some(());
            }
            chain.pop();
        }
        None
    }

    fn issued(&mut self, issuer: &Certificate, certificate: &Certificate) -> bool {
        if issuer.subject != certificate.issuer || self.tries >= MAX_TRIES {
            return false;
        }
        self.tries = self.tries.saturating_add(1);
        certificate.is_signed_by(issuer)
    }
}
