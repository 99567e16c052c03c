//! `cargo xtask owner`: the first owner of the platform; `cargo xtask erase`: an
//! account that its person wants deleted, without waiting. Whoever may invoke the
//! auth group's worker by IAM may do either; no route of the API can.

use serde_json::{Value, json};

use crate::Outcome;
use crate::args::Args;
use crate::messages::Target;
use crate::progress::say;

/// Makes the account of an address an owner.
pub fn owner(args: Args) -> Outcome {
    let answer = command(args, "owner")?;
    let user = answer["userId"].as_str().unwrap_or_default();
    say(&if answer["changed"] == true {
        format!("{user} is an owner of the platform now.")
    } else {
        format!("{user} is an owner of the platform already.")
    });
    Ok(())
}

/// Erases the account of an address whose deletion waits.
pub fn erase(args: Args) -> Outcome {
    let answer = command(args, "erase")?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let (user, operation) = (text("userId"), text("operationId"));
    say(&format!(
        "{user} is being erased: /v1/operations/{operation} shows how far that is."
    ));
    Ok(())
}

/// Gives the worker a command about the account of an address.
fn command(mut args: Args, what: &str) -> Outcome<Value> {
    let target = Target::of(&mut args)?;
    let email = args
        .positional()
        .ok_or_else(|| format!("cargo xtask {what} <email> [--env E]"))?;
    args.done()?;
    let payload = json!({what: {"email": email}}).to_string();
    let function = target.function("authWorkerFunction")?;
    let answer = target.aws(&["invoke", function, &payload])?;
    let answer: Value = serde_json::from_str(&answer).map_err(|err| format!("{answer}: {err}"))?;
    match answer["refused"].as_str() {
        Some(why) => Err(format!("{email}: {why}")),
        None => Ok(answer),
    }
}
