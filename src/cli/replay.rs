//! `shopfleet replay`: a trace, or the journal of a store, decided again.

use super::hosting::host;
use super::run::store_failure;
use super::{Failure, Io, say};
use crate::app::{open_store_to_read, rules};
use crate::audit::again::Differs;
use crate::audit::rebuild::{Difference, Rebuilt, rebuild};
use crate::config::{Config, StoreUrl};
use crate::domain::id::TenantId;
use crate::store::journal::hex;
use crate::trace::record::Actor;
use crate::trace::replay::{Divergence, Machines, Options, Replay, Replayed};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use tokio::runtime::Handle;

/// After so many records a line on stderr says how far it is.
const PROGRESS_EVERY: u64 = 250_000;

/// Decides recorded messages again; exit code 1 at the first difference.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Trace files of one recording, oldest first, plain or compressed
    #[arg(value_name = "FILE", required_unless_present = "from_store")]
    files: Vec<PathBuf>,
    /// Rebuild the configured store from its journal instead, and compare its tables
    #[arg(long, conflicts_with_all = ["files", "actor", "tenant"])]
    from_store: bool,
    /// The configuration of the store: the file that is laid over the default
    #[arg(long, value_name = "FILE", requires = "from_store")]
    config: Option<PathBuf>,
    /// Stop after the record with this number
    #[arg(long, value_name = "SEQ")]
    until: Option<u64>,
    /// Print what the actors know at the end
    #[arg(long)]
    state: bool,
    /// Only this actor: stock, ledger, committer or supervisor
    #[arg(long)]
    actor: Option<Actor>,
    /// Decide only what came through this shop: master or agent:ID
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    if args.from_store { from_store(args, io) } else { from_files(args, io) }
}

fn from_files(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let options = Options { until: args.until, actor: args.actor, tenant: args.tenant.clone() };
    let replay = Replay::open_all(&args.files).map_err(usage)?;
    let err = &mut *io.err;
    let replayed = replay.run_with(&options, |records, place| {
        if records.is_multiple_of(PROGRESS_EVERY) {
            // Progress that cannot be shown hinders nothing.
            let _ = writeln!(err, "{records} records, at {place}");
        }
    });
    let replayed = replayed.map_err(usage)?;
    let state = args.state.then(|| state(&replayed.machines));
    let text = if args.json { document(&replayed, state) } else { report(&replayed, state) };
    say(io, text)?;
    match &replayed.divergence {
        None => Ok(()),
        Some(found) => {
            Err(Failure::Check(format!("the trace diverges at record {}", found.record.seq)))
        }
    }
}

fn report(replayed: &Replayed, state: Option<Value>) -> String {
    let counts = replayed.counts;
    let mut text = format!("{} records, {} messages decided alike", counts.records, counts.decided);
    for (number, what) in [
        (counts.applied, "applied as recorded"),
        (counts.dropped, "dropped when it was recorded"),
        (counts.left_out, "left out of the files"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    text.push('\n');
    for place in &replayed.torn {
        let _ = writeln!(text, "{place}: half a line at the end was passed over");
    }
    match &replayed.divergence {
        Some(divergence) => {
            let _ = write!(text, "{divergence}");
        }
        None => text.push_str("no divergence\n"),
    }
    with_state(text, state)
}

fn document(replayed: &Replayed, state: Option<Value>) -> String {
    let mut document = json!({
        "counts": replayed.counts,
        "divergence": replayed.divergence.as_deref().map(divergence),
        "torn": replayed.torn,
    });
    if let Some(state) = state {
        document["state"] = state;
    }
    format!("{document:#}\n")
}

fn divergence(found: &Divergence) -> Value {
    let difference =
        |(path, expected, actual)| json!({ "path": path, "expected": expected, "actual": actual });
    let differences: Vec<Value> = found.differences().into_iter().map(difference).collect();
    json!({
        "file": found.place.as_ref().map(|place| place.file.display().to_string()),
        "line": found.place.as_ref().map(|place| place.line),
        "record": found.record,
        "expected": found.expected,
        "actual": found.actual,
        "differences": differences,
        "state": found.state,
    })
}

/// What is known of each actor.
fn state(machines: &Machines) -> Value {
    let mut state = serde_json::Map::new();
    let plain = |value| serde_json::to_value(value).unwrap_or(Value::Null);
    for checkpoint in machines.checkpoints() {
        if let Value::Object(named) = plain(checkpoint) {
            state.extend(named);
        }
    }
    Value::Object(state)
}

fn with_state(mut text: String, state: Option<Value>) -> String {
    if let Some(state) = state {
        let _ = writeln!(text, "{state:#}");
    }
    text
}

fn from_store(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let config = super::config::load(args.config.as_deref())?.config;
    if let StoreUrl::Sqlite(path) = &config.store.url
        && !path.exists()
    {
        // Opening would make an empty one, which is equal to its empty journal.
        return Err(Failure::Usage(format!("there is no store at {}", path.display())));
    }
    let rebuilt = host(|sockets| rebuilt(&config, args.until, &mut *io.err, sockets))?;
    let state = args
        .state
        .then(|| json!({ "stock": rebuilt.machines.stock(), "ledger": rebuilt.machines.ledger() }));
    let text = if args.json {
        store_document(&rebuilt, state)
    } else {
        store_report(&rebuilt, args.until.is_some(), state)
    };
    say(io, text)?;
    match rebuilt.difference {
        None => Ok(()),
        Some(_) => Err(Failure::Check("the store is not what its journal makes".to_owned())),
    }
}

async fn rebuilt(
    config: &Config,
    until: Option<u64>,
    err: &mut dyn std::io::Write,
    sockets: Handle,
) -> Result<Rebuilt, Failure> {
    /// A record is a batch of up to some thousand commands.
    const BATCHES_EVERY: u64 = 1_000;
    let store = open_store_to_read(&config.store, &sockets).await;
    let store = store.map_err(|error| store_failure(&error))?;
    let done = rebuild(store, rules(config), until, |seq, last| {
        if seq.is_multiple_of(BATCHES_EVERY) {
            // Progress that cannot be shown hinders nothing.
            let _ = writeln!(err, "journal record {seq} of {last}");
        }
    });
    done.await.map_err(|error| store_failure(&error))
}

fn store_report(rebuilt: &Rebuilt, partly: bool, state: Option<Value>) -> String {
    let counts = rebuilt.counts();
    let mut text = format!(
        "journal record {} of epoch {}: {} commands decided alike",
        rebuilt.head.seq, rebuilt.head.epoch, counts.decided
    );
    if counts.under_other_numbers > 0 {
        let other = counts.under_other_numbers;
        let _ = write!(text, " ({other} of them under other numbers than today's configuration)");
    }
    if counts.only_applied > 0 {
        let _ = write!(text, ", {} of older rules applied as recorded", counts.only_applied);
    }
    text.push('\n');
    match &rebuilt.difference {
        None if partly => {
            text.push_str("no difference so far; tables are newer and not compared\n");
        }
        None => text.push_str("every journalled table is what the journal makes of it\n"),
        Some(difference) => {
            let _ = writeln!(text, "first difference: {difference}");
            if let Difference::Decision(differs) = difference {
                decision(&mut text, differs);
            }
        }
    }
    with_state(text, state)
}

fn decision(text: &mut String, differs: &Differs) {
    let _ = writeln!(text, "  at {} {}", differs.at, json!(differs.command));
    let _ = writeln!(text, "  - {}", json!(differs.expected));
    let _ = match &differs.actual {
        Ok(events) => writeln!(text, "  + {}", json!(events)),
        Err(rejection) => writeln!(text, "  + refused: {rejection}"),
    };
}

fn store_document(rebuilt: &Rebuilt, state: Option<Value>) -> String {
    let head = &rebuilt.head;
    let decision = match &rebuilt.difference {
        Some(Difference::Decision(differs)) => Some(json!({
            "record": differs.seq,
            "at": differs.at,
            "command": differs.command,
            "expected": differs.expected,
            "actual": differs.actual,
        })),
        Some(Difference::Chain(_) | Difference::End { .. } | Difference::Tables { .. }) | None => {
            None
        }
    };
    let mut document = json!({
        "head": { "epoch": head.epoch, "seq": head.seq, "hash": hex(&head.hash) },
        "counts": rebuilt.counts(),
        "difference": rebuilt.difference.as_ref().map(ToString::to_string),
        "decision": decision,
    });
    if let Some(state) = state {
        document["state"] = state;
    }
    format!("{document:#}\n")
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}
