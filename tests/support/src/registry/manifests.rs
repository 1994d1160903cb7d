//! Manifests and indexes: pull, push with the checks that registries make, deletion (end-3, 7, 9).

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use serde_json::Value;

use super::blobs::invalid_digest;
use super::core::{Call, Core};
use super::digest;
use super::reply::{self, names};
use super::settings::{Feature, ImmutableTags};
use super::store::{Repository, StoredManifest};
use super::sync::lock;
use super::uploads::drain;

/// GET and HEAD by tag or digest.
pub(super) fn pull(core: &Core, name: &str, reference: &str) -> Response {
    if !is_reference(reference) {
        return invalid_reference(reference);
    }
    let store = lock(&core.store);
    let Some(manifest) = store.manifest(name, reference) else {
        return unknown(reference);
    };
    let mut response = reply::content(StatusCode::OK, &manifest.media_type, manifest.bytes.clone());
    if core.settings.has(Feature::DigestHeader) {
        reply::set(&mut response, names::CONTENT_DIGEST, &manifest.digest);
    }
    response
}

/// PUT by tag or digest, with further tags as `tag=` parameters.
pub(super) async fn push(core: &Core, name: &str, reference: &str, call: Call) -> Response {
    let settings = &core.settings;
    let media_type = call.header(CONTENT_TYPE).map(without_parameters).unwrap_or_default();
    let further: Vec<String> = call.query.all("tag").map(str::to_owned).collect();
    let origin = call.origin;
    let Some(bytes) = collect(call.body, settings.manifest_limit).await else {
        return reply::error(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", "manifest is too large");
    };
    if !is_reference(reference) || !further.iter().all(|tag| digest::is_tag(tag)) {
        return invalid_reference(reference);
    }
    let by_digest = digest::is_digest(reference);
    if by_digest && !digest::matches(reference, &bytes) {
        return invalid_digest(reference);
    }
    let manifest = StoredManifest { digest: if by_digest { reference.to_owned() } else { digest::sha256(&bytes) }, media_type, bytes };
    let document = match parse(&manifest) {
        Ok(document) => document,
        Err(reason) => return reply::error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", &reason),
    };
    let mut store = lock(&core.store);
    let repository = store.repository_or_new(name);
    if let (Some(style), false) = (settings.immutable_tags, by_digest)
        && let Some(existing) = repository.tags.get(reference)
        && let Some(refusal) = immutable(style, reference, existing == &manifest.digest)
    {
        return refusal;
    }
    let missing = missing(repository, &document, settings.has(Feature::ChildCheck));
    if !missing.is_empty() {
        return blobs_unknown(&missing);
    }
    let digest = manifest.digest.clone();
    repository.manifests.insert(digest.clone(), manifest);
    if !by_digest {
        repository.tags.insert(reference.to_owned(), digest.clone());
    }
    let mut response = reply::empty(StatusCode::CREATED);
    for tag in further {
        response.headers_mut().append(names::TAG, reply::header_value(&tag));
        repository.tags.insert(tag, digest.clone());
    }
    reply::set(&mut response, LOCATION, &format!("{origin}/v2/{name}/manifests/{digest}"));
    reply::set(&mut response, names::CONTENT_DIGEST, &digest);
    if let (Some(subject), true) = (document["subject"]["digest"].as_str(), settings.has(Feature::Referrers)) {
        reply::set(&mut response, names::SUBJECT, subject);
    }
    response
}

/// DELETE: by tag the tag alone, by digest the manifest with its tags.
pub(super) fn delete(core: &Core, name: &str, reference: &str) -> Response {
    if !core.settings.has(Feature::Deletes) {
        return reply::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "deletion is disabled");
    }
    if !is_reference(reference) {
        return invalid_reference(reference);
    }
    let mut store = lock(&core.store);
    let Some(repository) = store.repository_mut(name) else {
        return reply::error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let found =
        if digest::is_digest(reference) { repository.delete_manifest(reference) } else { repository.tags.remove(reference).is_some() };
    if found { reply::empty(StatusCode::ACCEPTED) } else { unknown(reference) }
}

/// A media type as it is compared: no parameters, no spaces.
pub(super) fn without_parameters(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_owned()
}

fn is_reference(reference: &str) -> bool {
    digest::is_tag(reference) || digest::is_digest(reference)
}

async fn collect(body: axum::body::Body, limit: usize) -> Option<Bytes> {
    use futures_util::StreamExt as _;
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.ok()?);
        if bytes.len() > limit {
            drain(axum::body::Body::from_stream(stream)).await;
            return None;
        }
    }
    Some(bytes.into())
}

fn parse(manifest: &StoredManifest) -> Result<Value, String> {
    let document: Value = serde_json::from_slice(&manifest.bytes).map_err(|error| format!("manifest is not JSON: {error}"))?;
    if !document.is_object() {
        return Err("manifest is not a JSON object".to_owned());
    }
    if manifest.media_type.is_empty() {
        return Err("Content-Type is missing".to_owned());
    }
    match document["mediaType"].as_str() {
        Some(inner) if inner != manifest.media_type => Err(format!("mediaType is `{inner}` but Content-Type is `{}`", manifest.media_type)),
        _ => Ok(document),
    }
}

/// The descriptors' digests that this repository does not have; `subject` may be missing by specification.
fn missing(repository: &Repository, document: &Value, check_children: bool) -> Vec<String> {
    let list = |key: &str| document[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let config = document.get("config").into_iter();
    let blobs = config
        .chain(list("layers"))
        .chain(list("blobs"))
        .filter(|descriptor| !is_elsewhere(descriptor))
        .filter_map(digest_of)
        .filter(|digest| !repository.blobs.contains_key(*digest));
    let children =
        list("manifests").iter().filter_map(digest_of).filter(|digest| check_children && !repository.manifests.contains_key(*digest));
    blobs.chain(children).map(str::to_owned).collect()
}

fn digest_of(descriptor: &Value) -> Option<&str> {
    descriptor["digest"].as_str()
}

/// Layers that are fetched from their own URLs and never pushed.
fn is_elsewhere(descriptor: &Value) -> bool {
    let media_type = descriptor["mediaType"].as_str().unwrap_or_default();
    media_type.contains("nondistributable") || media_type.contains(".foreign.")
}

fn immutable(style: ImmutableTags, tag: &str, unchanged: bool) -> Option<Response> {
    let (status, code, message) = match style {
        ImmutableTags::DockerHub => (StatusCode::FORBIDDEN, "DENIED", format!("tag {tag} is immutable and cannot be updated")),
        ImmutableTags::Harbor => {
            (StatusCode::PRECONDITION_FAILED, "PRECONDITION", format!("Failed to process request due to '{tag}' configured as immutable."))
        }
        ImmutableTags::Ecr => (
            StatusCode::BAD_REQUEST,
            "TAG_INVALID",
            format!("The image tag '{tag}' already exists and cannot be overwritten because the tag is immutable."),
        ),
    };
    (style == ImmutableTags::Ecr || !unchanged).then(|| reply::error(status, code, &message))
}

fn blobs_unknown(digests: &[String]) -> Response {
    let errors: Vec<Value> = digests
        .iter()
        .map(|digest| {
            serde_json::json!({
                "code": "MANIFEST_BLOB_UNKNOWN",
                "message": "blob unknown to registry",
                "detail": { "digest": digest },
            })
        })
        .collect();
    // distribution answers 400 and the specification's table has 404: clients must go by the code.
    reply::json_body(StatusCode::BAD_REQUEST, &serde_json::json!({ "errors": errors }))
}

fn unknown(reference: &str) -> Response {
    reply::error_with_detail(
        StatusCode::NOT_FOUND,
        "MANIFEST_UNKNOWN",
        "manifest unknown to registry",
        serde_json::json!({ "reference": reference }),
    )
}

fn invalid_reference(reference: &str) -> Response {
    if reference.contains(':') {
        invalid_digest(reference)
    } else {
        reply::error(StatusCode::BAD_REQUEST, "TAG_INVALID", "manifest tag did not match the grammar")
    }
}
