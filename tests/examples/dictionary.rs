//! Trains the protocol's dictionary: `cargo run --release -p tests --example dictionary -- FILE`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("name the file to write")?;
    std::fs::write(file, tests::dictionary::train()?)?;
    Ok(())
}
