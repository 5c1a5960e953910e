//! The command line: one file a command, and what they share.
//!
//! A command is a struct of arguments and a `run` that reads and writes only through [`Io`], so a
//! test runs it like the shell does. To add one: its file, its `mod` line, its line in `commands!`.
//! Exit codes are a promise to scripts (DESIGN.md, section 9).

mod audit;
mod bench;
mod config;
mod demo;
mod health;
mod hosting;
pub mod init;
mod keys;
mod replay;
mod run;
mod sandbox;
mod sandbox_clock;
mod simulate;
mod trace;

use clap::{Parser, Subcommand};
use std::fmt;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// Where a command reads and writes.
pub struct Io<'a> {
    /// What a person or a pipe types.
    pub input: &'a mut dyn BufRead,
    /// Results.
    pub out: &'a mut dyn Write,
    /// Questions and complaints.
    pub err: &'a mut dyn Write,
}

/// Why a command did not do its work; the sentence goes to stderr.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something was looked at and is not right: exit code 1.
    #[error("{0}")]
    Check(String),
    /// The command or the configuration cannot be used as it is: exit code 2.
    #[error("{0}")]
    Usage(String),
}

/// A fleet of Telegram shop bots run by one actor system.
#[derive(Parser)]
#[command(name = "shopfleet", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Lists the commands: what it does, its name, its file.
macro_rules! commands {
    ($($(#[$doc:meta])+ $name:ident($file:ident),)+) => {
        #[derive(Subcommand)]
        enum Command { $($(#[$doc])+ $name($file::Args),)+ }

        impl Command {
            fn run(&self, io: &mut Io<'_>) -> Result<(), Failure> {
                match self { $(Self::$name(args) => $file::run(args, io),)+ }
            }
        }
    };
}

commands! {
    /// Start the fleet
    Run(run),
    /// Try everything on one page: no tokens, no network
    Demo(demo),
    /// Write a first configuration for a master bot
    Init(init),
    /// Check every law on the store
    Audit(audit),
    /// Live through worlds that go wrong, and check every law in them
    Simulate(simulate),
    /// Decide a trace or a store's journal again and find the first difference
    Replay(replay),
    /// Read traces and cut pieces out of them
    Trace(trace),
    /// Measure this machine
    Bench(bench),
    /// Run only the Bot API sandbox
    Sandbox(sandbox),
    /// Check, show or compare the configuration
    Config(config),
    /// Make keys for the vault
    Keys(keys),
}

/// Runs the command that this process was started with.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let (mut input, mut out, mut err) = (io::stdin().lock(), io::stdout(), io::stderr());
    let mut io = Io { input: &mut input, out: &mut out, err: &mut err };
    ExitCode::from(run(arguments, &mut io))
}

/// Runs one command line, the program's name first; returns the exit code: 0 ok, 1 failed check, 2
/// bad usage or configuration.
pub fn run<I>(arguments: I, io: &mut Io<'_>) -> u8
where
    I: IntoIterator<Item: Into<std::ffi::OsString> + Clone>,
{
    let done = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command.run(io),
        // `--help` and `--version` arrive as errors too.
        Err(asked) if !asked.use_stderr() => say(io, asked.render()),
        Err(error) => Err(Failure::Usage(error.render().to_string().trim_end().to_owned())),
    };
    let Err(failure) = done else { return 0 };
    // When stderr is closed nobody can be told; the exit code still says it.
    let _ = writeln!(io.err, "{failure}");
    match failure {
        Failure::Check(_) => 1,
        Failure::Usage(_) => 2,
    }
}

/// Writes `text` to the results as it is.
fn say(io: &mut Io<'_>, text: impl fmt::Display) -> Result<(), Failure> {
    write!(io.out, "{text}")
        .and_then(|()| io.out.flush())
        .map_err(|error| Failure::Check(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit code, stdout and stderr of one command line.
    fn shell(line: &str) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut io = Io { input: &mut io::empty(), out: &mut out, err: &mut err };
        let code = run(line.split(' '), &mut io);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_usage_is_2_and_help_is_0() {
        for line in
            ["shopfleet", "shopfleet nonsense", "shopfleet config", "shopfleet keys generate 3"]
        {
            let (code, out, err) = shell(line);
            assert_eq!((code, out.as_str()), (2, ""), "{line}");
            assert!(err.contains("Usage: shopfleet"), "{err}");
        }
        let (code, out, err) = shell("shopfleet --help");
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("Make keys for the vault"));
    }

    #[test]
    fn keys_generate_prints_one_key() {
        let (code, out, err) = shell("shopfleet keys generate");
        assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 1));
        out.parse::<crate::vault::Key>().unwrap();
    }

    #[test]
    fn a_missing_config_file_is_2() {
        for command in ["check", "show", "diff"] {
            let (code, _, err) =
                shell(&format!("shopfleet config {command} --config no/such.toml"));
            assert_eq!(code, 2);
            assert_eq!(err, "no/such.toml: cannot be read: entity not found\n");
        }
    }
}
