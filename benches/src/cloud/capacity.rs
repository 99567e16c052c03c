//! Read and write units of DynamoDB calls.
//!
//! The proxy adds `ReturnConsumedCapacity: INDEXES` to each request, so the
//! figures are those that the database behind it reports for what it did,
//! indexes and transactions included. A failed conditional write reports
//! nothing but is charged all the same: those are reckoned here.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;

/// Read and write units by table name.
pub type ByTable = BTreeMap<String, Units>;

/// Units of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
}

/// Whether an operation is charged in read units.
pub fn is_read(operation: &str) -> bool {
    matches!(
        operation,
        "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems"
    )
}

/// Whether an operation reads or writes items at all.
pub fn is_metered(operation: &str) -> bool {
    is_read(operation)
        || matches!(
            operation,
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        )
}

/// Units that a successful answer reports, added to `into`.
pub fn reported(operation: &str, answer: &Value, into: &mut ByTable) {
    let one = std::slice::from_ref(&answer["ConsumedCapacity"]);
    let entries = answer["ConsumedCapacity"]
        .as_array()
        .map_or(one, Vec::as_slice);
    for entry in entries {
        let Some(table) = entry["TableName"].as_str() else {
            continue;
        };
        let units = into.entry(table.to_owned()).or_default();
        let field = |name: &str| entry[name].as_f64();
        match (field("ReadCapacityUnits"), field("WriteCapacityUnits")) {
            (None, None) => {
                let total = field("CapacityUnits").unwrap_or_default();
                if is_read(operation) {
                    units.reads += total;
                } else {
                    units.writes += total;
                }
            }
            (reads, writes) => {
                units.reads += reads.unwrap_or_default();
                units.writes += writes.unwrap_or_default();
            }
        }
    }
}

/// Units of a write that its condition refused, added to `into`: the size of
/// the item it carried, at least one unit, twice that in a transaction.
pub fn refused(operation: &str, request: &Value, into: &mut ByTable) {
    let factor = if operation == "TransactWriteItems" {
        2.0
    } else {
        1.0
    };
    let mut charge = |action: &Value| {
        if let Some(table) = action["TableName"].as_str() {
            let units = write_units(item_size(&action["Item"]));
            into.entry(table.to_owned()).or_default().writes += units * factor;
        }
    };
    match request["TransactItems"].as_array() {
        Some(actions) => actions
            .iter()
            .filter_map(Value::as_object)
            .flat_map(serde_json::Map::values)
            .for_each(&mut charge),
        None => charge(request),
    }
}

/// A write in a line: each item by the kind in its key and its size in bytes,
/// and what it cost altogether.
pub fn described(operation: &str, request: &Value, units: &ByTable) -> String {
    let describe = |action: &Value| {
        let key = [&action["Item"]["pk"], &action["Key"]["pk"]];
        let key = key
            .iter()
            .find_map(|pk| pk["S"].as_str())
            .unwrap_or_default();
        let kind = key.split('#').next().unwrap_or_default();
        match item_size(&action["Item"]) {
            0 => kind.to_owned(),
            bytes => format!("{kind} {bytes} B"),
        }
    };
    let actions = match request["TransactItems"].as_array() {
        Some(actions) => actions
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .map(|(verb, action)| format!("{verb} {}", describe(action)))
            .collect::<Vec<_>>()
            .join(", "),
        None => describe(request),
    };
    let writes: f64 = units.values().map(|units| units.writes).sum();
    format!("{operation} ({actions}): {writes}")
}

/// Write units of an item of `bytes`: one per started KB, at least one.
pub fn write_units(bytes: usize) -> f64 {
    crate::usage::units(bytes, 1024)
}

/// Size of an item in DynamoDB's JSON, by the rules of "DynamoDB item sizes
/// and formats" in the developer guide: names and strings in UTF-8 bytes,
/// numbers half a byte a digit plus one, lists and maps 3 bytes and one more
/// per element.
pub fn item_size(item: &Value) -> usize {
    item.as_object().map_or(0, |fields| {
        fields
            .iter()
            .map(|(name, value)| name.len() + value_size(value))
            .sum()
    })
}

fn value_size(value: &Value) -> usize {
    let Some((kind, inner)) = value.as_object().and_then(|v| v.iter().next()) else {
        return 0;
    };
    let texts = |size: fn(&str) -> usize| {
        inner.as_array().map_or(0, |all| {
            all.iter().filter_map(Value::as_str).map(size).sum()
        })
    };
    let text = inner.as_str().unwrap_or_default();
    match kind.as_str() {
        "S" => text.len(),
        "N" => number_size(text),
        "B" => binary_size(text),
        "SS" => texts(str::len),
        "NS" => texts(number_size),
        "BS" => texts(binary_size),
        "L" => {
            let all = inner.as_array().map_or(&[][..], Vec::as_slice);
            3 + all.iter().map(|v| 1 + value_size(v)).sum::<usize>()
        }
        "M" => {
            let count = inner.as_object().map_or(0, serde_json::Map::len);
            3 + count + item_size(inner)
        }
        _ => 1,
    }
}

fn number_size(text: &str) -> usize {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits.div_ceil(2) + 1
}

fn binary_size(text: &str) -> usize {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dynoxide::Database;
    use serde_json::json;

    /// Runs one operation against the embedded database as the proxy would.
    fn run(db: &Database, operation: &str, mut request: Value) -> ByTable {
        request["ReturnConsumedCapacity"] = json!("INDEXES");
        let parse = |e: serde_json::Error| e.to_string();
        let answer = match operation {
            "PutItem" => db
                .put_item(
                    serde_json::from_value(request.clone())
                        .map_err(parse)
                        .unwrap(),
                )
                .map(|a| serde_json::to_value(a).unwrap()),
            "GetItem" => db
                .get_item(
                    serde_json::from_value(request.clone())
                        .map_err(parse)
                        .unwrap(),
                )
                .map(|a| serde_json::to_value(a).unwrap()),
            "Query" => db
                .query(
                    serde_json::from_value(request.clone())
                        .map_err(parse)
                        .unwrap(),
                )
                .map(|a| serde_json::to_value(a).unwrap()),
            "TransactWriteItems" => db
                .transact_write_items(
                    serde_json::from_value(request.clone())
                        .map_err(parse)
                        .unwrap(),
                )
                .map(|a| serde_json::to_value(a).unwrap()),
            other => panic!("{other}"),
        };
        let mut units = ByTable::new();
        match answer {
            Ok(answer) => reported(operation, &answer, &mut units),
            Err(_) => refused(operation, &request, &mut units),
        }
        units
    }

    fn database() -> Database {
        let db = Database::memory().unwrap();
        let definition = crate::tables::definition("tab", true);
        db.create_table(serde_json::from_value(definition).unwrap())
            .unwrap();
        db
    }

    /// An item of exactly `bytes`, key included.
    fn item(sk: &str, bytes: usize) -> Value {
        let rest = bytes - ("pk".len() + 1 + "sk".len() + sk.len() + "body".len());
        json!({"pk": {"S": "p"}, "sk": {"S": sk}, "body": {"S": "x".repeat(rest)}})
    }

    fn writes(units: &ByTable) -> f64 {
        units["tab"].writes
    }

    fn assert_units(actual: f64, expected: f64) {
        assert!(
            (actual - expected).abs() < f64::EPSILON,
            "{actual} instead of {expected}"
        );
    }

    #[test]
    fn a_write_costs_one_unit_per_started_kilobyte() {
        let db = database();
        for (bytes, expected) in [(100, 1.0), (1024, 1.0), (1025, 2.0), (3500, 4.0)] {
            let put = json!({"TableName": "tab", "Item": item(&bytes.to_string(), bytes)});
            assert_eq!(item_size(&put["Item"]), bytes);
            assert_units(writes(&run(&db, "PutItem", put)), expected);
        }
    }

    #[test]
    fn a_read_costs_half_a_unit_per_started_four_kilobytes_and_one_when_consistent() {
        let db = database();
        for (sk, bytes, eventual) in [("a", 4096, 0.5), ("b", 4097, 1.0)] {
            run(
                &db,
                "PutItem",
                json!({"TableName": "tab", "Item": item(sk, bytes)}),
            );
            let key = json!({"pk": {"S": "p"}, "sk": {"S": sk}});
            for consistent in [false, true] {
                let get = json!({"TableName": "tab", "Key": key, "ConsistentRead": consistent});
                let factor = if consistent { 2.0 } else { 1.0 };
                assert_units(run(&db, "GetItem", get)["tab"].reads, eventual * factor);
            }
        }
        let absent = json!({"TableName": "tab", "Key": {"pk": {"S": "p"}, "sk": {"S": "none"}}});
        assert_units(run(&db, "GetItem", absent)["tab"].reads, 0.5);
    }

    #[test]
    fn a_query_is_rounded_once_over_all_that_it_read() {
        let db = database();
        for n in 0..8 {
            run(
                &db,
                "PutItem",
                json!({"TableName": "tab", "Item": item(&n.to_string(), 600)}),
            );
        }
        let query = json!({
            "TableName": "tab",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
        });
        // 4,800 bytes: two started units of 4 KB, halved.
        assert_units(run(&db, "Query", query)["tab"].reads, 1.0);
    }

    #[test]
    fn a_transaction_costs_twice_and_an_index_entry_once_more() {
        let db = database();
        let mut indexed = item("a", 700);
        indexed["gsi1pk"] = json!({"S": "g"});
        indexed["gsi1sk"] = json!({"S": "g"});
        run(
            &db,
            "PutItem",
            json!({"TableName": "tab", "Item": item("b", 700)}),
        );
        let alone = json!({"TableName": "tab", "Item": indexed.clone()});
        assert_units(writes(&run(&db, "PutItem", alone)), 2.0);

        indexed["sk"] = json!({"S": "c"});
        let actions = json!({"TransactItems": [
            {"Put": {"TableName": "tab", "Item": indexed}},
            {"Put": {"TableName": "tab", "Item": item("d", 1500)}},
            {"ConditionCheck": {"TableName": "tab", "Key": {"pk": {"S": "p"}, "sk": {"S": "b"}},
                "ConditionExpression": "attribute_exists(pk)"}},
        ]});
        // 2 × (1 + 2 + 1), and the index is kept outside the transaction.
        assert_units(writes(&run(&db, "TransactWriteItems", actions)), 9.0);
    }

    #[test]
    fn a_refused_write_is_charged_like_one_that_went_through() {
        let db = database();
        let put = json!({"TableName": "tab", "Item": item("a", 1500),
            "ConditionExpression": "attribute_not_exists(pk)"});
        assert_units(writes(&run(&db, "PutItem", put.clone())), 2.0);
        assert_units(writes(&run(&db, "PutItem", put.clone())), 2.0);
        let twice = json!({"TransactItems": [
            {"Put": put},
            {"Delete": {"TableName": "tab", "Key": {"pk": {"S": "p"}, "sk": {"S": "z"}}}},
        ]});
        assert_units(writes(&run(&db, "TransactWriteItems", twice)), 6.0);
    }

    #[test]
    fn a_write_is_described_by_kind_and_size() {
        let request = json!({"TransactItems": [
            {"Put": {"TableName": "tab", "Item": {"pk": {"S": "EVENT#1"}, "sk": {"S": "A"}}}},
            {"Delete": {"TableName": "tab", "Key": {"pk": {"S": "GUARD#1"}, "sk": {"S": "A"}}}},
        ]});
        let units = ByTable::from([(
            "tab".to_owned(),
            Units {
                reads: 0.0,
                writes: 4.0,
            },
        )]);
        let line = described("TransactWriteItems", &request, &units);
        assert_eq!(line, "TransactWriteItems (Put EVENT 12 B, Delete GUARD): 4");
    }

    #[test]
    fn sizes_follow_the_developer_guide() {
        for (value, expected) in [
            (json!({"S": "é"}), 2),
            (json!({"N": "12345"}), 4),
            (json!({"B": "AAAA"}), 3),
            (json!({"BOOL": true}), 1),
            (json!({"NULL": true}), 1),
            (json!({"SS": ["ab", "c"]}), 3),
            (json!({"L": [{"S": "a"}, {"S": "b"}]}), 7),
            (json!({"M": {"k": {"S": "v"}}}), 6),
        ] {
            assert_eq!(value_size(&value), expected, "{value}");
        }
    }
}
