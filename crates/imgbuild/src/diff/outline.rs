//! What differs, for people.

use super::change::{Aspect, Change, State};
use super::report::{Difference, PlatformDifference};
use crate::shown::{Outline, Shown};

/// Changes under one heading that are listed; the JSON has all of them.
const MAX_LISTED: usize = 40;

impl Difference {
    /// What differs as lines below each other. What is true of all platforms is said once.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut lines = Outline::new();
        if self.same {
            lines.add(0, format!("the same: {}", self.left.digest));
            return lines;
        }
        lines.add(0, format!("{}: {}", Shown(&self.right.reference), self.verdict));
        lines.add(1, format!("from {}  {}", Shown(&self.left.reference), self.left.digest));
        lines.add(1, format!("to   {}  {}", Shown(&self.right.reference), self.right.digest));
        for (sign, platforms) in [("-", &self.removed_platforms), ("+", &self.added_platforms)] {
            for platform in platforms {
                lines.add(1, format!("{sign} platform {}", Shown(&platform.to_string())));
            }
        }
        describe(&mut lines, 1, &self.index.iter().collect::<Vec<_>>());
        let common = self.common();
        if !common.is_empty() {
            lines.add(1, "all platforms");
            describe(&mut lines, 2, &common);
        }
        for platform in &self.platforms {
            platform.describe(&mut lines, &common);
        }
        lines
    }

    /// What is true of every platform, where there are several.
    fn common(&self) -> Vec<&Change> {
        match self.platforms.split_first() {
            Some((first, others)) if !others.is_empty() => {
                first.changes.iter().filter(|change| others.iter().all(|other| other.changes.contains(change))).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl PlatformDifference {
    fn describe(&self, lines: &mut Outline, common: &[&Change]) {
        let own: Vec<&Change> = self.changes.iter().filter(|change| !common.contains(change)).collect();
        lines.add(1, format!("{}: {}", Shown(&self.platform.to_string()), self.verdict));
        describe(lines, 2, &own);
        if self.unread_layers > 0 {
            lines.add(2, format!("{} differing layers were not looked into", self.unread_layers));
        }
    }
}

fn describe(lines: &mut Outline, depth: usize, changes: &[&Change]) {
    for group in changes.chunk_by(|one, other| one.heading() == other.heading()) {
        let Some(first) = group.first() else { continue };
        lines.add(depth, first.heading());
        for change in group.iter().take(MAX_LISTED) {
            lines.add(depth + 1, change.to_line());
        }
        if group.len() > MAX_LISTED {
            lines.add(depth + 1, format!("and {} more", group.len() - MAX_LISTED));
        }
        let mut reasons: Vec<&str> = group.iter().map(|change| change.why()).collect();
        reasons.dedup();
        for reason in reasons {
            lines.add(depth + 1, format!("why it matters: {reason}"));
        }
    }
}

impl State {
    const fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
        }
    }
}

impl Change {
    /// The change in one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        let arrow = |from: &Option<String>, to: &Option<String>| {
            let text = |version: &Option<String>| version.as_deref().map_or_else(|| "unknown".to_owned(), |text| Shown(text).to_string());
            format!("{} → {}", text(from), text(to))
        };
        match self {
            Self::Base { from, to } | Self::Java { from, to } | Self::System { from, to } => arrow(from, to),
            Self::Dependency { name, state: State::Changed, from, to } if from == to => {
                let version = from.as_ref().map(|version| format!(" {}", Shown(version))).unwrap_or_default();
                format!("~ {}{version}: same version, other content", Shown(name))
            }
            Self::Dependency { name, state: State::Changed, from, to } => format!("~ {} {}", Shown(name), arrow(from, to)),
            Self::Dependency { name, state, from, to } => {
                let version = from.as_ref().or(to.as_ref()).map(|version| format!(" {}", Shown(version))).unwrap_or_default();
                format!("{} {}{version}", state.sign(), Shown(name))
            }
            Self::Class { class, library, state } => {
                let library = library.as_ref().map(|library| format!(" ({})", Shown(library))).unwrap_or_default();
                format!("{} {}{library}", state.sign(), Shown(class))
            }
            Self::ConfigKey { file, key, state } => format!("{} {}  in {}", state.sign(), Shown(key), Shown(file)),
            Self::Env { name, state } | Self::Label { name, state } => format!("{} {}", state.sign(), Shown(name)),
            Self::Setting { setting, from, to } => {
                let text = |text: &str| if text.is_empty() { "none".to_owned() } else { Shown(text).to_string() };
                format!("~ {} {} → {}", setting.name(), text(from), text(to))
            }
            Self::File { path, state, aspects } => {
                let aspects: Vec<&str> = aspects.iter().map(|aspect| aspect.name()).collect();
                let aspects = if aspects.is_empty() { String::new() } else { format!(" ({})", aspects.join(", ")) };
                format!("{} {}{aspects}", state.sign(), Shown(path))
            }
            Self::BaseFiles { jdk, added, removed, changed } => {
                let of = if *jdk { "the JDK" } else { "the operating system" };
                format!("{of}: {added} added, {removed} removed, {changed} changed")
            }
            Self::BuildInfo { file, state } => format!("{} {}", state.sign(), Shown(file)),
            Self::Times { files, archives, created } => times(*files, *archives, *created),
            Self::Packing { path } => format!("~ {}", Shown(path)),
            Self::Compression { from, to } => format!("~ {} → {}", Shown(from), Shown(to)),
            Self::LayerOrder => "layers that both have lie on each other in another order".to_owned(),
            Self::LayerForm => "layers with the same files are not the same tars".to_owned(),
            Self::Document { document, part } => format!("~ {document}: {}", Shown(part)),
        }
    }
}

impl Aspect {
    const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Formatting => "formatting or comments only",
            Self::Kind => "kind",
            Self::Target => "target",
            Self::Mode => "mode",
            Self::Owner => "owner",
        }
    }
}

fn times(files: usize, archives: usize, created: bool) -> String {
    let mut parts = Vec::new();
    if files > 0 {
        parts.push(format!("modification times of {files} files"));
    }
    if archives > 0 {
        parts.push(format!("times within {archives} JARs"));
    }
    if created {
        parts.push("the time of creation".to_owned());
    }
    parts.join(", ")
}
