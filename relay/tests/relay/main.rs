//! A relay on a real socket, and devices whose other half is real too.

mod device;
mod exchange;
mod hostile;
mod running;
