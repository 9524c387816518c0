//! Neural style transfer by optimising an image (Gatys, Ecker & Bethge, CVPR 2016).

pub mod objective;
pub mod picture;
pub mod run;
pub mod settings;
pub mod transfer;
