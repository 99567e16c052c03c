use futures::future::join_all;
use serde_json::json;
use shared::{id::OrganizationId, principal::PlatformRole};

use crate::support::{Person, Stack};

#[tokio::test]
async fn or_01_an_organisation_is_created_read_and_listed() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let body = json!({"name": " Rust Conf ", "slug": "Rust-Conf", "eventApproval": true});
    let created = stack
        .api
        .post("/v1/organizations")
        .token(&owner.access)
        .json(body)
        .send()
        .await;
    let created = created.expect(201);
    let id = created.body["id"].as_str().unwrap().to_owned();
    assert_eq!(
        created.header("location"),
        format!("/v1/organizations/{id}")
    );
    assert_eq!(created.body["name"], "Rust Conf");
    assert_eq!(created.body["slug"], "rust-conf");
    assert_eq!(created.body["eventApproval"], true);
    assert_eq!(created.body["role"], "owner");
    let read = stack
        .get(&format!("/v1/organizations/{id}"), &owner)
        .await
        .expect(200);
    assert_eq!(read.body, created.body);
    assert_eq!(read.header("etag"), created.header("etag"));
    let list = stack.get("/v1/organizations", &owner).await.expect(200);
    assert_eq!(list.body, json!({"items": [read.body], "nextCursor": null}));
    let types = stack.event_types().await;
    assert_eq!(
        types[types.len() - 2..],
        ["organization.created", "organization.member.added"]
    );
    let event = stack.last_event("organization.created").await;
    let wanted = json!({"organizationId": id, "name": "Rust Conf", "slug": "rust-conf", "eventApproval": true});
    assert_eq!(event, wanted);
}

#[tokio::test]
async fn or_01_faults_are_named() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    for (body, pointer) in [
        (json!({"name": " ", "slug": "ok-slug"}), "/name"),
        (json!({"name": "x", "slug": "not a slug"}), "/slug"),
        (json!({"name": "x", "slug": "api"}), "/slug"),
        (
            json!({"name": "x", "slug": "ok-slug", "eventApproval": "yes"}),
            "/eventApproval",
        ),
        (
            json!({"name": "x", "slug": "ok-slug", "owner": "me"}),
            "/owner",
        ),
    ] {
        let reply = stack
            .api
            .post("/v1/organizations")
            .token(&owner.access)
            .json(body)
            .send()
            .await;
        let reply = reply.expect(400).problem("invalid-request");
        assert_eq!(reply.body["errors"][0]["pointer"], pointer);
    }
    stack
        .api
        .post("/v1/organizations")
        .json(json!({}))
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn or_01_a_slug_is_unique_also_among_racing_requests() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let other = stack.person("other").await;
    let body = json!({"name": "x", "slug": "rust-conf"});
    let attempts = (0..10).map(|i| {
        let who = if i % 2 == 0 { &owner } else { &other };
        stack
            .api
            .post("/v1/organizations")
            .token(&who.access)
            .json(body.clone())
            .send()
    });
    let replies = join_all(attempts).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for lost in replies.into_iter().filter(|reply| reply.status != 201) {
        lost.expect(409).problem("slug-taken");
    }
}

#[tokio::test]
async fn xc_05_a_repeated_key_creates_one_organisation() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let create = |slug: &str, key: &str| {
        let body = json!({"name": "Rust Conf", "slug": slug});
        stack
            .api
            .post("/v1/organizations")
            .token(&owner.access)
            .key(key)
            .json(body)
            .send()
    };
    let racing = join_all((0..8).map(|_| create("rust-conf", "k1"))).await;
    let first = racing[0].clone().expect(201);
    for reply in &racing {
        assert_eq!((reply.status, &reply.body), (first.status, &first.body));
    }
    let replay = create("rust-conf", "k1").await.expect(201);
    assert_eq!(replay.header("idempotency-replayed"), "true");
    assert_eq!(replay.header("etag"), first.header("etag"));
    create("other-conf", "k1")
        .await
        .expect(422)
        .problem("idempotency-key-reused");
    let list = stack.get("/v1/organizations", &owner).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let types = stack.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|kind| *kind == "organization.created")
            .count(),
        1
    );
}

#[tokio::test]
async fn or_01_a_change_needs_the_version_that_was_read() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let id = stack.organization(&owner, "rust-conf").await;
    let target = format!("/v1/organizations/{id}");
    let patch = |etag: &str, body: serde_json::Value| {
        let request = stack
            .api
            .patch(&target)
            .token(&owner.access)
            .header("content-type", "application/merge-patch+json");
        let request = if etag.is_empty() {
            request
        } else {
            request.header("if-match", etag)
        };
        request.json(body).send()
    };
    patch("", json!({"name": "y"}))
        .await
        .expect(428)
        .problem("precondition-required");
    let etag = stack.get(&target, &owner).await.header("etag").to_owned();
    let changed = patch(&etag, json!({"name": "Rust Conf", "eventApproval": true}))
        .await
        .expect(200);
    assert_eq!(changed.body["name"], "Rust Conf");
    assert_eq!(changed.body["slug"], "rust-conf");
    let read = stack.get(&target, &owner).await.expect(200);
    assert_eq!(read.header("etag"), changed.header("etag"));
    assert_eq!(read.body, changed.body);
    patch(&etag, json!({"name": "z"}))
        .await
        .expect(412)
        .problem("version-conflict");
    let event = stack.last_event("organization.updated").await;
    assert_eq!(event["eventApproval"], true);
    patch(changed.header("etag"), json!({"name": null}))
        .await
        .expect(400);
    patch(changed.header("etag"), json!({"id": "x"}))
        .await
        .expect(400);
    // Of two writers with the same version one wins.
    let etag = changed.header("etag");
    let (a, b) = tokio::join!(
        patch(etag, json!({"name": "a"})),
        patch(etag, json!({"name": "b"}))
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn or_01_a_new_slug_frees_the_old_one() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let id = stack.organization(&owner, "first").await;
    stack.organization(&owner, "second").await;
    let patch = |slug: &str| {
        let path = format!("/v1/organizations/{id}");
        let request = stack
            .api
            .patch(&path)
            .token(&owner.access)
            .header("if-match", "*");
        request.json(json!({"slug": slug})).send()
    };
    patch("second").await.expect(409).problem("slug-taken");
    patch("third").await.expect(200);
    stack.organization(&owner, "first").await;
}

/// OR-04, OR-05: nobody outside sees or touches anything; lower roles get 403.
#[tokio::test]
async fn or_04_other_tenants_get_404_and_lower_roles_403_on_every_route() {
    let stack = Stack::new().await;
    let owner = stack.proven("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let plain = stack.member(&owner, org, "member").await;
    let stranger = stack.person("stranger").await;
    stack.organization(&stranger, "their-own").await;
    let former = stack.member(&owner, org, "admin").await;
    stack.remove(&owner, org, &former).await.expect(204);
    let invitation = json!({"email": "x@example.org", "role": "member"});
    let base = format!("/v1/organizations/{org}");
    let invited = stack
        .api
        .post(&format!("{base}/invitations"))
        .token(&owner.access)
        .json(invitation.clone())
        .send()
        .await
        .expect(201);
    let invited = invited.body["id"].as_str().unwrap().to_owned();
    let change = json!({"role": "member"});
    let add = json!({"userId": stranger.id, "role": "member"});
    // (method, path, body, what a plain member gets)
    let routes = [
        ("GET", base.clone(), None, 200),
        ("PATCH", base.clone(), Some(json!({"name": "x"})), 403),
        ("DELETE", base.clone(), None, 403),
        ("GET", format!("{base}/members"), None, 200),
        ("POST", format!("{base}/members"), Some(add), 403),
        (
            "PATCH",
            format!("{base}/members/{}", owner.id),
            Some(change),
            403,
        ),
        ("DELETE", format!("{base}/members/{}", owner.id), None, 403),
        ("GET", format!("{base}/invitations"), None, 403),
        ("POST", format!("{base}/invitations"), Some(invitation), 403),
        ("DELETE", format!("{base}/invitations/{invited}"), None, 403),
    ];
    let before = stack.everything().await.len();
    for (method, path, body, lower) in &routes {
        let send = |who: Option<&Person>| {
            let method = method.parse().unwrap();
            let request = stack.api.request(method, path).header("if-match", "*");
            let request = who
                .into_iter()
                .fold(request, |request, who| request.token(&who.access));
            match body {
                Some(body) => request.json(body.clone()).send(),
                None => request.send(),
            }
        };
        send(None).await.expect(401).problem("unauthenticated");
        for outsider in [&stranger, &former] {
            let reply = send(Some(outsider)).await.expect(404).problem("not-found");
            assert!(!reply.text.contains("rust-conf"), "{method} {path}");
        }
        let reply = send(Some(&plain)).await;
        assert_eq!(
            reply.status.as_u16(),
            *lower,
            "{method} {path}: {}",
            reply.text
        );
    }
    // What does not exist looks the same.
    let reply = stack
        .get(
            &format!("/v1/organizations/{}", OrganizationId::new()),
            &stranger,
        )
        .await;
    reply.expect(404).problem("not-found");
    stack
        .get("/v1/organizations/nonsense", &stranger)
        .await
        .expect(404);
    let list = stack.get("/v1/organizations", &stranger).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    // Rate limits are counted, nothing else was written.
    assert_eq!(stack.everything().await.len(), before);
}

#[tokio::test]
async fn au_26_an_administrator_of_the_platform_reaches_every_organisation() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    let org = stack.organization(&owner, "rust-conf").await;
    let admin = stack.world.platform(PlatformRole::Admin).await;
    let path = format!("/v1/organizations/{org}");
    stack.api.get(&path).bearer(&admin).send().await.expect(200);
    let change = stack
        .api
        .patch(&path)
        .bearer(&admin)
        .header("if-match", "*");
    change
        .json(json!({"name": "Renamed"}))
        .send()
        .await
        .expect(200);
    let moderator = stack.world.platform(PlatformRole::Moderator).await;
    stack
        .api
        .get(&path)
        .bearer(&moderator)
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn or_01_the_list_is_bounded_and_goes_on_by_cursor() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    for slug in ["one", "two", "three"] {
        stack.organization(&owner, slug).await;
    }
    let page = stack
        .get("/v1/organizations?limit=2", &owner)
        .await
        .expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 2);
    let cursor = page.body["nextCursor"].as_str().unwrap();
    let rest = stack
        .get(
            &format!("/v1/organizations?limit=2&cursor={cursor}"),
            &owner,
        )
        .await;
    assert_eq!(rest.expect(200).body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn or_02_nobody_is_in_more_organisations_than_a_request_can_carry() {
    let stack = Stack::new().await;
    let owner = stack.person("owner").await;
    for i in 0..100 {
        stack.organization(&owner, &format!("org-{i}")).await;
    }
    let create = |slug: &str| {
        let body = json!({"name": "x", "slug": slug});
        stack
            .api
            .post("/v1/organizations")
            .token(&owner.access)
            .json(body)
            .send()
    };
    create("one-too-many")
        .await
        .expect(409)
        .problem("too-many-organizations");
    // Nor can others make it so.
    let other = stack.person("other").await;
    let org = stack.organization(&other, "trap").await;
    stack
        .add(&other, org, &owner, "member")
        .await
        .expect(409)
        .problem("too-many-organizations");
    let me = stack.get("/v1/users/me", &owner).await.expect(200);
    assert_eq!(me.body["organizations"].as_array().unwrap().len(), 100);
}
