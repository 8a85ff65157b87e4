//! JSON in one reading: no name stands twice in an object, and nothing stands after the value.
//!
//! `serde_json` takes the last of two equal names, other readers the first: what one verifies, another might use. Nesting is limited by
//! `serde_json` (128 levels), size by whoever reads the bytes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The one value in `bytes`, or why there is none.
pub(in crate::signature) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// The same, where it is an object.
pub(in crate::signature) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match parse(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err("it is no JSON object".into()),
    }
}

/// A name that differs from one of `known` in letter case only: readers that do not mind case (Go's encoding/json) take the two for one.
pub(in crate::signature) fn alike<'a>(object: &'a Map<String, Value>, known: &[&str]) -> Option<&'a str> {
    let is_alike = |name: &str| known.iter().any(|known| name != *known && name.to_lowercase() == known.to_lowercase());
    object.keys().map(String::as_str).find(|name| is_alike(name))
}

#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Self)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the name `{name}` stands twice in one object")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_every_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":{"a":1,"\u0061":2}}"#, r#"[{"a":null,"a":null}]"#] {
            assert!(parse(text.as_bytes()).unwrap_err().contains("twice"), "{text}");
        }
        assert!(parse(br#"{"a":{"a":1},"b":[1,-2,3.5,"x",true,null]}"#).is_ok());
    }

    #[test]
    fn every_kind_of_value_is_what_it_says() {
        let text = r#"{"a":[1,-2,3.5,18446744073709551615,"x",true,false,null],"b":{}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_stands_after_the_value_is_refused() {
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"{}x").is_err());
        assert!(parse(&[b'['; 100_000]).is_err());
    }

    #[test]
    fn a_name_in_other_letter_case_is_seen() {
        let object = parse_object(br#"{"Payload":"a"}"#).unwrap();
        assert_eq!(alike(&object, &["payload", "protected"]), Some("Payload"));
        assert_eq!(alike(&object, &["Payload"]), None);
    }
}
