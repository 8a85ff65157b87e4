//! The one integration test binary; its modules mirror `src/`.

mod check;
mod cli_explain;
mod report;
