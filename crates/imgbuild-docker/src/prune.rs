//! Frees space on a node: exited containers, then images that nothing names.
//!
//! An image that was pulled by digest looks as if nothing named it, although a service runs it or would go back to it. What
//! a service's specification names, the present one or the previous one, is kept.

use std::collections::HashSet;

use imgbuild::Reference;
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Engine, Error as EngineError, Request};
use crate::service::LAST_GOOD_LABEL;

/// Why nothing could be freed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine could not be asked, or said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The node is a worker of a Swarm, and nobody was named who knows its services.
    #[error("`{host}` is a worker of a Swarm, and cannot tell which images the Swarm's services need")]
    Worker {
        /// The engine.
        host: String,
    },
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Worker { .. } => Some("name a manager to ask: `--manager ssh://USER@MANAGER`".to_owned()),
        }
    }
}

/// What is, or would be, removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// Containers: name and bytes.
    pub containers: Vec<Item>,
    /// Images: name by digest, or id, and bytes.
    pub images: Vec<Item>,
    /// Images that look as if nothing named them, and are kept because a service names them.
    pub kept: Vec<String>,
    /// What the engine did not let go, with its words.
    pub refused: Vec<String>,
    /// Bytes that were, or would be, freed. Layers that other images share are not counted.
    pub bytes: u64,
    /// Whether nothing was removed.
    pub dry_run: bool,
}

/// One container or image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// The bytes that go with it.
    pub bytes: u64,
}

/// Frees space on the node of `engine`. Where that is a worker, `manager` says what services need.
///
/// # Errors
/// When an engine cannot be asked, or the node is a worker and there is no `manager`.
pub async fn prune(engine: &Engine, manager: Option<&Engine>, dry_run: bool) -> Result<Pruned, Error> {
    let services = services(engine, manager).await?;
    let needed = needed(&services);
    let mut pruned = Pruned { dry_run, ..Pruned::default() };
    // The sizes are asked for before anything goes.
    let usage = engine.json(Request::get("/system/df")).await?;
    let containers = Request::get("/containers/json").query("all", "1").query("size", "1").filter("status", "exited");
    for container in engine.list(containers).await? {
        let id = container["Id"].as_str().unwrap_or_default();
        let name = container["Names"][0].as_str().map_or(id, |name| name.trim_start_matches('/')).to_owned();
        let bytes = container["SizeRw"].as_u64().unwrap_or_default();
        if dry_run || pruned.takes(engine, Request::delete(format!("/containers/{id}")), &name).await? {
            pruned.bytes += bytes;
            pruned.containers.push(Item { name, bytes });
        }
    }
    let used = used(&usage, &pruned.containers);
    for image in engine.list(Request::get("/images/json").filter("dangling", "true")).await? {
        let id = image["Id"].as_str().unwrap_or_default();
        let name = image["RepoDigests"][0].as_str().filter(|name| !name.starts_with('<')).unwrap_or(id).to_owned();
        if is_needed(&image, &needed) {
            pruned.kept.push(name);
            continue;
        }
        // A container that runs or was only stopped by hand still needs its image.
        if used.contains(id) {
            continue;
        }
        let bytes = own_bytes(&usage, id);
        if dry_run || pruned.takes(engine, Request::delete(format!("/images/{id}")), &name).await? {
            pruned.bytes += bytes;
            pruned.images.push(Item { name, bytes });
        }
    }
    Ok(pruned)
}

impl Pruned {
    /// Removes one thing; what is in use or gone is no failure.
    async fn takes(&mut self, engine: &Engine, request: Request, name: &str) -> Result<bool, EngineError> {
        match engine.bytes(request).await {
            Ok(_) => Ok(true),
            Err(EngineError::Status { status: 404, .. }) => Ok(false),
            Err(EngineError::Status { status: 409, message, .. }) => {
                self.refused.push(format!("{name}: {message}"));
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// The services of the Swarm that the node is in; none where it is in none.
async fn services(engine: &Engine, manager: Option<&Engine>) -> Result<Vec<Value>, Error> {
    if let Some(manager) = manager {
        return Ok(manager.list(Request::get("/services")).await?);
    }
    let info = engine.json(Request::get("/info")).await?;
    let swarm = &info["Swarm"];
    if swarm["ControlAvailable"] == true {
        return Ok(engine.list(Request::get("/services")).await?);
    }
    match swarm["LocalNodeState"].as_str() {
        None | Some("" | "inactive") => Ok(Vec::new()),
        Some(_) => Err(Error::Worker { host: engine.endpoint().host.to_string() }),
    }
}

/// What services name: digests, and names without one.
fn needed(services: &[Value]) -> HashSet<String> {
    let specs = services.iter().flat_map(|service| [&service["Spec"], &service["PreviousSpec"]]);
    let images = specs.flat_map(|spec| [&spec["TaskTemplate"]["ContainerSpec"]["Image"], &spec["Labels"][LAST_GOOD_LABEL]]);
    images.filter_map(Value::as_str).map(key).collect()
}

/// The digest of a name that has one: repositories do not count, so that the same image of a mirror is kept too.
fn key(name: &str) -> String {
    let reference = name.parse::<Reference>().ok();
    reference.and_then(|reference| Some(reference.digest()?.to_string())).unwrap_or_else(|| name.to_owned())
}

fn is_needed(image: &Value, needed: &HashSet<String>) -> bool {
    let names = ["RepoDigests", "RepoTags"].into_iter().flat_map(|list| image[list].as_array().into_iter().flatten());
    names.filter_map(Value::as_str).any(|name| needed.contains(&key(name)))
}

/// The ids of images that containers have, but for those that go.
fn used<'a>(usage: &'a Value, gone: &[Item]) -> HashSet<&'a str> {
    let containers = usage["Containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stays = |container: &&Value| {
        let name = container["Names"][0].as_str().map(|name| name.trim_start_matches('/'));
        !gone.iter().any(|item| Some(item.name.as_str()) == name || container["Id"] == item.name.as_str())
    };
    containers.iter().filter(stays).filter_map(|container| container["ImageID"].as_str()).collect()
}

/// The bytes of an image that no other image shares.
fn own_bytes(usage: &Value, id: &str) -> u64 {
    let images = usage["Images"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = images.iter().find(|image| image["Id"] == id);
    own.map_or(0, |image| {
        let shared = image["SharedSize"].as_i64().and_then(|shared| u64::try_from(shared).ok()).unwrap_or_default();
        image["Size"].as_u64().unwrap_or_default().saturating_sub(shared)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_previous_specification_or_the_memory_names_is_needed() {
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let spec = |image: String| json!({"TaskTemplate": {"ContainerSpec": {"Image": image}}, "Labels": {LAST_GOOD_LABEL: format!("a/b@{}", digest("c"))}});
        let services = [json!({"Spec": spec(format!("a/b:1@{}", digest("a"))), "PreviousSpec": spec(format!("a/b@{}", digest("b")))})];
        let needed = needed(&services);
        let image =
            |letter: &str| json!({"RepoDigests": [format!("127.0.0.1:5000/a/b@{}", digest(letter))], "RepoTags": ["<none>:<none>"]});
        assert!(["a", "b", "c"].iter().all(|letter| is_needed(&image(letter), &needed)));
        assert!(!is_needed(&image("d"), &needed));
        assert!(!is_needed(&json!({"RepoDigests": ["<none>@<none>"], "RepoTags": ["<none>:<none>"]}), &needed));
    }

    #[test]
    fn shared_layers_are_not_counted() {
        let usage = json!({"Images": [{"Id": "a", "Size": 100, "SharedSize": 60}, {"Id": "b", "Size": 100, "SharedSize": -1}]});
        assert_eq!((own_bytes(&usage, "a"), own_bytes(&usage, "b"), own_bytes(&usage, "c")), (40, 100, 0));
    }
}
