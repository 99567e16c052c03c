//! The file of an export: the parts of the groups in one ZIP.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::id::OperationId;
use shared::objects::{Object, ObjectError, Objects};
use shared::personal::{GROUPS, PART_LIMIT, archive_key, part_key};
use shared::worker::WorkerError;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::model::Operation;

/// Makes the file of the parts and writes it. Done twice it is the same file.
///
/// # Errors
/// The bucket's; a part is missing or too large.
pub async fn write(objects: &dyn Objects, operation: &Operation) -> Result<(), WorkerError> {
    let at = operation.steps.values().map(|step| step.completed_at).max();
    let mut zip = Zip::new(at.unwrap_or_default());
    for group in GROUPS {
        let name = part_key(operation.id, group);
        let part = objects.read(&name, PART_LIMIT).await?;
        let part = part.ok_or_else(|| WorkerError::transient(format!("{name} is not there")))?;
        if part.len() as u64 > PART_LIMIT {
            return Err(WorkerError::permanent(format!("{name} is too large")));
        }
        zip = zip.with(format!("{group}.json"), part).await?;
    }
    let read_me = read_me(operation).into_bytes();
    let bytes = zip.with("README.txt".to_owned(), read_me).await?.finish()?;
    let object = Object {
        content_type: "application/zip",
        cache_control: "private, no-store",
        bytes: &bytes,
    };
    Ok(objects.write(&archive_key(operation.id), object).await?)
}

/// Removes the parts of an export.
///
/// # Errors
/// The bucket's.
pub async fn remove_parts(objects: &dyn Objects, id: OperationId) -> Result<(), ObjectError> {
    for group in GROUPS {
        objects.remove(&part_key(id, group)).await?;
    }
    Ok(())
}

/// Removes everything that an export wrote.
///
/// # Errors
/// The bucket's.
pub async fn remove(objects: &dyn Objects, id: OperationId) -> Result<(), ObjectError> {
    remove_parts(objects, id).await?;
    objects.remove(&archive_key(id)).await
}

/// A file in the making.
struct Zip {
    writer: ZipWriter<Cursor<Vec<u8>>>,
    options: SimpleFileOptions,
}

impl Zip {
    fn new(at: Timestamp) -> Self {
        Self {
            writer: ZipWriter::new(Cursor::new(Vec::new())),
            options: SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(dos_time(at).unwrap_or_default())
                .unix_permissions(0o600),
        }
    }

    /// With one more in it. A large one takes a second: the time-out holds
    /// meanwhile.
    async fn with(mut self, name: String, bytes: Vec<u8>) -> Result<Self, WorkerError> {
        let add = move || {
            self.writer.start_file(name, self.options)?;
            self.writer.write_all(&bytes)?;
            Ok::<_, ZipError>(self)
        };
        let added = tokio::task::spawn_blocking(add).await;
        added
            .map_err(WorkerError::permanent)?
            .map_err(WorkerError::permanent)
    }

    fn finish(self) -> Result<Vec<u8>, WorkerError> {
        let written = self.writer.finish().map_err(WorkerError::permanent)?;
        Ok(written.into_inner())
    }
}

/// ZIP knows no time zones: it is UTC.
fn dos_time(at: Timestamp) -> Option<DateTime> {
    let at = at.to_zoned(TimeZone::UTC);
    let number = |value: i8| u8::try_from(value).ok();
    DateTime::from_date_and_time(
        u16::try_from(at.year()).ok()?,
        number(at.month())?,
        number(at.day())?,
        number(at.hour())?,
        number(at.minute())?,
        number(at.second())?,
    )
    .ok()
}

/// What is in it, and as of when.
fn read_me(operation: &Operation) -> String {
    let mut text = format!(
        "This is what Plenary keeps of you, asked for at {} (UTC), operation {}.\n\n\
         Each part of the service has written one file, in JSON. A list that is empty\n\
         is there to say that nothing is kept. Times are in UTC, RFC 3339.\n",
        operation.created_at(),
        operation.id,
    );
    for group in GROUPS {
        let Some(step) = operation.steps.get(group) else {
            continue;
        };
        // Writing into a text cannot fail.
        let _ = writeln!(text, "\n{group}.json, as of {}", step.completed_at);
        for (what, count) in &step.counts {
            let _ = writeln!(text, "  {what}: {count}");
        }
    }
    text.push_str("\nThe pictures themselves are not in it: fetch each of media.json by its id.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sc_11_files_bear_the_time_of_the_last_part() {
        let at = |text: &str| dos_time(text.parse().unwrap());
        let time = at("2026-09-01T10:11:13Z").unwrap();
        assert_eq!((time.year(), time.hour(), time.second()), (2026, 10, 12));
        assert_eq!(at("1979-01-01T00:00:00Z"), None);
    }
}
