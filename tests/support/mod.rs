//! Real parts for the tests, and small hands on them; each test program uses some of it.
#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]

pub mod clock;
pub mod collector;
pub mod daemon;
pub mod devcluster;
pub mod door;
pub mod fields;
pub mod follower;
pub mod gate;
pub mod house;
pub mod part;
pub mod person;
pub mod porter;
pub mod postgres;
pub mod provider;
pub mod records;
pub mod repo;
pub mod rights;
pub mod seed;
pub mod signer;
pub mod site;
pub mod sshd;
pub mod standin;
pub mod union;
pub mod vault;
pub mod web;
pub mod webhook;
pub mod world;
