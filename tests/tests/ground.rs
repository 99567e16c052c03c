//! The ground: the same suite that the embedded DynamoDB passes.

use shared::testing::{TestDb, ground};

use crate::stack::Stack;

#[tokio::test]
async fn the_local_cloud_is_as_firm_as_the_embedded_database() {
    let stack = Stack::up();
    let endpoint = stack.outputs["awsEndpointUrl"].as_str().unwrap();
    ground::run_all(&TestDb::at(endpoint)).await;
}
