//! Stage 6a: SBOM documents, and what differs between two. Pure: a catalog in, bytes out.
