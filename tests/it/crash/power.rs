//! Power cuts on the real program: whatever was written and not synced is gone.
//!
//! A small library between the program and the kernel (`power_cut.c`, compiled here with the C compiler
//! that the embedded SQLite needs as well) keeps what a disk without caches would hold. After a kill
//! the test puts that in the store's place. With the program as it is, every order that a customer was
//! ever told of is still there. When syncs of the log are ignored, which is what `synchronous=NORMAL`
//! leaves out at a commit, orders are missing that customers were told of: FULL is needed, it is in
//! force, and this test would see it if it were not.
//!
//! What this cannot show: that the kernel and the drive keep the promise of fsync.

use super::child::Kill;
use super::customers::Load;
use super::town::{self, Town};
use super::verdict;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use shopfleet::clock::{Clock as _, SystemClock};
use shopfleet::domain::time::Millis;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Power cuts of the program as it is.
const CUTS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_nothing_that_a_customer_was_told() {
    let mut city = City::found().await;
    for _ in 0..CUTS {
        let lost = city.cut("").await;
        assert_eq!(lost, 0, "orders are gone that customers were told of");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sync_of_full_a_power_cut_takes_what_customers_were_told() {
    let mut city = City::found().await;
    let lost = city.cut("-wal").await;
    assert!(lost > 0, "the log was never synced and nothing is missing: the test sees nothing");
}

/// A town on a disk that forgets.
struct City {
    town: Town,
    library: PathBuf,
    random: StdRng,
}

impl City {
    async fn found() -> Self {
        let seed = town::seed();
        let town = Town::found(seed).await;
        let library = town.folder().join("power_cut.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/crash/power_cut.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([library.as_path(), Path::new(source)])
            .args(["-ldl"])
            .status();
        assert!(compiled.expect("there is a C compiler").success());
        std::fs::create_dir(town.folder().join("disk")).expect("makes it");
        Self { town, library, random: StdRng::seed_from_u64(seed) }
    }

    /// Customers buy, the power fails, the program starts again. Answers how many orders are gone
    /// that a customer was told of.
    async fn cut(&mut self, ignored: &str) -> usize {
        self.remember();
        let path = |path: &Path| path.display().to_string();
        let mut child = self
            .town
            .start(&[
                ("LD_PRELOAD", path(&self.library)),
                ("POWER_CUT_STORE", path(&self.town.store())),
                ("POWER_CUT_DISK", path(&disk_of(&self.town))),
                ("POWER_CUT_IGNORED", ignored.to_owned()),
            ])
            .await;
        let load = Load::start(&self.town, self.random.random());
        SystemClock.sleep(Millis::from_ms(self.random.random_range(1_500..2_500))).await;
        let after_us = self.random.random_range(0..2_500);
        child.kill(Kill::InBatch { after_us }).await;
        load.stop().await;
        let promised = verdict::promised(&self.town);
        assert!(!promised.is_empty(), "nobody has bought anything yet");
        self.forget();
        verdict::audit(&self.town);
        let (_, chronicle) = verdict::books(&self.town).await;
        let known = |order: &String| chronicle.orders.keys().any(|id| id.to_string() == *order);
        promised.iter().filter(|order| !known(order)).count()
    }

    /// Whoever had the store last has closed it in order: all of it is on the disk.
    fn remember(&self) {
        let disk = disk_of(&self.town);
        std::fs::remove_dir_all(&disk).expect("removes");
        std::fs::create_dir(&disk).expect("makes");
        std::fs::copy(self.town.store(), disk.join("town.db")).expect("copies");
    }

    /// Puts what the disk holds in the place of what the kernel knew.
    fn forget(&self) {
        let (folder, disk) = (self.town.folder(), disk_of(&self.town));
        for end in ["", "-wal", "-shm", "-journal"] {
            let name = format!("town.db{end}");
            let _ = std::fs::remove_file(folder.join(&name));
            if disk.join(&name).exists() {
                std::fs::copy(disk.join(&name), folder.join(&name)).expect("copies");
            }
        }
    }
}

fn disk_of(town: &Town) -> PathBuf {
    town.folder().join("disk")
}
