//! `/v1/auth/mfa`: second factors.

pub mod confirm;
pub mod enrol;
pub mod overview;
pub mod recovery_codes;
pub mod remove;
pub mod reset;
pub mod verify;

use serde::Serialize;
use shared::problem::Problem;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    model::{account::Account, factors::Factors, recovery::Recovery, secret::Disclosed},
    state::App,
};

/// Recovery codes, for this one time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Each works once. They are not shown again; those before work no more.
    #[schema(value_type = Vec<String>, example = json!(["k3vq7-xn29h"]))]
    recovery_codes: Vec<Disclosed>,
}

impl RecoveryCodes {
    /// To be shown.
    pub fn show(recovery_codes: Vec<Zeroizing<String>>) -> Self {
        Self {
            recovery_codes: recovery_codes.into_iter().map(Disclosed).collect(),
        }
    }
}

/// The codes to show and to keep with a factor that was added: new ones with
/// the first, none to show with a further one.
pub(super) async fn codes_for(
    app: &App,
    factors: &Factors,
) -> Result<(Option<RecoveryCodes>, Option<Recovery>), Problem> {
    if factors.is_active() {
        return Ok((None, factors.recovery.clone()));
    }
    let new = app.recovery_codes(factors.user_id).await?;
    Ok((Some(RecoveryCodes::show(new.shown)), Some(new.kept)))
}

/// The account of somebody whose session stands.
pub(super) async fn account_of(app: &App, factors: &Factors) -> Result<Account, Problem> {
    let account = app.store.account(factors.user_id).await?;
    account.ok_or_else(crate::problems::ended)
}
