//! What made each layer, by the history of the configuration (image-spec 1.1.1, "history").

use serde_json::Value;

use crate::image::Config;
use crate::shown::masked;

/// What old Docker versions write in front of steps that run nothing.
const NO_OPERATION: &str = "/bin/sh -c #(nop) ";
/// What imgbuild writes in front of the name of a layer.
const OURS: &str = "imgbuild ";

/// The step that made each layer, lowest first, with what looks secret left out.
pub(crate) fn steps(config: &Config) -> Vec<String> {
    let history = config.raw().get("history").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let layers = history.iter().filter(|entry| entry.get("empty_layer").and_then(Value::as_bool) != Some(true));
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let steps = layers.map(|entry| {
        let step = text(entry, "created_by");
        let step = if step.is_empty() { text(entry, "comment") } else { step };
        let step = step.trim_start_matches(NO_OPERATION).trim_start_matches(OURS);
        masked(step.split_whitespace().collect::<Vec<_>>().join(" ").as_str())
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_layers_are_passed_over_and_secrets_left_out() {
        let config = r#"{"history":[{"created_by":"/bin/sh -c #(nop) ADD file:1 in / "},{"created_by":"ENV A=1","empty_layer":true},
            {"created_by":"RUN  curl --token=CANARY x"},{"comment":"buildkit"},{"created_by":"imgbuild config","comment":"config"}]}"#;
        let steps = steps(&Config::parse(config.as_bytes()).unwrap());
        assert_eq!(steps, ["ADD file:1 in /", "RUN curl --token=*** x", "buildkit", "config"]);
    }
}
