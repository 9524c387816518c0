//! Shapes of pictures and features.

/// Height, width and channels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub fn positions(self) -> usize {
        self.height * self.width
    }

    pub fn len(self) -> usize {
        self.positions() * self.channels
    }

    /// After a 2×2 pooling that drops incomplete windows.
    pub fn pooled(self) -> Self {
        Self { height: self.height / 2, width: self.width / 2, ..self }
    }
}
