//! The program `custodian`: serve, dev, migrate, openapi, org, keys, audit, backup, restore, bench.

mod cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    custodian_api::memory::give_back();
    cli::run()
}
