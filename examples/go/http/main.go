// Answers every request with what was asked for.
package main

import "unsafe"

//go:wasmexport wasi:http/incoming-handler@0.2.6#handle
func handle(request, out int32) {
	var path optionalText
	requestPath(request, &path)
	text := "Hello from Go, you asked for " + path.String() + "\n"

	response := newResponse(newFields())
	var body, stream handleResult
	responseBody(response, &body)
	setResponse(out, 0, response, 0, 0, 0, 0, 0, 0)
	bodyWrite(body.handle, &stream)
	var written streamResult
	// The client may be gone; nobody is left to be told then.
	writeAndFlush(stream.handle, unsafe.Pointer(unsafe.StringData(text)), int32(len(text)), &written)
	dropStream(stream.handle)
	var finished errorResult
	finishBody(body.handle, 0, 0, &finished)
}

// An instance is called by its exports; main is never run.
func main() {}
