//! What an image starts, and as whom: what the facts are asked about.

/// What a container of the image starts with: the base's configuration with the recipe's changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// ENTRYPOINT and CMD in exec form, one behind the other.
    pub command: Vec<String>,
    /// What the health check runs, in exec form; empty where there is none.
    pub health_command: Vec<String>,
    /// The variable `PATH`.
    pub path: Option<String>,
    /// The variable `JAVA_HOME`.
    pub java_home: Option<String>,
    /// USER; empty for root.
    pub user: String,
    /// WORKDIR; empty for `/`.
    pub working_dir: String,
}

impl Start {
    /// The folders of `PATH`; what a container runtime takes where the image sets none.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.as_deref().unwrap_or(DEFAULT_PATH).split(':').filter(|folder| !folder.is_empty())
    }
}

/// `PATH` where an image sets none, as Docker and containerd set it.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
