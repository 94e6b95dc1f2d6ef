//! Serves on `127.0.0.1:3000`, on the port in `PORT`, or on the address that is given: `cargo run -- 127.0.0.1:8080`.

use std::{env, error::Error, net::SocketAddr};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let address: SocketAddr = match (env::args().nth(1), env::var("PORT")) {
        (Some(address), _) => address.parse()?,
        (None, Ok(port)) => SocketAddr::from(([127, 0, 0, 1], port.parse()?)),
        (None, Err(_)) => SocketAddr::from(([127, 0, 0, 1], 3000)),
    };
    let server = {crate}::bind(address).await?;
    println!("http://{}/docs/", server.address());
    let stop = async {
        // Without signals it is served until the process is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    server.run(stop).await;
    Ok(())
}
