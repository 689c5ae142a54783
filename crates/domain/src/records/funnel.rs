//! The funnel: how many opportunities come through each stage.

/// The stages in their order; what is lost left somewhere on the way.
const WAY: [&str; 5] = ["lead", "qualified", "proposal", "negotiation", "won"];

/// What storage counted: opportunities of one group in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The group: an owner, a department or a period; empty for all together.
    pub group: String,
    /// The stage.
    pub stage: String,
    /// How many.
    pub count: i64,
    /// Currency and sum of the amounts, as decimal text.
    pub amounts: Vec<(String, String)>,
}

/// One stage of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The stage.
    pub stage: String,
    /// Opportunities that stand in it now.
    pub count: i64,
    /// Currency and sum of their amounts.
    pub amounts: Vec<(String, String)>,
    /// Opportunities that stand in it or have come past it. `lost` ones are not known to have come past anything.
    pub reached: i64,
    /// Of those that reached the stage before, the share that reached this one, in thousandths; `None` where none did, and for `lost`.
    pub conversion: Option<i64>,
}

/// The stages of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The group.
    pub group: String,
    /// Every stage in order, `lost` last.
    pub steps: Vec<Step>,
}

/// The funnel of each group, groups in their order.
pub fn funnel(counted: &[Counted]) -> Vec<Row> {
    let mut groups: Vec<&str> = counted.iter().map(|one| one.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into_iter().map(|group| row(group, counted)).collect()
}

fn row(group: &str, counted: &[Counted]) -> Row {
    let of = |stage: &str| counted.iter().find(|one| one.group == group && one.stage == stage);
    let count = |stage: &str| of(stage).map_or(0, |one| one.count);
    let mut before = None;
    let mut steps = Vec::with_capacity(WAY.len() + 1);
    for (place, stage) in WAY.iter().enumerate() {
        let reached: i64 = WAY.iter().skip(place).map(|later| count(later)).sum();
        let conversion = before.filter(|before| *before > 0).map(|before: i64| reached * 1000 / before);
        let amounts = of(stage).map(|one| one.amounts.clone()).unwrap_or_default();
        steps.push(Step { stage: (*stage).to_owned(), count: count(stage), amounts, reached, conversion });
        before = Some(reached);
    }
    let (lost, amounts) = (count("lost"), of("lost").map(|one| one.amounts.clone()).unwrap_or_default());
    steps.push(Step { stage: "lost".to_owned(), count: lost, amounts, reached: lost, conversion: None });
    Row { group: group.to_owned(), steps }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn counted(group: &str, stage: &str, count: i64) -> Counted {
        Counted { group: group.to_owned(), stage: stage.to_owned(), count, amounts: Vec::new() }
    }

    #[test]
    fn what_came_past_a_stage_reached_it() {
        let rows = funnel(&[
            counted("", "lead", 5),
            counted("", "proposal", 3),
            counted("", "won", 2),
            counted("", "lost", 4),
        ]);
        let reached: Vec<_> =
            rows[0].steps.iter().map(|step| (step.stage.as_str(), step.count, step.reached)).collect();
        assert_eq!(
            reached,
            [
                ("lead", 5, 10),
                ("qualified", 0, 5),
                ("proposal", 3, 5),
                ("negotiation", 0, 2),
                ("won", 2, 2),
                ("lost", 4, 4)
            ]
        );
        let conversions: Vec<_> = rows[0].steps.iter().map(|step| step.conversion).collect();
        assert_eq!(conversions, [None, Some(500), Some(1000), Some(400), Some(1000), None]);
    }

    #[test]
    fn groups_stand_apart_and_an_empty_way_converts_nothing() {
        let rows = funnel(&[counted("b", "won", 1), counted("a", "lost", 2)]);
        assert_eq!(rows.iter().map(|row| row.group.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(rows[0].steps.iter().all(|step| step.conversion.is_none()));
        assert_eq!(funnel(&[]), []);
    }
}
