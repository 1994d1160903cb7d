//! The faults of one server, and which of them a request meets.

use std::sync::Mutex;
use std::time::Instant;

use super::fault::{Fault, Numbers, What};
use super::sync::lock;

/// Faults with their counters.
#[derive(Debug, Default)]
pub(super) struct Script(Mutex<Vec<Armed>>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    since: Instant,
    matched: u64,
    fired: u64,
}

impl Script {
    pub(super) fn add(&self, fault: Fault) {
        lock(&self.0).push(Armed { fault, since: Instant::now(), matched: 0, fired: 0 });
    }

    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How often any of the present faults has struck.
    pub(super) fn fired(&self) -> u64 {
        lock(&self.0).iter().map(|armed| armed.fired).sum()
    }

    /// What happens to this request; counts it for every fault that it matches.
    pub(super) fn strike(&self, method: &str, path: &str, authorized: bool) -> Vec<What> {
        let mut script = lock(&self.0);
        let met = script.iter_mut().filter(|armed| armed.fault.when.matches(method, path, authorized));
        met.filter_map(Armed::strike).collect()
    }
}

impl Armed {
    fn strike(&mut self) -> Option<What> {
        self.matched += 1;
        let when = &self.fault.when;
        let meant = match when.numbers {
            Numbers::All => true,
            Numbers::Exactly(n) => self.matched == n,
            Numbers::Every(n) => self.matched.is_multiple_of(n),
            Numbers::From(n) => self.matched >= n,
        };
        let left = when.times.is_none_or(|times| self.fired < times);
        let in_time = when.window.as_ref().is_none_or(|window| window.contains(&self.since.elapsed()));
        (meant && left && in_time).then(|| {
            self.fired += 1;
            self.fault.what.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fault::When;
    use super::*;

    #[test]
    fn numbers_and_counts() {
        let blobs = || When::request("GET", "/blobs/");
        let cases = [
            (blobs(), [true, true, true, true]),
            (blobs().nth(2), [false, true, false, false]),
            (blobs().every(2), [false, true, false, true]),
            (blobs().from(3), [false, false, true, true]),
            (blobs().times(1), [true, false, false, false]),
            (blobs().every(2).times(1), [false, true, false, false]),
            (blobs().window(Duration::ZERO..Duration::from_mins(10)), [true; 4]),
            (blobs().window(Duration::from_mins(10)..Duration::MAX), [false; 4]),
            (When::request("PUT", "/blobs/"), [false; 4]),
            (When::request("*", "/v2/*/blobs/*"), [true; 4]),
            (blobs().authorized(), [false; 4]),
        ];
        for (when, wanted) in cases {
            let script = Script::default();
            script.add(when.clone().then(What::Reset));
            let struck: Vec<bool> = wanted
                .iter()
                .map(|_| {
                    script.strike("GET", "/v2/a/manifests/x", false);
                    !script.strike("GET", "/v2/a/blobs/x", false).is_empty()
                })
                .collect();
            assert_eq!(struck, wanted, "{when:?}");
        }
    }
}
