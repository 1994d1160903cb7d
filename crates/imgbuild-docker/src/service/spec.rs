//! A service's specification as the engine gives it: JSON of which only what was asked is changed.

use std::time::Duration;

use imgbuild::Platform;
use imgbuild::Reference;
use serde_json::{Map, Value, json};

/// What Swarm takes for the time that a new task is watched, where a service says nothing.
const SWARM_MONITOR: Duration = Duration::from_secs(5);

/// A specification. Fields that are not known here stay as they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec(pub(crate) Value);

impl Spec {
    /// One for a new service.
    pub(crate) fn new(name: &str, image: &str) -> Self {
        Self(json!({
            "Name": name,
            "TaskTemplate": {"ContainerSpec": {"Image": image}},
            "Mode": {"Replicated": {"Replicas": 1}},
        }))
    }

    /// The object at a path; what is missing on the way is made.
    pub(crate) fn object(&mut self, path: &[&str]) -> &mut Map<String, Value> {
        let mut at = &mut self.0;
        for name in path {
            if !at.is_object() {
                *at = json!({});
            }
            at = &mut at[*name];
        }
        if !at.is_object() {
            *at = json!({});
        }
        match at {
            Value::Object(object) => object,
            _ => unreachable!("it was made an object above"),
        }
    }

    /// The list at a path; what is missing on the way is made.
    pub(crate) fn list(&mut self, path: &[&str], name: &str) -> &mut Vec<Value> {
        let at = self.object(path).entry(name).or_insert_with(|| json!([]));
        if !at.is_array() {
            *at = json!([]);
        }
        match at {
            Value::Array(list) => list,
            _ => unreachable!("it was made a list above"),
        }
    }

    fn items(&self, pointer: &str) -> &[Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn nanoseconds(&self, pointer: &str) -> Option<Duration> {
        self.0.pointer(pointer)?.as_u64().map(Duration::from_nanos)
    }

    /// What its containers are made from.
    pub(crate) fn container(&self) -> &Value {
        &self.0["TaskTemplate"]["ContainerSpec"]
    }

    pub(crate) fn force_update(&self) -> u64 {
        self.0["TaskTemplate"]["ForceUpdate"].as_u64().unwrap_or_default()
    }

    /// The image as it stands there; empty for services that run no containers.
    pub(crate) fn image(&self) -> &str {
        self.container()["Image"].as_str().unwrap_or_default()
    }

    /// Whether it names this image already, whatever the spelling: repository and digest decide, tags do not.
    pub(crate) fn runs(&self, image: &Reference) -> bool {
        let Ok(own) = self.image().parse::<Reference>() else { return false };
        own.digest().is_some() && own.digest() == image.digest() && own.repository() == image.repository()
    }

    pub(crate) fn set_image(&mut self, image: &Reference) {
        self.object(&["TaskTemplate", "ContainerSpec"]).insert("Image".to_owned(), image.to_string().into());
    }

    /// Says on which platforms its tasks may run. Swarm names no variants, and a list that is out of date keeps nodes out.
    pub(crate) fn set_platforms(&mut self, platforms: &[Platform]) {
        let mut listed: Vec<Value> = Vec::new();
        for platform in platforms {
            let entry = json!({"Architecture": platform.architecture(), "OS": platform.os()});
            if !listed.contains(&entry) {
                listed.push(entry);
            }
        }
        self.object(&["TaskTemplate", "Placement"]).insert("Platforms".to_owned(), listed.into());
    }

    /// The number of tasks, where the service has one; services with a task on every node have none.
    pub(crate) fn replicas(&self) -> Option<u64> {
        self.0.pointer("/Mode/Replicated").map(|mode| mode["Replicas"].as_u64().unwrap_or(1))
    }

    /// Whether its tasks are meant to end.
    pub(crate) fn is_job(&self) -> bool {
        self.0.pointer("/Mode/ReplicatedJob").is_some() || self.0.pointer("/Mode/GlobalJob").is_some()
    }

    /// How long a new task is watched.
    pub(crate) fn monitor(&self) -> Duration {
        self.nanoseconds("/UpdateConfig/Monitor").unwrap_or(SWARM_MONITOR)
    }

    /// The pause between two steps of an update.
    pub(crate) fn delay(&self) -> Duration {
        self.nanoseconds("/UpdateConfig/Delay").unwrap_or_default()
    }

    /// How many tasks are replaced at a time; 0 is all of them.
    pub(crate) fn parallelism(&self) -> u64 {
        self.0.pointer("/UpdateConfig/Parallelism").and_then(Value::as_u64).unwrap_or(1)
    }

    /// How long a task has to end before it is killed.
    pub(crate) fn stop_grace_period(&self) -> Option<Duration> {
        self.nanoseconds("/TaskTemplate/ContainerSpec/StopGracePeriod")
    }

    /// Whether the service brings a health check; `None` where the image decides.
    pub(crate) fn health_check(&self) -> Option<bool> {
        let test = self.container()["Healthcheck"]["Test"].as_array().filter(|test| !test.is_empty())?;
        Some(test.first().and_then(Value::as_str) != Some("NONE"))
    }

    /// Whether a new task starts before the old one stops.
    pub(crate) fn is_start_first(&self) -> bool {
        self.0.pointer("/UpdateConfig/Order").and_then(Value::as_str) == Some("start-first")
    }

    /// The ports that its tasks open on their node.
    pub(crate) fn host_ports(&self) -> Vec<u64> {
        let ports = self.items("/EndpointSpec/Ports").iter().filter(|port| port["PublishMode"] == "host");
        ports.map(|port| port["PublishedPort"].as_u64().or_else(|| port["TargetPort"].as_u64()).unwrap_or_default()).collect()
    }

    pub(crate) fn constraints(&self) -> impl Iterator<Item = &str> {
        self.items("/TaskTemplate/Placement/Constraints").iter().filter_map(Value::as_str)
    }

    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.0["Labels"][name].as_str()
    }

    /// Whether the tasks of both are the same: the image and whatever else a container is made from.
    pub(crate) fn same_tasks(&self, other: &Self) -> bool {
        self.container() == other.container() && self.force_update() == other.force_update()
    }

    /// Whether this task is of this specification.
    pub(crate) fn is_of(&self, task: &Value) -> bool {
        task["Spec"]["ContainerSpec"] == *self.container()
            && task["Spec"]["ForceUpdate"].as_u64().unwrap_or_default() == self.force_update()
    }
}

/// Nanoseconds, as the API counts time.
pub(crate) fn nanoseconds(time: Duration) -> Value {
    u64::try_from(time.as_nanos()).unwrap_or(i64::MAX.unsigned_abs()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(name: &str, number: usize) -> Value {
        let text = std::fs::read(format!("{}/tests/recorded/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let all: Value = serde_json::from_slice(&text).unwrap();
        all.get(number).cloned().unwrap_or(all)
    }

    #[test]
    fn the_spelling_of_an_image_does_not_count() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let spec = |image: &str| Spec::new("web", image);
        let wanted: Reference = format!("docker.io/koin/api:2@{digest}").parse().unwrap();
        for same in ["koin/api@", "docker.io/koin/api:1@", "index.docker.io/koin/api:2@"] {
            assert!(spec(&format!("{same}{digest}")).runs(&wanted), "{same}");
        }
        for other in [format!("koin/web@{digest}"), "koin/api:2".to_owned(), format!("koin/api@sha256:{}", "b".repeat(64))] {
            assert!(!spec(&other).runs(&wanted), "{other}");
        }
    }

    #[test]
    fn platforms_have_no_variant_and_everything_else_stays() {
        let mut spec = Spec(recorded("mixed-services", 0)["Spec"].clone());
        let before = spec.clone();
        spec.set_platforms(&[Platform::LINUX_AMD64, Platform::new("linux", "arm64", "v8"), Platform::new("linux", "arm64", "")]);
        assert_eq!(spec, before);
        spec.object(&["TaskTemplate"]).insert("Unknown".to_owned(), json!({"a": 1.50}));
        spec.set_platforms(&[Platform::LINUX_ARM64]);
        assert_eq!(spec.0["TaskTemplate"]["Unknown"], json!({"a": 1.50}));
    }

    #[test]
    fn recorded_tasks_are_those_of_their_service() {
        let service = recorded("mixed-services", 0);
        let spec = Spec(service["Spec"].clone());
        let text = std::fs::read(format!("{}/tests/recorded/mixed-tasks.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let tasks: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let (own, others): (Vec<&Value>, Vec<&Value>) = tasks.iter().partition(|task| task["ServiceID"] == service["ID"]);
        assert!(own.len() == 3 && own.iter().all(|task| spec.is_of(task)));
        assert!(others.iter().all(|task| !spec.is_of(task)));
        assert_eq!((spec.replicas(), spec.monitor(), spec.delay()), (Some(3), Duration::from_secs(2), Duration::from_secs(1)));
    }
}
