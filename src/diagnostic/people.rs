//! Addresses of people in what other programs say: nobody who reads a log has to know them.
//!
//! By their form, since nothing else tells them from other texts. Invariant: what is no address stays as it is.

use std::borrow::Cow;

use super::mask::MASK;

/// The text without addresses of mail.
pub(super) fn without_addresses(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let local = before.len() - before.trim_end_matches(is_local).len();
        let domain = after.len() - after.trim_start_matches(is_domain).len();
        // A full stop that ends a sentence is none of the domain.
        let domain = after[..domain].trim_end_matches(['.', '-']).len();
        if local > 0 && after[..domain].contains('.') {
            out.push_str(&before[..before.len() - local]);
            out.push_str(MASK);
        } else {
            out.push_str(&rest[..=at + domain]);
        }
        rest = &after[domain..];
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(out + rest)
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out_and_nothing_else() {
        for (text, told) in [
            ("Username: ana.b+x@acme.example. IP: 192.0.2.1", "Username: ********. IP: 192.0.2.1"),
            ("<ana@acme.example>,bo@x.example", "<********>,********"),
            ("zoë@bücher.example", "********"),
            ("pulled vaultwarden/server@sha256:0123", "pulled vaultwarden/server@sha256:0123"),
            ("@ana at root@localhost and @b.example", "@ana at root@localhost and @b.example"),
            ("nobody", "nobody"),
        ] {
            assert_eq!(without_addresses(text), told);
        }
    }
}
