//! When something recurs: a cron pattern in a time zone, parsed once.
//!
//! A pattern is one that Kubernetes' CronJob reads too, with the same meaning: five fields, no extensions. Time is an
//! argument; nothing here looks at a clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};
use serde_with::{DeserializeFromStr, SerializeDisplay};

/// A cron pattern of five fields: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, DeserializeFromStr, SerializeDisplay)]
pub struct Cron {
    text: Box<str>,
    pattern: Box<croner::Cron>,
}

/// Why a text is no cron pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five fields.
    #[error(
        "a schedule has five fields (minute, hour, day of the month, month, day of the week), this one has {found}"
    )]
    Fields {
        /// What was found.
        found: usize,
    },
    /// An extension that CronJobs do not read.
    #[error("a schedule has digits, `*`, `,`, `-`, `/` and names such as `MON` or `JAN`, not `{found}`")]
    Character {
        /// The first one that is not allowed.
        found: char,
    },
    /// 7, which is Sunday for some readers and nothing for others.
    #[error("the day of the week is `0` (Sunday) to `6`, or `SUN` to `SAT`")]
    Sunday,
    /// A range that some readers take across the end of the week or year, and CronJobs refuse.
    #[error(
        "the range `{range}` ends before it starts (the week starts on `SUN`, the year in `JAN`); list its parts"
    )]
    Backwards {
        /// As it was written.
        range: Box<str>,
    },
    /// Numbers out of their ranges, or ranges that are none.
    #[error("a schedule looks like `30 2 * * *` (each day at 02:30) or `0 2 * * 1-5` (weekdays at 02:00)")]
    Form,
    /// A day that no year has.
    #[error("this schedule never comes")]
    Never,
}

impl Cron {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it comes once an hour or more rarely.
    pub fn is_at_most_hourly(&self) -> bool {
        self.text.split_whitespace().next().is_some_and(|minute| minute.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Text that CronJobs read: no seconds, no years, none of croner's `L`, `W` and `#`.
fn is_portable(fields: &[&str]) -> Result<(), CronError> {
    let [minute, hour, day, month, weekday] = fields else {
        return Err(CronError::Fields { found: fields.len() });
    };
    let names = |field: &str, known: &[&str]| {
        field
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .find(|word| !known.iter().any(|name| word.eq_ignore_ascii_case(name)))
            .and_then(|word| word.chars().next())
    };
    for (field, known) in [(minute, &[][..]), (hour, &[]), (day, &[]), (month, &MONTHS), (weekday, &WEEKDAYS)]
    {
        let other = field.chars().find(|c| !c.is_ascii_alphanumeric() && !"*,-/".contains(*c));
        if let Some(found) = other.or_else(|| names(field, known)) {
            return Err(CronError::Character { found });
        }
    }
    if weekday.split(',').any(|part| part.split('/').next().is_some_and(|days| days.contains('7'))) {
        return Err(CronError::Sunday);
    }
    for (field, known, first) in [(month, &MONTHS[..], 1), (weekday, &WEEKDAYS[..], 0)] {
        let number = |word: &str| {
            let named = known.iter().position(|name| word.eq_ignore_ascii_case(name)).map(|at| at + first);
            named.or_else(|| word.parse().ok())
        };
        let is_backwards =
            |range: &&str| range.split_once('-').is_some_and(|(start, end)| number(start) > number(end));
        let mut ranges = field.split(',').filter_map(|part| part.split('/').next());
        if let Some(range) = ranges.find(is_backwards) {
            return Err(CronError::Backwards { range: range.into() });
        }
    }
    Ok(())
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        is_portable(&fields)?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let pattern = parser.parse(text).map_err(|_| CronError::Form)?;
        // Any day does: what comes at all comes within the 28 years after which calendars repeat.
        let start = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
        pattern.find_next_occurrence(&start, true).map_err(|_| CronError::Never)?;
        Ok(Self { text: text.into(), pattern: Box::new(pattern) })
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

/// A time zone of the IANA database, such as `Europe/London`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub struct Zone(Tz);

/// The text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is a name of the IANA database, such as `Europe/London` or `UTC`")]
pub struct ZoneError;

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        text.parse().map(Self).map_err(|_| ZoneError)
    }
}

/// A pattern and the zone whose clocks it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When, by the clocks of the zone.
    pub pattern: Cron,
    /// Which clocks.
    pub zone: Zone,
}

impl Schedule {
    /// The first time after `now`.
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&self.zone.0);
        let next = self.pattern.pattern.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// Whether a window that opens at each time of the schedule for so long is open `now`.
    pub fn is_open(&self, now: DateTime<Utc>, duration: Duration) -> bool {
        let duration = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        let start = now.checked_sub_signed(duration).unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.next_after(start).is_some_and(|opened| opened <= now)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(pattern: &str, zone: &str) -> Schedule {
        Schedule { pattern: pattern.parse().expect("a pattern"), zone: zone.parse().expect("a zone") }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_clocks_of_the_zone_count() {
        let schedule = schedule("30 2 * * *", "Europe/London");
        assert_eq!(schedule.next_after(at("2026-01-10T00:00:00Z")), Some(at("2026-01-10T02:30:00Z")));
        assert_eq!(schedule.next_after(at("2026-07-10T00:00:00Z")), Some(at("2026-07-10T01:30:00Z")));
    }

    #[test]
    fn a_window_is_open_from_its_time_for_its_duration() {
        let weekdays = schedule("0 2 * * 1-5", "UTC");
        let open = |now: &str| weekdays.is_open(at(now), Duration::from_secs(3 * 3600));
        assert!(!open("2026-11-24T01:59:59Z"));
        assert!(open("2026-11-24T02:00:00Z"));
        assert!(open("2026-11-24T04:59:59Z"));
        assert!(!open("2026-11-24T05:00:00Z"));
        // Sunday.
        assert!(!open("2026-11-22T03:00:00Z"));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_opens() {
        let fridays = schedule("0 22 * * 5", "Europe/London");
        let open = |now: &str| fridays.is_open(at(now), Duration::from_secs(5 * 3600));
        assert!(!open("2026-11-27T21:59:59Z"));
        assert!(open("2026-11-27T23:30:00Z"));
        assert!(open("2026-11-28T02:59:59Z"));
        assert!(!open("2026-11-28T03:00:00Z"));
        assert!(!open("2026-11-28T23:30:00Z"));
    }

    #[test]
    fn a_window_stays_open_as_long_when_clocks_are_changed() {
        // On 2026-10-25 it is 01:30 twice in London, on 2026-03-29 never.
        let nightly = schedule("30 1 * * *", "Europe/London");
        let open = |now: &str| nightly.is_open(at(now), Duration::from_secs(3600));
        assert!(open("2026-10-25T00:30:00Z") && open("2026-10-25T01:29:59Z"));
        assert!(!open("2026-10-25T00:29:59Z") && !open("2026-10-25T02:30:00Z"));
        let skipped = nightly.next_after(at("2026-03-29T00:00:00Z")).expect("it comes again");
        assert!(skipped <= at("2026-03-30T00:30:00Z"), "{skipped}");
        assert!(nightly.is_open(skipped, Duration::from_secs(3600)));
        assert!(!nightly.is_open(skipped + TimeDelta::hours(1), Duration::from_secs(3600)));
    }

    #[test]
    fn a_pattern_is_one_that_cron_jobs_read() {
        let error = |text: &str| text.parse::<Cron>().err();
        for good in ["30 2 * * *", "*/15 * * * *", "0 2 * * 1-5", "0 2 1,15 jan-mar MON", "0 0 29 2 *"] {
            assert_eq!(error(good), None, "{good}");
        }
        assert_eq!(error("30 2 * *"), Some(CronError::Fields { found: 4 }));
        assert_eq!(error("0 30 2 * * *"), Some(CronError::Fields { found: 6 }));
        assert_eq!(error("@daily"), Some(CronError::Fields { found: 1 }));
        assert_eq!(error("0 0 L * *"), Some(CronError::Character { found: 'L' }));
        assert_eq!(error("0 0 * * 5#2"), Some(CronError::Character { found: '#' }));
        assert_eq!(error("0 0 * * 7"), Some(CronError::Sunday));
        assert_eq!(error("0 0 * * 1-7"), Some(CronError::Sunday));
        for range in ["FRI-SUN", "sat-mon", "5-2"] {
            let expected = CronError::Backwards { range: range.into() };
            assert_eq!(error(&format!("0 0 * * {range}")), Some(expected));
        }
        assert_eq!(error("0 0 1 nov-FEB *"), Some(CronError::Backwards { range: "nov-FEB".into() }));
        assert_eq!(error("0 0 1 jan-MAR/2 sun-TUE"), None);
        assert_eq!(error("61 0 * * *"), Some(CronError::Form));
        assert_eq!(error("0 0 30 2 *"), Some(CronError::Never));
    }

    #[test]
    fn once_an_hour_is_one_minute() {
        let hourly = |text: &str| text.parse::<Cron>().expect("a pattern").is_at_most_hourly();
        assert!(hourly("15 * * * *"));
        for often in ["* * * * *", "*/30 * * * *", "0,30 * * * *", "0-5 3 * * *"] {
            assert!(!hourly(often), "{often}");
        }
    }

    #[test]
    fn a_zone_is_one_of_the_database() {
        assert_eq!("Europe/Atlantis".parse::<Zone>(), Err(ZoneError));
        assert_eq!(Zone::default().to_string(), "UTC");
    }
}
