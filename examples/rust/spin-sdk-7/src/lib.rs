//! Greets by the SDK of today, which makes a component with `wasi:http` of WASI 0.3.

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_service;

#[http_service]
async fn hello(request: Request) -> anyhow::Result<impl IntoResponse> {
    println!("asked for {}", request.uri().path());
    Ok(Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .body("Hello from SDK 7\n".to_string()))
}
