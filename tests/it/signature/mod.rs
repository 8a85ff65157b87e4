//! Stage 4a.

mod forged;
