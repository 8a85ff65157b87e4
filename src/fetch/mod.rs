//! Stage 2: bytes into the store. One file per kind of location.
