//! Rebuilds when a migration changes: `sqlx::migrate!` compiles them in, and Cargo does not see that.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
