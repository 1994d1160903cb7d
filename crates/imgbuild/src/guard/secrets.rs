//! Keys, tokens and passwords in configuration files and resources: where they are, never what they are.

use super::spring;

/// A secret by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// The file.
    pub(super) place: String,
    /// What it is: a private key, or the name of a setting.
    pub(super) what: String,
    /// The line, counted from 1, where it is known.
    pub(super) line: Option<u64>,
}

/// The largest resource that is looked at: keys and settings are small.
const MAX_RESOURCE: u64 = 1 << 20;

/// Extensions of files that hold settings or keys.
const WORTH_READING: [&str; 17] = [
    "yml",
    "yaml",
    "properties",
    "pem",
    "key",
    "json",
    "xml",
    "conf",
    "env",
    "txt",
    "p12",
    "pfx",
    "jks",
    "keystore",
    "jceks",
    "ppk",
    "cfg",
];

/// Parts of a setting's name after which a secret is expected; the last part of the name decides.
const SECRET_NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "secretkey",
    "clientsecret",
    "credentials",
    "signingkey",
];

/// Names that hold such a part and no secret.
const HARMLESS_NAMES: [&str; 8] =
    ["tokenuri", "tokenurl", "passwordparameter", "passwordencoder", "tokenvalidity", "tokenexpiration", "secretname", "passwordpolicy"];

/// How tokens of well-known services begin, the fewest characters that follow, and whose they are.
const TOKENS: [(&str, usize, &str); 13] = [
    ("AKIA", 16, "an access key of AWS"),
    ("ASIA", 16, "an access key of AWS"),
    ("ghp_", 36, "a token of GitHub"),
    ("gho_", 36, "a token of GitHub"),
    ("ghs_", 36, "a token of GitHub"),
    ("github_pat_", 22, "a token of GitHub"),
    ("glpat-", 20, "a token of GitLab"),
    ("dckr_pat_", 20, "a token of Docker Hub"),
    ("xoxb-", 20, "a token of Slack"),
    ("xoxp-", 20, "a token of Slack"),
    ("sk_live_", 20, "a key of Stripe"),
    ("AIza", 35, "a key of Google"),
    ("hvs.", 24, "a token of Vault"),
];

/// Whether a resource may hold a secret.
pub(super) fn is_worth_reading(name: &str, size: u64) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    size <= MAX_RESOURCE && extension.is_some_and(|extension| WORTH_READING.contains(&extension.as_str()))
}

/// The secrets in a file; `name` tells its kind.
pub(super) fn scan(place: &str, name: &str, content: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut add = |what: String, line| found.push(Secret { place: place.to_owned(), what, line });
    if is_key_store(name, content) {
        add("a key store".to_owned(), None);
        return found;
    }
    let text = String::from_utf8_lossy(content);
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            add("a private key".to_owned(), Some(number));
        } else if let Some(whose) = token(line) {
            add(whose.to_owned(), Some(number));
        }
    }
    if let Some(Ok(settings)) = spring::parse_file(name, content) {
        let secret = settings.iter().filter(|setting| is_secret_name(&setting.name) && !is_placeholder(&setting.value));
        for setting in secret {
            add(format!("`{}`", setting.name), setting.line);
        }
    }
    found
}

/// JKS and JCEKS by their magic numbers, PKCS #12 by its name: it is DER as certificates are.
fn is_key_store(name: &str, content: &[u8]) -> bool {
    let by_name = [".p12", ".pfx"].iter().any(|end| name.to_ascii_lowercase().ends_with(end)) && content.starts_with(&[0x30]);
    by_name || content.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || content.starts_with(&[0xce, 0xce, 0xce, 0xce])
}

fn token(line: &str) -> Option<&'static str> {
    let belongs = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    let starts_word = |at: usize| !line[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
    TOKENS.iter().find_map(|(start, least, whose)| {
        let mut places = line.match_indices(start).filter(|(at, _)| starts_word(*at));
        places
            .any(|(at, _)| line[at + start.len()..].chars().take_while(|&character| belongs(character)).count() >= *least)
            .then_some(*whose)
    })
}

fn is_secret_name(name: &str) -> bool {
    let last = spring::canonical(name.rsplit('.').next().unwrap_or_default());
    SECRET_NAMES.iter().any(|part| last.ends_with(part)) && !HARMLESS_NAMES.contains(&last.as_str())
}

/// What stands where a secret is put later, or is encrypted, or says that it is none.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let wrapped = [("${", "}"), ("#{", "}"), ("<", ">"), ("{{", "}}"), ("@", "@"), ("%", "%"), ("ENC(", ")"), ("__", "__"), ("[", "]")];
    value.is_empty()
        || wrapped.iter().any(|(start, end)| value.starts_with(start) && value.ends_with(end))
        || ["{cipher}", "{vault}", "vault:", "file:", "classpath:", "env:", "aws-secretsmanager:"]
            .iter()
            .any(|start| lower.starts_with(start))
        || value.chars().all(|character| matches!(character, '*' | 'x' | 'X' | '.' | '-' | '?'))
        || ["changeme", "change-me", "change_me", "todo", "none", "null", "true", "false", "placeholder", "your-password", "example"]
            .contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, content: &str) -> Vec<(String, Option<u64>)> {
        scan("place", name, content.as_bytes()).into_iter().map(|secret| (secret.what, secret.line)).collect()
    }

    #[test]
    fn passwords_are_found_and_placeholders_are_not() {
        let yaml = "spring:\n  datasource:\n    username: app\n    password: s3cr3t!\n  mail:\n    password: ${MAIL_PASSWORD}\n\
                    app:\n  client-secret: abc\n  token-uri: https://x/token\n  api_key: <your key>\n  jwt.secret: '{cipher}aa'\n";
        let names: Vec<String> = found("application.yml", yaml).into_iter().map(|(what, _)| what).collect();
        assert_eq!(names, ["`spring.datasource.password`", "`app.client-secret`"]);
        assert_eq!(found("x.properties", "a=1\ndb.password=x1\nother.password=changeme\n"), [("`db.password`".to_owned(), Some(2))]);
        assert_eq!(found("x.properties", "keystore.password=****\nb.token=@token@\nc.secret=\n"), []);
    }

    #[test]
    fn keys_and_tokens_are_found_in_any_text() {
        let pem = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nAA\n";
        assert_eq!(found("server.pem", pem), [("a private key".to_owned(), Some(4))]);
        let aws = format!("key = \"AKIA{}\"\n", "ABCDEFGHIJKLMNOP");
        assert_eq!(found("a.txt", &aws), [("an access key of AWS".to_owned(), Some(1))]);
        assert_eq!(found("a.txt", "MAKIANDSOMEMORELETTERSTOFOLLOW ghp_short\n"), []);
        assert_eq!(scan("p", "a.jks", &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).len(), 1);
    }

    #[test]
    fn no_value_is_kept() {
        let secret = scan("p", "application.yml", b"a.password: hunter2\n");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
