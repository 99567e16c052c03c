//! B5, EV-05 to EV-09, EV-19 to EV-22: an organiser's day.

use reqwest::Method;
use serde_json::{Value, json};

use super::{about_to_end, mailed, patch, rates, scanned, ticket};
use crate::stack::{Person, Stack, draft, eventually, send, text};

/// Who works together.
struct Team {
    organization: Value,
    organiser: Person,
    approver: Person,
    door: Person,
}

impl Team {
    async fn gather(stack: &Stack) -> Self {
        let owner = stack.person("olga").await;
        let slug = format!("day-{}", &owner.id[20..]);
        let body = json!({"name": "Day Makers", "slug": slug, "eventApproval": true});
        let made = owner.post("/v1/organizations", &body).await.expect(201);
        let organization = made.body["id"].clone();
        let id = text(&made.body, "id");
        let mut joined = Vec::new();
        for (name, role) in [
            ("oskar", "organizer"),
            ("ada", "approver"),
            ("dora", "checkin"),
        ] {
            let person = stack.person(name).await;
            owner.takes_in(&person, id, role).await;
            joined.push(person);
        }
        let [organiser, approver, door] = joined.try_into().unwrap();
        Self {
            organization,
            organiser,
            approver,
            door,
        }
    }

    /// A draft at a known place, with tickets, questions and doors.
    async fn draft(&self) -> String {
        let venue = json!({"organizationId": self.organization, "name": "Old Mill",
            "city": "Potsdam", "country": "DE"});
        let venue = eventually("the organiser's role holds", || async {
            let answer = self.organiser.post("/v1/venues", &venue).await;
            (answer.status == 201).then_some(answer.body)
        })
        .await;
        let mut body = draft(
            json!({"organizationId": self.organization, "title": "A Long Day",
            "venueId": venue["id"], "capacity": 10}),
        );
        body.as_object_mut().unwrap().remove("venue");
        let made = self.organiser.post("/v1/events", &body).await.expect(201);
        assert_eq!(made.body["venue"]["name"], "Old Mill");
        let path = format!("/v1/events/{}", text(&made.body, "id"));
        let admission = json!({
            "ticketTypes": [{"id": "early", "name": "Early bird", "quota": 2},
                            {"id": "standard", "name": "Standard"}],
            "questions": [{"id": "diet", "label": "What do you eat?", "type": "choice",
                           "required": true, "options": ["everything", "plants"]}],
            "checkInLists": [{"id": "main_hall", "name": "Main hall"},
                             {"id": "breakfast", "name": "Breakfast", "ticketTypes": ["early"]}],
        });
        let set = self
            .organiser
            .request(Method::PUT, &format!("{path}/admission"));
        let set = set.header("if-match", "\"0\"").json(&admission);
        send(set).await.expect(200);
        path
    }

    /// From draft to published, past the approver.
    async fn publish(&self, path: &str) {
        let publish = format!("{path}/publish");
        let early = self.organiser.post(&publish, &json!({})).await;
        early.expect(409).problem("wrong-transition");
        let submit = format!("{path}/submit");
        eventually("the organisation's settings reach events", || async {
            let answer = self.organiser.post(&submit, &json!({})).await;
            (answer.status == 200).then_some(())
        })
        .await;
        self.approver.told("event.submitted").await;
        let note = json!({"note": "Looking forward to it."});
        let approve = format!("{path}/approve");
        self.approver.post(&approve, &note).await.expect(200);
        self.organiser.told("event.approved").await;
        let open = self.organiser.post(&publish, &json!({})).await;
        open.expect(200);
    }

    /// Two sessions that meet in one room, and do no longer.
    async fn programme(&self, path: &str) {
        let mut sessions = Vec::new();
        for (title, starts, ends) in [
            ("Mills", "2027-10-12T08:00:00Z", "2027-10-12T09:00:00Z"),
            ("Wheels", "2027-10-12T08:30:00Z", "2027-10-12T09:30:00Z"),
        ] {
            let parent = path.rsplit('/').next().unwrap();
            let mut body = draft(json!({"title": title, "parentId": parent, "room": "Attic",
                "startsAt": starts, "endsAt": ends}));
            body.as_object_mut().unwrap().remove("venue");
            let made = self.organiser.post("/v1/events", &body).await.expect(201);
            sessions.push(format!("/v1/events/{}", text(&made.body, "id")));
        }
        let clashes = async || {
            let clashes = format!("{path}/programme/clashes");
            let found = self.organiser.get(&clashes).await.expect(200).body;
            found["items"].as_array().unwrap().len()
        };
        assert_eq!(clashes().await, 1);
        let moved = json!({"room": "Cellar"});
        patch(&self.organiser, &sessions[1], &moved)
            .await
            .expect(200);
        assert_eq!(clashes().await, 0);
        let programme = format!("{path}/programme");
        let programme = self.organiser.get(&programme).await.expect(200).body;
        let titles: Vec<&Value> = programme["items"].as_array().unwrap().iter().collect();
        let titles: Vec<&Value> = titles.iter().map(|session| &session["title"]).collect();
        assert_eq!(titles, ["Mills", "Wheels"]);
    }

    /// One with an account, one with an address alone; the same list again
    /// changes nothing.
    async fn import(&self, stack: &Stack, path: &str, known: &Person, guest: &Person) {
        let csv = format!(
            "userId,email,name,ticketType,diet\n{},,,early,plants\n,{},Gina,standard,everything\n",
            known.id, guest.email
        );
        let import = format!("{path}/attendees/import");
        for (dry_run, registered) in [(true, 2), (false, 2), (false, 0)] {
            let body = json!({"csv": csv, "dryRun": dry_run});
            let report = self.organiser.post(&import, &body).await.expect(200).body;
            assert_eq!(report["registered"], registered, "{report}");
            assert_eq!(report["failed"], 0, "{report}");
        }
        known.told("registration.confirmed").await;
        mailed(stack, guest, "A Long Day").await;
    }

    /// Another time, which the approver has to see first.
    async fn change(&self, path: &str) {
        let proposed = patch(&self.organiser, path, &about_to_end()).await;
        let change = proposed.expect(202).body;
        assert!(change["diff"]["endsAt"]["to"].is_string(), "{change}");
        let read = self.organiser.get(path).await.expect(200).body;
        assert_eq!(read["endsAt"], "2027-10-12T15:00:00Z", "as approved");
        assert_eq!(read["changePending"], true);
        let approve = self
            .approver
            .request(Method::POST, &format!("{path}/change/approve"))
            .header("if-match", format!("\"{}\"", change["version"]));
        let approved = send(approve.json(&json!({}))).await.expect(200).body;
        assert_ne!(approved["endsAt"], "2027-10-12T15:00:00Z");
        let calendar = self.organiser.get(&format!("{path}.ics")).await.expect(200);
        let calendar = String::from_utf8_lossy(&calendar.bytes).into_owned();
        assert!(calendar.contains("SEQUENCE:1"), "{calendar}");
    }

    async fn export(&self, path: &str, what: &str) -> String {
        let exported = format!("{path}/exports/{what}");
        let exported = self.organiser.get(&exported).await.expect(200);
        String::from_utf8_lossy(&exported.bytes).into_owned()
    }
}

/// From the organisation to the last word of feedback.
#[tokio::test]
async fn ev_05_to_22_an_organisers_day() {
    let stack = Stack::up();
    let (team, fred) = (Team::gather(&stack).await, stack.person("fred").await);
    let (sina, gina) = (stack.person("sina").await, stack.person("gina").await);
    let path = &team.draft().await;
    fred.get(path).await.expect(404);
    team.publish(path).await;
    mailed(&stack, &team.organiser, "A Long Day").await;
    team.programme(path).await;
    team.import(&stack, path, &sina, &gina).await;

    let registrations = format!("{path}/registrations");
    let silent = fred
        .post(&registrations, &json!({"ticketType": "early"}))
        .await;
    silent.expect(400);
    let wish = json!({"ticketType": "early", "answers": {"diet": "everything"}});
    fred.post(&registrations, &wish).await.expect(201);
    fred.told("registration.confirmed").await;
    team.organiser.told("event.registrations").await;
    let admission = fred
        .get(&format!("{path}/admission"))
        .await
        .expect(200)
        .body;
    assert_eq!(
        admission["ticketTypes"][0]["available"], 0,
        "two early birds"
    );

    // The door knows its lists, and nobody else stands there.
    let shown = json!({"ticket": ticket(&fred, path).await, "list": "breakfast"});
    let door = |scan: Value| scanned(&team.door, path, scan);
    assert_eq!(door(shown.clone()).await, "admitted");
    assert_eq!(door(shown.clone()).await, "already-checked-in");
    let tickets = format!("{path}/registrations?limit=100");
    fred.get(&tickets).await.expect(403);
    fred.post(&format!("{path}/check-ins"), &shown)
        .await
        .expect(403);
    let hall = json!({"userId": sina.id, "list": "main_hall"});
    assert_eq!(door(hall).await, "admitted");

    team.change(path).await;
    rates(&fred, path, 5, "Good bread.").await;
    rates(&sina, path, 4, "").await;
    gina.put(&format!("{path}/feedback"), &json!({"rating": 1}))
        .await
        .expect(403);
    let said = team
        .organiser
        .get(&format!("{path}/feedback"))
        .await
        .expect(200);
    assert_eq!(
        (&said.body["count"], &said.body["average"]),
        (&json!(2), &json!(4.5))
    );
    assert!(!said.body.to_string().contains(&fred.id), "no names");

    let rows = team.export(path, "registrations").await;
    assert_eq!(rows.lines().count(), 4, "{rows}");
    assert!(rows.contains(&fred.id) && rows.contains("plants"), "{rows}");
    let scans = team.export(path, "check-ins").await;
    assert!(
        scans.contains("breakfast") && scans.contains("main_hall"),
        "{scans}"
    );
    let words = team.export(path, "feedback").await;
    assert!(
        words.contains("Good bread.") && !words.contains(&fred.id),
        "{words}"
    );
}
