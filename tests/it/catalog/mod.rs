//! Stage 4b: which files are read, and what becomes of what they say.

mod walk;
