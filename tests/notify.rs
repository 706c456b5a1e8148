//! What people are told of unions, from the database to the places that get it: a real PostgreSQL, an HTTP and an SMTP server
//! on this machine.

mod support;

#[path = "notify/command.rs"]
mod command;
#[allow(dead_code, reason = "shared with the tests of the store")]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "notify/forms.rs"]
mod forms;
#[path = "notify/house.rs"]
mod house;
#[path = "notify/mailbox.rs"]
mod mailbox;
#[path = "notify/notices.rs"]
mod notices;
#[path = "notify/places.rs"]
mod places;
#[path = "notify/receiver.rs"]
mod receiver;
#[path = "notify/sending.rs"]
mod sending;
