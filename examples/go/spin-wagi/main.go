// Answers each request of a Spin application as a program of CGI does: a run for each, fields before the body.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintf(os.Stderr, "asked for %s\n", os.Getenv("PATH_INFO"))
	fmt.Print("Content-Type: text/plain\n\nHello from Go\n")
}
