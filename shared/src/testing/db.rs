use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::event::Event;
use crate::table::{Item, Table, text};

/// An embedded DynamoDB of this test's own runtime.
#[derive(Debug, Clone)]
pub struct TestDb {
    client: Client,
    endpoint: String,
    clock: Clock,
}

impl TestDb {
    /// Starts it on a free port of the loopback interface.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        Self::at(&format!("http://127.0.0.1:{port}"))
    }

    /// Any DynamoDB that listens at `endpoint`.
    pub fn at(endpoint: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(endpoint)
            .http_client(http)
            .sleep_impl(crate::aws::sleep())
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            endpoint: endpoint.to_owned(),
            clock: Clock::system(),
        }
    }

    /// Tables that tell the time by `clock`.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A fresh table with the keys and indexes that all groups have.
    pub async fn table(&self, name: &str) -> Table {
        let name = format!("{name}-{}", Uuid::now_v7().simple());
        let element = |name: &str, kind| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .unwrap()
        };
        let keys = |prefix: &str| {
            vec![
                element(&format!("{prefix}pk"), KeyType::Hash),
                element(&format!("{prefix}sk"), KeyType::Range),
            ]
        };
        let attributes = ["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"].map(|name| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap()
        });
        let index = |name: &str| {
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .set_key_schema(Some(keys(name)))
                .projection(
                    Projection::builder()
                        .projection_type(ProjectionType::All)
                        .build(),
                )
                .build()
                .unwrap()
        };
        self.client
            .create_table()
            .table_name(&name)
            .set_key_schema(Some(keys("")))
            .set_attribute_definitions(Some(attributes.to_vec()))
            .global_secondary_indexes(index("gsi1"))
            .global_secondary_indexes(index("gsi2"))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
        Table::new(self.client.clone(), name, self.clock.clone())
    }

    /// Removes a table, for databases that outlive the test.
    pub async fn drop_table(&self, table: &Table) {
        self.client
            .delete_table()
            .table_name(table.name())
            .send()
            .await
            .unwrap();
    }

    /// Every item of a table: for assertions only.
    #[allow(clippy::disallowed_methods)]
    pub async fn items(&self, table: &Table) -> Vec<Item> {
        let mut pages = self
            .client
            .scan()
            .table_name(table.name())
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(item) = pages.next().await {
            all.push(item.unwrap());
        }
        all
    }

    /// What a table has committed for publication, in the order of commit.
    pub async fn outbox(&self, table: &Table) -> Vec<Event> {
        let mut events: Vec<Event> = self
            .items(table)
            .await
            .iter()
            .filter_map(|item| text(item, "event"))
            .map(|event| serde_json::from_str(event).unwrap())
            .collect();
        events.sort_by_key(|event| event.id);
        events
    }
}
