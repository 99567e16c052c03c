use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::{
    model::{organization::Member, token::InvitationToken},
    sealer::{Purpose, Sealer as _},
};
use serde_json::json;
use shared::{
    digest::from_base64url,
    http::Reply,
    id::{InvitationId, OrganizationId},
    testing::{TestReply, cx},
};

use crate::support::{Person, Stack};

struct Invited {
    owner: Person,
    org: OrganizationId,
}

impl Invited {
    async fn new(stack: &Stack) -> Self {
        let owner = stack.proven("owner").await;
        let org = stack.organization(&owner, "rust-conf").await;
        Self { owner, org }
    }

    fn path(&self) -> String {
        format!("/v1/organizations/{}/invitations", self.org)
    }

    async fn invite(&self, stack: &Stack, email: &str, role: &str) -> TestReply {
        let body = json!({"email": email, "role": role});
        stack
            .api
            .post(&self.path())
            .token(&self.owner.access)
            .json(body)
            .send()
            .await
    }

    /// Invites and opens the mail.
    async fn token(&self, stack: &Stack, email: &str) -> String {
        self.invite(stack, email, "organizer").await.expect(201);
        mailed(stack).await
    }
}

/// The token as the notifications group gets it.
async fn mailed(stack: &Stack) -> String {
    let event = stack.last_event("organization.invitation.created").await;
    let sealed = from_base64url(event["sealedToken"].as_str().unwrap()).unwrap();
    assert!(
        stack
            .sealer
            .open(Purpose::SigningKey, &sealed)
            .await
            .is_err()
    );
    let clear = stack.sealer.open(Purpose::Mail, &sealed).await.unwrap();
    String::from_utf8(clear.to_vec()).unwrap()
}

async fn accept(stack: &Stack, token: &str, who: &Person) -> TestReply {
    stack
        .api
        .post(&format!("/v1/invitations/{token}/accept"))
        .token(&who.access)
        .send()
        .await
}

#[tokio::test]
async fn or_06_who_is_invited_becomes_a_member_with_the_offered_role() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let reply = invited
        .invite(&stack, "Grace@Example.org", "organizer")
        .await
        .expect(201);
    assert_eq!(reply.body["email"], "grace@example.org");
    assert_eq!(reply.body["state"], "pending");
    assert_eq!(reply.body["expiresAt"], "2026-09-08T10:00:00Z");
    let event = stack.last_event("organization.invitation.created").await;
    assert_eq!(event["organizationName"], "The rust-conf");
    assert_eq!(event["role"], "organizer");
    let token = mailed(&stack).await;
    // Looking, as a mail scanner may, accepts nothing and needs no token.
    let link = format!("/v1/invitations/{token}");
    let seen = stack.api.get(&link).send().await.expect(200);
    assert_eq!(seen.body["organizationName"], "The rust-conf");
    assert_eq!(seen.body["state"], "pending");
    stack
        .api
        .get(&link[..link.len() - 1])
        .send()
        .await
        .expect(404);
    // The account may come into being after the invitation.
    let grace = stack.proven("grace").await;
    let accepted = accept(&stack, &token, &grace).await.expect(200);
    assert_eq!(accepted.body["id"], invited.org.to_string());
    assert_eq!(accepted.body["role"], "organizer");
    stack
        .get(&format!("/v1/organizations/{}", invited.org), &grace)
        .await
        .expect(200);
    assert_eq!(
        stack.last_event("organization.member.added").await["userId"],
        grace.id.to_string()
    );
    let list = stack.get(&invited.path(), &invited.owner).await.expect(200);
    assert_eq!(list.body["items"][0]["state"], "accepted");
}

#[tokio::test]
async fn or_06_au_29_the_token_is_nowhere_in_the_clear() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let reply = invited
        .invite(&stack, "grace@example.org", "member")
        .await
        .expect(201);
    let token = mailed(&stack).await;
    let secret = token.splitn(3, '_').nth(2).unwrap();
    let everything = stack.everything().await;
    assert!(!everything.contains(secret));
    assert!(!reply.text.contains(secret));
    let list = stack.get(&invited.path(), &invited.owner).await.expect(200);
    assert!(!list.text.contains(secret) && !list.text.contains("sealed"));
}

#[tokio::test]
async fn or_06_a_token_works_once() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let token = invited.token(&stack, "grace@example.org").await;
    let grace = stack.proven("grace").await;
    let replies = join_all((0..8).map(|_| accept(&stack, &token, &grace))).await;
    assert!(replies.iter().any(|reply| reply.status == 200));
    let types = stack.event_types().await;
    let added = types
        .iter()
        .filter(|kind| *kind == "organization.member.added")
        .count();
    assert_eq!(added, 2, "the owner and the invited person");
    // A lost answer can be asked for again, as long as it is true.
    accept(&stack, &token, &grace).await.expect(200);
    stack
        .remove(&invited.owner, invited.org, &grace)
        .await
        .expect(204);
    accept(&stack, &token, &grace)
        .await
        .expect(410)
        .problem("invitation-gone");
}

#[tokio::test]
async fn or_06_the_token_is_bound_to_the_address() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let token = invited.token(&stack, "grace@example.org").await;
    let eve = stack.person("eve").await;
    let reply = accept(&stack, &token, &eve).await.expect(403);
    assert!(
        !reply
            .problem("invitation-for-another-address")
            .text
            .contains("grace")
    );
    let anonymous = stack
        .api
        .post(&format!("/v1/invitations/{token}/accept"))
        .send()
        .await;
    anonymous.expect(401).problem("unauthenticated");
    // Whoever was passed the link can register with the address, and no more.
    let grace = stack.person("grace").await;
    let refused = accept(&stack, &token, &grace).await.expect(403);
    refused.problem("email-not-verified");
    stack.prove(&grace).await;
    accept(&stack, &token, &grace).await.expect(200);
}

#[tokio::test]
async fn or_06_a_token_ends_after_seven_days() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let token = invited.token(&stack, "grace@example.org").await;
    stack
        .world
        .clock
        .advance(SignedDuration::from_hours(7 * 24));
    let grace = stack.proven("grace").await;
    accept(&stack, &token, &grace)
        .await
        .expect(410)
        .problem("invitation-gone");
    // Then another can be sent, and withdrawing the old one leaves the new one alone.
    let owner = Person {
        access: stack.refresh(&invited.owner.refresh).await.body["accessToken"]
            .as_str()
            .unwrap()
            .into(),
        ..invited.owner.clone()
    };
    let invited = Invited {
        owner,
        org: invited.org,
    };
    let list = stack.get(&invited.path(), &invited.owner).await.expect(200);
    assert_eq!(list.body["items"][0]["expired"], true);
    let old = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    let fresh = invited.token(&stack, "grace@example.org").await;
    let path = format!("{}/{old}", invited.path());
    stack
        .api
        .delete(&path)
        .token(&invited.owner.access)
        .send()
        .await
        .expect(204);
    invited
        .invite(&stack, "grace@example.org", "member")
        .await
        .expect(409);
    accept(&stack, &fresh, &grace).await.expect(200);
}

#[tokio::test]
async fn or_06_a_withdrawn_invitation_cannot_be_accepted() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let token = invited.token(&stack, "grace@example.org").await;
    let id = InvitationToken::parse(&token).unwrap().invitation();
    let grace = stack.proven("grace").await;
    let path = format!("{}/{id}", invited.path());
    let revoke = || stack.api.delete(&path).token(&invited.owner.access).send();
    revoke().await.expect(204);
    revoke().await.expect(204);
    accept(&stack, &token, &grace)
        .await
        .expect(410)
        .problem("invitation-gone");
    let other = format!("{}/{}", invited.path(), InvitationId::new());
    stack
        .api
        .delete(&other)
        .token(&invited.owner.access)
        .send()
        .await
        .expect(404);
    stack.world.clock.advance(SignedDuration::from_mins(1));
    let again = invited.token(&stack, "grace@example.org").await;
    accept(&stack, &again, &grace).await.expect(200);
    let id = InvitationToken::parse(&again).unwrap().invitation();
    let path = format!("{}/{id}", invited.path());
    stack
        .api
        .delete(&path)
        .token(&invited.owner.access)
        .send()
        .await
        .expect(409)
        .problem("conflict");
}

#[tokio::test]
async fn or_06_guessed_and_tampered_tokens_name_nothing() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let token = invited.token(&stack, "grace@example.org").await;
    let grace = stack.proven("grace").await;
    let real = InvitationToken::parse(&token).unwrap();
    let guessed = InvitationToken::new(real.organization(), real.invitation())
        .unwrap()
        .reveal();
    let elsewhere = InvitationToken::new(OrganizationId::new(), real.invitation())
        .unwrap()
        .reveal();
    for wrong in [
        guessed.as_str(),
        elsewhere.as_str(),
        "junk",
        &token[..token.len() - 1],
    ] {
        accept(&stack, wrong, &grace)
            .await
            .expect(404)
            .problem("not-found");
    }
    accept(&stack, &token, &grace).await.expect(200);
}

#[tokio::test]
async fn or_06_one_open_invitation_per_address_and_none_for_members() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let racing =
        join_all((0..6).map(|_| invited.invite(&stack, "grace@example.org", "member"))).await;
    assert_eq!(racing.iter().filter(|reply| reply.status == 201).count(), 1);
    for lost in racing.into_iter().filter(|reply| reply.status != 201) {
        lost.expect(409).problem("already-invited");
    }
    let token = mailed(&stack).await;
    let grace = stack.proven("grace").await;
    stack
        .add(&invited.owner, invited.org, &grace, "member")
        .await
        .expect(201);
    accept(&stack, &token, &grace)
        .await
        .expect(409)
        .problem("already-member");
    invited
        .invite(&stack, "no address", "member")
        .await
        .expect(400)
        .problem("invalid-request");
}

#[tokio::test]
async fn or_06_a_repeated_key_invites_once() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let body = json!({"email": "grace@example.org", "role": "member"});
    let invite = || {
        let request = stack
            .api
            .post(&invited.path())
            .token(&invited.owner.access)
            .key("k");
        request.json(body.clone()).send()
    };
    let (first, again) = (invite().await.expect(201), invite().await.expect(201));
    assert_eq!(first.body, again.body);
    let types = stack.event_types().await;
    let sent = types
        .iter()
        .filter(|kind| *kind == "organization.invitation.created")
        .count();
    assert_eq!(sent, 1);
}

/// Letters to strangers are for people whose own address is known.
#[tokio::test]
async fn or_06_who_has_not_proved_the_own_address_invites_nobody_by_mail() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let invited = Invited { owner, org };
    let refused = invited.invite(&stack, "x@example.org", "member").await;
    refused.expect(403).problem("email-not-verified");
    let types = stack.event_types().await;
    assert!(
        !types
            .iter()
            .any(|kind| kind.starts_with("organization.invitation"))
    );
}

/// Inviting, withdrawing and inviting again sends no letter at will.
#[tokio::test]
async fn or_06_after_a_withdrawn_invitation_there_is_a_pause_that_grows() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let withdraw = async |invitation: &TestReply| {
        let path = format!(
            "{}/{}",
            invited.path(),
            invitation.body["id"].as_str().unwrap()
        );
        let request = stack.api.delete(&path).token(&invited.owner.access);
        request.send().await.expect(204);
    };
    let first = invited.invite(&stack, "grace@example.org", "member").await;
    withdraw(&first.expect(201)).await;
    for minutes in [1, 4] {
        let refused = invited.invite(&stack, "grace@example.org", "member").await;
        let refused = refused.expect(409).problem("already-invited");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert_eq!(wait, minutes * 60);
        stack
            .world
            .clock
            .advance(SignedDuration::from_secs(wait - 1));
        invited
            .invite(&stack, "grace@example.org", "member")
            .await
            .expect(409);
        stack.world.clock.advance(SignedDuration::from_secs(1));
        let again = invited.invite(&stack, "grace@example.org", "member").await;
        withdraw(&again.expect(201)).await;
    }
    // Nobody else waits.
    invited
        .invite(&stack, "eve@example.org", "member")
        .await
        .expect(201);
}

/// Who has many addresses to write to, or many organisations to write from, has
/// so many letters a day.
#[tokio::test]
async fn or_06_an_organisation_and_a_person_invite_so_many_a_day() {
    let stack = Stack::new().await;
    let invited = Invited::new(&stack).await;
    let elsewhere = Invited {
        org: stack.organization(&invited.owner, "second").await,
        owner: invited.owner.clone(),
    };
    let sent = plenary_auth::model::invitation::INVITATIONS_A_DAY;
    for at in 0..sent - 1 {
        let email = format!("p{at}@example.org");
        invited.invite(&stack, &email, "member").await.expect(201);
    }
    elsewhere
        .invite(&stack, "a@example.org", "member")
        .await
        .expect(201);
    for place in [&invited, &elsewhere] {
        let refused = place.invite(&stack, "b@example.org", "member").await;
        refused.expect(429).problem("too-many-invitations");
    }
    stack.world.clock.advance(SignedDuration::from_hours(24));
    let tokens = stack.refresh(&invited.owner.refresh).await.expect(200);
    let owner = Person {
        access: tokens.body["accessToken"].as_str().unwrap().into(),
        ..invited.owner.clone()
    };
    let tomorrow = Invited {
        owner,
        org: invited.org,
    };
    tomorrow
        .invite(&stack, "d@example.org", "member")
        .await
        .expect(201);
}

/// An administrator who is removed does not come back by an invitation to a
/// second account, sent before.
#[tokio::test]
async fn or_06_an_invitation_ends_with_the_right_to_send_it() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let mallory = stack.proven("mallory").await;
    let second = stack.proven("second").await;
    let third = stack.person("third").await;
    stack.add(&owner, org, &mallory, "admin").await.expect(201);
    let from_mallory = Invited {
        owner: mallory.clone(),
        org,
    };
    from_mallory
        .invite(&stack, "second@example.org", "admin")
        .await
        .expect(201);
    let token = mailed(&stack).await;
    let asked = stack.offer(&mallory, org, third.id, "organizer").await;
    // Demoted: what is below still holds nothing, since an organiser invites nobody.
    stack
        .change(&owner, org, &mallory, "organizer")
        .await
        .expect(200);
    accept(&stack, &token, &second)
        .await
        .expect(410)
        .problem("invitation-gone");
    stack.remove(&owner, org, &mallory).await.expect(204);
    for refused in [
        accept(&stack, &token, &second).await,
        stack.agree(&asked, &third).await,
    ] {
        refused.expect(410).problem("invitation-gone");
    }
    // Nobody comes back by an invitation of their own either.
    let path = format!("/v1/organizations/{org}/members");
    let list = stack.get(&path, &owner);
    assert_eq!(list.await.body["items"].as_array().unwrap().len(), 1);
}

/// The right is looked at by the commit too: who is removed in between lets
/// nobody in.
#[tokio::test]
async fn or_06_the_commit_of_an_acceptance_looks_at_the_inviter() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.member(&owner, org, "admin").await;
    let grace = stack.person("grace").await;
    let asked = stack
        .offer(&admin, org, grace.id, "admin")
        .await
        .expect(201);
    let id = asked.body["id"].as_str().unwrap().parse().unwrap();
    let store = &stack.app.store;
    let invitation = store.invitation(org, id).await.unwrap().unwrap();
    let organization = store.organization(org).await.unwrap().unwrap();
    let account = store.account(grace.id).await.unwrap().unwrap();
    let inviter = store.inviter(&invitation).await.unwrap().unwrap();
    let now = stack.world.clock.now();
    let member = Member::begin(org, grace.id, invitation.role, now, None);
    stack.remove(&owner, org, &admin).await.expect(204);
    let cx = cx();
    let accepted = store.accept_invitation(
        &cx,
        &organization,
        &invitation,
        inviter,
        &member,
        &account,
        Reply::no_content(),
    );
    assert_eq!(accepted.await.unwrap_err().kind().slug, "forbidden");
    assert!(store.member(org, grace.id).await.unwrap().is_none());
}
