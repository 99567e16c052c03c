use futures::future::join_all;
use plenary_auth::{model::organization::Member, store::Removal};
use serde_json::json;
use shared::{
    access::Membership,
    http::Reply,
    id::OrganizationId,
    principal::Role,
    testing::{TestReply, cx},
};

use crate::administration::deliver;
use crate::support::{Person, Stack};

async fn delete(stack: &Stack, who: &Person, org: OrganizationId) -> TestReply {
    stack
        .api
        .delete(&format!("/v1/organizations/{org}"))
        .token(&who.access)
        .send()
        .await
}

async fn memberships(stack: &Stack, who: &Person) -> usize {
    let found = stack
        .world
        .access()
        .query_all::<Membership>(Membership::all_of(who.id))
        .await;
    found.unwrap().len()
}

async fn nothing_is_left(stack: &Stack, org: OrganizationId) {
    let id = org.to_string();
    for table in [stack.world.table(), stack.world.access()] {
        for item in stack.world.db.items(table).await {
            let pk = item["pk"].as_s().unwrap();
            if pk.starts_with("OUTBOX#") || pk.starts_with("IDEMPOTENCY#") {
                continue;
            }
            assert!(!format!("{item:?}").contains(&id), "{item:?}");
        }
    }
}

#[tokio::test]
async fn or_01_a_deleted_organisation_is_gone_with_everything_that_belonged_to_it() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let kept = stack.organization(&owner, "other-conf").await;
    let member = stack.member(&owner, org, "organizer").await;
    let former = stack.member(&owner, org, "member").await;
    stack.remove(&owner, org, &former).await.expect(204);
    for email in ["x@example.org", "y@example.org"] {
        let body = json!({"email": email, "role": "member"});
        let path = format!("/v1/organizations/{org}/invitations");
        stack
            .api
            .post(&path)
            .token(&owner.access)
            .json(body)
            .send()
            .await
            .expect(201);
    }
    delete(&stack, &member, org)
        .await
        .expect(403)
        .problem("forbidden");
    delete(&stack, &owner, org).await.expect(204);
    for who in [&owner, &member] {
        stack
            .get(&format!("/v1/organizations/{org}"), who)
            .await
            .expect(404);
    }
    assert_eq!(memberships(&stack, &owner).await, 1);
    assert_eq!(memberships(&stack, &member).await, 0);
    nothing_is_left(&stack, org).await;
    stack
        .get(&format!("/v1/organizations/{kept}"), &owner)
        .await
        .expect(200);
    assert_eq!(
        stack.last_event("organization.deleted").await,
        json!({"organizationId": org})
    );
    delete(&stack, &owner, org).await.expect(404);
    // Its slug and the places of its members are free again.
    stack.organization(&owner, "rust-conf").await;
    stack.organization(&member, "another").await;
}

#[tokio::test]
async fn or_01_more_members_than_a_transaction_holds_are_removed_too() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let mut members = Vec::new();
    for _ in 0..95 {
        members.push(stack.member(&owner, org, "member").await);
    }
    while delete(&stack, &owner, org).await.status == 202 {}
    for member in &members {
        assert_eq!(memberships(&stack, member).await, 0);
    }
    nothing_is_left(&stack, org).await;
    let types = stack.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|kind| *kind == "organization.deleted")
            .count(),
        1
    );
}

#[tokio::test]
async fn or_01_a_deletion_that_stopped_half_way_goes_on() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let members = join_all((0..30).map(|_| stack.member(&owner, org, "member"))).await;
    let organization = stack.app.store.organization(org).await.unwrap().unwrap();
    stack
        .app
        .store
        .begin_deletion(&cx(), &organization, owner.id)
        .await
        .unwrap();
    assert!(
        stack
            .app
            .store
            .delete_chunk(&cx(), org, owner.id)
            .await
            .unwrap()
    );
    // Hidden from everybody, closed for changes, and not half visible.
    for who in [&owner, &members[0], &members[29]] {
        stack
            .get(&format!("/v1/organizations/{org}"), who)
            .await
            .expect(404);
        let me = stack.get("/v1/users/me", who).await.expect(200);
        assert!(me.body["organizations"].as_array().unwrap().is_empty());
    }
    let late = stack.person("late").await;
    stack.add(&owner, org, &late, "member").await.expect(404);
    delete(&stack, &late, org).await.expect(404);

    delete(&stack, &owner, org).await.expect(204);
    nothing_is_left(&stack, org).await;
    for member in &members {
        assert_eq!(memberships(&stack, member).await, 0);
    }
    let types = stack.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|kind| *kind == "organization.deleted")
            .count(),
        1
    );
}

#[tokio::test]
async fn or_01_owners_who_delete_at_once_end_in_one_deletion() {
    let stack = Stack::new().await;
    let first = stack.person("first").await;
    let org = stack.organization(&first, "rust-conf").await;
    let second = stack.member(&first, org, "owner").await;
    for _ in 0..30 {
        stack.member(&first, org, "member").await;
    }
    tokio::join!(delete(&stack, &first, org), delete(&stack, &second, org));
    // Whoever is left finishes; nobody is locked out of finishing.
    for who in [&first, &second] {
        let reply = delete(&stack, who, org).await;
        assert!(
            [204, 404].contains(&reply.status.as_u16()),
            "{}",
            reply.text
        );
    }
    nothing_is_left(&stack, org).await;
    assert_eq!(
        memberships(&stack, &first).await + memberships(&stack, &second).await,
        0
    );
}

#[tokio::test]
async fn or_01_another_owner_can_take_a_deletion_over() {
    let stack = Stack::new().await;
    let first = stack.person("first").await;
    let org = stack.organization(&first, "rust-conf").await;
    let second = stack.member(&first, org, "owner").await;
    let organization = stack.app.store.organization(org).await.unwrap().unwrap();
    stack
        .app
        .store
        .begin_deletion(&cx(), &organization, first.id)
        .await
        .unwrap();
    delete(&stack, &second, org).await.expect(204);
    nothing_is_left(&stack, org).await;
    delete(&stack, &first, org).await.expect(404);
}

/// What was read before the deletion began is of no use any more.
#[tokio::test]
async fn or_01_a_change_that_began_before_the_deletion_fails_whole() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let late = stack.person("late").await;
    let asked = stack.offer(&owner, org, late.id, "admin").await.expect(201);
    let id = asked.body["id"].as_str().unwrap().parse().unwrap();
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    let account = store.account(late.id).await.unwrap().unwrap();
    let invitation = store.invitation(org, id).await.unwrap().unwrap();
    let inviter = store.inviter(&invitation).await.unwrap().unwrap();
    let now = stack.world.clock.now();
    let member = Member::begin(org, late.id, Role::Admin, now, None);
    store
        .begin_deletion(&cx(), &organization, owner.id)
        .await
        .unwrap();
    let cx = cx();
    let added = store.accept_invitation(
        &cx,
        &organization,
        &invitation,
        inviter,
        &member,
        &account,
        Reply::no_content(),
    );
    let added = added.await;
    assert_eq!(added.unwrap_err().kind().slug, "not-found");
    assert_eq!(memberships(&stack, &late).await, 0);
    delete(&stack, &owner, org).await.expect(204);
    nothing_is_left(&stack, org).await;
}

/// What was read as an owner carries nothing once another owner took it away.
#[tokio::test]
async fn or_01_an_owner_who_was_removed_in_between_deletes_nothing() {
    let stack = Stack::new().await;
    let first = stack.person("first").await;
    let org = stack.organization(&first, "rust-conf").await;
    let second = stack.member(&first, org, "owner").await;
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    stack
        .change(&second, org, &first, "member")
        .await
        .expect(200);
    let begun = store.begin_deletion(&cx(), &organization, first.id).await;
    assert!(begun.is_err());
    stack.remove(&second, org, &first).await.expect(204);
    let begun = store.begin_deletion(&cx(), &organization, first.id).await;
    assert!(begun.is_err());
    assert!(store.organization(org).await.unwrap().is_some());
}

/// Former members are seen no more after 35 days, and DynamoDB removes them
/// days later: until then they fill the pages in front of everybody else.
#[tokio::test]
async fn or_01_former_members_in_front_hide_nobody_from_the_deletion() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    for _ in 0..30 {
        let former = stack.member(&owner, org, "member").await;
        stack.remove(&owner, org, &former).await.expect(204);
    }
    let members = join_all((0..3).map(|_| stack.member(&owner, org, "member"))).await;
    stack
        .world
        .clock
        .advance(jiff::SignedDuration::from_hours(35 * 24 + 1));
    let organization = stack.app.store.organization(org).await.unwrap().unwrap();
    let store = &stack.app.store;
    store
        .begin_deletion(&cx(), &organization, owner.id)
        .await
        .unwrap();
    let reserve = std::time::Duration::ZERO;
    store.remove_hidden(&cx(), org, reserve).await.unwrap();
    for person in members.iter().chain([&owner]) {
        assert_eq!(memberships(&stack, person).await, 0);
        let kept = store.all_memberships(person.id).await.unwrap();
        assert!(kept.is_empty());
    }
    assert!(
        store
            .organization_in_any_state(org)
            .await
            .unwrap()
            .is_none()
    );
}

/// The event that the deletion of an organisation published.
async fn deleted(stack: &Stack) -> shared::event::Event {
    let told = stack.world.outbox(stack.world.table()).await;
    told.into_iter()
        .rfind(|event| event.kind == "organization.deleted")
        .unwrap()
}

/// OR-01: what the request left, the worker removes, however often it is told.
#[tokio::test]
async fn or_01_the_worker_finishes_a_deletion() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let members = join_all((0..50).map(|_| stack.member(&owner, org, "member"))).await;
    let store = &stack.app.store;
    let organization = store.organization(org).await.unwrap().unwrap();
    store
        .begin_deletion(&cx(), &organization, owner.id)
        .await
        .unwrap();
    let event = deleted(&stack).await;
    // A delivery that ran out of time did a part, and lost nothing.
    let hurried = store
        .remove_hidden(&cx(), org, std::time::Duration::from_mins(1))
        .await;
    assert_eq!(hurried.unwrap(), Removal::OutOfTime);
    assert_eq!(deliver(&stack, &[event.clone(), event.clone()]).await, 0);
    nothing_is_left(&stack, org).await;
    for member in members.iter().chain([&owner]) {
        assert_eq!(memberships(&stack, member).await, 0);
    }
    assert_eq!(deliver(&stack, &[event]).await, 0);
    delete(&stack, &owner, org).await.expect(404);
    let types = stack.event_types().await;
    let told = types.iter().filter(|kind| *kind == "organization.deleted");
    assert_eq!(told.count(), 1);
}

/// OR-01: the owner who asks again and the worker do not stand in each other's way.
#[tokio::test]
async fn or_01_the_worker_and_the_owner_can_remove_at_once() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    join_all((0..50).map(|_| stack.member(&owner, org, "member"))).await;
    let organization = stack.app.store.organization(org).await.unwrap().unwrap();
    stack
        .app
        .store
        .begin_deletion(&cx(), &organization, owner.id)
        .await
        .unwrap();
    let event = [deleted(&stack).await];
    let (failed, reply) = tokio::join!(deliver(&stack, &event), delete(&stack, &owner, org));
    assert_eq!(failed, 0);
    let status = reply.status.as_u16();
    assert!([202, 204, 404].contains(&status), "{}", reply.text);
    nothing_is_left(&stack, org).await;
}

/// OR-01: an event alone deletes nothing: the organisation must be hidden.
#[tokio::test]
async fn or_01_the_worker_removes_nothing_that_is_in_use() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let forged = shared::testing::event(
        &shared::event::auth::OrganizationDeleted {
            organization_id: org,
        },
        9,
    );
    assert_eq!(deliver(&stack, &[forged]).await, 0);
    stack
        .get(&format!("/v1/organizations/{org}"), &owner)
        .await
        .expect(200);
}
