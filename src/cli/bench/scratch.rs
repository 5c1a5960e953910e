//! The folder a bench works in; removed with everything in it when the bench ends.

use super::failed;
use crate::cli::Failure;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of our own.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it in `parent`, or where the system keeps such things.
    pub(super) fn make(parent: Option<&Path>) -> Result<Self, Failure> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("shopfleet-bench-{}", std::process::id()));
        let made = fs::create_dir(&path);
        made.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// The store's file in it.
    pub(super) fn store(&self) -> PathBuf {
        self.0.join("bench.db")
    }

    /// A copy of the store's file, which must be closed.
    pub(super) fn copy_of_store(&self) -> Result<PathBuf, Failure> {
        let copy = self.0.join("copy.db");
        fs::copy(self.store(), &copy).map_err(failed)?;
        Ok(copy)
    }

    /// Bytes of everything in it.
    pub(super) fn size(&self) -> Result<u64, Failure> {
        let entries = fs::read_dir(&self.0).map_err(failed)?;
        let sizes = entries.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum::<Result<u64, std::io::Error>>().map_err(failed)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the bench leaves its folder behind");
        }
    }
}
