use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::{
    model::invitation::{Invitation, Invitee},
    store::Actor,
};
use serde_json::{Value, json};
use shared::{
    access::Membership,
    digest::{base64url, from_base64url},
    http::Reply,
    id::{InvitationId, OrganizationId, UserId},
    principal::Role,
    testing::cx,
};

use crate::support::{Person, Stack};

async fn role_elsewhere(stack: &Stack, who: &Person, org: OrganizationId) -> Option<Role> {
    let found = stack
        .world
        .access()
        .get_consistent::<Membership>(&Membership::key_of(who.id, org))
        .await;
    found.unwrap().map(|membership| membership.role)
}

#[tokio::test]
async fn or_02_members_are_added_listed_changed_and_removed() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    let added = stack
        .add(&owner, org, &grace, "organizer")
        .await
        .expect(201);
    let id = added.body["id"].as_str().unwrap();
    assert_eq!(
        added.header("location"),
        format!("/v1/organizations/{org}/invitations/{id}")
    );
    assert_eq!(added.body["role"], "organizer");
    assert_eq!(added.body["userId"], grace.id.to_string());
    assert_eq!(
        role_elsewhere(&stack, &grace, org).await,
        Some(Role::Organizer)
    );
    let event = stack.last_event("organization.member.added").await;
    let wanted = json!({
        "organizationId": org, "organizationName": "The rust-conf",
        "userId": grace.id, "role": "organizer",
    });
    assert_eq!(event, wanted);
    stack
        .add(&owner, org, &grace, "member")
        .await
        .expect(409)
        .problem("already-member");

    let path = format!("/v1/organizations/{org}/members");
    let list = stack.get(&path, &owner).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let shown = items
        .iter()
        .find(|item| item["userId"] == grace.id.to_string())
        .unwrap();
    assert_eq!(
        (&shown["name"], &shown["email"]),
        (&"grace".into(), &"grace@example.org".into())
    );
    // Addresses are for those who manage members.
    let list = stack.get(&path, &grace).await.expect(200);
    assert!(
        list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item.get("email").is_none())
    );

    let changed = stack
        .change(&owner, org, &grace, "approver")
        .await
        .expect(200);
    assert_eq!(changed.body["role"], "approver");
    assert_eq!(
        role_elsewhere(&stack, &grace, org).await,
        Some(Role::Approver)
    );
    assert_eq!(
        stack.last_event("organization.member.changed").await["role"],
        "approver"
    );

    stack.remove(&owner, org, &grace).await.expect(204);
    assert_eq!(role_elsewhere(&stack, &grace, org).await, None);
    let event = stack.last_event("organization.member.removed").await;
    assert_eq!(event, json!({"organizationId": org, "userId": grace.id}));
    stack.get(&path, &grace).await.expect(404);
    stack.remove(&owner, org, &grace).await.expect(404);
    stack
        .change(&owner, org, &grace, "member")
        .await
        .expect(404);
    let list = stack.get(&path, &owner).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn or_02_who_left_can_come_back_and_events_stay_in_order() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    for _ in 0..3 {
        stack.add(&owner, org, &grace, "member").await.expect(201);
        stack.remove(&grace, org, &grace).await.expect(204);
    }
    stack.add(&owner, org, &grace, "admin").await.expect(201);
    assert_eq!(role_elsewhere(&stack, &grace, org).await, Some(Role::Admin));
    let id = grace.id.to_string();
    let sequences: Vec<u64> = stack
        .world
        .outbox(stack.world.table())
        .await
        .iter()
        .filter(|event| event.kind.starts_with("organization.member") && event.data["userId"] == id)
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences.len(), 7);
    assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
}

#[tokio::test]
async fn or_02_unknown_users_and_roles_are_refused() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let nobody = Person {
        id: UserId::new(),
        ..owner.clone()
    };
    stack
        .add(&owner, org, &nobody, "member")
        .await
        .expect(404)
        .problem("not-found");
    stack
        .add(&owner, org, &owner, "emperor")
        .await
        .expect(400)
        .problem("invalid-request");
    stack
        .change(&owner, org, &owner, "emperor")
        .await
        .expect(400)
        .problem("invalid-request");
}

#[tokio::test]
async fn or_03_nobody_grants_changes_or_takes_a_role_above_their_own() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.member(&owner, org, "admin").await;
    let grace = stack.person("grace").await;
    stack
        .add(&admin, org, &grace, "owner")
        .await
        .expect(403)
        .problem("forbidden");
    stack.add(&admin, org, &grace, "admin").await.expect(201);
    stack
        .change(&admin, org, &grace, "owner")
        .await
        .expect(403)
        .problem("forbidden");
    stack
        .change(&admin, org, &admin, "owner")
        .await
        .expect(403)
        .problem("forbidden");
    stack
        .change(&admin, org, &owner, "member")
        .await
        .expect(403)
        .problem("forbidden");
    stack
        .remove(&admin, org, &owner)
        .await
        .expect(403)
        .problem("forbidden");
    let invite = json!({"email": "x@example.org", "role": "owner"});
    let path = format!("/v1/organizations/{org}/invitations");
    stack
        .api
        .post(&path)
        .token(&admin.access)
        .json(invite)
        .send()
        .await
        .expect(403);
    stack
        .change(&admin, org, &grace, "member")
        .await
        .expect(200);
    // Everybody may give up what they have.
    stack
        .change(&admin, org, &admin, "organizer")
        .await
        .expect(200);
    stack.change(&admin, org, &admin, "admin").await.expect(403);
}

#[tokio::test]
async fn or_02_the_last_owner_stays() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    stack
        .change(&owner, org, &owner, "admin")
        .await
        .expect(409)
        .problem("last-owner");
    stack
        .remove(&owner, org, &owner)
        .await
        .expect(409)
        .problem("last-owner");
    let second = stack.member(&owner, org, "owner").await;
    stack.remove(&owner, org, &owner).await.expect(204);
    stack
        .remove(&second, org, &second)
        .await
        .expect(409)
        .problem("last-owner");
    stack
        .get(&format!("/v1/organizations/{org}"), &second)
        .await
        .expect(200);
}

#[tokio::test]
async fn or_02_owners_who_leave_at_once_leave_one_behind() {
    let stack = Stack::new().await;
    let first = stack.person("first").await;
    let org = stack.organization(&first, "rust-conf").await;
    let mut owners = vec![first.clone()];
    for _ in 0..5 {
        owners.push(stack.member(&first, org, "owner").await);
    }
    let replies = join_all(owners.iter().map(|owner| stack.remove(owner, org, owner))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 204).count(),
        owners.len() - 1
    );
    let stayed: Vec<_> = replies
        .iter()
        .zip(&owners)
        .filter(|(reply, _)| reply.status != 204)
        .collect();
    assert_eq!(stayed.len(), 1);
    stayed[0].0.clone().expect(409).problem("last-owner");
    stack
        .get(&format!("/v1/organizations/{org}"), stayed[0].1)
        .await
        .expect(200);
}

#[tokio::test]
async fn or_02_the_same_person_asked_many_times_at_once_is_one_member() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    let replies = join_all((0..8).map(|_| stack.offer(&owner, org, grace.id, "member"))).await;
    let (asked, lost): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(asked.len(), 1);
    for lost in lost {
        lost.expect(409).problem("already-invited");
    }
    let replies = join_all((0..8).map(|_| stack.agree(&asked[0], &grace))).await;
    assert!(replies.iter().any(|reply| reply.status == 200));
    let members = stack
        .get(&format!("/v1/organizations/{org}/members"), &owner)
        .await;
    assert_eq!(members.body["items"].as_array().unwrap().len(), 2);
    let count = stack.event_types().await;
    let added = count
        .iter()
        .filter(|kind| *kind == "organization.member.added");
    assert_eq!(added.count(), 2, "the owner and the new member");
}

/// Nobody learns the address of somebody who did not accept, or makes them a
/// member, or changes what their tokens name.
#[tokio::test]
async fn or_02_nobody_is_a_member_or_shows_an_address_before_they_accept() {
    let stack = Stack::new().await;
    let eve = stack.person("eve").await;
    let org = stack.organization(&eve, "eve-conf").await;
    let victim = stack.person("victim").await;
    let asked = stack
        .offer(&eve, org, victim.id, "member")
        .await
        .expect(201);
    assert_eq!(asked.body["state"], "pending");
    assert_eq!(asked.body["userId"], victim.id.to_string());
    let base = format!("/v1/organizations/{org}");
    let seen = [
        asked.clone(),
        stack.get(&format!("{base}/members"), &eve).await,
        stack.get(&format!("{base}/invitations"), &eve).await,
    ];
    for reply in &seen {
        assert!(!reply.text.contains("victim"), "{}", reply.text);
    }
    // The event tells the mailer whom, and the address is its own to know.
    let event = stack.last_event("organization.invitation.created").await;
    assert_eq!(event["userId"], victim.id.to_string());
    assert!(event.get("email").is_none() && event.get("sealedToken").is_none());
    // Nothing is changed for the victim.
    assert_eq!(role_elsewhere(&stack, &victim, org).await, None);
    stack.get(&base, &victim).await.expect(404);
    let me = stack.get("/v1/users/me", &victim).await.expect(200);
    assert_eq!(me.body["organizations"], json!([]));
    assert!(me.body["defaultOrganizationId"].is_null());
    // Who is asked sees where to, and nobody else answers for them.
    let own = asked.header("location").to_owned();
    let preview = stack.get(&own, &victim).await.expect(200);
    assert_eq!(preview.body["organizationName"], "The eve-conf");
    assert_eq!(preview.body["role"], "member");
    let stranger = stack.person("stranger").await;
    for other in [&eve, &stranger] {
        stack.get(&own, other).await.expect(404);
        stack.agree(&asked, other).await.expect(404);
    }
    stack.agree(&asked, &victim).await.expect(200);
    stack.agree(&asked, &victim).await.expect(200);
    assert_eq!(
        role_elsewhere(&stack, &victim, org).await,
        Some(Role::Member)
    );
    let list = stack.get(&format!("{base}/members"), &eve).await;
    assert!(list.text.contains("victim@example.org"));
}

#[tokio::test]
async fn or_02_who_declines_is_left_alone_for_a_day() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    let asked = stack
        .offer(&owner, org, grace.id, "member")
        .await
        .expect(201);
    let decline = || {
        let request = stack.api.delete(asked.header("location"));
        request.token(&grace.access).send()
    };
    decline().await.expect(204);
    decline().await.expect(204);
    stack
        .agree(&asked, &grace)
        .await
        .expect(410)
        .problem("invitation-gone");
    let event = stack.last_event("organization.invitation.declined").await;
    assert_eq!(event["organizationId"], org.to_string());
    let path = format!("/v1/organizations/{org}/invitations");
    let list = stack.get(&path, &owner);
    assert_eq!(list.await.body["items"][0]["state"], "declined");
    let refused = stack.offer(&owner, org, grace.id, "member").await;
    let refused = refused.expect(409).problem("already-invited");
    assert_eq!(refused.header("retry-after"), "86400");
}

/// One half-open session does not hand the organisation over.
#[tokio::test]
async fn au_19_who_makes_somebody_mighty_proved_themselves_lately() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.member(&owner, org, "member").await;
    let other = stack.person("other").await;
    stack.world.clock.advance(SignedDuration::from_mins(11));
    let invite = |role: &str| {
        let body = json!({"email": format!("{role}@example.org"), "role": role});
        let request = stack
            .api
            .post(&format!("/v1/organizations/{org}/invitations"));
        request.token(&owner.access).json(body).send()
    };
    for role in ["owner", "admin"] {
        for refused in [
            stack.offer(&owner, org, other.id, role).await,
            stack.change(&owner, org, &grace, role).await,
            invite(role).await,
        ] {
            refused.expect(403).problem("step-up-required");
        }
    }
    stack
        .change(&owner, org, &grace, "organizer")
        .await
        .expect(200);
    stack
        .offer(&owner, org, other.id, "checkin")
        .await
        .expect(201);
    invite("approver").await.expect(201);
}

/// What somebody may do to themselves was read in the same state as who they are.
#[tokio::test]
async fn au_28_an_owner_who_was_demoted_does_not_make_themselves_one_again() {
    let stack = Stack::new().await;
    let first = stack.person("first").await;
    let org = stack.organization(&first, "rust-conf").await;
    let second = stack.member(&first, org, "owner").await;
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    // Read as an owner; demoted; then the own membership is read.
    let actor = Actor {
        user_id: first.id,
        role: Some(Role::Owner),
        machine: None,
    };
    stack
        .change(&second, org, &first, "member")
        .await
        .expect(200);
    let before = store.member(org, first.id).await.unwrap().unwrap();
    let after = before.with_role(Role::Owner, stack.world.clock.now());
    let reply = Reply::no_content();
    let cx = cx();
    let changed = store.change_member(&cx, &organization, &before, &after, actor, reply);
    assert_eq!(changed.await.unwrap_err().kind().slug, "conflict");
    assert_eq!(
        role_elsewhere(&stack, &first, org).await,
        Some(Role::Member)
    );
}

/// Nor does one who administers the platform no more.
#[tokio::test]
async fn au_28_a_platform_role_that_was_lost_in_between_carries_nothing() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.member(&owner, org, "member").await;
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    let before = store.member(org, grace.id).await.unwrap().unwrap();
    let after = before.with_role(Role::Owner, stack.world.clock.now());
    let actor = Actor {
        user_id: UserId::new(),
        role: None,
        machine: None,
    };
    let reply = Reply::no_content();
    let cx = cx();
    let changed = store.change_member(&cx, &organization, &before, &after, actor, reply);
    assert_eq!(changed.await.unwrap_err().kind().slug, "forbidden");
}

/// A made-up cursor is the caller's mistake, not an outage.
#[tokio::test]
async fn ev_12_a_forged_cursor_is_refused() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    for _ in 0..2 {
        stack.member(&owner, org, "member").await;
    }
    let path = format!("/v1/organizations/{org}/members?limit=2");
    let page = stack.get(&path, &owner).await.expect(200);
    let cursor = page.body["nextCursor"].as_str().unwrap();
    let real: Value = serde_json::from_slice(&from_base64url(cursor).unwrap()).unwrap();
    for (name, value) in [
        ("pk", "ORG#another"),
        ("pk", ""),
        ("sk", "ORGANIZATION"),
        ("sk", ""),
    ] {
        let mut forged = real.clone();
        forged[name] = value.into();
        let forged = base64url(forged.to_string());
        let refused = stack.get(&format!("{path}&cursor={forged}"), &owner).await;
        let refused = refused.expect(400).problem("invalid-request");
        assert_eq!(refused.body["errors"][0]["code"], "invalid-cursor");
    }
    stack
        .get(&format!("{path}&cursor={cursor}"), &owner)
        .await
        .expect(200);
}

#[tokio::test]
async fn au_28_a_demoted_administrator_is_refused_at_once() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.member(&owner, org, "admin").await;
    let grace = stack.person("grace").await;
    // Racing: whichever comes first, no member is added after the demotion.
    let (demoted, added) = tokio::join!(
        stack.change(&owner, org, &admin, "member"),
        stack.add(&admin, org, &grace, "admin"),
    );
    demoted.expect(200);
    if added.status != 201 {
        added.expect(403).problem("forbidden");
    }
    let another = stack.person("another").await;
    stack
        .add(&admin, org, &another, "member")
        .await
        .expect(403)
        .problem("forbidden");
}

#[tokio::test]
async fn or_02_a_person_belongs_to_several_organisations_with_a_role_in_each() {
    let stack = Stack::new().await;
    let (ada, bea) = (stack.person("ada").await, stack.person("bea").await);
    let (first, second) = (
        stack.organization(&ada, "first").await,
        stack.organization(&bea, "second").await,
    );
    stack.add(&bea, second, &ada, "checkin").await.expect(201);
    let me = stack.get("/v1/users/me", &ada).await.expect(200);
    let mut roles: Vec<(Value, Value)> = me.body["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| (place["id"].clone(), place["role"].clone()))
        .collect();
    roles.sort_by_key(|(_, role)| role.to_string());
    let wanted = [
        (json!(second), json!("checkin")),
        (json!(first), json!("owner")),
    ];
    assert_eq!(roles, wanted);
    // Leaving the default organisation forgets it.
    stack.add(&ada, first, &bea, "owner").await.expect(201);
    stack.remove(&ada, first, &ada).await.expect(204);
    let me = stack.get("/v1/users/me", &ada).await.expect(200);
    assert!(me.body["defaultOrganizationId"].is_null());
}

#[tokio::test]
async fn or_02_a_repeated_key_adds_once_and_answers_the_same() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    let add = || {
        let path = format!("/v1/organizations/{org}/members");
        let body = json!({"userId": grace.id, "role": "member"});
        stack
            .api
            .post(&path)
            .token(&owner.access)
            .key("k")
            .json(body)
            .send()
    };
    let first = add().await.expect(201);
    let again = add().await.expect(201);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn or_02_the_list_of_members_goes_on_by_cursor() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    for _ in 0..4 {
        stack.member(&owner, org, "member").await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/organizations/{org}/members?limit=2{cursor}");
        let page = stack.get(&path, &owner).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["userId"].to_string()));
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

/// The role by which somebody acts is looked at again by the commit itself.
#[tokio::test]
async fn au_28_a_role_that_was_lost_in_between_carries_nothing() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.member(&owner, org, "admin").await;
    let grace = stack.person("grace").await;
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    let to = Invitee::User { user_id: grace.id };
    let now = stack.world.clock.now();
    let invitation = Invitation::new(InvitationId::new(), org, to, Role::Member, admin.id, now);
    let actor = Actor {
        user_id: admin.id,
        role: Some(Role::Admin),
        machine: None,
    };
    let cx = cx();
    let add = || {
        let reply = Reply::no_content();
        store.invite(&cx, &organization, &invitation, None, actor, reply)
    };
    stack
        .change(&owner, org, &admin, "member")
        .await
        .expect(200);
    assert_eq!(add().await.unwrap_err().kind().slug, "forbidden");
    stack.remove(&owner, org, &admin).await.expect(204);
    assert_eq!(add().await.unwrap_err().kind().slug, "forbidden");
    assert_eq!(role_elsewhere(&stack, &grace, org).await, None);
}
