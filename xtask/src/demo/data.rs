//! Who is in the demo, and what they attend.

use serde_json::{Value, json};

/// The password of every demo account. It opens nothing but a cloud on loopback.
pub const PASSWORD: &str = "meet me in the plenary";

/// A person with a networking profile.
pub struct Person {
    /// Full name; the address is made from its first word.
    pub name: &'static str,
    /// Where they work.
    pub company: &'static str,
    headline: &'static str,
    business_type: &'static str,
    company_size: &'static str,
    roles: &'static [&'static str],
    industries: &'static [&'static str],
    offers: &'static [&'static str],
    looking_for: &'static [&'static str],
    goals: &'static [&'static str],
}

impl Person {
    /// The address that they sign in with.
    pub fn email(&self) -> String {
        let first = self.name.split(' ').next().unwrap_or(self.name);
        format!("{}@plenary.example", first.to_lowercase())
    }

    /// The networking profile.
    pub fn profile(&self) -> Value {
        json!({
            "headline": self.headline,
            "company": self.company,
            "businessType": self.business_type,
            "companySize": self.company_size,
            "roles": self.roles,
            "industries": self.industries,
            "offers": self.offers,
            "lookingFor": self.looking_for,
            "goals": self.goals,
        })
    }
}

/// An event of the conference.
pub struct Session {
    /// Its title.
    pub title: &'static str,
    /// Days after the first.
    pub day: i64,
    /// Local hour and minute.
    pub starts: (i8, i8),
    /// Local hour and minute.
    pub ends: (i8, i8),
    description: &'static str,
    tags: &'static [&'static str],
    capacity: u32,
    price_minor: u32,
}

impl Session {
    /// The event without its times and owner.
    pub fn event(&self) -> Value {
        json!({
            "title": self.title,
            "description": self.description,
            "tags": self.tags,
            "capacity": self.capacity,
            "price": {"amountMinor": self.price_minor, "currency": "CHF"},
            "venue": {
                "name": "Kongresshaus",
                "address": "Gotthardstrasse 5, 8002 Zürich",
                "city": "Zürich",
                "coordinates": {"lat": 47.3656, "lng": 8.5359},
            },
        })
    }
}

/// Index of the owner of the organisation.
pub const ORGANIZER: usize = 0;
/// Index of the one who approves.
pub const APPROVER: usize = 1;

/// Everybody.
pub const PEOPLE: &[Person] = &[
    Person {
        name: "Olivia Brandt",
        company: "Plenary Conf",
        headline: "Runs conferences that people remember",
        business_type: "events",
        company_size: "11-50",
        roles: &["conference organiser"],
        industries: &["events", "software"],
        offers: &["speaking slots", "sponsorship"],
        looking_for: &["speakers", "sponsors"],
        goals: &["partnerships"],
    },
    Person {
        name: "Amir Haddad",
        company: "Plenary Conf",
        headline: "Curates the programme",
        business_type: "events",
        company_size: "11-50",
        roles: &["programme chair"],
        industries: &["events", "software"],
        offers: &["feedback on talks"],
        looking_for: &["speakers"],
        goals: &["learning"],
    },
    Person {
        name: "Chloe Martin",
        company: "Lumen Labs",
        headline: "Builds search that runs on nothing",
        business_type: "startup",
        company_size: "2-10",
        roles: &["founder", "backend developer"],
        industries: &["software", "search"],
        offers: &["rust expertise"],
        looking_for: &["seed funding", "design partners"],
        goals: &["raising money", "hiring"],
    },
    Person {
        name: "Daniel Okafor",
        company: "Harbour Ventures",
        headline: "First cheques for developer tools",
        business_type: "investor",
        company_size: "11-50",
        roles: &["investor"],
        industries: &["venture capital", "developer tools"],
        offers: &["seed funding", "introductions"],
        looking_for: &["founders", "developer tools"],
        goals: &["investing"],
    },
    Person {
        name: "Elena Rossi",
        company: "Politecnico di Milano",
        headline: "Researches consensus without clocks",
        business_type: "university",
        company_size: "1001-5000",
        roles: &["researcher"],
        industries: &["distributed systems", "education"],
        offers: &["research partnership", "mentoring"],
        looking_for: &["industry partners"],
        goals: &["partnerships", "learning"],
    },
    Person {
        name: "Farid Rahman",
        company: "Northwind Bank",
        headline: "Moves a core bank to serverless",
        business_type: "enterprise",
        company_size: "5001+",
        roles: &["cloud architect"],
        industries: &["banking", "cloud"],
        offers: &["case studies"],
        looking_for: &["rust expertise", "serverless consultants"],
        goals: &["hiring", "learning"],
    },
    Person {
        name: "Greta Lind",
        company: "Fjord Consulting",
        headline: "Serverless migrations that pay for themselves",
        business_type: "consultancy",
        company_size: "51-200",
        roles: &["consultant", "cloud architect"],
        industries: &["cloud", "software"],
        offers: &["serverless consultants", "training"],
        looking_for: &["clients"],
        goals: &["finding clients"],
    },
    Person {
        name: "Hiro Tanaka",
        company: "Kaze Robotics",
        headline: "Robots that recover by themselves",
        business_type: "scale-up",
        company_size: "201-1000",
        roles: &["engineering manager"],
        industries: &["robotics", "embedded"],
        offers: &["jobs"],
        looking_for: &["embedded developers", "rust expertise"],
        goals: &["hiring"],
    },
    Person {
        name: "Ines Costa",
        company: "Freelance",
        headline: "Embedded Rust, from bootloader to cloud",
        business_type: "freelancer",
        company_size: "1",
        roles: &["embedded developer"],
        industries: &["robotics", "embedded"],
        offers: &["rust expertise", "embedded developers"],
        looking_for: &["jobs", "clients"],
        goals: &["finding work"],
    },
    Person {
        name: "Jonas Weber",
        company: "Observa",
        headline: "Makes traces worth reading",
        business_type: "startup",
        company_size: "11-50",
        roles: &["developer advocate"],
        industries: &["developer tools", "observability"],
        offers: &["design partners", "talks"],
        looking_for: &["speaking slots", "early users"],
        goals: &["visibility"],
    },
    Person {
        name: "Kavya Iyer",
        company: "Mango Health",
        headline: "Patient data without the headaches",
        business_type: "scale-up",
        company_size: "51-200",
        roles: &["product manager"],
        industries: &["health", "software"],
        offers: &["early users"],
        looking_for: &["observability", "security review"],
        goals: &["learning", "partnerships"],
    },
    Person {
        name: "Lars Nyberg",
        company: "Ironclad Security",
        headline: "Reads your IAM policies for fun",
        business_type: "consultancy",
        company_size: "11-50",
        roles: &["security engineer"],
        industries: &["security", "cloud"],
        offers: &["security review", "training"],
        looking_for: &["clients", "speaking slots"],
        goals: &["finding clients", "visibility"],
    },
];

/// The conference, then its sessions.
pub const SESSIONS: &[Session] = &[
    Session {
        title: "Serverless Rust Days",
        day: 0,
        starts: (9, 0),
        ends: (18, 0),
        description: "Two days about small, fast functions and the people who write them.",
        tags: &["rust", "serverless", "conference"],
        capacity: 200,
        price_minor: 19_900,
    },
    Session {
        title: "Opening keynote: a backend that idles for free",
        day: 0,
        starts: (9, 30),
        ends: (10, 15),
        description: "What a system costs when nobody calls it, and why that decides its design.",
        tags: &["keynote", "serverless"],
        capacity: 200,
        price_minor: 0,
    },
    Session {
        title: "Cold starts in five milliseconds",
        day: 0,
        starts: (10, 45),
        ends: (11, 30),
        description: "Where the time goes before the first line of your handler runs.",
        tags: &["rust", "performance"],
        capacity: 120,
        price_minor: 0,
    },
    Session {
        title: "Workshop: one table, many access patterns",
        day: 0,
        starts: (13, 30),
        ends: (16, 30),
        description: "Bring a laptop. We model a real domain and measure what every request costs.",
        tags: &["dynamodb", "workshop"],
        capacity: 24,
        price_minor: 9_000,
    },
    Session {
        title: "Outboxes, or how not to lose an event",
        day: 1,
        starts: (9, 30),
        ends: (10, 15),
        description: "Committing state and events together, and what consumers must do about it.",
        tags: &["events", "reliability"],
        capacity: 120,
        price_minor: 0,
    },
    Session {
        title: "Embedded meets cloud",
        day: 1,
        starts: (11, 0),
        ends: (11, 45),
        description: "The same types on the robot and in the function.",
        tags: &["rust", "embedded"],
        capacity: 80,
        price_minor: 0,
    },
];
