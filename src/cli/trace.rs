//! `shopfleet trace`: traces to read, and pieces of them.

use super::{Failure, Io, say};
use crate::domain::id::{AgentId, OrderId, TenantId};
use crate::trace::cut::{CutError, cut};
use crate::trace::record::{Actor, Record};
use crate::trace::replay::{ReadError, Reader};
use crate::trace::show::{Focus, line};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Reads traces and cuts pieces out of them.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print who told whom what, one line a record
    Show(Show),
    /// Write the smallest piece that still replays
    Cut(Cut),
}

/// Which records.
#[derive(clap::Args)]
struct Show {
    /// Trace files of one recording, oldest first, plain or compressed
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only what came through this shop: master or agent:ID
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Only this actor: recorder, stock, ledger, committer or supervisor
    #[arg(long)]
    actor: Option<Actor>,
    #[command(flatten)]
    about: About,
}

/// Which piece.
#[derive(clap::Args)]
struct Cut {
    /// Trace files of one recording, oldest first, plain or compressed
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    about: About,
    /// Where the piece is written; to stdout by default
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// One order, agent or chat.
#[derive(clap::Args)]
#[group(multiple = false)]
struct About {
    /// About this order: ord_…
    #[arg(long)]
    order: Option<OrderId>,
    /// About this agent
    #[arg(long)]
    agent: Option<AgentId>,
    /// About this chat; a private one has the number of its person
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    chat: Option<i64>,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    match &args.what {
        What::Show(args) => show(args, io),
        What::Cut(args) => cut_piece(args, io),
    }
}

fn show(args: &Show, io: &mut Io<'_>) -> Result<(), Failure> {
    let mut focus = args.about.focus();
    for read in Reader::open(&args.files).map_err(unreadable)? {
        let record = read.map_err(unreadable)?.record;
        let through = args.tenant.is_none() || record.message.tenant() == args.tenant.as_ref();
        let by = args.actor.is_none_or(|actor| actor == record.actor);
        if focus.as_mut().is_none_or(|focus| focus.has(&record)) && through && by {
            say(io, format_args!("{}\n", line(&record)))?;
        }
    }
    Ok(())
}

fn cut_piece(args: &Cut, io: &mut Io<'_>) -> Result<(), Failure> {
    let focus = args.about.focus();
    let focus = focus.ok_or_else(|| {
        Failure::Usage("say what the piece is about: --order, --agent or --chat".to_owned())
    })?;
    let records = Reader::open(&args.files).map_err(unreadable)?;
    let piece = cut(records.map(|read| read.map(|line| line.record)), focus);
    let piece = piece.map_err(|error| match error {
        CutError::Read(error) => unreadable(error),
        CutError::Nothing | CutError::Order { .. } | CutError::DivergesBefore { .. } => {
            Failure::Usage(error.to_string())
        }
    })?;
    let written = match &args.output {
        None => write(&piece.records, &mut *io.out),
        Some(path) => File::create(path).and_then(|file| write(&piece.records, file)),
    };
    written.map_err(|error| Failure::Check(format!("the piece cannot be written: {error}")))?;
    // What was cut is on stdout; nobody needs to hear this.
    let _ = writeln!(io.err, "{piece}");
    Ok(())
}

fn write(records: &[Record], to: impl Write) -> std::io::Result<()> {
    let mut to = BufWriter::new(to);
    for record in records {
        serde_json::to_writer(&mut to, record)?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

impl About {
    fn focus(&self) -> Option<Focus> {
        let Self { order, agent, chat } = self;
        let order = order.as_ref().map(Focus::order);
        let agent = agent.as_ref().map(Focus::agent);
        order.or(agent).or_else(|| chat.map(Focus::chat))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unreadable(error: ReadError) -> Failure {
    Failure::Usage(error.to_string())
}
