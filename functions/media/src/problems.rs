//! The problems that only this group has; each is listed at `/v1/problems`.

use shared::problem::ProblemType;

/// The announced upload is too large.
pub const MEDIA_TOO_LARGE: ProblemType = ProblemType {
    slug: "media-too-large",
    title: "The file is too large",
    status: 413,
    description: "`limit` is the most bytes that an upload may have; `GET /v1/media/limits` lists \
                  all limits.",
};

/// The announced type is not taken.
pub const MEDIA_TYPE_NOT_ACCEPTED: ProblemType = ProblemType {
    slug: "media-type-not-accepted",
    title: "Files of this type are not accepted",
    status: 415,
    description: "`accepted` lists the content types that can be uploaded.",
};

/// There is nothing to read yet.
pub const MEDIA_NOT_READY: ProblemType = ProblemType {
    slug: "media-not-ready",
    title: "The medium cannot be read",
    status: 409,
    description: "`mediaStatus` says why: its upload is awaited (`uploading`) or being worked on \
                  (`processing`), or it was no acceptable picture (`rejected`).",
};

/// All of them.
pub const PROBLEMS: &[&ProblemType] =
    &[&MEDIA_TOO_LARGE, &MEDIA_TYPE_NOT_ACCEPTED, &MEDIA_NOT_READY];
