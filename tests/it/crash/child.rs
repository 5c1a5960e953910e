//! One run of the program: its log as it comes, and its end.

use serde_json::Value;
use shopfleet::clock::Stopwatch;
use std::io::{BufRead as _, BufReader};
use std::process::{Child as Process, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than any start or stop takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// When to kill.
#[derive(Clone, Copy)]
pub(super) enum Kill {
    /// At once, whatever is going on.
    Now,
    /// So long after the next batch begins. It may be durable by then.
    InBatch { after_us: u64 },
}

/// What the log has said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The last batch in what the core loaded; nothing before it takes requests.
    loaded: Option<u64>,
    begun: u64,
    durable: u64,
    /// Errors and the last line, for whoever has to find out.
    complaints: Vec<String>,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Child {
    process: Arc<Mutex<Process>>,
    seen: watch::Receiver<Seen>,
    armed: Arc<Mutex<Option<u64>>>,
    reader: JoinHandle<()>,
}

impl Child {
    /// Starts the program and waits until its core takes requests.
    pub(super) async fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let stderr = process.stderr.take().expect("it is piped");
        let process = Arc::new(Mutex::new(process));
        let (tell, mut seen) = watch::channel(Seen::default());
        let armed = Arc::new(Mutex::new(None));
        let reader = {
            let (process, armed) = (process.clone(), armed.clone());
            tokio::task::spawn_blocking(move || read(stderr, &tell, &process, &armed))
        };
        let started = seen.wait_for(|seen| seen.loaded.is_some());
        let started = matches!(tokio::time::timeout(PATIENCE, started).await, Ok(Ok(_)));
        assert!(started, "the program does not start: {:?}", seen.borrow());
        Self { process, seen, armed, reader }
    }

    /// The number of the last batch that it found.
    pub(super) fn loaded(&self) -> u64 {
        self.seen.borrow().loaded.expect("it has started")
    }

    /// Kills it with SIGKILL; answers the batch that was in flight, if there was one.
    pub(super) async fn kill(&mut self, kill: Kill) -> Option<u64> {
        match kill {
            Kill::Now => end(&self.process),
            Kill::InBatch { after_us } => {
                *lock(&self.armed) = Some(after_us);
            }
        }
        // The pipe ends when the process is gone and everything it wrote has been read.
        let ended = tokio::time::timeout(PATIENCE, &mut self.reader).await;
        assert!(ended.is_ok(), "no batch begins: {:?}", self.seen.borrow());
        let status = lock(&self.process).wait().expect("it was ours");
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(9), "it ended by itself: {:?}", self.seen.borrow());
        let seen = self.seen.borrow();
        (seen.begun > seen.durable).then_some(seen.begun)
    }

    /// Asks it to end, as an operator does, and waits for a good end.
    pub(super) async fn end(mut self) {
        let id = lock(&self.process).id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("there is kill");
        assert!(asked.success());
        let ended = tokio::time::timeout(PATIENCE, &mut self.reader).await;
        assert!(ended.is_ok(), "it does not end: {:?}", self.seen.borrow());
        let status = lock(&self.process).wait().expect("it was ours");
        assert!(status.success(), "{status}: {:?}", self.seen.borrow());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A test that fails leaves no process behind.
        end(&self.process);
    }
}

fn end(process: &Mutex<Process>) {
    // One that has ended already cannot be killed.
    let _ = lock(process).kill();
}

/// Reads the log to its end. The kill happens here, because every detour would come too late.
fn read(
    stderr: ChildStderr,
    tell: &watch::Sender<Seen>,
    process: &Mutex<Process>,
    armed: &Mutex<Option<u64>>,
) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let seq = event["seq"].as_u64().unwrap_or_default();
        let message = event["message"].as_str().unwrap_or_default();
        if message == "a batch begins"
            && let Some(after_us) = lock(armed).take()
        {
            let span = Duration::from_micros(after_us);
            let began = Stopwatch::start();
            while began.elapsed() < span {
                std::hint::spin_loop();
            }
            end(process);
        }
        tell.send_modify(|seen| match message {
            "a batch begins" => seen.begun = seq,
            "a batch is durable" => seen.durable = seq,
            "the core takes requests" => seen.loaded = Some(seq),
            _ => seen.complaints.push(line),
        });
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
