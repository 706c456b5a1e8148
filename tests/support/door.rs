//! A door in front of the database server: shut, nobody comes through and who is inside is thrown out.
//!
//! To the daemon that is a server that went away; the other tests of the program keep theirs. Walled up, it is a
//! network that swallows everything and tells nobody.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// A door to one database. It is shut at first.
pub struct Door {
    /// The database's URL through the door.
    pub url: String,
    state: Arc<watch::Sender<State>>,
}

struct State {
    now: Now,
    /// How often it was shut: who was inside then is out, also if it was opened again at once.
    times_shut: usize,
}

#[derive(PartialEq, Eq)]
enum Now {
    Open,
    Shut,
    WalledUp,
}

impl Door {
    /// A door to the database of this URL, which names a socket's folder.
    pub async fn to(url: &str) -> Self {
        let inside = url::Url::parse(url).expect("a URL");
        let folder = inside.host_str().expect("a folder").replace("%2F", "/").replace("%2f", "/");
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let state = Arc::new(watch::Sender::new(State { now: Now::Shut, times_shut: 0 }));
        tokio::spawn(guard(listener, socket, Arc::clone(&state)));
        let url = format!("postgres://{}@{address}{}?sslmode=disable", inside.username(), inside.path());
        Self { url, state }
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.state.send_modify(|state| state.now = Now::Open);
    }

    /// Lets nobody through, and ends the connections that are.
    pub fn shut(&self) {
        self.state.send_modify(|state| {
            state.now = Now::Shut;
            state.times_shut += 1;
        });
    }

    /// Nothing passes any more. Who is inside stays there and does not know.
    pub fn wall_up(&self) {
        self.state.send_modify(|state| state.now = Now::WalledUp);
    }
}

async fn guard(listener: TcpListener, socket: PathBuf, state: Arc<watch::Sender<State>>) {
    while let Ok((mut outside, _)) = listener.accept().await {
        let mut state = state.subscribe();
        let before = {
            let state = state.borrow_and_update();
            if state.now == Now::Shut {
                continue;
            }
            state.times_shut
        };
        let socket = socket.clone();
        tokio::spawn(async move {
            let Ok(mut inside) = UnixStream::connect(socket).await else { return };
            tokio::select! {
                biased;
                _ = state.wait_for(|state| state.now != Now::Open || state.times_shut != before) => {}
                _ = tokio::io::copy_bidirectional(&mut outside, &mut inside) => return,
            }
            let _ = state.wait_for(|state| state.times_shut != before).await;
            cut(outside);
        });
    }
}

/// At once, without a farewell, as a machine that is gone.
fn cut(connection: TcpStream) {
    let _ = connection.set_zero_linger();
}
