//! Bodies.

use std::marker::PhantomData;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{INVALID_REQUEST, Problem, UNSUPPORTED_MEDIA_TYPE};

/// A JSON body; unknown and mistyped fields are 400 with a pointer.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = json_body(request, state, &["application/json"]).await?;
        from_json(&bytes).map(Self)
    }
}

/// `None` for a request without a body.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        // The frame has buffered the body, so its size is known.
        if request.body().size_hint().exact() == Some(0) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

async fn json_body<S: Send + Sync>(
    request: Request,
    state: &S,
    types: &[&str],
) -> Result<Bytes, Problem> {
    let given = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if !types
        .iter()
        .any(|wanted| essence.eq_ignore_ascii_case(wanted))
    {
        return Err(Problem::new(&UNSUPPORTED_MEDIA_TYPE)
            .detail(format!("Send the body as {}.", types.join(" or "))));
    }
    Bytes::from_request(request, state).await.map_err(|err| {
        Problem::new(&INVALID_REQUEST)
            .detail("The body broke off.")
            .caused_by(err)
    })
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|err| {
        let at = pointer(err.path());
        fault(at, err.inner())
    })?;
    reader
        .end()
        .map_err(|err| fault(String::new(), &err))
        .map(|()| value)
}

/// A JSON Pointer (RFC 6901) from the path that serde went.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |mut text, segment| {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => return text,
        };
        text.push('/');
        text.push_str(&part);
        text
    })
}

fn fault(at: String, err: &serde_json::Error) -> Problem {
    let text = err.to_string();
    // serde_json appends the position; the pointer says it better.
    let detail = text
        .rfind(" at line ")
        .map_or(text.as_str(), |end| &text[..end]);
    let code = if err.is_syntax() || err.is_eof() {
        "malformed-json"
    } else if detail.starts_with("missing field") {
        "missing"
    } else if detail.starts_with("unknown field") {
        "unknown-field"
    } else {
        "invalid"
    };
    Problem::invalid(at, code, detail)
}

/// A JSON Merge Patch (RFC 7396) for a document of type `T`.
#[derive(Debug, Clone)]
pub struct MergePatch<T> {
    patch: Value,
    of: PhantomData<T>,
}

impl<T, S: Send + Sync> FromRequest<S> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let types = ["application/merge-patch+json", "application/json"];
        let bytes = json_body(request, state, &types).await?;
        let patch: Value = from_json(&bytes)?;
        if !patch.is_object() {
            return Err(Problem::invalid("", "invalid", "must be an object"));
        }
        Ok(Self {
            patch,
            of: PhantomData,
        })
    }
}

impl<T: Serialize + DeserializeOwned> MergePatch<T> {
    /// The document after the patch.
    ///
    /// # Errors
    /// 400 when the result is no `T`.
    pub fn apply(&self, current: &T) -> Result<T, Problem> {
        let mut document = serde_json::to_value(current).map_err(Problem::internal)?;
        merge(&mut document, &self.patch);
        serde_path_to_error::deserialize(document).map_err(|err| {
            let at = pointer(err.path());
            fault(at, err.inner())
        })
    }

    /// The names of the members that the patch names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.patch
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys().map(String::as_str))
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (name, value) in members {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Talk {
        title: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default)]
        speakers: Vec<Speaker>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Speaker {
        age: u8,
    }

    fn first(problem: &Problem) -> (String, String) {
        let body = problem.body("/x", "c");
        let error = &body["errors"][0];
        (
            error["pointer"].as_str().unwrap().to_owned(),
            error["code"].as_str().unwrap().to_owned(),
        )
    }

    /// GW-27: each fault is named with its place.
    #[test]
    fn gw_27_faults_carry_pointers() {
        let check = |text: &str, pointer: &str, code: &str| {
            let problem = from_json::<Talk>(text.as_bytes()).unwrap_err();
            assert_eq!(first(&problem), (pointer.into(), code.into()), "{text}");
        };
        check(
            r#"{"title":"a","speakers":[{"age":1},{"age":"x"}]}"#,
            "/speakers/1/age",
            "invalid",
        );
        check(r#"{"title":"a","colour":1}"#, "/colour", "unknown-field");
        check("{}", "", "missing");
        check("{", "", "malformed-json");
        check(r#"{"title":"a"} x"#, "", "malformed-json");
    }

    #[test]
    fn gw_27_a_merge_patch_sets_and_removes() {
        let talk = Talk {
            title: "a".into(),
            room: Some("r".into()),
            speakers: vec![Speaker { age: 30 }],
        };
        let patch = |patch| MergePatch::<Talk> {
            patch,
            of: PhantomData,
        };
        let next = patch(json!({"title": "b", "room": null}))
            .apply(&talk)
            .unwrap();
        assert_eq!(
            (next.title.as_str(), &next.room, next.speakers.len()),
            ("b", &None, 1)
        );
        let problem = patch(json!({"title": null})).apply(&talk).unwrap_err();
        assert_eq!(first(&problem).1, "missing");
        let problem = patch(json!({"titel": "x"})).apply(&talk).unwrap_err();
        assert_eq!(first(&problem).1, "unknown-field");
    }
}
