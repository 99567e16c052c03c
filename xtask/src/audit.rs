//! `cargo xtask audit verify`: whether a chain of the audit log holds, from its first
//! entry to its head.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use plenary_audit::{Verified, Verifier};

use crate::Outcome;
use crate::args::Args;
use crate::messages::Target;
use crate::progress::say;

const USAGE: &str =
    "cargo xtask audit verify [--organization ID] [--env E] [--anchor N:HASH] [FILE]";

/// Verifies an exported file, or the live log.
pub fn audit(mut args: Args) -> Outcome {
    if args.positional().as_deref() != Some("verify") {
        return Err(USAGE.to_owned());
    }
    let verifier = match args.option("--anchor")? {
        None => Verifier::new(),
        Some(text) => anchored(&text)?,
    };
    let organization = args.option("--organization")?;
    let outcome = match args.option("--env")? {
        None => match args.positional() {
            Some(file) => {
                args.done()?;
                if organization.is_some() {
                    return Err("a file holds one chain: leave --organization out".to_owned());
                }
                verify_file(verifier, Path::new(&file))?
            }
            None => live(verifier, organization, None, args)?,
        },
        Some(env) => live(verifier, organization, Some(env), args)?,
    };
    let head = outcome.head;
    say(&format!(
        "The chain of {} holds: {} entries.\nIts head: --anchor {}:{}",
        head.chain, head.sequence, head.sequence, head.hash
    ));
    Ok(())
}

fn anchored(text: &str) -> Outcome<Verifier> {
    let parsed = text
        .split_once(':')
        .and_then(|(sequence, hash)| Some((sequence.parse().ok()?, hash)));
    let (sequence, hash) = parsed.ok_or("--anchor needs N:HASH")?;
    Ok(Verifier::new().anchored(sequence, hash))
}

fn verify_file(verifier: Verifier, path: &Path) -> Outcome<Verified> {
    let file = File::open(path).map_err(|err| format!("{}: {err}", path.display()))?;
    verify(verifier, file).map_err(|err| format!("{}: {err}", path.display()))
}

fn live(
    verifier: Verifier,
    organization: Option<String>,
    env: Option<String>,
    mut args: Args,
) -> Outcome<Verified> {
    let target = Target::named(env)?;
    if args.positional().is_some() {
        return Err("a file or a live log, not both".to_owned());
    }
    args.done()?;
    let chain = organization.as_deref().unwrap_or("platform");
    let function = target.function("platformWorkerFunction")?;
    let mut child = target
        .command(&["audit", function, chain])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|err| format!("local/aws.py: {err}"))?;
    let lines = child.stdout.take().ok_or("local/aws.py has no output")?;
    let outcome = verify(verifier, lines);
    let status = child.wait().map_err(|err| format!("local/aws.py: {err}"))?;
    let found = outcome?;
    if !status.success() {
        return Err(format!("reading the log failed ({status})"));
    }
    if found.head.chain != chain {
        return Err(format!("this is the chain of {}", found.head.chain));
    }
    Ok(found)
}

/// Line by line: a log may be larger than memory.
fn verify(mut verifier: Verifier, lines: impl Read) -> Outcome<Verified> {
    for line in BufReader::new(lines).lines() {
        let line = line.map_err(|err| err.to_string())?;
        verifier
            .line(&line)
            .map_err(|broken| format!("the chain breaks at {broken}"))?;
    }
    verifier
        .finish()
        .map_err(|broken| format!("the chain breaks at {broken}"))
}

#[cfg(test)]
mod tests {
    use plenary_audit::{GENESIS, Head, Trailer, canonical};

    use super::*;

    #[test]
    fn or_07_a_file_is_verified_and_an_anchor_is_read() {
        let head = Head::empty("platform");
        let text = canonical(&Trailer { head }).unwrap() + "\n";
        let verified = verify(Verifier::new(), text.as_bytes()).unwrap();
        assert_eq!(verified.head.hash, GENESIS);
        let cut = verify(Verifier::new(), &b""[..]).unwrap_err();
        assert!(cut.contains("head is missing"), "{cut}");
        let once_longer = anchored(&format!("3:{GENESIS}")).unwrap();
        assert!(verify(once_longer, text.as_bytes()).is_err());
        assert!(anchored("3").is_err() && anchored("x:y").is_err());
    }
}
