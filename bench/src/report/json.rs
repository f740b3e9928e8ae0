//! A report as JSON, for other programs and for `--from`.

use serde_json::{Value, json};

use crate::bars::{self, Judged};
use crate::harness::{EntryResult, GroupResult, Place, Role};
use crate::machine::Condition;
use crate::report::Report;
use crate::scenarios::memory::Resident;

impl Report {
    /// Returns the whole report as JSON.
    pub(crate) fn json(&self) -> Value {
        let judged = |bars: Vec<Judged>| bars.iter().map(judged_json).collect::<Vec<_>>();
        json!({
            "rounds": self.rounds,
            "setting": self.setting,
            "notes": self.notes,
            "conditions": self.conditions.iter().map(condition_json).collect::<Vec<_>>(),
            "groups": self.groups.iter().map(group_json).collect::<Vec<_>>(),
            "resident": self.resident.iter().map(resident_json).collect::<Vec<_>>(),
            "bars": judged(bars::bars(&self.groups, &self.resident)),
            "ahead": judged(bars::ahead(&self.groups)),
        })
    }

    /// Reads a report that [`json`](Self::json) wrote.
    ///
    /// # Errors
    /// Fails if a value is missing, and names it.
    pub(crate) fn from_json(value: &Value) -> Result<Self, String> {
        let strings = |key: &str| -> Result<Vec<String>, String> {
            list(value, key)?.iter().map(|line| text(line, "")).collect()
        };
        Ok(Self {
            rounds: number(value, "rounds")? as u64,
            setting: strings("setting")?,
            notes: strings("notes")?,
            conditions: list(value, "conditions")?.iter().map(condition_of).collect(),
            groups: list(value, "groups")?.iter().map(group_of).collect::<Result<_, _>>()?,
            resident: list(value, "resident")?.iter().map(resident_of).collect::<Result<_, _>>()?,
            ..Self::default()
        })
    }
}

/// Returns the value of a key, or the value itself if the key is empty.
fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    if key.is_empty() { value } else { &value[key] }
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    at(value, key).as_array().ok_or_else(|| format!("no list '{key}'"))
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    at(value, key).as_str().map(Into::into).ok_or_else(|| format!("no text '{key}'"))
}

fn number(value: &Value, key: &str) -> Result<f64, String> {
    at(value, key).as_f64().ok_or_else(|| format!("no number '{key}'"))
}

fn role(value: &Value) -> Result<Role, String> {
    let word = text(value, "role")?;
    Role::ALL.into_iter().find(|role| role.word() == word).ok_or(format!("no role is '{word}'"))
}

fn condition_json(condition: &Condition) -> Value {
    json!({ "load": condition.load, "line_there_and_back": condition.line })
}

fn condition_of(value: &Value) -> Condition {
    Condition { load: value["load"].as_f64(), line: value["line_there_and_back"].as_f64() }
}

fn group_json(group: &GroupResult) -> Value {
    let best = group.best_peer();
    let entries: Vec<_> = group
        .entries
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name,
                "role": entry.role.word(),
                "median": entry.median(),
                "min": entry.min(),
                "max": entry.max(),
                "ratio_to_best_peer": best.map(|best| entry.ratio(best)),
                "rounds": entry.nanos,
                "complete": entry.lost.is_none(),
            })
        })
        .collect();
    json!({
        "name": group.name,
        "unit": group.unit,
        "axis": group.place.as_ref().map(|place| &place.axis),
        "x": group.place.as_ref().map(|place| place.x),
        "best_peer": best.map(|best| &best.name),
        "entries": entries,
    })
}

fn group_of(value: &Value) -> Result<GroupResult, String> {
    let entry = |value: &Value| -> Result<EntryResult, String> {
        let nanos: Vec<f64> = list(value, "rounds")?
            .iter()
            .map(|nanos| number(nanos, ""))
            .collect::<Result<_, _>>()?;
        if nanos.is_empty() || value["complete"] != true {
            return Err(format!("an incomplete run of {}", text(value, "name")?));
        }
        Ok(EntryResult { name: text(value, "name")?, role: role(value)?, nanos, lost: None })
    };
    let place = match value["x"].as_f64() {
        Some(x) => Some(Place { axis: text(value, "axis")?, x }),
        None => None,
    };
    Ok(GroupResult {
        name: text(value, "name")?,
        unit: text(value, "unit")?,
        place,
        entries: list(value, "entries")?.iter().map(entry).collect::<Result<_, _>>()?,
    })
}

fn resident_json(resident: &Resident) -> Value {
    json!({
        "name": resident.name,
        "role": resident.role.word(),
        "items": resident.items,
        "before_kib": resident.before,
        "full_kib": resident.full,
        "drained_kib": resident.after,
        "later_kib": resident.later,
        "closed_kib": resident.closed,
        "kept_kib": resident.kept(),
        "kept_later_kib": resident.kept_later(),
        "bytes_per_item": resident.bytes_per_item(),
        "complete": resident.complete,
    })
}

fn resident_of(value: &Value) -> Result<Resident, String> {
    let kib = |key: &str| number(value, key).map(|kib| kib as i64);
    Ok(Resident {
        name: text(value, "name")?,
        role: role(value)?,
        items: number(value, "items")? as u64,
        before: kib("before_kib")?,
        full: kib("full_kib")?,
        after: kib("drained_kib")?,
        later: kib("later_kib")?,
        closed: kib("closed_kib")?,
        complete: value["complete"] == true,
    })
}

fn judged_json(judged: &Judged) -> Value {
    json!({
        "what": judged.what,
        "group": judged.group,
        "contest": judged.contest(),
        "measured": judged.measured,
        "limit": judged.limit,
        "verdict": judged.verdict().word(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_survives_json() {
        let entry =
            EntryResult { name: "a".into(), role: Role::Aiter, nanos: vec![1.5, 2.0], lost: None };
        let group = GroupResult {
            name: "s3/producers-2".into(),
            unit: "item".into(),
            place: Some(Place { axis: "producers".into(), x: 2.0 }),
            entries: vec![entry],
        };
        let resident = Resident {
            name: "a".into(),
            role: Role::Floor,
            items: 10,
            before: 1,
            full: 2,
            after: 3,
            later: 4,
            closed: 5,
            complete: true,
        };
        let mut report = Report::default();
        report.merge(Report::default());
        report.groups.push(group);
        report.resident.push(resident);
        report.conditions.push(Condition { load: Some(1.5), line: None });
        let json = report.json();
        assert_eq!(Report::from_json(&json).unwrap().json(), json);
        assert_eq!(Report::from_json(&json!({ "rounds": 9 })).unwrap_err(), "no list 'setting'");
    }
}
