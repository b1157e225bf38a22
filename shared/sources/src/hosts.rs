//! Lists of hosts from outside: in one order, without repetition, and of a bounded length.

use lapsewatch_core::HostName;

/// More than any domain has; what is beyond is not kept.
const MOST: usize = 32;

pub(crate) fn sorted(hosts: impl Iterator<Item = HostName>) -> Vec<HostName> {
    let mut hosts: Vec<_> = hosts.collect();
    hosts.sort();
    hosts.dedup();
    hosts.truncate(MOST);
    hosts
}
