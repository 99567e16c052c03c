//! Forms that let a browser put one object into S3: the POST policy and its
//! signature (AWS Signature Version 4, "Creating a POST Policy"), which the
//! SDK does not make.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::{Timestamp, fmt::strtime};
use ring::hmac;
use serde_json::{Value, json};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What may be uploaded, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The name that the object gets.
    pub key: &'a str,
    /// The exact content type.
    pub content_type: &'a str,
    /// The exact size in bytes.
    pub bytes: u64,
    /// When the permit ends.
    pub until: Timestamp,
}

/// The fields of the form, all of which must be sent, before the file.
///
/// Every field that S3 acts upon is bound by the policy, so a client can change
/// none of them.
pub fn fields(
    permit: &Permit<'_>,
    credentials: &Credentials,
    region: &str,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let date = now.strftime("%Y%m%d").to_string();
    let scope = format!("{date}/{region}/s3/aws4_request");
    let mut fields = BTreeMap::from([
        ("key".to_owned(), permit.key.to_owned()),
        ("Content-Type".to_owned(), permit.content_type.to_owned()),
        ("x-amz-algorithm".to_owned(), ALGORITHM.to_owned()),
        (
            "x-amz-credential".to_owned(),
            format!("{}/{scope}", credentials.access_key_id()),
        ),
        (
            "x-amz-date".to_owned(),
            now.strftime("%Y%m%dT%H%M%SZ").to_string(),
        ),
    ]);
    if let Some(token) = credentials.session_token() {
        fields.insert("x-amz-security-token".to_owned(), token.to_owned());
    }
    let policy = BASE64_STANDARD.encode(policy(permit, &fields).to_string());
    let signature = sign(credentials.secret_access_key(), &date, region, &policy);
    fields.insert("policy".to_owned(), policy);
    fields.insert("x-amz-signature".to_owned(), signature);
    fields
}

fn policy(permit: &Permit<'_>, fields: &BTreeMap<String, String>) -> Value {
    let mut conditions = vec![
        json!({"bucket": permit.bucket}),
        json!(["content-length-range", permit.bytes, permit.bytes]),
    ];
    conditions.extend(
        fields
            .iter()
            .map(|(name, value)| json!(["eq", format!("${name}"), value])),
    );
    json!({
        "expiration": expiration(permit.until),
        "conditions": conditions,
    })
}

/// ISO 8601 with milliseconds, as S3 wants it.
fn expiration(until: Timestamp) -> String {
    strtime::format("%Y-%m-%dT%H:%M:%S.000Z", until).unwrap_or_default()
}

fn sign(secret: &str, date: &str, region: &str, policy: &str) -> String {
    let mac = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
    };
    let key = mac(format!("AWS4{secret}").as_bytes(), date);
    let key = mac(key.as_ref(), region);
    let key = mac(key.as_ref(), "s3");
    let key = mac(key.as_ref(), "aws4_request");
    crate::model::hex(mac(key.as_ref(), policy).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of "Examples: Browser-Based Upload using HTTP POST (Using
    /// AWS Signature Version 4)", with its line ends.
    #[test]
    fn me_01_the_signature_is_that_of_the_published_example() {
        let policy = [
            r#"{ "expiration": "2015-12-30T12:00:00.000Z","#,
            r#"  "conditions": ["#,
            r#"    {"bucket": "sigv4examplebucket"},"#,
            r#"    ["starts-with", "$key", "user/user1/"],"#,
            r#"    {"acl": "public-read"},"#,
            r#"    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},"#,
            r#"    ["starts-with", "$Content-Type", "image/"],"#,
            r#"    {"x-amz-meta-uuid": "14365123651274"},"#,
            r#"    {"x-amz-server-side-encryption": "AES256"},"#,
            r#"    ["starts-with", "$x-amz-meta-tag", ""],"#,
            "",
            r#"    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},"#,
            r#"    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},"#,
            r#"    {"x-amz-date": "20151229T000000Z" }"#,
            "  ]",
            "}",
        ]
        .join("\r\n");
        let signature = sign(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "20151229",
            "us-east-1",
            &BASE64_STANDARD.encode(policy),
        );
        assert_eq!(
            signature,
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    #[test]
    fn me_01_every_field_is_bound_by_the_policy() {
        let credentials = Credentials::new("AKID", "secret", Some("token".into()), None, "test");
        let now: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        let permit = Permit {
            bucket: "pictures",
            key: "uploads/x",
            content_type: "image/png",
            bytes: 1234,
            until: now + jiff::SignedDuration::from_mins(15),
        };
        let fields = fields(&permit, &credentials, "eu-central-1", now);
        let policy = BASE64_STANDARD.decode(&fields["policy"]).unwrap();
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-03-04T05:21:07.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!({"bucket": "pictures"})));
        assert!(conditions.contains(&json!(["content-length-range", 1234, 1234])));
        for (name, value) in &fields {
            if !["policy", "x-amz-signature"].contains(&name.as_str()) {
                let bound = json!(["eq", format!("${name}"), value]);
                assert!(conditions.contains(&bound), "{name}");
            }
        }
        assert_eq!(fields["x-amz-security-token"], "token");
        assert_eq!(fields["x-amz-date"], "20260304T050607Z");
        assert_eq!(
            fields["x-amz-credential"],
            "AKID/20260304/eu-central-1/s3/aws4_request"
        );
    }
}
