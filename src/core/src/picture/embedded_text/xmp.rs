//! Write the XMP packet around the text, and find the text in a packet that other programs may have
//! rewritten.

/// Our property's name with our prefix for its namespace.
const PROPERTY: &str = "impasto:Recipe";

/// A packet with the text as a property and the program as the picture's creator.
pub(super) fn packet(text: &str) -> String {
    let text = escape(text);
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:impasto=\"urn:impasto:1.0/\">\
         <xmp:CreatorTool>Impasto {version}</xmp:CreatorTool>\
         <{PROPERTY}>{text}</{PROPERTY}>\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

/// The text of our property, written as an element or as an attribute.
pub(super) fn text(packet: &[u8]) -> Option<String> {
    let packet = std::str::from_utf8(packet).ok()?;
    let (_, rest) = packet.split_once(PROPERTY)?;
    let escaped = match rest.strip_prefix('>') {
        Some(element) => element.split_once('<')?.0,
        None => {
            let value = rest.trim_start().strip_prefix('=')?.trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            value[1..].split_once(quote)?.0
        }
    };
    unescape(escaped)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in without_controls(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Line ends would be normalised.
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// XML has no way to write control characters; JSON escapes them anyway.
pub(super) fn without_controls(text: &str) -> String {
    let allowed = |c: &char| {
        matches!(c, '\t' | '\n' | '\r') || !(c.is_ascii_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().filter(allowed).collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, after) = after.split_once(';')?;
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_found_as_an_element_and_as_an_attribute() {
        let text_of = |packet: &str| text(packet.as_bytes());
        assert_eq!(text_of(&packet("a < b & \"c\"\n")).as_deref(), Some("a < b & \"c\"\n"));
        let rewritten = "<rdf:Description impasto:Recipe = '{&quot;a&quot;: &#x31;}' other=\"\"/>";
        assert_eq!(text_of(rewritten).as_deref(), Some("{\"a\": 1}"));
        for broken in [
            "impasto:Recipe",
            "impasto:Recipe>",
            "impasto:Recipe=",
            "impasto:Recipe='",
            "impasto:Recipe>&nbsp;<",
        ] {
            assert_eq!(text_of(broken), None, "{broken}");
        }
    }
}
