//! The tables as the deployment has them.

use dynoxide::Database;
use serde_json::{Value, json};

use crate::Context as _;

/// Tables of the groups: two sparse indexes, a stream of new images.
pub const GROUPS: [&str; 6] = [
    "auth",
    "events",
    "matchmaking",
    "media",
    "notifications",
    "platform",
];

/// The audit log: indexed like a group's, followed by nobody.
pub const AUDIT: &str = "audit";

/// Tables that every function reads or writes: neither index nor stream.
pub const COMMON: [&str; 2] = ["access", "limits"];

/// The `CreateTable` request of a table.
pub fn definition(name: &str, of_group: bool) -> Value {
    let text = |attribute: &str| json!({"AttributeName": attribute, "AttributeType": "S"});
    let keys = |hash: &str, range: &str| {
        json!([
            {"AttributeName": hash, "KeyType": "HASH"},
            {"AttributeName": range, "KeyType": "RANGE"},
        ])
    };
    let mut table = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": [text("pk"), text("sk")],
    });
    if of_group {
        let index = |n: u8| {
            json!({
                "IndexName": format!("gsi{n}"),
                "KeySchema": keys(&format!("gsi{n}pk"), &format!("gsi{n}sk")),
                "Projection": {"ProjectionType": "ALL"},
            })
        };
        table["GlobalSecondaryIndexes"] = json!([index(1), index(2)]);
        table["AttributeDefinitions"] = ["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"]
            .map(text)
            .into();
        table["StreamSpecification"] =
            json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"});
    }
    table
}

/// Deletes what is in a table, as TTL would in time.
pub fn clear(db: &Database, table: &str) -> crate::Result<()> {
    let request = serde_json::from_value(json!({"TableName": table}))?;
    let found = serde_json::to_value(db.scan(request).context(table)?)?;
    for item in found["Items"].as_array().into_iter().flatten() {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        let request = serde_json::from_value(json!({"TableName": table, "Key": key}))?;
        db.delete_item(request).context(table)?;
    }
    Ok(())
}

/// Ends the groups' streams, once nobody follows them any more: dynoxide looks
/// through all records of a table's stream for each that it adds, which
/// DynamoDB does not, and which would be most of what is measured.
pub fn silence(db: &Database) -> crate::Result<()> {
    for name in GROUPS {
        let off = json!({
            "TableName": name,
            "StreamSpecification": {"StreamEnabled": false},
        });
        db.update_table(serde_json::from_value(off)?)
            .context(format!("the stream of {name}"))?;
    }
    Ok(())
}

/// Creates every table.
pub fn create(db: &Database) -> crate::Result<()> {
    let groups = GROUPS.iter().map(|name| (*name, true));
    let groups = groups.chain([(AUDIT, true)]);
    for (name, of_group) in groups.chain(COMMON.iter().map(|name| (*name, false))) {
        let request = serde_json::from_value(definition(name, of_group))?;
        db.create_table(request)
            .map_err(|e| crate::Error(format!("table {name}: {e}")))?;
        let ttl = json!({
            "TableName": name,
            "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true},
        });
        db.update_time_to_live(serde_json::from_value(ttl)?)
            .map_err(|e| crate::Error(format!("ttl of {name}: {e}")))?;
    }
    Ok(())
}
