//! Scopes of tokens (Docker token specification, "Token scope").

use std::collections::{BTreeMap, BTreeSet};

/// What a token is asked for: actions by resource, without repetition and in one order, so that equal wishes are equal values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Scopes {
    actions: BTreeMap<String, BTreeSet<String>>,
    /// What does not have the form `type:name:actions`; it is passed on as it is.
    others: BTreeSet<String>,
}

impl Scopes {
    /// Reading from a repository.
    pub(crate) fn pull(path: &str) -> Self {
        Self::of(path, &["pull"])
    }

    /// Writing to a repository, which includes reading it.
    pub(crate) fn push(path: &str) -> Self {
        Self::of(path, &["pull", "push"])
    }

    /// Also reading from `source`, to mount a blob of it.
    pub(crate) fn and_pull(mut self, source: &str) -> Self {
        self.actions.entry(format!("repository:{source}")).or_default().insert("pull".to_owned());
        self
    }

    fn of(path: &str, actions: &[&str]) -> Self {
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        Self { actions: BTreeMap::from([(format!("repository:{path}"), actions)]), others: BTreeSet::new() }
    }

    /// Reads scopes as they are written; `*` stands for every action, and a resource without actions asks for nothing.
    pub(crate) fn parse<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut result = Self::default();
        for scope in scopes {
            // The name may hold a port, so the type ends at the first colon and the actions begin after the last.
            let parts = scope.split_once(':').and_then(|(kind, rest)| rest.rsplit_once(':').map(|(name, actions)| (kind, name, actions)));
            let Some((kind, name, actions)) = parts else {
                result.others.insert(scope.to_owned());
                continue;
            };
            let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned);
            result.actions.entry(format!("{kind}:{name}")).or_default().extend(actions);
        }
        result.actions.retain(|_, actions| {
            if actions.contains("*") {
                actions.retain(|action| action == "*");
            }
            !actions.is_empty()
        });
        result.others.remove("");
        result
    }

    /// The scopes as a token server reads them, sorted.
    pub(crate) fn to_strings(&self) -> Vec<String> {
        let join = |(resource, actions): (&String, &BTreeSet<String>)| {
            format!("{resource}:{}", actions.iter().map(String::as_str).collect::<Vec<_>>().join(","))
        };
        let mut all: Vec<String> = self.actions.iter().map(join).chain(self.others.iter().cloned()).collect();
        all.sort();
        all
    }

    /// Whether a token for these scopes also serves `wanted`.
    pub(crate) fn cover(&self, wanted: &Self) -> bool {
        wanted.others.is_subset(&self.others)
            && wanted
                .actions
                .iter()
                .all(|(resource, actions)| self.actions.get(resource).is_some_and(|own| own.contains("*") || actions.is_subset(own)))
    }

    /// What `self` asks for beyond `granted`.
    pub(crate) fn without(&self, granted: &Self) -> Self {
        let mut missing = self.clone();
        missing.actions.retain(|resource, actions| {
            if let Some(own) = granted.actions.get(resource) {
                actions.retain(|action| !own.contains(action) && !own.contains("*"));
            }
            !actions.is_empty()
        });
        missing.others.retain(|other| !granted.others.contains(other));
        missing
    }

    /// The same with nothing but `pull`, where that is less.
    pub(crate) fn only_pull(&self) -> Option<Self> {
        let mut less = self.clone();
        for actions in less.actions.values_mut() {
            actions.retain(|action| action == "pull");
        }
        less.actions.retain(|_, actions| !actions.is_empty());
        (less != *self && !less.actions.is_empty()).then_some(less)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::oci::Reference;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../../fixtures/vectors/auth.json")).unwrap()
    }

    fn strings(value: &Value) -> Vec<&str> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
    }

    #[test]
    fn scopes_are_cleaned_as_the_vectors_say() {
        let vectors = vectors();
        for case in vectors["scope_cleaning"].as_array().unwrap() {
            assert_eq!(Scopes::parse(strings(&case["scopes"])).to_strings(), strings(&case["want"]), "{case}");
        }
    }

    #[test]
    fn a_push_asks_for_its_target_and_for_the_sources_of_mounts() {
        let vectors = vectors();
        for case in vectors["push_scopes"].as_array().unwrap() {
            let target: Reference = case["target"].as_str().unwrap().parse().unwrap();
            let scopes = strings(&case["mount_from"])
                .iter()
                .fold(Scopes::push(target.path()), |scopes, source| scopes.and_pull(source.parse::<Reference>().unwrap().path()));
            assert_eq!(scopes, Scopes::parse(strings(&case["scopes"])), "{case}");
        }
    }

    #[test]
    fn wider_scopes_cover_narrower_ones() {
        let push = Scopes::push("a/b");
        assert!(push.cover(&Scopes::pull("a/b")));
        assert!(!Scopes::pull("a/b").cover(&push));
        assert!(!push.cover(&push.clone().and_pull("c")));
        assert!(Scopes::parse(["repository:a/b:*"]).cover(&push));
        assert_eq!(push.without(&Scopes::pull("a/b")).to_strings(), ["repository:a/b:push"]);
        assert_eq!(push.only_pull(), Some(Scopes::pull("a/b")));
        for (scope, less) in [("repository:a/b:pull", None), ("repository:a/b:push", None), ("registry:catalog:*", None)] {
            assert_eq!(Scopes::parse([scope]).only_pull(), less, "{scope}");
        }
    }

    #[test]
    fn what_is_missing_is_what_was_asked_for_and_not_granted() {
        for (asked, granted, missing) in [
            (&["repository:a:pull,push"][..], &["repository:a:pull"][..], &["repository:a:push"][..]),
            (&["repository:a:pull,push"], &["repository:a:*"], &[]),
            (&["repository:a:pull"], &["repository:b:pull"], &["repository:a:pull"]),
            (&["repository:a:pull", "own", "other"], &["own"], &["other", "repository:a:pull"]),
        ] {
            let (asked, granted) = (Scopes::parse(asked.iter().copied()), Scopes::parse(granted.iter().copied()));
            assert_eq!(asked.without(&granted).to_strings(), missing);
            assert_eq!(granted.cover(&asked), missing.is_empty(), "{asked:?} {granted:?}");
        }
        assert!(!Scopes::pull("a").cover(&Scopes::parse(["repository:a:pull", "own"])), "what has another form is not covered");
        assert!(!Scopes::parse(["own"]).cover(&Scopes::parse(["repository:a:pull", "own"])));
    }
}
