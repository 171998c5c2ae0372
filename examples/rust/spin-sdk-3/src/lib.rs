//! Greets by the SDK of 2024, which makes a core module with `wasi:http` of WASI 0.2.

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_component;

#[http_component]
fn hello(request: Request) -> anyhow::Result<impl IntoResponse> {
    println!("asked for {}", request.path());
    Ok(Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .body("Hello from SDK 3\n")
        .build())
}
