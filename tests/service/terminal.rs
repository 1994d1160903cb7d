//! A rollout as somebody at a terminal sees it.

use imgbuild_testkit::peers::ServerImage;
use imgbuild_testkit::terminal::Recording;

use crate::site::Site;

/// Whether a line is that of a task which is watched, behind its mark, and not one that stays.
fn is_watched(line: &str, task: usize) -> bool {
    line.get(1..).is_some_and(|rest| rest.starts_with(&format!(" web.{task}")))
}

#[test]
fn every_task_has_one_line_that_goes_when_all_is_over() {
    let Some(site) = Site::single() else { return };
    let (one, two) = (site.push(&ServerImage::new("one"), "koin/api:1"), site.push(&ServerImage::new("two"), "koin/api:2"));
    site.create(&one, &[]);
    for (image, columns) in [(&two, 80), (&one, 24)] {
        let mut command = site.imgbuild(&["service", "update", "web", "--image", image]);
        command.env_remove("CI").env("TERM", "xterm");
        let Some(seen) = Recording::of(&command, columns) else { return };
        let last = seen.frames.last().unwrap();
        assert_eq!(seen.code, 0, "{last:#?}");
        for frame in &seen.frames {
            for task in 1..=3 {
                assert!(frame.iter().filter(|line| is_watched(line, task)).count() <= 1, "{frame:#?}");
            }
        }
        let has = |frame: &[String], wanted: &str| frame.iter().any(|line| line == wanted);
        let all = seen.frames.iter().any(|frame| (1..=3).all(|task| has(frame, &format!("+ web.{task} on n1: running"))));
        assert!(all, "{:#?}", seen.frames);
        let is_old = |line: &String| (1..=3).any(|task| line.starts_with(&format!("  web.{task} on n1: running (")));
        let old = seen.frames.iter().any(|frame| frame.iter().any(is_old));
        assert!(old, "{:#?}", seen.frames);
        assert!(!last.iter().any(|line| (1..=3).any(|task| is_watched(line, task))), "{last:#?}");
        // What stays is what a log would hold, and the result.
        assert!(last.concat().replace(' ', "").contains("3of3tasksrunning"), "{last:#?}");
    }
}
