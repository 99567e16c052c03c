//! Who registers, checked.

use jiff::Timestamp;
use shared::{
    id::UserId,
    problem::{FieldError, Problem},
};

use super::register::Register;
use crate::{
    model::{
        account::{Account, Address},
        email::Email,
        password::Password,
        text,
    },
    routes::field,
};

/// An account to be, and what only its owner and we know of it.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) account: Account,
    pub(super) email: Email,
    pub(super) password: Password,
}

impl Newcomer {
    /// Checks everything that a registration at `service` says.
    ///
    /// # Errors
    /// 400 with every fault.
    pub(super) fn read(body: &Register, service: &str, now: Timestamp) -> Result<Self, Problem> {
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
            Some(service),
            Some(body.email.as_str()),
            name.as_deref(),
            username.as_deref(),
            company.as_deref(),
        ];
        let known: Vec<&str> = known.into_iter().flatten().collect();
        let password = Password::chosen(&body.password, &known)
            .map_err(|error| errors.push(field("/password", error.code(), error)))
            .ok();
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
        Ok(Self {
            account,
            email,
            password,
        })
    }
}

fn faults(errors: Vec<FieldError>) -> Problem {
    match Problem::all(errors) {
        Err(problem) => problem,
        Ok(()) => Problem::internal("a registration was refused without a fault"),
    }
}
