//! `--health-*`: the image's health check, with the names that `docker run` and `docker service` use.

use std::time::Duration;

use clap::Args;
use imgbuild::image::Healthcheck;

use super::value::duration;
use crate::face::Failure;

/// The health check.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Health check")]
pub(crate) struct HealthArguments {
    /// The command that checks health, run by the image's shell
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Time between two checks
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_interval: Option<Duration>,
    /// Time after which a check has failed
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_timeout: Option<Duration>,
    /// Time to start in, during which failures do not count
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_period: Option<Duration>,
    /// Time between checks during the start
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_interval: Option<Duration>,
    /// Failures in a row that make a container unhealthy
    #[arg(long, value_name = "NUMBER")]
    health_retries: Option<u16>,
    /// Disables the base's health check
    #[arg(long, conflicts_with = "health_cmd")]
    no_healthcheck: bool,
}

impl HealthArguments {
    /// The health check that these flags describe, if they describe one.
    pub(super) fn healthcheck(&self) -> Result<Option<Healthcheck>, Failure> {
        let times = [self.health_interval, self.health_timeout, self.health_start_period, self.health_start_interval];
        if self.no_healthcheck {
            return Ok(Some(Healthcheck::none()));
        }
        let Some(command) = &self.health_cmd else {
            if times.iter().any(Option::is_some) || self.health_retries.is_some() {
                let failure = Failure::usage("a health check has times but no command");
                return Err(failure.hint("add one, such as `--health-cmd \"wget -qO- http://localhost:8080/actuator/health\"`"));
            }
            return Ok(None);
        };
        // The longest time that a flag takes fits: it is parsed from nanoseconds of this type.
        let nanoseconds = |time: Option<Duration>| time.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or_default();
        let [interval, timeout, start_period, start_interval] = times.map(nanoseconds);
        let test = vec!["CMD-SHELL".to_owned(), command.clone()];
        let retries = self.health_retries.unwrap_or_default().into();
        Ok(Some(Healthcheck { test, interval, timeout, start_period, start_interval, retries }))
    }
}
