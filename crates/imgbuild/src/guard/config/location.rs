//! Where Spring Boot looks for files (Spring Boot reference, "External Application Properties").

use super::super::spring::Settings;
use super::super::{ConfigFile, Subject};

/// Why Spring Boot does not see a file, and what to do.
pub(super) fn obstacle(subject: &Subject<'_>, config: &ConfigFile, settings: &Settings) -> Option<(String, String)> {
    let working_dir = subject.working_dir().trim_end_matches('/');
    let asked: Vec<&str> = settings.value("spring.config.location").map(split).unwrap_or_default();
    let more = settings.value("spring.config.additional-location").map(split).unwrap_or_default();
    let usual = ["./", "./config/", "./config/*/"];
    let base = if asked.is_empty() { usual.to_vec() } else { asked.clone() };
    let places: Vec<&str> = base.into_iter().chain(more).collect();
    if places.iter().any(|place| place.contains("${") || covers(place, working_dir, config)) {
        return None;
    }
    // What another file imports is found wherever it lies.
    let is_imported = settings
        .list("spring.config.import")
        .any(|import| import.contains("${") || import.contains(config.file_name()) || covers(import, working_dir, config));
    if is_imported || is_on_class_path(subject, config) {
        return None;
    }
    let shown = places.join(", ");
    let reason = format!("Spring Boot does not look there: with the working directory `{}` it looks in {shown}", subject.working_dir());
    let folder = config.folder();
    let fix = if asked.is_empty() {
        let file = config.file_name();
        format!("`--config {}:{working_dir}/config/{file}`, or `--env SPRING_CONFIG_ADDITIONAL_LOCATION=file:{folder}/`", config.source)
    } else {
        format!("`--env SPRING_CONFIG_ADDITIONAL_LOCATION=file:{folder}/`")
    };
    Some((reason, fix))
}

fn split(value: &str) -> Vec<&str> {
    value.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Whether a place of `spring.config.location` leads to the file.
fn covers(place: &str, working_dir: &str, config: &ConfigFile) -> bool {
    let place = place.strip_prefix("optional:").unwrap_or(place);
    if place.starts_with("classpath:") || place.starts_with("configtree:") {
        return false;
    }
    let place = place.strip_prefix("file:").unwrap_or(place);
    let place = if place.starts_with('/') { place.to_owned() } else { format!("{working_dir}/{}", place.trim_start_matches("./")) };
    // `file:///etc/` has three.
    let place = format!("/{}", place.trim_start_matches('/'));
    if let Some(above) = place.strip_suffix("*/") {
        return config.folder().strip_prefix(above).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'));
    }
    match place.strip_suffix('/') {
        Some(folder) => config.folder() == folder,
        // A file, with the profile's name put in by Spring Boot.
        None => config.destination == place || is_of_profile(&place, &config.destination),
    }
}

fn is_of_profile(place: &str, destination: &str) -> bool {
    let Some((stem, extension)) = place.rsplit_once('.') else { return false };
    let rest = destination.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension)).and_then(|rest| rest.strip_suffix('.'));
    rest.is_some_and(|rest| rest.starts_with('-') && !rest.contains('/'))
}

/// Whether the exploded layout's classes hold it.
fn is_on_class_path(subject: &Subject<'_>, config: &ConfigFile) -> bool {
    let Some(boot) = subject.boot() else { return false };
    let folder = subject.application.rsplit_once('/').map_or("", |(folder, _)| folder);
    let classes = format!("{folder}/{}", boot.classes().trim_end_matches('/'));
    config.folder() == classes || config.folder() == format!("{classes}/config")
}
