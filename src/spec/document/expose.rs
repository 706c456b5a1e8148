//! `Union.spec.expose`: how members reach the server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{LoadBalancerClass, ObjectName};
use crate::network::Cidr;

/// `Union.spec.expose`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Expose {
    /// An Ingress for the domain's host.
    Ingress {
        /// Ingress class; absent: the cluster's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_name: Option<ObjectName>,
        /// Where the certificate comes from; absent: the ingress controller's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls: Option<Tls>,
        /// From where members may come; empty: from everywhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow_from: Vec<Cidr>,
        /// Further annotations of the Ingress, by an allow-list.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        annotations: BTreeMap<String, String>,
    },
    /// An HTTPRoute at a Gateway, which has the certificate.
    Gateway {
        /// Which Gateway.
        gateway: GatewayRef,
        /// Further annotations of the HTTPRoute, by an allow-list.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        annotations: BTreeMap<String, String>,
    },
    /// A Service of type LoadBalancer.
    LoadBalancer {
        /// Load balancer class; absent: the cluster's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_name: Option<LoadBalancerClass>,
        /// Where TLS ends: in the server with a Secret's certificate, or in the load balancer.
        tls: Tls,
        /// From where members may come; empty: from everywhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow_from: Vec<Cidr>,
        /// Further annotations of the Service, by an allow-list.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        annotations: BTreeMap<String, String>,
    },
    /// Only inside the cluster; something else leads members to it.
    #[serde(rename = "clusterIP")]
    ClusterIp {},
}

impl Default for Expose {
    fn default() -> Self {
        Self::Ingress { class_name: None, tls: None, allow_from: Vec::new(), annotations: BTreeMap::new() }
    }
}

/// `Union.spec.expose.tls`: one of three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Tls {
    /// A cert-manager ClusterIssuer makes the certificate.
    Issuer(ObjectName),
    /// A Secret of the daemon's namespace has it, in the keys `tls.crt` and `tls.key`; its label gives it to the union.
    SecretName(ObjectName),
    /// TLS ends before the cluster, at something that Keyforge does not manage.
    External,
}

/// `Union.spec.expose.gateway`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayRef {
    /// The Gateway, as HTTPRoutes name it.
    pub parent_ref: ParentRef,
}

/// A Gateway, as HTTPRoutes name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParentRef {
    /// Its name.
    pub name: ObjectName,
    /// Its namespace.
    pub namespace: ObjectName,
    /// One of its listeners; absent: any that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<ObjectName>,
}
