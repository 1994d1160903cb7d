//! A snapshot of every command's help: a flag that changes, comes or goes is seen.

use crate::support::home;

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn check(command: &[String]) -> usize {
    let ended = home().run(command.iter().map(String::as_str).chain(["--help"]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{command:?}");
    let name = if command.is_empty() { "imgbuild".to_owned() } else { command.join("-") };
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, ended.stdout);
    });
    1 + commands(&ended.stdout).into_iter().map(|inner| check(&[command, &[inner]].concat())).sum::<usize>()
}

#[test]
fn the_help_of_every_command() {
    assert!(check(&[]) > 1, "no command was found");
}
