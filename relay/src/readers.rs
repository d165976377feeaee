//! Connections that read while others write.
//!
//! A few connections to one database, each used by one reader at a time on a thread where blocking is allowed. Whoever finds
//! all of them busy waits in line.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::Error;

/// A bounded set of connections of type `C`, opened when first needed.
pub(crate) struct Readers<C> {
    open: Box<dyn Fn() -> Result<C, Error> + Send + Sync>,
    idle: Mutex<Vec<C>>,
    places: Arc<Semaphore>,
}

impl<C: Send + 'static> Readers<C> {
    pub(crate) fn new(readers_max: usize, open: impl Fn() -> Result<C, Error> + Send + Sync + 'static) -> Arc<Self> {
        let idle = Mutex::new(Vec::with_capacity(readers_max));
        Arc::new(Readers { open: Box::new(open), idle, places: Arc::new(Semaphore::new(readers_max)) })
    }

    /// Runs `read` with a connection of its own.
    ///
    /// # Errors
    /// What opening a connection or `read` itself gives; [`Error::Stopping`] when the runtime is going away.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut C) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::Stopping)?;
        let readers = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = idle.map_or_else(|| (readers.open)(), Ok)?;
            let result = read(&mut connection);
            // A connection whose reader panics is dropped with it; the next reader opens another.
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(place);
            result
        });
        task.await.map_err(|_| Error::Stopping)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(flavor = "multi_thread")]
    async fn readers_share_a_bounded_number_of_connections() {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        let readers = Readers::new(2, || Ok(OPENED.fetch_add(1, Ordering::SeqCst)));
        let reads: Vec<_> = (0..50)
            .map(|n| {
                let readers = Arc::clone(&readers);
                tokio::spawn(async move { readers.read(move |_| Ok(n)).await })
            })
            .collect();
        for (n, read) in reads.into_iter().enumerate() {
            assert_eq!(read.await.unwrap().unwrap(), n);
        }
        assert!(OPENED.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reader_that_panics_costs_nobody_else_a_connection() {
        let readers = Readers::new(1, || Ok(()));
        let panicked = readers.read(|()| -> Result<(), Error> { std::panic::panic_any("on purpose") }).await;
        assert!(matches!(panicked, Err(Error::Stopping)));
        assert!(readers.read(|()| Ok(())).await.is_ok());
    }
}
