//! JSON with exact numbers. serde_json may miss the last bit of a number with many digits, which would change
//! a repaint; the standard library's parser does not.

use serde_json::{Number, Value};

/// Marks a string that replaces a number while the JSON is parsed; JSON cannot contain it unescaped.
const MARK: char = '\u{1}';

/// Parse JSON with exact numbers.
///
/// # Errors
///
/// Those of the JSON parser.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::from_str(&mark(text))?;
    restore(&mut value);
    Ok(value)
}

/// Replace every number that has a fraction or an exponent by a marked string.
fn mark(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = text;
    let mut in_string = false;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '"' => in_string = !in_string,
            '\\' if in_string => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            '-' | '0'..='9' if !in_string => {
                let part_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
                length = rest.find(|c| !part_of_number(c)).unwrap_or(rest.len());
                let number = &rest[..length];
                if is_fraction(number) {
                    marked.push_str("\"\\u0001");
                    marked.push_str(number);
                    marked.push('"');
                    rest = &rest[length..];
                    continue;
                }
            }
            _ => {}
        }
        marked.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    marked
}

/// Whether this is a valid JSON number with a fraction or an exponent.
fn is_fraction(text: &str) -> bool {
    text.contains(['.', 'e', 'E']) && serde_json::from_str::<f64>(text).is_ok()
}

fn restore(value: &mut Value) {
    match value {
        Value::String(text) => {
            let number =
                text.strip_prefix(MARK).and_then(|digits| digits.parse().ok()).and_then(Number::from_f64);
            if let Some(number) = number {
                *value = Value::Number(number);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(restore),
        Value::Object(fields) => fields.values_mut().for_each(restore),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_whole_numbers_are_left_alone() {
        let value = json!({"a 1.5": ["2.5", 3, -4, "\\\"5.5", "é6.5\"", true, null], "b": {"c": 1.5e300}});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            assert_eq!(parse(&text).unwrap(), value);
        }
        for broken in ["1.5.5", "[1.5", "{\"a\": 1.e}", "\"\\", "\"é\\"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back_exactly(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = serde_json::to_string(&json!({"x": [number]})).unwrap();
            prop_assert_eq!(parse(&text).unwrap()["x"][0].as_f64().unwrap().to_bits(), bits);
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,200}") {
            prop_assert_eq!(parse(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok());
        }
    }
}
