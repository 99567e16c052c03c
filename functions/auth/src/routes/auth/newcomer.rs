//! Who registers, checked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::{
    id::UserId,
    problem::{FieldError, Problem},
};

use super::register::Register;
use crate::{
    model::{
        account::{Account, Address},
        consent::{Consent, Decided, Documents, MAX_PURPOSES, Purpose, is_version},
        email::Email,
        password::Password,
        text,
    },
    routes::field,
    state::Settings,
};

/// An account to be, and what only its owner and we know of it.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) account: Account,
    pub(super) email: Email,
    pub(super) password: Password,
    pub(super) consents: Vec<Consent>,
}

impl Newcomer {
    /// Checks everything that a registration says.
    ///
    /// # Errors
    /// 400 with every fault.
    pub(super) fn read(
        body: &Register,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let email = Email::parse(&body.email)
            .map_err(|error| errors.push(field("/email", "malformed", error)))
            .ok();
        let mut line = |pointer, value: &Option<String>, rule: fn(&str) -> _| {
            let read: Result<String, text::TextError> = rule(value.as_deref()?);
            read.map_err(|error| errors.push(field(pointer, error.code(), error)))
                .ok()
        };
        let name = line("/name", &body.name, |text| text::line(text, 100));
        let username = line("/username", &body.username, text::username);
        let company = line("/company", &body.company, |text| text::line(text, 100));
        let known = [
            Some(settings.public_url.as_str()),
            Some(body.email.as_str()),
            name.as_deref(),
            username.as_deref(),
            company.as_deref(),
        ];
        let known: Vec<&str> = known.into_iter().flatten().collect();
        let password = Password::chosen(&body.password, &known)
            .map_err(|error| errors.push(field("/password", error.code(), error)))
            .ok();
        agreed(&body.consents, &settings.documents, &mut errors);
        let (Some(email), Some(password), true) = (email, password, errors.is_empty()) else {
            return Err(faults(errors));
        };
        let account = Account {
            id: UserId::new(),
            version: 0,
            email: Address(email.as_str().to_owned()),
            email_verified: false,
            name,
            username,
            company,
            created_at: now,
            last_login_at: None,
            default_organization_id: None,
        };
        let consents = body.consents.iter().map(|(purpose, version)| {
            Consent::none(account.id, purpose.clone()).with(Decided {
                granted: true,
                version: version.clone(),
                at: now,
            })
        });
        Ok(Self {
            consents: consents.collect(),
            account,
            email,
            password,
        })
    }
}

/// Whoever registers agrees to what they must, as it reads today.
fn agreed(
    consents: &BTreeMap<Purpose, String>,
    documents: &Documents,
    errors: &mut Vec<FieldError>,
) {
    let pointer = |purpose: &Purpose| format!("/consents/{}", purpose.as_str());
    if consents.len() > MAX_PURPOSES {
        errors.push(field(
            "/consents",
            "too-many",
            format!("at most {MAX_PURPOSES}"),
        ));
    }
    for (purpose, version) in consents {
        if !is_version(version) {
            let detail = "must be 1 to 40 visible characters";
            errors.push(field(&pointer(purpose), "malformed", detail));
        }
    }
    for (purpose, current) in &documents.0 {
        let (code, detail) = match consents.get(purpose) {
            Some(version) if version == current => continue,
            Some(_) => ("outdated", format!("the version of today is {current}")),
            None => ("missing", format!("agree to version {current}")),
        };
        errors.push(field(&pointer(purpose), code, detail));
    }
}

fn faults(errors: Vec<FieldError>) -> Problem {
    match Problem::all(errors) {
        Err(problem) => problem,
        Ok(()) => Problem::internal("a registration was refused without a fault"),
    }
}
