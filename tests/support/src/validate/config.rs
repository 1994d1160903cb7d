//! What a config must say (image-spec config.md) and how it agrees with its manifest and its entry in the index.

use serde_json::Value;

/// What is wrong about a config for a manifest of `layers` layers whose entry in the index has `platform`.
pub(super) fn problems(config: &Value, platform: &Value, layers: usize) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["architecture", "os"] {
        match config[key].as_str() {
            None | Some("") => found.push(format!("it lacks `{key}`")),
            Some(value) if platform[key] != value => found.push(format!("its `{key}` is `{value}`, the index says {}", platform[key])),
            Some(_) => {}
        }
    }
    for key in ["variant", "os.version", "os.features"] {
        // Older bases have these in their index alone.
        if !config[key].is_null() && !platform[key].is_null() && config[key] != platform[key] {
            found.push(format!("its `{key}` is {}, the index says {}", config[key], platform[key]));
        }
    }
    if config["rootfs"]["type"] != "layers" {
        found.push("its `rootfs.type` is not `layers`".into());
    }
    let diff_ids = config["rootfs"]["diff_ids"].as_array().map_or(0, Vec::len);
    if diff_ids != layers {
        found.push(format!("it has {diff_ids} diff ids for {layers} layers"));
    }
    // A history is optional, but one that is there counts the layers.
    if let Some(history) = config["history"].as_array() {
        let filled = history.iter().filter(|entry| entry["empty_layer"] != true).count();
        if filled != layers {
            found.push(format!("its history has {filled} non-empty entries for {layers} layers"));
        }
    }
    if !matches!(config["config"], Value::Object(_) | Value::Null) {
        found.push("its `config` is no object".into());
    }
    found
}
