//! Open upload sessions and the bytes that they have received.

use std::collections::HashMap;

use crate::registry::digest;

/// One upload that has not been committed.
#[derive(Debug, Default)]
pub(in crate::registry) struct Session {
    repository: String,
    pub(in crate::registry) bytes: Vec<u8>,
    /// Whether the last chunk was so small that only the final one may be like it.
    pub(in crate::registry) ended: bool,
}

/// All open sessions by their id.
#[derive(Debug, Default)]
pub(in crate::registry) struct Sessions {
    open: HashMap<String, Session>,
    opened: u64,
}

impl Sessions {
    pub(in crate::registry) fn open(&mut self, repository: &str) -> String {
        self.opened += 1;
        let id = uuid(self.opened);
        self.open.insert(id.clone(), Session { repository: repository.to_owned(), ..Session::default() });
        id
    }

    pub(in crate::registry) fn find(&self, repository: &str, id: &str) -> Option<&Session> {
        self.open.get(id).filter(|session| session.repository == repository)
    }

    pub(in crate::registry) fn find_mut(&mut self, repository: &str, id: &str) -> Option<&mut Session> {
        self.open.get_mut(id).filter(|session| session.repository == repository)
    }

    pub(in crate::registry) fn close(&mut self, repository: &str, id: &str) -> Option<Session> {
        self.find(repository, id)?;
        self.open.remove(id)
    }

    pub(in crate::registry) fn clear(&mut self) {
        self.open.clear();
    }

    pub(in crate::registry) fn len(&self) -> usize {
        self.open.len()
    }
}

/// The `_state` that belongs to a session's `Location`.
pub(in crate::registry) fn state(id: &str) -> String {
    digest::sha256(id.as_bytes())[7..39].to_owned()
}

/// A UUID in form (version 4), different for every session and the same in every run.
fn uuid(number: u64) -> String {
    let hex = digest::sha256(format!("session {number}").as_bytes());
    let hex = &hex[7..];
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
