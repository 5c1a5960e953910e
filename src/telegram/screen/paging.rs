//! Lists in pages of eight rows, so that they fit a message and a thumb.

use super::{Button, Context};
use crate::telegram::callback::Tap;
use crate::telegram::text::key::Key;

/// Rows of one page.
pub(crate) const ROWS: u32 = 8;

/// One page of a list that is known as a whole.
pub(super) struct Window<T> {
    pub(super) rows: Vec<T>,
    pub(super) page: u16,
    pub(super) pages: u16,
}

/// The page that was asked for, or the last one when there are fewer.
pub(super) fn window<T>(all: impl Iterator<Item = T>, page: u16) -> Window<T> {
    let all: Vec<T> = all.collect();
    let pages = pages(all.len() as u64);
    let page = page.min(pages - 1);
    let rows = all.into_iter().skip(usize::from(page) * ROWS as usize).take(ROWS as usize);
    Window { rows: rows.collect(), page, pages }
}

/// How many pages so many rows take; at least one.
pub(super) fn pages(total: u64) -> u16 {
    u16::try_from(total.div_ceil(u64::from(ROWS))).unwrap_or(u16::MAX).max(1)
}

/// The buttons that turn pages; none when there is only one page.
pub(super) fn turners(
    ctx: &Context<'_>,
    page: u16,
    pages: u16,
    to: impl Fn(u16) -> Tap,
) -> Vec<Button> {
    // A page beyond the end is what anybody can ask for.
    let page = page.min(pages.saturating_sub(1));
    let next = page.checked_add(1).filter(|next| *next < pages);
    let place = format!("{}/{pages}", u32::from(page) + 1);
    let mut row = Vec::new();
    if page > 0 {
        row.push(ctx.button(Key::BtnPrevious, to(page - 1)));
    }
    if pages > 1 {
        row.push(ctx.named(&place, to(page)));
    }
    row.extend(next.map(|next| ctx.button(Key::BtnNext, to(next))));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_clamp() {
        for (total, page, first, rows, pages) in [
            (0, 0, None, 0, 1),
            (8, 0, Some(0), 8, 1),
            (9, 1, Some(8), 1, 2),
            (9, 99, Some(8), 1, 2),
        ] {
            let window = window(0..total, page);
            assert_eq!(window.rows.first().copied(), first);
            assert_eq!((window.rows.len(), window.pages), (rows, pages));
        }
    }
}
