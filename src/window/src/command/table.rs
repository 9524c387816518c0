//! The table of commands, tabs and pages. To add one: a row here.

use egui::{
    Key::{self, *},
    KeyboardShortcut, Modifiers, Ui, ViewportCommand,
};
use serde::{Deserialize, Serialize};

use super::Row;
use crate::{ImpastoApp, compare::Mode, icons::Icon, slot::Target};
use impasto_core::settings::RegionRole;
use impasto_engine::session::LevelCommand;

/// What draws a panel.
type Draw = fn(&mut ImpastoApp, &mut Ui);

/// Makes the commands and their table of rows, the tabs below the painting and the pages. Under each heading
/// of the help: a name, a text, what its tab or door says if that is shorter, an icon, keys and the tooltip;
/// then for a command when it can be used, if not always, and what it does, for a tab what stands beside the
/// tabs, if anything, and what is below them, and for a page what it shows.
macro_rules! commands {
    ($($group:literal { $(
        $name:ident $text:literal $(($label:literal))? $icon:ident [$($key:expr),*]
            $tooltip:literal $(if $available:expr)? => $run:expr;
    )* } $(tabs { $(
        $tab:ident $tab_text:literal $(($tab_label:literal))? $tab_icon:ident [$($tab_key:expr),*]
            $tab_tooltip:literal $(beside $header:expr)? => $below:expr;
    )* })? $(pages { $(
        $page:ident $page_text:literal $(($page_label:literal))? $page_icon:ident [$($page_key:expr),*]
            $page_tooltip:literal => $contents:expr;
    )* })? )*) => {
        /// An order of the person at the window.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Command { $($($name,)* $($($tab,)*)? $($($page,)*)?)* }

        impl Command {
            /// In the order of the help.
            pub const ALL: [Command; ROWS.len()] =
                [$($(Command::$name,)* $($(Command::$tab,)*)? $($(Command::$page,)*)?)*];
        }

        /// What the panel below the painting shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Tab { $($($($tab,)*)?)* }

        impl Tab {
            pub const ALL: &[Tab] = &[$($($(Tab::$tab,)*)?)*];

            /// The command that shows it.
            pub fn command(self) -> Command {
                match self { $($($(Tab::$tab => Command::$tab,)*)?)* }
            }

            /// Draw what stands beside the tabs.
            pub fn header(self) -> Draw {
                match self { $($($(Tab::$tab => commands!(@header $($header)?),)*)?)* }
            }

            pub fn contents(self) -> Draw {
                match self { $($($(Tab::$tab => $below,)*)?)* }
            }
        }

        /// What the middle of the window shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Page { $($($($page,)*)?)* }

        impl Page {
            pub const ALL: &[Page] = &[$($($(Page::$page,)*)?)*];

            /// The command that shows it.
            pub fn command(self) -> Command {
                match self { $($($(Page::$page => Command::$page,)*)?)* }
            }

            pub fn contents(self) -> Draw {
                match self { $($($(Page::$page => $contents,)*)?)* }
            }
        }

        pub(super) const ROWS: &[Row] = &[$(
            $(Row {
                group: $group,
                text: $text,
                label: commands!(@label $text $($label)?),
                tooltip: $tooltip,
                icon: Icon::$icon,
                keys: &[$($key),*],
                available: commands!(@available $($available)?),
                run: $run,
            },)*
            $($(Row {
                group: $group,
                text: $tab_text,
                label: commands!(@label $tab_text $($tab_label)?),
                tooltip: $tab_tooltip,
                icon: Icon::$tab_icon,
                keys: &[$($tab_key),*],
                available: |_| true,
                run: |app, ctx| app.toggle_tab(ctx, Tab::$tab),
            },)*)?
            $($(Row {
                group: $group,
                text: $page_text,
                label: commands!(@label $page_text $($page_label)?),
                tooltip: $page_tooltip,
                icon: Icon::$page_icon,
                keys: &[$($page_key),*],
                available: |_| true,
                run: |app, _| app.toggle_page(Page::$page),
            },)*)?
        )*];
    };
    (@available) => { |_| true };
    (@available $available:expr) => { $available };
    (@header) => { |_, _| {} };
    (@header $header:expr) => { $header };
    (@label $text:literal) => { $text };
    (@label $text:literal $label:literal) => { $label };
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shift(key: KeyboardShortcut) -> KeyboardShortcut {
    KeyboardShortcut::new(key.modifiers.plus(Modifiers::SHIFT), key.logical_key)
}

const fn alt(key: KeyboardShortcut) -> KeyboardShortcut {
    KeyboardShortcut::new(key.modifiers.plus(Modifiers::ALT), key.logical_key)
}

commands! {
"Painting" {
    PlayPause "Play or pause" Play [plain(Space)]
        "Paints, or pauses the painting as it is; nothing is lost"
        if |app| app.can_play() => |app, _| app.play_or_pause();
    Step "Single step" Step [plain(Period)]
        "Paints one step, then pauses"
        if |app| app.is_ready() && app.steps_left() => |app, _| app.single_step();
    Stop "Stop" Stop []
        "Ends the run; the picture stays and can be saved"
        if |app| app.can_stop() => |app, _| app.stop();
    Restart "Restart" Restart [plain(R)]
        "Starts over from the initial image"
        if |app| app.is_ready() => |app, _| app.restart();
    LargerSize "Next larger size" Up [plain(PageUp)]
        "Goes on at the next larger size of the pyramid, now"
        if |app| app.run.alive() && app.run.place().level + 1 < app.run.place().levels
        => |app, _| app.order_level(LevelCommand::Climb);
    SmallerSize "Next smaller size" Down [plain(PageDown)]
        "Goes back to the next smaller size of the pyramid and stays there: changes show sooner, and the fine detail comes back on the way up"
        if |app| app.run.alive() && app.run.place().level > 0
        => |app, _| app.order_level(LevelCommand::Drop);
    StaySize "Stay at this size" Hold [plain(H)]
        "Stays at this size of the pyramid, or follows the schedule again"
        => |app, _| {
            let held = app.run.place().held;
            app.order_level(if held { LevelCommand::Release } else { LevelCommand::Hold });
        };
} pages {
    Painting "Painting" Pen []
        "The painting, and what belongs to it"
        => |app, ui| app.painting_page(ui);
}

"Changes" {
    Undo "Undo" Undo [ctrl(Z)]
        "Undoes the last change; painting continues"
        if |app| app.undo.undoes().is_some() || !app.problems.is_empty() => |app, _| app.undo();
    Redo "Redo" Redo [shift(ctrl(Z)), ctrl(Y)]
        "Redoes the last undone change"
        if |app| app.undo.redoes().is_some() => |app, _| app.redo();
    History "History" History [ctrl(H)]
        "Lists every change; a click goes to it"
        => |app, _| app.undo.shown = !app.undo.shown;
    ResetMix "Reset the mix" Restart []
        "Sets all of the mix to its default values: weights, mute and solo, balance, colours, and how the styles count"
        => |app, _| app.reset_mix();
    Randomize "Randomize the mix" Dice [plain(T)]
        "Varies the current mix by this amount; same seed, same result. What is muted, 0 or locked stays"
        => |app, _| app.randomize();
    Mixes "Mixes and morph" Link [plain(M)]
        "Shows or hides the row with the mixes A to H, the morph between two and Randomize"
        => |app, _| app.view.layout.mixes = !app.view.layout.mixes;
    AddRegion "Add a region" Plus []
        "Another part of the picture, to draw; everything about it can be changed while it paints"
        => |app, _| {
            app.show_tab(Tab::Regions);
            app.add_region();
        };
    FreezeBrush "Freeze brush" Lock []
        "Paints on what is to stay as it is painted, to the last bit: on a region that freezes"
        => |app, _| app.take_role_brush(RegionRole::Freeze);
    PhotographBrush "Photograph brush" Mask []
        "Paints the photograph back, over the painting: on a region that keeps it"
        => |app, _| app.take_role_brush(RegionRole::Keep);
    Record "Record the faders" Record []
        "Writes what you do to the faders down as keyframes, until it is pressed again; restart plays them"
        => |app, _| app.toggle_recording();
    Remote "Remote control…" ("Remote") Faders []
        "Lets controllers outside move the faders: over the network (Open Sound Control), or by MIDI"
        => |app, _| app.remote.open = !app.remote.open;
} tabs {
    Losses "Losses" Wave []
        "How the terms of the objective fall"
        => |app, ui| app.plot_ui(ui);
    Filmstrip "Filmstrip" History []
        "Everything that was painted, to look at again and to go on from"
        beside |app, ui| app.film_header(ui) => |app, ui| app.film_strip(ui);
    Automation "Automation" Wave [plain(A)]
        "What moves by itself while it paints: oscillators and keyframes on any fader"
        beside |app, ui| app.edit(ui, |app, ui| app.automation_header(ui))
        => |app, ui| app.edit(ui, |app, ui| app.automation_panel(ui));
    Mixer "Mixer below the painting" ("Mixer") Faders []
        "Every fader side by side in the panel below the painting"
        => |app, ui| app.live(ui, |app, ui| app.mixer_tab(ui));
    Regions "Regions and maps" ("Regions") Split []
        "Parts of the picture with styles and a strength of their own, frozen parts, and maps of strength, in the panel below the painting"
        beside |app, ui| app.regions_header(ui)
        => |app, ui| app.live(ui, |app, ui| app.regions_tab(ui));
}

"Files" {
    OpenContent "Open content…" Open [ctrl(O)]
        "Opens the picture whose shapes are kept"
        => |app, _| app.ask_for_picture(Target::Content);
    OpenStyle "Open style…" Open [shift(ctrl(O))]
        "Opens the picture whose strokes and colours are taken"
        => |app, _| app.ask_for_picture(Target::Style);
    Swap "Swap content and style" Swap []
        "Makes the content the style and the first style the content"
        if |app| app.pictures.content.picture.is_some() || app.pictures.styles[0].picture.is_some() => |app, _| app.swap();
    FollowFiles "Follow files" Restart []
        "Content, styles and palette follow their files: what another program saves, such as Krita or Photoshop, fades into the painting within a second"
        => |app, _| app.toggle_following();
    // The picture comes as an event, like that of the keys.
    Paste "Paste picture" Copy [ctrl(V)]
        "Puts the clipboard's picture into the slot under the pointer, or asks which one is meant"
        => |_, ctx| ctx.send_viewport_cmd(ViewportCommand::RequestPaste);
    Save "Save…" Save [ctrl(S)]
        "Saves the picture as it is now: PNG, JPEG, WebP or TIFF"
        if |app| app.view.canvas.picture().is_some() => |app, _| app.ask_to_save();
    SaveMoment "Save this moment" Save [alt(ctrl(S))]
        "Saves the picture as it is now, with its recipe, beside the one saved last and under the next free name, without asking"
        => |app, _| app.save_moment();
    Copy "Copy picture" Copy [ctrl(C)]
        "Puts the picture as it is now on the clipboard"
        if |app| app.view.canvas.picture().is_some() => |app, ctx| app.copy_picture(ctx);
    CopyCommandLine "Copy as command line" Copy []
        "Puts the impasto render command on the clipboard that paints this picture without the window"
        => |app, ctx| app.copy_command_line(ctx);
    ToggleRecipe "Recipe in saved pictures" Save []
        "Saved pictures carry their settings and the names of their sources' files, without folders, so that they can be painted again; switch it off before you pass a picture on if that is nobody's business"
        => |app, _| app.toggle_recipe();
    ToggleThumbnails "Thumbnails in recipes" Save []
        "Puts small copies of the source pictures into the recipe, which stand in for those that cannot be found"
        => |app, _| app.toggle_thumbnails();
    OpenProject "Open project…" Open []
        "Opens a painting with its pictures, settings and losses, as it was saved"
        => |app, _| app.ask_for_project();
    SaveProject "Save project" Save [shift(ctrl(S))]
        "Saves the painting with its pictures, settings and losses in one file, to go on with it later or elsewhere: its own file, if it has one"
        => |app, _| app.save_project();
    SaveProjectAs "Save project as…" Save [alt(shift(ctrl(S)))]
        "Saves the painting with all that belongs to it in another file, which is its own from then on"
        => |app, _| app.ask_to_save_project();
    OpenLast "Last painting" Restart []
        "Brings back the painting of the window that was closed last"
        => |app, _| app.open_last();
}

"Time machine" {
    Earlier "Earlier moment" Up [plain(OpenBracket)]
        "Shows the painting as it was, one moment of the filmstrip back"
        => |app, ctx| app.browse_moments(ctx, -1);
    Later "Later moment" Down [plain(CloseBracket)]
        "One moment of the filmstrip on"
        => |app, ctx| app.browse_moments(ctx, 1);
    Now "Back to now" Step [plain(End)]
        "Shows the painting as it is"
        if |app| app.view.film.view().is_some() => |app, ctx| app.look_at(ctx, None);
    Pin "Pin this moment" Pin [plain(P)]
        "Keeps the moment that is shown, with its settings, in the filmstrip and in projects, to compare with and to return to; once more: no longer"
        if |app| app.view.canvas.picture().is_some() => |app, ctx| app.pin(ctx);
    Branch "Go on from this moment" Play [plain(B)]
        "Goes on painting from the moment that is looked at: picture and settings return, and what was painted since stays in the filmstrip"
        if |app| app.view.film.view().is_some() => |app, _| app.go_on_from_view();
    Timelapse "Export a time-lapse…" ("Time-lapse") Save []
        "Makes a film of how the picture was painted: GIF, WebP, animated PNG, MP4 or WebM"
        if |app| !app.view.film.timeline.is_empty() => |app, _| app.ask_for_timelapse();
}

"Looking" {
    Fit "Fit to window" Fit [plain(F)]
        "Shows the whole picture (also: double-click on it)"
        => |app, _| app.view.canvas.fit();
    ActualSize "Actual pixels" Fit [plain(Num1)]
        "One pixel of the picture on one pixel of the screen"
        => |app, _| app.view.canvas.actual_size();
    Split "Compare: split" Split [plain(S)]
        "The painting and another picture on one canvas, with a line between them to drag and turn"
        => |app, _| app.view.compare.toggle(Mode::Split);
    Sides "Compare: side by side" Sides [plain(D)]
        "The painting and another picture side by side, zoomed and moved together"
        => |app, _| app.view.compare.toggle(Mode::Sides);
    Wrap "Tile the picture" Wrap [plain(W)]
        "The painting with its copies around it: do its edges fit?"
        => |app, _| app.view.compare.toggle(Mode::Wrap);
    Flip "Show the other picture" Flip [plain(X)]
        "The other picture in the painting's place, or the painting again"
        => |app, _| app.view.compare.flipped = !app.view.compare.flipped;
    CompareNext "Compare with the next" Flip [plain(N)]
        "Takes the next picture to compare with: content, style, pinned moments"
        => |app, _| app.compare_with_next();
    Lab "Layer lab" ("Lab") Lab [plain(L)]
        "Shows what one layer sees: its Gram matrix beside the style's, its feature maps, and where in the picture it pulls"
        => |app, _| app.toggle_lab();
    ToggleExtracts "Layer pictures in the mixer" Lab []
        "Shows in each strip what its layer alone holds of the style or the content; made while painting rests, and kept for the next time"
        => |app, _| app.view.layout.extracts = !app.view.layout.extracts;
    ExtractNow "Make the layer pictures now" Lab []
        "Makes the pictures of what the layers hold although it paints; painting is slower until they are there"
        => |app, _| app.extract_at_once();
    SaveFigure "Save the layers’ figure…" Save []
        "Saves one figure of what five layers each hold of the style and of the content"
        => |app, _| app.ask_to_save_figure();
}

"Showing" {
    Fullscreen "Full screen, picture alone" ("Show") Fit [plain(F11)]
        "The picture alone on the whole screen; escape leaves it"
        => |app, ctx| app.toggle_fullscreen(ctx);
    Info "Info overlay" ("Show") Fit [plain(I)]
        "Shows over the picture what it is painted from, and how: on the full screen, else in the second window"
        => |app, _| app.toggle_info();
    OutputWindow "Second window" ("Show") Fit [plain(F10)]
        "The picture alone in a window of its own, for another screen; this one stays as it is to work in"
        => |app, ctx| app.toggle_output_window(ctx);
    NextPreset "Next preset" Dice []
        "Takes the next of the bundled presets; also on the bar of the full screen and of the second window"
        => |app, _| app.next_preset();
    Playlist "Playlist…" ("Playlist") Play [plain(F9)]
        "Paintings that follow each other by themselves, on the full screen or in the second window"
        => |app, _| app.playlist.open = !app.playlist.open;
    NextEntry "Next of the playlist" Step [ctrl(ArrowRight)]
        "Goes on to the next painting of the playlist that is in play"
        => |app, ctx| app.next_entry(ctx);
    KeepAwake "Keep the screen awake while painting" Eye []
        "The screen goes dark neither while something is painted nor while it is shown; it never does on the full screen and in the second window"
        => |app, _| app.toggle_awake();
}

"Queue and grid" {} pages {
    Queue "Queue" Queue [plain(Q)]
        "Paintings at their final size, one after the other, behind the window: what is done, what is to come"
        => |app, ui| app.queue_page(ui);
}

"Queue and grid" {
    QueueAdd "Add this painting to the queue…" Plus [ctrl(Enter)]
        "Paints the current pictures and settings at a size of their own, later"
        => |app, _| app.ask_to_queue();
    QueueFolders "Add folders to the queue…" Queue []
        "Paints many contents in many styles with the current settings, later"
        => |app, _| app.ask_to_queue_folders();
    QueueHold "Hold the queue, or go on" Queue []
        "The queue begins nothing and rests where it is, or goes on"
        if |app| app.queue.outlook.open > 0 => |app, ctx| app.hold_queue(ctx);
    Notify "Tell when the queue is done" Eye []
        "The desktop tells when the queue is done or something of it fails, unless this window is in front"
        => |app, _| app.toggle_notifications();
} pages {
    Grid "Grid" Grid [plain(G)]
        "Small pictures with two settings varied, painted in the background, to choose from by looking"
        => |app, ui| app.grid_page(ui);
}

"Regions" {
    Masks "Paint regions on the picture" ("Regions") Mask [plain(K)]
        "Paints masks on the canvas: where a region with styles of its own is, or how strong style and content are"
        => |app, _| app.toggle_masking_mode();
    RegionsExample "Example with regions" Mask []
        "Opens a bundled portrait in three styles, with regions for the face, the suit and the background, to try regions on; the painting in hand is kept"
        => |app, _| app.open_regions_example();
}

"Window" {
    Find "Find a command or setting" Find [ctrl(K)]
        "Finds any command, preset or setting by a few letters, and sets values: “beta 3”"
        => |app, _| app.panels.command_palette.toggle();
    Controls "Focus the controls" PanelLeft [plain(F6)]
        "Moves the keyboard's focus from part to part of the window, with shift back; there, tab and the arrows move on, escape leaves"
        => |app, ctx| app.go_through_landmarks(ctx);
    TogglePanels "Hide or show panels" PanelLeft [plain(Tab)]
        "Leaves only the picture and the transport, or brings the panels back"
        => |app, _| app.toggle_panels();
    ToggleTheme "Light or dark" Theme [ctrl(L)]
        "Switches between the dark and the light theme"
        => |app, ctx| app.toggle_theme(ctx);
    ZoomIn "Larger interface" Plus [ctrl(Plus), ctrl(Equals)]
        "Makes texts and controls larger; remembered"
        => |app, ctx| app.zoom_interface(ctx, 1.0);
    ZoomOut "Smaller interface" Down [ctrl(Minus)]
        "Makes texts and controls smaller, so that more of them fit; remembered"
        => |app, ctx| app.zoom_interface(ctx, -1.0);
    ZoomReset "Interface at 100 %" Fit [ctrl(Num0)]
        "Texts and controls as large as the screen asks for"
        => |app, ctx| app.set_zoom(ctx, 1.0);
    LessMotion "Less motion" Hold []
        "Lets paintings change without a fade and lists scroll at once; the desktop's own setting counts until this is used"
        => |app, ctx| app.toggle_motion(ctx);
    FrameTimes "Frame times" History [plain(F12)]
        "Shows how long frames and steps take, and how soon a changed setting is seen"
        => |app, _| app.panels.frames.shown = !app.panels.frames.shown;
    Tour "Guided tour" ("Tour") Help [plain(F2)]
        "Six stops from content to style to both, painted live"
        => |app, ctx| app.start_tour(ctx);
    Guide "Guide" Help []
        "Guide for beginners"
        => |app, _| app.toggle_guide();
    Help "Help" Help [plain(F1)]
        "Lists the keys"
        => |app, _| app.toggle_help();
    About "About Impasto" Help []
        "Version, and the licences of everything that the program is built from"
        => |app, _| app.toggle_about();
    XWayland "Start through XWayland" Open []
        "Nothing can be dropped on a window of Wayland. From the next start on it runs through XWayland, if there is one, and takes dropped files; text may be less sharp on scaled screens"
        => |app, _| app.toggle_xwayland();
    Quit "Quit" Close [ctrl(Q)]
        "Closes the window; settings and pictures are remembered"
        => |_, ctx| ctx.send_viewport_cmd(ViewportCommand::Close);
}
}
