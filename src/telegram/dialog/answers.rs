//! Typed answers and documents for the open question.
//!
//! A question stays open until its answer was accepted, so that a wrong one can be typed again.

use super::flow::Flow;
use super::requests::Follow;
use crate::domain::catalog::{self, GoodsKind, TextRefusal};
use crate::domain::id::{AgentId, ProductId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::rejection::Rejection;
use crate::domain::stock::StockCommand;
use crate::domain::withdrawal::WithdrawalRejection;
use crate::secret::Secret;
use crate::telegram::callback::MarkupKind;
use crate::telegram::incoming::Document;
use crate::telegram::intent::{Command, read, typed};
use crate::telegram::request::Request;
use crate::telegram::screen::{Context, FileTrouble, GoodsQuestion, Hint, Note, Question, Wrong};

impl Flow<'_> {
    /// A typed text: the answer to the open question, or the menu with a hint.
    pub(super) fn answer(&mut self, text: &Secret) {
        let question = self.state.question_at(self.now).cloned();
        let Some(question) = question.filter(|question| question.is_for(&self.ctx)) else {
            self.state.question = None;
            self.note(Note::Hint(Hint::NothingAsked));
            return;
        };
        let typed = text.expose().trim();
        match question {
            Question::Quantity(product) => self.quantity(product, typed),
            Question::Markup { agent, kind } => self.markup(agent, kind, typed),
            Question::Wallet | Question::WalletSave(_) => match typed.parse() {
                Ok(address) => self.open(Question::WalletSave(address)),
                Err(_) => self.note(Note::Wrong(Wrong::Address)),
            },
            Question::Withdraw { available } => self.withdrawal(available, typed),
            Question::Goods(about) => match goods(about, typed) {
                Ok(Answered::Change(command)) => self.command(Request::Stock(command)),
                Ok(Answered::Next(next)) => self.open(Question::Goods(next)),
                Err(wrong) => self.note(Note::Wrong(wrong)),
            },
            Question::StockLines(product) => {
                let lines = read::lines(text.expose());
                self.command(Request::AddLines { product, lines });
            }
            Question::StockFiles(product) => {
                self.note(Note::File(FileTrouble::FilesWanted(product)));
            }
            Question::Credit => match read::credit(typed) {
                Some(request) => self.command(request),
                None => self.note(Note::Usage(Command::Credit)),
            },
            Question::Reason(withdrawal) => match usable(typed) {
                Ok(reason) => {
                    let command = LedgerCommand::RejectWithdrawal { withdrawal, reason };
                    self.command(Request::Ledger(command));
                }
                Err(why) => self.note(Note::Wrong(Wrong::Text(why))),
            },
            Question::Txid(withdrawal) => match typed.parse() {
                Ok(txid) => self.pay(withdrawal, txid, false),
                Err(_) => self.note(Note::Wrong(Wrong::Txid)),
            },
            // Only the buttons below them answer these.
            Question::MarkupSave { .. }
            | Question::WithdrawSave { .. }
            | Question::PaySave { .. } => self.open(question),
        }
    }

    fn quantity(&mut self, product: ProductId, typed: &str) {
        match typed::quantity(typed, self.ctx.rules.quantity_max) {
            Some(quantity) => {
                self.ask(Request::Quote { product, quantity }, Follow::Quote(product, quantity));
            }
            None => self.note(Note::Wrong(Wrong::Quantity)),
        }
    }

    fn markup(&mut self, agent: Option<AgentId>, kind: MarkupKind, typed: &str) {
        match typed::markup(kind, typed, self.ctx.rules.markup_percent_max) {
            Some(markup) => self.open(Question::MarkupSave { agent, markup }),
            None => self.note(Note::Wrong(match kind {
                MarkupKind::Percent => Wrong::Percent,
                MarkupKind::Fixed => Wrong::Amount,
            })),
        }
    }

    fn withdrawal(&mut self, available: Money, typed: &str) {
        match typed::amount(typed) {
            Some(amount) => self.withdraw_of(available, amount),
            None => self.note(Note::Wrong(Wrong::Amount)),
        }
    }

    pub(super) fn withdraw_of(&mut self, available: Money, amount: Money) {
        if amount > available {
            self.refuse(Rejection::Withdrawal(WithdrawalRejection::Funds { available }));
        } else {
            self.offer_withdrawal(amount);
        }
    }

    /// A document: for the product its caption names, or for the open question.
    pub(super) fn document(&mut self, document: Document, stock: Option<(ProductId, GoodsKind)>) {
        let asked = match self.state.question_at(self.now) {
            Some(Question::StockLines(product)) => Some((*product, GoodsKind::Line)),
            Some(Question::StockFiles(product)) => Some((*product, GoodsKind::File)),
            Some(_) | None => None,
        };
        let Some((product, kind)) = stock.or(asked).filter(|_| self.ctx.is_admin()) else {
            self.not_wanted();
            return;
        };
        if let Some(trouble) = self.trouble(&document, product, kind) {
            self.note(Note::File(trouble));
            return;
        }
        let Document { file_id, file_name, .. } = document;
        self.command(match kind {
            GoodsKind::Line => Request::AddLineFile { product, file_id },
            GoodsKind::File => Request::AddFile { product, file_id, file_name },
        });
    }

    /// What can be said of a document before it is downloaded.
    fn trouble(
        &self,
        document: &Document,
        product: ProductId,
        kind: GoodsKind,
    ) -> Option<FileTrouble> {
        let max = u64::from(self.ctx.file_max_mb) << 20;
        match document.size {
            Some(0) => return Some(FileTrouble::Empty),
            Some(size) if size > max => return Some(FileTrouble::TooLarge),
            Some(_) | None => {}
        }
        let lines = kind == GoodsKind::Line
            && self.ctx.product(product).is_some_and(|product| product.kind == kind);
        let is_text = document.file_name.to_lowercase().ends_with(".txt");
        (lines && !is_text).then_some(FileTrouble::NotText)
    }
}

impl Question {
    /// Whether a person of this role can still answer it.
    fn is_for(&self, ctx: &Context<'_>) -> bool {
        match self {
            Self::Quantity(_) => true,
            Self::Markup { agent: None, .. }
            | Self::MarkupSave { agent: None, .. }
            | Self::Wallet
            | Self::WalletSave(_)
            | Self::Withdraw { .. }
            | Self::WithdrawSave { .. } => ctx.is_owner(),
            Self::Markup { agent: Some(_), .. }
            | Self::MarkupSave { agent: Some(_), .. }
            | Self::Goods(_)
            | Self::StockLines(_)
            | Self::StockFiles(_)
            | Self::Credit
            | Self::Reason(_)
            | Self::Txid(_)
            | Self::PaySave { .. } => ctx.is_admin(),
        }
    }
}

/// What an answer about the catalogue leads to.
enum Answered {
    /// A change.
    Change(StockCommand),
    /// The next question.
    Next(GoodsQuestion),
}

fn goods(question: GoodsQuestion, typed: &str) -> Result<Answered, Wrong> {
    let name = || catalog::name(typed).map_err(Wrong::Text);
    let price = || typed::amount(typed).ok_or(Wrong::Amount);
    Ok(match question {
        GoodsQuestion::NewProduct(category, kind) => {
            Answered::Next(GoodsQuestion::NewProductPrice { category, kind, name: name()? })
        }
        GoodsQuestion::NewProductPrice { category, kind, name } => {
            let price = Some(price()?);
            Answered::Change(StockCommand::CreateProduct { category, name, kind, price })
        }
        GoodsQuestion::RenameCategory(category) => {
            Answered::Change(StockCommand::RenameCategory { category, name: name()? })
        }
        GoodsQuestion::RenameProduct(product) => {
            Answered::Change(StockCommand::RenameProduct { product, name: name()? })
        }
        GoodsQuestion::Describe(product) => {
            // A dash takes the description away; Telegram sends no empty message.
            let text = if typed == "-" { "" } else { typed };
            let description = catalog::description(text).map_err(Wrong::Text)?;
            Answered::Change(StockCommand::DescribeProduct { product, description })
        }
        GoodsQuestion::Price(product) => {
            Answered::Change(StockCommand::PriceProduct { product, price: price()? })
        }
        GoodsQuestion::NewCategory => {
            Answered::Change(StockCommand::CreateCategory { name: name()? })
        }
    })
}

/// A reason that the core will take.
fn usable(typed: &str) -> Result<String, TextRefusal> {
    let reason = catalog::description(typed)?;
    if reason.is_empty() { Err(TextRefusal::Empty) } else { Ok(reason) }
}
