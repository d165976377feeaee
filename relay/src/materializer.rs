//! Turns feeds into documents and rows, behind everybody's back.
//!
//! The push path never loads a document. This thread asks the store which documents are behind the feed, loads each, derives
//! its rows, and keeps its saved form. Rows are committed before the saved form: after a crash between the two the document is
//! still behind and is done again, so rows never miss what the store takes for done.
//!
//! A document that cannot be read through is set aside with the reason, until another change of it arrives. What of it can be
//! read is shown; its changes stay in the feed, unsaved, and still reach devices whole; nobody else waits for it. One that takes
//! long rests before it is read again.
//!
//! The rows of a document that was erased go, and their bytes leave the file, before the store takes that for done.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use records::{Dossier, SetAside, View};
use store::{Behind, Content, Documents, Feeds, Materialized, Quarantined, Registry, SqliteRelayStore, StoreErrorKind};
use tokio::sync::broadcast;
use vocab::{BranchId, ChangeHash, DocId, Position, Sum};

use crate::growth::Growth;
use crate::resting::Resting;
use crate::store_thread::StoreThread;
use crate::views::{Rows, Views};
use crate::{BranchChanged, Error, Settings, limits, ticks};

/// How long it sleeps when nothing is to be done later; looking once more then costs nothing.
const NOTHING_LATER: Duration = Duration::from_secs(60 * 60);

pub(crate) struct Materializer {
    store: SqliteRelayStore,
    store_thread: StoreThread,
    views: Arc<Views>,
    growth: Arc<Growth>,
    changes: broadcast::Sender<BranchChanged>,
    desks: BTreeMap<BranchId, Desk>,
    resting: Resting,
}

/// What is being done for one branch.
struct Desk {
    rows: Rows,
    work: Work,
}

enum Work {
    /// The rows were lost or are of another version: every document is read again, in the order of their ids.
    Rebuilding { after: Option<DocId> },
    /// The rows follow the feed.
    Following,
}

/// What became of a document that was read.
struct Made {
    doc: DocId,
    last: Position,
    rows: Shown,
    /// Its heads and saved form, or why it is set aside.
    kept: Result<(Vec<ChangeHash>, Vec<u8>), String>,
}

/// What the rows of a document have to be.
enum Shown {
    View(Box<View>),
    /// What they were: it could not even be loaded.
    Unchanged,
    /// Gone, and their bytes with them.
    Nothing,
}

impl Materializer {
    pub(crate) fn new(
        settings: &Settings,
        store_thread: StoreThread,
        views: Arc<Views>,
        growth: Arc<Growth>,
        changes: broadcast::Sender<BranchChanged>,
    ) -> Result<Self, Error> {
        let store = SqliteRelayStore::open(&settings.database())?;
        let mut materializer = Materializer {
            store,
            store_thread,
            views,
            growth,
            changes,
            desks: BTreeMap::new(),
            resting: Resting::default(),
        };
        for branch in materializer.store.branches()? {
            materializer.desk(branch.id)?;
            materializer.growth.mark(branch.id);
        }
        Ok(materializer)
    }

    /// Starts the thread; it ends when its [`Growth`] is stopped.
    pub(crate) fn start(mut self) -> Result<JoinHandle<()>, Error> {
        let run = move || {
            let mut later: BTreeMap<BranchId, Instant> = BTreeMap::new();
            loop {
                let sleep = later.values().min().map(|at| at.saturating_duration_since(Instant::now()));
                let Some(mut branches) = self.growth.next(sleep.unwrap_or(NOTHING_LATER)) else { return };
                let now = Instant::now();
                branches.extend(later.iter().filter(|(_, at)| **at <= now).map(|(branch, _)| *branch));
                for branch in branches {
                    later.remove(&branch);
                    match self.step(branch) {
                        Ok(Progress::More) => self.growth.mark(branch),
                        Ok(Progress::Done) => {}
                        Ok(Progress::Later(at)) => {
                            later.insert(branch, at);
                        }
                        Err(Error::Views { source, .. }) if source.kind() == StoreErrorKind::Busy => {
                            // Somebody erases, or reads what was there before.
                            self.growth.mark(branch);
                            self.growth.pause(limits::MATERIALIZER_RETRY);
                        }
                        Err(error) => {
                            tracing::error!(error = &error as &dyn std::error::Error, %branch, "the materializer cannot go on yet");
                            self.growth.mark(branch);
                            self.growth.pause(limits::MATERIALIZER_RETRY);
                        }
                    }
                }
            }
        };
        std::thread::Builder::new().name("materializer".to_owned()).spawn(run).map_err(Error::Runtime)
    }

    fn desk(&mut self, branch: BranchId) -> Result<&mut Desk, Error> {
        if !self.desks.contains_key(&branch) {
            let epoch = self.store.branch(branch)?.ok_or(Error::NoBranch { name: branch.to_string() })?.epoch;
            let rows = self.views.rows(branch, epoch, self.store.head(branch)?)?;
            let work = if rows.are_complete() { Work::Following } else { Work::Rebuilding { after: None } };
            self.desks.insert(branch, Desk { rows, work });
        }
        self.desks.get_mut(&branch).ok_or(Error::NoBranch { name: branch.to_string() })
    }

    /// Does a bounded part of what is to be done for `branch`.
    fn step(&mut self, branch: BranchId) -> Result<Progress, Error> {
        let behind = self.store.behind(branch, limits::MATERIALIZE_DOCUMENTS_MAX)?;
        let now = Instant::now();
        let rests = |found: &Behind| self.resting.until(branch, found.doc, now);
        let next = behind.iter().filter_map(rests).min();
        let due: Vec<&Behind> = behind.iter().filter(|found| rests(found).is_none()).collect();
        if due.is_empty() {
            let progress = self.rebuild(branch)?;
            if matches!(progress, Progress::Done) {
                self.desk(branch)?.rows.rest()?;
            }
            return Ok(match (progress, next) {
                (Progress::Done, Some(next)) => Progress::Later(next),
                (progress, _) => progress,
            });
        }
        let made: Vec<Made> = due.into_iter().map(|found| self.make(branch, found)).collect();
        self.desk(branch)?.put(&made)?;
        let (kept, set_aside) = sorted(made);
        for document in &set_aside {
            tracing::warn!(doc = %document.doc, %branch, reason = document.reason, "a document is set aside");
        }
        self.store_thread.write_blocking(move |store| {
            if !kept.is_empty() {
                store.put_materialized(branch, &kept)?;
            }
            for document in &set_aside {
                store.quarantine(branch, document)?;
            }
            Ok(())
        })?;
        self.announce(branch);
        Ok(Progress::More)
    }

    fn make(&mut self, branch: BranchId, found: &Behind) -> Made {
        let began = Instant::now();
        let made = match &found.content {
            Content::Bytes(bytes) => make(found, bytes),
            Content::Erased => {
                Made { doc: found.doc, last: found.last, rows: Shown::Nothing, kept: Ok(Default::default()) }
            }
        };
        let now = Instant::now();
        self.resting.took(branch, found.doc, now - began, now);
        made
    }

    /// Reads the next documents of a branch whose rows are incomplete.
    fn rebuild(&mut self, branch: BranchId) -> Result<Progress, Error> {
        let Work::Rebuilding { after } = self.desk(branch)?.work else { return Ok(Progress::Done) };
        let documents = self.store.documents(branch, after, limits::MATERIALIZE_DOCUMENTS_MAX)?;
        let last = documents.last().map(|document| document.doc);
        // What has to be set aside was when it arrived.
        let shown = |bytes: &[u8]| read(bytes).map_or(Shown::Unchanged, |read| Shown::View(Box::new(read.view)));
        let made: Vec<Made> = documents
            .iter()
            .map(|found| Made {
                doc: found.doc,
                last: found.last,
                rows: shown(&found.bytes),
                kept: Ok(Default::default()),
            })
            .collect();
        let desk = self.desk(branch)?;
        desk.put(&made)?;
        let progress = match last {
            Some(last) => {
                desk.work = Work::Rebuilding { after: Some(last) };
                Progress::More
            }
            None => {
                desk.rows.set_complete()?;
                desk.work = Work::Following;
                Progress::Done
            }
        };
        self.announce(branch);
        Ok(progress)
    }

    fn announce(&self, branch: BranchId) {
        // Nobody may be looking.
        let _nobody = self.changes.send(BranchChanged { branch });
    }
}

enum Progress {
    /// There may be more to do.
    More,
    /// Nothing is left to do until the feed grows.
    Done,
    /// Nor is there before this moment.
    Later(Instant),
}

impl Desk {
    fn put(&mut self, made: &[Made]) -> Result<(), Error> {
        let head = made.iter().map(|made| made.last).max().unwrap_or_default();
        let views = made.iter().filter_map(|made| match &made.rows {
            Shown::View(view) => Some((made.doc, &**view)),
            Shown::Unchanged | Shown::Nothing => None,
        });
        self.rows.put(views, head)?;
        let mut erased = made.iter().filter(|made| matches!(made.rows, Shown::Nothing)).map(|made| made.doc).peekable();
        if erased.peek().is_some() {
            self.rows.remove(erased)?;
            self.rows.scrub()?;
        }
        Ok(())
    }
}

fn sorted(made: Vec<Made>) -> (Vec<Materialized>, Vec<Quarantined>) {
    let (mut kept, mut set_aside) = (Vec::new(), Vec::new());
    for Made { doc, last: through, kept: result, .. } in made {
        match result {
            Ok((heads, bytes)) => kept.push(Materialized { doc, through, heads, bytes }),
            Err(reason) => set_aside.push(Quarantined { doc, through, reason, at: ticks::wall() }),
        }
    }
    (kept, set_aside)
}

/// A document that was read through.
struct Read {
    dossier: Dossier,
    view: View,
    aside: Vec<SetAside>,
}

/// Reads a document through. The bytes come from devices: whatever they do to the reader, it ends here.
fn read(bytes: &[u8]) -> Result<Read, String> {
    let read = || {
        let (dossier, aside) = Dossier::receive(bytes).map_err(|corrupt| corrupt.to_string())?;
        Ok(Read { view: dossier.read(), dossier, aside })
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("the reader failed on it".to_owned()))
}

fn make(found: &Behind, bytes: &[u8]) -> Made {
    let Behind { doc, last, .. } = *found;
    match read(bytes) {
        Ok(read) => {
            let kept = match unsafe_to_save(found, &read) {
                None => Ok((read.dossier.heads(), read.dossier.save())),
                Some(reason) => Err(reason),
            };
            Made { doc, last, rows: Shown::View(Box::new(read.view)), kept }
        }
        Err(reason) => Made { doc, last, rows: Shown::Unchanged, kept: Err(reason) },
    }
}

/// Why a document that was read may not be saved: its saved form is what devices get, so it has to hold exactly what the feed
/// does.
fn unsafe_to_save(found: &Behind, Read { dossier, view, aside }: &Read) -> Option<String> {
    if view.damaged {
        return Some("it can be loaded but not read through".to_owned());
    }
    if let Some(first) = aside.first() {
        let (count, hash, reason) = (aside.len(), first.hash, first.reason.code());
        return Some(format!("{count} of its changes cannot be applied; {hash} is {reason}"));
    }
    let sum: Sum = dossier.change_hashes().into_iter().map(|hash| Sum::of_change(found.doc, hash)).sum();
    (sum != found.sum).then(|| "it is not a dossier: read as one it holds other changes than the feed".to_owned())
}
