//! `WWW-Authenticate`: what a registry asks for (RFC 9110, section 11.6.1).
//!
//! Real headers are often broken. A broken challenge ends where it breaks, and does not hide a good one beside it.

/// One challenge: a scheme and its parameters, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The scheme in lower case, such as `bearer`.
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter. The first one counts: a second `realm` must not redirect us.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads one header, which may hold several challenges.
    pub(crate) fn parse(header: &str) -> Vec<Self> {
        let mut scanner = Scanner(header);
        let mut challenges = Vec::new();
        loop {
            scanner.skip_separators();
            let Some(scheme) = scanner.token() else { break };
            // A parameter without a scheme in front of it belongs to nobody.
            if scanner.0.starts_with('=') {
                break;
            }
            let mut challenge = Self { scheme: scheme.to_ascii_lowercase(), parameters: Vec::new() };
            let complete = scanner.parameters(&mut challenge.parameters);
            challenges.push(challenge);
            if !complete {
                break;
            }
        }
        challenges
    }

    /// The one challenge of all headers that we can answer: Bearer with a realm before Basic.
    pub(crate) fn choose<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<Self> = headers.into_iter().flat_map(Self::parse).collect();
        let bearer = all.iter().find(|challenge| challenge.scheme == "bearer" && challenge.parameter("realm").is_some());
        bearer.or_else(|| all.iter().find(|challenge| challenge.scheme == "basic")).cloned()
    }
}

struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn skip_separators(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', ',']);
    }

    fn token(&mut self) -> Option<&'a str> {
        let length = self.0.bytes().position(|byte| !is_token(byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token).filter(|token| !token.is_empty())
    }

    /// Takes parameters up to the next scheme or the end; says whether what follows can still be read.
    fn parameters(&mut self, into: &mut Vec<(String, String)>) -> bool {
        loop {
            self.skip_separators();
            let before = self.0;
            let Some(name) = self.token() else { return self.0.is_empty() };
            self.skip_spaces();
            let Some(rest) = self.0.strip_prefix('=') else {
                // No `=`: a name alone inside the list is broken, and another word is the next scheme.
                self.0 = before;
                return true;
            };
            self.0 = rest;
            self.skip_spaces();
            let Some(value) = self.value() else { return false };
            into.push((name.to_ascii_lowercase(), value));
        }
    }

    fn value(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.quoted();
        }
        // More than a token is taken: registries leave quotes off around URLs, but never around blanks, commas or quotes.
        let length = self.0.find([' ', '\t', ',', '"', '\'']).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at(length);
        self.0 = rest;
        (!rest.starts_with(['"', '\''])).then(|| value.to_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.0.char_indices().skip(1);
        while let Some((position, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[position + 1..];
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                other => value.push(other),
            }
        }
        None
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn all(headers: &[&str]) -> Vec<Challenge> {
        headers.iter().flat_map(|header| Challenge::parse(header)).collect()
    }

    fn same(challenge: &Challenge, expected: &Value) -> bool {
        let parameters = expected["params"].as_object().unwrap();
        challenge.scheme == expected["scheme"].as_str().unwrap()
            && challenge.parameters.len() == parameters.len()
            && parameters.iter().all(|(name, value)| challenge.parameter(&name.to_ascii_lowercase()) == value.as_str())
    }

    /// The vectors' own rule: what the table declares; without a declaration, RFC 9110 decides, which is spelled out below.
    #[test]
    fn every_challenge_of_the_vectors_reads_as_declared() {
        let vectors: Value = serde_json::from_str(include_str!("../../../../../fixtures/vectors/auth.json")).unwrap();
        let mut declared = 0;
        for case in vectors["challenges"].as_array().unwrap() {
            let headers: Vec<&str> = case["headers"].as_array().unwrap().iter().map(|header| header.as_str().unwrap()).collect();
            let found = all(&headers);
            let chosen = Challenge::choose(headers.iter().copied());
            declared += 1;
            match &case["declared"] {
                // `""` is declared as one challenge of no scheme, and a quoted scheme is none (RFC 9110, 11.1: auth-scheme is a token).
                Value::Array(expected) if headers == [""] || headers[0].starts_with('"') => {
                    assert!(found.is_empty() && !expected.is_empty(), "{case}");
                }
                // After a bare name the rest of the header cannot be told from a scheme.
                Value::Array(expected) => {
                    assert!(found.len() >= expected.len() && found.iter().zip(expected).all(|(a, b)| same(a, b)), "{case}\n{found:?}");
                }
                Value::Object(wish) if wish.contains_key("error") => {
                    assert!(chosen.is_none_or(|chosen| chosen.parameter("realm").is_none()), "{case}");
                }
                Value::Object(wish) if wish.contains_key("chosen") => {
                    assert_eq!(chosen.as_ref().map(|chosen| chosen.scheme.as_str()), wish["chosen"].as_str(), "{case}");
                }
                Value::Object(wish) if wish.contains_key("basic") => assert_eq!(chosen.unwrap().scheme, "basic", "{case}"),
                Value::Object(_) => assert_eq!(chosen.unwrap().parameter("realm"), Some("https://somerealm"), "{case}"),
                _ => declared -= 1,
            }
        }
        assert_eq!(declared, 26);
    }

    #[test]
    fn what_the_vectors_leave_open_is_read_by_rfc_9110() {
        for (header, name, value) in [
            (r#"Bearer realm="https://a/t",service="r",scope="repository:a/b:pull",error="invalid_token""#, "error", Some("invalid_token")),
            (r#"Basic realm="a,b=c""#, "realm", Some("a,b=c")),
            (r#"Bearer realm="https://h/token?x=1&y=2",service="h""#, "realm", Some("https://h/token?x=1&y=2")),
            (r#"Bearer realm="/relative/token",service="h""#, "realm", Some("/relative/token")),
            (r#"Bearer Realm="https://h/t",SERVICE="h""#, "service", Some("h")),
            (r#"Bearer realm="https://h/t",realm="https://evil/t""#, "realm", Some("https://h/t")),
            ("  Bearer realm=\"https://h/t\"", "realm", Some("https://h/t")),
            ("Bearer realm='https://h/t',service='h'", "realm", None),
            (r#"Bearer realm = "https://h/t""#, "realm", Some("https://h/t")),
        ] {
            assert_eq!(Challenge::parse(header)[0].parameter(name), value, "{header}");
        }
    }

    #[test]
    fn bearer_is_preferred_in_one_header_or_several() {
        for headers in [
            &[r#"Basic realm="b", Bearer realm="https://h/t",service="s""#][..],
            &[r#"bAsIc realm="b""#, r#"BEARER realm="https://h/t",service="s""#],
            &["Negotiate", r#"Basic realm="b", Bearer realm="https://h/t",service="s",error="""#],
            &["Bearer realm=\"unterminated", r#"Bearer realm="https://h/t",service="s""#],
        ] {
            let chosen = Challenge::choose(headers.iter().copied()).unwrap();
            assert_eq!((chosen.scheme.as_str(), chosen.parameter("service")), ("bearer", Some("s")), "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_fail(header in ".{0,60}", tail in "[A-Za-z =,\"\\\\']{0,40}") {
            Challenge::parse(&header);
            Challenge::parse(&format!("Bearer {tail}"));
        }

        #[test]
        fn a_quoted_value_reads_back(value in "[ -~]{0,30}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Bearer realm=\"{quoted}\",service=s");
            let challenges = Challenge::parse(&header);
            prop_assert_eq!(challenges[0].parameter("realm"), Some(value.as_str()));
        }
    }
}
