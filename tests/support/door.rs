//! A door in front of a server: shut, nobody comes through and who is inside is thrown out.
//!
//! To the daemon that is a server that went away; the other tests of the program keep theirs. Walled up, it is a
//! network that swallows everything and tells nobody; slow, one in which everything takes its time.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// How long what is sent takes, each way, through a slow door.
const LATENCY: Duration = Duration::from_millis(50);

/// A door to one server. It is shut at first.
pub struct Door {
    /// The server's URL through the door.
    pub url: String,
    state: Arc<watch::Sender<State>>,
}

/// What is behind a door.
#[derive(Clone)]
enum Inside {
    Socket(PathBuf),
    Port(SocketAddr),
}

struct State {
    now: Now,
    /// How often it was shut: who was inside then is out, also if it was opened again at once.
    times_shut: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    Open,
    Slow,
    Shut,
    WalledUp,
}

impl Now {
    fn lets_through(self) -> bool {
        matches!(self, Self::Open | Self::Slow)
    }
}

impl Door {
    /// A door to the database of this URL, which names a socket's folder.
    pub async fn to(url: &str) -> Self {
        let inside = url::Url::parse(url).expect("a URL");
        let folder = inside.host_str().expect("a folder").replace("%2F", "/").replace("%2f", "/");
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let (address, state) = build(Inside::Socket(socket)).await;
        let url = format!("postgres://{}@{address}{}?sslmode=disable", inside.username(), inside.path());
        Self { url, state }
    }

    /// A door to a web server at this address.
    pub async fn before(server: SocketAddr) -> Self {
        let (address, state) = build(Inside::Port(server)).await;
        Self { url: format!("http://{address}"), state }
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.state.send_modify(|state| state.now = Now::Open);
    }

    /// Lets everybody through, who takes longer.
    pub fn slow_down(&self) {
        self.state.send_modify(|state| state.now = Now::Slow);
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

async fn build(inside: Inside) -> (SocketAddr, Arc<watch::Sender<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let state = Arc::new(watch::Sender::new(State { now: Now::Shut, times_shut: 0 }));
    tokio::spawn(guard(listener, inside, Arc::clone(&state)));
    (address, state)
}

async fn guard(listener: TcpListener, inside: Inside, state: Arc<watch::Sender<State>>) {
    while let Ok((mut outside, _)) = listener.accept().await {
        let mut state = state.subscribe();
        let before = {
            let state = state.borrow_and_update();
            if state.now == Now::Shut {
                continue;
            }
            state.times_shut
        };
        let inside = inside.clone();
        tokio::spawn(async move {
            let ended = state.clone();
            tokio::select! {
                biased;
                _ = state.wait_for(|state| !state.now.lets_through() || state.times_shut != before) => {}
                () = lead(&mut outside, inside, &ended) => return,
            }
            let _ = state.wait_for(|state| state.times_shut != before).await;
            cut(outside);
        });
    }
}

/// Leads one through, until either side has said all.
async fn lead(outside: &mut TcpStream, inside: Inside, state: &watch::Receiver<State>) {
    let (to_us, from_us) = outside.split();
    match inside {
        Inside::Socket(path) => {
            let Ok(mut inside) = UnixStream::connect(path).await else { return };
            let (answers, asks) = inside.split();
            tokio::join!(carry(to_us, asks, state), carry(answers, from_us, state));
        }
        Inside::Port(address) => {
            let Ok(mut inside) = TcpStream::connect(address).await else { return };
            let (answers, asks) = inside.split();
            tokio::join!(carry(to_us, asks, state), carry(answers, from_us, state));
        }
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &watch::Receiver<State>,
) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        if state.borrow().now == Now::Slow {
            tokio::time::sleep(LATENCY).await;
        }
        if to.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// At once, without a farewell, as a machine that is gone.
fn cut(connection: TcpStream) {
    let _ = connection.set_zero_linger();
}
