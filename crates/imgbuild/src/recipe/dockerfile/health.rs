//! HEALTHCHECK, with the durations of Go.

use super::instruction::Command;
use crate::image::Healthcheck;

/// The flags of HEALTHCHECK.
pub(super) const FLAGS: [&str; 5] = ["interval", "timeout", "start-period", "start-interval", "retries"];

/// What a container engine takes at least (api/types: "cannot be less than 1ms").
const MIN_NANOSECONDS: u64 = 1_000_000;

/// A health check whose command is not yet given to a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check(Healthcheck);

impl Check {
    pub(super) fn into_healthcheck(self) -> Healthcheck {
        self.0
    }
}

/// Reads what follows `HEALTHCHECK`.
pub(super) fn read(text: &str, flags: &[(String, String)]) -> Result<Check, String> {
    let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut check = Healthcheck::none();
    match (kind.to_ascii_uppercase().as_str(), rest.trim()) {
        ("NONE", "") => {}
        ("CMD", "") => return Err("`HEALTHCHECK CMD` needs a command".to_owned()),
        ("CMD", command) => {
            check.test = match Command::read(command) {
                Command::Exec(words) => [vec!["CMD".to_owned()], words].concat(),
                // The daemon runs it by the image's SHELL.
                Command::Shell(text) => vec!["CMD-SHELL".to_owned(), text],
            };
        }
        _ => return Err("write `HEALTHCHECK CMD …` or `HEALTHCHECK NONE`".to_owned()),
    }
    for (name, value) in flags {
        let field = match name.as_str() {
            "interval" => &mut check.interval,
            "timeout" => &mut check.timeout,
            "start-period" => &mut check.start_period,
            "start-interval" => &mut check.start_interval,
            _ => {
                let retries = value.parse::<u16>().ok().filter(|retries| *retries > 0);
                check.retries = retries.ok_or_else(|| format!("`--retries={value}` is no number of retries"))?.into();
                continue;
            }
        };
        let duration = nanoseconds(value).filter(|time| *time == 0 || *time >= MIN_NANOSECONDS);
        *field = duration.ok_or_else(|| format!("`--{name}={value}` is no duration of 1 ms or more: write `30s` or `1m30s`"))?;
    }
    Ok(Check(check))
}

/// Reads a duration as Go writes it: numbers with a fraction or none, each with its unit.
fn nanoseconds(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] =
        [("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let number_end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u64>().ok() };
        let scale = 10_u64.checked_pow(fraction.len().try_into().ok()?)?;
        let part = u128::from(digits(fraction)?) * u128::from(*unit) / u128::from(scale);
        sum = sum.checked_add(digits(whole)?.checked_mul(*unit)?)?.checked_add(u64::try_from(part).ok()?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        let second = 1_000_000_000;
        for (text, expected) in
            [("30s", 30 * second), ("1m30s", 90 * second), ("1.5s", 3 * second / 2), (".5h", 1800 * second), ("5ms", 5_000_000), ("0", 0)]
        {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
        for bad in ["", "30", "1d", "s", ".s", "1s5", "-1s", "99999999999999999999s"] {
            assert_eq!(nanoseconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_three_forms() {
        let test = |text: &str| read(text, &[]).map(|check| check.into_healthcheck().test);
        assert_eq!(test("NONE"), Ok(vec!["NONE".to_owned()]));
        assert_eq!(test("cmd curl -f x || exit 1"), Ok(vec!["CMD-SHELL".to_owned(), "curl -f x || exit 1".to_owned()]));
        assert_eq!(test(r#"CMD ["a","b"]"#), Ok(vec!["CMD".to_owned(), "a".to_owned(), "b".to_owned()]));
        assert!(test("curl x").is_err() && test("NONE x").is_err() && test("CMD").is_err());
        let flag = |name: &str, value: &str| read("NONE", &[(name.to_owned(), value.to_owned())]);
        assert!(flag("interval", "5s").is_ok() && flag("interval", "5us").is_err() && flag("retries", "0").is_err());
    }
}
