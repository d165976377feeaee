//! Many light devices that are connected at once, each a task.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tests::bench::Failed;
use tests::bench::light::{self, Light, Link, Order, Told};
use tests::bench::relay::Served;
use tests::generate::Dice;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use vocab::DocId;

/// Longest wait for anything to happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a device of the crowd came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Everything exchanged, this long after it began to connect.
    CaughtUp,
    /// Changes of others arrived.
    Arrived,
}

/// A device that is done: itself again, and the bytes of its frames.
type Back = Result<(Light, u64), Failed>;

/// Devices that are connected, or about to be.
pub(crate) struct Crowd {
    devices: Vec<(UnboundedSender<Order>, JoinHandle<Back>)>,
    author: Option<(UnboundedSender<Order>, JoinHandle<Back>)>,
    tell: Sender<News>,
    news: Receiver<News>,
}

/// What a device tells, when, and how long after its beginning. Nothing of the author's.
struct News {
    moment: Moment,
    at: Instant,
    took: Duration,
    failed: Option<String>,
}

impl Crowd {
    /// Lets the devices connect and follow, each at a moment of its own within `spread`.
    pub(crate) fn gather(runtime: &Runtime, served: &Served, devices: Vec<Light>, spread: Duration) -> Crowd {
        let (tell, news) = channel();
        let mut dice = Dice::new(830, 0);
        let mut come = |(place, device)| {
            let wait_ms = match u64::try_from(spread.as_millis()) {
                Ok(0) | Err(_) => 0,
                Ok(spread_ms) => dice.below(spread_ms),
            };
            one(runtime, served, device, place, Duration::from_millis(wait_ms), tell.clone())
        };
        let devices = devices.into_iter().enumerate().map(&mut come).collect();
        Crowd { devices, author: None, tell, news }
    }

    /// Lets one more connect, whose edits go to the others.
    pub(crate) fn write(&mut self, runtime: &Runtime, served: &Served, author: Light) -> Result<(), Failed> {
        self.author = Some(one(runtime, served, author, 0, Duration::ZERO, self.tell.clone()));
        self.times(1, Moment::CaughtUp).map(|_| ())
    }

    /// Makes the author push a change.
    pub(crate) fn order(&self, doc: DocId, change: Vec<u8>) -> Result<(), Failed> {
        let (orders, _) = self.author.as_ref().ok_or("an author")?;
        Ok(orders.send(Order::Push(doc, change)).map_err(|_| "the author is gone")?)
    }

    /// Waits until so many devices came to something, and says how long each took from its beginning.
    pub(crate) fn times(&mut self, devices: usize, moment: Moment) -> Result<Vec<Duration>, Failed> {
        self.wait(devices, moment).map(|news| news.into_iter().map(|news| news.took).collect())
    }

    /// Waits until changes arrived at so many devices, and says when.
    pub(crate) fn arrivals(&mut self, devices: usize) -> Result<Vec<Instant>, Failed> {
        self.wait(devices, Moment::Arrived).map(|news| news.into_iter().map(|news| news.at).collect())
    }

    fn wait(&mut self, count: usize, moment: Moment) -> Result<Vec<News>, Failed> {
        let mut came = Vec::with_capacity(count);
        while came.len() < count {
            let news = self.news.recv_timeout(PATIENCE).map_err(|_| format!("{} of {count} {moment:?}", came.len()))?;
            if let Some(failed) = news.failed {
                return Err(failed.into());
            }
            if news.moment == moment {
                came.push(news);
            }
        }
        Ok(came)
    }

    /// Lets everybody say goodbye; the devices as they are then, and the bytes of all their frames.
    pub(crate) fn leave(self, runtime: &Runtime) -> Result<(Vec<Light>, u64), Failed> {
        for (orders, _) in self.devices.iter().chain(&self.author) {
            // Whoever is gone already says why below.
            let _ = orders.send(Order::Leave);
        }
        if let Some((_, author)) = self.author {
            runtime.block_on(author)??;
        }
        let (mut back, mut bytes) = (Vec::new(), 0);
        for (_, device) in self.devices {
            let (device, carried) = runtime.block_on(device)??;
            back.push(device);
            bytes += carried;
        }
        Ok((back, bytes))
    }
}

/// Opens a connection for the device at `place` of a crowd.
pub(crate) async fn connect(served: &Served, place: usize) -> Result<Link, Failed> {
    light::connect(&served.address, light::address(place)).await
}

fn one(
    runtime: &Runtime,
    served: &Served,
    mut device: Light,
    place: usize,
    wait: Duration,
    tell: Sender<News>,
) -> (UnboundedSender<Order>, JoinHandle<Back>) {
    let (order, mut orders) = unbounded_channel();
    let relay = served.address.clone();
    let task = runtime.spawn(async move {
        tokio::time::sleep(wait).await;
        let start = Instant::now();
        // Nobody listens any more once everything was measured.
        let say = |moment, failed| drop(tell.send(News { moment, at: Instant::now(), took: start.elapsed(), failed }));
        let done = async {
            let mut link = light::connect(&relay, light::address(place)).await?;
            let told = |told| match told {
                Told::CaughtUp => say(Moment::CaughtUp, None),
                Told::Arrived(_) => say(Moment::Arrived, None),
            };
            device.follow(&mut link, &mut orders, told).await
        };
        match done.await {
            Ok(report) => Ok((device, report.bytes_up + report.bytes_down)),
            Err(failed) => {
                say(Moment::CaughtUp, Some(failed.to_string()));
                Err(failed)
            }
        }
    });
    (order, task)
}
