//! What only MongoDB can show: the server and the database it takes, who leads, what fails on the way
//! to a commit, that the documents are as declared, and that every question has its index.

mod documents;
mod faults;
mod lease;
mod opening;
mod plans;

use crate::kit::mongo;
use shopfleet::store::StoreError;
use shopfleet::store::mongo::{LeaseTerms, MongoStore, MongoUrl};

/// Opens a store on the runtime of the driver.
async fn open(url: &MongoUrl, terms: LeaseTerms) -> Result<MongoStore, StoreError> {
    MongoStore::open(url, terms, &mongo::runtime()).await
}
