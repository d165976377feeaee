//! samod's peers: a repository over its file system storage, as a server or as a device.
//!
//! Documents are laid out on the disk beforehand, as samod and automerge-repo both read them. Websockets are tokio-tungstenite's
//! on both sides, as Fieldbook's are.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ROOT, ReadDoc};
use futures_util::future::{join_all, try_join_all};
use futures_util::{SinkExt, StreamExt};
use samod::storage::TokioFilesystemStorage;
use samod::{
    BackoffConfig, ConnectionId, DialError, Dialer, DialerHandle, DocHandle, DocumentId, Repo, Transport, Url,
};
use serde_json::{Value, json};
use tests::bench::peer::answer_all;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WebsocketError, Message};

use crate::Failed;

/// A server in a process of its own. Answers `listen`, `load`, `edit FROM COUNT ROUND`, `end`.
pub(crate) fn server(data: &Path, ids: &Path) -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    let ids = read_ids(ids)?;
    let (listener, repo) = runtime.block_on(async {
        let storage = TokioFilesystemStorage::new(data);
        Ok::<_, Failed>((
            TcpListener::bind("127.0.0.1:0").await?,
            Repo::build_tokio().with_storage(storage).load().await,
        ))
    })?;
    let address = listener.local_addr()?;
    let acceptor = repo.make_acceptor(Url::parse(&format!("ws://{address}"))?)?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            match tokio_tungstenite::accept_async(stream).await {
                // The connection ends with its socket, the repository with its process.
                Ok(socket) => drop(acceptor.accept(transport(socket))),
                Err(_) => continue,
            }
        }
    });
    let mut handles = Vec::new();
    answer_all(|words| {
        match words {
            ["listen"] => return Ok(json!({ "address": address })),
            ["load"] => handles = runtime.block_on(find_all(&repo, &ids))?,
            ["edit", from, count, round] => edit(&handles, from.parse()?, count.parse()?, round)?,
            ["end"] => runtime.block_on(repo.stop()),
            _ => return Err(format!("not a question for a server: {words:?}").into()),
        }
        Ok(json!({}))
    })
}

/// A device in a process of its own. Answers `load`, `edit FROM COUNT ROUND`, `sync`, `cut`, `end`, and
/// for a crowd `gather DEVICES` and `fan EDITS`.
pub(crate) fn device(data: &Path, ids: &Path, address: &str) -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    let ids = read_ids(ids)?;
    let mut open: Option<Device> = None;
    let mut crowd = None;
    answer_all(|words| {
        match words {
            ["load"] => open = Some(runtime.block_on(Device::load(data, &ids))?),
            ["edit", from, count, round] => {
                edit(&open.as_ref().ok_or("load first")?.handles, from.parse()?, count.parse()?, round)?;
            }
            ["sync"] => runtime.block_on(open.as_mut().ok_or("load first")?.sync(&ids, address))?,
            ["cut"] => runtime.block_on(open.as_mut().ok_or("load first")?.cut()),
            ["gather", devices] => {
                crowd = Some(runtime.block_on(Crowd::gather(data, &ids, address, devices.parse()?))?)
            }
            ["fan", edits] => return runtime.block_on(crowd.as_ref().ok_or("gather first")?.edit(edits.parse()?)),
            ["end"] => {
                if let Some(device) = &open {
                    runtime.block_on(device.repo.stop());
                }
            }
            _ => return Err(format!("not a question for a device: {words:?}").into()),
        }
        Ok(json!({}))
    })
}

struct Device {
    repo: Repo,
    handles: Vec<DocHandle>,
    link: Option<DialerHandle<WebsocketError>>,
}

impl Device {
    /// Opens the repository and, unless it is new, loads every document: those that are not loaded are not exchanged.
    async fn load(data: &Path, ids: &[DocumentId]) -> Result<Device, Failed> {
        let new = !data.exists();
        let repo = Repo::build_tokio().with_storage(TokioFilesystemStorage::new(data)).load().await;
        let handles = if new { Vec::new() } else { find_all(&repo, ids).await? };
        Ok(Device { repo, handles, link: None })
    }

    /// Connects, and waits until both sides are known to hold the same of every document.
    async fn sync(&mut self, ids: &[DocumentId], address: &str) -> Result<(), Failed> {
        let dialer = Arc::new(WebsocketDialer { address: address.to_owned() });
        let link = self.repo.dial(BackoffConfig::default(), dialer)?;
        link.established().await.map_err(|failed| failed.to_string())?;
        let connection = link.connection_id().ok_or("an established connection")?;
        self.link = Some(link);
        if self.handles.is_empty() {
            self.handles = find_all(&self.repo, ids).await?;
        }
        join_all(self.handles.iter().map(|handle| in_sync(handle, connection))).await;
        Ok(())
    }

    /// Cuts the link and waits until it is gone; the documents stay in memory.
    async fn cut(&mut self) {
        if let Some(link) = self.link.take() {
            link.close();
        }
        let (mut peers, mut changes) = self.repo.connected_peers();
        while !peers.is_empty() {
            match changes.next().await {
                Some(now) => peers = now,
                None => break,
            }
        }
    }
}

async fn in_sync(handle: &DocHandle, connection: ConnectionId) {
    handle.we_have_their_changes(connection).await;
    handle.they_have_our_changes(connection).await;
}

async fn find_all(repo: &Repo, ids: &[DocumentId]) -> Result<Vec<DocHandle>, Failed> {
    let found = try_join_all(ids.iter().map(|id| repo.find(id.clone()))).await?;
    found.into_iter().zip(ids).map(|(found, id)| Ok(found.ok_or_else(|| format!("{id} was not found"))?)).collect()
}

/// Writes the register that Fieldbook's edit writes, in so many documents, beginning with number `from`.
fn edit(handles: &[DocHandle], from: usize, count: usize, round: &str) -> Result<(), Failed> {
    let edited = handles.get(from..from + count).ok_or("that many documents")?;
    for handle in edited {
        handle.with_document(|document| write(document, round))?;
    }
    Ok(())
}

fn write(document: &mut Automerge, round: &str) -> Result<(), AutomergeError> {
    let written = document.transact(|tx| {
        let Some((_, records)) = tx.get(ROOT, "records")? else { return Ok(()) };
        let Some(customer) = tx.keys(&records).find(|id| id.starts_with("CUST")) else { return Ok(()) };
        let Some((_, customer)) = tx.get(&records, customer)? else { return Ok(()) };
        tx.put(&customer, "preference", crate::edited(round))
    });
    written.map(|_| ()).map_err(|failure| failure.error)
}

/// Many devices, each a repository with files of its own and every document loaded, and one that writes.
struct Crowd {
    author: Device,
    following: Vec<Device>,
}

impl Crowd {
    async fn gather(data: &Path, ids: &[DocumentId], address: &str, devices: usize) -> Result<Crowd, Failed> {
        let open = async |name: String| -> Result<Device, Failed> {
            let mut device = Device::load(&data.join(name), ids).await?;
            device.sync(ids, address).await?;
            Ok(device)
        };
        let mut following = Vec::new();
        for number in 0..devices {
            following.push(open(format!("device-{number}")).await?);
        }
        Ok(Crowd { author: open("author".to_owned()).await?, following })
    }

    /// Makes so many edits, one after the other. Answers the milliseconds from an edit to each device's word of it, which
    /// comes before it is on the disk.
    async fn edit(&self, edits: usize) -> Result<Value, Failed> {
        let mut took_ms = Vec::new();
        for number in 0..edits {
            let mut arriving = Vec::new();
            for device in &self.following {
                let mut changes = Box::pin(device.handles[number].changes());
                arriving.push(tokio::spawn(async move {
                    let seen = changes.next().await;
                    seen.map(|_| Instant::now())
                }));
            }
            let start = Instant::now();
            self.author.handles[number].with_document(|document| write(document, &number.to_string()))?;
            for arrived in arriving {
                let arrived = tokio::time::timeout(crate::PATIENCE, arrived).await??.ok_or("a device ended early")?;
                took_ms.push(arrived.saturating_duration_since(start).as_secs_f64() * 1_000.0);
            }
        }
        Ok(json!({ "took_ms": took_ms }))
    }
}

struct WebsocketDialer {
    address: String,
}

impl Dialer for WebsocketDialer {
    type Error = WebsocketError;

    fn url(&self) -> Url {
        let url = Url::parse(&format!("ws://{}", self.address));
        url.unwrap_or_else(|_| unreachable!("the address of a listening socket makes a URL"))
    }

    fn connect(&self) -> futures_util::future::BoxFuture<'static, Result<Transport, DialError<WebsocketError>>> {
        let address = self.address.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(&address).await.map_err(DialError::transient)?;
            stream.set_nodelay(true).map_err(DialError::transient)?;
            let url = format!("ws://{address}");
            let (socket, _) = tokio_tungstenite::client_async(url, stream).await.map_err(DialError::transient)?;
            Ok(transport(socket))
        })
    }
}

fn transport<S>(socket: WebSocketStream<S>) -> Transport
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sink, stream) = socket.split();
    let sink = sink.with(|bytes: Vec<u8>| ready(Ok::<_, WebsocketError>(Message::Binary(bytes.into()))));
    let stream = stream.filter_map(|message| {
        ready(match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes.to_vec())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    });
    Transport::new(stream, sink)
}

fn read_ids(path: &Path) -> Result<Vec<DocumentId>, Failed> {
    std::fs::read_to_string(path)?.lines().map(|line| Ok(line.parse()?)).collect()
}

/// Where samod and automerge-repo look for a document's snapshot.
pub(crate) fn snapshot_path(data: &Path, id: &str) -> PathBuf {
    let (splay, rest) = id.split_at(2);
    data.join(splay).join(rest).join("snapshot").join("generated")
}
