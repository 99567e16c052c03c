//! `template.yaml`, as far as the figures need it: functions with their memory
//! and triggers, the topic's filter policies, and what costs money while idle.

mod conditions;
mod idle;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{Context as _, Result};
pub use idle::Idle;

/// Memory of a function for which the template says nothing.
const DEFAULT_MEMORY_MB: u32 = 128;

/// The parsed template, its intrinsic functions in their long form.
#[derive(Debug)]
pub struct Template {
    resources: Map<String, Value>,
    globals: Value,
    conditions: conditions::Conditions,
}

/// What a subscription lets through to a queue's worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Binary of the worker behind the queue.
    pub binary: String,
    /// The filter policy by attribute.
    pub policy: Value,
}

impl Template {
    /// Reads the template at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context(path.display())?;
        Self::parse(&text).context(path.display())
    }

    /// Parses a template.
    pub fn parse(text: &str) -> Result<Self> {
        let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).context("YAML")?;
        let mut whole = plain(yaml);
        let resources = whole["Resources"].as_object_mut().context("no Resources")?;
        Ok(Self {
            resources: std::mem::take(resources),
            globals: whole["Globals"]["Function"].take(),
            conditions: conditions::Conditions::new(&whole["Parameters"], &whole["Conditions"]),
        })
    }

    /// The resources that are deployed with the parameters' defaults.
    fn deployed(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.resources.iter().filter(|(_, resource)| {
            let condition = resource["Condition"].as_str();
            condition.is_none_or(|name| self.conditions.holds(name))
        })
    }

    fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.deployed()
            .filter(move |(_, resource)| resource["Type"] == kind)
    }

    fn functions(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.of_type("AWS::Serverless::Function")
            .chain(self.of_type("AWS::Lambda::Function"))
    }

    /// Memory of the function that runs `binary`, in MB.
    pub fn memory_mb(&self, binary: &str) -> u32 {
        let own = self
            .functions()
            .find(|(_, function)| binary_of(function).as_deref() == Some(binary))
            .map(|(_, function)| &function["Properties"]["MemorySize"]);
        let memory = own
            .filter(|memory| !memory.is_null())
            .unwrap_or(&self.globals["MemorySize"]);
        let memory = self.conditions.value(memory);
        let number = memory.as_u64().or_else(|| memory.as_str()?.parse().ok());
        number
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(DEFAULT_MEMORY_MB)
    }

    /// Whether the platform writes its own lines to the functions' logs: not
    /// when their level is set above that of the lines.
    pub fn has_platform_logs(&self) -> bool {
        let quiet = |function: &Value| {
            let own = &function["Properties"]["LoggingConfig"];
            let global = &self.globals["LoggingConfig"];
            let setting = |name: &str| own[name].as_str().or_else(|| global[name].as_str());
            setting("LogFormat") == Some("JSON") && setting("SystemLogLevel") == Some("WARN")
        };
        !self.functions().all(|(_, function)| quiet(function))
    }

    /// Whether X-Ray samples the functions' invocations.
    pub fn is_traced(&self) -> bool {
        self.conditions.value(&self.globals["Tracing"]) == "Active"
    }

    /// Bytes of the HTTP API's access log for one request: the format's text,
    /// whose variables are about as long as their values.
    pub fn access_log_bytes(&self) -> f64 {
        self.of_type("AWS::ApiGatewayV2::Stage")
            .chain(self.of_type("AWS::Serverless::HttpApi"))
            .filter_map(|(_, api)| api["Properties"]["AccessLogSettings"]["Format"].as_str())
            .map(|format| crate::usage::units(format.len(), 1))
            .sum()
    }

    /// The queues' subscriptions to the topic, by worker.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let workers = self.queue_workers();
        self.of_type("AWS::SNS::Subscription")
            .filter_map(|(_, resource)| {
                let properties = &resource["Properties"];
                let queue = referred(&properties["Endpoint"])?;
                Some(Subscription {
                    binary: workers.get(queue)?.clone(),
                    policy: properties["FilterPolicy"].clone(),
                })
            })
            .collect()
    }

    /// Logical ids of queues and the binaries of the functions they feed.
    pub fn queue_workers(&self) -> BTreeMap<String, String> {
        let by_function: BTreeMap<_, _> = self
            .functions()
            .filter_map(|(id, function)| Some((id.clone(), binary_of(function)?)))
            .collect();
        let mut workers = BTreeMap::new();
        for (id, function) in self.functions() {
            for event in events(function).filter(|event| event["Type"] == "SQS") {
                let queue = referred(&event["Properties"]["Queue"]);
                if let (Some(queue), Some(binary)) = (queue, by_function.get(id)) {
                    workers.insert(queue.to_owned(), binary.clone());
                }
            }
        }
        for (_, mapping) in self.of_type("AWS::Lambda::EventSourceMapping") {
            let properties = &mapping["Properties"];
            let binary = referred(&properties["FunctionName"]).and_then(|id| by_function.get(id));
            let queue = referred(&properties["EventSourceArn"]).filter(|id| {
                self.resources
                    .get(*id)
                    .is_some_and(|r| r["Type"] == "AWS::SQS::Queue")
            });
            if let (Some(queue), Some(binary)) = (queue, binary) {
                workers.insert(queue.to_owned(), binary.clone());
            }
        }
        workers
    }
}

/// Whether a filter policy lets a message with these attributes through: each
/// key must be present and equal one of its values or begin with a prefix.
pub fn lets_through(policy: &Value, attributes: &BTreeMap<String, String>) -> bool {
    let Some(policy) = policy.as_object() else {
        return true;
    };
    policy.iter().all(|(name, wanted)| {
        let wanted = wanted
            .as_array()
            .map_or(std::slice::from_ref(wanted), Vec::as_slice);
        attributes.get(name).is_some_and(|value| {
            wanted.iter().any(|one| match one["prefix"].as_str() {
                Some(prefix) => value.starts_with(prefix),
                None => one.as_str() == Some(value),
            })
        })
    })
}

/// The events of a SAM function.
fn events(function: &Value) -> impl Iterator<Item = &Value> {
    let events = function["Properties"]["Events"].as_object();
    events.into_iter().flat_map(Map::values)
}

/// The binary of a function: the last part of the path of its code.
fn binary_of(function: &Value) -> Option<String> {
    let code = &function["Properties"]["CodeUri"];
    let path = code.as_str().or_else(|| code["Fn::Sub"].as_str())?;
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    Some(name.trim_end_matches(".zip").to_owned())
}

/// The logical id that `Ref` or `Fn::GetAtt` names.
fn referred(value: &Value) -> Option<&str> {
    value["Ref"]
        .as_str()
        .or_else(|| value["Fn::GetAtt"][0].as_str())
}

/// YAML as JSON, with `!Tag value` written as `{"Fn::Tag": value}`.
fn plain(yaml: serde_yaml_ng::Value) -> Value {
    use serde_yaml_ng::Value as Yaml;
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or_default(),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let key = match plain(key) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                let value = plain(value);
                match (key.as_str(), value.as_str()) {
                    ("Fn::GetAtt", Some(path)) => (key, get_att(path)),
                    _ => (key, value),
                }
            })
            .collect(),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = tag.trim_start_matches('!');
            let value = plain(tagged.value);
            match (tag, value.as_str()) {
                ("Ref" | "Condition", _) => json!({tag: value}),
                ("GetAtt", Some(path)) => json!({"Fn::GetAtt": get_att(path)}),
                _ => json!({format!("Fn::{tag}"): value}),
            }
        }
    }
}

fn get_att(path: &str) -> Value {
    path.splitn(2, '.').collect()
}

#[cfg(test)]
mod tests;
