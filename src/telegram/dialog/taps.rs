//! Where buttons lead, and commands that are as good as buttons.
//!
//! Every button closes the open question except the one that confirms it; a confirm button whose
//! question is closed changes nothing.

use super::flow::Flow;
use super::requests::Follow;
use super::state::Shown;
use crate::domain::catalog::GoodsKind;
use crate::domain::id::{AgentId, ProductId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::pricing::Markup;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{StockCommand, StockRejection};
use crate::domain::tenant::TenantStatus;
use crate::domain::withdrawal::{Txid, WithdrawalRejection};
use crate::telegram::callback::{AdminTap, GoodsTap, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::telegram::request::Request;
use crate::telegram::screen::{self, GoodsQuestion, Hint, Note, Question, ROWS};
use crate::telegram::text::Lang;
use crate::telegram::text::key::Key;

impl Flow<'_> {
    /// A button: its waiting ends at once, its page follows.
    pub(super) fn tap(&mut self, tap: Tap) {
        let closed = match &tap {
            Tap::Owner(OwnerTap::MarkupSave) => self.markup_to_save(false).is_none(),
            Tap::Admin(AdminTap::MarkupSave) => self.markup_to_save(true).is_none(),
            Tap::Owner(OwnerTap::WalletSave) => {
                !matches!(self.open_question(), Some(Question::WalletSave(_)))
            }
            Tap::Owner(OwnerTap::WithdrawSave) => {
                !matches!(self.open_question(), Some(Question::WithdrawSave { .. }))
            }
            Tap::Payout(PayoutTap::PaySave) => {
                !matches!(self.open_question(), Some(Question::PaySave { .. }))
            }
            Tap::Shop(_) | Tap::Owner(_) | Tap::Admin(_) | Tap::Goods(_) | Tap::Payout(_) => false,
        };
        self.answer_tap(closed.then_some(Key::TapClosed));
        if closed {
            self.note(Note::Hint(Hint::QuestionClosed));
        } else {
            self.go(tap);
        }
    }

    /// Goes where a button leads.
    pub(super) fn go(&mut self, tap: Tap) {
        if !self.ctx.may(&tap) {
            // The person's role changed since the button or the stored page was made.
            self.note(Note::Hint(Hint::Unknown));
            return;
        }
        let open = self.open_question().cloned();
        if !matches!(tap, Tap::Shop(ShopTap::Cancel)) {
            self.state.question = None;
        }
        if let Some(screen) = screen::page(&self.ctx, &tap) {
            if let Tap::Shop(ShopTap::Product(product)) = &tap {
                self.listen_for_quantity(*product);
            }
            self.show(screen, Shown::Page(tap));
            return;
        }
        match tap {
            Tap::Shop(tap) => self.go_shop(tap),
            Tap::Owner(tap) => self.go_owner(tap, open),
            Tap::Admin(tap) => self.go_admin(tap, open),
            Tap::Goods(tap) => self.go_goods(tap),
            Tap::Payout(tap) => self.go_payouts(tap, open),
        }
    }

    fn open_question(&self) -> Option<&Question> {
        self.state.question_at(self.now)
    }

    /// A product's page is a question too: a number typed below it is a quantity.
    fn listen_for_quantity(&mut self, product: ProductId) {
        let sold = self.ctx.listed(product).is_some_and(|found| self.ctx.unit(found).is_some());
        if sold && self.ctx.sells() && self.ctx.count(product) > 0 {
            let question = Question::Quantity(product);
            self.state.question = Some(super::state::Open { question, asked_at: self.now });
        }
    }

    fn go_shop(&mut self, tap: ShopTap) {
        let page = Follow::Page(Tap::Shop(tap.clone()));
        match tap {
            ShopTap::Speak(lang) => self.speak(lang),
            ShopTap::Buy { product, quantity } => {
                self.ask(Request::Quote { product, quantity }, Follow::Quote(product, quantity));
            }
            ShopTap::Confirm(quote) => {
                let wanted = match &self.state.shown {
                    Shown::Note(Note::Offer(offer)) if offer.quote == quote => {
                        Some((offer.product, offer.quantity))
                    }
                    Shown::Note(_) | Shown::Nothing | Shown::Page(_) | Shown::Prompt => None,
                };
                let follow = Follow::Place { quote: quote.clone(), wanted };
                self.ask(Request::Place { quote }, follow);
            }
            ShopTap::Balance => self.ask(Request::Balance, page),
            ShopTap::Orders { page: at } => {
                self.ask(Request::Orders { skip: u32::from(at) * ROWS, limit: ROWS }, page);
            }
            ShopTap::Order(order) => self.ask(Request::Order { order }, page),
            ShopTap::Redeliver(order) => {
                let follow = Follow::Redeliver(order.clone());
                self.ask(Request::Redeliver { order }, follow);
            }
            ShopTap::Cancel => self.cancel(),
            // Pages without data were shown before.
            ShopTap::Menu
            | ShopTap::Languages
            | ShopTap::Catalog { .. }
            | ShopTap::Category { .. }
            | ShopTap::Product(_) => {}
        }
    }

    fn speak(&mut self, lang: Lang) {
        let language = lang.word().to_owned();
        self.ask(Request::SetLanguage { language }, Follow::Language(lang));
    }

    fn go_owner(&mut self, tap: OwnerTap, open: Option<Question>) {
        let page = Follow::Page(Tap::Owner(tap));
        match tap {
            OwnerTap::Panel => self.ask(Request::AgentPanel, page),
            OwnerTap::MarkupType(kind) => self.open(Question::Markup { agent: None, kind }),
            OwnerTap::MarkupPreset(kind, place) => {
                let markup = screen::preset_markup(kind, place);
                self.open(Question::MarkupSave { agent: None, markup });
            }
            OwnerTap::MarkupSave => self.save_markup(open),
            OwnerTap::Wallet => self.open(Question::Wallet),
            OwnerTap::WalletSave => match open {
                Some(Question::WalletSave(address)) => {
                    self.command(Request::Ledger(LedgerCommand::SetWallet { address }));
                }
                Some(_) | None => self.note(Note::Hint(Hint::QuestionClosed)),
            },
            OwnerTap::Withdraw => self.withdraw(false),
            OwnerTap::WithdrawAll => match open {
                Some(Question::Withdraw { available }) => self.offer_withdrawal(available),
                Some(_) | None => self.withdraw(true),
            },
            OwnerTap::WithdrawSave => match open {
                Some(Question::WithdrawSave { amount }) => {
                    self.command(Request::Ledger(LedgerCommand::RequestWithdrawal { amount }));
                }
                Some(_) | None => self.note(Note::Hint(Hint::QuestionClosed)),
            },
            OwnerTap::History { page: at } => {
                let skip = u32::from(at) * ROWS;
                self.ask(Request::Withdrawals { state: None, skip, limit: ROWS }, page);
            }
            OwnerTap::Withdrawal(withdrawal) => self.ask(Request::Withdrawal { withdrawal }, page),
            // A page without data, shown before.
            OwnerTap::Markup => {}
        }
    }

    /// How much is available is asked anew each time: it grows while nobody looks.
    fn withdraw(&mut self, all: bool) {
        if self.ctx.shop().is_some_and(|shop| shop.wallet.is_some()) {
            self.ask(Request::AgentPanel, Follow::Withdraw { all });
        } else {
            self.note(Note::NoWallet);
        }
    }

    /// Nobody is asked whether he wants what he does not have.
    pub(super) fn withdraw_some(&mut self, amount: Money) {
        match self.no_withdrawal_of(amount) {
            Some(why) => self.refuse(Rejection::Withdrawal(why)),
            None => self.ask(Request::AgentPanel, Follow::WithdrawSome(amount)),
        }
    }

    /// Shows amount, fee, net and address before anything is requested.
    pub(super) fn offer_withdrawal(&mut self, amount: Money) {
        match self.no_withdrawal_of(amount) {
            Some(why) => self.refuse(Rejection::Withdrawal(why)),
            None => self.open(Question::WithdrawSave { amount }),
        }
    }

    /// Why an amount can be withdrawn by nobody in this shop.
    fn no_withdrawal_of(&self, amount: Money) -> Option<WithdrawalRejection> {
        let (min, fee) = screen::terms(&self.ctx);
        let no_wallet = self.ctx.shop().is_none_or(|shop| shop.wallet.is_none());
        if no_wallet {
            Some(WithdrawalRejection::NoWallet)
        } else if amount < min {
            Some(WithdrawalRejection::BelowMinimum { min })
        } else if amount <= fee {
            Some(WithdrawalRejection::NothingLeft { fee })
        } else {
            None
        }
    }

    pub(super) fn refuse(&mut self, rejection: Rejection) {
        self.note(Note::Refused { rejection, wanted: None });
    }

    /// The markup that a save button of an owner, or of an admin, would save.
    fn markup_to_save(&self, admin: bool) -> Option<(Option<AgentId>, Markup)> {
        match self.open_question() {
            Some(Question::MarkupSave { agent, markup }) if agent.is_some() == admin => {
                Some((agent.clone(), *markup))
            }
            Some(_) | None => None,
        }
    }

    fn save_markup(&mut self, open: Option<Question>) {
        match open {
            Some(Question::MarkupSave { agent: None, markup }) => {
                self.command(Request::Ledger(LedgerCommand::SetOwnPricing { markup }));
            }
            Some(Question::MarkupSave { agent: Some(agent), markup }) => {
                self.command(Request::Ledger(LedgerCommand::SetPricing { agent, markup }));
            }
            Some(_) | None => self.note(Note::Hint(Hint::QuestionClosed)),
        }
    }

    fn go_admin(&mut self, tap: AdminTap, open: Option<Question>) {
        let page = Follow::Page(Tap::Admin(tap.clone()));
        match tap {
            AdminTap::Agents { .. } | AdminTap::Agent(_) => self.ask(Request::Bots, page),
            AdminTap::Pause(agent) => self.set_status(agent, TenantStatus::Paused),
            AdminTap::Resume(agent) => self.set_status(agent, TenantStatus::Active),
            AdminTap::Renew(agent) => self.command(Request::RenewOwnerLink { agent }),
            AdminTap::MarkupType(agent, kind) => {
                self.open(Question::Markup { agent: Some(agent), kind });
            }
            AdminTap::MarkupPreset(agent, kind, place) => {
                let markup = screen::preset_markup(kind, place);
                self.open(Question::MarkupSave { agent: Some(agent), markup });
            }
            AdminTap::MarkupSave => self.save_markup(open),
            AdminTap::Credit => self.open(Question::Credit),
            AdminTap::SetAside { page: at } => {
                self.ask(Request::SetAside { skip: u32::from(at) * ROWS, limit: ROWS }, page);
            }
            // Pages without data, shown before.
            AdminTap::Home | AdminTap::NewAgent | AdminTap::Markup(_) => {}
        }
    }

    fn set_status(&mut self, agent: AgentId, status: TenantStatus) {
        self.command(Request::Ledger(LedgerCommand::SetStatus { agent, status }));
    }

    fn go_payouts(&mut self, tap: PayoutTap, open: Option<Question>) {
        let page = Follow::Page(Tap::Payout(tap));
        match tap {
            PayoutTap::List { state, page: at } => {
                let skip = u32::from(at) * ROWS;
                self.ask(Request::Withdrawals { state, skip, limit: ROWS }, page);
            }
            PayoutTap::One(withdrawal) => self.ask(Request::Withdrawal { withdrawal }, page),
            PayoutTap::Approve(withdrawal) => {
                self.command(Request::Ledger(LedgerCommand::ApproveWithdrawal { withdrawal }));
            }
            PayoutTap::Reject(withdrawal) => self.open(Question::Reason(withdrawal)),
            PayoutTap::Pay(withdrawal) => self.open(Question::Txid(withdrawal)),
            PayoutTap::PaySave => match open {
                Some(Question::PaySave { withdrawal, txid, .. }) => {
                    self.pay(withdrawal, txid, true);
                }
                Some(_) | None => self.note(Note::Hint(Hint::QuestionClosed)),
            },
        }
    }

    pub(super) fn pay(&mut self, withdrawal: WithdrawalId, txid: Txid, although_negative: bool) {
        let command = LedgerCommand::PayWithdrawal { withdrawal, txid, although_negative };
        self.command(Request::Ledger(command));
    }

    fn go_goods(&mut self, tap: GoodsTap) {
        match tap {
            GoodsTap::NewCategory => self.open(Question::Goods(GoodsQuestion::NewCategory)),
            GoodsTap::RenameCategory(category) => {
                self.open(Question::Goods(GoodsQuestion::RenameCategory(category)));
            }
            GoodsTap::NewProductOf(category, kind) => {
                self.open(Question::Goods(GoodsQuestion::NewProduct(category, kind)));
            }
            GoodsTap::RenameProduct(product) => {
                self.open(Question::Goods(GoodsQuestion::RenameProduct(product)));
            }
            GoodsTap::Describe(product) => {
                self.open(Question::Goods(GoodsQuestion::Describe(product)));
            }
            GoodsTap::Price(product) => self.open(Question::Goods(GoodsQuestion::Price(product))),
            GoodsTap::Show(product) => self.list(product, true),
            GoodsTap::Hide(product) => self.list(product, false),
            GoodsTap::AddStock(product) => self.add_stock(product),
            // Pages without data, shown before.
            GoodsTap::Categories { .. }
            | GoodsTap::Category { .. }
            | GoodsTap::NewProduct(_)
            | GoodsTap::Product(_) => {}
        }
    }

    fn add_stock(&mut self, product: ProductId) {
        match self.ctx.product(product).map(|product| product.kind) {
            Some(GoodsKind::Line) => self.open(Question::StockLines(product)),
            Some(GoodsKind::File) => self.open(Question::StockFiles(product)),
            None => self.refuse(Rejection::Stock(StockRejection::UnknownProduct)),
        }
    }

    fn list(&mut self, product: ProductId, listed: bool) {
        self.command(Request::Stock(StockCommand::ListProduct { product, listed }));
    }
}
