//! Rights in the language of the token specification: `repository:team/app:pull,push`.

use std::fmt;

/// Actions on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry) struct Scope {
    pub(in crate::registry) kind: String,
    pub(in crate::registry) name: String,
    pub(in crate::registry) actions: Vec<String>,
}

impl Scope {
    pub(in crate::registry) fn new(kind: &str, name: &str, actions: &[&str]) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned(), actions: actions.iter().map(|action| (*action).to_owned()).collect() }
    }

    pub(in crate::registry) fn repository(name: &str, actions: &[&str]) -> Self {
        Self::new("repository", name, actions)
    }

    /// Reads `kind:name:actions`; the name may hold colons.
    pub(in crate::registry) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions: Vec<&str> = actions.split(',').filter(|action| !action.is_empty()).collect();
        (!kind.is_empty() && !name.is_empty()).then(|| Self::new(kind, name, &actions))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

/// Whether `granted` together give every action of `needed`.
pub(in crate::registry) fn covered(granted: &[Scope], needed: &Scope) -> bool {
    needed.actions.iter().all(|action| {
        granted.iter().any(|scope| {
            scope.kind == needed.kind && scope.name == needed.name && scope.actions.iter().any(|own| own == action || own == "*")
        })
    })
}
