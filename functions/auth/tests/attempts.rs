//! B1-10, GW-06: limits on what anybody may try, per address and per account.

use futures::future::join_all;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    limit::{Policies, Policy},
    testing::{TestReply, World},
};

use crate::support::{PASSWORD, Person, Stack, comparable};

const FREE: u32 = 4;

async fn limited(ip_auth: u32) -> Stack {
    let policy = |name, quota, window| Policy {
        name,
        quota,
        window,
    };
    let policies = Policies {
        principal: policy("principal", 1000, 60),
        ip_auth: policy("ip-auth", ip_auth, 900),
        ip: policy("ip", 1000, 60),
        account: policy("account", FREE, 900),
        ..Policies::default()
    };
    Stack::with(World::limited("auth", policies).await, |_| ())
}

/// An address that nobody had before.
fn strange() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0xc633_6400);
    std::net::Ipv4Addr::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_string()
}

/// An operation for everybody that takes or gives credentials.
#[derive(Debug)]
struct Open {
    method: Method,
    path: String,
    /// Whether its body names an account by its address.
    names_account: bool,
}

/// From the description, so that a new route falls under the test by itself.
fn open_credential_routes() -> Vec<Open> {
    let document = serde_json::to_value(plenary_auth::openapi()).unwrap();
    let keyless: Value = serde_json::to_value({
        let mut openapi = plenary_auth::routes::credentials();
        openapi.get_openapi_mut().clone()
    })
    .unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if keyless["paths"].get(path).is_none() {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([{}]) {
                continue;
            }
            assert!(operation["responses"].get("429").is_some(), "{path}");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().unwrap_or_default();
            let body = document.pointer(name.trim_start_matches('#'));
            all.push(Open {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{token}", "junk"),
                names_account: body.is_some_and(|body| !body["properties"]["email"].is_null()),
            });
        }
    }
    all
}

fn send(stack: &Stack, route: &Open, from: &str, body: &Value) -> impl Future<Output = TestReply> {
    let request = stack.api.request(route.method.clone(), &route.path);
    let request = request.from_ip(from);
    if route.method == Method::GET {
        request.send()
    } else {
        request.json(body.clone()).send()
    }
}

#[tokio::test]
async fn gw_06_b1_10_every_anonymous_credential_route_is_limited_per_address_and_per_account() {
    let routes = open_credential_routes();
    let naming = |route: &&Open| route.names_account;
    assert!(routes.len() >= 12, "{routes:?}");
    assert!(routes.iter().filter(naming).count() >= 4, "{routes:?}");
    for route in &routes {
        let stack = limited(6).await;
        let from = strange();
        for left in (0..6).rev() {
            let reply = send(&stack, route, &from, &json!({})).await;
            assert_ne!(reply.status, 429, "{route:?}");
            let seen = reply.header("ratelimit");
            assert!(
                seen.starts_with(&format!("\"ip-auth\";r={left};t=")),
                "{route:?}: {seen}"
            );
        }
        let refused = send(&stack, route, &from, &json!({})).await;
        let refused = refused.expect(429).problem("quota-exceeded");
        assert_eq!(refused.body["violated-policies"], json!(["ip-auth"]));
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
        assert_ne!(
            send(&stack, route, &strange(), &json!({})).await.status,
            429
        );
    }
    for route in routes.iter().filter(naming) {
        let stack = limited(1000).await;
        stack.person("known").await;
        let mut answers = Vec::new();
        for email in ["known@example.org", "unknown@example.org"] {
            // Whatever the body says besides, and however the address is written.
            let body = json!({"email": email.to_uppercase(), "password": "wrong"});
            for left in (0..FREE).rev() {
                let reply = send(&stack, route, &strange(), &body).await;
                assert_ne!(reply.status, 429, "{route:?}");
                assert_eq!(
                    reply.header("ratelimit-policy"),
                    format!("\"ip-auth\";q=1000;w=900, \"account\";q={FREE};w=900")
                );
                let seen = reply.header("ratelimit").to_owned();
                assert!(
                    seen.contains(&format!(", \"account\";r={left};t=")),
                    "{route:?}: {seen}"
                );
            }
            let body = json!({"email": email, "password": "wrong"});
            let refused = send(&stack, route, &strange(), &body).await;
            let refused = refused.expect(429).problem("quota-exceeded");
            assert_eq!(refused.body["violated-policies"], json!(["account"]));
            let visible = [
                "retry-after",
                "ratelimit",
                "ratelimit-policy",
                "www-authenticate",
            ];
            let visible = visible.map(|name| refused.header(name).to_owned());
            answers.push((comparable(&refused), visible));
        }
        assert_eq!(
            answers[0], answers[1],
            "known and unknown look the same: {route:?}"
        );
    }
}

/// Whatever everybody may call has a limit per address and says so; what takes
/// or gives tokens a generous one, and one for the token or client besides.
#[tokio::test]
async fn gw_06_b1_10_every_anonymous_route_shows_its_limits() {
    let document = serde_json::to_value(plenary_auth::openapi()).unwrap();
    let paths = |router: utoipa_axum::router::OpenApiRouter<plenary_auth::App>| {
        let mut router = router;
        router.get_openapi_mut().paths.paths.clone()
    };
    let (credentials, tokens) = (
        paths(plenary_auth::routes::credentials()),
        paths(plenary_auth::routes::tokens()),
    );
    let stack = Stack::with(World::limited("auth", Policies::default()).await, |_| ());
    let mut seen = [0; 3];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([{}]) && !tokens.contains_key(path) {
                continue;
            }
            let (class, wanted) = if credentials.contains_key(path) {
                (0, "\"ip-auth\";q=100;w=900")
            } else if tokens.contains_key(path) {
                (1, "\"ip-token\";q=3000;w=60")
            } else {
                (2, "\"ip\";q=300;w=60")
            };
            let route = Open {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{token}", "junk"),
                names_account: false,
            };
            let reply = send(&stack, &route, &strange(), &json!({})).await;
            assert_eq!(reply.header("ratelimit-policy"), wanted, "{path}");
            seen[class] += 1;
        }
    }
    assert!(seen[0] >= 12 && seen[1] == 4 && seen[2] >= 4, "{seen:?}");
}

async fn tokens_limited(ip_token: u32, token: u32) -> Stack {
    let policy = |name, quota| Policy {
        name,
        quota,
        window: 60,
    };
    let policies = Policies {
        ip_auth: policy("ip-auth", 2),
        ip_token: policy("ip-token", ip_token),
        token: policy("token", token),
        ..Policies::default()
    };
    Stack::with(World::limited("auth", policies).await, |_| ())
}

fn form<'a>(stack: &'a Stack, path: &str, body: &str) -> impl Future<Output = TestReply> + 'a {
    stack
        .api
        .post(path)
        .from_ip("192.0.2.1")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
}

/// Thousands of people share the address of a venue.
#[tokio::test]
async fn gw_06_a_venue_behind_one_address_goes_on_with_its_sessions() {
    let stack = tokens_limited(1000, 3).await;
    let mut people = Vec::new();
    for at in 0..20 {
        people.push(stack.person(&format!("p{at}")).await);
    }
    let refresh = |token: &str| {
        let body = json!({"refreshToken": token});
        let request = stack.api.post("/v1/auth/refresh").from_ip("192.0.2.1");
        request.json(body).send()
    };
    for person in &people {
        refresh(&person.refresh).await.expect(200);
    }
    // One session counts by itself, through all generations of its token.
    let mut token = people[0].refresh.clone();
    for _ in 0..2 {
        let reply = refresh(&token).await.expect(200);
        token = reply.body["refreshToken"].as_str().unwrap().to_owned();
    }
    let refused = refresh(&token).await.expect(429).problem("quota-exceeded");
    assert_eq!(refused.body["violated-policies"], json!(["token"]));
    refresh(&people[1].refresh).await;
}

/// A stranger who knows the id of a client cannot use up what it has.
#[tokio::test]
async fn gw_06_a_client_counts_with_its_secret_and_an_address_as_a_whole() {
    let stack = tokens_limited(12, 3).await;
    for path in ["/v1/auth/token", "/v1/auth/introspect", "/v1/auth/revoke"] {
        let body =
            format!("grant_type=client_credentials&client_id=svc_x&client_secret={path}&token=x");
        for _ in 0..3 {
            assert_ne!(form(&stack, path, &body).await.status, 429, "{path}");
        }
        let refused = form(&stack, path, &body).await.expect(429);
        assert_eq!(
            refused.body["violated-policies"],
            json!(["token"]),
            "{path}"
        );
    }
    // Another secret has another bucket, until the address has none.
    let other = "grant_type=client_credentials&client_id=svc_x&client_secret=other";
    let refused = form(&stack, "/v1/auth/token", other).await.expect(429);
    assert_eq!(refused.body["violated-policies"], json!(["ip-token"]));
}

fn login<'a>(
    stack: &'a Stack,
    email: &str,
    password: &str,
    from: &str,
) -> impl Future<Output = TestReply> + 'a {
    let body = json!({"email": email, "password": password});
    stack
        .api
        .post("/v1/auth/login")
        .from_ip(from)
        .json(body)
        .send()
}

/// Somebody who guesses until each attempt must wait.
async fn besiege(stack: &Stack, email: &str) {
    for _ in 0..FREE {
        login(stack, email, "wrong", &strange()).await.expect(401);
    }
    login(stack, email, "wrong", &strange()).await.expect(429);
}

async fn registered(stack: &Stack, home: &str) -> Person {
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let request = stack.api.post("/v1/auth/register").from_ip(home).json(body);
    let ada = Person::of(&request.send().await.expect(201));
    login(stack, &ada.email, PASSWORD, home).await.expect(200);
    ada
}

#[tokio::test]
async fn b1_10_the_right_password_begins_anew_and_delays_end() {
    let stack = limited(1000).await;
    let ada = registered(&stack, "192.0.2.1").await;
    for _ in 0..3 {
        for _ in 1..FREE {
            login(&stack, &ada.email, "wrong", &strange())
                .await
                .expect(401);
        }
        login(&stack, &ada.email, PASSWORD, &strange())
            .await
            .expect(200);
    }
    besiege(&stack, &ada.email).await;
    let refused = login(&stack, &ada.email, PASSWORD, &strange())
        .await
        .expect(429);
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!(wait < 5, "the first delay is short: {wait}");
    stack.world.clock.advance(SignedDuration::from_secs(wait));
    login(&stack, &ada.email, PASSWORD, &strange())
        .await
        .expect(200);
}

/// No lock-out of the victim: at home, and on every device that is signed in,
/// nothing is felt of who guesses elsewhere.
#[tokio::test]
async fn b1_10_the_owner_is_not_locked_out_by_a_stranger() {
    let stack = limited(1000).await;
    let home = "192.0.2.1";
    let ada = registered(&stack, home).await;
    besiege(&stack, &ada.email).await;
    for _ in 0..10 {
        login(&stack, &ada.email, PASSWORD, home).await.expect(200);
        login(&stack, &ada.email, PASSWORD, &strange())
            .await
            .expect(429);
    }
    stack.refresh(&ada.refresh).await.expect(200);
    stack.get("/v1/users/me", &ada).await.expect(200);
    // Elsewhere a letter opens.
    let hotel = strange();
    login(&stack, &ada.email, PASSWORD, &hotel)
        .await
        .expect(429);
    let post = |path: &str, body: Value| stack.api.post(path).from_ip(&hotel).json(body).send();
    post("/v1/auth/forgot-password", json!({"email": ada.email}))
        .await
        .expect(202);
    let token = stack.mailed("reset-password").await;
    let chosen = "a quite different teapot";
    post(
        "/v1/auth/reset-password",
        json!({"token": token, "newPassword": chosen}),
    )
    .await
    .expect(204);
    login(&stack, &ada.email, chosen, &hotel).await.expect(200);
}

#[tokio::test]
async fn b1_10_racing_guesses_from_many_addresses_get_no_more_than_their_number() {
    let stack = limited(1000).await;
    stack.person("ada").await;
    let guesses =
        (0..40).map(|_| async { login(&stack, "ada@example.org", "wrong", &strange()).await });
    let replies = join_all(guesses).await;
    let judged = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!(judged, FREE as usize);
    assert!(
        replies
            .iter()
            .all(|reply| reply.status == 401 || reply.status == 429)
    );
}

/// A thief with a token guesses no passwords either.
#[tokio::test]
async fn b1_10_asking_the_password_again_is_counted_per_account() {
    let stack = limited(1000).await;
    let ada = registered(&stack, "192.0.2.1").await;
    for (path, body) in [
        (
            "/v1/auth/change-password",
            json!({"currentPassword": "wrong", "newPassword": "a quite different teapot"}),
        ),
        (
            "/v1/auth/change-email",
            json!({"currentPassword": "wrong", "newEmail": "b@example.org"}),
        ),
    ] {
        let change = || {
            let request = stack.api.post(path).token(&ada.access).from_ip(&strange());
            request.json(body.clone()).send()
        };
        for _ in 0..FREE {
            change().await.expect(400);
        }
        change().await.expect(429).problem("quota-exceeded");
    }
}

#[tokio::test]
async fn b1_10_the_counts_hold_no_address() {
    let stack = limited(1000).await;
    let ada = registered(&stack, "192.0.2.77").await;
    login(&stack, &ada.email, "wrong", "192.0.2.78")
        .await
        .expect(401);
    let table = shared::table::Table::clone(stack.world.core.limiter.table());
    let kept = format!("{:?}", stack.world.db.items(&table).await);
    assert!(kept.contains("ATTEMPTS"));
    assert!(!kept.contains("ada@") && !kept.contains(&ada.id.to_string()));
}

/// RFC 6177: whoever has one IPv6 address has all of its network.
#[tokio::test]
async fn gw_06_all_addresses_of_an_ipv6_network_are_one() {
    let stack = limited(3).await;
    let send = |ip: &str| {
        stack
            .api
            .post("/v1/auth/login")
            .from_ip(ip)
            .json(json!({}))
            .send()
    };
    for ip in ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"] {
        send(ip).await.expect(400);
    }
    send("2001:db8:1:2:3:4:5:6").await.expect(429);
    send("2001:db8:1:3::1").await.expect(400);
    for _ in 0..3 {
        send("::ffff:192.0.2.1").await.expect(400);
    }
    send("192.0.2.1").await.expect(429);
    send("192.0.2.2").await.expect(400);
}
