//! How many entries a second are checked: `cargo bench -p custodian-verify -- [ENTRIES]`, an export in a file, MACs and all.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/generator/mod.rs"]
mod generator;

use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use custodian_verify::{Input, Text, Verifier};
use generator::{Log, mac_key, organization, vkey};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let entries = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let path = std::env::temp_dir().join(format!("custodian-export-{}.ndjson", std::process::id()));
    let log = Log::of(organization(1), entries);
    log.write(&log.header(0, entries, entries, None), 0, entries, &mut BufWriter::new(File::create(&path).unwrap()));
    let bytes = path.metadata().unwrap().len();
    println!("{entries} entries, {bytes} bytes");
    for (round, macs) in [(1, false), (2, true), (3, false), (4, true)] {
        let begun = Instant::now();
        let mut verifier = Verifier::new(vec![vkey()]);
        verifier.export(Input { name: "export".into(), bytes: Box::new(File::open(&path).unwrap()) }).unwrap();
        verifier.checkpoint(&Text { name: "checkpoint".into(), text: log.note(entries / 2) }).unwrap();
        if macs {
            verifier.mac_key(organization(1), mac_key());
        }
        let report = verifier.run(&|_| ()).unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!((report.entries, report.macs_checked), (entries, if macs { entries } else { 0 }));
        println!("round {round}, MACs {macs}: {seconds:.2} s, {:.0} entries/s", entries as f64 / seconds);
    }
    std::fs::remove_file(&path).unwrap();
}
