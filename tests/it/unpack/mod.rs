//! Stage 3: hostile and honest archives.

mod build_zip;
mod honest_zip;
mod hostile_zip;
