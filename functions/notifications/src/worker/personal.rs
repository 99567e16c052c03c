//! What becomes of what is kept of a person: they leave, they stay, everything
//! is erased, or they want a copy of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::cx::Context;
use shared::event::Event;
use shared::event::operations::{
    UserDeleted, UserDeletionCancelled, UserDeletionRequested, UserExportCompleted,
};
use shared::id::{EventId, OrganizationId, UserId};
use shared::personal::Export;
use shared::principal::Role;
use shared::problem::Problem;
use shared::worker::WorkerError;

use super::Worker;
use super::notices::notice;
use crate::model::{Addressee, Kind, Mail, MailState, Message, Recipient};
use crate::outgoing::{Mailer, Unsealer};
use crate::routes::preferences::Document;
use crate::routes::view::NotificationView;

impl<M: Mailer, U: Unsealer> Worker<M, U> {
    /// The account is deactivated: from now on its owner is told nothing but by
    /// letters of auth, and what waits, waits.
    pub(super) async fn leaves(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let UserDeletionRequested { user_id, .. } = event.data()?;
        let store = &self.store;
        store.learn_leaving(cx, user_id, true, event.sequence).await
    }

    /// The account is as it was.
    pub(super) async fn stays(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let UserDeletionCancelled { user_id, .. } = event.data()?;
        let store = &self.store;
        let learnt = store.learn_leaving(cx, user_id, false, event.sequence);
        learnt.await?;
        let back = notice(user_id, Message::AccountKept {}, None);
        self.tell(event, cx, vec![back]).await
    }

    /// The account is gone.
    pub(super) async fn erased(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let deleted: UserDeleted = event.data()?;
        self.store.erase(cx, &deleted, event.time).await
    }

    /// The copy that platform put together is there to be fetched.
    pub(super) async fn exported(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let done: UserExportCompleted = event.data()?;
        let message = Message::ExportReady {
            operation_id: done.operation_id,
            expires_at: done.expires_at,
        };
        self.tell(event, cx, vec![notice(done.user_id, message, None)])
            .await
    }

    /// Everything that is kept of a person, but what only protects them: keys and
    /// sealed secrets.
    pub(super) async fn export(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let mut export = Export::begin("notifications", event)?;
        let (store, id) = (&self.store, export.user());
        let (recipient, inbox) = futures::try_join!(store.recipient(id), store.inbox(id))?;
        // What was sent to an address that nobody proved is somebody else's.
        let email = recipient.as_ref().and_then(Recipient::own_address);
        let email = email.map(str::to_owned);
        let known = recipient.map(|known| Contact {
            user_id: id,
            name: known.name,
            email: known.email,
        });
        export.one("recipient", known)?;
        let preferences = store.preferences(id).await?;
        export.one("preferences", Some(Document::of(&preferences)))?;
        let entries = store.all_entries(id).await?;
        let actors = entries.iter().filter_map(|entry| entry.actor_id);
        let names = store.names_of(actors).await?;
        let views = entries
            .iter()
            .map(|entry| NotificationView::of(entry, &inbox, &names))
            .collect::<Result<Vec<_>, Problem>>()
            .map_err(WorkerError::permanent)?;
        export.list("inbox", views)?;
        let mails = store.all_mails(id, email.as_deref()).await?;
        let sent = mails
            .iter()
            .filter_map(|mail| Delivery::of(mail, email.as_deref()));
        export.list("deliveries", sent)?;
        let calendars = store.all_invited(id).await?;
        export.list(
            "calendars",
            calendars.iter().map(|told| CalendarState {
                event_id: told.event_id,
                sequence: told.sequence,
                stamp: told.stamp,
            }),
        )?;
        let members = store.all_memberships(id).await?;
        let roles: BTreeMap<OrganizationId, Option<Role>> = members
            .iter()
            .map(|member| (member.organization_id, member.role))
            .collect();
        let roles = roles.into_iter();
        export.list(
            "memberships",
            roles.map(|(organization_id, role)| Membership {
                organization_id,
                role,
            }),
        )?;
        export
            .finish(self.exports.as_ref(), store.table(), cx, event)
            .await
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    user_id: UserId,
    name: Option<String>,
    email: Option<String>,
}

/// An e-mail: what about, where to, and what became of it when.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delivery<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    to: Option<&'a str>,
    state: &'static str,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Delivery<'a> {
    fn of(mail: &'a Mail, email: Option<&'a str>) -> Option<Self> {
        let (state, at, reason) = match &mail.state {
            MailState::Unwanted => return None,
            MailState::Pending | MailState::Sending { .. } => ("waiting", mail.not_before, None),
            MailState::Sent { at } => ("sent", Some(*at), None),
            MailState::Failed { at, reason } => ("failed", Some(*at), Some(reason.as_str())),
        };
        let to = match &mail.to {
            Addressee::Address(address) => Some(address.as_str()),
            Addressee::User(_) | Addressee::Erased => email,
        };
        Some(Self {
            kind: mail.kind(),
            to,
            state,
            created_at: mail.created_at,
            at,
            reason,
        })
    }
}

/// The newest state of an event that was written for the person's calendar.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CalendarState {
    event_id: EventId,
    sequence: u32,
    stamp: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Membership {
    organization_id: OrganizationId,
    role: Option<Role>,
}
