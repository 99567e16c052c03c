//! `cargo xtask mail`: what the emulator's SES captured.

use serde_json::{Value, json};

use crate::args::Args;
use crate::http::Http;
use crate::{Outcome, progress, status};

/// Prints every captured e-mail as a JSON line.
pub fn mail(args: Args) -> Outcome {
    args.done()?;
    let sandbox = status::running()?;
    let captured = Http::new(&sandbox.url()).get("/_ministack/ses/messages")?;
    for message in captured.body["messages"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
    {
        for message in message.as_array().into_iter().flatten() {
            progress::line(line(message))?;
        }
    }
    Ok(())
}

fn line(message: &Value) -> Value {
    let to = &message["To"];
    json!({
        "to": if to.as_array().is_some_and(|all| all.len() == 1) { &to[0] } else { to },
        "subject": message["Subject"],
        "text": message["BodyText"],
        "html": message["BodyHtml"],
        "raw": message["Raw"],
    })
}
