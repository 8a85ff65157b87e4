//! The nouns that every stage shares. No I/O, and no import of another stage.

pub mod arn;
pub mod arn_pattern;
pub mod artifact;
pub mod attachment;
pub mod digest;
pub mod document;
pub mod function;
pub mod gap;
pub mod image_ref;
pub mod inventory;
pub mod layer;
pub mod media_type;
pub mod observed;
pub mod platform;
pub mod printable;
pub mod template;
