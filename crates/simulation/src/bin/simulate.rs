//! `simulate --seeds N [--from SEED] [--tell]`: lives as many lives, on all cores.

use simulation::{Life, Report, run};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A life is mostly small objects that come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|a| a == name);
        let text = at.and_then(|at| arguments.get(at + 1));
        text.and_then(|t| t.parse().ok()).unwrap_or(default)
    };
    let (count, from) = (number("--seeds", 1), number("--from", 1));
    let is_told = arguments.iter().any(|a| a == "--tell");
    let (next, failed) = (AtomicU64::new(from), AtomicBool::new(false));
    let totals = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    let lived = std::panic::catch_unwind(|| run(&Life { seed, is_told }));
                    match lived {
                        Ok(Ok(Report {
                            events,
                            writes,
                            seconds,
                        })) => {
                            totals.0.fetch_add(events, Ordering::Relaxed);
                            totals.1.fetch_add(writes, Ordering::Relaxed);
                            totals.2.fetch_add(seconds, Ordering::Relaxed);
                        }
                        Ok(Err(wrong)) => {
                            failed.store(true, Ordering::Relaxed);
                            tell(&wrong.to_string());
                        }
                        Err(_) => {
                            failed.store(true, Ordering::Relaxed);
                            tell(&format!("seed {seed}: panicked"));
                        }
                    }
                }
            });
        }
    });
    let (events, writes, seconds) = (
        totals.0.into_inner(),
        totals.1.into_inner(),
        totals.2.into_inner(),
    );
    tell(&format!(
        "{count} lives from seed {from}: {events} events, {writes} writes, {} days",
        seconds / 86_400
    ));
    match failed.into_inner() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

#[expect(clippy::print_stdout, reason = "it is a program for a terminal")]
fn tell(line: &str) {
    println!("{line}");
}
