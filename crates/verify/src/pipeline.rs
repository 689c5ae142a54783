//! Lines of an export, read by one thread, checked in themselves by others, handed on in their order.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use custodian_crypto::merkle::Hash;
use custodian_crypto::sha256_stream;

use crate::fault::{Fault, Kind};
use crate::line::Checked;

/// Bytes that a line may have.
pub(crate) const LONGEST_LINE: usize = 1 << 20;
/// Bytes handed to a worker at once: large enough that handing over costs nothing, small enough to stay in the cache.
const BLOCK: usize = 1 << 18;
/// Blocks that wait for a worker, and results that wait to be taken.
const WAITING: usize = 4;

/// What stands behind the entries, and what was read.
pub(crate) struct End {
    /// The last line, without its newline.
    pub(crate) trailer: Vec<u8>,
    /// The digest of every byte before it.
    pub(crate) digest: Hash,
}

type Block = Vec<u8>;
type Results = Vec<Checked>;

/// Checks every line but the last with `check` on `workers` threads and gives the results to `take` in order; `take` stops it
/// all by an error. `read` is told of each block's bytes.
pub(crate) fn run(
    file: &str,
    header: &[u8],
    source: &mut (dyn Read + Send),
    check: impl Fn(&[u8]) -> Checked + Sync,
    mut take: impl FnMut(Checked) -> Result<(), Fault>,
    read: &(dyn Fn(u64) + Sync),
) -> Result<End, Fault> {
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 16));
    thread::scope(|scope| {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..workers {
            let (to_worker, from_reader) = sync_channel::<Block>(WAITING);
            let (to_taker, from_worker) = sync_channel::<Results>(WAITING);
            let check = &check;
            scope.spawn(move || work(&from_reader, &to_taker, check));
            inputs.push(to_worker);
            outputs.push(from_worker);
        }
        let reader = scope.spawn(move || blocks(file, header, source, &inputs, read));
        let taken = take_all(&outputs, &mut take);
        // Workers and reader end when nobody takes what they send.
        drop(outputs);
        let end = reader.join().map_err(|_| Fault::new(Kind::Form, file, "the reader stopped."))?;
        taken.and(end)
    })
}

fn work(from: &Receiver<Block>, to: &SyncSender<Results>, check: impl Fn(&[u8]) -> Checked) {
    for block in from {
        if to.send(lines(&block).map(&check).collect()).is_err() {
            return;
        }
    }
}

/// The lines of a block, which ends with one, without their newlines.
fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b'\n', block);
    ends.scan(0, |begun, end| {
        let line = block.get(*begun..end);
        *begun = end + 1;
        line
    })
}

/// Blocks go round the workers in turn, so their results come in order when they are taken in turn.
fn take_all(outputs: &[Receiver<Results>], take: &mut impl FnMut(Checked) -> Result<(), Fault>) -> Result<(), Fault> {
    for output in outputs.iter().cycle() {
        let Ok(results) = output.recv() else { return Ok(()) };
        results.into_iter().try_for_each(&mut *take)?;
    }
    Ok(())
}

fn blocks(
    file: &str,
    header: &[u8],
    source: &mut (dyn Read + Send),
    workers: &[SyncSender<Block>],
    read: &(dyn Fn(u64) + Sync),
) -> Result<End, Fault> {
    let mut digest = sha256_stream();
    digest.update(header);
    let mut rest = Vec::with_capacity(2 * BLOCK);
    let mut turn = workers.iter().cycle();
    loop {
        let got = source.take(BLOCK as u64).read_to_end(&mut rest);
        let got =
            got.map_err(|error| Fault::new(Kind::Form, file, format!("it cannot be read ({}).", error.kind())))?;
        read(got as u64);
        if got == 0 {
            break;
        }
        // The last line stays back: it may be the one that closes the export.
        let Some(end) = before_last_line(&rest) else {
            if rest.len() > LONGEST_LINE {
                return Err(Fault::new(Kind::Form, file, "a line is longer than 1 MiB."));
            }
            continue;
        };
        // The next block is as large: what is read into it never moves.
        let mut later = Vec::with_capacity(2 * BLOCK);
        later.extend_from_slice(rest.get(end..).unwrap_or_default());
        rest.truncate(end);
        digest.update(&rest);
        let block = std::mem::replace(&mut rest, later);
        if turn.next().is_none_or(|worker| worker.send(block).is_err()) {
            break;
        }
    }
    if rest.pop() != Some(b'\n') {
        return Err(Fault::new(Kind::Form, file, "it is cut off: the last line has no end."));
    }
    Ok(End { trailer: rest, digest: digest.finish() })
}

/// Where the last whole line begins, if a whole line stands before it.
fn before_last_line(bytes: &[u8]) -> Option<usize> {
    let last = memchr::memrchr(b'\n', bytes)?;
    let before = memchr::memrchr(b'\n', bytes.get(..last)?)?;
    Some(before + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::line::{Line, What};
    use custodian_crypto::sha256;
    use proptest::prelude::*;
    use uuid::Uuid;

    /// A source that gives a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(to.len());
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn number(line: &[u8]) -> Checked {
        let place = std::str::from_utf8(line).unwrap().trim_end_matches('.').parse();
        let place = place.map_err(|_| (Kind::Form, "not a number"))?;
        Ok(Line { place, leaf: [0; 32], time: 0, what: What::Entry(Uuid::nil()) })
    }

    fn places(text: &[u8], step: usize) -> Result<(Vec<u64>, End), Fault> {
        let mut places = Vec::new();
        let take = |line: Checked| {
            places.push(line.map_err(|(kind, text)| Fault::new(kind, "f", text))?.place);
            Ok(())
        };
        let end = run("f", b"header\n", &mut Drip(text, step), number, take, &|_| ())?;
        Ok((places, end))
    }

    #[test]
    fn an_export_without_entries_has_its_last_line_only() {
        let (places, end) = places(b"end\n", 3).unwrap();
        assert_eq!((places, end.trailer.as_slice()), (vec![], b"end".as_slice()));
        assert_eq!(end.digest, sha256(b"header\n"));
    }

    #[test]
    fn what_is_cut_off_or_endless_is_refused() {
        for text in [b"".as_slice(), b"1", b"1\n2\nend"] {
            assert_eq!(places(text, 100).err().map(|fault| fault.kind), Some(Kind::Form));
        }
        let endless = vec![b'1'; LONGEST_LINE + 2 * BLOCK];
        assert_eq!(
            places(&endless, usize::MAX).err().map(|fault| fault.text),
            Some("a line is longer than 1 MiB.".into())
        );
    }

    #[test]
    fn the_first_bad_line_stops_it() {
        let text = format!("{}x\n{}end\n", "1......................\n".repeat(50_000), "2\n".repeat(500_000));
        assert_eq!(places(text.as_bytes(), usize::MAX).err().map(|fault| fault.text), Some("not a number".into()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn lines_come_in_order_whatever_the_steps(count in 0u64..60_000, step in 1usize..300_000, dots in 0usize..30) {
            let lines: String = (0..count).map(|place| format!("{place}{}\n", ".".repeat(dots))).collect();
            let step = step.max(lines.len() / 1000);
            let (places, end) = places(format!("{lines}end\n").as_bytes(), step).unwrap();
            prop_assert_eq!(places, (0..count).collect::<Vec<_>>());
            prop_assert_eq!(end.digest, sha256(format!("header\n{lines}").as_bytes()));
            prop_assert_eq!(end.trailer, b"end");
        }
    }
}
