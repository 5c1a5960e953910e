//! What came of an upload: line numbers as people read them, and why a file is not taken.

use super::{Context, Screen, agents};
use crate::domain::id::ProductId;
use crate::telegram::callback::{GoodsTap, Tap};
use crate::telegram::request::{FileProblem, UploadReport};
use crate::telegram::text::key::Key;
use serde::{Deserialize, Serialize};

/// Ranges of line numbers that a report spells out.
const RANGES_MAX: usize = 12;

/// Line numbers from 1 as people read them: ranges, cut where nobody would read on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineNumbers {
    ranges: Vec<(u32, u32)>,
    more: u32,
}

/// A report as it is shown and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadNote {
    /// Of which product.
    pub product: ProductId,
    /// Items put on the shelf.
    pub added: u32,
    /// Blank lines.
    pub blank: LineNumbers,
    /// Lines that repeat an earlier one.
    pub doubled: LineNumbers,
    /// Lines that the stockroom has already.
    pub present: LineNumbers,
    /// Lines that cannot be used.
    pub unusable: LineNumbers,
}

/// Why a document or a line is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileTrouble {
    /// Above the limit.
    TooLarge,
    /// Not UTF-8 text.
    NotText,
    /// Without content.
    Empty,
    /// Telegram would not hand it over.
    Failed,
    /// No question waits for a document.
    NotWanted,
    /// The product's goods are lines.
    LinesWanted(ProductId),
    /// The product's goods are files.
    FilesWanted(ProductId),
}

impl From<FileProblem> for FileTrouble {
    fn from(problem: FileProblem) -> Self {
        match problem {
            FileProblem::TooLarge { .. } => Self::TooLarge,
            FileProblem::NotText => Self::NotText,
            FileProblem::Empty => Self::Empty,
            FileProblem::Download => Self::Failed,
        }
    }
}

impl UploadNote {
    /// The note of a report.
    pub fn new(product: ProductId, report: &UploadReport) -> Self {
        Self {
            product,
            added: report.added,
            blank: LineNumbers::new(&report.blank),
            doubled: LineNumbers::new(&report.doubled),
            present: LineNumbers::new(&report.present),
            unusable: LineNumbers::new(&report.unusable),
        }
    }
}

impl LineNumbers {
    /// The numbers, in any order.
    pub fn new(numbers: &[u32]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut lines = Self::default();
        for number in sorted {
            let room = lines.ranges.len() < RANGES_MAX;
            match lines.ranges.last_mut() {
                Some((_, last)) if lines.more == 0 && last.checked_add(1) == Some(number) => {
                    *last = number;
                }
                Some(_) | None if room => lines.ranges.push((number, number)),
                Some(_) | None => lines.more += 1,
            }
        }
        lines
    }

    fn text(&self, ctx: &Context<'_>) -> String {
        let range = |(first, last): &(u32, u32)| {
            if first == last { first.to_string() } else { format!("{first}–{last}") }
        };
        let mut text = self.ranges.iter().map(range).collect::<Vec<_>>().join(", ");
        if self.more > 0 {
            text.push_str(&ctx.plain(Key::LinesMore, &[("count", &self.more.to_string())]));
        }
        text
    }
}

/// The report.
pub(super) fn report(ctx: &Context<'_>, note: &UploadNote) -> Screen {
    let mut lines = vec![ctx.html(Key::Uploaded, &[("count", &note.added.to_string())])];
    for (key, numbers) in [
        (Key::UploadBlank, &note.blank),
        (Key::UploadDoubled, &note.doubled),
        (Key::UploadPresent, &note.present),
        (Key::UploadUnusable, &note.unusable),
    ] {
        if !numbers.ranges.is_empty() {
            lines.push(ctx.html(key, &[("lines", &numbers.text(ctx))]));
        }
    }
    Screen::new(lines.join("\n")).row([to_product(ctx, note.product)])
}

/// Why something is not taken.
pub(super) fn trouble(ctx: &Context<'_>, trouble: FileTrouble) -> Screen {
    let said = |key| Screen::new(ctx.html(key, &[]));
    match trouble {
        FileTrouble::TooLarge => {
            let max = ctx.file_max_mb.to_string();
            Screen::new(ctx.html(Key::FileTooLarge, &[("max_mb", &max)]))
                .row([agents::back_home(ctx)])
        }
        FileTrouble::NotText => said(Key::FileNotText).row([agents::back_home(ctx)]),
        FileTrouble::Empty => said(Key::FileEmpty).row([agents::back_home(ctx)]),
        FileTrouble::Failed => said(Key::FileFailed).row([agents::back_home(ctx)]),
        FileTrouble::NotWanted => {
            let menu = super::shop::menu(ctx);
            menu.below(&ctx.html(Key::FileNotWanted, &[]))
        }
        FileTrouble::LinesWanted(product) => said(Key::LinesWanted).row([to_product(ctx, product)]),
        FileTrouble::FilesWanted(product) => said(Key::FilesWanted).row([to_product(ctx, product)]),
    }
}

fn to_product(ctx: &Context<'_>, product: ProductId) -> super::Button {
    ctx.button(Key::BtnProduct, Tap::Goods(GoodsTap::Product(product)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_numbers_become_ranges() {
        for (numbers, ranges, more) in [
            (vec![], vec![], 0),
            (vec![3, 1, 2, 2, 7], vec![(1, 3), (7, 7)], 0),
            (vec![5], vec![(5, 5)], 0),
            (vec![u32::MAX], vec![(u32::MAX, u32::MAX)], 0),
        ] {
            assert_eq!(LineNumbers::new(&numbers), LineNumbers { ranges, more });
        }
        let odd: Vec<u32> = (0..100).map(|n| 2 * n + 1).collect();
        let lines = LineNumbers::new(&odd);
        assert_eq!((lines.ranges.len(), lines.more), (RANGES_MAX, 88));
    }
}
