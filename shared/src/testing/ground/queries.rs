use super::{Row, item, n, write};
use crate::commit::Commit;
use crate::table::{Index, Key, Query, Table};
use crate::testing::cx;

async fn fill(table: &Table, rows: impl IntoIterator<Item = Row>) {
    for row in rows {
        let mut commit = Commit::new(table, &cx());
        commit.put(&row);
        commit.execute().await.unwrap();
    }
}

fn row(pk: &str, sk: &str) -> Row {
    Row {
        pk: pk.into(),
        sk: sk.into(),
        group: None,
        rank: None,
    }
}

fn ranked(sk: &str, group: &str, rank: &str) -> Row {
    Row {
        group: Some(group.into()),
        rank: Some(rank.into()),
        ..row("A", sk)
    }
}

fn keys(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.sk.as_str()).collect()
}

/// All sort keys, page by page, and how many pages had something.
async fn walk(table: &Table, query: Query) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let found = table
            .query::<Row>(query.clone().after(after))
            .await
            .unwrap();
        pages += usize::from(!found.items.is_empty());
        all.extend(found.items.into_iter().map(|row| row.sk));
        after = found.next;
        if after.is_none() {
            return (all, pages);
        }
    }
}

pub(super) async fn pages_follow_each_other_both_ways(table: Table) {
    let wanted: Vec<String> = (0..25).map(|i| format!("{i:02}")).collect();
    fill(&table, wanted.iter().map(|sk| row("A", sk))).await;
    fill(&table, [row("B", "00")]).await;
    let (up, pages) = walk(&table, Query::partition("A").limit(10)).await;
    assert_eq!((up, pages), (wanted.clone(), 3));
    let (mut down, _) = walk(
        &table,
        Query::partition("A").limit(7).descending().consistent(),
    )
    .await;
    down.reverse();
    assert_eq!(down, wanted);
    assert_eq!(walk(&table, Query::partition("none")).await.0.len(), 0);
}

pub(super) async fn ranges_of_sort_keys(table: Table) {
    fill(
        &table,
        ["EVENT#1", "EVENT#2", "EVENT#3", "EVENTS", "ORG#1"].map(|sk| row("A", sk)),
    )
    .await;
    let find = async |query: Query| table.query_all::<Row>(query).await.unwrap();
    let found = find(Query::partition("A").begins_with("EVENT#")).await;
    assert_eq!(keys(&found), ["EVENT#1", "EVENT#2", "EVENT#3"]);
    let found = find(Query::partition("A").between("EVENT#2", "EVENTS")).await;
    assert_eq!(
        keys(&found),
        ["EVENT#2", "EVENT#3", "EVENTS"],
        "both ends belong to it"
    );
    let found = find(
        Query::partition("A")
            .begins_with("EVENT#")
            .descending()
            .limit(1),
    )
    .await;
    assert_eq!(
        keys(&found),
        ["EVENT#3", "EVENT#2", "EVENT#1"],
        "a small page is followed by more"
    );
}

pub(super) async fn indexes_hold_only_what_has_their_keys(table: Table) {
    fill(
        &table,
        [
            ranked("1", "G", "b"),
            ranked("2", "G", "a"),
            row("A", "3"),
            ranked("4", "H", "a"),
        ],
    )
    .await;
    let group = || Query::partition("G").index(Index::Gsi1);
    let found = table.query_all::<Row>(group()).await.unwrap();
    assert_eq!(keys(&found), ["2", "1"], "in the order of the index");
    let found = table
        .query_all::<Row>(group().begins_with("b"))
        .await
        .unwrap();
    assert_eq!(keys(&found), ["1"]);
    // What loses its index key leaves the index.
    let mut commit = Commit::new(&table, &cx());
    commit
        .update(Key::new("A", "2"))
        .remove("gsi1pk")
        .remove("gsi1sk");
    commit.execute().await.unwrap();
    fill(&table, [row("A", "1")]).await;
    assert!(table.query_all::<Row>(group()).await.unwrap().is_empty());
    assert_eq!(
        table
            .query_all::<Row>(Query::partition("A"))
            .await
            .unwrap()
            .len(),
        4
    );
}

pub(super) async fn pages_of_an_index_with_equal_keys(table: Table) {
    let names: Vec<String> = (0..9).map(|i| format!("{i}")).collect();
    fill(&table, names.iter().map(|sk| ranked(sk, "G", "same"))).await;
    for query in [Query::partition("G"), Query::partition("G").descending()] {
        let (mut all, pages) = walk(&table, query.index(Index::Gsi1).limit(2)).await;
        all.sort();
        assert_eq!((all, pages), (names.clone(), 5), "each once");
    }
}

pub(super) async fn batches_of_more_than_a_hundred(table: Table) {
    let rows: Vec<Row> = (0..130).map(|i| row("A", &format!("{i:03}"))).collect();
    for chunk in rows.chunks(100) {
        let mut commit = Commit::new(&table, &cx());
        for row in chunk {
            commit.put(row);
        }
        commit.execute().await.unwrap();
    }
    let mut wanted: Vec<Key> = (0..130)
        .rev()
        .map(|i| Key::new("A", format!("{i:03}")))
        .collect();
    wanted.insert(5, Key::new("A", "missing"));
    wanted.insert(9, Key::new("A", "000"));
    let found = table.batch_get::<Row>(&wanted).await.unwrap();
    assert_eq!(found.len(), 130);
    assert_eq!(
        (found[0].sk.as_str(), found[129].sk.as_str()),
        ("129", "001"),
        "in the order asked for"
    );
    assert!(table.batch_get::<Row>(&[]).await.unwrap().is_empty());
}

pub(super) async fn expired_items_are_invisible(table: Table) {
    let now = table.clock().now().as_second();
    for (sk, ttl) in [("past", now - 1), ("now", now), ("future", now + 600)] {
        write(&table, item("A", sk, &[("ttl", n(ttl))])).await;
    }
    let keys: Vec<Key> = ["past", "now", "future"]
        .map(|sk| Key::new("A", sk))
        .to_vec();
    assert_eq!(table.get::<Row>(&keys[0]).await.unwrap(), None);
    assert_eq!(table.get_consistent::<Row>(&keys[1]).await.unwrap(), None);
    assert!(
        table
            .get_consistent::<Row>(&keys[2])
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(table.batch_get::<Row>(&keys).await.unwrap().len(), 1);
    assert_eq!(
        table
            .query_all::<Row>(Query::partition("A"))
            .await
            .unwrap()
            .len(),
        1
    );
}
