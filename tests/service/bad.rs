use imgbuild_testkit::peers::ServerImage;

use crate::site::{PORTS, Site};

/// A release that ends by itself, at once or after a while.
fn crashing(milliseconds: &str) -> ServerImage {
    ServerImage::new("bad").environment("CRASH_MS", milliseconds)
}

/// Every replica answers with this text and no other. Without a health check a task that runs may not listen yet, so the first
/// looks may be too early.
fn assert_serves(site: &Site, text: &str) {
    const LOOKS: usize = 10;
    let look = || {
        let probe = site.0.probe(site.0.slots(&PORTS)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(600));
        probe.end()
    };
    let is_good = |seen: &serde_json::Value| {
        seen["minimum"] == 3 && PORTS.iter().all(|port| seen["texts"][port.to_string()] == serde_json::json!([text]))
    };
    let mut seen = look();
    for _ in 1..LOOKS {
        if is_good(&seen) {
            return;
        }
        seen = look();
    }
    assert!(is_good(&seen), "{seen}");
}

#[test]
fn a_bad_release_is_taken_back_stopped_or_reported_and_the_last_good_one_can_be_brought_back() {
    let Some(site) = Site::single() else { return };
    let first = site.push(&ServerImage::new("first"), "koin/api:1");
    let good = site.push(&ServerImage::new("good"), "koin/api:2");
    let crash = site.push(&crashing("0"), "koin/api:3");
    let late = site.push(&crashing("8000"), "koin/api:4");
    let sick = site.push(&ServerImage::new("sick").environment("SICK", "1").check(), "koin/api:5");
    site.create(&first, &[]);
    assert_eq!(site.update(&good, &[]).code, 0);

    // It crashes at its start: taken back, with its last words.
    let ended = site.update(&crash, &[]);
    assert_eq!(ended.code, 10, "{}", ended.text);
    assert!(ended.text.contains("rolled back") && ended.text.contains("the database does not answer"), "{}", ended.text);
    assert!(ended.text.contains("non-zero exit (3)"), "{}", ended.text);
    assert_serves(&site, "good");

    // Swarm remembers nothing now; we do.
    assert!(site.inspect()["PreviousSpec"].is_null());
    let back = site.run(&["service", "rollback", "web"]);
    assert_eq!(back.code, 0, "{}", back.text);
    assert_serves(&site, "first");
    let forth = site.run(&["service", "rollback", "web"]);
    assert_eq!(forth.code, 0, "{}", forth.text);
    assert_serves(&site, "good");

    // It crashes eight seconds later, within the time that it is watched.
    let ended = site.update(&late, &["--update-monitor", "12s"]);
    assert_eq!(ended.code, 10, "{}", ended.text);
    assert!(ended.text.contains("giving up"), "{}", ended.text);
    assert_serves(&site, "good");

    // It crashes after that time, of which Swarm takes no notice any more where its update goes on.
    let ended = site.update(&late, &["--update-monitor", "3s"]);
    assert!(matches!(ended.code, 10 | 12) && ended.text.contains("giving up"), "{}: {}", ended.code, ended.text);
    assert_eq!(site.update(&good, &[]).code, 0);
    assert_serves(&site, "good");

    // It never becomes healthy, and the update is to stop there.
    let ended = site.update(&sick, &["--update-monitor", "5s", "--update-failure-action", "pause"]);
    assert_eq!(ended.code, 11, "{}", ended.text);
    let says = |text: &str| text.contains("paused") && text.contains("last lines of web.") && text.contains("server: listening");
    assert!(says(&ended.text) && ended.text.contains("unhealthy"), "{}", ended.text);
    // Asked for again it is still not what runs.
    let again = site.update(&sick, &[]);
    assert!(again.code == 11 && says(&again.text), "{}", again.text);

    // Swarm goes on whatever happens, and calls that completed.
    let ended = site.update(&crash, &["--update-monitor", "1s", "--update-failure-action", "continue"]);
    assert_eq!(ended.code, 12, "{}", ended.text);
    assert!(ended.text.contains("the database does not answer"), "{}", ended.text);
    assert_eq!(site.update(&good, &["--update-failure-action", "rollback"]).code, 0);
    assert_serves(&site, "good");
}

#[test]
fn a_rollout_that_takes_too_long_goes_on_and_is_told() {
    let Some(site) = Site::single() else { return };
    let first = site.push(&ServerImage::new("first"), "koin/api:1");
    let slow = site.push(&ServerImage::new("slow"), "koin/api:2");
    site.create(&first, &[]);
    let ended = site.update(&slow, &["--update-delay", "30s", "--timeout", "6s"]);
    assert_eq!(ended.code, 13, "{}", ended.text);
    assert!(ended.text.contains("goes on"), "{}", ended.text);

    // Somebody else's update: refused unless forced.
    let other = site.update(&first, &[]);
    assert!(other.code == 1 && other.text.contains("another update"), "{}", other.text);
    let forced = site.update(&first, &["--force", "--update-delay", "0s"]);
    assert_eq!(forced.code, 0, "{}", forced.text);
}
