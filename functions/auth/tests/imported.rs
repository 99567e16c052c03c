//! Accounts that came with the hashes of another system (AU-13).

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use futures::future::join_all;
use plenary_auth::{
    leaving::Admission,
    model::{account::Credential, session::Method},
    store::Spent,
};
use serde_json::json;
use shared::{
    commit::Commit,
    id::UserId,
    problem::VERSION_CONFLICT,
    testing::{TestReply, cx},
};

use crate::support::{Person, Stack, comparable};

/// Shorter than what may be chosen here: it was chosen elsewhere.
const OLD: &str = "Tr0ub4dor&3";

async fn imported(stack: &Stack, name: &str, hash: &str) -> Person {
    let person = stack.person(name).await;
    let before = credential(stack, person.id).await;
    let mut commit = Commit::new(stack.world.table(), &cx());
    commit.replace(&Credential {
        hash: hash.to_owned(),
        ..before
    });
    commit.execute().await.unwrap();
    person
}

async fn credential(stack: &Stack, id: UserId) -> Credential {
    stack.app.store.credential(id).await.unwrap().unwrap()
}

async fn login(stack: &Stack, person: &Person, password: &str) -> TestReply {
    let body = json!({"email": person.email, "password": password});
    stack.api.post("/v1/auth/login").json(body).send().await
}

fn bcrypted(version: bcrypt::Version) -> String {
    let parts = bcrypt::hash_with_salt(OLD, 4, *b"sixteen bytes of").unwrap();
    parts.format_for_version(version)
}

fn is_ours(credential: &Credential) -> bool {
    credential
        .hash
        .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
}

#[tokio::test]
async fn au_13_an_imported_bcrypt_hash_is_argon2id_after_the_first_sign_in() {
    let stack = Stack::new().await;
    for (name, version) in [
        ("a", bcrypt::Version::TwoA),
        ("b", bcrypt::Version::TwoB),
        ("y", bcrypt::Version::TwoY),
    ] {
        let person = imported(&stack, name, &bcrypted(version)).await;
        let before = credential(&stack, person.id).await;
        login(&stack, &person, "Tr0ub4dor&4").await.expect(401);
        assert_eq!(credential(&stack, person.id).await.hash, before.hash);
        login(&stack, &person, OLD).await.expect(200);
        let after = credential(&stack, person.id).await;
        assert!(is_ours(&after), "{}", after.hash);
        assert_eq!(after.version, before.version + 1);
        assert_eq!(
            after.changed_at, before.changed_at,
            "it is the same password"
        );
        login(&stack, &person, OLD).await.expect(200);
        login(&stack, &person, "Tr0ub4dor&4").await.expect(401);
        assert_eq!(credential(&stack, person.id).await.hash, after.hash);
    }
}

#[tokio::test]
async fn au_13_weaker_argon2_hashes_are_renewed_too() {
    let stack = Stack::new().await;
    let params = Params::new(4096, 3, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = weak.hash_password(OLD.as_bytes()).unwrap().to_string();
    let person = imported(&stack, "ada", &hash).await;
    login(&stack, &person, OLD).await.expect(200);
    assert!(is_ours(&credential(&stack, person.id).await));
    login(&stack, &person, OLD).await.expect(200);
}

#[tokio::test]
async fn au_13_racing_first_sign_ins_all_succeed_and_one_renews() {
    let stack = Stack::new().await;
    let person = imported(&stack, "ada", &bcrypted(bcrypt::Version::TwoB)).await;
    let before = credential(&stack, person.id).await;
    for reply in join_all((0..8).map(|_| login(&stack, &person, OLD))).await {
        reply.expect(200);
    }
    let after = credential(&stack, person.id).await;
    assert!(is_ours(&after));
    assert_eq!(after.version, before.version + 1);
}

/// The renewed hash and the session are one commit: if either cannot be, neither is.
#[tokio::test]
async fn au_13_a_password_that_was_changed_meanwhile_is_not_brought_back() {
    let stack = Stack::new().await;
    let person = imported(&stack, "ada", &bcrypted(bcrypt::Version::TwoB)).await;
    let stale = credential(&stack, person.id).await;
    let account = stack.app.store.account(person.id).await.unwrap().unwrap();
    let mut commit = Commit::new(stack.world.table(), &cx());
    commit.replace(&Credential {
        hash: "changed".to_owned(),
        ..stale.clone()
    });
    commit.execute().await.unwrap();
    let renewed = Credential {
        hash: "renewed".to_owned(),
        ..stale
    };
    let spent = Spent {
        credential: Some(renewed),
        ..Spent::default()
    };
    let problem = stack
        .app
        .sign_in(&cx(), account, Admission::Full, &[Method::Password], spent)
        .await
        .unwrap_err();
    assert_eq!(*problem.kind(), VERSION_CONFLICT);
    assert_eq!(credential(&stack, person.id).await.hash, "changed");
    let list = stack.get("/v1/auth/sessions", &person).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn au_13_a_hash_that_cannot_be_checked_is_nobodys_and_a_letter_helps() {
    let stack = Stack::new().await;
    let person = imported(
        &stack,
        "ada",
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    )
    .await;
    let refused = login(&stack, &person, OLD)
        .await
        .expect(401)
        .problem("invalid-credentials");
    let stranger = Person {
        email: "eve@example.org".to_owned(),
        ..person.clone()
    };
    let unknown = login(&stack, &stranger, OLD).await.expect(401);
    assert_eq!(comparable(&refused), comparable(&unknown));
    let body = json!({"email": person.email});
    stack
        .api
        .post("/v1/auth/forgot-password")
        .json(body)
        .send()
        .await
        .expect(202);
    let token = stack.mailed("reset-password").await;
    let body = json!({"token": token, "newPassword": crate::support::PASSWORD});
    stack
        .api
        .post("/v1/auth/reset-password")
        .json(body)
        .send()
        .await
        .expect(204);
    login(&stack, &person, crate::support::PASSWORD)
        .await
        .expect(200);
}

/// Whoever changes an imported password is asked for the old one.
#[tokio::test]
async fn au_13_au_31_an_imported_password_can_be_changed() {
    let stack = Stack::new().await;
    let person = imported(&stack, "ada", &bcrypted(bcrypt::Version::TwoY)).await;
    let change = |current: &str| {
        let body = json!({"currentPassword": current, "newPassword": crate::support::PASSWORD});
        let request = stack.api.post("/v1/auth/change-password");
        request.token(&person.access).json(body).send()
    };
    change("wrong").await.expect(400).problem("invalid-request");
    change(OLD).await.expect(204);
    assert!(is_ours(&credential(&stack, person.id).await));
}
