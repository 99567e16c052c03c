//! S3: a bucket in memory, addressed by path.

use base64::Engine as _;
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::topic::percent_decode;
use super::{State, header};
use crate::web::{self, Answer};

/// A stored object.
pub(super) struct Object {
    content_type: String,
    body: Bytes,
    etag: String,
}

impl Object {
    /// An object with the entity tag of its content.
    pub(super) fn new(content_type: &str, body: Bytes) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, &body);
        let etag = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
        Self {
            content_type: content_type.to_owned(),
            body,
            etag,
        }
    }
}

/// Answers one request.
pub(super) fn call(state: &State, head: &Parts, body: Bytes) -> Answer {
    let path = percent_decode(head.uri.path());
    let mut kept = state.kept();
    kept.meter.calls.s3 += 1;
    match head.method {
        Method::PUT => {
            kept.meter.s3_puts += 1.0;
            let chunked = head.headers.contains_key("x-amz-decoded-content-length");
            let body = if chunked { unchunk(&body) } else { Some(body) };
            let Some(body) = body else {
                return web::answer(StatusCode::BAD_REQUEST, "application/xml", "");
            };
            let object = Object::new(header(head, "content-type"), body);
            let answer = described(&object, StatusCode::OK, Bytes::new());
            kept.objects.insert(path, object);
            answer
        }
        Method::GET | Method::HEAD => {
            kept.meter.s3_gets += 1.0;
            let Some(object) = kept.objects.get(&path) else {
                let xml = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>";
                return web::answer(StatusCode::NOT_FOUND, "application/xml", xml);
            };
            let (status, range) = wanted(header(head, "range"), object.body.len());
            let mut answer = described(object, status, object.body.slice(range));
            if head.method == Method::HEAD {
                if let Ok(length) = object.body.len().to_string().parse() {
                    answer.headers_mut().insert("content-length", length);
                }
                *answer.body_mut() = http_body_util::Full::new(Bytes::new());
            }
            answer
        }
        Method::DELETE => {
            // Deleting is free.
            kept.objects.remove(&path);
            web::answer(StatusCode::NO_CONTENT, "application/xml", "")
        }
        _ => web::answer(StatusCode::NOT_IMPLEMENTED, "application/xml", ""),
    }
}

fn described(object: &Object, status: StatusCode, body: Bytes) -> Answer {
    let mut answer = web::answer(status, &object.content_type, body);
    if let Ok(etag) = format!("\"{}\"", object.etag).parse() {
        answer.headers_mut().insert("etag", etag);
    }
    answer
}

/// The part that a `Range: bytes=a-b` header asks for.
fn wanted(range: &str, length: usize) -> (StatusCode, std::ops::Range<usize>) {
    let bounds = range
        .strip_prefix("bytes=")
        .and_then(|bounds| bounds.split_once('-'));
    let Some((start, end)) = bounds else {
        return (StatusCode::OK, 0..length);
    };
    let start = start.parse().unwrap_or(0).min(length);
    let end = end
        .parse::<usize>()
        .map_or(length, |end| length.min(end + 1));
    (StatusCode::PARTIAL_CONTENT, start..end.max(start))
}

/// Undoes the `aws-chunked` encoding: `size[;extension]\r\n data \r\n`, up to
/// a chunk of size 0, after which trailers come.
fn unchunk(body: &Bytes) -> Option<Bytes> {
    let mut rest = &body[..];
    let mut whole = Vec::with_capacity(rest.len());
    loop {
        let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let head = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(head.split(';').next()?, 16).ok()?;
        if size == 0 {
            return Some(whole.into());
        }
        rest = &rest[line + 2..];
        whole.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_trailers_dropped() {
        let body = Bytes::from_static(
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n",
        );
        assert_eq!(unchunk(&body).unwrap(), "abcde");
        assert_eq!(unchunk(&Bytes::from_static(b"9\r\nabc")), None);
    }

    #[test]
    fn a_range_is_cut_to_the_object() {
        assert_eq!(wanted("", 10), (StatusCode::OK, 0..10));
        assert_eq!(wanted("bytes=2-4", 10), (StatusCode::PARTIAL_CONTENT, 2..5));
        assert_eq!(
            wanted("bytes=8-99", 10),
            (StatusCode::PARTIAL_CONTENT, 8..10)
        );
        assert_eq!(
            wanted("bytes=20-", 10),
            (StatusCode::PARTIAL_CONTENT, 10..10)
        );
    }
}
