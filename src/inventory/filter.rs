//! Which functions a [`Filter`] means.

use super::Filter;
use crate::model::arn_pattern::glob;

impl Filter {
    /// True where no condition is given.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.tags.is_empty() && self.runtimes.is_empty()
    }

    /// True where the conditions on names and runtimes hold of a function whose versions have these runtimes; image functions have none.
    pub fn means<'a>(&self, name: &str, mut runtimes: impl Iterator<Item = &'a str>) -> bool {
        let named = self.names.is_empty() || self.names.iter().any(|pattern| glob(pattern, name));
        named && (self.runtimes.is_empty() || runtimes.any(|runtime| self.runtimes.iter().any(|pattern| glob(pattern, runtime))))
    }

    /// True where the condition on tags holds.
    pub fn means_tags<'a>(&self, tags: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> bool {
        self.tags.is_empty()
            || self
                .tags
                .iter()
                .any(|(key, value)| tags.clone().any(|(k, v)| k == key && value.as_ref().is_none_or(|pattern| glob(pattern, v))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_conditions_must_all_hold_and_one_of_each_is_enough() {
        let filter = Filter { names: vec!["pay*".into(), "ship".into()], runtimes: vec!["python3.*".into()], tags: Vec::new() };
        assert!(filter.means("payments", ["nodejs22.x", "python3.13"].into_iter()));
        assert!(!filter.means("payments", ["nodejs22.x"].into_iter()));
        assert!(!filter.means("payments", std::iter::empty()));
        assert!(!filter.means("shipping", ["python3.13"].into_iter()));
        assert!(Filter::default().means("anything", std::iter::empty()) && Filter::default().is_empty());
    }

    #[test]
    fn a_tag_matches_by_its_whole_key_and_by_a_pattern_for_its_value() {
        let filter = Filter { tags: vec![("team".into(), Some("pay*".into())), ("audit".into(), None)], ..Filter::default() };
        assert!(filter.means_tags([("team", "payments")].into_iter()));
        assert!(filter.means_tags([("audit", "")].into_iter()));
        assert!(!filter.means_tags([("teams", "payments"), ("Team", "payments"), ("team", "ship")].into_iter()));
        assert!(!filter.means_tags(std::iter::empty()));
    }
}
