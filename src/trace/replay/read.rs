//! Trace files as records: plain or compressed, one after the other, line by line.
//!
//! What cannot be read is said with file and line. Every version that was ever released is read; a
//! newer one is named as what it is, not as damage.

use crate::trace::record::{Record, VERSION};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Longest line that is quoted in an error.
const QUOTED: usize = 60;

/// One line of a trace file.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub record: Record,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No file was named.
    #[error("name a trace file")]
    Nothing,
    /// A file cannot be opened or read.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A newer program wrote it.
    #[error("{place}: the record has version {found}, this program knows up to {VERSION}")]
    Newer {
        /// Where.
        place: Place,
        /// The version found.
        found: u32,
    },
    /// The line is no record.
    #[error("{place}: not a record of a trace: {reason} in {text:?}")]
    Broken {
        /// Where.
        place: Place,
        /// Why.
        reason: String,
        /// How the line begins.
        text: String,
    },
    /// The record cannot stand here.
    #[error("{place}: {reason}")]
    Order {
        /// Where.
        place: Place,
        /// Why.
        reason: String,
    },
}

/// Reads files one after the other.
pub struct Reader {
    files: std::vec::IntoIter<Source>,
    current: Option<Source>,
    line: String,
    torn: Vec<Place>,
}

struct Source {
    text: Box<dyn BufRead + Send>,
    place: Place,
}

impl Reader {
    /// Opens the files. All of them, so that a wrong name is said before an hour of work.
    ///
    /// # Errors
    /// [`ReadError`] names the file.
    pub fn open(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let opened: Result<Vec<Source>, ReadError> =
            paths.iter().map(|path| Source::open(path)).collect();
        let mut files = opened?.into_iter();
        let current = Some(files.next().ok_or(ReadError::Nothing)?);
        Ok(Self { files, current, line: String::new(), torn: Vec::new() })
    }

    /// Last lines of files that are torn and were passed over.
    pub fn torn(&self) -> &[Place] {
        &self.torn
    }
}

impl Iterator for Reader {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let source = self.current.as_mut()?;
            self.line.clear();
            let place = &mut source.place;
            place.line += 1;
            match source.text.read_line(&mut self.line) {
                Ok(0) => self.current = self.files.next(),
                Ok(_) if self.line.trim().is_empty() => {}
                Ok(_) => match parse(&self.line, place) {
                    // A process that was killed leaves half a line, which nobody was told of.
                    Err(ReadError::Broken { .. }) if !self.line.ends_with('\n') => {
                        self.torn.push(place.clone());
                    }
                    read => return Some(read),
                },
                Err(error) => {
                    let file = place.file.to_path_buf();
                    self.current = None;
                    return Some(Err(ReadError::File { file, error }));
                }
            }
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.current.as_ref().map(|source| &source.place);
        f.debug_struct("Reader").field("place", &place).finish_non_exhaustive()
    }
}

impl Source {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let failed = |error| ReadError::File { file: path.to_owned(), error };
        let mut plain = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
        let is_gzip = plain.fill_buf().map_err(failed)?.starts_with(&GZIP);
        let text: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        Ok(Self { text, place: Place { file: path.into(), line: 0 } })
    }
}

/// A line as a record of the present version.
fn parse(line: &str, place: &Place) -> Result<Line, ReadError> {
    /// What every version begins with.
    #[derive(Deserialize)]
    struct Envelope {
        v: u32,
    }
    let broken = |error: &serde_json::Error| ReadError::Broken {
        place: place.clone(),
        reason: error.to_string(),
        text: line.trim_end().chars().take(QUOTED).collect(),
    };
    match serde_json::from_str::<Record>(line) {
        Ok(record) if record.v == VERSION => Ok(Line { place: place.clone(), record }),
        // Version 1 is the first; the next one turns older records into its own here.
        Ok(record) => Err(ReadError::Newer { place: place.clone(), found: record.v }),
        Err(error) => match serde_json::from_str::<Envelope>(line) {
            Ok(Envelope { v }) if v > VERSION => {
                Err(ReadError::Newer { place: place.clone(), found: v })
            }
            Ok(_) | Err(_) => Err(broken(&error)),
        },
    }
}
