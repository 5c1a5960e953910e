//! The catalogue: categories and products that all shops sell from (DESIGN.md, section 1).

use super::id::{CategoryId, ProductId};
use super::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest name of a category, product or shop, in characters: it must fit a phone's button.
pub const NAME_MAX: usize = 48;
/// The longest description, in characters: page and price must fit one message of 4096.
pub const DESCRIPTION_MAX: usize = 1500;

/// A group of products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name as customers see it.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub name: String,
}

/// What one item of a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoodsKind {
    /// One line of text: a key, a link, a login.
    Line,
    /// One file.
    File,
}

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The category it is shown in.
    pub category: CategoryId,
    /// Its name as customers see it.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub name: String,
    /// What customers read before they buy; may be empty.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub description: String,
    /// The base price of one item; none means it is not for sale yet.
    pub price: Option<Money>,
    /// What its items are.
    pub kind: GoodsKind,
    /// Whether customers see it.
    pub listed: bool,
}

/// All categories and products.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Categories by id, which is the order they are shown in.
    pub categories: BTreeMap<CategoryId, Category>,
    /// Products by id, which is the order they are shown in.
    pub products: BTreeMap<ProductId, Product>,
}

/// Why a name or description is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRefusal {
    /// Nothing is left after trimming.
    #[error("the text is empty")]
    Empty,
    /// More characters than the limit.
    #[error("the text is longer than {0} characters")]
    TooLong(usize),
    /// Line breaks or control characters where one line is wanted.
    #[error("the text holds a line break or a control character")]
    Control,
}

/// A name as it is kept: trimmed, one line, 1 to [`NAME_MAX`] characters. HTML in it is text.
///
/// # Errors
/// The reason the text is no name.
pub fn name(text: &str) -> Result<String, TextRefusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextRefusal::Empty);
    }
    if text.chars().count() > NAME_MAX {
        return Err(TextRefusal::TooLong(NAME_MAX));
    }
    if text.chars().any(char::is_control) {
        return Err(TextRefusal::Control);
    }
    Ok(text.to_owned())
}

/// A description as it is kept: trimmed, line breaks allowed, at most [`DESCRIPTION_MAX`].
///
/// # Errors
/// The reason the text is no description.
pub fn description(text: &str) -> Result<String, TextRefusal> {
    let text = text.trim();
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(TextRefusal::TooLong(DESCRIPTION_MAX));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(TextRefusal::Control);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_short_line() {
        assert_eq!(name("  Keys <b> & more "), Ok("Keys <b> & more".to_owned()));
        assert_eq!(name(" \n "), Err(TextRefusal::Empty));
        assert_eq!(name("a\nb"), Err(TextRefusal::Control));
        assert_eq!(name(&"字".repeat(NAME_MAX + 1)), Err(TextRefusal::TooLong(NAME_MAX)));
        assert_eq!(description("a\nb"), Ok("a\nb".to_owned()));
        assert_eq!(description("a\u{0}"), Err(TextRefusal::Control));
    }
}
