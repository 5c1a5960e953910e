//! Named threads that own connections, and the way to ask them without blocking.
//!
//! SQLite's calls block, so they live on threads of their own (DESIGN.md, section 5). A question is a
//! closure; it waits in a bounded queue, runs on the connection, and is answered through a oneshot.
//! A closure that panics loses neither its caller, who is told that no answer came, nor the thread.

use crate::store::StoreError;
use rusqlite::Connection;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Questions that wait at one worker before the next caller waits for a place: a few batches and
/// their successors. Permits of the Committer bound what is in them.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;
type Queue = Mutex<mpsc::UnboundedReceiver<Job>>;

/// One or more threads that answer questions, each on a connection of its own.
#[derive(Debug)]
pub(super) struct Worker {
    /// The only lasting sender, so that the threads end with it; none only while it is dropped.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    /// Places in the queue. Closing it ends the wait of callers who have none.
    places: Arc<Semaphore>,
    threads: Vec<JoinHandle<()>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The thread has ended; the question never began.
    NotAsked,
    /// The question began and died.
    NotAnswered,
}

impl Worker {
    /// Starts one thread per connection. `kept` is dropped when the last of them has ended.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system gives no thread.
    pub(super) fn start<Kept: Send + Sync + 'static>(
        name: &str,
        connections: Vec<Connection>,
        kept: Kept,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (queue, kept) = (Arc::new(Mutex::new(queue)), Arc::new(kept));
        let places = Arc::new(Semaphore::new(QUEUE));
        let mut worker = Self { jobs: Some(jobs), places, threads: Vec::new() };
        for db in connections {
            let (queue, kept) = (Arc::clone(&queue), Arc::clone(&kept));
            let thread = Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    work(db, &queue);
                    drop(kept);
                })
                .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
            worker.threads.push(thread);
        }
        Ok(worker)
    }

    /// Asks; the question is queued when the answer is first awaited.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, Lost>> + Send + 'static {
        let jobs = self.jobs.as_ref().map(mpsc::UnboundedSender::downgrade);
        let places = Arc::clone(&self.places);
        async move {
            let place = places.acquire_owned().await.map_err(|_| Lost::NotAsked)?;
            let (answer, answered) = oneshot::channel();
            let job: Job = Box::new(move |db| {
                drop(place);
                // Nobody waits any more: the caller was dropped, which changes nothing here.
                let _ = answer.send(question(db));
            });
            // Held for a moment only: a caller who waits must not keep the threads alive.
            let jobs = jobs.and_then(|jobs| jobs.upgrade()).ok_or(Lost::NotAsked)?;
            jobs.send(job).map_err(|_| Lost::NotAsked)?;
            drop(jobs);
            answered.await.map_err(|_| Lost::NotAnswered)
        }
    }
}

impl Drop for Worker {
    /// Waits for the questions in the queue, so that afterwards the file is free for the next owner.
    fn drop(&mut self) {
        self.places.close();
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread cannot have panicked: every question runs under catch_unwind.
            let _ = thread.join();
        }
    }
}

fn work(mut db: Connection, queue: &Queue) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(|| job(&mut db))).is_err() {
            tracing::error!(
                "a question to the store panicked; its caller is told the fate is unknown"
            );
        }
        if !db.is_autocommit() {
            // A panic may have left its transaction open; nothing of it may be seen by the next.
            let _ = db.execute_batch("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> Worker {
        let db = Connection::open_in_memory().expect("opens");
        db.execute_batch("CREATE TABLE t (a)").expect("creates");
        Worker::start("store-test", vec![db], ()).expect("starts")
    }

    fn count(db: &Connection) -> Result<i64, rusqlite::Error> {
        db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_panic_loses_the_answer_and_the_transaction_but_not_the_thread() {
        let worker = worker();
        let lost = worker
            .ask(|db| {
                db.execute_batch("BEGIN; INSERT INTO t VALUES (1)").expect("writes");
                panic!("on purpose");
            })
            .await;
        assert_eq!(lost.map(|(): ()| ()), Err(Lost::NotAnswered));
        assert_eq!(worker.ask(|db| count(db)).await, Ok(Ok(0)));
    }

    #[tokio::test]
    async fn dropping_the_worker_finishes_what_was_asked_and_frees_what_it_kept() {
        let kept = Arc::new(());
        let db = Connection::open_in_memory().expect("opens");
        let worker = Worker::start("store-test", vec![db], Arc::clone(&kept)).expect("starts");
        let (sent, got) = std::sync::mpsc::channel();
        worker.ask(move |_| sent.send(1).is_ok()).await.expect("answers");
        drop(worker);
        assert_eq!(got.recv(), Ok(1));
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[tokio::test]
    async fn a_question_that_was_not_asked_in_time_finds_nobody() {
        let worker = worker();
        let late = worker.ask(|db| count(db));
        drop(worker);
        assert_eq!(late.await, Err(Lost::NotAsked));
    }

    #[tokio::test]
    async fn every_connection_serves() {
        let connections =
            (0..2).map(|_| Connection::open_in_memory().expect("opens")).collect::<Vec<_>>();
        let worker = Worker::start("store-test", connections, ()).expect("starts");
        let (enter, entered) = std::sync::mpsc::channel();
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let first = worker.ask(move |_| {
            enter.send(()).expect("the test listens");
            left.recv().is_err()
        });
        let first = tokio::spawn(first);
        tokio::task::spawn_blocking(move || entered.recv()).await.expect("runs").expect("began");
        assert_eq!(worker.ask(|_| 2).await, Ok(2), "the other thread answers meanwhile");
        drop(leave);
        assert_eq!(first.await.expect("runs"), Ok(true));
    }
}
