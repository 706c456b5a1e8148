//! A door in front of the database server: shut, nobody comes through and who is inside is thrown out.
//!
//! To the daemon that is a server that went away; the other tests of the program keep theirs.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// A door to one database. It is shut at first.
pub struct Door {
    /// The database's URL through the door.
    pub url: String,
    open: Arc<watch::Sender<bool>>,
}

impl Door {
    /// A door to the database of this URL, which names a socket's folder.
    pub async fn to(url: &str) -> Self {
        let inside = url::Url::parse(url).expect("a URL");
        let folder = inside.host_str().expect("a folder").replace("%2F", "/").replace("%2f", "/");
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let open = Arc::new(watch::Sender::new(false));
        tokio::spawn(guard(listener, socket, Arc::clone(&open)));
        let url = format!("postgres://{}@{address}{}?sslmode=disable", inside.username(), inside.path());
        Self { url, open }
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Lets nobody through, and ends the connections that are.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }
}

async fn guard(listener: TcpListener, socket: PathBuf, open: Arc<watch::Sender<bool>>) {
    while let Ok((mut outside, _)) = listener.accept().await {
        let mut open = open.subscribe();
        if !*open.borrow_and_update() {
            continue;
        }
        let socket = socket.clone();
        tokio::spawn(async move {
            let Ok(mut inside) = UnixStream::connect(socket).await else { return };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut outside, &mut inside) => {}
                _ = open.wait_for(|open| !open) => cut(outside),
            }
        });
    }
}

/// At once, without a farewell, as a machine that is gone.
fn cut(connection: TcpStream) {
    let _ = connection.set_zero_linger();
}
