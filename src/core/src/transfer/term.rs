//! Which terms the objective has, and how they count.

use std::{fmt, str::FromStr};

use crate::settings::{GlobalTerm, Settings};
use impasto_network::vgg::Layer;

/// One term of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    Content(Layer),
    Style(Layer),
    /// One with a weight for the whole of it.
    Global(GlobalTerm),
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Content(layer) => write!(f, "content/{layer}"),
            Term::Style(layer) => write!(f, "style/{layer}"),
            Term::Global(term) => term.fmt(f),
        }
    }
}

impl FromStr for Term {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some(("content", layer)) => layer.parse().map(Term::Content),
            Some(("style", layer)) => layer.parse().map(Term::Style),
            Some(_) => Err(format!("{text:?} is no term")),
            None => text.parse().map(Term::Global),
        }
    }
}

impl Term {
    /// The factor that the objective gives this term: α·w, β·w or its one weight, with mute and solo worked out.
    pub fn weight(self, heard: &Settings) -> f64 {
        match self {
            Term::Content(layer) => heard.content_weight * heard.content_layers.get(layer).unwrap_or(0.0),
            Term::Style(layer) => heard.style_weight * heard.style_layers.get(layer).unwrap_or(0.0),
            Term::Global(term) => term.weight(heard),
        }
    }

    /// The part of the term that one value of its own is: a global term is the mean over its layers, with a value for each.
    pub fn share(self) -> f64 {
        match self {
            Term::Global(term) => 1.0 / term.info().layers.len().max(1) as f64,
            _ => 1.0,
        }
    }

    /// The terms that count in these settings, mute and solo worked out: content, style, those with one weight.
    pub fn heard(heard: &Settings) -> impl Iterator<Item = Term> {
        let content = heard.content_layers.layers().map(Term::Content);
        let style = heard.style_layers.layers().map(Term::Style);
        let global = GlobalTerm::ALL.iter().copied().map(Term::Global);
        content.chain(style).chain(global).filter(|term| term.weight(heard) > 0.0)
    }
}
