//! VaultWarden: all that is read from and written inside a union's server.
//!
//! ```text
//! crypto      the clients' cryptography                      dial       how a connection comes to be
//! wire        one call, bounded in time and size             budget     our own limit before the server's
//! client      calls as our account                           identity   its log-ins
//! account     what our account is made of                    rotation   its next password
//! admin       the admin interface                            bootstrap  how our account comes to be
//! version     which servers were tried                       observe    everything, in one look
//! reach       the settings of the way there
//! society, collection, member, item: what is read of each, and one function for each kind of write
//! ```
//!
//! Invariants: nothing else talks to VaultWarden's API, and nothing here decides. Every call has a timeout and a bound,
//! nothing that was sent is sent again. The server is not trusted: what it answers is parsed strictly, and what it is sent
//! was opened again by ourselves.

mod account;
mod admin;
mod bootstrap;
mod budget;
mod client;
mod collection;
pub mod crypto;
mod dial;
mod error;
mod identity;
mod item;
mod member;
mod observe;
mod reach;
mod rotation;
mod society;
mod version;
mod wire;

pub use account::{Account, Fields};
pub use admin::Effective;
pub use bootstrap::Bootstrapped;
pub use client::Client;
pub use dial::{Dial, DialError, Pipe, Trust, tcp, tls};
pub use error::{Call, Error, Retry};
pub use item::{Text, Writing};
pub use member::Each;
pub use reach::{Choice, Options, Reach, TrustError};
pub use version::TESTED;
pub use wire::CALL_TIMEOUT;
