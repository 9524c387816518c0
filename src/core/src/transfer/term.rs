//! The terms of the objective and their weights.

use std::{fmt, str::FromStr};

use crate::settings::{GlobalTerm, Settings};
use impasto_network::vgg::Layer;

/// One term of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    Content(Layer),
    Style(Layer),
    /// A term with one weight.
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
    /// The term's factor in the objective: α·w, β·w or its single weight, with mute and solo applied.
    pub fn weight(self, effective: &Settings) -> f64 {
        match self {
            Term::Content(layer) => {
                effective.content_weight * effective.content_layers.get(layer).unwrap_or(0.0)
            }
            Term::Style(layer) => effective.style_weight * effective.style_layers.get(layer).unwrap_or(0.0),
            Term::Global(term) => term.weight(effective),
        }
    }

    /// Share of one of its values in the term: a global term is the mean over the values of its layers.
    pub fn share(self) -> f64 {
        match self {
            Term::Global(term) => 1.0 / term.info().layers.len().max(1) as f64,
            _ => 1.0,
        }
    }

    /// The terms with a positive weight in effective settings: content, style, those with one weight.
    pub fn active(effective: &Settings) -> impl Iterator<Item = Term> {
        let content = effective.content_layers.layers().map(Term::Content);
        let style = effective.style_layers.layers().map(Term::Style);
        let global = GlobalTerm::ALL.iter().copied().map(Term::Global);
        content.chain(style).chain(global).filter(|term| term.weight(effective) > 0.0)
    }
}
