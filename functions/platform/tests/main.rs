//! The platform group's routes and the relay, in process: against an embedded
//! DynamoDB and a stub of SNS and SQS.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod audit;
mod health;
mod interface;
mod operations;
mod relay;
mod stub;
