//! How many connections one address may have open, so that one client cannot take them all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Counts the open connections of each address.
pub(crate) struct PerAddress {
    limit: usize,
    /// Only addresses with an open connection, so it never outgrows the number of connections.
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One counted connection; it is open as long as this value lives.
pub(crate) struct Slot(Option<(Arc<PerAddress>, IpAddr)>);

impl PerAddress {
    /// Lets every address have `limit` connections; 0 means any number.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, open: Mutex::default() })
    }

    /// A place for one more connection of this address, if it has one left.
    pub(crate) fn admit(self: &Arc<Self>, remote: IpAddr) -> Option<Slot> {
        let Some(address) = counted(remote).filter(|_| self.limit > 0) else { return Some(Slot(None)) };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default(); // Above zero where the limit is reached, so nothing is left behind.
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Slot(Some((Arc::clone(self), address))))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((counts, address)) = &self.0 else { return };
        let mut open = counts.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                open.remove(address);
            }
        }
    }
}

/// What counts as one address. A loopback address is that of a proxy on this machine, which speaks for many, or of a developer: it is
/// not counted. An IPv6 client has a /64 to choose from.
fn counted(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(address.into()),
        IpAddr::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_its_limit_and_leaves_the_others_theirs() {
        let counts = PerAddress::new(2);
        let first = counts.admit(address("192.0.2.1")).unwrap();
        let _second = counts.admit(address("::ffff:192.0.2.1")).unwrap();
        assert!(counts.admit(address("192.0.2.1")).is_none());
        let other = counts.admit(address("192.0.2.2"));
        assert!(other.is_some());
        drop(first);
        assert!(counts.admit(address("192.0.2.1")).is_some(), "a closed connection counts no more");
        drop(other);
        assert!(!counts.open.lock().unwrap().contains_key(&address("192.0.2.2")), "and is forgotten");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let counts = PerAddress::new(1);
        let _one = counts.admit(address("2001:db8::1")).unwrap();
        assert!(counts.admit(address("2001:db8::ffff:1")).is_none());
        assert!(counts.admit(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_counted_and_no_limit_is_none() {
        let (one, none) = (PerAddress::new(1), PerAddress::new(0));
        for (counts, remote) in [(&one, "127.0.0.1"), (&one, "::1"), (&one, "::ffff:127.0.0.1"), (&none, "192.0.2.1")] {
            let open: Vec<_> = (0..3).map(|_| counts.admit(address(remote))).collect();
            assert!(open.iter().all(Option::is_some), "{remote}");
        }
    }
}
