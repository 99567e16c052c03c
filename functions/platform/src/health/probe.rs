//! The checks themselves.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::{join, join_all};

use super::report::{Dependency, GroupHealth, Standing};

/// No check takes longer.
const BOUND: Duration = Duration::from_secs(2);
/// So many waiting messages are more than a moment's burst.
const BACKLOG: u64 = 1_000;

/// A queue and its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// URL of the queue.
    pub queue: String,
    /// URL of its dead-letter queue.
    pub dead_letters: String,
}

/// What one group stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Its table.
    pub table: String,
    /// Its queues, if it consumes events.
    pub queues: Vec<Queues>,
}

/// Everything to check and the clients to do it.
#[derive(Debug)]
pub struct Probes {
    /// For the tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The table of keys, roles and revocations.
    pub access_table: String,
    /// Per group.
    pub groups: BTreeMap<String, Resources>,
}

impl Probes {
    /// All checks at once.
    pub async fn run(&self) -> (Dependency, BTreeMap<String, GroupHealth>) {
        let groups = self.groups.iter().map(|(name, resources)| async move {
            (name.clone(), GroupHealth::of(self.group(resources).await))
        });
        let access = timed("access", self.table(&self.access_table));
        let (access, groups) = join(access, join_all(groups)).await;
        (access, groups.into_iter().collect())
    }

    async fn group(&self, resources: &Resources) -> Vec<Dependency> {
        let table = timed("table", self.table(&resources.table));
        let queues = resources.queues.iter().map(|queues| {
            join(
                timed("queue", self.queue(&queues.queue)),
                timed("dead-letters", self.dead_letters(&queues.dead_letters)),
            )
        });
        let (table, queues) = join(table, join_all(queues)).await;
        let mut dependencies = vec![table];
        for (queue, dead_letters) in queues {
            dependencies.extend([queue, dead_letters]);
        }
        dependencies
    }

    /// The item need not exist; that the table answers is what counts.
    async fn table(&self, name: &str) -> Result<Option<String>, String> {
        let key = || AttributeValue::S("HEALTH".to_owned());
        self.dynamodb
            .get_item()
            .table_name(name)
            .key("pk", key())
            .key("sk", key())
            .send()
            .await
            .map(|_| None)
            .map_err(|err| DisplayErrorContext(&err).to_string())
    }

    async fn queue(&self, url: &str) -> Result<Option<String>, String> {
        let waiting = self.waiting(url).await?;
        Ok((waiting > BACKLOG).then(|| "messages are piling up".to_owned()))
    }

    async fn dead_letters(&self, url: &str) -> Result<Option<String>, String> {
        let waiting = self.waiting(url).await?;
        Ok((waiting > 0).then(|| "dead letters wait for an operator".to_owned()))
    }

    async fn waiting(&self, url: &str) -> Result<u64, String> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let output = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(name.clone())
            .send()
            .await
            .map_err(|err| DisplayErrorContext(&err).to_string())?;
        output
            .attributes()
            .and_then(|attributes| attributes.get(&name)?.parse().ok())
            .ok_or_else(|| "the answer has no number of messages".to_owned())
    }
}

/// Runs a check within the bound; what went wrong is for the log alone.
async fn timed(
    name: &str,
    check: impl Future<Output = Result<Option<String>, String>>,
) -> Dependency {
    let started = Instant::now();
    let result = match tokio::time::timeout(BOUND, check).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", BOUND.as_secs())),
    };
    let micros = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
    let (status, attention) = match result {
        Ok(attention) => (Standing::Up, attention),
        Err(err) => {
            tracing::warn!(dependency = name, error = err, "A health check failed.");
            (Standing::Down, None)
        }
    };
    Dependency {
        name: name.to_owned(),
        status,
        response_time_ms: f64::from(micros) / 1_000.0,
        attention,
    }
}

/// Reads `GROUP_TABLES` (`group=table,…`) and `GROUP_QUEUES`
/// (`group=queueUrl|dlqUrl,…`, a group as often as it has queues).
///
/// # Errors
/// What is wrong with the text.
pub fn resources(tables: &str, queues: &str) -> Result<BTreeMap<String, Resources>, String> {
    let mut groups = BTreeMap::new();
    for (group, table) in pairs("GROUP_TABLES", tables)? {
        let resources = Resources {
            table: table.to_owned(),
            queues: Vec::new(),
        };
        groups.insert(group.to_owned(), resources);
    }
    for (group, urls) in pairs("GROUP_QUEUES", queues)? {
        let resources = groups
            .get_mut(group)
            .ok_or_else(|| format!("GROUP_QUEUES: {group} has no table"))?;
        let (queue, dead_letters) = urls
            .split_once('|')
            .ok_or_else(|| format!("GROUP_QUEUES: {group} needs queueUrl|dlqUrl"))?;
        resources.queues.push(Queues {
            queue: queue.trim().to_owned(),
            dead_letters: dead_letters.trim().to_owned(),
        });
    }
    Ok(groups)
}

fn pairs<'a>(variable: &str, text: &'a str) -> Result<Vec<(&'a str, &'a str)>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.split_once('=')
                .map(|(group, value)| (group.trim(), value.trim()))
                .ok_or_else(|| format!("{variable}: `{part}` is not group=value"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn op_11_tables_and_queues_are_read_from_the_environment() {
        let queues = "a=http://q/1?x=2|http://q/1-dlq, a=http://q/2|http://q/2-dlq";
        let groups = resources("a=table-a, b=table-b", queues).unwrap();
        assert_eq!(groups["a"].queues.len(), 2);
        assert_eq!(groups["a"].queues[0].queue, "http://q/1?x=2");
        assert_eq!(groups["b"].table, "table-b");
        for (tables, queues) in [("a", ""), ("a=t", "b=q|d"), ("a=t", "a=q")] {
            assert!(resources(tables, queues).is_err());
        }
    }
}
