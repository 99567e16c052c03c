//! The names of objects in the bucket. Every object of a medium has a name
//! that follows from the medium's id, so that deletion needs no list.

use std::str::FromStr;

use shared::id::MediaId;

use super::{ImageType, Preset};

/// Where unchecked uploads arrive; nothing under it is ever handed out.
const UPLOADS: &str = "uploads/";
/// Where checked pictures are kept.
const MEDIA: &str = "media/";

/// Where the upload of a medium arrives.
pub fn upload(id: MediaId) -> String {
    format!("{UPLOADS}{id}")
}

/// The medium that an uploaded object belongs to; `None` for other objects.
pub fn uploaded(key: &str) -> Option<MediaId> {
    MediaId::from_str(key.strip_prefix(UPLOADS)?).ok()
}

/// Where the cleaned original is kept.
pub fn original(id: MediaId, kind: ImageType) -> String {
    format!("{MEDIA}{id}/original.{}", kind.extension())
}

/// Where a variant is kept.
pub fn variant(id: MediaId, preset: Preset, kind: ImageType) -> String {
    format!("{MEDIA}{id}/{}.{}", preset.name(), kind.extension())
}

/// Every name that an object of this medium can have.
pub fn all(id: MediaId) -> Vec<String> {
    let originals = [ImageType::Jpeg, ImageType::Png, ImageType::WebP].map(|k| original(id, k));
    let variants = Preset::ALL
        .into_iter()
        .flat_map(|preset| [ImageType::Jpeg, ImageType::WebP].map(|k| variant(id, preset, k)));
    let mut keys = vec![upload(id)];
    keys.extend(originals);
    keys.extend(variants);
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_id() {
        let id: MediaId = "media_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
        assert_eq!(uploaded(&upload(id)), Some(id));
        assert_eq!(
            variant(id, Preset::Thumb, ImageType::Jpeg),
            "media/media_01h2xcejqtf2nbrexx3vqjhp41/thumb.jpg"
        );
        let all = all(id);
        assert_eq!(all.len(), 14);
        assert!(all.iter().all(|key| key.contains(&id.to_string())));
        for other in [
            "uploads/",
            "uploads/x",
            "media/x",
            "uploads/user_01h2xcejqtf2nbrexx3vqjhp41",
        ] {
            assert_eq!(uploaded(other), None, "{other}");
        }
    }
}
