/* Answers every request with what was asked for. */
#include "wasi_http.h"
#include <stdio.h>
#include <stdlib.h>

/* The host's allocations in this memory: an instance answers one request, or few, and its memory goes with it. */
EXPORT("cabi_realloc")
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t new_size) {
    (void)old_size;
    (void)alignment;
    void *block = realloc(old, new_size);
    if (block == NULL && new_size > 0) abort();
    return block;
}

EXPORT("wasi:http/incoming-handler@0.2.6#handle")
void handle(int request, int out) {
    struct optional_text path;
    request_path(request, &path);
    char text[1024];
    int length = snprintf(text, sizeof text, "Hello from C, you asked for %.*s\n", (int)(path.is_some ? path.length : 0),
                          path.is_some ? path.text : "");
    if (length >= (int)sizeof text) length = sizeof text - 1;

    int response = new_response(new_fields());
    struct handle_result body, stream;
    response_body(response, &body);
    set_response(out, 0, response, 0, 0, 0, 0, 0, 0);
    body_write(body.handle, &stream);
    struct stream_result written;
    /* The client may be gone; nobody is left to be told then. */
    write_and_flush(stream.handle, text, length, &written);
    drop_stream(stream.handle);
    struct error_result finished;
    finish_body(body.handle, 0, 0, &finished);
}
