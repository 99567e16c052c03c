//! `cargo xtask owner`: the first owner of the platform; `cargo xtask erase`: an
//! account that its person wants deleted, without waiting. Whoever may invoke the
//! auth group's worker by IAM may do either; no route of the API can.

use serde_json::{Value, json};

use crate::Outcome;
use crate::args::Args;
use crate::messages::Target;
use crate::progress::say;

/// Makes the account of an address an owner.
pub fn owner(mut args: Args) -> Outcome {
    let target = Target::of(&mut args)?;
    let email = args
        .positional()
        .ok_or("cargo xtask owner <email> [--env E]")?;
    args.done()?;
    let answer = command(&target, &json!({"owner": {"email": email}}))?;
    let user = answer["userId"].as_str().unwrap_or_default();
    say(&if answer["changed"] == true {
        format!("{user} is an owner of the platform now.")
    } else {
        format!("{user} is an owner of the platform already.")
    });
    Ok(())
}

/// Erases the account of an address whose deletion waits; or once more what is left
/// of one that was erased, by its id and its operation's.
pub fn erase(mut args: Args) -> Outcome {
    let target = Target::of(&mut args)?;
    let whom = args
        .positional()
        .ok_or("cargo xtask erase <email> | <user id> <operation id> [--env E]")?;
    let payload = match args.positional() {
        None => json!({"erase": {"email": whom}}),
        Some(operation) => json!({"eraseAgain": {"userId": whom, "operationId": operation}}),
    };
    args.done()?;
    let answer = command(&target, &payload)?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let (user, operation) = (text("userId"), text("operationId"));
    say(&format!(
        "{user} is being erased: /v1/operations/{operation} shows how far that is."
    ));
    Ok(())
}

/// Gives the auth group's worker a command.
fn command(target: &Target, payload: &Value) -> Outcome<Value> {
    let function = target.function("authWorkerFunction")?;
    let answer = target.aws(&["invoke", function, &payload.to_string()])?;
    let answer: Value = serde_json::from_str(&answer).map_err(|err| format!("{answer}: {err}"))?;
    match answer["refused"].as_str() {
        Some(why) => Err(why.to_owned()),
        None => Ok(answer),
    }
}
