//! Peers: each relay, server and device is a process of its own, so that its memory can be told apart. It is this same
//! program started again, or Node; it is asked one line of words at a time and answers each with one line of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Failed;

/// A peer, until this is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// The answer.
    Given(Value),
    /// Nothing within the time allowed. The peer is of no further use.
    TooLate,
}

impl Peer {
    /// Starts this program again as `--peer` and `arguments` say.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(arguments: &[&str]) -> Result<Peer, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--peer").args(arguments);
        Peer::spawn(command)
    }

    /// Starts another program that answers like one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command) -> Result<Peer, Failed> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().ok_or("a piped standard input")?;
        let answered = BufReader::new(child.stdout.take().ok_or("a piped standard output")?);
        let (answer, answers) = channel();
        std::thread::spawn(move || {
            for line in answered.lines().map_while(Result::ok) {
                if answer.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Peer { child, questions, answers })
    }

    /// Asks, and waits as long as it takes.
    ///
    /// # Errors
    /// What the peer says went wrong, or that it is gone.
    pub fn ask(&mut self, question: &str) -> Result<Value, Failed> {
        self.question(question)?;
        let line = self.answers.recv().map_err(|_| format!("the peer ended at `{question}`"))?;
        read(question, &line)
    }

    /// Asks, and waits for so long.
    ///
    /// # Errors
    /// Those of [`Peer::ask`].
    pub fn ask_within(&mut self, question: &str, patience: Duration) -> Result<Answer, Failed> {
        self.question(question)?;
        match self.answers.recv_timeout(patience) {
            Ok(line) => read(question, &line).map(Answer::Given),
            Err(RecvTimeoutError::Timeout) => Ok(Answer::TooLate),
            Err(RecvTimeoutError::Disconnected) => Err(format!("the peer ended at `{question}`").into()),
        }
    }

    /// Lets it put everything on its disk and waits until it has ended.
    ///
    /// # Errors
    /// Those of [`Peer::ask`].
    pub fn end(&mut self) -> Result<(), Failed> {
        self.ask("end")?;
        self.child.wait()?;
        Ok(())
    }

    fn question(&mut self, question: &str) -> Result<(), Failed> {
        Ok(writeln!(self.questions, "{question}")?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn read(question: &str, line: &str) -> Result<Value, Failed> {
    let answer: Value = serde_json::from_str(line).map_err(|error| format!("`{question}`: {line}: {error}"))?;
    match answer.get("failed").and_then(Value::as_str) {
        Some(failed) => Err(format!("`{question}`: {failed}").into()),
        None => Ok(answer),
    }
}

/// The other end: answers every question of standard input until it is closed or somebody says `end`. Each answer also
/// says how long it took (`ms`), the memory this process holds (`rss_kib`), the most it held since `forget` (`peak_kib`) and the
/// processor time it has used so far (`cpu_ms`).
///
/// # Errors
/// When standard input or output break, or the system does not tell about this process.
pub fn answer_all(mut answer: impl FnMut(&[&str]) -> Result<Value, Failed>) -> Result<(), Failed> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<_> = line.split_whitespace().collect();
        let start = Instant::now();
        let answered = match words.as_slice() {
            ["forget"] => forget_peak().map(|()| json!({})),
            ["peak"] => Ok(json!({})),
            words => answer(words),
        };
        let ms = start.elapsed().as_secs_f64() * 1_000.0;
        let mut reply = answered.unwrap_or_else(|failed| json!({ "failed": failed.to_string() }));
        if let Some(reply) = reply.as_object_mut() {
            reply.insert("ms".to_owned(), ms.into());
            reply.insert("peak_kib".to_owned(), memory_kib("VmHWM:")?.into());
            reply.insert("rss_kib".to_owned(), memory_kib("VmRSS:")?.into());
            reply.insert("cpu_ms".to_owned(), cpu_ms()?.into());
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{reply}")?;
        out.flush()?;
        if words == ["end"] {
            break;
        }
    }
    Ok(())
}

/// The memory of this process as Linux counts it under this name.
fn memory_kib(name: &str) -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("memory in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// The processor time of all threads of this process, in steps of 10 ms.
fn cpu_ms() -> Result<u64, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold blanks; user and system time are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(')').ok_or("a name in /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks =
        |place: usize| -> Result<u64, Failed> { Ok(fields.get(place).ok_or("times in /proc/self/stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) * 10)
}

/// Lets the peak be counted from what is held now.
fn forget_peak() -> Result<(), Failed> {
    Ok(std::fs::write("/proc/self/clear_refs", "5")?)
}
