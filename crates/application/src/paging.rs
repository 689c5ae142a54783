//! Pages of lists: one row more than wanted is read, and shows whether there are more.

/// How many rows to read for a page of this many.
pub(crate) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(200) + 1
}

/// Cuts the rows read to a page of this many. The key of the last one, where the next page begins; none on the last page.
pub(crate) fn cut<R, K>(rows: &mut Vec<R>, limit: usize, key: impl FnOnce(&R) -> K) -> Option<K> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_page_names_its_last_row_only_where_more_follow() {
        for (read, page, next) in [(0, 0, None), (2, 2, None), (3, 3, None), (4, 3, Some(2))] {
            let mut rows: Vec<usize> = (0..read).collect();
            assert_eq!(cut(&mut rows, 3, |row| *row), next, "{read} rows");
            assert_eq!(rows.len(), page);
        }
        assert_eq!(one_more(3), 4);
    }
}
