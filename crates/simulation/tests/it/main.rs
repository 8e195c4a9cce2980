//! Many lives, each by its seed.

use simulation::{Life, run};
use std::sync::atomic::{AtomicU64, Ordering};

/// Lives of one run. More are lived with `cargo run --release -p simulation --bin simulate`.
const SEEDS: u64 = 2_000;

#[test]
fn every_life_keeps_the_invariants_and_comes_to_what_git_wants() {
    let next = AtomicU64::new(1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    if let Err(wrong) = run(&Life::new(seed)) {
                        panic!("{wrong}\nsimulate --from {seed} --seeds 1 --tell says more");
                    }
                }
            });
        }
    });
}
