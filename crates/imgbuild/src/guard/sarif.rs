//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

use serde_json::{Value, json};

use super::{Finding, Id, Severity};

/// One run with its rules and results.
pub(super) fn log(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = Id::ALL
        .iter()
        .map(|id| json!({"id": id.name(), "shortDescription": {"text": id.summary()}, "defaultConfiguration": {"level": "error"}}))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "imgbuild", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let platforms: Vec<String> = finding.platforms.iter().map(ToString::to_string).collect();
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut location = json!({"logicalLocations": [{"fullyQualifiedName": finding.place}]});
    if let Some(file) = &finding.file {
        location["physicalLocation"] = json!({"artifactLocation": {"uri": uri(file)}});
        if let Some(line) = finding.line {
            location["physicalLocation"]["region"] = json!({"startLine": line});
        }
    }
    let mut result = json!({
        "ruleId": finding.id.name(),
        "ruleIndex": Id::ALL.iter().position(|id| *id == finding.id),
        "level": level,
        "message": {"text": format!("{}: {}\n{}", finding.place, finding.reason, finding.fix)},
        "locations": [location],
        "properties": {"platforms": platforms, "fix": finding.fix},
    });
    if let Some(reason) = &finding.allowed {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": reason}]);
    }
    result
}

/// A path as a reference of RFC 3986: `/` and what is not reserved stays.
fn uri(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let encoded: String = path.bytes().map(encode).collect();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_becomes_a_result_with_its_rule_and_place() {
        let mut finding =
            Finding::error(Id::UnreadableConfig, "/app/config/application.yml", "no", "yes").in_file("a b/application.yml", Some(3));
        finding.platforms = vec!["linux/amd64".parse().unwrap()];
        let log = log(&[finding.clone(), Finding { allowed: Some("because".to_owned()), severity: Severity::Warning, ..finding }]);
        let results = &log["runs"][0]["results"];
        assert_eq!(log["version"], "2.1.0");
        assert_eq!((&results[0]["ruleId"], &results[0]["level"]), (&json!("unreadable-config"), &json!("error")));
        let rule = usize::try_from(results[0]["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][rule]["id"], "unreadable-config");
        let physical = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!((&physical["artifactLocation"]["uri"], &physical["region"]["startLine"]), (&json!("a%20b/application.yml"), &json!(3)));
        assert_eq!((results[0].get("suppressions"), &results[1]["suppressions"][0]["justification"]), (None, &json!("because")));
        assert_eq!(uri("/x/한.jar"), "file:///x/%ED%95%9C.jar");
    }
}
