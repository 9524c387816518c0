//! What Impasto writes and reads beside plain pictures: recipes inside pictures, projects, time-lapses, contact sheets and
//! the cache of what single layers hold.

pub mod explore;
pub mod extracts;
pub mod inputs;
pub mod project;
pub mod recipe;
pub mod timelapse;
pub mod trust;
