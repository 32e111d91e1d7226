//! Words in, sentences and an exit code out. The only part that prints.
//!
//! Exit codes: 0 done; 1 refused, or a part of the work failed; 2 wrong usage, or the machine is not set up for it.

mod demo;
mod extract;
mod failure;
mod get;
mod init;
mod intake;
mod key;
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

use clap::{Parser, Subcommand};

use failure::Outcome;
use screen::Screen;

/// Carries a newsroom's articles past a censor.
///
/// A newsroom packs its articles into a signed bundle and pushes it to mirrors that anyone can run. A mirror can be
/// blocked, but it cannot change a word: readers check who signed. Run `colport demo` to see the whole way in a minute.
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
    Serve(serve::Serve),
    Get(get::Get),
    Open(open::Open),
    Verify(verify::Verify),
    Simulate(simulate::Simulate),
}

/// Runs the command that the arguments of the process name.
pub fn main() -> ExitCode {
    let command = Colport::parse().command;
    let screen = Screen::of_terminal();
    let outcome = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(run(command, &screen)),
        Err(error) => Err(failure::Failure::setup(format!("could not start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.failure(&failure);
            failure.exit.into()
        }
    }
}

async fn run(command: Command, screen: &Screen) -> Outcome {
    match command {
        Command::Demo(demo) => demo.run(screen).await,
        Command::Extract(extract) => extract.run(screen),
        Command::Init(init) => init.run(screen),
        Command::Intake(intake) => intake.run(screen).await,
        Command::Key(key) => key.run(screen),
        Command::Pack(pack) => pack.run(screen).await,
        Command::Sync(sync) => sync.run(screen).await,
        Command::Serve(serve) => serve.run(screen).await,
        Command::Get(get) => get.run(screen).await,
        Command::Open(open) => open.run(screen).await,
        Command::Verify(verify) => verify.run(screen).await,
        Command::Simulate(simulate) => simulate.run(screen).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Colport::command().debug_assert();
    }
}
