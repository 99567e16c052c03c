use futures::future::join_all;
use plenary_auth::{model::organization::Member, store::Actor};
use serde_json::{Value, json};
use shared::{
    access::Membership,
    http::Reply,
    id::{OrganizationId, UserId},
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
    assert_eq!(
        added.header("location"),
        format!("/v1/organizations/{org}/members/{}", grace.id)
    );
    assert_eq!(added.body["role"], "organizer");
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
async fn or_02_the_same_person_added_many_times_at_once_is_one_member() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let grace = stack.person("grace").await;
    let replies = join_all((0..8).map(|_| stack.add(&owner, org, &grace, "member"))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for lost in replies.into_iter().filter(|reply| reply.status != 201) {
        lost.expect(409).problem("already-member");
    }
    let list = stack
        .get(&format!("/v1/organizations/{org}/members"), &owner)
        .await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
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
    let account = store.account(grace.id).await.unwrap().unwrap();
    let member = Member::begin(org, grace.id, Role::Admin, stack.world.clock.now(), None);
    let actor = Actor {
        user_id: admin.id,
        role: Some(Role::Admin),
        machine: None,
    };
    let cx = cx();
    let add = || {
        let reply = Reply::no_content();
        store.add_member(&cx, &organization, &member, &account, actor, reply)
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
