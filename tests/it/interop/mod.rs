//! The table of cases that the real cosign and Notation have judged (`testdata/signatures/verdicts.json`): on each of them layerproof says the
//! same, or `differences` says why it does not.

mod cases;
mod differences;
mod done;
mod notation;
mod page;
mod policy;
mod push;
mod registries;
mod table;
