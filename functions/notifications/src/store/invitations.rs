//! What was written for people's own calendars: never an older state of an
//! event after a newer one.

use shared::commit::Commit;
use shared::table::StoreError;

use super::inbox::write;
use super::{Store, invited_key};
use crate::model::{Addressee, Invitation, Invited};

impl Store {
    /// The newest state that was written for `whose` calendar of the event that
    /// `invitation` is to.
    pub async fn invited(
        &self,
        whose: &Addressee,
        invitation: &Invitation,
    ) -> Result<Option<Invited>, StoreError> {
        let key = invited_key(whose, invitation.event_id);
        self.table.get_consistent(&key).await
    }

    /// Whether a newer state than `invitation` was written for `whose` calendar.
    pub async fn outdated(
        &self,
        whose: &Addressee,
        invitation: &Invitation,
    ) -> Result<bool, StoreError> {
        let newest = self.invited(whose, invitation).await?;
        Ok(newest.is_some_and(|newest| newest.outdates(invitation)))
    }
}

/// What the commit's letter brings for `whose` calendar: nothing if it comes
/// after something newer, which is `newest`. Of two at once one loses the race
/// and looks again.
pub(super) fn invite(
    commit: &mut Commit,
    whose: &Addressee,
    invitation: Option<Invitation>,
    newest: Option<&Invited>,
) -> Option<Invitation> {
    let invitation = invitation?;
    if newest.is_some_and(|newest| newest.outdates(&invitation)) {
        return None;
    }
    write(commit, &Invited::by(&invitation, whose, newest));
    Some(invitation)
}
