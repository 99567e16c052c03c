//! NO-13, NO-14: what each event tells whom.

use jiff::SignedDuration;
use shared::event::attendees::GuestNoticed;
use shared::event::auth::{
    AuthMailRequested, Letter, OrganizationInvitationCreated, OrganizationMemberAdded,
    OrganizationMemberChanged, OrganizationMemberRemoved,
};
use shared::event::events::{
    EventApproved, EventCancelled, EventInBrief, EventRejected, EventSubmitted, EventUpdated,
    RegistrationCancelled, RegistrationOffered, RegistrationPromoted, RegistrationTransferOffered,
};
use shared::id::{EventId, InvitationId, OrganizationId, RegistrationId, UserId};
use shared::personal::NOBODY;
use shared::principal::Role;
use shared::testing::now;

use crate::stage::{Stage, address, registration, snapshot, text};

fn submitted(organization_id: OrganizationId, author: UserId) -> EventSubmitted {
    EventSubmitted {
        event_id: EventId::new(),
        organization_id,
        title: "RustConf".into(),
        created_by: author,
        actor_id: author,
        reason: None,
        changed: Vec::new(),
        proposed_by: None,
    }
}

#[tokio::test]
async fn no_14_a_submitted_event_goes_to_the_approvers() {
    let stage = Stage::new().await;
    let organization = OrganizationId::new();
    let names = ["Olga", "Adam", "Petra", "Otto", "Mia", "Gone", "Down"];
    let roles = [
        Role::Owner,
        Role::Admin,
        Role::Approver,
        Role::Organizer,
        Role::Member,
        Role::Admin,
        Role::Approver,
    ];
    let mut people = Vec::new();
    for (name, role) in names.into_iter().zip(roles) {
        let person = stage.person(name).await;
        stage.joins(&person, organization, role, 5).await;
        people.push(person);
    }
    let removed = OrganizationMemberRemoved {
        organization_id: organization,
        user_id: people[5].id,
    };
    stage.tell(&removed, 6, None).await;
    let changed = OrganizationMemberChanged {
        organization_id: organization,
        organization_name: "Rust Club".into(),
        user_id: people[6].id,
        role: Role::Member,
    };
    stage.tell(&changed, 6, None).await;
    // These come late and change nothing.
    stage.joins(&people[5], organization, Role::Admin, 4).await;
    stage
        .joins(&people[6], organization, Role::Approver, 4)
        .await;

    // The owner submits: the other two are told.
    let event = stage
        .tell(
            &submitted(organization, people[0].id),
            1,
            Some(people[0].id),
        )
        .await;
    let mut told = Vec::new();
    for person in &people {
        told.push(stage.types(person).await.join(","));
    }
    assert_eq!(
        told,
        ["", "event.submitted", "event.submitted", "", "", "", ""]
    );
    let entry = &stage.inbox(&people[1]).await[0];
    assert_eq!(
        text(&entry["body"]),
        "Olga submitted “RustConf” for approval."
    );
    assert!(stage.handles(&event).await, "redelivered");
    assert_eq!(stage.unread(&people[1]).await, 1);
    assert_eq!(stage.post.letters().len(), 2);
    assert_eq!(
        stage.post.subjects(&address("Petra")),
        ["“RustConf” waits for your approval"]
    );
}

/// XC-03: nobody's account gets no notice, of the decision or of anything else.
#[tokio::test]
async fn xc_03_nobody_is_told_in_place_of_who_is_gone() {
    let stage = Stage::new().await;
    let agreed = EventApproved {
        event_id: EventId::new(),
        organization_id: OrganizationId::new(),
        title: "RustConf".into(),
        created_by: NOBODY,
        actor_id: UserId::new(),
        reason: None,
        changed: Vec::new(),
        proposed_by: Some(stage.person("Ada").await.id),
    };
    let before = stage.world.db.items(stage.world.table()).await.len();
    let event = stage.tell(&agreed, 2, None).await;
    assert!(stage.handles(&event).await, "redelivered");
    let nobody = NOBODY.to_string();
    let items = stage.world.db.items(stage.world.table()).await;
    assert!(items.len() > before, "the proposer is told");
    let of_nobody = |item: &&_| {
        let text = format!("{item:?}");
        text.contains(&nobody) && !text.contains("OUTBOX#")
    };
    assert_eq!(items.iter().filter(of_nobody).count(), 0);
}

#[tokio::test]
async fn no_14_the_author_hears_of_the_decision() {
    let stage = Stage::new().await;
    let author = stage.person("Ada").await;
    let approver = UserId::new();
    let review = submitted(OrganizationId::new(), author.id);
    let rejected = EventRejected {
        event_id: review.event_id,
        organization_id: review.organization_id,
        title: review.title.clone(),
        created_by: author.id,
        actor_id: approver,
        reason: Some("No <b>venue</b>".into()),
        changed: Vec::new(),
        proposed_by: None,
    };
    stage.tell(&rejected, 2, Some(approver)).await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    let agreed = EventApproved {
        event_id: review.event_id,
        organization_id: review.organization_id,
        title: review.title,
        created_by: author.id,
        actor_id: approver,
        reason: None,
        changed: Vec::new(),
        proposed_by: None,
    };
    stage.tell(&agreed, 3, Some(approver)).await;
    let own = EventApproved {
        actor_id: author.id,
        ..agreed
    };
    stage.tell(&own, 4, Some(author.id)).await;
    assert_eq!(
        stage.types(&author).await,
        ["event.approved", "event.rejected"]
    );
    let rejected = &stage.inbox(&author).await[1];
    assert_eq!(rejected["data"]["reason"], "No <b>venue</b>");
    let letter = &stage.post.letters()[0];
    assert!(letter.content.text.contains("Reason: No <b>venue</b>"));
    assert!(
        letter
            .content
            .html
            .contains("Reason: No &lt;b&gt;venue&lt;/b&gt;")
    );
}

/// NO-14: grouped, so that a full house is one line and one e-mail.
#[tokio::test]
async fn no_14_registrations_are_grouped_for_the_organiser() {
    let stage = Stage::new().await;
    let (mut organiser, event) = (stage.person("Olga").await, EventId::new());
    let mut last = None;
    for name in ["Ada", "Bob", "Cleo"] {
        let person = stage.person(name).await;
        last = Some(
            stage
                .tell(
                    &registration(person.id, organiser.id, event),
                    1,
                    Some(person.id),
                )
                .await,
        );
        assert_eq!(stage.types(&person).await, ["registration.confirmed"]);
        assert_eq!(
            stage.post.subjects(&address(name)),
            ["You are registered for “RustConf”"]
        );
    }
    assert!(stage.handles(&last.unwrap()).await, "redelivered");
    let inbox = stage.inbox(&organiser).await;
    assert_eq!((inbox.len(), stage.unread(&organiser).await), (1, 1));
    assert_eq!(
        text(&inbox[0]["title"]),
        "Cleo and 2 others registered for “RustConf”"
    );
    assert_eq!(inbox[0]["count"], 3);
    assert_eq!(
        stage.post.subjects(&address("Olga")),
        ["Ada registered for “RustConf”"]
    );

    // Another event is another group; a read group is closed; so is an old one.
    stage
        .tell(
            &registration(UserId::new(), organiser.id, EventId::new()),
            1,
            None,
        )
        .await;
    assert_eq!(stage.unread(&organiser).await, 2);
    let path = format!("/v1/notifications/{}/read", text(&inbox[0]["id"]));
    stage.put(&organiser, &path).await.expect(200);
    stage.world.clock.advance(SignedDuration::from_secs(1));
    stage
        .tell(&registration(UserId::new(), organiser.id, event), 1, None)
        .await;
    assert_eq!(
        (
            stage.inbox(&organiser).await.len(),
            stage.unread(&organiser).await
        ),
        (3, 2)
    );
    stage.world.clock.advance(SignedDuration::from_hours(25));
    stage.signs_in(&mut organiser);
    stage
        .tell(&registration(UserId::new(), organiser.id, event), 1, None)
        .await;
    let inbox = stage.inbox(&organiser).await;
    assert_eq!((inbox.len(), inbox[0]["count"].as_u64()), (4, Some(1)));
}

/// NO-14: of an organisation's event the maker hears while their role lets them
/// see who comes: not after a change of role, and not when they have left.
#[tokio::test]
async fn no_14_who_left_the_organisation_hears_of_no_registrations() {
    let stage = Stage::new().await;
    let organiser = stage.person("Olga").await;
    let organization = OrganizationId::new();
    let registers = async |organization| {
        let mut created = registration(UserId::new(), organiser.id, EventId::new());
        created.organization_id = organization;
        stage.tell(&created, 1, None).await;
        stage.inbox(&organiser).await.len()
    };
    assert_eq!(registers(Some(organization)).await, 0, "never belonged");
    stage
        .joins(&organiser, organization, Role::Organizer, 1)
        .await;
    assert_eq!(registers(Some(organization)).await, 1);
    let other = OrganizationId::new();
    assert_eq!(registers(Some(other)).await, 1, "another organisation");
    stage
        .joins(&organiser, organization, Role::Moderator, 2)
        .await;
    assert_eq!(registers(Some(organization)).await, 1, "another role");
    stage
        .joins(&organiser, organization, Role::Checkin, 3)
        .await;
    assert_eq!(registers(Some(organization)).await, 2);
    let removed = OrganizationMemberRemoved {
        organization_id: organization,
        user_id: organiser.id,
    };
    stage.tell(&removed, 4, Some(organiser.id)).await;
    let after = registers(Some(organization)).await;
    assert_eq!(registers(Some(organization)).await, after, "has left");
    let types = stage.types(&organiser).await;
    let heard = |kind: &&String| *kind == "event.registrations";
    assert_eq!(types.iter().filter(heard).count(), 2);
    registers(None).await;
    let types = stage.types(&organiser).await;
    assert_eq!(types.iter().filter(heard).count(), 3, "a personal event");
}

/// NO-14: many at once lose nothing.
#[tokio::test]
async fn no_14_racing_registrations_are_all_counted() {
    let stage = Stage::new().await;
    let (organiser, event) = (stage.person("Olga").await, EventId::new());
    let events: Vec<_> = (0..24)
        .map(|_| stage.event(&registration(UserId::new(), organiser.id, event), 1, None))
        .collect();
    let done = futures::future::join_all(events.iter().map(|event| stage.handles(event))).await;
    assert!(done.iter().all(|done| *done));
    let inbox = stage.inbox(&organiser).await;
    assert_eq!((inbox.len(), inbox[0]["count"].as_u64()), (1, Some(24)));
    assert_eq!(stage.unread(&organiser).await, 1);
    assert_eq!(stage.post.subjects(&address("Olga")).len(), 1);
}

#[tokio::test]
async fn no_14_waitlist_promotion_and_cancellation() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let organiser = stage.person("Olga").await;
    let mut created = registration(ada.id, organiser.id, EventId::new());
    created.status = "waitlisted".into();
    stage.tell(&created, 1, Some(ada.id)).await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    let promoted = RegistrationPromoted {
        registration_id: created.registration_id,
        event_id: created.event_id,
        user_id: ada.id,
        status: "confirmed".into(),
        title: created.title.clone(),
        starts_at: created.starts_at,
        time_zone: created.time_zone.clone(),
        organizer_id: organiser.id,
        organization_id: None,
        reason: None,
        accepted: true,
        calendar: None,
    };
    stage.tell(&promoted, 2, Some(UserId::new())).await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    let cancelled = RegistrationCancelled {
        registration_id: RegistrationId::new(),
        event_id: created.event_id,
        user_id: ada.id,
        status: "cancelled".into(),
        title: created.title,
        starts_at: created.starts_at,
        time_zone: created.time_zone,
        organizer_id: organiser.id,
        organization_id: None,
        reason: Some("The hall burnt down".into()),
        accepted: true,
        calendar: None,
    };
    stage.tell(&cancelled, 3, Some(organiser.id)).await;
    // What she cancels herself she knows.
    stage.tell(&cancelled, 4, Some(ada.id)).await;
    let types = [
        "registration.cancelled",
        "registration.promoted",
        "registration.waitlisted",
    ];
    assert_eq!(stage.types(&ada).await, types);
    let body = text(&stage.inbox(&ada).await[0]["body"]);
    assert!(
        body.contains("Reason: The hall burnt down") && body.contains("18:30 (CEST)"),
        "{body}"
    );
    assert_eq!(stage.post.subjects(&address("Ada")).len(), 3);
}

/// B3-05, EV-20: a guest has no account: a change and the end of the
/// registration go to the address, once each, whatever comes twice, and without
/// a way to stop what one must know.
#[tokio::test]
async fn b3_05_no_14_guests_get_letters() {
    let stage = Stage::new().await;
    let mut noticed = GuestNoticed {
        registration_id: RegistrationId::new(),
        email: "guest@example.org".into(),
        event: EventInBrief {
            event_id: EventId::new(),
            title: "Rust <Day>".into(),
            starts_at: now() + SignedDuration::from_hours(48),
            time_zone: "Europe/Berlin".into(),
        },
        cancelled: false,
        reason: None,
        changed: vec!["startsAt".into(), "venue".into()],
        venue_name: Some("Kongresshalle".into()),
        calendar_sequence: 2,
        calendar: None,
    };
    let event = stage.tell(&noticed, 2, None).await;
    assert!(stage.handles(&event).await, "redelivered");
    noticed.cancelled = true;
    noticed.reason = Some("Storm.".into());
    let event = stage.tell(&noticed, 3, None).await;
    assert!(stage.handles(&event).await, "redelivered");
    let letters = stage.post.letters();
    assert_eq!(
        stage.post.subjects("guest@example.org"),
        [
            "“Rust <Day>” has another time and place",
            "Your registration was cancelled: “Rust <Day>”"
        ]
    );
    assert_eq!(letters.len(), 2);
    assert!(letters[0].content.text.contains("Kongresshalle"));
    assert!(letters[1].content.text.contains("Storm."));
    assert!(!letters[0].content.html.contains("<Day>"), "escaped");
    assert!(letters.iter().all(|letter| letter.unsubscribe.is_none()));
}

/// B3-02, EV-20: the letter with the code confirms the registration to whom the
/// organiser registered.
#[tokio::test]
async fn b3_02_no_14_a_guest_has_a_confirmation() {
    let stage = Stage::new().await;
    let at = registration(UserId::new(), UserId::new(), EventId::new());
    let offered = RegistrationTransferOffered {
        registration_id: at.registration_id,
        event_id: at.event_id,
        from_user: None,
        to_user: None,
        email: Some("guest@example.org".into()),
        sealed_token: Some("sealed:c0de".into()),
        title: at.title.clone(),
        starts_at: at.starts_at,
        time_zone: at.time_zone,
        expires_at: now() + SignedDuration::from_hours(48),
        calendar: None,
    };
    stage.tell(&offered, 1, None).await;
    let letter = stage.post.letters().remove(0);
    assert_eq!(
        letter.content.subject,
        format!("You are registered for “{}”", at.title)
    );
    assert!(letter.content.text.contains("your place is confirmed"));
    assert!(letter.content.text.contains("take-over#c0de"));
}

/// B3-02, B3-03: an offer of a place, and a registration that is handed over to
/// a user and to an address.
#[tokio::test]
async fn no_14_offers_and_hand_overs() {
    let stage = Stage::new().await;
    let (ada, grace) = (stage.person("Ada").await, stage.person("Grace").await);
    let at = registration(ada.id, grace.id, EventId::new());
    let offered = RegistrationOffered {
        registration_id: at.registration_id,
        event_id: at.event_id,
        user_id: ada.id,
        title: at.title.clone(),
        starts_at: at.starts_at,
        time_zone: at.time_zone.clone(),
        offered_until: now() + SignedDuration::from_hours(2),
    };
    stage.tell(&offered, 1, None).await;
    let body = text(&stage.inbox(&ada).await[0]["body"]);
    assert!(body.contains("is held for you until"), "{body}");
    let mut handed = RegistrationTransferOffered {
        registration_id: at.registration_id,
        event_id: at.event_id,
        from_user: Some(ada.id),
        to_user: Some(grace.id),
        email: None,
        sealed_token: None,
        title: at.title,
        starts_at: at.starts_at,
        time_zone: at.time_zone,
        expires_at: now() + SignedDuration::from_hours(48),
        calendar: None,
    };
    stage.tell(&handed, 2, Some(ada.id)).await;
    let body = text(&stage.inbox(&grace).await[0]["body"]);
    assert!(
        body.starts_with("Ada has a registration for you."),
        "{body}"
    );
    handed.to_user = None;
    handed.email = Some("new@example.org".into());
    handed.sealed_token = Some("sealed:c0de".into());
    let before = stage.post.letters().len();
    let event = stage.tell(&handed, 3, Some(ada.id)).await;
    assert!(stage.handles(&event).await, "redelivered");
    let letters = stage.post.letters();
    assert_eq!(letters.len(), before + 1);
    let letter = letters.last().unwrap();
    assert_eq!(letter.to, "new@example.org");
    let link = format!("/v1/events/{}/registrations/take-over#c0de", at.event_id);
    assert!(
        letter.content.text.contains(&link),
        "{}",
        letter.content.text
    );
}

#[tokio::test]
async fn no_14_self_actions_are_skipped() {
    let stage = Stage::new().await;
    let olga = stage.person("Olga").await;
    // Her own event: the confirmation, and no news of herself.
    stage
        .tell(
            &registration(olga.id, olga.id, EventId::new()),
            1,
            Some(olga.id),
        )
        .await;
    let event = snapshot(olga.id);
    let updated = EventUpdated {
        event: event.clone(),
        changed: vec!["startsAt".into()],
    };
    let cancelled = EventCancelled {
        event,
        reason: None,
    };
    stage.tell(&updated, 2, Some(olga.id)).await;
    stage.tell(&cancelled, 3, Some(olga.id)).await;
    assert_eq!(stage.types(&olga).await, ["registration.confirmed"]);
    // Somebody else's hand she hears of.
    let adam = stage.person("Adam").await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    stage.tell(&updated, 4, Some(adam.id)).await;
    stage.world.clock.advance(SignedDuration::from_secs(1));
    stage.tell(&cancelled, 5, Some(adam.id)).await;
    let inbox = stage.inbox(&olga).await;
    assert_eq!(
        text(&inbox[1]["body"]),
        "Adam changed your event: startsAt."
    );
    assert_eq!(text(&inbox[0]["type"]), "event.cancelled");
}

/// AU-14, AU-16: letters about an account go to the address that they name,
/// once, and carry their token where no server and no scanner sees it.
#[tokio::test]
async fn no_06_letters_about_an_account() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let before = stage.post.letters().len();
    let mut requested = AuthMailRequested {
        user_id: ada.id,
        email: "ada@example.org".into(),
        template: Letter::ResetPassword,
        sealed_token: Some("sealed:t0ken".into()),
        expires_at: Some(now() + SignedDuration::from_mins(30)),
        operation_id: None,
    };
    let event = stage.tell(&requested, 1, None).await;
    assert!(stage.handles(&event).await, "redelivered");
    let letters = stage.post.letters();
    assert_eq!(letters.len(), before + 1);
    let letter = letters.last().unwrap();
    assert_eq!(letter.to, "ada@example.org");
    assert_eq!(letter.content.subject, "Choose a new password");
    let link = "https://plenary.test/v1/auth/reset-password#t0ken";
    assert!(
        letter.content.text.contains(link),
        "{}",
        letter.content.text
    );
    assert_eq!(letter.unsubscribe, None);
    (requested.template, requested.sealed_token) = (Letter::PasswordChanged, None);
    stage.tell(&requested, 2, None).await;
    let letter = stage.post.letters().pop().unwrap();
    assert_eq!(letter.content.subject, "Your password was changed");
    // They are letters only, and no matter of preferences.
    let inbox = stage.inbox(&ada).await;
    assert!(inbox.iter().all(|entry| entry["type"] != "account"));
}

/// AU-20, AU-29: one mail has the link and the code; both are opened in the
/// worker alone, and neither is in the subject, which shows on locked screens.
#[tokio::test]
async fn au_20_the_letter_to_sign_in_by_has_link_and_code() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let mut requested = AuthMailRequested {
        user_id: ada.id,
        email: "ada@example.org".into(),
        template: Letter::SignIn,
        sealed_token: Some("sealed:t0ken 12345678".into()),
        expires_at: Some(now() + SignedDuration::from_mins(15)),
        operation_id: None,
    };
    stage.tell(&requested, 1, None).await;
    let letter = stage.post.letters().pop().unwrap().content;
    assert_eq!(letter.subject, "Sign in to Plenary");
    for body in [&letter.text, &letter.html] {
        assert!(
            body.contains("https://plenary.test/v1/auth/magic-link/verify#t0ken"),
            "{body}"
        );
        assert!(body.contains("1234 5678"), "{body}");
        assert!(!body.contains("#t0ken 1234"), "{body}");
    }
    for item in stage.world.db.items(stage.world.table()).await {
        let kept = format!("{item:?}").replace("sealed:t0ken 12345678", "");
        assert!(!kept.contains("t0ken") && !kept.contains("5678"));
    }
    (requested.template, requested.sealed_token) = (Letter::PasswordRemoved, None);
    stage.tell(&requested, 2, None).await;
    let letter = stage.post.letters().pop().unwrap().content;
    assert_eq!(letter.subject, "Your old password works no more");
    assert!(letter.text.contains("/v1/auth/forgot-password"));
}

#[tokio::test]
async fn no_14_members_and_invitations() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let organization_id = OrganizationId::new();
    let added = OrganizationMemberAdded {
        organization_id,
        organization_name: "Rust Club".into(),
        user_id: ada.id,
        role: Role::Approver,
    };
    stage.tell(&added, 1, Some(UserId::new())).await;
    let entry = &stage.inbox(&ada).await[0];
    assert_eq!(text(&entry["title"]), "You are now a member of Rust Club");
    assert_eq!(
        text(&entry["link"]),
        format!("/v1/organizations/{organization_id}")
    );

    let invited = OrganizationInvitationCreated {
        invitation_id: InvitationId::new(),
        organization_id,
        organization_name: "Rust Club".into(),
        user_id: None,
        email: Some("new@example.org".into()),
        role: Role::Organizer,
        sealed_token: Some("sealed:t0ken".into()),
        expires_at: now() + SignedDuration::from_hours(24 * 7),
    };
    let event = stage.tell(&invited, 1, Some(ada.id)).await;
    assert!(stage.handles(&event).await, "redelivered");
    let letters = stage.post.letters();
    let letter = letters.last().unwrap();
    assert_eq!((letters.len(), letter.to.as_str()), (2, "new@example.org"));
    assert_eq!(letter.content.subject, "Rust Club invites you");
    assert!(
        letter
            .content
            .text
            .contains("https://plenary.test/v1/invitations/t0ken")
    );
    assert_eq!(letter.unsubscribe, None);
    // The secret is opened in the worker alone.
    for item in stage.world.db.items(stage.world.table()).await {
        assert!(
            !format!("{item:?}")
                .replace("sealed:t0ken", "")
                .contains("t0ken")
        );
    }
    // One that nobody can open is poison, and harms no other.
    let poison = OrganizationInvitationCreated {
        sealed_token: Some("x".into()),
        ..invited
    };
    assert!(!stage.handles(&stage.event(&poison, 1, Some(ada.id))).await);
}

/// OR-06: a user who is asked by id is told in the inbox and by mail, by whom
/// and where to answer.
#[tokio::test]
async fn or_06_a_user_who_is_invited_finds_it_in_the_inbox() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    let organization_id = OrganizationId::new();
    let invited = OrganizationInvitationCreated {
        invitation_id: InvitationId::new(),
        organization_id,
        organization_name: "Rust Club".into(),
        user_id: Some(ada.id),
        email: None,
        role: Role::Organizer,
        sealed_token: None,
        expires_at: now() + SignedDuration::from_hours(24 * 7),
    };
    let event = stage.tell(&invited, 1, Some(bob.id)).await;
    assert!(stage.handles(&event).await, "redelivered");
    let inbox = stage.inbox(&ada).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(text(&inbox[0]["type"]), "organization.invitation.received");
    assert_eq!(text(&inbox[0]["title"]), "Rust Club invites you");
    let link = format!(
        "/v1/organizations/{organization_id}/invitations/{}",
        invited.invitation_id
    );
    assert_eq!(text(&inbox[0]["link"]), link);
    let letters = stage.post.letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].content.text.contains(&link));
    assert!(letters[0].unsubscribe.is_some());
    assert!(stage.inbox(&bob).await.is_empty());
}

/// B3-01: of a change of what was approved, the approvers hear what it is
/// about, and who proposed it hears of the decision, as the author does.
#[tokio::test]
async fn b3_01_a_change_in_review_is_told_with_its_fields() {
    let stage = Stage::new().await;
    let (author, proposer) = (stage.person("Ada").await, stage.person("Bob").await);
    let approver = UserId::new();
    let review = submitted(OrganizationId::new(), author.id);
    let agreed = EventApproved {
        event_id: review.event_id,
        organization_id: review.organization_id,
        title: review.title,
        created_by: author.id,
        actor_id: approver,
        reason: Some("Fine.".into()),
        changed: vec!["title".into(), "venue".into()],
        proposed_by: Some(proposer.id),
    };
    stage.tell(&agreed, 7, Some(approver)).await;
    for person in [&author, &proposer] {
        let notice = &stage.inbox(person).await[0];
        assert_eq!(
            notice["data"]["changed"],
            serde_json::json!(["title", "venue"])
        );
        assert_eq!(notice["title"], "The change of “RustConf” was approved");
    }
}
