//! The referrers API: which manifests of a repository name a digest as their subject (end-12a, 12b).

use axum::response::Response;
use http::StatusCode;
use http::header::LINK;
use serde_json::{Value, json};

use super::blobs::invalid_digest;
use super::core::{Call, Core};
use super::digest;
use super::reply::{self, names};
use super::settings::Feature;
use super::store::StoredManifest;
use super::sync::lock;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// GET `/v2/<name>/referrers/<digest>`; switched off, the path does not exist.
pub(super) fn list(core: &Core, name: &str, subject: &str, call: &Call) -> Response {
    let settings = &core.settings;
    if !settings.has(Feature::Referrers) {
        return reply::content(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n");
    }
    if !digest::is_digest(subject) {
        return invalid_digest(subject);
    }
    let filter = call.query.first("artifactType");
    let mut descriptors: Vec<Value> = match lock(&core.store).repository(name) {
        Some(repository) => repository.manifests.values().filter_map(|manifest| referrer(manifest, subject)).collect(),
        None => Vec::new(),
    };
    if let Some(filter) = filter {
        descriptors.retain(|descriptor| descriptor["artifactType"] == filter);
    }
    let last = call.query.first("last").unwrap_or_default();
    descriptors.retain(|descriptor| descriptor["digest"].as_str().is_some_and(|digest| digest > last));
    let total = descriptors.len();
    let page = settings.referrers_page.unwrap_or(total);
    descriptors.truncate(page);
    let next = descriptors.last().filter(|_| total > page).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("last", last["digest"].as_str().unwrap_or_default());
        if let Some(filter) = filter {
            query.append_pair("artifactType", filter);
        }
        format!("</v2/{name}/referrers/{subject}?{}>; rel=\"next\"", query.finish())
    });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors });
    let mut response = reply::content(StatusCode::OK, INDEX, index.to_string());
    if filter.is_some() {
        reply::set(&mut response, names::FILTERS_APPLIED, "artifactType");
    }
    if let Some(next) = next {
        reply::set(&mut response, LINK, &next);
    }
    response
}

/// The descriptor of `manifest` when its subject is `subject`.
fn referrer(manifest: &StoredManifest, subject: &str) -> Option<Value> {
    let document: Value = serde_json::from_slice(&manifest.bytes).ok()?;
    if document["subject"]["digest"].as_str() != Some(subject) {
        return None;
    }
    let mut descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": manifest.bytes.len(),
    });
    let own = document["artifactType"].as_str().filter(|own| !own.is_empty());
    if let Some(artifact_type) = own.or_else(|| document["config"]["mediaType"].as_str()) {
        descriptor["artifactType"] = artifact_type.into();
    }
    if let Some(annotations) = document.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    Some(descriptor)
}
