//! How many connections one client may have at once: so that nobody who opens them without end keeps the others out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::rate::client;

/// The connections of each client. Clones share them.
#[derive(Clone)]
pub(super) struct Crowd {
    most: usize,
    open: Arc<Mutex<HashMap<IpNet, usize>>>,
}

/// One connection's place among those of its client; free again with its end.
pub(super) struct Place {
    crowd: Crowd,
    client: IpNet,
}

impl Crowd {
    /// So many for each.
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// A place for one more connection from this address, if its client may have one.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let client = client(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_own_places_and_gets_them_back() {
        let crowd = Crowd::new(1);
        let enter = |address: &str| crowd.enter(address.parse().expect("an address"));
        let one = enter("192.0.2.1");
        assert!(one.is_some() && enter("::ffff:192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(one);
        assert!(enter("192.0.2.1").is_some());
        assert!(crowd.open.lock().expect("whole").is_empty());
    }
}
