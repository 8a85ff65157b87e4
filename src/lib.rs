//! layerproof proves what runs in AWS Lambda: it hashes and unpacks layer zips and container images, verifies their signatures
//! against trust policies, and says which are mutable, unpinned, unsigned, shadowed or shared too widely.
//!
//! A stage of the flow is a folder, and imports run one way, from the top of this table down:
//!
//! | stage | module | what it does |
//! |---|---|---|
//! | – | [`model`] | the nouns; no I/O |
//! | – | [`clients`] | the network, and `--offline` |
//! | – | [`store`] | content-addressed blobs, cached analyses, scan history |
//! | 1 | [`inventory`] | what is deployed, or about to be |
//! | 2 | [`fetch`] | bytes into the store |
//! | 3 | [`unpack`] | hostile bytes to a file tree and anomalies |
//! | 4a | [`signature`] | signatures are found and judged |
//! | 4a | [`revocation`] | what was verified, and was revoked since |
//! | 4b | [`catalog`] | the packages, from the files themselves |
//! | 4 | [`evidence`] | all that is known of one artifact, and the gaps |
//! | 5 | [`finding`] | the vocabulary of findings |
//! | 5a | [`policy`] | evidence and a trust policy to decisions |
//! | 5b | [`check`] | evidence and decisions to findings |
//! | 6a | [`sbom`] | CycloneDX and SPDX documents, and what differs between two |
//! | 6b | [`report`] | one report, many formats |
//! | – | [`scan`] | the pipeline, read from top to bottom |
//! | – | [`cli`] | one file per subcommand |
//!
//! Left of [`evidence`] is I/O; right of it nothing touches the network, the clock or the disk.

// Test data is shared with the tests of the binary, which know this crate by its name.
#[cfg(test)]
extern crate self as layerproof;

pub mod catalog;
pub mod check;
pub mod cli;
pub mod clients;
pub mod evidence;
pub mod fetch;
pub mod finding;
pub mod inventory;
pub mod model;
pub mod policy;
pub mod report;
pub mod revocation;
pub mod sbom;
pub mod scan;
pub mod signature;
pub mod store;
pub mod unpack;
