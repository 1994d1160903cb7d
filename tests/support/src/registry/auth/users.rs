//! People, their passwords and what they may do in which repositories.

use super::Scope;
use crate::registry::pattern;

/// Users with passwords and grants, and the grants of anonymous callers.
///
/// A repository pattern is a repository's name in which `*` stands for any text; `*` alone is everything.
#[derive(Debug, Clone, Default)]
pub struct Users {
    people: Vec<Person>,
    anonymous: Vec<Grant>,
}

#[derive(Debug, Clone)]
struct Person {
    name: String,
    password: String,
    grants: Vec<Grant>,
}

#[derive(Debug, Clone)]
struct Grant {
    repositories: String,
    actions: Vec<String>,
}

impl Users {
    /// Nobody may do anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user with the same actions (`pull`, `push`, `delete`, `*`) on every repository.
    #[must_use]
    pub fn user(self, name: &str, password: &str, actions: &[&str]) -> Self {
        self.user_on(name, password, "*", actions)
    }

    /// Adds a user, or a further grant for a known user; a known user's password stays.
    #[must_use]
    pub fn user_on(mut self, name: &str, password: &str, repositories: &str, actions: &[&str]) -> Self {
        let grant = Grant::new(repositories, actions);
        match self.people.iter_mut().find(|person| person.name == name) {
            Some(person) => person.grants.push(grant),
            None => self.people.push(Person { name: name.to_owned(), password: password.to_owned(), grants: vec![grant] }),
        }
        self
    }

    /// Lets everybody do these actions on the repositories, without credentials.
    #[must_use]
    pub fn anonymous(mut self, repositories: &str, actions: &[&str]) -> Self {
        self.anonymous.push(Grant::new(repositories, actions));
        self
    }

    pub(in crate::registry) fn knows(&self, name: &str, password: &str) -> bool {
        self.people.iter().any(|person| person.name == name && person.password == password)
    }

    pub(in crate::registry) fn has_user(&self, name: &str) -> bool {
        self.people.iter().any(|person| person.name == name)
    }

    pub(in crate::registry) fn allows(&self, name: Option<&str>, needed: &Scope) -> bool {
        needed.actions.iter().all(|action| self.allows_action(name, needed, action))
    }

    /// Of the asked actions those that the user has.
    pub(in crate::registry) fn allowed(&self, name: Option<&str>, asked: &Scope) -> Scope {
        let actions = asked.actions.iter().filter(|action| self.allows_action(name, asked, action));
        Scope { actions: actions.cloned().collect(), ..asked.clone() }
    }

    fn allows_action(&self, name: Option<&str>, scope: &Scope, action: &str) -> bool {
        let person = self.people.iter().find(|person| Some(person.name.as_str()) == name);
        let own = person.map(|person| person.grants.as_slice()).unwrap_or_default();
        if scope.kind != "repository" {
            return own.iter().any(|grant| grant.repositories == "*");
        }
        own.iter()
            .chain(&self.anonymous)
            .any(|grant| pattern::matches(&grant.repositories, &scope.name) && grant.actions.iter().any(|own| own == action || own == "*"))
    }
}

impl Grant {
    fn new(repositories: &str, actions: &[&str]) -> Self {
        Self { repositories: repositories.to_owned(), actions: actions.iter().map(|action| (*action).to_owned()).collect() }
    }
}
