//! A world in which processes die and Telegram fails, lived through twice: the same both times.
//!
//! `cargo run --example simulation -- 7` lives through the world of seed 7.

use shopfleet::sim::{All, Simulation};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), String> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse::<u64>());
    let seed = seed.map_err(|error| error.to_string())?;
    let world = Simulation::new(seed).customers(20).orders(50).faults(All);
    let report = world.run();
    println!("{report}");
    for (fault, times) in &report.struck {
        println!("  {fault}: {times}");
    }
    for (law, times) in &report.checks {
        println!("  {law}: looked at {times} times");
    }
    if let Some(breach) = report.breaches.first() {
        return Err(breach.to_string());
    }
    let again = world.run();
    if again.fingerprint != report.fingerprint {
        return Err("the second run differs".to_owned());
    }
    println!("the second run was the same, byte for byte");
    Ok(())
}
