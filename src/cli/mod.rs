//! Words in, sentences and an exit code out. The only part that prints.
//!
//! Exit codes: 0 done; 1 refused, or a part of the work failed; 2 wrong usage, or the machine is not set up for it.

mod daemon;
mod demo;
mod extract;
mod failure;
mod follow;
mod get;
mod init;
mod intake;
mod key;
mod mirrors;
mod open;
mod pack;
mod root;
mod screen;
mod serve;
mod simulate;
mod sync;
mod telling;
mod verify;
mod watch;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use failure::Outcome;
use screen::Screen;

/// Carries a newsroom's articles past a censor.
///
/// A newsroom packs its articles into a signed bundle and pushes it to mirrors that anyone can run. A mirror can be
/// blocked. If it changes a word, `colport` notices, because it checks who signed; a browser on a mirror's address checks
/// nothing. Run `colport demo` to see the whole way in a minute.
#[derive(Parser)]
#[command(name = "colport", version, max_term_width = 100)]
struct Colport {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Extract(extract::Extract),
    Init(init::Init),
    Intake(intake::Intake),
    Key(key::Key),
    Pack(pack::Pack),
    Sync(sync::Sync),
    Mirrors(mirrors::Mirrors),
    // In a box, since it has by far the most options.
    Serve(Box<serve::Serve>),
    Get(get::Get),
    Open(open::Open),
    Verify(verify::Verify),
    Simulate(simulate::Simulate),
}

/// Runs the command that the arguments of the process name.
pub fn main() -> ExitCode {
    let command = Colport::parse().command;
    let screen = Screen::of_terminal();
    match run(command, &screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(command: Command, screen: &Screen) -> Outcome {
    match command {
        Command::Demo(demo) => in_threads(demo.run(screen)),
        Command::Extract(extract) => extract.run(screen),
        Command::Init(init) => init.run(screen),
        Command::Intake(intake) => in_threads(intake.run(screen)),
        Command::Key(key) => key.run(screen),
        Command::Pack(pack) => in_few_threads(pack.run(screen)),
        Command::Sync(sync) => in_threads(sync.run(screen)),
        Command::Mirrors(mirrors) => mirrors.run(screen),
        // Shuts itself in before there are other threads.
        Command::Serve(serve) => serve.run(screen),
        Command::Get(get) => in_threads(get.run(screen)),
        Command::Open(open) => in_threads(open.run(screen)),
        Command::Verify(verify) => in_threads(verify.run(screen)),
        Command::Simulate(simulate) => in_threads(simulate.run(screen)),
    }
}

fn in_threads(work: impl Future<Output = Outcome>) -> Outcome {
    on(&mut tokio::runtime::Builder::new_multi_thread(), work)
}

/// For work that takes much memory for a moment, again and again: what a thread gave back stays with it, for its next
/// piece of work, so there must not be many.
fn in_few_threads(work: impl Future<Output = Outcome>) -> Outcome {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut few = tokio::runtime::Builder::new_multi_thread();
    few.worker_threads(cores.min(MOST_WORKERS))
        .max_blocking_threads((cores + 1).min(MOST_AT_WORK));
    on(&mut few, work)
}

/// Threads that only wait for each other and for the network.
const MOST_WORKERS: usize = 4;

/// Threads that read pages and encode pictures.
const MOST_AT_WORK: usize = 9;

fn on(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = runtime.enable_all().build();
    let failed = |error| failure::Failure::setup(format!("could not start: {error}"));
    let runtime = runtime.map_err(failed)?;
    let outcome = runtime.block_on(work);
    // Somebody's page may still be read that was given up on.
    runtime.shutdown_timeout(AT_THE_END);
    outcome
}

/// What a thread has begun by then is left.
const AT_THE_END: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn a_thread_that_does_not_end_keeps_nobody() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let outcome = super::in_threads(async {
            let (begin, begun) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || (begin.send(()), ended.recv()));
            begun.await.map_err(super::failure::Failure::setup)
        });
        assert!(outcome.is_ok());
        drop(end);
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::Colport::command().debug_assert();
    }
}
