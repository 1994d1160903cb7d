//! What stands behind an error.

use std::error::Error;
use std::io;

/// An error of this type anywhere in the chain that begins with `error`.
///
/// What travelled inside an [`io::Error`] is no source of it, and is looked into all the same.
#[must_use]
pub fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find_cause::<T>(inner as &(dyn Error + 'static))) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// The causes of an error, outermost first, without repetition; none where it has none.
///
/// The error itself is left out: one of an HTTP client names the whole URL, which may hold a secret.
#[must_use]
pub fn causes(error: &dyn Error) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut current = error.source();
    while let Some(error) = current {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        current = error.source();
    }
    if parts.is_empty() { None } else { Some(parts.join(": ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("GET https://h/?signature=canary")]
    struct Request(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("no route")]
    struct NoRoute;

    #[test]
    fn a_cause_is_found_where_it_is_no_source() {
        let error = Request(io::Error::other(NoRoute));
        assert!(find_cause::<NoRoute>(&error).is_some() && find_cause::<Request>(&error).is_some());
        assert!(find_cause::<std::fmt::Error>(&error).is_none());
    }

    #[test]
    fn causes_are_said_once_and_without_the_error_itself() {
        assert_eq!(causes(&Request(io::Error::other(NoRoute))).as_deref(), Some("no route"));
        assert_eq!(causes(&NoRoute), None);
    }
}
