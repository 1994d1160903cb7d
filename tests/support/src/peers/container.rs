//! An image that an engine runs and that answers over HTTP.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::process::free_address;
use super::{Engine, http_get};
use crate::peer;

/// A Spring application of ordinary size takes 10 s on two processors; a busy machine several times that.
const PATIENCE: Duration = Duration::from_mins(3);
const INTERVAL: Duration = Duration::from_millis(200);

impl Engine {
    /// Runs the image on this machine's network with a free port in `PORT`, and gives what it answers for `/`. The container is
    /// gone afterwards.
    ///
    /// # Panics
    /// Where it ends or does not answer, with its log.
    #[must_use]
    pub fn answer(&self, image: &str) -> String {
        let address = free_address();
        let port = format!("--env=PORT={}", address.port());
        let started = self.run(["run", "--detach", "--network=host", &port, image]);
        let container = started.trim();
        let answer = self.first_answer(container, address);
        self.run(["rm", "--force", container]);
        answer
    }

    fn first_answer(&self, container: &str, address: SocketAddr) -> String {
        let began = Instant::now();
        loop {
            if let Some(answer) = http_get(address, "/") {
                return answer;
            }
            let state = self.run(["inspect", "--format={{.State.Running}}", container]);
            let log = || self.command().args(["logs", container]).output().map(|output| peer::text(&output));
            assert_eq!(state.trim(), "true", "the container ended: {:?}", log());
            assert!(began.elapsed() < PATIENCE, "no answer: {:?}", log());
            sleep(INTERVAL);
        }
    }
}
