//! Which profiles are active (Spring Boot reference, "Profiles").

use super::super::spring::Settings;

/// Why a profile is not active, and what to do.
pub(super) fn obstacle(profile: &str, settings: &Settings) -> Option<(String, String)> {
    let mut active: Vec<&str> = settings.list("spring.profiles.active").chain(settings.list("spring.profiles.include")).collect();
    if active.is_empty() {
        active = settings.list("spring.profiles.default").collect();
        if active.is_empty() {
            active.push("default");
        }
    }
    // A group's profiles come with it; the name of the group is in the setting's name.
    let groups: Vec<&str> = settings.below("spring.profiles.group").flat_map(|(_, members)| members.split(',')).map(str::trim).collect();
    let is_active = |name: &&str| *name == profile || name.contains("${") || name.starts_with('@');
    if active.iter().any(is_active) || groups.contains(&profile) {
        return None;
    }
    let reason = match active.as_slice() {
        ["default"] => format!("nothing activates the profile `{profile}`, so it is not read"),
        others => format!("the profile `{profile}` is not active, so it is not read: {} is", others.join(", ")),
    };
    let all: Vec<&str> = active.iter().copied().filter(|name| *name != "default").chain([profile]).collect();
    Some((reason, format!("`--env SPRING_PROFILES_ACTIVE={}`", all.join(","))))
}
