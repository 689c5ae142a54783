//! What changed between two texts, line by line.

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In both.
    Both,
    /// In the earlier one alone.
    Removed,
    /// In the later one alone.
    Added,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it stands.
    pub side: Side,
    /// Its words.
    pub text: &'a str,
}

/// Every line of both texts in order, with the longest run of lines in common. Costs the product of the two lengths.
pub fn differences<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |common: &[u32], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or(0);
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            let longest = match left == right {
                true => at(&common, i + 1, j + 1) + 1,
                false => at(&common, i + 1, j).max(at(&common, i, j + 1)),
            };
            if let Some(place) = common.get_mut(i * width + j) {
                *place = longest;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::with_capacity(old.len() + new.len()));
    loop {
        let (side, text) = match (old.get(i), new.get(j)) {
            (None, None) => return lines,
            (Some(left), Some(right)) if left == right => (Side::Both, *left),
            (Some(left), right) if right.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                (Side::Removed, *left)
            }
            (_, Some(right)) => (Side::Added, *right),
            (Some(left), None) => (Side::Removed, *left),
        };
        lines.push(Line { side, text });
        i += usize::from(side != Side::Added);
        j += usize::from(side != Side::Removed);
    }
}
