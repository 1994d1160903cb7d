//! Lists: the tags of a repository and the catalogue, in pages with `Link` (end-8a, 8b).

use axum::response::Response;
use http::StatusCode;
use http::header::LINK;
use serde_json::json;

use super::core::{Call, Core};
use super::reply;
use super::sync::lock;

/// GET `/v2/<name>/tags/list`.
pub(super) fn list(core: &Core, name: &str, call: &Call) -> Response {
    let tags = match lock(&core.store).repository(name) {
        Some(repository) => repository.sorted_tags(),
        None => {
            return reply::error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry");
        }
    };
    let (page, next) = match page(tags, call, core.settings.tags_page) {
        Ok(page) => page,
        Err(refusal) => return *refusal,
    };
    let mut response = reply::json_body(StatusCode::OK, &json!({ "name": name, "tags": page }));
    if let Some(next) = next {
        reply::set(&mut response, LINK, &format!("</v2/{name}/tags/list?{next}>; rel=\"next\""));
    }
    response
}

/// GET `/v2/_catalog`, as distribution has it.
pub(super) fn catalog(core: &Core, call: &Call) -> Response {
    let names: Vec<String> = lock(&core.store).names().map(str::to_owned).collect();
    let (page, next) = match page(names, call, core.settings.tags_page) {
        Ok(page) => page,
        Err(refusal) => return *refusal,
    };
    let mut response = reply::json_body(StatusCode::OK, &json!({ "repositories": page }));
    if let Some(next) = next {
        reply::set(&mut response, LINK, &format!("</v2/_catalog?{next}>; rel=\"next\""));
    }
    response
}

/// The page that `n` and `last` ask for, and the query of the one after it.
fn page(entries: Vec<String>, call: &Call, maximum: Option<usize>) -> Result<(Vec<String>, Option<String>), Box<Response>> {
    let wanted = match call.query.first("n").map(str::parse::<usize>) {
        Some(Ok(n)) => Some(n),
        Some(Err(_)) => {
            return Err(Box::new(reply::error(
                StatusCode::BAD_REQUEST,
                "PAGINATION_NUMBER_INVALID",
                "invalid number of results requested",
            )));
        }
        None => None,
    };
    let limit = match (wanted, maximum) {
        (Some(wanted), Some(maximum)) => Some(wanted.min(maximum)),
        (wanted, maximum) => wanted.or(maximum),
    };
    let key = |entry: &str| (entry.to_ascii_lowercase(), entry.to_owned());
    let last = call.query.first("last").map(key);
    let mut rest = entries.into_iter().filter(|entry| last.as_ref().is_none_or(|last| key(entry) > *last));
    let Some(limit) = limit else { return Ok((rest.collect(), None)) };
    let page: Vec<String> = rest.by_ref().take(limit).collect();
    let next = match (page.last(), rest.next()) {
        (Some(last), Some(_)) => Some(format!("n={limit}&last={last}")),
        _ => None,
    };
    Ok((page, next))
}
