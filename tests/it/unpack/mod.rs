//! Stage 3: hostile and honest archives.

mod honest_zip;
