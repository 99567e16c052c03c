//! `cargo xtask owner`: the first owner of the platform. Whoever may invoke the auth
//! group's worker by IAM may do it; no route of the API can.

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
    let payload = json!({"owner": {"email": email}}).to_string();
    let function = target.function("authWorkerFunction")?;
    let answer = target.aws(&["invoke", function, &payload])?;
    let answer: Value = serde_json::from_str(&answer).map_err(|err| format!("{answer}: {err}"))?;
    if let Some(why) = answer["refused"].as_str() {
        return Err(format!("{email}: {why}"));
    }
    let user = answer["userId"].as_str().unwrap_or_default();
    say(&if answer["changed"] == true {
        format!("{user} is an owner of the platform now.")
    } else {
        format!("{user} is an owner of the platform already.")
    });
    Ok(())
}
