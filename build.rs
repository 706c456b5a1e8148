//! Rebuilds when a migration or the dashboard changes: `sqlx::migrate!` and `api::page` compile them in, and Cargo does not see
//! that.

/// What `make frontend` makes.
const DASHBOARD: &str = "frontend/dist";

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed={DASHBOARD}");
    // Cargo takes what is not there for changed and would build anew each time. Where nothing may be written, it does.
    let _ = std::fs::create_dir_all(DASHBOARD);
}
