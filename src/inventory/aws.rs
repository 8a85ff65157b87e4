//! Asks live accounts.
