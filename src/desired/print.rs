//! Manifests as YAML for people: what `keyforge render` prints and golden files hold.

use serde_json::Value;

use super::Manifest;

/// The manifests as one stream of YAML documents. Slots are shown by name, in angle brackets.
///
/// Written so that YAML 1.1 readers, kubectl among them, read the same values.
pub fn yaml(manifests: &[Manifest]) -> String {
    let documents = manifests.iter().map(|manifest| {
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        let text = serde_saphyr::to_string_with_options(&shown(manifest), options);
        text.expect("a JSON object is written as YAML without fail")
    });
    documents.collect::<Vec<_>>().join("---\n")
}

/// The body of a manifest with the names of its slots in their places.
pub fn shown(manifest: &Manifest) -> Value {
    let mut body = manifest.body.clone();
    for (pointer, slot) in &manifest.slots {
        if let Some(place) = body.pointer_mut(pointer) {
            *place = Value::String(format!("<slot: {slot}>"));
        }
    }
    body
}
