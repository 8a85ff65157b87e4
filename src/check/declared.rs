//! What templates declare, as the checks on references ask for it.

use super::Context;
use crate::finding::{Finding, Rule};
use crate::model::printable::printable;
use crate::model::template::{
    CodeSource, Dynamic, ImagePin, Reference, Referred, S3Source, SourceSpan, Template, TemplateFunction, Written,
};

/// Every function of every template.
pub(super) fn functions<'a>(cx: &Context<'a>) -> impl Iterator<Item = (&'a Template, &'a TemplateFunction)> + use<'a> {
    cx.evidence.inventory.templates.iter().flat_map(|template| template.functions.iter().map(move |function| (template, function)))
}

/// A value that a function names, with all that a finding about it says.
pub(super) struct Declared<'a> {
    pub(super) template: &'a Template,
    /// Logical id or address.
    pub(super) name: &'a str,
    pub(super) property: &'a str,
    pub(super) place: &'a SourceSpan,
    pub(super) when: Option<&'a str>,
}

impl<'a> Declared<'a> {
    fn of(template: &'a Template, name: &'a str, reference: &'a Reference) -> Self {
        Self { template, name, property: &reference.property, place: &reference.place, when: reference.when.as_deref() }
    }

    /// The resource, safe to print.
    pub(super) fn subject(&self) -> String {
        self.template.subject(self.name)
    }

    /// A finding at the place of the value. Its key is the property and the value, so that neither a line nor an index moves the
    /// fingerprint.
    pub(super) fn finding(&self, rule: &'static Rule, value: &str, message: String) -> Finding {
        let mut finding = Finding::about(rule, self.subject(), message);
        finding.key = printable(&format!("{} {value}", self.property)).into_owned();
        finding.place = Some(self.place.clone());
        finding
    }

    /// `, by the default of the parameter X, where IsProd holds`: what makes the value this one. Safe to print.
    pub(super) fn because(&self, written: Option<&Written>) -> String {
        let mut words = String::new();
        let defaults = written.map(|written| written.defaults.as_slice()).unwrap_or_default();
        if !defaults.is_empty() {
            let plural = if defaults.len() == 1 { "the default of the parameter" } else { "the defaults of the parameters" };
            words.push_str(&format!(", by {plural} {}", defaults.join(" and ")));
        }
        if let Some(when) = self.when {
            words.push_str(&format!(", {when}"));
        }
        printable(&words).into_owned()
    }
}

/// Every layer that a function names by a text, and not by a resource of its own template.
pub(super) fn layers<'a>(cx: &Context<'a>) -> Vec<(Declared<'a>, &'a Written)> {
    let references = functions(cx).flat_map(|(template, function)| function.layers.iter().map(move |layer| (template, function, layer)));
    references
        .filter_map(|(template, function, reference)| match &reference.value {
            Referred::Written(written) => Some((Declared::of(template, &function.name, reference), written)),
            Referred::DefinedHere(_) => None,
        })
        .collect()
}

/// What layers are read from at deployment.
pub(super) fn layer_dynamics<'a>(cx: &Context<'a>) -> Vec<(Declared<'a>, &'a Dynamic)> {
    let mut found = Vec::new();
    for (template, function) in functions(cx) {
        for reference in &function.layers {
            let inside = match &reference.value {
                Referred::Written(written) => Some(written),
                Referred::DefinedHere(_) => None,
            };
            let dynamics = inside.into_iter().flat_map(Written::dynamics).chain(&reference.via);
            found.extend(dynamics.map(|dynamic| (Declared::of(template, &function.name, reference), dynamic)));
        }
    }
    found
}

/// Every image that a function names without a digest, with its tag; `None` where it names no tag either.
pub(super) fn image_tags<'a>(cx: &Context<'a>) -> Vec<(Declared<'a>, &'a Written, Option<String>)> {
    let mut found = Vec::new();
    for (template, function) in functions(cx) {
        for code in &function.code {
            let CodeSource::Image(reference) = code else { continue };
            let Referred::Written(written) = &reference.value else { continue };
            match written.image_pin() {
                ImagePin::Tag(tag) => found.push((Declared::of(template, &function.name, reference), written, tag)),
                ImagePin::Digest | ImagePin::Unresolved(_) => {}
            }
        }
    }
    found
}

/// Every S3 object that a function or layer takes its code from without naming an object version.
pub(super) fn unversioned_objects<'a>(cx: &Context<'a>) -> Vec<(Declared<'a>, &'a S3Source)> {
    let mut found = Vec::new();
    for template in &cx.evidence.inventory.templates {
        let of_functions = template.functions.iter().map(|function| (function.name.as_str(), &function.code));
        let of_layers = template.layers.iter().map(|layer| (layer.name.as_str(), &layer.code));
        for (name, code) in of_functions.chain(of_layers) {
            for code in code {
                let CodeSource::S3(source) = code else { continue };
                if source.version.is_none() {
                    let when = source.when.as_deref();
                    found.push((Declared { template, name, property: &source.property, place: &source.place, when }, source));
                }
            }
        }
    }
    found
}

/// `s3://BUCKET/KEY` as it is written, safe to print.
pub(super) fn object_name(source: &S3Source) -> String {
    let bucket = if source.bucket.is_empty() { "BUCKET".to_owned() } else { source.bucket.shown() };
    printable(&format!("s3://{bucket}/{}", source.key.shown())).into_owned()
}
