//! `colport init`: a newsroom's folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Failure, Outcome};
use super::key::{self, Passphrase};
use super::screen::Screen;
use crate::config::{self, ConfigError};
use crate::io::clock::{Clock, SystemClock};
use crate::io::files;
use crate::packager::{FolderError, NewsroomFolder, Revision};
use crate::site::{Language, NewsroomId};

/// Make a newsroom's folder: settings and keys.
///
/// Run again after naming another newsroom in `colport.toml`, it makes the key for that one. Nothing that exists is
/// overwritten.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder; made if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What the newsroom is called
    #[arg(long, default_value = "Our News")]
    name: String,
    /// The newsroom's part of every address, for good: small letters, digits, dashes
    #[arg(long, value_name = "ID", default_value = "news", value_parser = newsroom_id)]
    newsroom: NewsroomId,
    /// The newsroom's language, such as `be` or `zh-Hans`. The site's own words are there in be, ru, uk, en, fa, zh, tr
    /// and ar; with any other language they are English
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
    #[command(flatten)]
    passphrase: Passphrase,
}

fn newsroom_id(text: &str) -> Result<NewsroomId, String> {
    NewsroomId::parse(text).map_err(|error| error.to_string())
}

fn language(text: &str) -> Result<Language, String> {
    Language::parse(text)
        .ok_or_else(|| format!("`{text}` is no language, such as `be` or `zh-Hans`"))
}

impl Init {
    pub(crate) fn run(self, screen: &Screen) -> Outcome {
        let now = SystemClock.now();
        let newsroom = NewsroomFolder::at(&self.folder);
        if newsroom.is_founded() {
            return self.grow(&newsroom, screen);
        }
        let lock = self.passphrase.to_lock(screen)?;
        files::create_folder(&self.folder.join("articles"))?;
        let settings = self.folder.join(config::FILE);
        if !files::exists(&settings) {
            files::write_new(&settings, self.settings().as_bytes())?;
        }
        let config = config::load(&self.folder)?;
        let fingerprint =
            newsroom.found_locked(&config.ids(), lock.as_ref(), now, &config.lifetimes)?;
        screen.line(format!(
            "The newsroom's folder is `{}`.\n",
            self.folder.display()
        ));
        screen.line(format!("Its fingerprint, by which readers know that an edition is yours:\n\n    {fingerprint}\n"));
        screen.line(next_steps(&self.folder));
        Ok(())
    }

    /// The explained settings, with what was said on the command line put in.
    fn settings(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        config::EXAMPLE
            .replace(
                "name = \"River Post\"",
                &format!("name = {}", quoted(&self.name)),
            )
            .replace("tagline = \"News from both banks\"", "tagline = \"\"")
            .replace(
                "id = \"en\"",
                &format!("id = {}", quoted(self.newsroom.as_str())),
            )
            .replace(
                "language = \"en\"",
                &format!("language = {}", quoted(&self.language.to_string())),
            )
    }

    fn grow(&self, newsroom: &NewsroomFolder, screen: &Screen) -> Outcome {
        let config = config::load(&self.folder)?;
        let mut revision = Revision::begin(newsroom)?;
        let added = revision.open(&config.ids())?;
        if added.is_empty() {
            let what = format!("`{}` is a newsroom's folder already", self.folder.display());
            let hint = "name another newsroom in its `colport.toml` and run this again, or choose another folder";
            return Err(Failure::setup(what).try_this(hint));
        }
        for id in added {
            screen.line(format!("Made a key for the newsroom `{id}`."));
        }
        let mut unlock = self.passphrase.unlock(screen);
        let settled = revision.settle(&[], &mut unlock, SystemClock.now(), &config.lifetimes)?;
        key::tell_settled(&settled, newsroom, screen)
    }
}

fn next_steps(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Next:\n\
         1. Move `{folder}/keys/offline` to two memory sticks, in two places, and delete it here.\n   \
            Who has it can replace every other key.\n\
         2. Put HTML pages into `{folder}/articles`, or name a feed in `{folder}/colport.toml`.\n\
         3. Run `colport pack --site {folder}`."
    )
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}
