//! Stage 3: hostile and honest archives.

pub(crate) mod build_image;
pub(crate) mod build_zip;
mod directory;
mod honest_zip;
mod hostile_zip;
mod image;
mod image_limits;
mod image_tree;
mod opt_overlay;
