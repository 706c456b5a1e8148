//! What proves to the receiver of a webhook that a message is ours and new: HMAC-SHA256 over its time and its bytes.

use aws_lc_rs::hmac;

use crate::redacted::Redacted;

/// The value of `Keyforge-Signature`: over `<timestamp>.<body>`, the timestamp in seconds since 1970 as `Keyforge-Timestamp`
/// has it.
pub fn sign(key: &Redacted<Vec<u8>>, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{timestamp}.").as_bytes());
    context.update(body);
    format!("sha256={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_other_programs_compute() {
        // printf '1764417600.{"a":1}' | openssl dgst -sha256 -hmac 'keyforge-keyforge-keyforge-keyfo'
        let key = Redacted::new(b"keyforge-keyforge-keyforge-keyfo".to_vec());
        let signed = sign(&key, 1_764_417_600, br#"{"a":1}"#);
        assert_eq!(signed, "sha256=5bf43575c03b211aa3d6217cfaaadbeb2aefbf39a3c790297f93d8b11d5fddef");
    }
}
