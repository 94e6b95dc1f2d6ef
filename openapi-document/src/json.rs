//! JSON text to a positioned tree. Strings with escapes and numbers are decoded by serde_json; what is here is the grammar around
//! them (RFC 8259), since serde_json does not tell where a value stands.

use indexmap::map::Entry;

use crate::{
    node::{At, Content, Node, Object},
    parse::{Fault, Parsed, Repeated},
};

pub(crate) fn parse(text: &str, file: u32, max_depth: usize) -> Result<Parsed, Fault> {
    let mut parser = Parser { text, bytes: text.as_bytes(), next: 0, file, depth: max_depth, repeated: Vec::new() };
    let root = parser.value(None)?;
    parser.space();
    if parser.next < text.len() {
        return Err(parser.fault("something follows the end of the JSON value"));
    }
    Ok(Parsed { root, repeated: parser.repeated })
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    next: usize,
    file: u32,
    depth: usize,
    repeated: Vec<Repeated>,
}

impl Parser<'_> {
    fn value(&mut self, key: Option<u32>) -> Result<Node, Fault> {
        self.space();
        let value = offset(self.next);
        let at = At { file: self.file, key: key.unwrap_or(value), value };
        let content = match self.bytes.get(self.next) {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Content::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Content::Bool(true))?,
            Some(b'f') => self.word("false", Content::Bool(false))?,
            Some(b'n') => self.word("null", Content::Null)?,
            Some(_) => return Err(self.fault("expected a JSON value")),
            None => return Err(self.fault("the JSON text ends too early")),
        };
        Ok(Node { at, content })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Content, Fault>) -> Result<Content, Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        self.next += 1;
        let content = parse(self)?;
        self.depth += 1;
        Ok(content)
    }

    fn object(&mut self) -> Result<Content, Fault> {
        let mut object = Object::new();
        if self.closes(b'}') {
            return Ok(Content::Object(object));
        }
        loop {
            self.space();
            let key = offset(self.next);
            if self.bytes.get(self.next) != Some(&b'"') {
                return Err(self.fault("expected a key in double quotes"));
            }
            let name = self.string()?;
            self.space();
            if self.bytes.get(self.next) != Some(&b':') {
                return Err(self.fault("expected `:`"));
            }
            self.next += 1;
            let value = self.value(Some(key))?;
            match object.entry(name) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(mut place) => {
                    self.repeated.push(Repeated { key: place.key().clone(), at: value.at, before: place.get().at });
                    place.insert(value);
                }
            }
            if self.ends(b'}')? {
                return Ok(Content::Object(object));
            }
        }
    }

    fn array(&mut self) -> Result<Content, Fault> {
        let mut items = Vec::new();
        if self.closes(b']') {
            return Ok(Content::Array(items));
        }
        loop {
            items.push(self.value(None)?);
            if self.ends(b']')? {
                return Ok(Content::Array(items));
            }
        }
    }

    /// Whether the object or array is empty.
    fn closes(&mut self, end: u8) -> bool {
        self.space();
        let closes = self.bytes.get(self.next) == Some(&end);
        self.next += usize::from(closes);
        closes
    }

    /// Whether the object or array ends here; else there is a comma.
    fn ends(&mut self, end: u8) -> Result<bool, Fault> {
        self.space();
        match self.bytes.get(self.next) {
            Some(byte) if *byte == end || *byte == b',' => {
                self.next += 1;
                Ok(*byte == end)
            }
            Some(_) => Err(self.fault(&format!("expected `,` or `{}`", char::from(end)))),
            None => Err(self.fault("the JSON text ends too early")),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.next;
        let mut escaped = false;
        loop {
            self.next += 1;
            match self.bytes.get(self.next) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.next += 1;
                }
                Some(0..0x20) => return Err(self.fault("a control character in a string must be escaped")),
                Some(_) => {}
                None => return Err(Fault::at(start, "a string that does not end")),
            }
        }
        self.next += 1;
        let raw = &self.text[start..self.next];
        if escaped {
            return serde_json::from_str(raw).map_err(|_| Fault::at(start, "a string with an invalid escape"));
        }
        Ok(raw[1..raw.len() - 1].to_owned())
    }

    fn number(&mut self) -> Result<Content, Fault> {
        let start = self.next;
        while matches!(self.bytes.get(self.next), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.next += 1;
        }
        let number = serde_json::from_str(&self.text[start..self.next]);
        number.map(Content::Number).map_err(|_| Fault::at(start, "a number that is not written as JSON has it, or out of range"))
    }

    fn word(&mut self, word: &str, content: Content) -> Result<Content, Fault> {
        if !self.text[self.next..].starts_with(word) {
            return Err(self.fault("expected a JSON value"));
        }
        self.next += word.len();
        Ok(content)
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.next), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.next += 1;
        }
    }

    fn fault(&self, cause: &str) -> Fault {
        Fault::at(self.next, cause)
    }
}

/// Files are smaller than 4 GB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
