//! The dialog about controllers: where to listen, whom to tell, which controller turns what.
#![cfg_attr(not(feature = "osc"), allow(unused_imports, reason = "the section of OSC is most of it"))]

use egui::{Context, Label, RichText, ScrollArea, TextEdit, Ui};

use crate::{
    ImpastoApp,
    entry::Entry,
    icons::Icon,
    theme::{self, Palette, space},
    widgets::{self, row, row_error, section},
};

impl ImpastoApp {
    /// The dialog, while it is open.
    pub(crate) fn remote_window(&mut self, ctx: &Context) {
        if !self.remote.open {
            return;
        }
        let modal = theme::modal(ctx, "remote control").show(ctx, |ui| {
            ui.set_width(430.0);
            ui.heading("Remote control");
            let room = ctx.content_rect().height() - 170.0;
            ScrollArea::vertical().max_height(room).show(ui, |ui| {
                self.osc_section(ui);
                self.midi_section(ui);
                self.controllers_section(ui);
            });
            ui.add_space(space::M);
            ui.button("Done").on_hover_text("Closes this dialog").clicked()
        });
        if modal.inner || modal.should_close() {
            self.remote.open = false;
        }
    }

    #[cfg(not(feature = "osc"))]
    fn osc_section(&mut self, ui: &mut Ui) {
        section(ui, "Open Sound Control");
        let text = "This build has no OSC support.";
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
    }

    #[cfg(feature = "osc")]
    fn osc_section(&mut self, ui: &mut Ui) {
        section(ui, "Open Sound Control");
        let remote = &mut self.remote;
        let tooltip = "Takes messages of Open Sound Control over UDP: from tablets, sequencers, other programs. Off until you switch it on.";
        row(ui, "Listen", tooltip, |ui| {
            widgets::checkbox(ui, "Listen for Open Sound Control", tooltip, &mut remote.settings.osc);
            ui.label(widgets::weak(ui, "at port"));
            let tooltip = "UDP port, 1024 to 65535; usual are 8000 and 9000";
            let mut port = f64::from(remote.settings.port);
            let drag = 1024.0..=65535.0;
            Entry {
                name: "Port",
                tooltip,
                drag,
                suffix: "",
                whole: true,
                width: 64.0,
                param: None,
                default: None,
            }
            .show(ui, &mut port);
            remote.settings.port = port.clamp(1.0, 65535.0) as u16;
        });
        let tooltip = "Takes messages from other machines too, not from this one alone";
        row(ui, "From others", tooltip, |ui| {
            widgets::checkbox(ui, "Take messages from other machines", tooltip, &mut remote.settings.wide);
            let text = RichText::new("anyone on your network can then control it").small();
            let color = if remote.settings.wide { Palette::of(ui).warn } else { Palette::of(ui).weak };
            ui.label(text.color(color));
        });
        let tooltip = "Host and port to which the faders' positions are sent, as 192.168.1.20:9001, so that those of a tablet follow; empty for none";
        row(ui, "Send to", tooltip, |ui| {
            let edit = TextEdit::singleline(&mut remote.settings.feedback)
                .hint_text("host:port (optional)")
                .desired_width(ui.available_width() - 8.0);
            ui.add(edit).accessible_name("Host and port to send to").on_hover_text(tooltip);
        });
        let trouble = remote.trouble.clone().or_else(|| remote.server.as_ref()?.feedback_error());
        if let Some(trouble) = trouble {
            row_error(ui, &widgets::sentence(&trouble));
        }
        let [taken, ignored] = remote.counts;
        let text = match &remote.server {
            None => "Not listening.".to_owned(),
            Some(server) => {
                let from = if remote.settings.wide { "0.0.0.0" } else { "127.0.0.1" };
                let port = server.port();
                format!("Listens at {from}:{port}. {taken} messages, {ignored} ignored.")
            }
        };
        ui.label(widgets::weak(ui, text));
        let text = "/impasto/beta with 0 to 1 moves that fader, /impasto/beta/value sets its value, /impasto/style/relu3_1 is a layer’s; /impasto/play, /pause, /restart, /save_moment, and /preset with a name. Any other address can be learnt: right-click a fader.";
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
    }

    fn midi_section(&mut self, ui: &mut Ui) {
        section(ui, "MIDI");
        let remote = &mut self.remote;
        let known = remote.ports.names();
        let gone = remote.settings.midi.iter().filter(|name| !known.contains(name)).cloned();
        let names: Vec<String> = known.iter().cloned().chain(gone).collect();
        if names.is_empty() {
            ui.label(widgets::weak(ui, "No device is there."));
        }
        for name in names {
            ui.horizontal(|ui| {
                let mut on = remote.settings.midi.contains(&name);
                let tooltip = "Listens to this device, and tells it where the faders go";
                widgets::checkbox(ui, &format!("Use the device {name}"), tooltip, &mut on);
                ui.label(&name);
                if !known.contains(&name) {
                    ui.label(widgets::weak(ui, "is not there"));
                }
                remote.settings.midi.retain(|other| *other != name);
                if on {
                    remote.settings.midi.push(name.clone());
                }
            });
        }
        remote.settings.midi.sort_unstable();
        for trouble in remote.ports.errors() {
            row_error(ui, &widgets::sentence(&trouble));
        }
        // On Linux devices that come and go are noticed.
        #[cfg(any(windows, target_os = "macos"))]
        if ui.button("Look again").on_hover_text("Looks for devices that were plugged in").clicked() {
            remote.ports.scan();
        }
    }

    fn controllers_section(&mut self, ui: &mut Ui) {
        section(ui, "Controllers");
        let (mapping, masks) = (&mut self.remote.mapping, &self.settings.masks);
        if let Some(param) = mapping.learning {
            ui.horizontal(|ui| {
                ui.label(format!("Move a controller: it will turn {}.", param.label_in(masks)));
                if ui.button("Cancel").on_hover_text("Learns nothing").clicked() {
                    mapping.learning = None;
                }
            });
        }
        if mapping.bindings.is_empty() && mapping.learning.is_none() {
            let text =
                "None is learnt. Right-click a fader, choose “Learn a controller…”, and move one of yours.";
            ui.add(Label::new(widgets::weak(ui, text)).wrap());
        }
        let mut unbound = None;
        for (source, param) in &mapping.bindings {
            ui.horizontal(|ui| {
                let tooltip = "Takes this controller from its fader";
                let name = format!("Forget {source}");
                if widgets::icon_button(ui, Icon::Close, &name, tooltip, true).clicked() {
                    unbound = Some(source.clone());
                }
                ui.label(param.label_in(masks));
                ui.add(Label::new(widgets::weak(ui, source.to_string())).truncate());
            });
        }
        if let Some(source) = unbound {
            mapping.bindings.remove(&source);
        }
    }
}
