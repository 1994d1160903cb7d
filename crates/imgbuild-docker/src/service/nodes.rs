//! Which nodes may run a service's tasks, and whether an image covers them.

use std::time::Duration;

use imgbuild::Platform;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Error;
use super::spec::Spec;
use crate::engine::{Engine, Request};

/// After a manager's start nodes are `unknown` for some seconds.
const KNOWN_LIMIT: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(500);

/// The Swarm's nodes.
#[derive(Debug)]
pub(super) struct Nodes(Vec<Value>);

impl Nodes {
    /// Asks for them, until it is known of each whether it is there.
    pub(super) async fn ask(engine: &Engine) -> Result<Self, Error> {
        let until = Instant::now() + KNOWN_LIMIT;
        loop {
            let nodes = engine.list(Request::get("/nodes")).await?;
            let is_unknown = nodes.iter().any(|node| node["Status"]["State"] == "unknown");
            if !is_unknown || Instant::now() > until {
                return Ok(Self(nodes));
            }
            sleep(INTERVAL).await;
        }
    }

    /// Checks that the nodes that may run the tasks of `spec` find their platform among `has`.
    pub(super) fn check(&self, spec: &Spec, image: &str, has: &[Platform], allow_uncovered: bool) -> Result<(), Error> {
        let eligible: Vec<&Value> = self.0.iter().filter(|node| is_eligible(node, spec)).collect();
        if eligible.is_empty() {
            return Err(Error::NoNode(spec.0["Name"].as_str().unwrap_or_default().to_owned()));
        }
        let uncovered: Vec<(String, Platform)> = eligible.iter().filter(|node| !covers(has, node)).map(|node| named(node)).collect();
        let some_covered = uncovered.len() < eligible.len();
        if uncovered.is_empty() || (some_covered && allow_uncovered) {
            return Ok(());
        }
        Err(Error::Uncovered { image: image.to_owned(), has: has.to_vec(), uncovered, some_covered })
    }
}

fn platform(node: &Value) -> Platform {
    let text = |name: &str| node["Description"]["Platform"][name].as_str().unwrap_or_default();
    Platform::new(text("OS"), text("Architecture"), "").normalize()
}

fn named(node: &Value) -> (String, Platform) {
    (node["Description"]["Hostname"].as_str().unwrap_or_default().to_owned(), platform(node))
}

/// As Swarm's scheduler compares: operating system and architecture, without the variant.
fn covers(has: &[Platform], node: &Value) -> bool {
    let own = platform(node);
    let same = |candidate: &Platform| candidate.os() == own.os() && candidate.normalize().architecture() == own.architecture();
    has.iter().any(same)
}

fn is_eligible(node: &Value, spec: &Spec) -> bool {
    node["Status"]["State"] == "ready"
        && node["Spec"]["Availability"] == "active"
        && spec.constraints().all(|constraint| fits(node, constraint))
}

/// Whether a node fits a constraint. One that is not understood keeps no node out here; Swarm has the last word.
fn fits(node: &Value, constraint: &str) -> bool {
    let (key, value, wanted) = match (constraint.split_once("!="), constraint.split_once("==")) {
        (Some((key, value)), _) => (key.trim(), value.trim(), false),
        (None, Some((key, value))) => (key.trim(), value.trim(), true),
        (None, None) => return true,
    };
    let description = &node["Description"];
    let own = match key {
        "node.id" => node["ID"].as_str(),
        "node.hostname" => description["Hostname"].as_str(),
        "node.role" => node["Spec"]["Role"].as_str(),
        "node.platform.os" => description["Platform"]["OS"].as_str(),
        "node.platform.arch" => description["Platform"]["Architecture"].as_str(),
        _ => match (key.strip_prefix("node.labels."), key.strip_prefix("engine.labels.")) {
            (Some(label), _) => node["Spec"]["Labels"][label].as_str(),
            (None, Some(label)) => description["Engine"]["Labels"][label].as_str(),
            (None, None) => return true,
        },
    };
    own.unwrap_or_default().eq_ignore_ascii_case(value) == wanted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded(name: &str) -> Nodes {
        let text = std::fs::read(format!("{}/tests/recorded/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        Nodes(serde_json::from_slice(&text).unwrap())
    }

    fn spec(constraints: &[&str]) -> Spec {
        Spec(json!({"Name": "web", "TaskTemplate": {"Placement": {"Constraints": constraints}}}))
    }

    #[test]
    fn a_node_that_the_image_does_not_cover_is_named() {
        let nodes = recorded("mixed-nodes");
        let both = [Platform::LINUX_AMD64, Platform::new("linux", "arm64", "v8")];
        nodes.check(&spec(&[]), "a", &both, false).unwrap();
        let error = nodes.check(&spec(&[]), "koin/api@sha256:1", &both[..1], false).unwrap_err();
        assert_eq!(error.to_string(), "`koin/api@sha256:1` has `linux/amd64` and does not cover the node `n3` (`linux/arm64`)");
        assert!(error.hint().unwrap().contains("--constraint"));
        nodes.check(&spec(&[]), "a", &both[..1], true).unwrap();
        nodes.check(&spec(&["node.platform.arch==x86_64"]), "a", &both[..1], false).unwrap();
        nodes.check(&spec(&["node.hostname != n3"]), "a", &both[..1], false).unwrap();
        nodes.check(&spec(&["node.role == manager"]), "a", &both[..1], false).unwrap();
    }

    #[test]
    fn an_image_that_no_node_can_run_is_refused_whatever_is_allowed() {
        let nodes = recorded("mixed-nodes");
        let error = nodes.check(&spec(&[]), "a", &[Platform::new("linux", "s390x", "")], true).unwrap_err();
        assert!(matches!(error, Error::Uncovered { some_covered: false, .. }));
        assert!(matches!(nodes.check(&spec(&["node.hostname==n9"]), "a", &[Platform::LINUX_AMD64], true), Err(Error::NoNode(_))));
    }

    #[test]
    fn nodes_that_are_down_or_drained_do_not_count() {
        // It is the arm64 node that is down.
        recorded("n3-down-nodes").check(&spec(&[]), "a", &[Platform::LINUX_AMD64], false).unwrap();
        let drained = recorded("drained-nodes");
        assert!(drained.0.iter().any(|node| node["Spec"]["Availability"] == "drain" && !is_eligible(node, &spec(&[]))));
    }
}
