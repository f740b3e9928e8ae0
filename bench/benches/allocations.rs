//! Counts how each contestant uses the allocator once it is warm.

use std::process::ExitCode;

use aiter_bench::HeapUse;

fn main() -> ExitCode {
    aiter_bench::allocations(|work| {
        let counted = allocation_counter::measure(work);
        HeapUse { calls: counted.count_total, held: counted.bytes_current, peak: counted.bytes_max }
    })
}
