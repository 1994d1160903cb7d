//! When and how often something is tried again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::time::Instant;

use super::super::Error;
use crate::event::{Event, Events};

/// How patient the client is: attempts, delays and time limits, for every request alike.
#[derive(Debug, Clone)]
pub struct Policy {
    attempts: u32,
    first_delay: Duration,
    longest_delay: Duration,
    longest_wait: Duration,
    stall: Duration,
    commit: Duration,
    connect: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_millis(400),
            longest_delay: Duration::from_secs(15),
            longest_wait: Duration::from_mins(2),
            stall: Duration::from_mins(1),
            commit: Duration::from_mins(10),
            connect: Duration::from_secs(10),
        }
    }
}

impl Policy {
    /// How often something is tried in all, at least once.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The delay before the second attempt; it doubles from there up to `longest`, with random jitter.
    #[must_use]
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_delay, self.longest_delay) = (first, longest);
        self
    }

    /// The longest `Retry-After` that is waited; beyond it the request fails and names the wait.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// How long a transfer may make no progress at all. It limits no transfer that moves, however slowly.
    #[must_use]
    pub fn stall(mut self, limit: Duration) -> Self {
        self.stall = limit;
        self
    }

    /// How long a registry may think after it has all bytes of a blob: it hashes and copies them before it answers.
    #[must_use]
    pub fn commit(mut self, limit: Duration) -> Self {
        self.commit = limit;
        self
    }

    /// How long a connection may take to be made.
    #[must_use]
    pub fn connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    pub(crate) fn stall_limit(&self) -> Duration {
        self.stall
    }

    pub(crate) fn commit_limit(&self) -> Duration {
        self.commit
    }

    pub(crate) fn connect_limit(&self) -> Duration {
        self.connect
    }
}

/// The one point in time at which everything must be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) limit: Duration,
}

/// How long a host wants to be left alone; shared by all requests to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CoolDown(Arc<Mutex<Option<Instant>>>);

impl CoolDown {
    fn extend(&self, until: Instant) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(current.map_or(until, |current| current.max(until)));
    }

    /// Waits until the host may be asked again.
    pub(crate) async fn over(&self) {
        loop {
            let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }
}

/// The attempts of one task.
pub(crate) struct Trial {
    policy: Policy,
    events: Events,
    deadline: Option<Deadline>,
    what: String,
    started: Instant,
    failed: u32,
    delays: backon::ExponentialBackoff,
}

impl Trial {
    pub(crate) fn new(policy: Policy, events: Events, deadline: Option<Deadline>, what: String) -> Self {
        let delays = ExponentialBuilder::default()
            .with_jitter()
            // Without a seed the crate's jitter is the same in every process, and all clients would come back at once.
            .with_jitter_seed(RandomState::new().build_hasher().finish())
            .with_min_delay(policy.first_delay)
            .with_max_delay(policy.longest_delay)
            .without_max_times()
            .build();
        Self { policy, events, deadline, what, started: Instant::now(), failed: 0, delays }
    }

    /// Counts a failure and waits before the next attempt.
    ///
    /// # Errors
    /// When there is no next attempt: the failure was final, it was the last attempt, the registry asked for too long a wait,
    /// or time runs out before the wait is over.
    pub(crate) async fn again(&mut self, error: Error, wait: Option<Duration>, cool_down: &CoolDown) -> Result<(), Error> {
        if error.is_transient() { self.pause(error, wait, cool_down).await } else { Err(error) }
    }

    /// Counts a failure of any kind, which the caller knows how to mend, and waits before the next attempt.
    ///
    /// # Errors
    /// When it was the last attempt, the registry asked for too long a wait, or time runs out before the wait is over.
    pub(crate) async fn pause(&mut self, error: Error, wait: Option<Duration>, cool_down: &CoolDown) -> Result<(), Error> {
        self.failed += 1;
        // A registry that says when to come back is not broken, and is asked more often.
        let attempts = if wait.is_some() { 2 * self.policy.attempts } else { self.policy.attempts };
        if self.failed >= attempts {
            return Err(Error::GaveUp { attempts: self.failed, elapsed: self.started.elapsed(), last: Box::new(error) });
        }
        let delay = self.delays.next().unwrap_or(self.policy.longest_delay);
        let delay = match wait {
            None => delay,
            Some(wait) if wait > self.policy.longest_wait => return Err(too_long(error, wait, self.policy.longest_wait)),
            Some(wait) => wait.max(delay.min(self.policy.first_delay)),
        };
        let until = Instant::now() + delay;
        if let Some(deadline) = self.deadline
            && until >= deadline.at
        {
            return Err(Error::Deadline { what: error.to_string(), limit: deadline.limit });
        }
        // Only a host that asked for it, or that is overloaded, is left alone by everybody.
        if wait.is_some() || matches!(error.status(), Some(429 | 503)) {
            cool_down.extend(until);
        }
        let event = Event::Retry { what: self.what.clone(), attempt: self.failed, wait: delay, reason: reason_of(&error) };
        tracing::debug!("{event}");
        self.events.emit(&event);
        tokio::time::sleep(delay).await;
        Ok(())
    }

    /// Starts counting anew after progress was made.
    pub(crate) fn progressed(&mut self) {
        if self.failed > 0 {
            *self = Self::new(self.policy.clone(), self.events.clone(), self.deadline, std::mem::take(&mut self.what));
        }
    }
}

fn too_long(error: Error, wait: Duration, longest: Duration) -> Error {
    match error {
        Error::Status { request, status, reason } => Error::Wait { request, status, reason, wait, longest },
        other => other,
    }
}

fn reason_of(error: &Error) -> String {
    match error {
        Error::Status { status, reason, .. } => format!("{status} {reason}"),
        Error::Network { reason, .. } => reason.clone(),
        Error::UnknownHost { host, reason, .. } => format!("the host `{host}` cannot be found: {reason}"),
        other => other.to_string(),
    }
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_policy_keeps_everything_that_was_said() {
        let [first, longest, wait, stall, commit, connect] = [1, 2, 3, 4, 5, 6].map(Duration::from_secs);
        let policy = Policy::default().attempts(0).delays(first, longest).longest_wait(wait).stall(stall).commit(commit).connect(connect);
        assert_eq!((policy.attempts, policy.first_delay, policy.longest_delay, policy.longest_wait), (1, first, longest, wait));
        assert_eq!((policy.stall_limit(), policy.commit_limit(), policy.connect_limit()), (stall, commit, connect));
    }

    #[test]
    fn two_clients_do_not_come_back_at_once() {
        let delays = || Trial::new(Policy::default(), Events::default(), None, String::new()).delays.take(5).collect::<Vec<_>>();
        assert_ne!(delays(), delays());
    }

    fn status(status: u16) -> Error {
        Error::Status { request: "GET https://h/".to_owned(), status, reason: "R".to_owned() }
    }

    fn trial(policy: Policy, limit: Option<Duration>) -> Trial {
        let deadline = limit.map(|limit| Deadline { at: Instant::now() + limit, limit });
        let policy = policy.delays(Duration::from_millis(1), Duration::from_millis(2));
        Trial::new(policy, Events::default(), deadline, "GET".to_owned())
    }

    #[tokio::test]
    async fn who_says_when_to_come_back_is_asked_twice_as_often() {
        for (wait, expected) in [(None, 3), (Some(Duration::ZERO), 6)] {
            let mut trial = trial(Policy::default().attempts(3), None);
            let mut failed = 1;
            let last = loop {
                match trial.again(status(503), wait, &CoolDown::default()).await {
                    Ok(()) => failed += 1,
                    Err(last) => break last,
                }
            };
            assert!(failed == expected && matches!(last, Error::GaveUp { attempts, .. } if attempts == expected), "{failed}: {last}");
        }
    }

    #[tokio::test]
    async fn what_made_progress_starts_counting_anew() {
        let mut trial = trial(Policy::default().attempts(2), None);
        for _ in 0..3 {
            trial.again(status(503), None, &CoolDown::default()).await.unwrap();
            trial.progressed();
        }
        trial.again(status(503), None, &CoolDown::default()).await.unwrap();
        assert!(matches!(trial.again(status(503), None, &CoolDown::default()).await, Err(Error::GaveUp { attempts: 2, .. })));
    }

    #[tokio::test]
    async fn only_a_host_that_is_overloaded_or_asks_for_it_is_left_alone() {
        let network = || Error::Network { request: String::new(), reason: String::new() };
        let short = Some(Duration::from_millis(1));
        for (error, wait, left_alone) in [
            (status(429), None, true),
            (status(503), None, true),
            (status(500), None, false),
            (status(500), short, true),
            (network(), None, false),
        ] {
            let cool_down = CoolDown::default();
            let told = format!("{error:?} {wait:?}");
            trial(Policy::default(), None).again(error, wait, &cool_down).await.unwrap();
            assert_eq!(cool_down.0.lock().unwrap().is_some(), left_alone, "{told}");
        }
        let (cool_down, now) = (CoolDown::default(), Instant::now());
        for seconds in [2, 3, 1] {
            cool_down.extend(now + Duration::from_secs(seconds));
        }
        assert_eq!(*cool_down.0.lock().unwrap(), Some(now + Duration::from_secs(3)), "the longest wait counts");
    }

    #[tokio::test]
    async fn a_wait_that_is_as_long_as_permitted_is_waited_and_a_longer_one_is_not() {
        let (longest, more) = (Duration::from_millis(2), Duration::from_millis(3));
        let policy = || Policy::default().longest_wait(longest);
        trial(policy(), None).again(status(429), Some(longest), &CoolDown::default()).await.unwrap();
        let error = trial(policy(), None).again(status(429), Some(more), &CoolDown::default()).await.unwrap_err();
        assert!(matches!(error, Error::Wait { status: 429, wait, .. } if wait == more), "{error:?}");
        // Time that runs out before the wait is over is not waited either.
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        trial(Policy::default(), Some(hour)).again(status(503), None, &CoolDown::default()).await.unwrap();
        let late = trial(Policy::default(), Some(minute)).again(status(503), Some(minute), &CoolDown::default()).await.unwrap_err();
        assert!(matches!(late, Error::Deadline { limit, .. } if limit == minute), "{late:?}");
    }

    #[tokio::test]
    async fn what_is_final_is_not_tried_again() {
        for error in
            [status(404), Error::Input("no".to_owned()), Error::NotFound { request: String::new(), status: 404, reason: String::new() }]
        {
            let told = format!("{error:?}");
            let same = trial(Policy::default(), None).again(error, None, &CoolDown::default()).await.unwrap_err();
            assert_eq!(format!("{same:?}"), told);
        }
    }

    #[test]
    fn a_retry_is_told_with_the_cause_and_without_the_request() {
        let request = || "GET https://h/".to_owned();
        let unknown = Error::UnknownHost { request: request(), host: "h".to_owned(), reason: "DNS knows no such name".to_owned() };
        for (error, reason) in [
            (status(502), "502 R"),
            (Error::Network { request: request(), reason: "it broke".to_owned() }, "it broke"),
            (unknown, "the host `h` cannot be found: DNS knows no such name"),
            (Error::Input("other".to_owned()), "other"),
        ] {
            assert_eq!(reason_of(&error), reason);
        }
    }

    #[tokio::test]
    async fn one_request_that_must_wait_makes_all_others_to_its_host_wait() {
        let (policy, events) = (Policy::default(), Events::default());
        let cool_down = CoolDown::default();
        let error = || Error::Status { request: "GET https://h/".to_owned(), status: 429, reason: String::new() };
        let started = std::time::Instant::now();
        let mut trial = Trial::new(policy, events, None, "GET".to_owned());
        let (first, ()) = tokio::join!(trial.again(error(), Some(Duration::from_millis(300)), &cool_down), async {
            tokio::task::yield_now().await;
            cool_down.over().await;
            assert!(started.elapsed() >= Duration::from_millis(290));
        });
        first.unwrap();
    }
}
