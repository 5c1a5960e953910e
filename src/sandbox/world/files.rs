//! Files: what is remembered of them, how they are sent, found and downloaded.
//!
//! The bytes are not kept here; they leave with [`Change::File`] and stay with whoever stores the
//! changes.

use super::World;
use super::answer::{Complaint, Refusal, Reply};
use super::image;
use super::params::Params;
use super::records::{Change, FileRecord};
use crate::secret::Secret;
use bytes::Bytes;
use rand::Rng;
use serde_json::{Value, json};

/// The most bytes a bot may download.
const DOWNLOAD_MAX: i64 = 20 * 1024 * 1024;
/// The most bytes a bot may upload.
const UPLOAD_MAX: i64 = 50 * 1024 * 1024;
/// The most bytes a bot may upload as a picture.
const PHOTO_MAX: i64 = 10 * 1024 * 1024;

/// A file that came with a call.
#[derive(Clone)]
pub struct Upload {
    /// The form field it came in.
    pub field: String,
    /// The name its sender gave it.
    pub file_name: String,
    /// The content. May be goods: never printed.
    pub bytes: Bytes,
}

/// As what a file is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Any file.
    Document,
    /// A picture.
    Photo,
}

impl World {
    pub(super) fn get_file(&self, bot: i64, params: Params<'_>) -> Reply {
        let id = params.text("file_id").unwrap_or_default();
        let file = self.own_file(bot, &id).ok_or_else(|| Refusal::bad("invalid file_id"))?;
        if file.size > DOWNLOAD_MAX {
            return Err(Refusal::bad("file is too big"));
        }
        Ok(json!({
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": file.size,
            "file_path": file.path,
        }))
    }

    /// The id of the file that a bot may download from this path.
    ///
    /// # Errors
    /// The refusal Telegram gives: 401 or 404.
    pub fn downloadable(&self, token: &Secret, path: &str) -> Result<&str, Refusal> {
        let bot = self.authorise(token)?;
        self.paths
            .get(&(bot, path.to_owned()))
            .and_then(|id| self.files.get(id))
            .filter(|file| file.size <= DOWNLOAD_MAX)
            .map(|file| file.id.as_str())
            .ok_or_else(Refusal::not_found)
    }

    /// What is known of a file, whoever's it is.
    pub fn file(&self, id: &str) -> Option<&FileRecord> {
        self.files.get(id)
    }

    /// The file a method sends, stored now if it was uploaded: its id.
    pub(super) fn sent_file(
        &mut self,
        bot: i64,
        params: Params<'_>,
        kind: FileKind,
        uploads: &[Upload],
    ) -> Result<String, Refusal> {
        let field = kind.field();
        let given = params.text(field).unwrap_or_default();
        // teloxide names the part by an address, other libraries by the parameter itself.
        let part = given.strip_prefix("attach://").unwrap_or(field);
        if let Some(upload) = uploads.iter().find(|upload| upload.field == part) {
            return self.uploaded(bot, kind, upload);
        }
        if given.is_empty() {
            return Err(Refusal::bad(format!("there is no {field} in the request")));
        }
        if given.starts_with("http://") || given.starts_with("https://") {
            // This world has no network behind it.
            return Err(Refusal::bad("failed to get HTTP URL content"));
        }
        match self.own_file(bot, &given) {
            Some(file) if (kind == FileKind::Photo) != file.pixels.is_some() => Err(Refusal::bad(
                format!("can't use file of type {} as {}", file.kind_name(), kind.name()),
            )),
            Some(file) => Ok(file.id.clone()),
            None => Err(Refusal::bad("wrong file identifier/HTTP URL specified")),
        }
    }

    /// Stores a file that a person sends.
    ///
    /// # Errors
    /// When it is empty, nameless, or larger than a person may send here.
    pub(super) fn store_document(
        &mut self,
        bot: i64,
        name: &str,
        bytes: Bytes,
    ) -> Result<String, Complaint> {
        if name.trim().is_empty() {
            return Err(Complaint::bad("the document needs a name"));
        }
        if bytes.is_empty() {
            return Err(Complaint::bad("the document is empty"));
        }
        Ok(self.store(bot, Some(name.trim().to_owned()), None, bytes))
    }

    pub(super) fn insert_file(&mut self, file: FileRecord) {
        self.paths.insert((file.bot, file.path.clone()), file.id.clone());
        self.files.insert(file.id.clone(), file);
    }

    fn own_file(&self, bot: i64, id: &str) -> Option<&FileRecord> {
        self.files.get(id).filter(|file| file.bot == bot)
    }

    fn uploaded(&mut self, bot: i64, kind: FileKind, upload: &Upload) -> Result<String, Refusal> {
        let size = size_of(&upload.bytes);
        if size > UPLOAD_MAX {
            return Err(Refusal::too_large());
        }
        if size == 0 {
            return Err(Refusal::bad("file must be non-empty"));
        }
        match kind {
            FileKind::Document => {
                let name = Some(upload.file_name.clone()).filter(|name| !name.is_empty());
                Ok(self.store(bot, name, None, upload.bytes.clone()))
            }
            FileKind::Photo if size > PHOTO_MAX => {
                Err(Refusal::bad("too big file for a photo; the maximum size is 10 MB"))
            }
            FileKind::Photo => {
                let pixels = image::pixels(&upload.bytes)
                    .ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
                Ok(self.store(bot, None, Some(pixels), upload.bytes.clone()))
            }
        }
    }

    fn store(
        &mut self,
        bot: i64,
        name: Option<String>,
        pixels: Option<(u32, u32)>,
        bytes: Bytes,
    ) -> String {
        let (prefix, folder) =
            if pixels.is_some() { ("AgACAgIAAxk", "photos") } else { ("BQACAgIAAxk", "documents") };
        // Files are never forgotten, so their count is a number no file has.
        let number = self.files.len() + 1;
        let extension = match (&name, pixels) {
            (_, Some(_)) => ".jpg".to_owned(),
            (Some(name), None) => extension(name),
            (None, None) => String::new(),
        };
        let file = FileRecord {
            id: self.random_id(prefix, 48),
            unique_id: self.random_id("AgAD", 12),
            bot,
            path: format!("{folder}/file_{number}{extension}"),
            name,
            size: size_of(&bytes),
            pixels,
        };
        let id = file.id.clone();
        self.insert_file(file.clone());
        self.changes.push(Change::File(file, bytes));
        id
    }

    /// A prefix and so many characters that nobody guesses.
    pub(super) fn random_id(&mut self, prefix: &str, length: usize) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut id = prefix.to_owned();
        for _ in 0..length {
            let at = self.random.random_range(0..ALPHABET.len());
            id.push(char::from(ALPHABET[at]));
        }
        id
    }
}

impl FileKind {
    fn field(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Photo => "photo",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Document => "Document",
            Self::Photo => "Photo",
        }
    }
}

impl FileRecord {
    fn kind_name(&self) -> &'static str {
        if self.pixels.is_some() { FileKind::Photo.name() } else { FileKind::Document.name() }
    }

    /// The Bot API's `Document`.
    pub(super) fn document_json(&self) -> Value {
        let mut shown = json!({
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        });
        if let Some(name) = &self.name {
            shown["file_name"] = json!(name);
            shown["mime_type"] = json!(mime_type(name));
        }
        shown
    }

    /// The Bot API's list of `PhotoSize`: this world makes no smaller copies.
    pub(super) fn photo_json(&self) -> Value {
        let (width, height) = self.pixels.unwrap_or((0, 0));
        json!([{
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "width": width,
            "height": height,
        }])
    }
}

fn size_of(bytes: &Bytes) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

/// The extension of a name with its dot, when it is a plain one.
fn extension(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, ext))
            if (1..=8).contains(&ext.len()) && ext.chars().all(char::is_alphanumeric) =>
        {
            format!(".{}", ext.to_lowercase())
        }
        Some(_) | None => String::new(),
    }
}

/// Telegram goes by the name, not by what the sender claims.
fn mime_type(name: &str) -> &'static str {
    match extension(name).as_str() {
        ".txt" | ".log" => "text/plain",
        ".csv" => "text/csv",
        ".html" | ".htm" => "text/html",
        ".json" => "application/json",
        ".pdf" => "application/pdf",
        ".zip" => "application/zip",
        ".png" => "image/png",
        ".jpg" | ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        _ => "application/octet-stream",
    }
}
