//! The file formats of Impasto beside plain pictures: recipes inside pictures, projects, time-lapses, contact
//! sheets and the cache of layer extracts.

pub mod explore;
pub mod extracts;
pub mod inputs;
pub mod known;
pub mod project;
pub mod recipe;
pub mod timelapse;
pub mod trust;
