//! Who may do what: users, the scopes that are asked for, and the actions that are granted.

use serde::Serialize;

/// How a user is told that an action is not allowed; registries differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// A token with fewer actions, as the specification wants; the registry then answers 401 `insufficient_scope`.
    #[default]
    FewerActions,
    /// 401 from the token server itself, as Docker Hub does for a read-only access token that asks for push.
    TokenServer,
    /// A token as asked, and 403 `DENIED` from the registry's address when something is written.
    Forbidden,
}

/// A user's rights over repositories.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    actions: &'static [&'static str],
}

/// One may pull, one may also push, one may also delete.
const USERS: [User; 3] = [
    User { name: "reader", password: "readpw", actions: &["pull"] },
    User { name: "writer", password: "writepw", actions: &["pull", "push"] },
    User { name: "admin", password: "adminpw", actions: &["pull", "push", "delete", "*"] },
];

impl User {
    pub(crate) fn with_password(name: &str, password: &str) -> Option<User> {
        Self::named(name).filter(|user| user.password == password)
    }

    pub(crate) fn named(name: &str) -> Option<User> {
        USERS.into_iter().find(|user| user.name == name)
    }

    pub(crate) fn anonymous(may_pull: bool) -> User {
        User { name: "", password: "", actions: if may_pull { &["pull"] } else { &[] } }
    }

    pub(crate) fn may(self, action: &str) -> bool {
        self.actions.contains(&action)
    }
}

/// What a token allows on one resource: an element of the `access` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Scope {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
}

impl Scope {
    /// The scopes of one parameter, which may hold several with spaces between them; malformed ones are left out.
    pub(crate) fn parse(parameter: &str) -> impl Iterator<Item = Scope> + '_ {
        parameter.split_ascii_whitespace().filter_map(|scope| {
            // A name may hold a host with a port, so the kind ends at the first colon and the actions begin at the last.
            let (kind, rest) = scope.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            Some(Scope { kind: kind.to_owned(), name: name.to_owned(), actions: actions.split(',').map(str::to_owned).collect() })
        })
    }

    /// The same scope with only those actions that the user has.
    pub(crate) fn limited_to(&self, user: User) -> Scope {
        let actions = self.actions.iter().filter(|action| user.may(action));
        Scope { actions: actions.cloned().collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str, actions: &[&str]) -> Scope {
        Scope { kind: "repository".to_owned(), name: name.to_owned(), actions: actions.iter().map(|&action| action.to_owned()).collect() }
    }

    #[test]
    fn scopes_are_separated_by_spaces_and_names_may_hold_colons() {
        let parsed: Vec<_> = Scope::parse("repository:a/b:pull,push repository:h:1/c:pull junk").collect();
        assert_eq!(parsed, [scope("a/b", &["pull", "push"]), scope("h:1/c", &["pull"])]);
    }

    #[test]
    fn a_user_is_granted_no_more_than_it_has() {
        let asked = scope("a", &["pull", "push"]);
        for (user, granted) in [
            (User::with_password("reader", "readpw"), Some(&["pull"][..])),
            (User::with_password("writer", "writepw"), Some(&["pull", "push"][..])),
            (User::with_password("writer", "readpw"), None),
            (Some(User::anonymous(true)), Some(&["pull"][..])),
            (Some(User::anonymous(false)), Some(&[][..])),
        ] {
            assert_eq!(user.map(|user| asked.limited_to(user)), granted.map(|actions| scope("a", actions)));
        }
    }
}
