//! The window's file dialogs: one at a time, and what becomes of the answer.

use super::{
    ImpastoApp,
    command::Command,
    dialogs::{Answer, Ask},
    pictures::Source,
    tasks::{Done, Purpose},
};
use impasto_core::settings::Init;

impl ImpastoApp {
    /// Shows a file dialog, which starts in the folder used last unless `ask` names one.
    pub(super) fn ask_for_file(&mut self, mut ask: Ask, purpose: Purpose) {
        if self.asking {
            let key = Command::SaveMoment.key(self.tasks.context()).unwrap_or_default();
            self.toasts.add(format!("A file dialog is open already. {key} saves what is shown without one."));
            return;
        }
        ask.folder = ask.folder.or_else(|| self.folder_for(purpose.kind()));
        let name = ask.name.clone();
        let answer = self.dialogs.ask(ask);
        self.asking = true;
        let (meant, proposed) = (purpose.clone(), name.clone());
        let broken = move |_| Done::Picked { purpose: meant, name: proposed, answer: Answer::Unavailable };
        self.tasks.start_or("dialog", broken, move || {
            let answer = pollster::block_on(answer);
            Done::Picked { purpose, name, answer }
        });
    }

    /// Does what a dialog was for. `name` is the one that it proposed.
    pub(super) fn answered(&mut self, purpose: Purpose, name: &str, answer: Answer) {
        self.asking = false;
        let paths = match (answer, &purpose) {
            (Answer::Picked(paths), _) => paths,
            (Answer::Cancelled, _) => return,
            (Answer::Unavailable, Purpose::Save(saving)) => {
                return self.save_without_dialog(name, saving.clone());
            }
            (Answer::Unavailable, _) => {
                return self
                    .toasts
                    .add("No file dialog could be shown. Drop the file on the window, or paste its path.");
            }
        };
        if let Some(path) = paths.first() {
            self.folders.used(purpose.kind(), path);
        }
        let mut paths = paths.into_iter();
        match purpose {
            Purpose::Picture(target) => self.take_in(Some(target), paths.map(Source::File).collect()),
            Purpose::Queue(wanted) => self.picked_for_queue(wanted, paths.collect()),
            Purpose::Init => self.settings.init = paths.next().map_or(Init::Content, Init::File),
            Purpose::Weights => self.settings.weights = paths.next(),
            Purpose::OpenProject => paths.take(1).for_each(|path| self.read_project(path)),
            Purpose::OpenPlaylist => paths.take(1).for_each(|path| self.read_playlist(path)),
            Purpose::Save(saving) => {
                if let Some(path) = paths.next() {
                    self.save_to(path, saving);
                }
            }
        }
    }
}
