//! A mail server on the loopback address that takes every mail and keeps it for its test.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Ends with its test's process.
pub(crate) struct Sink {
    port: String,
    mails: Arc<Mutex<Vec<Mail>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    /// Its plain text, decoded.
    pub(crate) text: String,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                // What a server does wrong shows in the mail that is missing.
                std::thread::spawn(move || drop(talk(&connection, &kept)));
            }
        });
        Self { port, mails }
    }

    pub(crate) fn port(&self) -> &str {
        &self.port
    }

    /// What a server must be told to send here.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("SMTP_HOST", "127.0.0.1"),
            ("SMTP_PORT", self.port()),
            ("SMTP_SECURITY", "off"),
            ("SMTP_FROM", "vault@acme.example"),
            ("SMTP_EMBED_IMAGES", "false"),
        ]
    }

    /// The newest mail to somebody; a mail is kept before the call that sends it is answered.
    pub(crate) fn mail(&self, to: &str) -> Mail {
        let mails = self.mails.lock().expect("it is left whole");
        mails
            .iter()
            .rev()
            .find(|mail| mail.to == to)
            .unwrap_or_else(|| panic!("no mail to {to}: {mails:?}"))
            .clone()
    }

    pub(crate) fn subjects(&self, to: &str) -> Vec<String> {
        let mails = self.mails.lock().expect("it is left whole");
        mails.iter().filter(|mail| mail.to == to).map(|mail| mail.subject.clone()).collect()
    }
}

impl Mail {
    /// A parameter of the link in it.
    pub(crate) fn parameter(&self, name: &str) -> String {
        let link = self.text.split_whitespace().find(|word| word.contains("/#/")).expect("a link");
        let query = link.split_once('?').expect("parameters").1;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {link}")).1.into_owned()
    }
}

fn talk(connection: &TcpStream, kept: &Mutex<Vec<Mail>>) -> io::Result<()> {
    let say = |line: &str| (&mut &*connection).write_all(format!("{line}\r\n").as_bytes());
    let mut lines = BufReader::new(connection).lines();
    let mut to = String::new();
    say("220 sink")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-sink\r\n250 8BITMIME")?,
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                say("250 yes")?;
            }
            "DATA" => {
                say("354 go on")?;
                let lines: io::Result<Vec<String>> =
                    lines.by_ref().take_while(|line| line.as_ref().is_ok_and(|line| line != ".")).collect();
                kept.lock().expect("it is left whole").push(read(std::mem::take(&mut to), &lines?));
                say("250 kept")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 yes")?,
        }
    }
    Ok(())
}

fn read(to: String, lines: &[String]) -> Mail {
    let subject = lines.iter().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
    // Of the part in plain text, which comes first where there are several.
    let plain = lines.iter().position(|line| line.to_lowercase().starts_with("content-type: text/plain"));
    let part = &lines[plain.unwrap_or_default()..];
    let (head, body) = part.split_at(part.iter().position(String::is_empty).unwrap_or_default());
    let coded = |how: &str| {
        let is = |line: &String| line.to_lowercase() == format!("content-transfer-encoding: {how}");
        head.iter().any(is) || lines.iter().take_while(|line| !line.is_empty()).any(is)
    };
    let body: Vec<&str> =
        body.iter().skip(1).map(String::as_str).take_while(|line| !line.starts_with("--")).collect();
    let text = if coded("base64") {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(body.concat()).expect("Base64");
        String::from_utf8(bytes).expect("UTF-8")
    } else if coded("quoted-printable") {
        decoded(&body.join("\n"))
    } else {
        body.join("\n")
    };
    Mail { to, subject: subject.to_owned(), text }
}

/// Quoted-printable text.
fn decoded(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two hexadecimal digits"));
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("UTF-8")
}
