//! `POST /v1/media/uploads`

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Reply};
use shared::id::MediaId;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::{App, TAG};
use crate::form::{self, Permit};
use crate::model::medium::{Medium, Status, UNFINISHED_KEPT, UPLOAD_WINDOW, Visibility};
use crate::model::{ImageType, MAX_BYTES, objects};
use crate::problems::{MEDIA_TOO_LARGE, MEDIA_TYPE_NOT_ACCEPTED};

/// What will be uploaded.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Announcement {
    /// The exact content type: `GET /v1/media/limits` lists what is taken.
    #[schema(example = "image/jpeg")]
    content_type: String,
    /// The exact size in bytes.
    #[schema(minimum = 1)]
    bytes: u64,
    /// What to call it.
    #[serde(default)]
    #[schema(max_length = 255)]
    file_name: Option<String>,
    /// A description for those who cannot see it.
    #[serde(default)]
    #[schema(max_length = 1000)]
    alt: Option<String>,
    /// Who may see it once it is ready; its owner alone unless said otherwise.
    #[serde(default)]
    visibility: Visibility,
}

/// A form to upload by: a `multipart/form-data` POST of all fields, then `file`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Form {
    /// Where to.
    url: String,
    /// What to send before the file.
    fields: BTreeMap<String, String>,
}

/// The permit for one upload.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadPermit {
    /// The medium that it will be.
    media_id: MediaId,
    /// How to upload.
    upload: Form,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Announcement {
    fn checked(&self) -> Result<ImageType, Problem> {
        let kind = ImageType::from_content_type(&self.content_type).ok_or_else(|| {
            let accepted: Vec<&str> = ImageType::ALL
                .iter()
                .map(|kind| kind.content_type())
                .collect();
            Problem::new(&MEDIA_TYPE_NOT_ACCEPTED)
                .detail(format!("Accepted are {}.", accepted.join(", ")))
                .with("accepted", accepted)
        })?;
        if self.bytes > MAX_BYTES {
            return Err(Problem::new(&MEDIA_TOO_LARGE)
                .detail(format!("The limit is {MAX_BYTES} bytes."))
                .with("limit", MAX_BYTES));
        }
        if self.bytes == 0 {
            return Err(Problem::invalid(
                "/bytes",
                "out-of-range",
                "must be at least 1",
            ));
        }
        for (pointer, text, max) in [
            ("/fileName", &self.file_name, 255),
            ("/alt", &self.alt, 1000),
        ] {
            if text.as_ref().is_some_and(|text| text.chars().count() > max) {
                let detail = format!("may have at most {max} characters");
                return Err(Problem::invalid(pointer, "length", detail));
            }
        }
        Ok(kind)
    }
}

/// Announces an upload and gets a permit for it.
///
/// The permit binds size, type and name, and ends after 15 minutes. When the
/// file has arrived it is checked and resized by itself.
#[utoipa::path(
    post,
    path = "/v1/media/uploads",
    tag = TAG,
    operation_id = "announceUpload",
    request_body = Announcement,
    responses(
        (status = 201, description = "The permit.", body = UploadPermit),
        (status = 413, description = "`media-too-large`"),
        (status = 415, description = "`media-type-not-accepted`"),
    ),
    security(("bearer" = []))
)]
pub async fn announce(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(body): Json<Announcement>,
) -> Result<Reply, Problem> {
    let declared = body.checked()?;
    let now = app.store.now();
    let (id, until) = (MediaId::new(), now + UPLOAD_WINDOW);
    let medium = Medium {
        id,
        owner_id: principal.user_id,
        visibility: body.visibility,
        status: Status::Uploading,
        declared,
        declared_bytes: body.bytes,
        file_name: body.file_name,
        alt: body.alt,
        content: None,
        rejection: None,
        claim: None,
        created_at: now,
        upload_until: until,
        expires_at: Some(now + UNFINISHED_KEPT),
        correlation_id: cx.correlation_id.clone(),
        version: 1,
    };
    let permit = UploadPermit {
        media_id: id,
        upload: sign(&app, &medium, now),
        expires_at: until,
    };
    let reply = Reply::created(&permit, &format!("/v1/media/{id}"))?;
    app.store
        .announce(&cx, &medium, reply.valid_for_repetition_until(until))
        .await
}

fn sign(app: &App, medium: &Medium, now: Timestamp) -> Form {
    let bucket = app.bucket.name();
    let permit = Permit {
        bucket,
        key: &objects::upload(medium.id),
        content_type: medium.declared.content_type(),
        bytes: medium.declared_bytes,
        until: medium.upload_until,
    };
    let region = app.aws.region.as_ref();
    let url = match &app.aws.endpoint {
        Some(endpoint) => format!("{endpoint}/{bucket}"),
        None => format!("https://{bucket}.s3.{region}.amazonaws.com/"),
    };
    let fields = form::fields(&permit, &app.aws.credentials, region, now);
    Form { url, fields }
}

/// Announces an upload: other name of `/v1/media/uploads`.
#[utoipa::path(
    post,
    path = "/v1/media/upload",
    tag = TAG,
    operation_id = "announceUploadAlias",
    request_body = Announcement,
    responses(
        (status = 201, description = "The permit.", body = UploadPermit),
        (status = 413, description = "`media-too-large`"),
        (status = 415, description = "`media-type-not-accepted`"),
    ),
    security(("bearer" = []))
)]
#[deprecated]
pub async fn announce_alias(
    state: State<App>,
    cx: Context,
    principal: Principal,
    body: Json<Announcement>,
) -> Result<Reply, Problem> {
    announce(state, cx, principal, body).await
}
