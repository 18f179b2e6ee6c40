//! The operator's own RPC listener: on loopback, for the methods that sign with the node's keys or change the node.

use sc_service::config::Configuration;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Where the methods listen that only the operator may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatorRpc {
    /// Nowhere: such a node has no such methods, or the operator wants it so.
    #[default]
    None,
    /// On this port of loopback.
    On(u16),
    /// Nowhere, for this port is taken.
    Taken(u16),
}

impl OperatorRpc {
    /// Add the operator's listener on this port to what the node listens on.
    pub fn listen_on(port: u16, config: &mut Configuration) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // The SDK's server says nothing about an optional address that it does not get.
        if TcpListener::bind(address).is_err() {
            return Self::Taken(port);
        }
        let Some(endpoints) = &mut config.rpc.addr else { return Self::None };
        let Some(mut operator) = endpoints.first().cloned() else { return Self::None };
        operator.listen_addr = address;
        operator.rpc_methods = sc_service::config::RpcMethods::Unsafe;
        // No page of any origin, and only requests that name this very host.
        operator.cors = Some(Vec::new());
        operator.is_optional = true;
        operator.retry_random_port = false;
        endpoints.push(operator);
        Self::On(port)
    }
}
