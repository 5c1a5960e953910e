//! Files as they come and go, in a folder of the test, without the thread.

use super::*;
use crate::random::SeededRandom;
use crate::trace::recorder::QUIET;
use crate::trace::recorder::tests::{Shop, header};
use crate::trace::replay::{Options, Replay, Replayed};
use std::io::Read as _;

/// A shop whose trace is written whenever the test says so.
struct Desk {
    shop: Shop,
    log: Log,
    queue: Queue,
    names: Pseudonyms,
    folder: tempfile::TempDir,
}

impl Desk {
    fn open(rotate_bytes: u64, files: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("traces");
        fs::create_dir(&dir).expect("a folder");
        let rotate_after = Millis::from_hours(1);
        let keep = Keep { dir, rotate_bytes, rotate_after, files, queue: 1_000 };
        let (recorder, queue) = Recorder::queued(header(), keep.queue);
        let shop = Shop::open(recorder);
        let log = Log::new(keep);
        let names = Pseudonyms::new(&SeededRandom::new(3));
        Self { shop, log, queue, names, folder }
    }

    /// Something happens, and is written.
    fn work(&mut self, times: usize) {
        for _ in 0..times {
            self.shop.categorise();
            self.shop.credit();
            self.shop.publish(2);
        }
        if let Some(records) = self.queue.wait(Vec::new()) {
            self.log.take(&records, &self.queue, &self.names);
        }
    }

    /// Everything is written and compressed; the paths of the files, oldest first.
    fn close(mut self) -> (Vec<PathBuf>, tempfile::TempDir) {
        let _ = self.log.packing.take().map(JoinHandle::join);
        self.shop.recorder.close();
        let dir = self.log.keep.dir.clone();
        self.log.follow(&self.queue, &self.names);
        let mut paths: Vec<PathBuf> = fs::read_dir(dir)
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .collect();
        paths.sort();
        (paths, self.folder)
    }
}

fn replayed(paths: &[PathBuf]) -> Replayed {
    let trace = Replay::open_all(paths).expect("files");
    let replayed = trace.run(&Options::default()).expect("a trace");
    assert!(replayed.divergence.is_none(), "{}", replayed.divergence.expect("just seen"));
    replayed
}

#[test]
fn full_files_are_compressed_and_the_oldest_go() {
    let mut desk = Desk::open(4_000, 3);
    for _ in 0..8 {
        desk.work(10);
        desk.shop.now = desk.shop.now + Millis::from_secs(1);
    }
    let (paths, _folder) = desk.close();
    let packed: Vec<bool> =
        paths.iter().map(|path| path.extension().is_some_and(|end| end == "gz")).collect();
    assert_eq!(packed, [true, true, false], "{paths:?}");
    for path in &paths {
        // Ten times two decisions, whose facts the file shows in its view.
        let replayed = replayed(std::slice::from_ref(path));
        assert_eq!(replayed.counts.decided, 20, "{path:?}");
        assert!(replayed.machines.view.is_some(), "{path:?}");
    }
    assert_eq!(replayed(&paths).counts.decided, 60);
}

#[test]
fn an_old_file_is_full() {
    let mut desk = Desk::open(u64::MAX, 10);
    desk.work(1);
    desk.shop.now = desk.shop.now + Millis::from_hours(1);
    desk.work(1);
    desk.work(1);
    let (paths, _folder) = desk.close();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert_eq!(replayed(&paths).counts.decided, 6);
}

#[test]
fn files_of_one_moment_have_names_of_their_own_and_others_files_stay() {
    let mut desk = Desk::open(1, 2);
    let other = desk.log.keep.dir.join("notes.jsonl");
    fs::write(&other, "mine").expect("a file");
    for _ in 0..5 {
        desk.work(1);
    }
    let (paths, _folder) = desk.close();
    assert_eq!(paths.len(), 3, "{paths:?}");
    assert!(paths.contains(&other));
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name(&paths[1]).ends_with("Z-03.jsonl.gz"), "{paths:?}");
    assert!(name(&paths[2]).ends_with("Z-04.jsonl"), "{paths:?}");
    replayed(&paths[1..]);
}

#[test]
fn a_disk_that_fails_leaves_a_gap() {
    let mut desk = Desk::open(1, 10);
    let dir = desk.log.keep.dir.clone();
    desk.work(1);
    fs::rename(&dir, dir.with_extension("away")).expect("a folder");
    desk.work(2);
    desk.shop.now = desk.shop.now + QUIET;
    fs::create_dir(&dir).expect("a folder");
    desk.work(2);
    desk.work(1);
    let (paths, _folder) = desk.close();
    let replayed = replayed(&paths);
    assert!(replayed.counts.dropped >= 6, "{:?}", replayed.counts);
    assert_eq!(replayed.counts.decided, 6, "everything after the gap");
}

#[test]
fn nothing_of_a_person_is_in_a_file() {
    let mut desk = Desk::open(u64::MAX, 2);
    desk.work(3);
    let (paths, _folder) = desk.close();
    let mut text = String::new();
    File::open(&paths[0]).and_then(|mut file| file.read_to_string(&mut text)).expect("a text");
    assert!(!text.contains("Olivia") && !text.contains("main_bot"), "{text}");
    assert!(text.lines().count() > 9);
}
