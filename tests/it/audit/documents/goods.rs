//! Orders, items and the catalogue that somebody changed.

use super::*;

pub(super) const ROWS: &[Row<Chronicle>] = &[
    row(
        "an order vanishes",
        |c| drop(c.orders.remove(&order("b1"))),
        &[
            "answers_refer_to_what_exists agent:a1/user:7/c17",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "documents_are_as_journalled orders/ord_b1",
            "items_and_orders_agree itm_2",
            "items_and_orders_agree itm_3",
            "profit_is_the_markup_of_its_order ent_1",
            "revenue_is_base_prices revenue",
        ],
    ),
    row(
        "an order is cheaper",
        |c| of(c, "b1").total = usdt("1"),
        &[
            "answers_refer_to_what_exists agent:a1/user:7/c17",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "documents_are_as_journalled orders/ord_b1",
            "orders_cost_unit_times_quantity ord_b1",
        ],
    ),
    row(
        "an order is below base",
        |c| of(c, "m1").price.unit = usdt("9"),
        &[
            "documents_are_as_journalled orders/ord_m1",
            "orders_cost_unit_times_quantity ord_m1",
            "units_are_not_below_base ord_m1",
        ],
    ),
    row(
        "an order's base is lower",
        |c| of(c, "b1").price.base = usdt("9"),
        &[
            "documents_are_as_journalled orders/ord_b1",
            "profit_is_the_markup_of_its_order ent_1",
            "revenue_is_base_prices revenue",
        ],
    ),
    row(
        "an order changes hands",
        |c| of(c, "b1").user = UserId::new(8),
        &[
            "answers_refer_to_what_exists agent:a1/user:7/c17",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "customers_own_what_they_paid_in customer/agent:a1/8",
            "documents_are_as_journalled orders/ord_b1",
        ],
    ),
    row(
        "an order changes shops",
        |c| of(c, "b1").tenant = shop("a2"),
        &[
            "answers_refer_to_what_exists agent:a1/user:7/c17",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "customers_own_what_they_paid_in customer/agent:a2/7",
            "documents_are_as_journalled orders/ord_b1",
            "profit_is_the_markup_of_its_order ent_1",
        ],
    ),
    row(
        "an order is in a shop that is not",
        |c| of(c, "m1").tenant = shop("x"),
        &[
            "answers_refer_to_what_exists master/user:7/c16",
            "customers_own_what_they_paid_in customer/agent:x/7",
            "customers_own_what_they_paid_in customer/master/7",
            "documents_are_as_journalled orders/ord_m1",
            "shops_exist ord_m1",
        ],
    ),
    row(
        "an order has no items",
        |c| of(c, "c1").items.clear(),
        &[
            "documents_are_as_journalled orders/ord_c1",
            "items_and_orders_agree itm_6",
            "items_and_orders_agree itm_7",
            "orders_cost_unit_times_quantity ord_c1",
            "orders_have_items ord_c1",
            "profit_is_the_markup_of_its_order ent_3",
            "revenue_is_base_prices revenue",
        ],
    ),
    row(
        "an order has an item twice",
        |c| of(c, "b1").items[1] = item(2),
        &[
            "documents_are_as_journalled orders/ord_b1",
            "items_and_orders_agree itm_3",
            "items_have_one_order itm_2",
        ],
    ),
    row(
        "an order has another's item",
        |c| of(c, "b1").items[1] = item(1),
        &[
            "documents_are_as_journalled orders/ord_b1",
            "items_and_orders_agree itm_1",
            "items_and_orders_agree itm_3",
            "items_have_one_order itm_1",
        ],
    ),
    row(
        "an order has an unsold item",
        |c| of(c, "b3").items[0] = item(9),
        &[
            "documents_are_as_journalled orders/ord_b3",
            "items_and_orders_agree itm_8",
            "items_and_orders_agree itm_9",
        ],
    ),
    row(
        "an order has an item that is not",
        |c| of(c, "b3").items[0] = item(99),
        &[
            "documents_are_as_journalled orders/ord_b3",
            "items_and_orders_agree itm_8",
            "order_items_exist itm_99",
        ],
    ),
    row(
        "an order has another product's item",
        |c| of(c, "b3").items[0] = item(1),
        &[
            "documents_are_as_journalled orders/ord_b3",
            "items_and_orders_agree itm_1",
            "items_and_orders_agree itm_8",
            "items_have_one_order itm_1",
            "order_items_are_of_its_product itm_1",
        ],
    ),
    row(
        "an order of another kind",
        |c| of(c, "b3").kind = GoodsKind::File,
        &["catalogue_is_whole ord_b3", "documents_are_as_journalled orders/ord_b3"],
    ),
    row(
        "an order of a product that is not",
        |c| of(c, "b3").product = ProductId::new(9),
        &[
            "catalogue_is_whole ord_b3",
            "documents_are_as_journalled orders/ord_b3",
            "order_items_are_of_its_product itm_8",
        ],
    ),
    row(
        "an order was delivered before it was paid",
        |c| of(c, "b1").delivery = Delivery::Delivered { at: Timestamp::EPOCH },
        &["deliveries_follow_payment ord_b1", "documents_are_as_journalled orders/ord_b1"],
    ),
    row(
        "an order is delivered by hand",
        |c| of(c, "b2").delivery = now(),
        &["deliveries_are_journalled orders/ord_b2", "documents_are_as_journalled orders/ord_b2"],
    ),
    row(
        "an order is filed elsewhere",
        |c| of(c, "b2").id = order("zz"),
        &[
            "documents_are_as_journalled orders/ord_b2",
            "documents_are_filed_by_their_id ord_b2",
            "items_and_orders_agree itm_4",
            "items_and_orders_agree itm_4",
            "profit_is_the_markup_of_its_order ent_2",
            "profit_is_the_markup_of_its_order ord_zz",
        ],
    ),
    row(
        "a sold item is for sale again",
        |c| c.items.get_mut(&item(1)).unwrap().order = None,
        &["documents_are_as_journalled items/itm_1", "items_and_orders_agree itm_1"],
    ),
    row(
        "an unsold item is taken",
        |c| sell(c, 9, "b3"),
        &["documents_are_as_journalled items/itm_9", "items_and_orders_agree itm_9"],
    ),
    row(
        "an unsold item is sold to nobody",
        |c| sell(c, 9, "zz"),
        &["documents_are_as_journalled items/itm_9", "items_and_orders_agree itm_9"],
    ),
    row(
        "an item changes orders",
        |c| sell(c, 1, "b1"),
        &[
            "documents_are_as_journalled items/itm_1",
            "items_and_orders_agree itm_1",
            "items_and_orders_agree itm_1",
        ],
    ),
    row(
        "an item vanishes",
        |c| {
            c.items.remove(&item(1));
        },
        &["documents_are_as_journalled items/itm_1", "order_items_exist itm_1"],
    ),
    row(
        "two items are the same",
        |c| c.items.get_mut(&item(9)).unwrap().content = print(9),
        &["documents_are_as_journalled items/itm_9", "unsold_contents_are_unique itm_10"],
    ),
    row(
        "an item of no product",
        |c| product_of(c, 9, 77),
        &["catalogue_is_whole itm_9", "documents_are_as_journalled items/itm_9"],
    ),
    row(
        "a sold item of another product",
        |c| product_of(c, 1, 2),
        &["documents_are_as_journalled items/itm_1", "order_items_are_of_its_product itm_1"],
    ),
    row(
        "a category vanishes",
        |c| drop(c.catalog.categories.remove(&CategoryId::new(1))),
        &[
            "answers_refer_to_what_exists master/user:1/c7",
            "catalogue_is_whole prd_1",
            "catalogue_is_whole prd_2",
            "documents_are_as_journalled categories/cat_1",
        ],
    ),
    row(
        "a product is free",
        |c| price(c, Some(Money::ZERO)),
        &["catalogue_is_whole prd_1", "documents_are_as_journalled products/prd_1"],
    ),
    row(
        "a product is cheaper",
        |c| price(c, Some(usdt("0.01"))),
        &["documents_are_as_journalled products/prd_1"],
    ),
];
