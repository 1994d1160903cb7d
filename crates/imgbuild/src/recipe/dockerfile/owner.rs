//! Who owns what a step puts into the image.

use std::str::FromStr;

use crate::recipe::{Error, Owner};

/// Who owns what a step puts into the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOwner {
    /// Somebody by number.
    Numbers(Owner),
    /// Somebody whom the base's /etc/passwd and /etc/group know.
    Named(String),
    /// The user that the base starts as.
    UserOfBase,
}

impl StepOwner {
    /// The owner that USER names: whom nobody could be called is still looked for.
    pub(super) fn of_user(user: &str) -> Self {
        user.parse().unwrap_or_else(|_| Self::Named(user.to_owned()))
    }
}

impl FromStr for StepOwner {
    type Err = Error;

    /// Reads `--chown`. Of the names only `root` is the same in every image.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |name: &str| if name == "root" { "0".to_owned() } else { name.to_owned() };
        let numbers: Result<Owner, Error> = match text.split_once(':') {
            Some((user, group)) => format!("{}:{}", number(user), number(group)).parse(),
            None => number(text).parse(),
        };
        match numbers {
            Ok(owner) => Ok(Self::Numbers(owner)),
            Err(_) if is_named(text) => Ok(Self::Named(text.to_owned())),
            Err(error) => Err(error),
        }
    }
}

/// Whether it is `USER` or `USER:GROUP` with a name among them (`useradd(8)`, "CAVEATS").
fn is_named(text: &str) -> bool {
    let is_name = |name: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
        !name.is_empty() && !name.starts_with('-') && name.bytes().all(known)
    };
    let has_letter = |name: &str| name.bytes().any(|byte| !byte.is_ascii_digit());
    let (user, group) = text.split_once(':').unwrap_or((text, "0"));
    is_name(user) && is_name(group) && (has_letter(user) || has_letter(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_and_names_left_to_the_base() {
        let numbers = |uid, gid| Some(StepOwner::Numbers(Owner { uid, gid }));
        let named = |text: &str| Some(StepOwner::Named(text.to_owned()));
        let table = [
            ("1000", numbers(1000, 1000)),
            ("1:2", numbers(1, 2)),
            ("root", numbers(0, 0)),
            ("root:7", numbers(0, 7)),
            ("app", named("app")),
            ("app:50", named("app:50")),
            ("1000:staff", named("1000:staff")),
            ("www-data:www-data", named("www-data:www-data")),
            ("", None),
            (":", None),
            ("app:", None),
            ("-x", None),
            ("a b", None),
            ("99999999999", None),
        ];
        for (text, owner) in table {
            assert_eq!(text.parse::<StepOwner>().ok(), owner, "{text}");
        }
        assert_eq!(StepOwner::of_user("somebody@else"), StepOwner::Named("somebody@else".to_owned()));
    }
}
