//! Reading in a session: plain, or in a transaction when several answers must be of one moment.

use super::failure::Failure;
use super::row::Row;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{
    Acknowledgment, FindOptions, ReadConcern, SessionOptions, TransactionOptions, WriteConcern,
};
use mongodb::{Client, ClientSession, Database};

/// Documents that one answer of the server holds at most; the server cuts at 16 MiB by itself.
const PAGE: u32 = 20_000;

/// A session on the database of the store.
pub(super) struct Reads {
    pub(super) db: Database,
    pub(super) session: ClientSession,
}

/// What every transaction is: of one snapshot, and durable on a majority when it is committed.
pub(super) fn transaction() -> TransactionOptions {
    TransactionOptions::builder()
        .read_concern(ReadConcern::snapshot())
        .write_concern(durable())
        .build()
}

/// Written to the journal of a majority of the servers.
pub(super) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

impl Reads {
    /// A session without a transaction.
    pub(super) async fn plain(client: &Client, db: &Database) -> Result<Self, Failure> {
        Ok(Self { db: db.clone(), session: client.start_session().await? })
    }

    /// A session whose reads are of one moment, for as long as the server keeps its history.
    pub(super) async fn snapshot(client: &Client, db: &Database) -> Result<Self, Failure> {
        let options = SessionOptions::builder().snapshot(true).build();
        Ok(Self { db: db.clone(), session: client.start_session().with_options(options).await? })
    }

    /// A session inside a transaction.
    pub(super) async fn transaction(client: &Client, db: &Database) -> Result<Self, Failure> {
        let mut reads = Self::plain(client, db).await?;
        reads.session.start_transaction().with_options(transaction()).await?;
        Ok(reads)
    }

    /// Ends the transaction; what it read is then known to be durable.
    pub(super) async fn end(mut self) -> Result<(), Failure> {
        Ok(self.session.commit_transaction().await?)
    }

    /// Every document that the filter finds.
    pub(super) async fn all<T>(
        &mut self,
        collection: &'static str,
        filter: Document,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        self.find(collection, filter, FindOptions::default(), read).await
    }

    /// Like [`Reads::all`], for ids alone.
    pub(super) async fn ids<T>(
        &mut self,
        collection: &'static str,
        filter: Document,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let only_ids = FindOptions::builder().projection(doc! {"_id": 1}).build();
        self.find(collection, filter, only_ids, read).await
    }

    /// Contents of files.
    pub(super) async fn contents<T>(
        &mut self,
        filter: Document,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let only = FindOptions::builder().projection(doc! {"_id": 1, "content": 1}).build();
        self.find("blobs", filter, only, read).await
    }

    /// The first document that the filter finds.
    pub(super) async fn first<T>(
        &mut self,
        collection: &'static str,
        filter: Document,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let one = FindOptions::builder().limit(1).build();
        Ok(self.find(collection, filter, one, read).await?.pop())
    }

    /// What a query finds, in its order.
    pub(super) async fn find<T>(
        &mut self,
        collection: &'static str,
        filter: Document,
        options: FindOptions,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut cursor = self
            .db
            .collection::<RawDocumentBuf>(collection)
            .find(filter)
            .with_options(options)
            .batch_size(PAGE)
            .session(&mut self.session)
            .await?;
        let mut found = Vec::new();
        while cursor.advance(&mut self.session).await? {
            found.push(read(&Row::new(collection, cursor.current()))?);
        }
        Ok(found)
    }

    /// How many documents the filter finds.
    pub(super) async fn count(
        &mut self,
        collection: &'static str,
        filter: Document,
    ) -> Result<u64, Failure> {
        let found = self
            .db
            .collection::<Document>(collection)
            .count_documents(filter)
            .session(&mut self.session)
            .await?;
        Ok(found)
    }
}
