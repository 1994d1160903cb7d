//! What was found, for people.

use std::collections::HashSet;

use super::report::BaseReport;
use super::{ImageReport, Inspection, JarReport, LayerContentsReport, LayerReport, Settings};
use crate::event::Bytes;
use crate::oci::Digest;
use crate::shown::{HIDDEN, Outline, Shown};

/// Characters of a step of a Dockerfile that are shown.
const MAX_STEP: usize = 72;

impl Inspection {
    /// The image as lines below each other. What two platforms share is shown once.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut lines = Outline::new();
        lines.add(0, format!("{}  {}", Shown(&self.reference), self.digest));
        lines.add(1, format!("type {}", Shown(self.media_type.as_str())));
        let mut seen = HashSet::new();
        for image in &self.platforms {
            image.describe(&mut lines, &mut seen);
        }
        for other in &self.others {
            lines.add(1, format!("{}  {} ({})", Shown(&other.what), other.digest.short(), Bytes(other.size)));
        }
        lines
    }
}

impl ImageReport {
    fn describe(&self, lines: &mut Outline, seen: &mut HashSet<Digest>) {
        let maker = if self.made_by_imgbuild { "  made by imgbuild" } else { "" };
        lines.add(1, format!("{}  {} ({}){maker}", Shown(&self.platform.to_string()), self.manifest.short(), Bytes(self.size)));
        if let Some(created) = &self.created {
            lines.add(2, format!("created {}", Shown(created)));
        }
        if let Some(base) = &self.base {
            lines.add(2, base.to_line());
        }
        for layer in &self.layers {
            layer.describe(lines, seen);
        }
        self.settings.describe(lines);
    }
}

impl BaseReport {
    fn to_line(&self) -> String {
        let name = self.name.as_deref().unwrap_or("without a name");
        let digest = self.digest.as_ref().map(|digest| format!("  {}", digest.short())).unwrap_or_default();
        let layers = self.layers.map(|layers| format!(", {}", count(layers, "layer"))).unwrap_or_default();
        format!("base {}{digest}{layers}", Shown(name))
    }
}

impl LayerReport {
    fn describe(&self, lines: &mut Outline, seen: &mut HashSet<Digest>) {
        let base = if self.of_base == Some(true) { "base: " } else { "" };
        let step = self.name.as_deref().unwrap_or("layer");
        let short: String = step.chars().take(MAX_STEP).collect();
        let more = if short.len() < step.len() { "…" } else { "" };
        let found = self.contents.as_ref().map(|contents| format!(": {}", contents.summary())).unwrap_or_default();
        lines.add(2, format!("layer {}  {:>9}  {base}{}{more}{found}", self.digest.short(), Bytes(self.size).to_string(), Shown(&short)));
        let Some(contents) = self.contents.as_ref().filter(|_| seen.insert(self.digest.clone())) else { return };
        for jar in &contents.jars {
            lines.add(3, jar.to_line());
        }
        for path in contents.configuration.iter().filter(|_| self.of_base != Some(true)) {
            lines.add(3, format!("/{}", Shown(path)));
        }
    }
}

impl LayerContentsReport {
    fn summary(&self) -> String {
        let mut parts = vec![format!("{} ({})", count(self.files, "file"), Bytes(self.bytes))];
        if !self.jars.is_empty() {
            parts.push(count(self.jars.len(), "JAR"));
        }
        if self.deleted > 0 {
            parts.push(format!("deletes {}", count(self.deleted, "path")));
        }
        parts.extend(self.java.iter().map(|version| format!("Java {}", Shown(version))));
        parts.extend(self.system.iter().map(|name| Shown(name).to_string()));
        parts.join(", ")
    }
}

impl JarReport {
    fn to_line(&self) -> String {
        let version = self.version.as_ref().map(|version| format!(" {}", Shown(version))).unwrap_or_default();
        let found = match &self.unread {
            Some(reason) => format!("not looked into: {}", Shown(reason)),
            None => count(self.files, "file"),
        };
        format!("{}{version}  /{} ({found})", Shown(&self.name), Shown(&self.path))
    }
}

impl Settings {
    fn describe(&self, lines: &mut Outline) {
        let mut add = |name: &str, value: String| {
            if !value.is_empty() {
                lines.add(2, format!("{name} {}", Shown(&value)));
            }
        };
        add("entrypoint", words(&self.entrypoint));
        add("cmd", words(&self.cmd));
        add("user", self.user.clone());
        add("workdir", self.working_dir.clone());
        for variable in &self.env {
            add("env", format!("{}={}", variable.name, variable.value.as_deref().unwrap_or(HIDDEN)));
        }
        for (name, value) in &self.labels {
            add("label", format!("{name}={value}"));
        }
        add("ports", self.exposed_ports.join(", "));
        add("volumes", self.volumes.join(", "));
        add("healthcheck", words(&self.healthcheck));
        add("stopsignal", self.stop_signal.clone());
    }
}

fn words(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { serde_json::json!(words).to_string() }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
