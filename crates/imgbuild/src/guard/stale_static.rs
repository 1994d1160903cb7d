//! `stale-static`: files that browsers keep, because their time never changes.

use super::{Finding, Id, Subject};

/// Turns `Last-Modified` off (Spring Boot 2.4 and later).
const SETTING: &str = "spring.web.resources.cache.use-last-modified";

pub(super) fn check(subject: &Subject<'_>) -> Option<Finding> {
    let evidence = subject.evidence?;
    let resource = evidence.static_resource().filter(|_| subject.is_time_fixed)?;
    let settings = subject.settings();
    // Before Boot 2.4 the setting had no `web` in its name.
    let is_off = [SETTING, "spring.resources.cache.use-last-modified"].iter().any(|name| settings.value(name) == Some("false"));
    if is_off || settings.value("spring.web.resources.add-mappings") == Some("false") {
        return None;
    }
    let reason = "every build gives files the same time, so Spring answers 304 Not Modified for files that have changed";
    let fix = "`--env SPRING_WEB_RESOURCES_CACHE_USE_LAST_MODIFIED=false`";
    Some(Finding::warning(Id::StaleStatic, resource, reason, fix).in_file(evidence.name(), None))
}
