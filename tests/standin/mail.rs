//! Mail, over SMTP without encryption: a stand-in speaks to servers on the loopback address only. Where a setting asks
//! for TLS, sending fails as it does when the mail server is away.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::config::Config;

/// The settings of mail.
pub(crate) struct Mail {
    host: String,
    port: u16,
    clear: bool,
    from: String,
    timeout: Duration,
}

impl Mail {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            host: config.text("smtp_host"),
            port: u16::try_from(config.number("smtp_port")).unwrap_or_default(),
            clear: config.text("smtp_security") == "off",
            from: config.text("smtp_from"),
            timeout: Duration::from_secs(config.number("smtp_timeout")),
        }
    }

    /// Returns when the mail server has taken it.
    pub(crate) fn send(&self, to: &str, subject: &str, text: &str) -> io::Result<()> {
        if !self.clear {
            return Err(io::Error::other("the stand-in speaks no TLS to mail servers"));
        }
        let away = || io::Error::other("the mail server has no address");
        let address = (self.host.as_str(), self.port).to_socket_addrs()?.next().ok_or_else(away)?;
        let connection = TcpStream::connect_timeout(&address, self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        let mut talk = Talk { answers: BufReader::new(connection.try_clone()?), connection };
        talk.hear()?;
        talk.say("EHLO localhost")?;
        talk.say(&format!("MAIL FROM:<{}>", self.from))?;
        talk.say(&format!("RCPT TO:<{to}>"))?;
        talk.say("DATA")?;
        let from = &self.from;
        let head = format!(
            "From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n"
        );
        talk.say(&format!("{head}\r\n{}\r\n.", quoted_printable(text)))?;
        talk.say("QUIT")
    }
}

struct Talk {
    answers: BufReader<TcpStream>,
    connection: TcpStream,
}

impl Talk {
    fn say(&mut self, line: &str) -> io::Result<()> {
        self.connection.write_all(format!("{line}\r\n").as_bytes())?;
        self.hear()
    }

    /// Reads an answer to its last line; one of the fours and fives is a refusal.
    fn hear(&mut self) -> io::Result<()> {
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 || !line.starts_with(['2', '3']) {
                return Err(io::Error::other(format!("the mail server said {line:?}")));
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

/// Lines of at most 76 characters that every mail server leaves as they are.
fn quoted_printable(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut encoded = String::new();
        for byte in line.bytes() {
            if encoded.len() > 72 {
                lines.push(std::mem::take(&mut encoded) + "=");
            }
            match byte {
                // Also the dot, with which no line may begin.
                b'=' | b'.' | ..b' ' | b'\x7f'.. => write!(encoded, "={byte:02X}").expect("a text takes it"),
                _ => encoded.push(char::from(byte)),
            }
        }
        lines.push(encoded);
    }
    lines.join("\r\n")
}
