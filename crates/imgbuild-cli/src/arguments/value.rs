//! Values of flags that no type of the library reads.

use std::time::Duration;

use imgbuild::recipe;

/// A duration such as `30s` or `10m`.
pub(crate) fn duration(text: &str) -> Result<Duration, recipe::Error> {
    recipe::duration(text)
}

/// A host with its port where it has one: no scheme, no path.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let bare = !text.is_empty() && !text.contains(['/', '@', ' ']);
    if bare { Ok(text.to_owned()) } else { Err("write `HOST` or `HOST:PORT`, without a scheme or a path".to_owned()) }
}

/// A user of the image.
pub(crate) fn user(text: &str) -> Result<String, recipe::Error> {
    recipe::line("user", text)
}

/// A working directory of the image.
pub(crate) fn working_directory(text: &str) -> Result<String, recipe::Error> {
    recipe::line("working directory", text)
}
