//! Colours, type sizes and spacing of the window: quiet and strictly neutral, so that nothing tints the eye
//! beside the picture; one accent, for what plays.

use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Ui, Vec2,
};

use impasto_network::vgg::Layer;

/// Distances in points. Everything in the window keeps one of these from its neighbour.
pub mod space {
    pub const XS: f32 = 4.0;
    pub const S: f32 = 8.0;
    pub const M: f32 = 12.0;
    pub const L: f32 = 16.0;
    pub const XL: f32 = 24.0;
}

/// Height of a row of controls, in points.
pub const ROW: f32 = 26.0;
/// Corner radius of buttons, cards and fields.
pub const RADIUS: u8 = 4;

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind the picture.
    pub canvas: Color32,
    pub panel: Color32,
    /// The transport and the status line, a shade apart from the panels.
    pub bar: Color32,
    /// Wells: number fields, the plot, empty thumbnails.
    pub well: Color32,
    pub button: Color32,
    pub button_hover: Color32,
    /// The chosen entry of a list, selected text.
    pub chosen: Color32,
    pub line: Color32,
    /// What must be easy to find: the rail of a fader, the edge of a checkbox.
    pub rail: Color32,
    /// The travelled part of a rail.
    pub travelled: Color32,
    pub text: Color32,
    pub weak: Color32,
    /// Vermilion for fills under white text.
    pub accent_fill: Color32,
    pub accent_hover: Color32,
    /// Vermilion for lines and small marks.
    pub accent: Color32,
    pub warn: Color32,
    pub bad: Color32,
    pub good: Color32,
}

const DARK: Palette = Palette {
    canvas: Color32::from_gray(0x19),
    panel: Color32::from_gray(0x26),
    bar: Color32::from_gray(0x20),
    well: Color32::from_gray(0x1a),
    button: Color32::from_gray(0x36),
    button_hover: Color32::from_gray(0x43),
    chosen: Color32::from_gray(0x5a),
    line: Color32::from_gray(0x38),
    rail: Color32::from_gray(0x74),
    travelled: Color32::from_gray(0xc4),
    text: Color32::from_gray(0xdc),
    weak: Color32::from_gray(0xa0),
    accent_fill: Color32::from_rgb(0xcb, 0x45, 0x1f),
    accent_hover: Color32::from_rgb(0xcf, 0x48, 0x21),
    accent: Color32::from_rgb(0xf0, 0x72, 0x48),
    warn: Color32::from_rgb(0xe5, 0xb3, 0x4d),
    bad: Color32::from_rgb(0xf0, 0x6a, 0x6a),
    good: Color32::from_rgb(0x86, 0xc0, 0x7c),
};

const LIGHT: Palette = Palette {
    canvas: Color32::from_gray(0xc9),
    panel: Color32::from_gray(0xec),
    bar: Color32::from_gray(0xe2),
    well: Color32::from_gray(0xf9),
    button: Color32::from_gray(0xd9),
    button_hover: Color32::from_gray(0xcc),
    chosen: Color32::from_gray(0xb4),
    line: Color32::from_gray(0xc8),
    rail: Color32::from_gray(0x7e),
    travelled: Color32::from_gray(0x38),
    text: Color32::from_gray(0x20),
    weak: Color32::from_gray(0x54),
    accent_fill: Color32::from_rgb(0xc2, 0x3f, 0x1a),
    accent_hover: Color32::from_rgb(0xac, 0x35, 0x13),
    accent: Color32::from_rgb(0xb3, 0x38, 0x15),
    warn: Color32::from_rgb(0x8a, 0x5a, 0x00),
    bad: Color32::from_rgb(0xb0, 0x20, 0x20),
    good: Color32::from_rgb(0x2f, 0x70, 0x2a),
};

impl Palette {
    /// The palette of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> &'static Palette {
        Self::for_theme(if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light })
    }

    pub fn for_theme(theme: Theme) -> &'static Palette {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }

    /// Of words that are on what cannot be used now.
    pub fn faint(&self) -> Color32 {
        self.weak.gamma_multiply(0.8)
    }

    /// The colour of a layer's line: deep layers turn from ochre over green and blue to violet.
    pub fn layer(&self, layer: Layer) -> Color32 {
        // The paper's five are a block apart, so a block is a wide step and a layer inside it a narrow one.
        let block = (layer.block() - 1) as f32;
        let inside =
            Layer::ALL[..layer.index()].iter().filter(|other| other.block() == layer.block()).count();
        let hue = 0.11 + 0.145 * block + 0.03 * inside as f32;
        let dark = self.panel.r() < 0x80;
        let (saturation, mut value) = if dark { (0.68, 0.92) } else { (0.9, 0.55) };
        loop {
            let color = egui::ecolor::Hsva::new(hue, saturation, value, 1.0).into();
            // Ochre and green are light colours: on a light ground they are darker than the others.
            let seen =
                [self.panel, self.bar, self.well].iter().all(|ground| contrast(color, *ground) >= LINES);
            if seen || value < 0.1 {
                return color;
            }
            value -= 0.02;
        }
    }
}

/// Contrast that lines and marks need to their ground (WCAG 2.2, 1.4.11).
const LINES: f32 = 3.0;

/// Contrast of two opaque colours by WCAG 2.2, 1 to 21.
fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |color: Color32| {
        let color = egui::Rgba::from(color);
        0.2126 * color.r() + 0.7152 * color.g() + 0.0722 * color.b() + 0.05
    };
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

/// A question or a list over everything else.
pub fn modal(ctx: &Context, name: &'static str) -> egui::Modal {
    let palette = Palette::for_theme(ctx.theme());
    let frame = egui::Frame::new()
        .fill(palette.panel)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(8)
        .inner_margin(Margin::same(20));
    egui::Modal::new(egui::Id::unique(name)).frame(frame).backdrop_color(Color32::from_black_alpha(130))
}

/// Install the themes in a context.
pub fn install(ctx: &Context) {
    // The font for text lacks arrows and other signs that the one for numbers has.
    let mut fonts = egui::FontDefinitions::default();
    fonts.families.entry(FontFamily::Proportional).or_default().push("Hack".to_owned());
    ctx.set_fonts(fonts);
    ctx.style_mut_of(Theme::Dark, |style| apply(style, &DARK));
    ctx.style_mut_of(Theme::Light, |style| apply(style, &LIGHT));
}

/// Let lists scroll smoothly and carets blink, or not.
pub fn set_motion(ctx: &Context, less: bool) {
    let usual = Style::default();
    ctx.all_styles_mut(|style| {
        style.scroll_animation =
            if less { egui::style::ScrollAnimation::none() } else { usual.scroll_animation };
        style.visuals.text_cursor.blink = !less && usual.visuals.text_cursor.blink;
    });
}

fn apply(style: &mut Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, FontId::new(12.0, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(14.0, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(14.0, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(20.0, FontFamily::Proportional)),
        (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Monospace;

    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(space::S, space::XS);
    spacing.button_padding = Vec2::new(10.0, 4.0);
    spacing.interact_size = Vec2::new(28.0, ROW);
    spacing.slider_rail_height = 4.0;
    spacing.icon_width = 16.0;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.tooltip_width = 320.0;
    spacing.combo_width = 60.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
    spacing.scroll.bar_width = 8.0;
    spacing.scroll.dormant_background_opacity = 0.0;
    spacing.scroll.foreground_color = true;
    spacing.scroll.dormant_handle_opacity = 0.22;
    spacing.scroll.active_handle_opacity = 0.4;
    spacing.scroll.interact_handle_opacity = 0.6;
    spacing.scroll.fade.strength = 0.0;

    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.explanation_tooltips = false;
    style.animation_time = 0.0;

    let visuals = &mut style.visuals;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.extreme_bg_color = palette.well;
    visuals.faint_bg_color = palette.bar;
    visuals.weak_text_color = Some(palette.weak);
    visuals.warn_fg_color = palette.warn;
    visuals.error_fg_color = palette.bad;
    visuals.hyperlink_color = palette.accent;
    // Neutral: what is chosen is no call to action.
    visuals.selection.bg_fill = palette.chosen;
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Rect { aspect_ratio: 0.5 };
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.indent_has_left_vline = false;

    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(RADIUS);
        widget.expansion = 0.0;
        widget.fg_stroke = Stroke::new(1.0, palette.text);
        widget.bg_stroke = Stroke::NONE;
    }
    widgets.noninteractive.bg_fill = palette.panel;
    widgets.noninteractive.weak_bg_fill = palette.panel;
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.line);
    widgets.inactive.bg_fill = palette.button;
    widgets.inactive.weak_bg_fill = palette.button;
    for widget in [&mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        widget.bg_fill = palette.button_hover;
        widget.weak_bg_fill = palette.button_hover;
    }
    // What has the keyboard's focus is drawn as active: an outline that no mouse state has.
    widgets.active.bg_stroke = Stroke::new(1.0, palette.accent);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hand_must_find_stands_out() {
        for palette in [&DARK, &LIGHT] {
            for ground in [palette.panel, palette.bar] {
                assert!(contrast(palette.rail, ground) >= 3.0, "{}", contrast(palette.rail, ground));
                assert!(contrast(palette.travelled, ground) >= 3.0);
                assert!(contrast(palette.weak, ground) >= 4.5 && contrast(palette.text, ground) >= 7.0);
            }
            assert!(contrast(palette.travelled, palette.rail) >= 1.9);
        }
    }

    #[test]
    fn what_cannot_be_used_can_still_be_read() {
        for palette in [&DARK, &LIGHT] {
            for ground in [palette.panel, palette.bar, palette.button] {
                let seen = contrast(ground.blend(palette.faint()), ground);
                assert!(seen >= LINES, "on {ground:?}: {seen}");
            }
        }
    }

    #[test]
    fn every_text_and_every_line_of_a_chart_can_be_read() {
        const TEXTS: f32 = 4.5;
        for palette in [&DARK, &LIGHT] {
            for ground in [palette.canvas, palette.panel, palette.bar, palette.well, palette.button] {
                for text in [palette.text, palette.weak] {
                    assert!(
                        contrast(text, ground) >= TEXTS,
                        "{text:?} on {ground:?}: {}",
                        contrast(text, ground)
                    );
                }
            }
            for ground in [palette.panel, palette.bar, palette.well] {
                for text in [palette.accent, palette.warn, palette.bad, palette.good] {
                    assert!(
                        contrast(text, ground) >= TEXTS,
                        "{text:?} on {ground:?}: {}",
                        contrast(text, ground)
                    );
                }
                for &layer in &Layer::ALL {
                    let line = palette.layer(layer);
                    assert!(
                        contrast(line, ground) >= LINES,
                        "{layer} on {ground:?}: {}",
                        contrast(line, ground)
                    );
                }
            }
            for fill in [palette.accent_fill, palette.accent_hover] {
                assert!(
                    contrast(Color32::WHITE, fill) >= TEXTS,
                    "{fill:?}: {}",
                    contrast(Color32::WHITE, fill)
                );
            }
        }
        assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 0.01);
    }
}
