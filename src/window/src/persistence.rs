//! What the window remembers between two starts: one TOML file, written atomically.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    ImpastoApp, Options,
    command::Tab,
    folders::Folders,
    gallery::Use,
    mixes::MixDesk,
    origin::{Origin, RememberedStyle},
    picture_source::Source,
    remote::RemoteSettings,
    slot::{Slot, Target},
};
use impasto_base::{files, paths};
use impasto_core::{
    picture,
    settings::{Init, Settings, StyleMix},
};

const FILE: &str = "impasto.toml";

/// How long changed settings wait before they are written, so that a dragged slider is written once.
const WRITE_AFTER: f64 = 1.0;

/// How the window is laid out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Sizes of the panels in points, and whether they are shown.
    pub left: f32,
    pub right: f32,
    pub bottom: f32,
    pub show_left: bool,
    pub show_right: bool,
    pub show_bottom: bool,
    /// The row with mixes, morph and draw is shown.
    pub mixes: bool,
    /// What the bottom panel shows.
    pub tab: Tab,
    pub light: bool,
    /// Size of the interface, as a factor of what the screen asks for.
    pub zoom: f32,
    /// The hints are still shown.
    pub hints: bool,
    /// The queue paints beside the window's own painting instead of waiting for it.
    pub share_with_queue: bool,
    /// Longest side of the paintings that were queued last, in pixels.
    pub final_size: u32,
    /// Painting stops after the settings' steps instead of going on until the picture has settled.
    pub stop_after_steps: bool,
    /// The mixer's strips show what their layers hold.
    pub extracts: bool,
    /// The screen is kept awake while something is painted, and not only while it is shown.
    pub awake: bool,
    /// Pictures follow their files when another program saves them.
    pub follow_files: bool,
    /// Show a desktop notification when the queue is done or an item fails.
    pub notify: bool,
    /// Under Wayland the window starts through XWayland.
    pub xwayland: bool,
    /// Whether as little as possible moves; else as the desktop asks for.
    pub less_motion: Option<bool>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            left: 200.0,
            right: 340.0,
            bottom: 190.0,
            show_left: true,
            show_right: true,
            show_bottom: true,
            mixes: true,
            tab: Tab::default(),
            light: false,
            zoom: 1.0,
            hints: true,
            share_with_queue: false,
            final_size: 1536,
            stop_after_steps: false,
            extracts: true,
            awake: false,
            follow_files: true,
            notify: true,
            xwayland: false,
            less_motion: None,
        }
    }
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Contents opened lately, the latest first.
    pub recent: Vec<PathBuf>,
    /// The same for styles; older programs had one list.
    pub recent_styles: Option<Vec<PathBuf>>,
    /// Where dialogs start.
    pub folders: Folders,
    /// Pictures are saved without the recipe that names the files they were painted from.
    pub without_recipe: bool,
    /// The recipe contains no small copies of the source pictures.
    pub without_thumbnails: bool,
    pub layout: Layout,
    pub remote: RemoteSettings,
    pub content: Option<Origin>,
    pub styles: Vec<RememberedStyle>,
    pub settings: Settings,
    /// Their size was not chosen: it is what was measured.
    pub measured_size: bool,
    #[serde(deserialize_with = "MixDesk::lenient")]
    pub desk: MixDesk,
}

impl Remembered {
    /// The same with paths that a text can hold: if one is no Unicode text, what cannot be read of it is
    /// replaced, so that this picture is missing the next time, and nothing else is.
    fn in_text(&self) -> Self {
        let mut all = self.clone();
        let init = match &mut all.settings.init {
            Init::File(path) => Some(path),
            _ => None,
        };
        let origins = all.content.iter_mut().chain(all.styles.iter_mut().map(|style| &mut style.picture));
        let files = origins.filter_map(|origin| match origin {
            Origin::File(path) => Some(path),
            Origin::Example(_) => None,
        });
        let named = all.settings.palette.iter_mut().chain(&mut all.settings.weights).chain(init);
        for path in files
            .chain(named)
            .chain(&mut all.recent)
            .chain(all.recent_styles.iter_mut().flatten())
            .chain(all.folders.all())
        {
            *path = path.to_string_lossy().into_owned().into();
        }
        all
    }
}

/// The folder in which windows keep their paintings, if the system has one.
pub fn sessions_folder() -> Option<PathBuf> {
    paths::data_folder().map(|folder| folder.join("sessions"))
}

/// Read what was remembered; `None` on the first start.
///
/// # Errors
///
/// If the file cannot be used, with the reason. It is kept under another name.
pub fn load(folder: &Path) -> Result<Option<Remembered>, String> {
    let path = folder.join(FILE);
    let read = match fs::read_to_string(&path) {
        // Never written like this: it is what a power cut has left.
        Ok(text) if text.trim().is_empty() => Err("the file is empty".to_owned()),
        Ok(text) => toml::from_str(&text).map_err(|error| error.message().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(error.to_string()),
        Err(error) => return Err(format!("cannot read the remembered settings {}: {error}", path.display())),
    };
    read.map(Some).map_err(|error| {
        let kept = path.with_extension("toml.broken");
        let fate = match fs::rename(&path, &kept) {
            Ok(()) => format!("it was kept as {}", kept.display()),
            Err(_) => "it will be overwritten".to_owned(),
        };
        let reason = error.lines().next().unwrap_or_default();
        format!("the remembered settings in {} cannot be used ({reason}); {fate}", path.display())
    })
}

/// Whether the window is to start through XWayland, which is asked before anything else is read.
#[cfg(target_os = "linux")]
pub fn starts_through_xwayland(folder: &Path) -> bool {
    let read = || {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        text.parse::<toml::Table>().ok()?.get("layout")?.get("xwayland")?.as_bool()
    };
    read() == Some(true)
}

/// Write what is to be remembered, atomically: a crash leaves the old file or the new one.
///
/// # Errors
///
/// If the file cannot be written.
pub fn store(folder: &Path, remembered: &Remembered) -> io::Result<()> {
    let text = toml::to_string(remembered)
        .or_else(|_| toml::to_string(&remembered.in_text()))
        .map_err(io::Error::other)?;
    fs::create_dir_all(folder)?;
    files::write_atomic(&folder.join(FILE), text.as_bytes())
}

impl ImpastoApp {
    /// Open the pictures of the command line, the remembered ones, or the bundled pair.
    pub(super) fn first_pictures(&mut self, options: &Options, remembered: &Remembered) {
        let mut missing = false;
        let content = match (&options.content, &remembered.content) {
            (Some(path), _) => Some(Source::File(path.clone())),
            (None, Some(origin)) => {
                let source = Source::remembered(origin);
                missing |= source.is_none();
                source
            }
            (None, None) => None,
        };
        self.open(Target::Content, content.unwrap_or(Source::Example(&picture::CONTENTS[0])));

        let mut styles: Vec<(Source, StyleMix)> =
            options.styles.iter().map(|path| (Source::File(path.clone()), StyleMix::default())).collect();
        if styles.is_empty() {
            for style in &remembered.styles {
                let source = Source::remembered(&style.picture);
                missing |= source.is_none();
                styles.extend(source.map(|source| (source, style.mix)));
            }
        }
        if styles.is_empty() {
            styles.push((Source::Example(&picture::STYLES[0]), StyleMix::default()));
        }
        for (index, (source, mix)) in styles.into_iter().enumerate() {
            self.open(if index == 0 { Target::Style } else { Target::NewStyle }, source);
            self.pictures.styles[index].mix = mix;
        }
        if self.settings.palette.as_deref().is_some_and(|path| !super::palette::is_there(path)) {
            self.settings.palette = None;
            self.messages.toasts.add("The palette is not there; the content's colours stand in.");
        }
        if missing {
            self.messages
                .toasts
                .add("A picture of the last time is no longer there; a bundled example stands in.");
        }
    }

    fn remembered(&self) -> Remembered {
        let origin = |slot: &Slot| slot.picture.as_ref().and_then(|loaded| loaded.origin.clone());
        let mut layout = self.view.layout.clone();
        if let Some([left, right, bottom]) = self.view.put_away {
            (layout.show_left, layout.show_right, layout.show_bottom) = (left, right, bottom);
        }
        // Sizes in whole points: a layout that differs by less is no change.
        for size in [&mut layout.left, &mut layout.right, &mut layout.bottom] {
            *size = size.round();
        }
        let styles = self
            .pictures
            .styles
            .iter()
            .filter_map(|slot| Some(RememberedStyle { mix: slot.mix, picture: origin(slot)? }));
        let (content, styles) = match self.still_opening() {
            // What is being opened would be missing; a picture that hangs costs nothing else.
            true => (self.files.written.content.clone(), self.files.written.styles.clone()),
            false => (origin(&self.pictures.content), styles.collect()),
        };
        Remembered {
            recent: self.pictures.gallery.recent(Use::Content).to_vec(),
            recent_styles: Some(self.pictures.gallery.recent(Use::Style).to_vec()),
            folders: self.files.folders.clone(),
            layout,
            remote: self.remote.remembered(),
            content,
            styles,
            settings: self.settings.clone(),
            measured_size: self.next.measured_size == Some(self.settings.size),
            without_recipe: self.files.without_recipe,
            without_thumbnails: self.files.without_thumbnails,
            desk: self.mixes.desk.clone(),
        }
    }

    /// Write what has changed, once it has rested for a while.
    pub(super) fn remember(&mut self, ctx: &egui::Context) {
        let now = ctx.input(|input| input.time);
        if !self.is_worth_remembering() || self.remembered() == self.files.written {
            self.files.unwritten_since = None;
            return;
        }
        let since = *self.files.unwritten_since.get_or_insert(now);
        if now - since >= WRITE_AFTER {
            self.write();
        } else {
            ctx.request_repaint_after(Duration::from_secs_f64(WRITE_AFTER - (now - since)));
        }
    }

    fn write(&mut self) {
        let Some(folder) = &self.files.folder else { return };
        let remembered = self.remembered();
        if let Err(error) = store(folder, &remembered) {
            self.messages.notice =
                Some(format!("Settings cannot be remembered in {}: {error}", folder.display()));
        }
        // Also after a failure: the next try comes with the next change, not with the next frame.
        self.files.written = remembered;
        self.files.unwritten_since = None;
    }

    /// Write what has changed, at the end.
    pub(super) fn remember_now(&mut self) {
        if self.is_worth_remembering() && self.remembered() != self.files.written {
            self.write();
        }
    }

    /// Unusable settings would only come back as unusable settings, and a size that is still to be measured
    /// would never be.
    fn is_worth_remembering(&self) -> bool {
        self.problems.is_empty() && !self.next.choose_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back_and_a_broken_file_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), Ok(None));
        let mut remembered =
            Remembered { content: Some(Origin::File("a b.png".into())), ..Default::default() };
        let mix = StyleMix { weight: 0.5, scale: 0.7, on: false, crop: Some([0.25, 0.0, 0.5, 1.0].into()) };
        remembered.styles.push(RememberedStyle { mix, picture: Origin::Example("Wave".into()) });
        // Files of older versions have no scale.
        let old: RememberedStyle = toml::from_str("weight = 0.25\n[picture]\nexample = \"Wave\"").unwrap();
        assert_eq!(old.mix, StyleMix { weight: 0.25, ..StyleMix::default() });
        remembered.settings.size = 320;
        remembered.desk.seed = 77;
        let odd: Remembered = toml::from_str("[settings]\nsize = 99\n[desk]\nfrom = \"moon\"").unwrap();
        assert_eq!((odd.settings.size, odd.desk), (99, MixDesk::default()));
        // Unknown controllers are dropped, and nothing else.
        let text = "[remote]\nport = 9123\n[remote.controllers]\n\"cc:1:21\" = \"beta\"\n\"cc:1:22\" = \"moon\"\n\
                    \"wheel:3\" = \"alpha\"\n\"cc:99:1\" = \"alpha\"\n\"osc:/fader\" = \"alpha\"\n\"cc:1:23\" = 7";
        let odd: Remembered = toml::from_str(text).unwrap();
        let kept: Vec<String> = odd.remote.controllers.keys().map(ToString::to_string).collect();
        assert_eq!((odd.remote.port, kept), (9123, vec!["cc:1:21".to_owned(), "osc:/fader".to_owned()]));
        remembered.layout.light = true;
        store(folder.path(), &remembered).unwrap();
        #[cfg(target_os = "linux")]
        {
            assert!(!starts_through_xwayland(folder.path()));
            remembered.layout.xwayland = true;
            store(folder.path(), &remembered).unwrap();
            assert!(starts_through_xwayland(folder.path()));
        }
        assert_eq!(load(folder.path()), Ok(Some(remembered)));

        for torn in [&b"size = ]"[..], b"", b"\n", b"\0\0\0\0", b"size = 3\xff"] {
            fs::write(folder.path().join(FILE), torn).unwrap();
            let message = load(folder.path()).unwrap_err();
            assert!(message.contains(FILE) && message.contains("kept as"), "{message}");
            assert_eq!(fs::read(folder.path().join("impasto.toml.broken")).unwrap(), torn);
            assert_eq!(load(folder.path()), Ok(None));
        }
    }

    #[test]
    fn whichever_call_fails_the_old_settings_or_the_new_ones_are_whole() {
        use files::faults::{Fault, with_fault};

        let folder = tempfile::tempdir().unwrap();
        let of = |size: u32| {
            let settings = Settings { size, ..Settings::default() };
            Remembered { settings, ..Remembered::default() }
        };
        for fault in [Fault::Once, Fault::From] {
            for call in 0.. {
                store(folder.path(), &of(100)).unwrap();
                let (result, reached) = with_fault(fault(call), || store(folder.path(), &of(200)));
                assert_eq!(result.is_err(), reached);
                let there = load(folder.path()).unwrap().unwrap();
                assert_eq!(there, of(if reached { 100 } else { 200 }));
                assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
                if !reached {
                    break;
                }
            }
        }
    }
}
