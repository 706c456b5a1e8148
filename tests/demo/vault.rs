//! The chapter inside of a vault: somebody is invited, registers, is let in, and reads what Git says.
//!
//! Apart from the rest of the story, since here a member has a part, with keys of her own that the stage does not know.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::narrator::Narrator;
use crate::person::Person;
use crate::stage::Stage;

/// What the chapter is about, as the example has it.
const SOCIETY: &str = "rowing";
const MEMBER: &str = "stroke@northside.example";
const DRAWN: &str = "boathouse-door";
const FIELDS: &str = "generate: {length: 6, alphabet: digits";

/// What is sealed, and what it is for.
const SECRET: &str = "mind the third step";
const SEALED: &str = "boat-hire";

pub(crate) async fn tell(narrator: &mut Narrator, stage: &Stage, union: &str) -> Result<()> {
    narrator.chapter("Inside the vault: people and passwords come by commit");
    let file = format!("unions/{union}/societies/{SOCIETY}.yaml");
    narrator.say(&format!(
        "{union} has a Rowing Club. Keyforge has founded it inside of the server, invited its members and drawn a code \
         for the boathouse door. Everything was encrypted before it was sent; neither the repository nor the server \
         can tell that code."
    ));
    stage.api.society(union, SOCIETY, "the society is provisioned", |_| true).await?;
    let status = format!("status {union}");
    narrator.command(&format!("keyforge {status}"), &stage.keyforge.run(&status).await?);
    let person = joins(narrator, stage, union, &file).await?;
    rotation(narrator, stage, union, &file, &person).await?;
    sealed(narrator, stage, union, &file, &person).await
}

/// She registers, and is let in by what she says on the phone.
async fn joins(narrator: &Narrator, stage: &Stage, union: &str, file: &str) -> Result<Person> {
    narrator.say(&format!(
        "{MEMBER} accepts: her client draws her keys. (The demo plays her, with a client of its own.) Anybody who knows \
         her address could have been faster, so registering opens nothing yet. She reads the fingerprint phrase of her \
         account to the club's officer, who writes it into the document, with what she may see."
    ));
    let door = stage.door(union).await.context("nobody leads to the server")?;
    let person = Person::join(door.client.clone(), &door.url, MEMBER).await;
    let profile = person.get("/api/accounts/profile").await;
    let is_in = profile["organizations"].as_array().is_some_and(|societies| !societies.is_empty());
    ensure!(!is_in, "{MEMBER} is let in before anybody knows who she is");
    let phrase = person.phrase();
    stage.remote.edit(file, |line| {
        if line.contains(MEMBER) {
            let more =
                format!("collections: [{{name: general, access: read}}], confirm: {{fingerprint: {phrase}}}");
            line.replace("}", &format!(", {more}}}"))
        } else {
            line.to_owned()
        }
    })?;
    narrator.command("git diff", &stage.remote.diff()?);
    push(narrator, stage, "She is who she says")?;
    let is_in = |society: &Value| {
        let people = society["people"].as_array().into_iter().flatten();
        people.into_iter().any(|member| member["email"] == MEMBER && member["state"] == "confirmed")
    };
    let start = Instant::now();
    stage.api.society(union, SOCIETY, &format!("{MEMBER} is confirmed"), is_in).await?;
    narrator.done("from the push until she has the society's key, wrapped for hers", start);
    let code = reads(&person, DRAWN).await?;
    ensure!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "what she reads is no code");
    narrator.done(&format!("she reads {DRAWN}: {code}"), start);
    narrator.end();
    Ok(person)
}

/// A number is raised, and she reads another code.
async fn rotation(
    narrator: &Narrator,
    stage: &Stage,
    union: &str,
    file: &str,
    person: &Person,
) -> Result<()> {
    narrator.say(
        "The code has been given to too many people. A higher number in the document draws another one.",
    );
    let before = reads(person, DRAWN).await?;
    stage.remote.edit(file, |line| line.replace(FIELDS, &format!("{FIELDS}, rotation: 2")))?;
    push(narrator, stage, "Another code for the door")?;
    let start = Instant::now();
    let drawn = |society: &Value| society["items"][0]["rotation"] == 2;
    stage.api.society(union, SOCIETY, "another code is drawn", drawn).await?;
    let code = reads(person, DRAWN).await?;
    narrator.done(&format!("she reads {DRAWN}: {code} (it was {before})"), start);
    narrator.end();
    Ok(())
}

/// A secret that is known already comes sealed.
async fn sealed(narrator: &Narrator, stage: &Stage, union: &str, file: &str, person: &Person) -> Result<()> {
    narrator.say(&format!(
        "A secret that people know already (\"{SECRET}\") is sealed first: whoever can read the repository may seal, only \
         the daemon opens, and only at this place."
    ));
    let line = format!("seal --union {union} --society {SOCIETY} --name {SEALED}");
    let text = stage.keyforge.given(&format!("{line} '{}'", stage.remote.clone().display()), SECRET).await?;
    ensure!(!text.contains(SECRET), "the secret is in what was sealed");
    let shown: Vec<&str> = text.lines().take(3).chain(["        …"]).collect();
    narrator.command(&format!("keyforge {line} >> {file}"), &shown.join("\n"));
    let path = stage.remote.clone().join(file);
    let document = std::fs::read_to_string(&path)?;
    stage.remote.write(file, &format!("{document}{text}"))?;
    push(narrator, stage, "What the boat hire asks for")?;
    let start = Instant::now();
    let there = |society: &Value| society["passwords"] == 2;
    stage.api.society(union, SOCIETY, "the sealed password is there", there).await?;
    let read = reads(person, SEALED).await?;
    ensure!(read == SECRET, "she reads {read:?} instead of what was sealed");
    narrator.done(&format!("she reads {SEALED}: {read}"), start);
    narrator.end();
    Ok(())
}

fn push(narrator: &Narrator, stage: &Stage, subject: &str) -> Result<()> {
    stage.remote.push(subject)?;
    narrator.command(&format!("git commit --all --message '{subject}' && git push"), "");
    Ok(())
}

/// What her client shows once it has synchronised.
async fn reads(person: &Person, name: &str) -> Result<String> {
    person.passwords().await.remove(name).with_context(|| format!("she does not see {name}"))
}
