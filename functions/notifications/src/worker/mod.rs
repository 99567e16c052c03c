//! What notifications does with the events that it consumes.
//!
//! Events come at least once and in no order. So each is committed once per
//! event (or per event and recipient, where it has many); copies of other
//! domains' state apply only a higher `sequence`; and an event that was handled
//! before still sends those of its e-mails that are not sent yet.

mod notices;
mod personal;
mod registrations;
mod trigger;

use std::sync::Arc;

use shared::clock::Clock;
use shared::cx::Context;
use shared::event::attendees::GuestNoticed;
use shared::event::auth::{
    AuthMailRequested, OrganizationInvitationCreated, OrganizationMemberAdded,
    OrganizationMemberChanged, OrganizationMemberRemoved, UserContactChanged, UserRegistered,
};
use shared::event::events::{EventSubmitted, RegistrationTransferOffered};
use shared::event::operations::{
    UserDeleted, UserDeletionCancelled, UserDeletionRequested, UserExportCompleted,
    UserExportRequested,
};
use shared::event::{Contract, Event};
use shared::objects::Objects;
use shared::personal::NOBODY;
use shared::worker::WorkerError;

pub use trigger::{Outcome, Sweep, Trigger, run};

use crate::model::{Invitation, Member, Message};
use crate::outgoing::{Mailer, Unsealer};
use crate::postman::Postman;
use crate::store::{Delivered, Notice, Store};
use notices::{by, notice};

/// Handles events.
#[derive(Debug, Clone)]
pub struct Worker<M, U> {
    store: Store,
    clock: Clock,
    postman: Postman<M, U>,
    exports: Arc<dyn Objects>,
}

impl<M: Mailer, U: Unsealer> Worker<M, U> {
    /// On top of `store`, with `postman` for what goes out by mail, and `exports`
    /// for what people get a copy of.
    pub fn new(
        store: Store,
        clock: Clock,
        postman: Postman<M, U>,
        exports: Arc<dyn Objects>,
    ) -> Self {
        Self {
            store,
            clock,
            postman,
            exports,
        }
    }

    /// Handles one event. Types that concern nobody here are passed over: the
    /// queue's filter is coarser than this list.
    ///
    /// # Errors
    /// Transient ones are worth another try, permanent ones are not.
    pub async fn handle(&self, event: Event, cx: Context) -> Result<(), WorkerError> {
        match event.kind.as_str() {
            UserRegistered::TYPE => self.registered(&event, &cx).await,
            UserContactChanged::TYPE => self.contact(&event, &cx).await,
            OrganizationMemberAdded::TYPE => self.member_added(&event, &cx).await,
            OrganizationMemberChanged::TYPE | OrganizationMemberRemoved::TYPE => {
                self.member(&event, &cx).await
            }
            OrganizationInvitationCreated::TYPE => self.invited(&event, &cx).await,
            AuthMailRequested::TYPE => self.letter(&event, &cx).await,
            EventSubmitted::TYPE => self.submitted(&event, &cx).await,
            RegistrationTransferOffered::TYPE => self.handed_over(&event, &cx).await,
            GuestNoticed::TYPE => self.guest(&event, &cx).await,
            UserDeletionRequested::TYPE => self.leaves(&event, &cx).await,
            UserDeletionCancelled::TYPE => self.stays(&event, &cx).await,
            UserDeleted::TYPE => self.erased(&event, &cx).await,
            UserExportRequested::TYPE => self.export(&event, &cx).await,
            UserExportCompleted::TYPE => self.exported(&event, &cx).await,
            _ => {
                let notices = notices::of(&self.store, &event).await?;
                self.tell(&event, &cx, notices).await
            }
        }
    }

    /// Sends deferred e-mails whose time has come; gives how many letters.
    ///
    /// # Errors
    /// See [`Postman::sweep`].
    pub async fn sweep(&self, cx: &Context) -> Result<usize, WorkerError> {
        self.postman.sweep(cx, self.clock.now()).await
    }

    /// Commits the notices of an event, then sends its e-mails.
    async fn tell(
        &self,
        event: &Event,
        cx: &Context,
        mut notices: Vec<Notice>,
    ) -> Result<(), WorkerError> {
        notices.retain(|notice| notice.to != NOBODY);
        if notices.is_empty() {
            return Ok(());
        }
        let delivered = self.store.deliver(cx, event.id, &notices).await?;
        self.post(event, cx, delivered).await
    }

    async fn post(
        &self,
        event: &Event,
        cx: &Context,
        delivered: Delivered,
    ) -> Result<(), WorkerError> {
        let now = self.clock.now();
        match delivered {
            Delivered::Now(mails) => self.postman.send_claimed(cx, now, mails).await,
            Delivered::Before => {
                let mails = self.store.mails_of(event.id).await?;
                self.postman.send(cx, now, mails).await
            }
        }
    }

    async fn registered(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let UserRegistered {
            user_id,
            name,
            username,
        } = event.data()?;
        let name = name.or(username);
        self.store.learn_name(cx, user_id, name.as_deref()).await?;
        let message = Message::Welcome { name };
        self.tell(event, cx, vec![notice(user_id, message, None)])
            .await
    }

    /// The address, and with it the e-mails that waited for it.
    async fn contact(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let contact: UserContactChanged = event.data()?;
        let user_id = contact.user_id;
        let store = &self.store;
        let known = store.learn_contact(cx, &contact, event.sequence).await?;
        if known.awaiting.is_empty() {
            return Ok(());
        }
        let mails = store.mails_to(user_id, &known.awaiting).await?;
        self.postman.send(cx, self.clock.now(), mails).await?;
        store.awaited(cx, user_id, &known.awaiting).await
    }

    async fn member_added(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let added: OrganizationMemberAdded = event.data()?;
        self.member(event, cx).await?;
        if by(event, added.user_id) {
            return Ok(());
        }
        let message = Message::OrganizationMemberAdded {
            organization_id: added.organization_id,
            name: added.organization_name,
            role: added.role,
        };
        self.tell(event, cx, vec![notice(added.user_id, message, None)])
            .await
    }

    /// Copies who belongs to an organisation, and as what.
    async fn member(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let member = match event.kind.as_str() {
            OrganizationMemberAdded::TYPE => {
                let added: OrganizationMemberAdded = event.data()?;
                (added.organization_id, added.user_id, Some(added.role))
            }
            OrganizationMemberChanged::TYPE => {
                let changed: OrganizationMemberChanged = event.data()?;
                (changed.organization_id, changed.user_id, Some(changed.role))
            }
            _ => {
                let removed: OrganizationMemberRemoved = event.data()?;
                (removed.organization_id, removed.user_id, None)
            }
        };
        let (organization_id, user_id, role) = member;
        let member = Member {
            organization_id,
            user_id,
            role,
        };
        self.store.project_member(cx, &member, event.sequence).await
    }

    /// To an address it goes as a letter with the token, to a user as a notice.
    async fn invited(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let invited: OrganizationInvitationCreated = event.data()?;
        let (Some(email), Some(sealed_token)) = (invited.email, invited.sealed_token) else {
            let notices = notices::of(&self.store, event).await?;
            return self.tell(event, cx, notices).await;
        };
        let message = Message::OrganizationInvitation {
            organization_id: invited.organization_id,
            name: invited.organization_name,
            role: invited.role,
            sealed_token,
            expires_at: invited.expires_at,
        };
        self.write_to(event, cx, &email, message, None).await
    }

    /// To an address it goes as a letter with the code, to a user as a notice.
    async fn handed_over(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let Some((email, message, invitation)) = registrations::letter(event, event.data()?) else {
            let notices = notices::of(&self.store, event).await?;
            return self.tell(event, cx, notices).await;
        };
        self.write_to(event, cx, &email, message, invitation).await
    }

    /// A guest has no account and so no inbox: what an attendee is told whatever
    /// the preferences say goes to the address of the registration.
    async fn guest(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let (email, message, invitation) = registrations::guest(event, event.data()?);
        self.write_to(event, cx, &email, message, invitation).await
    }

    /// Commits a letter to an address, then sends it.
    async fn write_to(
        &self,
        event: &Event,
        cx: &Context,
        email: &str,
        message: Message,
        invitation: Option<Invitation>,
    ) -> Result<(), WorkerError> {
        let delivered = self
            .store
            .deliver_to_address(cx, event.id, (email, None), message, invitation)
            .await?;
        self.post(event, cx, delivered).await
    }

    async fn letter(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let requested: AuthMailRequested = event.data()?;
        let message = Message::Account {
            letter: requested.template,
            sealed_token: requested.sealed_token,
            expires_at: requested.expires_at,
            operation_id: requested.operation_id,
        };
        let to = (requested.email.as_str(), Some(requested.user_id));
        let delivered = self
            .store
            .deliver_to_address(cx, event.id, to, message, None)
            .await?;
        self.post(event, cx, delivered).await
    }

    /// An event can have many approvers, so each is a commit of their own:
    /// whoever was told before the process died is not told again.
    async fn submitted(&self, event: &Event, cx: &Context) -> Result<(), WorkerError> {
        let submitted: EventSubmitted = event.data()?;
        let mut mails = Vec::new();
        let mut before = false;
        for approver in self.store.approvers(submitted.organization_id).await? {
            if approver == submitted.actor_id {
                continue;
            }
            let message = Message::EventSubmitted {
                event_id: submitted.event_id,
                title: submitted.title.clone(),
                changed: submitted.changed.clone(),
            };
            let notices = [notice(approver, message, Some(submitted.actor_id))];
            match self.store.deliver(cx, event.id, &notices).await? {
                Delivered::Now(new) => mails.extend(new),
                Delivered::Before => before = true,
            }
        }
        let now = self.clock.now();
        let sent = self.postman.send_claimed(cx, now, mails).await;
        if before {
            let mails = self.store.mails_of(event.id).await?;
            self.postman.send(cx, now, mails).await?;
        }
        sent
    }
}
