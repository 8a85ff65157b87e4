//! The shapes of `installed.json` and `composer.lock`. PHP writes an empty map as `[]` and nothing as `null`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `installed.json` of Composer 2, or `composer.lock`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Listing {
    pub(super) packages: Vec<Stated>,
    #[serde(deserialize_with = "or_default")]
    pub(super) packages_dev: Vec<Stated>,
    #[serde(deserialize_with = "or_default")]
    pub(super) dev_package_names: Texts,
}

/// One package.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Stated {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) r#type: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) source: Origin,
    #[serde(deserialize_with = "or_default")]
    pub(super) dist: Origin,
    #[serde(deserialize_with = "or_default")]
    pub(super) require: Names,
    #[serde(deserialize_with = "or_default")]
    pub(super) replace: Names,
    #[serde(deserialize_with = "or_default")]
    pub(super) provide: Names,
    #[serde(deserialize_with = "or_default")]
    pub(super) license: Texts,
    pub(super) description: Option<String>,
    pub(super) homepage: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) authors: Vec<Author>,
    #[serde(deserialize_with = "or_default")]
    pub(super) support: Names,
    pub(super) install_path: Option<String>,
}

/// Where a package came from.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Origin {
    pub(super) url: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) shasum: Option<String>,
}

/// Who wrote it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Author {
    pub(super) name: Option<String>,
}

/// `null` is what PHP writes for nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Names to texts; an empty one is `[]`, as PHP writes it.
#[derive(Default)]
pub(super) struct Names(pub(super) BTreeMap<String, String>);

/// A text or some.
#[derive(Default)]
pub(super) struct Texts(pub(super) Vec<String>);

/// A text, or something else.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names to texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, text)) = map.next_entry::<String, Text>()? {
                    all.extend(text.0.map(|text| (name, text)));
                }
                Ok(Names(all))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Names::default())
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or some")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut all = Vec::new();
                while let Some(text) = seq.next_element::<Text>()? {
                    all.extend(text.0);
                }
                Ok(Texts(all))
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Text(String),
            Other(IgnoredAny),
        }
        Ok(match Any::deserialize(from)? {
            Any::Text(text) => Self(Some(text)),
            Any::Other(IgnoredAny) => Self(None),
        })
    }
}
