//! How much a document may ask for.

/// Bytes of one input. Kubernetes refuses objects above 3 MB; a file of many of them is smaller
/// than this by an order of magnitude.
pub const INPUT_BYTES_MAX: usize = 64 << 20;

/// Collections inside one another. Go stops at 10,000; nothing that a person wrote comes near
/// this, and whoever walks the tree afterwards may recurse.
pub const DEPTH_MAX: usize = 256;

/// Bytes of scalars and keys that aliases may copy in one document. The number of nodes is bounded
/// as Go bounds it, but a few of them could each copy a megabyte.
pub const ALIAS_BYTES_MAX: usize = 64 << 20;
