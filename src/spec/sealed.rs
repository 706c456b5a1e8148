//! Where sealed values stand in the documents of a union, and which places they belong to.
//!
//! Of documents that were accepted, for whoever opens their values; and of files as they lie there, sound or not, with the
//! place of each text in its file. Nothing is opened here.

use super::document::{FieldValue, Password, PasswordValue, Union};
use super::node::Node;
use super::{File, UnionTree, yaml};
use crate::diagnostic::Span;
use crate::names::{PasswordName, SocietyName, UnionName};
use crate::seal::{Place, Sealed, Slot};

/// A sealed value of an accepted document.
#[derive(Debug, Clone)]
pub struct SealedValue<'a> {
    /// Where it belongs.
    pub place: Place,
    /// What that place was called before: a value that was sealed then opens until it is sealed anew.
    pub former: Vec<Place>,
    /// Its text.
    pub sealed: &'a Sealed,
}

/// A field `sealed` of a file.
#[derive(Debug, Clone)]
pub struct SealedField {
    /// Where it belongs.
    pub place: Place,
    /// What that place was called before.
    pub former: Vec<Place>,
    /// What stands there, which may be anything.
    pub text: Box<str>,
    /// Where its text stands.
    pub span: Span,
    /// Where the password is used, for people.
    pub uris: Vec<String>,
}

/// A password of a file, as far as it can be told where a value would be written.
#[derive(Debug, Clone)]
pub struct WrittenPassword {
    /// Its name, which may be none.
    pub name: String,
    /// The whole of it.
    pub span: Span,
    /// Its further fields by name, each as a whole.
    pub fields: Vec<(String, Span)>,
}

impl Union {
    /// All sealed values, in the order of the documents.
    pub fn sealed_values(&self) -> Vec<SealedValue<'_>> {
        let mut values = Vec::new();
        for (society, document) in &self.societies {
            for password in &document.passwords {
                for (slot, sealed) in of_password(password) {
                    let place = Place {
                        union: self.name.clone(),
                        society: society.clone(),
                        password: password.name.clone(),
                        slot,
                    };
                    let former = former(
                        &place,
                        self.spec.renamed_from.as_ref(),
                        document.renamed_from.as_ref(),
                        password.renamed_from.as_ref(),
                    );
                    values.push(SealedValue { place, former, sealed });
                }
            }
        }
        values
    }
}

fn of_password(password: &Password) -> Vec<(Slot, &Sealed)> {
    let mut values = Vec::new();
    if let PasswordValue::Sealed(sealed) = &password.value {
        values.push((Slot::Value, sealed));
    }
    values.extend(password.totp.as_ref().map(|totp| (Slot::Totp, &totp.sealed)));
    values.extend(password.fields.iter().filter_map(|field| match &field.value {
        // The schema lets no field have another name.
        FieldValue::Sealed(sealed) => Some((Slot::Field(field.name.parse().ok()?), sealed)),
        FieldValue::Value(_) => None,
    }));
    values
}

/// All names that a place had before: each part of it may have been renamed.
fn former(
    place: &Place,
    union: Option<&UnionName>,
    society: Option<&SocietyName>,
    password: Option<&PasswordName>,
) -> Vec<Place> {
    let mut names = vec![place.clone()];
    if let Some(union) = union {
        names.extend(names.clone().into_iter().map(|place| Place { union: union.clone(), ..place }));
    }
    if let Some(society) = society {
        names.extend(names.clone().into_iter().map(|place| Place { society: society.clone(), ..place }));
    }
    if let Some(password) = password {
        names.extend(names.clone().into_iter().map(|place| Place { password: password.clone(), ..place }));
    }
    names.split_off(1)
}

/// The fields `sealed` in the files of one union's directory. What no document can be called is left out.
pub fn sealed_fields(directory: &str, tree: &UnionTree) -> Vec<SealedField> {
    let Ok(union) = directory.parse::<UnionName>() else { return Vec::new() };
    let files = tree.files.as_deref().unwrap_or_default();
    let before = |document: &Node| text(document.get("spec")?, "renamedFrom").map(str::to_owned);
    let own = files.iter().find(|file| file.path == format!("unions/{union}/union.yaml"));
    let was = own.and_then(read).as_ref().and_then(before).and_then(|name| name.parse().ok());
    let mut fields = Vec::new();
    for file in files {
        let (Some(society), Some(document)) = (society(&union, file), read(file)) else { continue };
        let society_was = before(&document).and_then(|name| name.parse().ok());
        for password in passwords(&document) {
            let Some(name) = text(password, "name").and_then(|name| name.parse().ok()) else { continue };
            let place = |slot| Place {
                union: union.clone(),
                society: society.clone(),
                password: PasswordName::clone(&name),
                slot,
            };
            let password_was = text(password, "renamedFrom").and_then(|name| name.parse().ok());
            let uris = password.get("uris").map_or(&[][..], Node::items);
            for (slot, value) in sealed_nodes(password) {
                let place = place(slot);
                fields.push(SealedField {
                    former: former(&place, was.as_ref(), society_was.as_ref(), password_was.as_ref()),
                    place,
                    text: value.text().unwrap_or_default().into(),
                    span: value.place.span(&file.path),
                    uris: uris.iter().filter_map(Node::text).map(str::to_owned).collect(),
                });
            }
        }
    }
    fields
}

fn sealed_nodes(password: &Node) -> Vec<(Slot, &Node)> {
    let mut nodes = Vec::new();
    nodes.extend(password.get("sealed").map(|value| (Slot::Value, value)));
    nodes.extend(password.get("totp").and_then(|totp| totp.get("sealed")).map(|value| (Slot::Totp, value)));
    for field in password.get("fields").map_or(&[][..], Node::items) {
        let name = text(field, "name").and_then(|name| name.parse().ok());
        nodes.extend(name.map(Slot::Field).zip(field.get("sealed")));
    }
    nodes
}

/// The passwords of a file, for whoever writes into it.
pub fn written_passwords(file: &File) -> Vec<WrittenPassword> {
    let Some(document) = read(file) else { return Vec::new() };
    let named = |node: &Node| text(node, "name").map(|name| (name.to_owned(), node.place.span(&file.path)));
    let passwords = passwords(&document).iter().filter_map(|password| {
        let (name, span) = named(password)?;
        let fields = password.get("fields").map_or(&[][..], Node::items).iter().filter_map(named).collect();
        Some(WrittenPassword { name, span, fields })
    });
    passwords.collect()
}

fn read(file: &File) -> Option<Node> {
    yaml::read(&file.path, &file.content).0
}

/// Whose document the file is.
fn society(union: &UnionName, file: &File) -> Option<SocietyName> {
    let name = file.path.strip_prefix(&format!("unions/{union}/societies/"))?.strip_suffix(".yaml")?;
    name.parse().ok()
}

fn passwords(document: &Node) -> &[Node] {
    document.get("spec").and_then(|spec| spec.get("passwords")).map_or(&[], Node::items)
}

fn text<'a>(node: &'a Node, field: &str) -> Option<&'a str> {
    node.get(field).and_then(Node::text)
}
