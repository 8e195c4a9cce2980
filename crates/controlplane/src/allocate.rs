//! Addresses and ports of services.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::Mutex;

use value::Value;

/// The first two bytes of every service address: 10.0.0.0/16.
const RANGE: [u8; 2] = [10, 0];
/// The ports that node ports are taken from.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

/// Hands out addresses and ports that no other service has.
#[derive(Debug, Default)]
pub(crate) struct Allocator {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    addresses: HashSet<u16>,
    ports: HashSet<u16>,
    next_address: u16,
    next_port: u16,
}

/// Why an address or port can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not in the range.
    OutOfRange,
    /// Another service has it.
    Taken,
    /// None is left.
    Exhausted,
}

fn offset(address: &str) -> Option<u16> {
    let octets = address.parse::<Ipv4Addr>().ok()?.octets();
    (octets[..2] == RANGE).then(|| u16::from_be_bytes([octets[2], octets[3]]))
}

impl Allocator {
    /// Takes what a stored service has.
    pub(crate) fn reserve(&self, service: &Value) {
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        for address in service.array_at(&["spec", "clusterIPs"]) {
            taken.addresses.extend(address.as_str().and_then(offset));
        }
        taken.ports.extend(node_ports(service));
    }

    /// Gives back what a service had.
    pub(crate) fn release(&self, service: &Value) {
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        for address in service.array_at(&["spec", "clusterIPs"]) {
            if let Some(offset) = address.as_str().and_then(offset) {
                taken.addresses.remove(&offset);
            }
        }
        for port in node_ports(service) {
            taken.ports.remove(&port);
        }
    }

    /// Takes a given address.
    pub(crate) fn take_address(&self, address: &str) -> Result<(), Refused> {
        let offset = offset(address).ok_or(Refused::OutOfRange)?;
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        if taken.addresses.insert(offset) {
            Ok(())
        } else {
            Err(Refused::Taken)
        }
    }

    /// Takes any address.
    pub(crate) fn any_address(&self) -> Result<String, Refused> {
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        // The low addresses are left to those who ask for one by name.
        for _ in 0..u16::MAX {
            taken.next_address = taken.next_address.wrapping_add(1);
            let offset = taken.next_address.wrapping_add(0x8000);
            let [high, low] = offset.to_be_bytes();
            if low != 0 && low != 255 && taken.addresses.insert(offset) {
                return Ok(Ipv4Addr::new(RANGE[0], RANGE[1], high, low).to_string());
            }
        }
        Err(Refused::Exhausted)
    }

    /// Takes a given port.
    pub(crate) fn take_port(&self, port: u16) -> Result<(), Refused> {
        if !NODE_PORTS.contains(&port) {
            return Err(Refused::OutOfRange);
        }
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        if taken.ports.insert(port) {
            Ok(())
        } else {
            Err(Refused::Taken)
        }
    }

    /// Takes any port.
    pub(crate) fn any_port(&self) -> Result<u16, Refused> {
        let mut taken = self.taken.lock().expect("no holder of this lock panics");
        let count = NODE_PORTS.end() - NODE_PORTS.start() + 1;
        for _ in 0..count {
            taken.next_port = (taken.next_port + 1) % count;
            let port = NODE_PORTS.start() + (taken.next_port + 1_000) % count;
            if taken.ports.insert(port) {
                return Ok(port);
            }
        }
        Err(Refused::Exhausted)
    }
}

fn node_ports(service: &Value) -> Vec<u16> {
    let ports = service.array_at(&["spec", "ports"]);
    let mut found: Vec<u16> = ports
        .iter()
        .filter_map(|p| u16::try_from(p.i64_at(&["nodePort"])?).ok())
        .filter(|p| *p != 0)
        .collect();
    found.extend(
        service
            .i64_at(&["spec", "healthCheckNodePort"])
            .and_then(|p| u16::try_from(p).ok())
            .filter(|p| *p != 0),
    );
    found
}
