//! Starting other people's programs: hooks, and probes that somebody else wrote.
//!
//! 1. No shell: the words are a program and its arguments, as the operator wrote them.
//! 2. It finds `PATH`, `HOME` and the variables that were passed to it by name, and nothing else of our environment.
//! 3. What it is to do comes on its standard input; what it says is heard up to a limit. Of its complaints the last line
//!    is kept, without anything that a terminal would obey.
//! 4. It has so much time. Then it is ended, with all that it started and left in its process group.
//!
//! Deliberately absent: trying again, and any secret among the words, where every user of the machine could read it.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::base::tame;

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// A program, by its path or to be found in `PATH`.
    pub name: String,
    pub arguments: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Names of variables of our own environment that it gets too.
    pub passed: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    pub time: Duration,
    pub output_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    #[error("the program `{0}` is not there")]
    NotFound(String),
    #[error("the program `{name}` could not be started: {why}")]
    NotStarted { name: String, why: String },
    #[error("the program `{name}` was not done within {seconds} seconds")]
    TooLong { name: String, seconds: u64 },
    #[error("the program `{name}` said more than {bytes} bytes")]
    TooMuch { name: String, bytes: usize },
    /// `said`: the last line of its complaints.
    #[error("the program `{name}` failed ({how}): {said}")]
    Failed {
        name: String,
        how: String,
        said: String,
    },
}

impl ProgramError {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound(_) => {
                "write its whole path, or one that begins at the folder of `colport.toml`"
            }
            Self::NotStarted { .. } => "it must be executable: `chmod +x`",
            Self::TooLong { .. } => "give it more `time`, or see what it waits for",
            Self::TooMuch { .. } => "let it write its log to standard error",
            Self::Failed { .. } => "run it by hand, with the same input",
        };
        Some(hint.to_owned())
    }
}

const COMPLAINT_BYTES: usize = 8 << 10;

/// What it wrote to its standard output, when it ended well.
pub async fn run(
    program: &Program,
    input: &[u8],
    bounds: &Bounds,
) -> Result<Vec<u8>, ProgramError> {
    let mut child = start(program)?;
    let mut group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let (output, complaints, ()) = tokio::join!(
            heard(stdout, bounds.output_bytes),
            last_of(stderr),
            told(stdin, input)
        );
        let output = output.ok_or_else(|| ProgramError::TooMuch {
            name: program.name.clone(),
            bytes: bounds.output_bytes,
        })?;
        ended(program, &mut child, &complaints).await?;
        Ok(output)
    };
    let done = tokio::time::timeout(bounds.time, work).await;
    if matches!(done, Ok(Ok(_))) {
        // It may have left something running on purpose, such as a tunnel, that holds none of its pipes.
        group.release();
    }
    done.unwrap_or_else(|_| {
        Err(ProgramError::TooLong {
            name: program.name.clone(),
            seconds: bounds.time.as_secs(),
        })
    })
}

/// Of a program that was started with a process group of its own: ended when this is dropped, so also when nobody waits for
/// it any more.
pub(super) struct Group(Option<Pid>);

impl Group {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// At once.
    pub(super) fn end(&mut self) {
        if let Some(pid) = self.0.take() {
            // Nothing is left of it if this fails.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// It ended by itself, and what it left may stay.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that starts programs"
)]
fn start(program: &Program) -> Result<Child, ProgramError> {
    let inherited = ["PATH", "HOME"].into_iter().map(str::to_owned);
    let names = inherited.chain(program.passed.iter().cloned());
    let variables = names.filter_map(|name| Some((name.clone(), std::env::var_os(name)?)));
    let mut command = Command::new(&program.name);
    command
        .args(&program.arguments)
        .env_clear()
        .envs(variables)
        .current_dir(&program.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProgramError::NotFound(program.name.clone()),
        _ => ProgramError::NotStarted {
            name: program.name.clone(),
            why: error.to_string(),
        },
    })
}

/// A program that does not care what it is told is no failure.
async fn told(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
    }
}

/// `None`: more than may be.
async fn heard(from: Option<impl AsyncRead + Unpin>, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(from) = from else { return Some(bytes) };
    let mut limited = from.take(most as u64 + 1);
    // A broken pipe is the end of what it says.
    let _ = limited.read_to_end(&mut bytes).await;
    (bytes.len() <= most).then_some(bytes)
}

/// The last bytes, however many there were.
async fn last_of(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    let Some(mut from) = from else { return kept };
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        kept.extend(piece.iter().take(count));
        kept.drain(..kept.len().saturating_sub(COMPLAINT_BYTES));
    }
    kept
}

async fn ended(
    program: &Program,
    child: &mut Child,
    complaints: &[u8],
) -> Result<(), ProgramError> {
    let how = match child.wait().await {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let text = String::from_utf8_lossy(complaints);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let said: String = last
        .unwrap_or("it did not say why")
        .chars()
        .take(300)
        .collect();
    Err(ProgramError::Failed {
        name: program.name.clone(),
        how,
        said: tame(&said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::files;

    fn shell(script: &str) -> Program {
        Program {
            name: "sh".into(),
            arguments: vec!["-c".into(), script.into()],
            folder: std::env::temp_dir(),
            passed: Vec::new(),
        }
    }

    fn bounds(time: Duration) -> Bounds {
        Bounds {
            time,
            output_bytes: 1000,
        }
    }

    async fn ran(script: &str) -> Result<String, ProgramError> {
        let output = run(
            &shell(script),
            b"{\"a\":1}",
            &bounds(Duration::from_secs(20)),
        )
        .await?;
        Ok(String::from_utf8(output).unwrap())
    }

    #[tokio::test]
    async fn it_hears_its_input_and_is_heard() {
        assert_eq!(ran("cat; echo noise >&2").await, Ok("{\"a\":1}".into()));
        assert_eq!(
            ran("exec <&-; sleep 0.1; echo deaf").await,
            Ok("deaf\n".into())
        );
    }

    #[tokio::test]
    async fn it_finds_nothing_in_its_environment_but_what_was_passed() {
        let said = ran("env | cut -d= -f1 | sort | tr '\\n' ' '")
            .await
            .unwrap();
        let names: Vec<&str> = said.split_whitespace().collect();
        let usual = ["HOME", "OLDPWD", "PATH", "PWD", "SHLVL", "_"];
        assert!(names.iter().all(|name| usual.contains(name)), "{names:?}");
        let mut program = shell("test -n \"$CARGO_MANIFEST_DIR\"");
        program.passed = vec!["CARGO_MANIFEST_DIR".into(), "NOT_THERE_AT_ALL".into()];
        let passed = run(&program, b"", &bounds(Duration::from_secs(20))).await;
        assert_eq!(passed, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn its_last_complaint_is_told_and_moves_no_cursor() {
        let failed = ran("printf 'first\\n\\033[2Jno such key\\n\\n' >&2; exit 3").await;
        let Err(ProgramError::Failed { how, said, .. }) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(
            (how.as_str(), said.as_str()),
            ("exit status: 3", "\\u{1b}[2Jno such key")
        );
    }

    #[tokio::test]
    async fn it_may_not_say_more_than_the_limit() {
        let endless = ran("yes").await;
        assert!(
            matches!(endless, Err(ProgramError::TooMuch { bytes: 1000, .. })),
            "{endless:?}"
        );
        let loud = ran("yes | head -c 1000000 >&2; exit 1").await;
        assert!(matches!(loud, Err(ProgramError::Failed { .. })), "{loud:?}");
    }

    #[tokio::test]
    async fn when_its_time_is_over_it_ends_with_all_that_it_started() {
        let place = tempfile::tempdir().unwrap();
        let mut program = shell("(sleep 6; touch too-late) & sleep 60");
        program.folder = place.path().into();
        let ended = run(&program, b"", &bounds(Duration::from_millis(200))).await;
        assert!(
            matches!(ended, Err(ProgramError::TooLong { .. })),
            "{ended:?}"
        );
        tokio::time::sleep(Duration::from_millis(6500)).await;
        assert!(!files::exists(&place.path().join("too-late")));
    }

    #[tokio::test]
    async fn what_is_not_there_is_named() {
        let mut program = shell("");
        program.name = "/not/there".into();
        let missing = run(&program, b"", &bounds(Duration::from_secs(1))).await;
        assert_eq!(missing, Err(ProgramError::NotFound("/not/there".into())));
        program.name = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into();
        let unable = run(&program, b"", &bounds(Duration::from_secs(1))).await;
        assert!(
            matches!(unable, Err(ProgramError::NotStarted { .. })),
            "{unable:?}"
        );
    }
}
