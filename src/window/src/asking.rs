//! The window's file dialogs: one at a time, each with what is done with its answer.

use std::path::PathBuf;

use super::{
    ImpastoApp,
    command::Command,
    dialogs::{Answer, Ask},
};

impl ImpastoApp {
    /// Ask for a file to open, and call `then` with the one that was picked.
    pub(super) fn ask_for_file(&mut self, ask: Ask, then: impl FnOnce(&mut Self, PathBuf) + Send + 'static) {
        self.ask_for_files(ask, |app, paths| {
            if let Some(path) = paths.into_iter().next() {
                then(app, path);
            }
        });
    }

    /// Ask for files to open, and call `then` with those that were picked.
    pub(super) fn ask_for_files(
        &mut self,
        ask: Ask,
        then: impl FnOnce(&mut Self, Vec<PathBuf>) + Send + 'static,
    ) {
        self.ask(ask, |app, answer| match answer {
            Answer::Picked(paths) => then(app, paths),
            Answer::Cancelled => {}
            Answer::Unavailable => app
                .messages
                .toasts
                .add("No file dialog could be shown. Drop the file on the window, or paste its path."),
        });
    }

    /// Show a file dialog, which starts in the folder used last unless `ask` names one.
    pub(super) fn ask(&mut self, mut ask: Ask, then: impl FnOnce(&mut Self, Answer) + Send + 'static) {
        if self.files.asking {
            let key = Command::SaveMoment.key(self.tasks.context()).unwrap_or_default();
            self.messages
                .toasts
                .add(format!("A file dialog is open already. {key} saves what is shown without one."));
            return;
        }
        let kind = ask.kind;
        ask.folder = ask.folder.or_else(|| self.folder_for(kind));
        let answer = self.desktop.dialogs.ask(ask);
        self.files.asking = true;
        let wait = move || pollster::block_on(answer);
        self.tasks.attempt("dialog", wait, move |app: &mut Self, _, answer| {
            app.files.asking = false;
            let answer = answer.unwrap_or(Answer::Unavailable);
            if let Answer::Picked(paths) = &answer
                && let Some(path) = paths.first()
            {
                app.files.folders.used(kind, path);
            }
            then(app, answer);
        });
    }
}
