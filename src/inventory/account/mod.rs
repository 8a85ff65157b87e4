//! What AWS answered about an account, whether it was asked now or recorded, and what that says is deployed.

pub mod call;
