//! Hooks: changes that a test makes to one part of a forgery before the next part is made from it.

use std::sync::Arc;

/// One change.
type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// Changes to a `T`, made in the order in which they were added.
pub struct Hook<T>(Vec<Change<T>>);

impl<T> Hook<T> {
    /// Adds a change.
    pub fn add(&mut self, change: impl Fn(&mut T) + Send + Sync + 'static) {
        self.0.push(Arc::new(change));
    }

    /// Makes the changes.
    pub fn run(&self, part: &mut T) {
        for change in &self.0 {
            change(part);
        }
    }
}

impl<T> Clone for Hook<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Hook<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
