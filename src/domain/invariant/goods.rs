//! Items, orders and the catalogue (laws 4 and 5).

use super::Findings;
use super::money::times;
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{ItemId, OrderId};
use crate::domain::order::{Delivery, Order};
use std::collections::BTreeMap;

pub(super) fn order_items_exist(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (order, item) in sold(chronicle) {
        if !chronicle.items.contains_key(&item) {
            findings.pair(item, &order.id, "the order lists an item that does not exist");
        }
    }
}

pub(super) fn order_items_are_of_its_product(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (order, item) in sold(chronicle) {
        let record = chronicle.items.get(&item);
        if let Some(record) = record.filter(|record| record.product != order.product) {
            let says = format!("is a {} in an order of {}", record.product, order.product);
            findings.pair(item, &order.id, says);
        }
    }
}

pub(super) fn items_have_one_order(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut first: BTreeMap<ItemId, &OrderId> = BTreeMap::new();
    for (order, item) in sold(chronicle) {
        if let Some(other) = first.insert(item, &order.id) {
            findings.pair(item, other, format!("was sold again, by {}", order.id));
        }
    }
}

/// The order lists the item and the item names the order, or neither.
pub(super) fn items_and_orders_agree(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (order, item) in sold(chronicle) {
        let record = chronicle.items.get(&item);
        if record.is_some_and(|record| record.order.as_ref() != Some(&order.id)) {
            findings.pair(item, &order.id, "the order lists the item, the item names another fate");
        }
    }
    // Items are many and orders list few: one pass with the orders' items in sorted form.
    let listed: std::collections::BTreeSet<(ItemId, &OrderId)> =
        sold(chronicle).map(|(order, item)| (item, &order.id)).collect();
    for (item, record) in &chronicle.items {
        if let Some(order) = &record.order
            && !listed.contains(&(*item, order))
        {
            findings.pair(item, order, "the item names the order, the order does not list it");
        }
    }
}

pub(super) fn orders_have_items(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for order in chronicle.orders.values().filter(|order| order.items.is_empty()) {
        findings.add(&order.id, "was paid and has no items");
    }
}

pub(super) fn deliveries_follow_payment(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for order in chronicle.orders.values() {
        match order.delivery {
            Delivery::Delivered { at } if at < order.placed_at => {
                findings.add(&order.id, format!("was delivered at {at}, before it was paid"));
            }
            Delivery::Delivered { .. } | Delivery::Pending | Delivery::Awaiting { .. } => {}
        }
    }
}

/// The same thing must not be on the shelf twice: it would be sold twice.
pub(super) fn unsold_contents_are_unique(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut first = BTreeMap::new();
    for (item, record) in chronicle.items.iter().filter(|(_, record)| record.order.is_none()) {
        if let Some(other) = first.insert(record.content, *item) {
            findings.pair(item, other, "two unsold items have the same content");
        }
    }
}

/// Categories of products, products of items and of orders exist, and an order sold what its
/// product's goods are.
pub(super) fn catalogue_is_whole(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let catalog = &chronicle.catalog;
    for product in catalog.products.values() {
        if !catalog.categories.contains_key(&product.category) {
            findings.pair(product.id, product.category, "the category does not exist");
        }
        if product.price.is_some_and(|price| !price.is_positive()) {
            findings.add(product.id, "has a price that is not more than nothing");
        }
    }
    for (item, record) in &chronicle.items {
        if !catalog.products.contains_key(&record.product) {
            findings.pair(item, record.product, "the item's product does not exist");
        }
    }
    for order in chronicle.orders.values() {
        match catalog.products.get(&order.product) {
            None => findings.pair(&order.id, order.product, "the order's product does not exist"),
            Some(product) if product.kind != order.kind => {
                findings.pair(&order.id, product.id, "the order's goods are of another kind");
            }
            Some(_) => {}
        }
    }
}

pub(super) fn orders_cost_unit_times_quantity(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for order in chronicle.orders.values() {
        let count = order.items.len();
        if order.total.decimal() != times(order.price.unit, count) {
            let says = format!("costs {}, not {count} × {}", order.total, order.price.unit);
            findings.add(&order.id, says);
        }
    }
}

pub(super) fn units_are_not_below_base(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for order in chronicle.orders.values() {
        let price = order.price;
        if price.unit < price.base || !price.base.is_positive() {
            let says = format!("was sold at {} on a base of {}", price.unit, price.base);
            findings.add(&order.id, says);
        }
    }
}

fn sold(chronicle: &Chronicle) -> impl Iterator<Item = (&Order, ItemId)> {
    chronicle.orders.values().flat_map(|order| order.items.iter().map(move |item| (order, *item)))
}
