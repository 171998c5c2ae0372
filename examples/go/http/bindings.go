package main

import (
	"structs"
	"unsafe"
)

// The types and functions of wit/world.wit as the canonical ABI has them in a memory of 32 bits.

// option<string>
type optionalText struct {
	_      structs.HostLayout
	isSome bool
	start  uint32
	length uint32
}

func (text *optionalText) String() string {
	if !text.isSome {
		return ""
	}
	return string(blocks[text.start][:text.length])
}

// result<own<…>>
type handleResult struct {
	_       structs.HostLayout
	isError bool
	handle  int32
}

// result<_, stream-error>
type streamResult struct {
	_       structs.HostLayout
	isError bool
	failure uint8
	handle  int32
}

// result<_, error-code>: 40 bytes, aligned as the u64 in it
type errorResult struct {
	_     structs.HostLayout
	words [5]uint64
}

// What the host allocated here, by its address: Go's collector would take it away otherwise.
var blocks = map[uint32][]byte{}

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, alignment, newSize int32) unsafe.Pointer {
	words := make([]uint64, newSize/8+1)
	block := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), newSize)
	if old != nil {
		copy(block, unsafe.Slice((*byte)(old), oldSize))
		delete(blocks, uint32(uintptr(old)))
	}
	blocks[uint32(uintptr(unsafe.Pointer(&words[0])))] = block
	return unsafe.Pointer(&words[0])
}

//go:wasmimport wasi:http/types@0.2.6 [method]incoming-request.path-with-query
func requestPath(request int32, path *optionalText)

//go:wasmimport wasi:http/types@0.2.6 [constructor]fields
func newFields() int32

//go:wasmimport wasi:http/types@0.2.6 [constructor]outgoing-response
func newResponse(fields int32) int32

//go:wasmimport wasi:http/types@0.2.6 [method]outgoing-response.body
func responseBody(response int32, body *handleResult)

// A kind of 0 is a response, 1 an error-code, whose flat form takes the places behind.
//
//go:wasmimport wasi:http/types@0.2.6 [static]response-outparam.set
func setResponse(out, kind, response, a int32, b int64, c, d, e, f int32)

//go:wasmimport wasi:http/types@0.2.6 [method]outgoing-body.write
func bodyWrite(body int32, stream *handleResult)

//go:wasmimport wasi:http/types@0.2.6 [static]outgoing-body.finish
func finishBody(body, hasTrailers, trailers int32, finished *errorResult)

//go:wasmimport wasi:io/streams@0.2.6 [method]output-stream.blocking-write-and-flush
func writeAndFlush(stream int32, bytes unsafe.Pointer, length int32, written *streamResult)

//go:wasmimport wasi:io/streams@0.2.6 [resource-drop]output-stream
func dropStream(stream int32)
