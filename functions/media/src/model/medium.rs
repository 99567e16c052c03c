//! A medium: what is known of one upload, from the promise to the variants.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::id::{MediaId, UserId};
use utoipa::ToSchema;

use super::{Encoded, ImageType, Picture, Preset, Rejection, objects};

/// How long an upload may be started.
pub const UPLOAD_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How long an upload that was never completed is remembered; the bucket's
/// lifecycle rule for `uploads/` has the same length.
pub const UNFINISHED_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long the owner can read why an upload was rejected.
pub const REJECTED_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a processor may work on an upload before another takes over:
/// longer than the function's time-out.
pub const CLAIM: SignedDuration = SignedDuration::from_secs(150);

/// Who may see a medium once it is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Its owner alone.
    #[default]
    Private,
    /// Everybody who is signed in and knows its id.
    Public,
}

/// How far a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The upload is awaited.
    Uploading,
    /// The upload is being checked and resized.
    Processing,
    /// It can be read.
    Ready,
    /// The upload was no acceptable picture.
    Rejected,
}

/// An object that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendition {
    /// Its format.
    pub content_type: ImageType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
}

impl From<&Encoded> for Rendition {
    fn from(encoded: &Encoded) -> Self {
        Self {
            content_type: encoded.kind,
            width: encoded.width,
            height: encoded.height,
            bytes: encoded.bytes.len() as u64,
        }
    }
}

/// A rendition of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Which size.
    pub preset: Preset,
    /// What it is.
    #[serde(flatten)]
    pub rendition: Rendition,
}

/// What is kept of a processed picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The original, cleaned.
    pub original: Rendition,
    /// SHA-256 of the cleaned original, in hexadecimal.
    pub sha256: String,
    /// A placeholder.
    pub blurhash: Option<String>,
    /// The sizes.
    pub variants: Vec<Variant>,
}

impl From<&Picture> for Content {
    fn from(picture: &Picture) -> Self {
        let variants = picture.variants.iter().map(|(preset, encoded)| Variant {
            preset: *preset,
            rendition: encoded.into(),
        });
        Self {
            original: (&picture.original).into(),
            sha256: picture.sha256.clone(),
            blurhash: picture.blurhash.clone(),
            variants: variants.collect(),
        }
    }
}

/// Which upload a processor is working on, and until when it has a claim to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The uploaded object's entity tag.
    pub etag: String,
    /// When another processor may take over.
    pub until: Timestamp,
}

/// A medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Medium {
    /// Its id.
    pub id: MediaId,
    /// Who uploaded it.
    pub owner_id: UserId,
    /// Who may see it.
    pub visibility: Visibility,
    /// How far it is.
    pub status: Status,
    /// What was declared for the upload.
    pub declared: ImageType,
    /// The size that was declared for the upload, in bytes.
    pub declared_bytes: u64,
    /// What the client calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// A description for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// What it turned out to be, once ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// Until when the upload may be started.
    pub upload_until: Timestamp,
    /// When the record ceases to exist; never for a ready medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The correlation id of the request that announced it: everything that
    /// the upload sets off goes under it.
    pub correlation_id: String,
    /// Counts the changes.
    #[serde(default)]
    pub version: u64,
}

impl Medium {
    /// Whether `viewer` may know of it.
    pub fn visible_to(&self, viewer: UserId) -> bool {
        self.owner_id == viewer
            || (self.status == Status::Ready && self.visibility == Visibility::Public)
    }

    /// Whether another processor is at work on another upload of it.
    pub fn claimed_by_other(&self, etag: &str, now: Timestamp) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.etag != etag && claim.until > now)
    }

    /// A processor begins with the upload `etag`.
    pub fn begin(&mut self, etag: String, now: Timestamp) {
        self.status = Status::Processing;
        self.claim = Some(Claim {
            etag,
            until: now + CLAIM,
        });
        self.expires_at = Some(now + UNFINISHED_KEPT);
    }

    /// The pictures are stored.
    pub fn complete(&mut self, content: Content) {
        self.status = Status::Ready;
        self.content = Some(content);
        self.claim = None;
        self.expires_at = None;
    }

    /// The upload was looked at and refused.
    pub fn reject(&mut self, rejection: Rejection, now: Timestamp) {
        self.status = Status::Rejected;
        self.rejection = Some(rejection);
        self.claim = None;
        self.expires_at = Some(now + REJECTED_KEPT);
    }

    /// The object that holds a variant, or the original without one; `None`
    /// unless the medium is ready.
    pub fn object(&self, preset: Option<Preset>) -> Option<String> {
        let content = self.content.as_ref()?;
        match preset {
            None => Some(objects::original(self.id, content.original.content_type)),
            Some(preset) => content
                .variants
                .iter()
                .find(|variant| variant.preset == preset)
                .map(|v| objects::variant(self.id, preset, v.rendition.content_type)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(status: Status, visibility: Visibility) -> Medium {
        Medium {
            id: MediaId::new(),
            owner_id: UserId::new(),
            visibility,
            status,
            declared: ImageType::Png,
            declared_bytes: 1,
            file_name: None,
            alt: None,
            content: None,
            rejection: None,
            claim: None,
            created_at: Timestamp::UNIX_EPOCH,
            upload_until: Timestamp::UNIX_EPOCH,
            expires_at: None,
            correlation_id: String::new(),
            version: 1,
        }
    }

    #[test]
    fn others_see_only_what_is_ready_and_public() {
        let other = UserId::new();
        for status in [
            Status::Uploading,
            Status::Processing,
            Status::Ready,
            Status::Rejected,
        ] {
            for visibility in [Visibility::Private, Visibility::Public] {
                let medium = medium(status, visibility);
                assert!(medium.visible_to(medium.owner_id));
                let expected = status == Status::Ready && visibility == Visibility::Public;
                assert_eq!(medium.visible_to(other), expected);
            }
        }
    }

    #[test]
    fn a_claim_keeps_others_off_until_it_ends() {
        let mut medium = medium(Status::Uploading, Visibility::Private);
        let now = Timestamp::UNIX_EPOCH;
        medium.begin("a".into(), now);
        assert!(!medium.claimed_by_other("a", now));
        assert!(medium.claimed_by_other("b", now));
        assert!(!medium.claimed_by_other("b", now + CLAIM));
    }
}
