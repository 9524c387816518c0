//! Size limits of pictures.

/// Shortest side of a picture, in pixels: the network's deepest layers halve a picture four times.
pub const MIN_SIDE: u32 = 16;

/// Maximum pixels of a picture.
pub const MAX_PIXELS: u64 = 200_000_000;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
