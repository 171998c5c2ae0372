/* The functions of wit/world.wit as C calls them: a line for each, as the canonical ABI has their parameters. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define HTTP(name) __attribute__((import_module("wasi:http/types@0.2.6"), import_name(name)))
#define STREAMS(name) __attribute__((import_module("wasi:io/streams@0.2.6"), import_name(name)))

/* option<string> */
struct optional_text {
    uint8_t is_some;
    const char *text;
    size_t length;
};

/* result<own<…>> */
struct handle_result {
    uint8_t is_error;
    int handle;
};

/* result<_, stream-error> */
struct stream_result {
    uint8_t is_error;
    uint8_t error;
    int handle;
};

/* result<_, error-code>: 40 bytes, aligned as the u64 in it */
struct error_result {
    uint64_t words[5];
};

HTTP("[method]incoming-request.path-with-query") void request_path(int request, struct optional_text *path);
HTTP("[constructor]fields") int new_fields(void);
HTTP("[constructor]outgoing-response") int new_response(int fields);
HTTP("[method]outgoing-response.body") void response_body(int response, struct handle_result *body);
/* response-outparam.set: `kind` 0 is a response, 1 an error-code, whose flat form takes the places behind. */
HTTP("[static]response-outparam.set")
void set_response(int out, int kind, int response, int, int64_t, int, int, int, int);
HTTP("[method]outgoing-body.write") void body_write(int body, struct handle_result *stream);
HTTP("[static]outgoing-body.finish")
void finish_body(int body, int has_trailers, int trailers, struct error_result *finished);
STREAMS("[method]output-stream.blocking-write-and-flush")
void write_and_flush(int stream, const char *bytes, size_t length, struct stream_result *written);
STREAMS("[resource-drop]output-stream") void drop_stream(int stream);
