//! Stage 1: what is deployed, or about to be. One file per source.
