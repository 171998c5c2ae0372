addEventListener("fetch", (event) => {
  console.log(`asked for ${new URL(event.request.url).pathname}`);
  event.respondWith(new Response("Hello from JavaScript\n", { headers: { "content-type": "text/plain" } }));
});
