//! Where layerproof and a tool say another thing of a case, and why.

use std::collections::BTreeMap;

/// What is said of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Accepted,
    Refused,
}

/// Cases that differ for one reason.
#[derive(Debug)]
pub struct Difference {
    /// Their names.
    pub cases: &'static [&'static str],
    /// What the tool says.
    pub tool: Says,
    /// Why, in one sentence.
    pub why: &'static str,
    /// What says which of the two is right.
    pub by: &'static str,
}

/// All of them.
pub static DIFFERENCES: &[Difference] = &[];

/// The difference of each case.
pub fn by_case() -> BTreeMap<&'static str, &'static Difference> {
    let mut found = BTreeMap::new();
    for difference in DIFFERENCES {
        for case in difference.cases {
            assert!(found.insert(*case, difference).is_none(), "{case} is listed twice");
        }
    }
    found
}
