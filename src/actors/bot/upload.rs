//! Uploads: pasted lines, text documents and files become items on the shelf.
//!
//! Every line gets a verdict by its number; good lines are sealed and added in series of at most
//! [`ITEMS_PER_COMMAND`], whatever the others are. Contents that were ever in the stockroom, sold ones
//! included, are not taken again.

use super::clerk::{self, Clerk};
use super::goods::{self, FileGoods};
use crate::domain::catalog::GoodsKind;
use crate::domain::id::ProductId;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::{ITEMS_PER_COMMAND, StockCommand, StockRejection};
use crate::secret::Secret;
use crate::store::batch::Record;
use crate::telegram::request::{FileProblem, Reply, UploadReport};
use crate::telegram::transport::ApiError;
use std::collections::BTreeSet;

/// Longest line that is one item; a longer one does not fit a message with its header.
const LINE_MAX: usize = 3000;
/// Largest text document of lines, in megabytes.
const TEXT_FILE_MAX_MB: u32 = 2;
/// Lines that are looked at in one go.
const BREATH: u32 = 256;

/// Who uploads, and to what.
pub(super) struct Upload<'a> {
    pub(super) clerk: &'a Clerk<'a>,
    pub(super) product: ProductId,
}

/// A line that may be added.
struct Good {
    number: u32,
    content: Fingerprint,
    text: Secret,
}

impl Upload<'_> {
    /// Adds pasted lines.
    pub(super) async fn lines(&self, lines: Vec<Secret>) -> Reply {
        if let Some(refusal) = self.refuse_unless(GoodsKind::Line) {
            return refusal;
        }
        let mut report = UploadReport::default();
        let goods = self.sort(lines, &mut report).await;
        match self.without_known(goods, &mut report).await {
            Ok(goods) => self.add(goods, report).await,
            Err(reply) => reply,
        }
    }

    /// Adds the lines of a UTF-8 text document.
    pub(super) async fn line_file(&self, file_id: String) -> Reply {
        if let Some(refusal) = self.refuse_unless(GoodsKind::Line) {
            return refusal;
        }
        let max_mb = TEXT_FILE_MAX_MB;
        let bytes = match self.clerk.shop.client.download(file_id, megabytes(max_mb)).await {
            Ok(bytes) => bytes,
            Err(ApiError::TooLarge) => return Reply::BadFile(FileProblem::TooLarge { max_mb }),
            Err(_) => return Reply::BadFile(FileProblem::Download),
        };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(_) => return Reply::BadFile(FileProblem::NotText),
        };
        if text.trim().is_empty() {
            return Reply::BadFile(FileProblem::Empty);
        }
        self.lines(text.lines().map(Secret::new).collect()).await
    }

    /// Adds a document as one item. Its content is stored before the command that names it.
    pub(super) async fn file(&self, file_id: String, name: String) -> Reply {
        if let Some(refusal) = self.refuse_unless(GoodsKind::File) {
            return refusal;
        }
        let max_mb = self.clerk.shop.fleet.settings.file_max_mb;
        let bytes = match self.clerk.shop.client.download(file_id, megabytes(max_mb)).await {
            Ok(bytes) if bytes.is_empty() => return Reply::BadFile(FileProblem::Empty),
            Ok(bytes) => bytes,
            Err(ApiError::TooLarge) => {
                return Reply::BadFile(FileProblem::TooLarge { max_mb });
            }
            Err(_) => return Reply::BadFile(FileProblem::Download),
        };
        let content = FileGoods { name, bytes: bytes.to_vec() }.encode();
        let (print, sealed) = self.seal_elsewhere(content).await;
        let mut report = UploadReport::default();
        match self.clerk.shop.fleet.store.known_contents(vec![print]).await {
            Ok(known) if known.is_empty() => {}
            Ok(_) => {
                report.present.push(1);
                return Reply::Uploaded(report);
            }
            Err(_) => return Reply::Unavailable,
        }
        let now = self.clerk.shop.fleet.clock.now();
        if self.clerk.shop.fleet.store.put_blob(print, sealed, now).await.is_err() {
            return Reply::Unavailable;
        }
        match self.command(vec![print], Vec::new()).await {
            Ok(duplicates) if duplicates.is_empty() => report.added = 1,
            Ok(_) => report.present.push(1),
            Err(reply) => return reply,
        }
        Reply::Uploaded(report)
    }

    fn refuse_unless(&self, kind: GoodsKind) -> Option<Reply> {
        let view = self.clerk.shop.fleet.core.views().read();
        match view.catalog.products.get(&self.product) {
            None => Some(Reply::Rejected(Rejection::Stock(StockRejection::UnknownProduct))),
            Some(product) if product.kind != kind => Some(Reply::BadFile(FileProblem::NotText)),
            Some(_) => None,
        }
    }

    /// Fingerprints and seals on another thread: twenty megabytes take a while.
    async fn seal_elsewhere(
        &self,
        content: Vec<u8>,
    ) -> (Fingerprint, crate::domain::sealed::Sealed) {
        let (vault, plain) =
            (self.clerk.shop.fleet.vault.clone(), self.clerk.shop.fleet.settings.plain_goods);
        let (done, sealed) = tokio::sync::oneshot::channel();
        self.clerk.shop.fleet.placement.in_background(Box::pin(async move {
            let print = goods::fingerprint(&vault, &content);
            let _ = done.send((print, goods::seal(&vault, plain, print, &content)));
        }));
        sealed
            .await
            .expect("sealing cannot fail and its task is not cancelled while the fleet runs")
    }

    /// Gives blank, doubled and unusable lines their verdict.
    async fn sort(&self, lines: Vec<Secret>, report: &mut UploadReport) -> Vec<Good> {
        let mut seen = BTreeSet::new();
        let mut goods = Vec::new();
        for (number, line) in (1_u32..).zip(lines) {
            if number % BREATH == 0 {
                // Other chats are on this thread too.
                tokio::task::yield_now().await;
            }
            let text = line.expose().trim();
            let content = goods::fingerprint(&self.clerk.shop.fleet.vault, text.as_bytes());
            if text.is_empty() {
                report.blank.push(number);
            } else if text.chars().count() > LINE_MAX || text.chars().any(unprintable) {
                report.unusable.push(number);
            } else if seen.insert(content) {
                goods.push(Good { number, content, text: Secret::new(text) });
            } else {
                report.doubled.push(number);
            }
        }
        goods
    }

    /// Takes out what the stockroom has or had.
    async fn without_known(
        &self,
        goods: Vec<Good>,
        report: &mut UploadReport,
    ) -> Result<Vec<Good>, Reply> {
        let mut known = BTreeSet::new();
        for part in goods.chunks(ITEMS_PER_COMMAND) {
            let contents = part.iter().map(|good| good.content).collect();
            let found = self.clerk.shop.fleet.store.known_contents(contents).await;
            known.extend(found.map_err(|_| Reply::Unavailable)?);
        }
        let (present, new): (Vec<_>, Vec<_>) =
            goods.into_iter().partition(|good| known.contains(&good.content));
        report.present.extend(present.iter().map(|good| good.number));
        Ok(new)
    }

    async fn add(&self, goods: Vec<Good>, mut report: UploadReport) -> Reply {
        let vault = &self.clerk.shop.fleet.vault;
        let plain = self.clerk.shop.fleet.settings.plain_goods;
        for goods in goods.chunks(ITEMS_PER_COMMAND) {
            let records = goods
                .iter()
                .map(|good| Record::Goods {
                    content: good.content,
                    sealed: goods::seal(vault, plain, good.content, good.text.expose().as_bytes()),
                })
                .collect();
            let contents = goods.iter().map(|good| good.content).collect();
            match self.command(contents, records).await {
                Ok(duplicates) => {
                    let numbers = duplicates.iter().filter_map(|position| {
                        goods.get(usize::try_from(*position).ok()?).map(|good| good.number)
                    });
                    report.present.extend(numbers);
                    let added = goods.len().saturating_sub(duplicates.len());
                    report.added += u32::try_from(added).unwrap_or(0);
                }
                // What was added before stays added; the report of the rest would be a guess.
                Err(reply) if report.added == 0 => return reply,
                Err(_) => {
                    report.unusable.extend(goods.iter().map(|good| good.number));
                }
            }
        }
        report.present.sort_unstable();
        Reply::Uploaded(report)
    }

    /// One command of the series; answers the positions that were duplicates.
    async fn command(
        &self,
        items: Vec<Fingerprint>,
        records: Vec<Record>,
    ) -> Result<Vec<u32>, Reply> {
        // Named by its content, not by its number: an upload that begins again after a crash leaves
        // out what is on the shelf, and its parts are cut elsewhere.
        let first = items.first().map(ToString::to_string).unwrap_or_default();
        let id = format!("{}:{first}", self.clerk.id);
        let body = StockCommand::AddItems { product: self.product, items };
        let right = body.right();
        let command = self.clerk.command(&id, body).ok_or(Reply::Unavailable)?;
        let answer = match self.clerk.answered(&command, right).await? {
            Some(outcome) => Ok(outcome),
            None => {
                let stock = self.clerk.shop.fleet.core.stock();
                let mut waiting = stock.change(command, records).await.map_err(clerk::refused)?;
                waiting.answer().await.map_err(clerk::refused)?
            }
        };
        match answer {
            Ok(Outcome::ItemsAdded(report)) => Ok(report.duplicates),
            Ok(_) => Ok(Vec::new()),
            Err(rejection) => Err(Reply::Rejected(rejection)),
        }
    }
}

/// A limit in bytes.
fn megabytes(count: u32) -> usize {
    usize::try_from(count).unwrap_or(0) * 1024 * 1024
}

fn unprintable(c: char) -> bool {
    c.is_control() && c != '\t'
}
