//! Where the name and the secret for a host are kept. Neither is ever in `colport.toml`, and each is read when it is used, so
//! that one that was replaced counts at once.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Result, StoreError};
use crate::base::Secret;
use crate::io::files;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A file that nobody else can read, with the lines `user = "…"` and `password = "…"`.
    File(PathBuf),
    /// The variables `NAME_USER` and `NAME_PASSWORD` of the environment.
    Environment(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    password: String,
}

pub(super) struct Login {
    pub(super) user: Secret<String>,
    pub(super) password: Secret<String>,
}

const FILE_BYTES: u64 = 1 << 16;

impl Credentials {
    pub(super) fn read(&self) -> Result<Login> {
        let written = match self {
            Self::File(path) => {
                let bytes = files::read_private(path, FILE_BYTES)
                    .map_err(|error| StoreError::Denied(error.to_string()))?;
                // Beware: the parser's own words would quote the secret.
                toml::from_slice(&bytes).map_err(|_| {
                    let path = path.display();
                    StoreError::Denied(format!(
                        "`{path}` does not hold the two lines `user = \"…\"` and `password = \"…\"`"
                    ))
                })?
            }
            Self::Environment(name) => Written {
                user: variable(&format!("{name}_USER"))?,
                password: variable(&format!("{name}_PASSWORD"))?,
            },
        };
        Ok(Login {
            user: Secret::new(written.user),
            password: Secret::new(written.password),
        })
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| StoreError::Denied(format!("the variable `{name}` is not set")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> std::result::Result<(String, String), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("first.toml");
        files::write_new_private(&path, text.as_bytes()).unwrap();
        let read = Credentials::File(path).read();
        read.map(|login| (login.user.expose().clone(), login.password.expose().clone()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn two_lines_are_a_login_and_a_mistake_does_not_show_them() {
        let good = check("user = \"a\"\npassword = \"b\"\n");
        assert_eq!(good, Ok(("a".into(), "b".into())));
        for bad in [
            "user = \"hunter1\"",
            "user = \"a\"\npassword = \"hunter2",
            "user = \"a\"\npassword = \"b\"\nhunter3 = 1",
            "\u{1}hunter4",
        ] {
            let error = check(bad).unwrap_err();
            assert!(!error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("first.toml");
        files::write(&path, b"user = \"a\"\npassword = \"b\"\n").unwrap();
        let read = Credentials::File(path).read();
        assert!(matches!(read, Err(StoreError::Denied(why)) if why.contains("others can read")));
    }
}
