//! The writing itself: one conditional write or one transaction, retried where
//! that is safe, and its failures understood.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use uuid::Uuid;

use super::action::{Action, Kind, Meaning};
use super::error::CommitError;
use crate::cx::Context;
use crate::digest;
use crate::problem::{CONFLICT, Problem};
use crate::table::{Item, StoreError, text};

/// One attempt's end.
enum Outcome {
    Done,
    /// Nothing happened; the same write may succeed later.
    Again(String),
    /// It may have happened; the same write is safe to repeat.
    Unknown(String),
    Failed(CommitError),
}

pub(super) async fn execute(
    client: &Client,
    id: Uuid,
    actions: &mut [Action],
    cx: &Context,
) -> Result<(), CommitError> {
    if let Some(fault) = actions.iter_mut().find_map(|action| action.fault.take()) {
        return Err(CommitError::Invalid(fault));
    }
    let id = id.to_string();
    for action in actions.iter_mut() {
        match action.kind {
            Kind::Put => action.attribute("commit", AttributeValue::S(id.clone())),
            Kind::Update => {
                action.set("commit", &id);
            }
            Kind::Delete | Kind::Check => {}
        }
    }
    // A time-out would still begin; what is late must not.
    if cx.remaining().is_zero() {
        return Err(CommitError::Deadline);
    }
    match tokio::time::timeout(cx.remaining(), retry(client, &id, actions, cx)).await {
        Ok(result) => result,
        Err(_) => Err(CommitError::Deadline),
    }
}

async fn retry(
    client: &Client,
    id: &str,
    actions: &[Action],
    cx: &Context,
) -> Result<(), CommitError> {
    let mut wait = Duration::from_millis(10);
    let mut unknown = false;
    loop {
        let outcome = match actions {
            [] => Outcome::Done,
            [action] if action.repeatable() => single(client, id, action).await,
            actions => transaction(client, id, actions).await?,
        };
        let why = match outcome {
            Outcome::Done => return Ok(()),
            Outcome::Failed(err) => return Err(err),
            Outcome::Again(why) => why,
            Outcome::Unknown(why) => {
                unknown = true;
                why
            }
        };
        let pause = jittered(wait);
        // A last try needs time for its answer.
        if cx.remaining() < pause + Duration::from_millis(50) {
            tracing::warn!(commit.id = id, error = why, "a commit ran out of time");
            return Err(if unknown {
                CommitError::Deadline
            } else {
                CommitError::Contention(why)
            });
        }
        tokio::time::sleep(pause).await;
        wait = (wait * 2).min(Duration::from_millis(200));
    }
}

/// Between half of `wait` and all of it.
fn jittered(wait: Duration) -> Duration {
    let [byte] = digest::random::<1>().unwrap_or([128]);
    wait.mul_f64(0.5 + f64::from(byte) / 510.0)
}

fn own(item: Option<&Item>, id: &str) -> bool {
    item.and_then(|item| text(item, "commit")) == Some(id)
}

fn failed(action: &Action) -> CommitError {
    match action.meaning {
        Meaning::Reply => CommitError::KeyTaken,
        Meaning::Once => CommitError::Duplicate,
        Meaning::Projection => CommitError::Stale,
        Meaning::State => CommitError::Condition(
            action
                .declared
                .clone()
                .unwrap_or_else(|| Problem::new(&CONFLICT)),
        ),
    }
}

macro_rules! conditioned {
    ($builder:expr, $action:expr) => {
        $builder
            .table_name(&*$action.table)
            .set_condition_expression($action.condition())
            .set_expression_attribute_names($action.name_map())
            .set_expression_attribute_values($action.value_map())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
}

/// Sends a single write; a failed condition hands over the old item.
macro_rules! send {
    ($request:expr, $error:ident, $action:expr, $id:expr) => {
        match $request.send().await {
            Ok(_) => Outcome::Done,
            Err(err) => {
                let old = match err.as_service_error() {
                    Some($error::ConditionalCheckFailedException(failure)) => {
                        Some(ConditionFailure {
                            old: failure.item(),
                        })
                    }
                    _ => None,
                };
                condition_or(old.as_ref(), &err, $action, $id)
            }
        }
    };
}

async fn single(client: &Client, id: &str, action: &Action) -> Outcome {
    let key = || Some(action.key.attributes());
    match action.kind {
        Kind::Put => {
            let request = conditioned!(client.put_item(), action);
            let request = request.set_item(Some(action.item.clone()));
            send!(request, PutItemError, action, id)
        }
        Kind::Update => {
            let request = conditioned!(client.update_item(), action)
                .set_key(key())
                .update_expression(action.update_expression());
            send!(request, UpdateItemError, action, id)
        }
        Kind::Delete | Kind::Check => {
            let request = conditioned!(client.delete_item(), action).set_key(key());
            send!(request, DeleteItemError, action, id)
        }
    }
}

/// A condition of a single write did not hold.
struct ConditionFailure<'a> {
    /// What stood there, if anything did.
    old: Option<&'a Item>,
}

fn condition_or<E>(
    old: Option<&ConditionFailure<'_>>,
    err: &SdkError<E, HttpResponse>,
    action: &Action,
    id: &str,
) -> Outcome
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match old {
        Some(failure) if own(failure.old, id) => Outcome::Done,
        Some(_) => Outcome::Failed(failed(action)),
        None => classify(err),
    }
}

async fn transaction(
    client: &Client,
    id: &str,
    actions: &[Action],
) -> Result<Outcome, CommitError> {
    let items = actions
        .iter()
        .map(transact_item)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|err| CommitError::Invalid(err.to_string()))?;
    let sent = client
        .transact_write_items()
        .client_request_token(id)
        .set_transact_items(Some(items))
        .send()
        .await;
    Ok(match sent {
        Ok(_) => Outcome::Done,
        Err(err) => match err.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancellation(cancelled.cancellation_reasons(), actions, id)
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                Outcome::Unknown("the same commit is in progress".into())
            }
            _ => classify(&err),
        },
    })
}

fn transact_item(
    action: &Action,
) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
    let item = TransactWriteItem::builder();
    let key = || Some(action.key.attributes());
    Ok(match action.kind {
        Kind::Put => item.put(
            conditioned!(Put::builder(), action)
                .set_item(Some(action.item.clone()))
                .build()?,
        ),
        Kind::Update => item.update(
            conditioned!(Update::builder(), action)
                .set_key(key())
                .update_expression(action.update_expression())
                .build()?,
        ),
        Kind::Delete => item.delete(
            conditioned!(Delete::builder(), action)
                .set_key(key())
                .build()?,
        ),
        Kind::Check => item.condition_check(
            conditioned!(ConditionCheck::builder(), action)
                .set_key(key())
                .build()?,
        ),
    }
    .build())
}

/// Reads the reasons, one per action in the same order. A taken key outranks
/// every other reason, then a handled event; a failed condition outranks a
/// conflict, because it is certain to fail again.
fn cancellation(reasons: &[CancellationReason], actions: &[Action], id: &str) -> Outcome {
    let mut worst: Option<CommitError> = None;
    let mut again = None;
    for (reason, action) in reasons.iter().zip(actions) {
        match reason.code().unwrap_or("None") {
            "None" => {}
            "ConditionalCheckFailed" => {
                if own(reason.item(), id) {
                    return Outcome::Done;
                }
                let err = failed(action);
                if worst.as_ref().is_none_or(|worst| rank(&err) > rank(worst)) {
                    worst = Some(err);
                }
            }
            "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => {
                again = reason.code().map(str::to_owned);
            }
            code => {
                let text = format!("{code}: {}", reason.message().unwrap_or_default());
                return Outcome::Failed(CommitError::Invalid(text));
            }
        }
    }
    match (worst, again) {
        (Some(err), _) => Outcome::Failed(err),
        (None, Some(why)) => Outcome::Again(why),
        (None, None) => Outcome::Again("cancelled without a reason".into()),
    }
}

fn rank(err: &CommitError) -> u8 {
    match err {
        CommitError::KeyTaken => 3,
        CommitError::Duplicate => 2,
        CommitError::Condition(_) => 1,
        _ => 0,
    }
}

/// What is no answer to the conditions: passing trouble is tried again (the
/// conditions, the commit id and the request token make that safe), a refusal
/// is final.
fn classify<E>(err: &SdkError<E, HttpResponse>) -> Outcome
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let text = || DisplayErrorContext(err).to_string();
    match err {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Outcome::Unknown(text())
        }
        SdkError::ServiceError(service) => match service.err().code().unwrap_or_default() {
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TransactionConflictException"
            | "ReplicatedWriteConflictException" => Outcome::Again(text()),
            "InternalServerError" | "ServiceUnavailable" => Outcome::Unknown(text()),
            "ValidationException" => Outcome::Failed(CommitError::Invalid(text())),
            // A gateway on the way may answer without a code of the service's.
            _ if service.raw().status().is_server_error() => Outcome::Unknown(text()),
            _ => Outcome::Failed(StoreError::Service(text()).into()),
        },
        _ => Outcome::Failed(StoreError::Service(text()).into()),
    }
}
