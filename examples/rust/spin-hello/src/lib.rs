//! Greets as the image of Spin's and KWasm's tutorials does, by the SDK that it was built with.

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_component;

#[http_component]
fn hello(request: Request) -> anyhow::Result<impl IntoResponse> {
    println!("asked for {}", request.path());
    Ok(Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .body("Hello, Fermyon\n")
        .build())
}
