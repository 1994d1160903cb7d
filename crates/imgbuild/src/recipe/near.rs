//! The known word that an unknown one was probably meant to be.

/// The nearest of `known`, where one is near enough to be worth naming.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // Anything longer is no misspelt key, and the distance takes the product of both lengths.
    if word.len() > 40 {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    let begins = |known: &&&str| known.len() >= 3 && (word.starts_with(**known) || known.starts_with(&word)) && word.len() >= 3;
    let closest = known.iter().map(|known| (distance(&word, known), *known)).min();
    match closest {
        Some((distance, known)) if distance <= 1.max(word.len() / 3) => Some(known),
        _ => known.iter().find(begins).copied(),
    }
}

/// The words for a sentence.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, left) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in other.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(left != right);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *right && *left == other[j - 1] {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_was_meant() {
        let known = ["base", "platforms", "env", "entrypoint", "healthcheck", "stop-signal", "workdir"];
        for (word, expected) in [
            ("platfroms", Some("platforms")),
            ("platforms_", Some("platforms")),
            ("environment", Some("env")),
            ("Entrypoint", Some("entrypoint")),
            ("stop_signal", Some("stop-signal")),
            ("work", Some("workdir")),
            ("bsae", Some("base")),
            ("kubernetes", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }

    #[test]
    fn counts_swaps_once() {
        for (one, other, expected) in [("", "", 0), ("abc", "acb", 1), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1)] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
