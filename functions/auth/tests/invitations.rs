use futures::future::join_all;
use jiff::SignedDuration;
use plenary_auth::{
    model::token::InvitationToken,
    sealer::{Purpose, Sealer as _},
};
use serde_json::json;
use shared::{
    digest::from_base64url,
    id::{InvitationId, OrganizationId},
    testing::TestReply,
};

use crate::support::{Person, Stack};

struct Invited {
    owner: Person,
    org: OrganizationId,
}

impl Invited {
    async fn new(stack: &Stack) -> Self {
        let owner = stack.person("owner").await;
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
