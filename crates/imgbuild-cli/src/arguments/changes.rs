//! What is changed of a service: flags with the names of `docker service`.

use std::time::Duration;

use clap::Args;
use imgbuild::recipe::{Assignment, Injected, Injection};
use imgbuild_docker::service::{Changes, FailureAction, Health, Memory, Order, Processors, Publish, UpdatePolicy};

use super::RolloutArguments;
use super::value::duration;
use crate::face::Failure;

/// What is changed of a service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ChangeArguments {
    /// A config file to mount, at /app/config/NAME where no place is given; see `--config-as`
    #[arg(long, value_name = "FILE[:DEST]")]
    config: Vec<Injection>,
    /// The number of tasks
    #[arg(long, value_name = "NUMBER")]
    replicas: Option<u64>,
    /// Sets a variable
    #[arg(short, long, visible_alias = "env-add", value_name = "NAME=VALUE")]
    env: Vec<Assignment>,
    /// Removes a variable
    #[arg(long, value_name = "NAME")]
    env_rm: Vec<String>,
    /// Publishes a port: `8080:80`, or `mode=host,target=80,published=8080`
    #[arg(short, long, visible_alias = "publish-add", value_name = "PORT")]
    publish: Vec<Publish>,
    /// Sets a label of the service
    #[arg(long, visible_alias = "label-add", value_name = "NAME=VALUE")]
    label: Vec<Assignment>,
    /// Adds a constraint on nodes, such as `node.role==worker`
    #[arg(long, visible_alias = "constraint-add", value_name = "CONSTRAINT")]
    constraint: Vec<String>,
    /// Adds a network
    #[arg(long, visible_alias = "network-add", value_name = "NETWORK")]
    network: Vec<String>,
    /// The most memory of a task, such as `512m`
    #[arg(long, value_name = "BYTES")]
    limit_memory: Option<Memory>,
    /// The most processors of a task, such as `0.5`
    #[arg(long, value_name = "NUMBER")]
    limit_cpu: Option<Processors>,
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
    /// Failures in a row that make a task unhealthy
    #[arg(long, value_name = "NUMBER")]
    health_retries: Option<u64>,
    /// Disables the image's health check
    #[arg(long, conflicts_with = "health_cmd")]
    no_healthcheck: bool,
    /// How long a task has to end before it is killed [default: 40s where the service says nothing]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    stop_grace_period: Option<Duration>,
    /// How many tasks are replaced at a time, 0 for all [default: 1 where the service says nothing]
    #[arg(long, value_name = "NUMBER")]
    update_parallelism: Option<u64>,
    /// The pause between two steps [default: 10s where the service says nothing]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    update_delay: Option<Duration>,
    /// How long a new task is watched [default: 30s where the service says nothing]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    update_monitor: Option<Duration>,
    /// What happens when a task fails: `rollback`, `pause` or `continue` [default: rollback where the service says nothing]
    #[arg(long, value_name = "ACTION")]
    update_failure_action: Option<FailureAction>,
    /// The share of tasks that may fail
    #[arg(long, value_name = "RATIO")]
    update_max_failure_ratio: Option<f64>,
    /// Which task comes first when one replaces the other: `stop-first` or `start-first`
    #[arg(long, value_name = "ORDER")]
    update_order: Option<Order>,
}

impl ChangeArguments {
    /// The files to mount, at their places.
    pub(crate) fn files(&self) -> Result<Vec<Injected>, Failure> {
        RolloutArguments::placed(&self.config)
    }

    /// The changes.
    pub(crate) fn changes(&self, force: bool) -> Changes {
        let pair = |assignment: &Assignment| (assignment.name.clone(), assignment.value.clone());
        Changes {
            replicas: self.replicas,
            environment: self.env.iter().map(|Assignment { name, value, .. }| format!("{name}={value}")).collect(),
            environment_removed: self.env_rm.clone(),
            publish: self.publish.clone(),
            labels: self.label.iter().map(pair).collect(),
            constraints: self.constraint.clone(),
            networks: self.network.clone(),
            limit_memory: self.limit_memory,
            limit_processors: self.limit_cpu,
            health: Health {
                command: self.health_cmd.clone(),
                interval: self.health_interval,
                timeout: self.health_timeout,
                start_period: self.health_start_period,
                retries: self.health_retries,
                none: self.no_healthcheck,
            },
            stop_grace_period: self.stop_grace_period,
            update: UpdatePolicy {
                parallelism: self.update_parallelism,
                delay: self.update_delay,
                monitor: self.update_monitor,
                failure_action: self.update_failure_action,
                max_failure_ratio: self.update_max_failure_ratio,
                order: self.update_order,
            },
            force,
        }
    }
}
