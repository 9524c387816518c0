//! Everything that a button, a key or the help window can ask for, in one list with one set of words.

mod keys;

use super::icons::Icon;

/// An order of the person at the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    PlayPause,
    Step,
    Stop,
    Restart,
    Climb,
    Drop,
    Hold,
    OpenContent,
    OpenStyle,
    Swap,
    Undo,
    Redo,
    ResetMix,
    Randomise,
    Mixes,
    History,
    Save,
    SaveMoment,
    Copy,
    CopyCommandLine,
    ToggleRecipe,
    OpenProject,
    SaveProject,
    SaveProjectAs,
    OpenLast,
    Paste,
    Earlier,
    Later,
    Now,
    Branch,
    Timelapse,
    Queue,
    QueueAdd,
    QueueFolders,
    QueueHold,
    Grid,
    Fit,
    ActualSize,
    Split,
    Sides,
    Wrap,
    Flip,
    CompareNext,
    Pin,
    TogglePanels,
    Lab,
    Automation,
    Record,
    ToggleExtracts,
    ExtractNow,
    SaveFigure,
    Remote,
    Present,
    PresentFacts,
    Stage,
    Playlist,
    NextEntry,
    KeepAwake,
    Tour,
    ToggleTheme,
    Controls,
    Find,
    FrameTimes,
    Guide,
    Help,
    Quit,
}

impl Command {
    /// In the order of the help window.
    pub const ALL: [Command; 66] = [
        Command::PlayPause,
        Command::Step,
        Command::Stop,
        Command::Restart,
        Command::Climb,
        Command::Drop,
        Command::Hold,
        Command::OpenContent,
        Command::OpenStyle,
        Command::Swap,
        Command::Undo,
        Command::Redo,
        Command::ResetMix,
        Command::Randomise,
        Command::Mixes,
        Command::History,
        Command::Save,
        Command::SaveMoment,
        Command::Copy,
        Command::CopyCommandLine,
        Command::ToggleRecipe,
        Command::OpenProject,
        Command::SaveProject,
        Command::SaveProjectAs,
        Command::OpenLast,
        Command::Paste,
        Command::Earlier,
        Command::Later,
        Command::Now,
        Command::Branch,
        Command::Timelapse,
        Command::Queue,
        Command::QueueAdd,
        Command::QueueFolders,
        Command::QueueHold,
        Command::Grid,
        Command::Fit,
        Command::ActualSize,
        Command::Split,
        Command::Sides,
        Command::Wrap,
        Command::Flip,
        Command::CompareNext,
        Command::Pin,
        Command::TogglePanels,
        Command::Lab,
        Command::Automation,
        Command::Record,
        Command::ToggleExtracts,
        Command::ExtractNow,
        Command::SaveFigure,
        Command::Remote,
        Command::Present,
        Command::PresentFacts,
        Command::Stage,
        Command::Playlist,
        Command::NextEntry,
        Command::KeepAwake,
        Command::Tour,
        Command::ToggleTheme,
        Command::Controls,
        Command::Find,
        Command::FrameTimes,
        Command::Guide,
        Command::Help,
        Command::Quit,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Command::PlayPause => "Play or pause",
            Command::Step => "Single step",
            Command::Stop => "Stop",
            Command::Restart => "Restart",
            Command::Climb => "Next larger level",
            Command::Drop => "Next smaller level",
            Command::Hold => "Hold this level",
            Command::OpenContent => "Open content…",
            Command::OpenStyle => "Open style…",
            Command::Swap => "Swap content and style",
            Command::Undo => "Undo",
            Command::Redo => "Redo",
            Command::ResetMix => "Reset the mix",
            Command::Randomise => "Draw a mix by lot",
            Command::Mixes => "Mixes and morph",
            Command::History => "History",
            Command::Save => "Save…",
            Command::SaveMoment => "Save this moment",
            Command::Copy => "Copy picture",
            Command::CopyCommandLine => "Copy as command line",
            Command::ToggleRecipe => "Recipe in saved pictures",
            Command::OpenProject => "Open project…",
            Command::SaveProject => "Save project",
            Command::SaveProjectAs => "Save project as…",
            Command::OpenLast => "Last painting",
            Command::Paste => "Paste picture",
            Command::Earlier => "Earlier moment",
            Command::Later => "Later moment",
            Command::Now => "Back to now",
            Command::Branch => "Go on from this moment",
            Command::Timelapse => "Export a time-lapse…",
            Command::Queue => "Queue",
            Command::QueueAdd => "Add this painting to the queue…",
            Command::QueueFolders => "Add folders to the queue…",
            Command::QueueHold => "Hold the queue, or go on",
            Command::Grid => "Grid",
            Command::Fit => "Fit to window",
            Command::ActualSize => "Actual pixels",
            Command::Split => "Compare: split",
            Command::Sides => "Compare: side by side",
            Command::Wrap => "Tile the picture",
            Command::Flip => "Show the other picture",
            Command::CompareNext => "Compare with the next",
            Command::Pin => "Pin the picture",
            Command::TogglePanels => "Hide or show panels",
            Command::Lab => "Layer lab",
            Command::Automation => "Automation",
            Command::Record => "Record the faders",
            Command::ToggleExtracts => "Layer pictures in the mixer",
            Command::ExtractNow => "Make the layer pictures now",
            Command::SaveFigure => "Save the layers’ figure…",
            Command::Remote => "Remote control…",
            Command::Present => "Full screen, picture alone",
            Command::PresentFacts => "Facts over the picture",
            Command::Stage => "Second window",
            Command::Playlist => "Playlist…",
            Command::NextEntry => "Next of the playlist",
            Command::KeepAwake => "Keep the screen awake while painting",
            Command::Tour => "Guided tour",
            Command::ToggleTheme => "Light or dark",
            Command::Controls => "Keyboard to the controls",
            Command::Find => "Find a command or setting",
            Command::FrameTimes => "Frame times",
            Command::Guide => "Guide",
            Command::Help => "Help",
            Command::Quit => "Quit",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Command::PlayPause => "Paints, or holds the painting as it is; nothing is lost",
            Command::Step => "Paints one step, then pauses",
            Command::Stop => "Ends the run; the picture stays and can be saved",
            Command::Restart => "Begins afresh from the initial image",
            Command::Climb => "Goes on at the next larger size of the pyramid, now",
            Command::Drop => {
                "Goes back to the next smaller size of the pyramid and stays there: changes show sooner, and the fine detail comes back on the way up"
            }
            Command::Hold => "Stays at this size of the pyramid, or follows the schedule again",
            Command::OpenContent => "Opens the picture whose shapes are kept",
            Command::OpenStyle => "Opens the picture whose strokes and colours are taken",
            Command::Swap => "Makes the content the style and the first style the content",
            Command::Undo => "Takes the last change of the settings or pictures back; the painting goes on",
            Command::Redo => "Does what was taken back again",
            Command::Randomise => {
                "Draws another mix around the present one, by seed and amount; what is muted, 0 or locked stays"
            }
            Command::Mixes => {
                "Shows or hides the row with the mixes A to H, the morph between two and the draw"
            }
            Command::ResetMix => {
                "Sets all of the mix to its usual values: weights, mute and solo, balance, colours, and how the styles count"
            }
            Command::History => "Lists every change; a click goes to it",
            Command::Save => "Saves the picture as it is now: PNG, JPEG, WebP or TIFF",
            Command::SaveMoment => {
                "Saves the picture as it is now, with its recipe, beside the one saved last and under the next free name, without asking"
            }
            Command::Copy => "Puts the picture as it is now on the clipboard",
            Command::CopyCommandLine => {
                "Puts the impasto render command on the clipboard that paints this picture without the window"
            }
            Command::OpenProject => {
                "Opens a painting with its pictures, settings and losses, as it was saved"
            }
            Command::SaveProject => {
                "Saves the painting with its pictures, settings and losses in one file, to go on with it later or elsewhere: its own file, if it has one"
            }
            Command::SaveProjectAs => {
                "Saves the painting with all that belongs to it in another file, which is its own from then on"
            }
            Command::OpenLast => "Brings back the painting of the window that was closed last",
            Command::ToggleRecipe => {
                "Saved pictures carry their settings, small copies of their sources and the names of their files, so that they can be painted again; switch it off before you pass a picture on if that is nobody's business"
            }
            Command::Paste => {
                "Puts the clipboard's picture into the slot under the pointer, or asks which one is meant"
            }
            Command::Earlier => "Shows the painting as it was, one moment of the filmstrip back",
            Command::Later => "One moment of the filmstrip on",
            Command::Now => "Shows the painting as it is",
            Command::Branch => {
                "Goes on painting from the moment that is looked at: picture and settings return, and what was painted since stays in the filmstrip"
            }
            Command::Timelapse => {
                "Makes a film of how the picture was painted: GIF, WebP, animated PNG, MP4 or WebM"
            }
            Command::Queue => {
                "Paintings at their final size, one after the other, behind the window: what is done, what is to come"
            }
            Command::QueueAdd => "Paints the present pictures and settings at a size of their own, later",
            Command::QueueFolders => "Paints many contents in many styles with the present settings, later",
            Command::QueueHold => "The queue begins nothing and rests where it is, or goes on",
            Command::Grid => {
                "Small pictures with two settings varied, painted in the background, to choose from by looking"
            }
            Command::Fit => "Shows the whole picture (also: double-click on it)",
            Command::Split => {
                "The painting and another picture on one canvas, with a line between them to drag and turn"
            }
            Command::Sides => "The painting and another picture side by side, zoomed and moved together",
            Command::Wrap => "The painting with its copies around it: do its edges fit?",
            Command::Flip => "The other picture in the painting's place, or the painting again",
            Command::CompareNext => "Takes the next picture to compare with: content, style, pins",
            Command::Pin => {
                "Keeps the picture as it is now, with its settings, to compare with and to return to"
            }
            Command::ActualSize => "One pixel of the picture on one pixel of the screen",
            Command::TogglePanels => "Leaves only the picture and the transport, or brings the panels back",
            Command::Lab => {
                "Shows what one layer sees: its Gram matrix beside the style's, its feature maps, and where in the picture it pulls"
            }
            Command::Automation => {
                "What moves by itself while it paints: oscillators and keyframes on any fader"
            }
            Command::Record => {
                "Writes what you do to the faders down as keyframes, until it is pressed again; restart plays them"
            }
            Command::ToggleExtracts => {
                "Shows in each strip what its layer alone holds of the style or the content; made while painting rests, and kept for the next time"
            }
            Command::ExtractNow => {
                "Makes the pictures of what the layers hold although it paints; painting is slower until they are there"
            }
            Command::SaveFigure => {
                "Saves one figure of what five layers each hold of the style and of the content"
            }
            Command::Remote => {
                "Lets controllers outside move the faders: over the network (Open Sound Control), or by MIDI where it is built in"
            }
            Command::Present => "The picture alone on the whole screen; escape leaves it",
            Command::PresentFacts => {
                "Shows over the picture what it is painted from, and how: on the full screen, else in the second window"
            }
            Command::Stage => {
                "The picture alone in a window of its own, for another screen; this one stays as it is to work in"
            }
            Command::Playlist => {
                "Paintings that follow each other by themselves, on the full screen or in the second window"
            }
            Command::NextEntry => "Goes on to the next painting of the playlist that is in play",
            Command::KeepAwake => {
                "The screen goes dark neither while something is painted nor while it is shown; it never does on the full screen and in the second window"
            }
            Command::Tour => "Six stops from content to style to both, painted live",
            Command::ToggleTheme => "Switches between the dark and the light theme",
            Command::Controls => {
                "Moves the keyboard's focus into the controls; there, tab and the arrows move on, escape leaves"
            }
            Command::Find => {
                "Finds any command, preset or setting by a few letters, and sets values: “beta 3”"
            }
            Command::FrameTimes => {
                "Shows how long frames and steps take, and how soon a changed setting is seen"
            }
            Command::Guide => "What everything does, for somebody who has never done this",
            Command::Help => "Lists the keys",
            Command::Quit => "Closes the window; settings and pictures are remembered",
        }
    }

    pub fn icon(self) -> Icon {
        match self {
            Command::PlayPause => Icon::Play,
            Command::Step => Icon::Step,
            Command::Stop => Icon::Stop,
            Command::Restart | Command::OpenLast | Command::ResetMix => Icon::Restart,
            Command::Randomise => Icon::Dice,
            Command::Mixes => Icon::Link,
            Command::Climb => Icon::Up,
            Command::Drop => Icon::Down,
            Command::Hold => Icon::Hold,
            Command::OpenContent | Command::OpenStyle | Command::OpenProject => Icon::Open,
            Command::Swap => Icon::Swap,
            Command::Save | Command::SaveMoment | Command::ToggleRecipe | Command::Timelapse => Icon::Save,
            Command::SaveProject | Command::SaveProjectAs | Command::SaveFigure => Icon::Save,
            Command::Copy | Command::Paste | Command::CopyCommandLine => Icon::Copy,
            Command::Undo => Icon::Undo,
            Command::Redo => Icon::Redo,
            Command::History => Icon::History,
            Command::Earlier => Icon::Up,
            Command::Later => Icon::Down,
            Command::Now => Icon::Step,
            Command::Branch => Icon::Play,
            Command::Queue | Command::QueueFolders | Command::QueueHold => Icon::Queue,
            Command::QueueAdd => Icon::Plus,
            Command::Grid => Icon::Grid,
            Command::Fit | Command::ActualSize => Icon::Fit,
            Command::Split => Icon::Split,
            Command::Sides => Icon::Sides,
            Command::Wrap => Icon::Wrap,
            Command::Flip | Command::CompareNext => Icon::Flip,
            Command::Pin => Icon::Pin,
            Command::TogglePanels | Command::Controls => Icon::PanelLeft,
            Command::Lab | Command::ToggleExtracts | Command::ExtractNow => Icon::Lab,
            Command::Automation => Icon::Wave,
            Command::Record => Icon::Record,
            Command::Present | Command::PresentFacts | Command::Stage => Icon::Fit,
            Command::Playlist => Icon::Play,
            Command::NextEntry => Icon::Step,
            Command::KeepAwake => Icon::Eye,
            Command::Remote => Icon::Faders,
            Command::Tour => Icon::Help,
            Command::ToggleTheme => Icon::Theme,
            Command::Find => Icon::Find,
            Command::FrameTimes => Icon::History,
            Command::Guide | Command::Help => Icon::Help,
            Command::Quit => Icon::Close,
        }
    }
}
