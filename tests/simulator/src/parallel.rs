//! Work on all domains, on all cores.

use std::num::NonZero;
use std::ops::Range;
use std::thread;

/// Cuts the numbers below `count` into one range for each core, works on all at once, and hands the results back in order.
pub(crate) fn by_chunks<T: Send>(count: u32, work: impl Fn(Range<u32>) -> T + Sync) -> Vec<T> {
    let cores =
        thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    by_parts(cores, count, work)
}

/// The same in so many ranges, however many cores there are.
pub(crate) fn by_parts<T: Send>(
    parts: u32,
    count: u32,
    work: impl Fn(Range<u32>) -> T + Sync,
) -> Vec<T> {
    let size = count.div_ceil(parts).max(1);
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..parts)
            .map(|part| (part * size).min(count)..((part + 1) * size).min(count))
            .map(|range| scope.spawn(move || work(range)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// Cuts a list into one piece for each core and works on all at once.
pub(crate) fn on_chunks_of<T: Send>(items: &mut [T], work: impl Fn(&mut [T]) + Sync) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let size = items.len().div_ceil(cores).max(1);
    let work = &work;
    thread::scope(|scope| {
        for chunk in items.chunks_mut(size) {
            scope.spawn(move || work(chunk));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_worked_on_once_and_in_order() {
        for count in [0, 1, 2, 3, 1001] {
            let all: Vec<u32> = by_chunks(count, Vec::from_iter)
                .into_iter()
                .flatten()
                .collect();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
