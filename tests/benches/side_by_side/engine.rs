//! The three engines behind one face: how each one's server and device are started over the same documents.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use device::Device;
use tests::bench::peer::Peer;
use tests::bench::relay::Served;
use tests::bench::seed;
use tokio::runtime::Runtime;

use crate::proxy::Proxy;
use crate::{Failed, fieldbook, samod};

/// An engine under measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Fieldbook,
    Samod,
    AutomergeRepo,
}

impl Engine {
    pub(crate) const ALL: [Engine; 3] = [Engine::Fieldbook, Engine::Samod, Engine::AutomergeRepo];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Engine::Fieldbook => "Fieldbook",
            Engine::Samod => "samod",
            Engine::AutomergeRepo => "automerge-repo",
        }
    }
}

/// One book of documents on the disk, in the form each engine starts from.
pub(crate) struct Book {
    dir: PathBuf,
}

/// A server that holds the book, and the proxy in front of it.
pub(crate) struct Stage {
    engine: Engine,
    dir: PathBuf,
    server: Peer,
    proxy: Proxy,
    /// Fieldbook's relay writes nothing by itself: another device does.
    author: Option<Device>,
    node: Option<PathBuf>,
}

impl Book {
    /// Draws the documents, with Fieldbook's relay already serving them: the device that made them needs its code from there.
    pub(crate) fn make(runtime: &Runtime, dir: &Path, dossiers: u32) -> Result<(Book, Stage), Failed> {
        let book = Book { dir: dir.to_owned() };
        std::fs::create_dir_all(dir)?;
        let mut relay = Served::start(&dir.join("relay"))?;
        let author = dir.join("author");
        fieldbook::enrol(runtime, &author, &format!("http://{}", relay.address), &relay.invite(1)?.concat())?;
        let mut ids = String::new();
        seed::fill(&author, dossiers.into(), crate::CHANGES_EACH, |doc, document| {
            let id = doc.to_string();
            let id = id.trim_start_matches("automerge:");
            writeln!(ids, "{id}")?;
            let snapshot = samod::snapshot_path(&book.snapshots(), id);
            std::fs::create_dir_all(snapshot.parent().ok_or("a snapshot inside the data")?)?;
            Ok(std::fs::write(snapshot, seed::saved_by_automerge(document)?)?)
        })?;
        std::fs::write(book.ids(), ids)?;
        let mut author = Device::open(&author)?;
        runtime.block_on(author.sync(|_| {}))?;
        relay.followed()?;
        let proxy = Proxy::start(runtime, &relay.address)?;
        let dir = dir.join("fieldbook");
        let server = relay.peer;
        let stage = Stage { engine: Engine::Fieldbook, dir, server, proxy, author: Some(author), node: None };
        Ok((book, stage))
    }

    /// A server of one of the others, every document loaded. `node` is where automerge-repo is installed.
    pub(crate) fn serve(&self, runtime: &Runtime, engine: Engine, node: Option<&Path>) -> Result<Stage, Failed> {
        let dir = self.dir.join(engine.name());
        let (data, ids) = (dir.join("server"), self.ids());
        if !data.exists() {
            copy(&self.snapshots(), &data)?;
        }
        let arguments = ["server", shown(&data)?, shown(&ids)?];
        let mut server = start(engine, node, &arguments)?;
        let address = listening(&mut server)?;
        server.ask("load")?;
        let proxy = Proxy::start(runtime, &address)?;
        Ok(Stage { engine, dir, server, proxy, author: None, node: node.map(Path::to_owned) })
    }

    fn snapshots(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    fn ids(&self) -> PathBuf {
        self.dir.join("ids")
    }
}

impl Stage {
    pub(crate) fn server(&mut self) -> &mut Peer {
        &mut self.server
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// A device in a process of its own, over the files of `name`: those of an earlier one, or none yet. Its way to the server
    /// leads through the proxy.
    pub(crate) fn device(&mut self, book: &Book, name: &str) -> Result<Peer, Failed> {
        let data = self.dir.join(name);
        let address = self.proxy.address();
        match self.engine {
            Engine::Fieldbook => {
                let new = !data.exists();
                let url = format!("http://{address}");
                let relay = book.dir.join("relay");
                let mut device = Peer::start(&["fieldbook", "device", shown(&data)?, &url, shown(&relay)?])?;
                if new && name != crate::FAN {
                    let invited = self.server.ask("invite 1")?;
                    device.ask(&format!("enrol {}", invited["codes"][0].as_str().ok_or("an invite")?))?;
                }
                Ok(device)
            }
            Engine::Samod | Engine::AutomergeRepo => {
                let ids = book.ids();
                let arguments = ["device", shown(&data)?, shown(&ids)?, &address.to_string()];
                start(self.engine, self.node.as_deref(), &arguments)
            }
        }
    }

    /// Lays down the server's documents as a device's, for one whose first join took too long to wait for.
    pub(crate) fn furnish(&self, book: &Book, name: &str) -> Result<(), Failed> {
        let data = self.dir.join(name);
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        copy(&book.snapshots(), &data)
    }

    /// Edits on the other side: the server ends up holding so many changes that the device lacks.
    pub(crate) fn edit(&mut self, runtime: &Runtime, from: u32, count: u32, round: u32) -> Result<(), Failed> {
        match &mut self.author {
            Some(author) => {
                fieldbook::edit(author, from, count, &round.to_string())?;
                runtime.block_on(author.sync(|_| {}))?;
            }
            None => drop(self.server.ask(&format!("edit {from} {count} {round}"))?),
        }
        Ok(())
    }

    pub(crate) fn end(mut self) -> Result<(), Failed> {
        drop(self.author);
        self.server.end()
    }
}

fn start(engine: Engine, node: Option<&Path>, arguments: &[&str]) -> Result<Peer, Failed> {
    if engine == Engine::Samod {
        let mut all = vec!["samod"];
        all.extend(arguments);
        return Peer::start(&all);
    }
    let node = node.ok_or("automerge-repo, installed")?;
    let mut command = Command::new("node");
    command.arg(node.join("peer.mjs")).args(arguments);
    Peer::spawn(command)
}

fn listening(server: &mut Peer) -> Result<String, Failed> {
    Ok(server.ask("listen")?["address"].as_str().ok_or("an address")?.to_owned())
}

fn shown(path: &Path) -> Result<&str, Failed> {
    Ok(path.to_str().ok_or("a temporary folder with a name in Unicode")?)
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(std::fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}
