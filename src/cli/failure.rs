//! Errors become words and exit codes here, and nowhere else.

use std::fmt;
use std::process::ExitCode;

use crate::io::files::FileError;

/// How a command ended. Done is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something was refused, or a part of the work failed.
    Refused,
    /// The command, the configuration or the machine is not as it must be.
    Setup,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Refused => Self::from(1),
            Exit::Setup => Self::from(2),
        }
    }
}

/// What went wrong, and what to try: two sentences for a person, one exit code for a program.
#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: Exit,
    what: String,
    hint: Option<String>,
}

pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    pub(crate) fn refused(what: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Refused,
            what: what.to_string(),
            hint: None,
        }
    }

    pub(crate) fn setup(what: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Setup,
            what: what.to_string(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) fn try_this(self, hint: &str) -> Self {
        self.hint(hint.to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  try: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}
