//! What a person means: one closed enum for commands, buttons, answers and documents.
//!
//! [`parse`] is the only reader of what people type. It decides by role what exists for a person (a
//! command that he may not use is no command), and it catches pasted bot tokens before anything else
//! can see them (DESIGN.md, laws 6 and 10).

mod command;
pub(crate) mod read;
pub(crate) mod typed;

pub use command::Command;

use super::callback::Tap;
use super::incoming::{Content, Document, Incoming};
use super::request::Request;
use super::screen::Context;
use super::token;
use crate::domain::catalog::GoodsKind;
use crate::domain::id::ProductId;
use crate::domain::money::Money;
use crate::domain::pricing::Markup;
use crate::domain::tenant::WalletAddress;
use crate::secret::Secret;

/// What a person means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Comes in.
    Start,
    /// Comes in by an owner's invitation.
    Claim(Secret),
    /// What is there to do here?
    Help,
    /// A command that is as good as a button.
    Go(Tap),
    /// A button.
    Tap {
        /// Of which message.
        message: i32,
        /// Which.
        tap: Tap,
    },
    /// A button of an older version, of another role or of nobody.
    OldTap {
        /// Of which message.
        message: i32,
    },
    /// A whole command.
    Ask(Box<Request>),
    /// An owner's command that is shown to him before it is done.
    Offer(OwnerOffer),
    /// A text that is no command: the answer to the open question, if there is one.
    Answer(Secret),
    /// A document.
    Document {
        /// Which.
        document: Document,
        /// Where its caption says it belongs.
        stock: Option<(ProductId, GoodsKind)>,
    },
    /// Close the open question.
    Cancel,
    /// A command with wrong, missing or extra arguments.
    Usage(Command),
    /// No command, or none for this person.
    Unknown,
    /// A text with something that looks like a bot token in it, which is already forgotten.
    TokenPasted,
    /// The same in a group.
    TokenPastedElsewhere,
    /// A photo, a sticker, something that is not read.
    NotText,
    /// A command in a group.
    Elsewhere,
    /// A button in a group.
    ElsewhereTap,
    /// Nothing to react to.
    Nothing,
}

/// What an owner's command proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerOffer {
    /// This markup.
    Markup(Markup),
    /// This wallet.
    Wallet(WalletAddress),
    /// To withdraw so much.
    Withdraw(Money),
}

/// Reads what a person did. Everything that is not understood has an intent of its own.
pub fn parse(incoming: Incoming, ctx: &Context<'_>) -> Intent {
    let private = incoming.private;
    match incoming.content {
        Content::Blocked(_) => Intent::Nothing,
        Content::Tap { message, data } if private => tap(message, &data, ctx),
        Content::Tap { .. } => Intent::ElsewhereTap,
        Content::Text(text) => read_text(text, private, ctx),
        Content::Document(document) => read_document(document, private, ctx),
        Content::Overheard => token_pasted(private),
        Content::Other { caption } => match caption {
            Some(words) if token::find_token_shaped(words.expose()) => token_pasted(private),
            Some(_) | None if private => Intent::NotText,
            Some(_) | None => Intent::Nothing,
        },
    }
}

fn tap(message: i32, data: &str, ctx: &Context<'_>) -> Intent {
    match Tap::read(data).filter(|tap| ctx.may(tap)) {
        Some(tap) => Intent::Tap { message, tap },
        None => Intent::OldTap { message },
    }
}

fn read_text(text: Secret, private: bool, ctx: &Context<'_>) -> Intent {
    let written = Written::read(text.expose(), ctx);
    // The one message that may hold a token; the dialog has it deleted whatever else it holds.
    let creation = written.as_ref().filter(|w| private && w.means(Command::AgentCreate, ctx));
    if let Some(creation) = creation {
        return read::agent_create(creation.arguments);
    }
    if token::find_token_shaped(text.expose()) {
        return token_pasted(private);
    }
    match written {
        None if private => Intent::Answer(text),
        None => Intent::Nothing,
        Some(written) if !private && written.for_us => Intent::Elsewhere,
        Some(_) if !private => Intent::Nothing,
        Some(written) => match written.command.filter(|command| written.means(*command, ctx)) {
            Some(command) => {
                read::arguments(command, written.arguments).unwrap_or(Intent::Usage(command))
            }
            None => Intent::Unknown,
        },
    }
}

fn read_document(document: Document, private: bool, ctx: &Context<'_>) -> Intent {
    let caption = document.caption.as_ref().map_or("", Secret::expose);
    if token::find_token_shaped(caption) || token::find_token_shaped(&document.file_name) {
        return token_pasted(private);
    }
    if !private {
        return Intent::Nothing;
    }
    let written = Written::read(caption, ctx);
    let belongs = |command| written.as_ref().filter(|w| w.means(command, ctx));
    let commands = [(Command::StockAdd, GoodsKind::Line), (Command::StockFile, GoodsKind::File)];
    for (command, kind) in commands {
        if let Some(written) = belongs(command) {
            return match written.arguments.parse() {
                Ok(product) => Intent::Document { document, stock: Some((product, kind)) },
                Err(_) => Intent::Usage(command),
            };
        }
    }
    Intent::Document { document, stock: None }
}

const fn token_pasted(private: bool) -> Intent {
    if private { Intent::TokenPasted } else { Intent::TokenPastedElsewhere }
}

/// A text that begins with a slash: `/name@bot arguments`.
struct Written<'t> {
    command: Option<Command>,
    for_us: bool,
    arguments: &'t str,
}

impl<'t> Written<'t> {
    fn read(text: &'t str, ctx: &Context<'_>) -> Option<Self> {
        let text = text.trim().strip_prefix('/')?;
        let (head, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (name, bot) = head.split_once('@').unwrap_or((head, ctx.bot_username));
        Some(Self {
            command: Command::named(name),
            for_us: bot.eq_ignore_ascii_case(ctx.bot_username),
            arguments: arguments.trim_end(),
        })
    }

    /// Whether it is this command, said to this bot by somebody who may.
    fn means(&self, command: Command, ctx: &Context<'_>) -> bool {
        self.for_us && self.command == Some(command) && command.is_for(ctx)
    }
}

#[cfg(test)]
mod tests;
