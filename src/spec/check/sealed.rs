//! Whether sealed values open, for whoever has the key: told in the words of diagnostics, and never what they are.

use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::seal::{OpenError, Opened, Opener, Recipient, Sealed, SealedError};
use crate::spec::KEYFORGE;
use crate::spec::document::Union;
use crate::spec::sealed::SealedField;

impl SealedField {
    /// Opens what stands there, or tells why it does not open.
    pub fn open(&self, opener: &Opener) -> Result<Opened, Box<Diagnostic>> {
        let sealed = Sealed::whole(&self.text).map_err(|error| Box::new(self.unreadable(error)))?;
        opener.open(&sealed, &self.place, &self.former).map_err(|error| Box::new(self.unopened(&error)))
    }

    fn error(&self, code: Code, message: String, label: &str) -> Diagnostic {
        let command = self.place.command();
        Diagnostic {
            span: self.span.clone(),
            code,
            severity: Severity::Error,
            message,
            label: label.into(),
            notes: Vec::new(),
            hint: Some(format!("seal it anew: `{command}`")),
        }
    }

    fn unreadable(&self, error: SealedError) -> Diagnostic {
        let place = &self.place;
        let code = match error {
            SealedError::Shape => Code::PlaintextPassword,
            SealedError::Damaged | SealedError::Foreign => Code::InvalidValue,
        };
        self.error(code, format!("`{place}` does not open: {error}"), "not a sealed value")
    }

    fn unopened(&self, error: &OpenError) -> Diagnostic {
        let place = &self.place;
        let message = format!("`{place}` does not open: {error}");
        match error {
            OpenError::WrongPlace { .. } => {
                let found = self.error(Code::SealedElsewhere, message, "belongs to another place");
                let command = place.command();
                let hint = format!(
                    "seal it for this place: `{command}`; if the password was renamed, say `renamedFrom`"
                );
                Diagnostic { hint: Some(hint), ..found }
            }
            OpenError::WrongKey => self.error(Code::SealedForOthers, message, "for keys that are not held"),
            OpenError::Damaged | OpenError::Foreign => {
                self.error(Code::InvalidValue, message, "does not open")
            }
            OpenError::Version { .. } => Diagnostic {
                hint: Some("open it with that release".into()),
                ..self.error(Code::InvalidValue, message, "of a newer release")
            },
        }
    }

    /// What opens still, and would not for ever.
    fn outdated(&self, opened: &Opened, recipients: &[Recipient]) -> Option<Diagnostic> {
        let place = &self.place;
        let keys = self.text.parse::<Sealed>().map_or(0, |sealed| sealed.keys());
        let message = if opened.place != *place {
            let former = &opened.place;
            format!(
                "`{place}` is sealed under its former name `{former}`, and opens as long as `renamedFrom` stays"
            )
        } else if keys != recipients.len() {
            let wanted = recipients.len();
            format!("`{place}` is sealed for {keys} keys, and `spec.sealing.recipients` has {wanted}")
        } else {
            return None;
        };
        Some(Diagnostic {
            severity: Severity::Warning,
            hint: Some("seal all values of the folder anew: `keyforge seal --rekey DIR`".into()),
            ..self.error(Code::OutdatedSeal, message, "outdated")
        })
    }
}

/// What is wrong with sealed values, for the holder of the keys: which do not open, and which would soon not.
pub fn check_sealed(fields: &[SealedField], opener: &Opener, recipients: &[Recipient]) -> Vec<Diagnostic> {
    let mut found: Vec<_> = fields
        .iter()
        .filter_map(|field| match field.open(opener) {
            Ok(opened) => field.outdated(&opened, recipients),
            Err(why) => Some(*why),
        })
        .collect();
    found.sort();
    found
}

/// Values that were sealed for another number of keys than there are recipients; which keys, nobody sees who does not hold one.
pub(in crate::spec) fn other_number<'a>(
    recipients: &[Recipient],
    unions: impl Iterator<Item = &'a Union>,
) -> Option<Diagnostic> {
    const NAMED: usize = 3;
    let values = unions.flat_map(Union::sealed_values);
    let other: Vec<String> = values
        .filter(|value| value.sealed.keys() != recipients.len())
        .map(|value| format!("`{}`", value.place))
        .collect();
    let named = other.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let (more, was) = match other.len() {
        0 => return None,
        1 => (String::new(), "was"),
        all if all > NAMED => (format!(" and {} more", all - NAMED), "were"),
        _ => (String::new(), "were"),
    };
    Some(Diagnostic {
        span: Span::file(KEYFORGE),
        code: Code::OutdatedSeal,
        severity: Severity::Warning,
        message: format!(
            "{named}{more} {was} sealed for another number of keys than `spec.sealing.recipients` has ({})",
            recipients.len()
        ),
        label: "for other recipients".into(),
        notes: Vec::new(),
        hint: Some("let an operator seal all values anew: `keyforge seal --rekey DIR`".into()),
    })
}

/// Recipients whose keys are not held: whom `keyforge.yaml` names is decided by commits, who holds a key is not.
pub fn unheld_recipients(recipients: &[Recipient], opener: &Opener) -> Option<Diagnostic> {
    let held = opener.recipients();
    let unheld: Vec<String> =
        recipients.iter().filter(|key| !held.contains(key)).map(|key| format!("`{key}`")).collect();
    if unheld.is_empty() {
        return None;
    }
    let (named, none) = (unheld.join(", "), unheld.len() == recipients.len());
    let (message, hint) = if none {
        let hint = format!("write the public key of the key file there: `{}`", held.first()?);
        (format!("no key is held for {named}: what is sealed now does not open"), hint)
    } else {
        let hint = "remove it, unless it is the key of an escrow that people hold apart".to_owned();
        (format!("no key is held for {named}: somebody else can open what is sealed now"), hint)
    };
    Some(Diagnostic {
        span: Span::file(KEYFORGE),
        code: Code::UnheldRecipient,
        severity: Severity::Warning,
        message: format!("`spec.sealing.recipients`: {message}"),
        label: "a key that is not held".into(),
        notes: Vec::new(),
        hint: Some(hint),
    })
}
